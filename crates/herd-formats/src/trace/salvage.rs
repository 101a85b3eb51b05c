//! What of a damaged trace could not be read, and where.

/// Losses kept one by one; the rest is counted.
const LOSSES_MAX: usize = 100;

/// What was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Bytes where no batch begins.
    Bytes,
    /// The input ends inside a batch; what is there was read.
    Cut,
    /// The input ends before the end of its last generation, between two batches.
    Unfinished,
    /// A generation before the last has no end.
    EndOfGeneration,
    /// An event that cannot be read, and the rest of its batch.
    Events,
    /// A table that cannot be read, and the rest of its batch.
    Table,
    /// A table stands under the head of a thread's events: what lay between the two is missing.
    Between,
    /// Events tell of stacks that no table has.
    Stacks,
    /// Stacks tell of functions or files that no table has.
    Texts,
    /// Generations between two that are there, by their numbers.
    Generations,
    /// Another trace begins in the same file.
    AnotherTrace,
}

/// A loss and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What.
    pub lost: Lost,
    /// Byte offset in the input.
    pub offset: u64,
    /// Bytes lost.
    pub bytes: u64,
    /// Number of the generation; 0 before the first.
    pub generation: u64,
}

/// All losses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// The first ones.
    pub kept: Vec<Loss>,
    /// How many more there are.
    pub more: u64,
    /// Bytes lost in all.
    pub bytes: u64,
    /// Events that could not follow those before them and were taken all the same, in the order of their times.
    pub out_of_order: u64,
    /// Where the first of them stands: its generation.
    pub out_of_order_in: u64,
    /// Bytes of experiments, which are passed over.
    pub experimental_bytes: u64,
}

impl Losses {
    /// Adds one.
    pub fn add(&mut self, lost: Lost, offset: u64, bytes: u64, generation: u64) {
        self.bytes += bytes;
        if self.kept.len() < LOSSES_MAX {
            self.kept.push(Loss { lost, offset, bytes, generation });
        } else {
            self.more += 1;
        }
    }

    /// Whether all of the input was read and made sense.
    pub fn is_whole(&self) -> bool {
        self.kept.is_empty() && self.out_of_order == 0
    }
}
