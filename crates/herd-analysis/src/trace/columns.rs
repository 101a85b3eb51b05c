//! What goes on over time, in a bounded number of columns whose width doubles as the trace grows.

use herd_model::TraceOverTime;

use super::spread::seconds;

/// Columns kept; a report has half to all of them.
const COLUMNS: usize = 1024;
/// Width of a column at first, as a power of two of nanoseconds: about a millisecond.
const WIDTH_BITS: u32 = 20;

/// What happens in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// A goroutine runs.
    Running,
    /// A goroutine is ready.
    Runnable,
    /// Marking is under way.
    Marking,
}

#[derive(Clone, Copy, Debug, Default)]
struct Column {
    stretches_ns: [u64; 3],
    created: u64,
    ended: u64,
    heap_bytes: u64,
}

/// The columns so far.
#[derive(Clone, Debug)]
pub struct Columns {
    start_ns: u64,
    width_bits: u32,
    kept: Vec<Column>,
}

impl Columns {
    /// From a moment on.
    pub fn new(start_ns: u64) -> Self {
        Columns { start_ns, width_bits: WIDTH_BITS, kept: Vec::new() }
    }

    #[inline]
    fn column(&mut self, at_ns: u64) -> &mut Column {
        let since = at_ns.saturating_sub(self.start_ns);
        while since >> self.width_bits >= COLUMNS as u64 {
            self.halve();
        }
        let at = (since >> self.width_bits) as usize;
        if at >= self.kept.len() {
            self.kept.resize(at + 1, Column::default());
        }
        &mut self.kept[at]
    }

    fn halve(&mut self) {
        let merged = self.kept.chunks(2).map(|pair| {
            pair.iter().fold(Column::default(), |mut sum, column| {
                for (into, from) in sum.stretches_ns.iter_mut().zip(column.stretches_ns) {
                    *into = into.saturating_add(from);
                }
                sum.created += column.created;
                sum.ended += column.ended;
                sum.heap_bytes = sum.heap_bytes.max(column.heap_bytes);
                sum
            })
        });
        self.kept = merged.collect();
        self.width_bits += 1;
    }

    /// Something went on from one moment to another.
    #[inline]
    pub fn stretch(&mut self, what: Stretch, from_ns: u64, to_ns: u64) {
        if to_ns <= from_ns {
            return;
        }
        // Nearly all lie in one column.
        let (first, last) =
            (from_ns.saturating_sub(self.start_ns) >> self.width_bits, (to_ns - self.start_ns.min(to_ns)) >> self.width_bits);
        if first == last
            && let Some(column) = self.kept.get_mut(first as usize)
        {
            let total = &mut column.stretches_ns[what as usize];
            *total = total.saturating_add(to_ns.saturating_sub(from_ns.max(self.start_ns)));
            return;
        }
        self.long_stretch(what, from_ns, to_ns);
    }

    fn long_stretch(&mut self, what: Stretch, from_ns: u64, to_ns: u64) {
        // Makes room first, so that the width holds for the whole stretch.
        self.column(to_ns);
        let mut from = from_ns.max(self.start_ns);
        while from < to_ns {
            let end = ((((from - self.start_ns) >> self.width_bits) + 1) << self.width_bits) + self.start_ns;
            let until = end.min(to_ns);
            let total = &mut self.column(from).stretches_ns[what as usize];
            *total = total.saturating_add(until - from);
            from = until;
        }
    }

    /// A goroutine was created.
    pub fn created(&mut self, at_ns: u64) {
        self.column(at_ns).created += 1;
    }

    /// A goroutine ended.
    pub fn ended(&mut self, at_ns: u64) {
        self.column(at_ns).ended += 1;
    }

    /// So many bytes of heap.
    pub fn heap(&mut self, at_ns: u64, bytes: u64) {
        let column = self.column(at_ns);
        column.heap_bytes = column.heap_bytes.max(bytes);
    }

    /// For a report, up to the end of the trace.
    pub fn report(&self, end_ns: u64) -> TraceOverTime {
        let width = (1u64 << self.width_bits) as f64;
        let last_width = |at: usize| {
            let start = self.start_ns + ((at as u64) << self.width_bits);
            width.min(end_ns.saturating_sub(start).max(1) as f64)
        };
        let mean = |what: Stretch| {
            let share = |(at, column): (usize, &Column)| column.stretches_ns[what as usize] as f64 / last_width(at);
            self.kept.iter().enumerate().map(share).map(|share| (share * 1e4).round() / 1e4).collect()
        };
        TraceOverTime {
            step_s: seconds(1 << self.width_bits),
            running: mean(Stretch::Running),
            runnable: mean(Stretch::Runnable),
            marking: mean(Stretch::Marking),
            created: self.kept.iter().map(|column| column.created).collect(),
            ended: self.kept.iter().map(|column| column.ended).collect(),
            heap_bytes: self.kept.iter().map(|column| column.heap_bytes).collect(),
        }
    }
}
