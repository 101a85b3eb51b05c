//! Sums of time by lane, state and column, in a bounded number of columns whose width doubles as the trace grows.

use herd_model::TimelineState;

/// Columns kept; a finished trace has half to all of them.
pub const COLUMNS: usize = 8192;
/// Cells kept: where many lanes are, fewer columns.
pub const CELLS: usize = 1 << 20;
/// Width of a column at first, as a power of two of nanoseconds: 16 µs.
const WIDTH_BITS: u32 = 14;
/// States.
pub const STATES: usize = TimelineState::ALL.len();
/// Ps with a lane of their own; those beyond share one.
pub const PROCS_MAX: usize = 256;

/// Time by state.
pub type Cell = [u64; STATES];

/// The columns so far. At most [`COLUMNS`] cells a lane and [`CELLS`] in all, which lanes have as far as time has come in them.
#[derive(Clone, Debug)]
pub struct Pyramid {
    /// Where the first column begins.
    pub start_ns: u64,
    /// Width of a column, as a power of two of nanoseconds.
    pub width_bits: u32,
    /// Time by state, by lane.
    pub lanes: Vec<Vec<Cell>>,
    /// Time with a thread, by P.
    pub procs: Vec<Vec<u64>>,
}

impl Pyramid {
    /// From a moment on.
    pub fn new(start_ns: u64) -> Self {
        Pyramid { start_ns, width_bits: WIDTH_BITS, lanes: Vec::new(), procs: Vec::new() }
    }

    /// A goroutine of a lane did something.
    #[inline]
    pub fn did(&mut self, lane: usize, state: TimelineState, from_ns: u64, to_ns: u64) {
        if to_ns <= from_ns {
            return;
        }
        if lane >= self.lanes.len() {
            self.lanes.resize(lane + 1, Vec::new());
        }
        self.make_room(to_ns);
        let (start_ns, bits) = (self.start_ns, self.width_bits);
        let columns = &mut self.lanes[lane];
        spread(start_ns, bits, from_ns, to_ns, |at, ns| {
            if at >= columns.len() {
                columns.resize(at + 1, [0; STATES]);
            }
            columns[at][state as usize] += ns;
        });
    }

    /// A P had a thread.
    pub fn busy(&mut self, proc: u32, from_ns: u64, to_ns: u64) {
        if to_ns <= from_ns {
            return;
        }
        self.make_room(to_ns);
        let proc = (proc as usize).min(PROCS_MAX);
        if proc >= self.procs.len() {
            self.procs.resize(proc + 1, Vec::new());
        }
        let (start_ns, bits) = (self.start_ns, self.width_bits);
        let columns = &mut self.procs[proc];
        spread(start_ns, bits, from_ns, to_ns, |at, ns| {
            if at >= columns.len() {
                columns.resize(at + 1, 0);
            }
            columns[at] += ns;
        });
    }

    #[inline]
    fn make_room(&mut self, to_ns: u64) {
        let most = COLUMNS.min(CELLS / self.lanes.len().max(1)) as u64;
        while to_ns.saturating_sub(self.start_ns) >> self.width_bits >= most {
            for lane in &mut self.lanes {
                *lane = lane.chunks(2).map(|pair| pair.iter().fold([0; STATES], sum)).collect();
            }
            for proc in &mut self.procs {
                *proc = proc.chunks(2).map(|pair| pair.iter().sum()).collect();
            }
            self.width_bits += 1;
        }
    }
}

/// Two cells together.
pub fn sum(mut into: Cell, cell: &Cell) -> Cell {
    for (into, ns) in into.iter_mut().zip(cell) {
        *into += ns;
    }
    into
}

/// Hands over the part of a stretch that lies in each column; what lies before the first belongs to none.
#[inline]
fn spread(start_ns: u64, bits: u32, from_ns: u64, to_ns: u64, mut add: impl FnMut(usize, u64)) {
    let mut from = from_ns.max(start_ns);
    while from < to_ns {
        let at = (from - start_ns) >> bits;
        let until = (((at + 1) << bits) + start_ns).min(to_ns);
        add(at as usize, until - from);
        from = until;
    }
}
