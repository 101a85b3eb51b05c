//! The spans of single goroutines, those narrower than a column merged with their neighbours.

use std::collections::BTreeMap;

use herd_model::{TimelineRow, TimelineState};
use rustc_hash::{FxHashMap, FxHashSet};

use super::pyramid::{Cell, STATES};

/// Rows of one lane in an answer.
const ROWS_MAX: usize = 40;
/// Spans of an answer.
const SPANS_MAX: usize = 6000;

/// A span, or several narrow ones.
#[derive(Clone, Copy, Debug)]
struct Block {
    from_ns: u64,
    to_ns: u64,
    state: usize,
    merged: u32,
}

/// One goroutine's, on its way.
#[derive(Clone, Debug)]
struct Row {
    lane: u32,
    blocks: Vec<Block>,
    narrow: Option<(Block, Cell)>,
}

/// Rows of the lanes that are open.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    open: Vec<u32>,
    wanted: Vec<u64>,
    from_ns: u64,
    to_ns: u64,
    grain_ns: u64,
    shown: FxHashMap<u64, Row>,
    by_lane: FxHashMap<u32, usize>,
    idle: BTreeMap<u32, Vec<(u64, usize)>>,
    hidden: BTreeMap<u32, FxHashSet<u64>>,
}

impl Rows {
    /// For lanes that are open, and goroutines of them that must be there, in a window whose columns are so wide.
    pub fn new(open: Vec<u32>, wanted: Vec<u64>, (from_ns, to_ns): (u64, u64), grain_ns: u64) -> Self {
        Rows { open, wanted, from_ns, to_ns, grain_ns, ..Rows::default() }
    }

    /// A goroutine's next span, which lies in the window at least in part. Those who do something in it come before those who only wait
    /// through it.
    pub fn span(&mut self, lane: u32, goroutine: u64, from_ns: u64, to_ns: u64, state: TimelineState) {
        if !self.open.contains(&lane) {
            return;
        }
        let block = Block { from_ns: from_ns.max(self.from_ns), to_ns: to_ns.min(self.to_ns), state: state as usize, merged: 1 };
        if !self.shown.contains_key(&goroutine) && !self.admit(lane, goroutine, from_ns, to_ns, state) {
            return;
        }
        let row = self.shown.entry(goroutine).or_insert_with(|| Row { lane, blocks: Vec::new(), narrow: None });
        row.push(block, self.grain_ns);
    }

    fn admit(&mut self, lane: u32, goroutine: u64, from_ns: u64, to_ns: u64, state: TimelineState) -> bool {
        let rows = self.by_lane.entry(lane).or_default();
        if self.wanted.contains(&goroutine) {
            *rows += 1;
            return true;
        }
        if from_ns <= self.from_ns && to_ns >= self.to_ns {
            let idle = self.idle.entry(lane).or_default();
            if idle.len() < ROWS_MAX {
                idle.push((goroutine, state as usize));
            } else {
                self.hidden.entry(lane).or_default().insert(goroutine);
            }
            return false;
        }
        if *rows < ROWS_MAX {
            *rows += 1;
            return true;
        }
        self.hidden.entry(lane).or_default().insert(goroutine);
        false
    }

    /// The rows of every open lane by id, and how many goroutines have none.
    pub fn finish(mut self) -> FxHashMap<u32, (Vec<TimelineRow>, u64)> {
        for (lane, idle) in &self.idle {
            let rows = self.by_lane.get(lane).copied().unwrap_or(0);
            for (at, (goroutine, state)) in idle.iter().enumerate() {
                if rows + at < ROWS_MAX {
                    let block = Block { from_ns: self.from_ns, to_ns: self.to_ns, state: *state, merged: 1 };
                    self.shown.insert(*goroutine, Row { lane: *lane, blocks: vec![block], narrow: None });
                } else {
                    self.hidden.entry(*lane).or_default().insert(*goroutine);
                }
            }
        }
        let mut rows: Vec<(u64, Row)> = self.shown.into_iter().collect();
        rows.sort_unstable_by_key(|(goroutine, _)| *goroutine);
        for (_, row) in &mut rows {
            row.flush();
        }
        let mut grain_ns = self.grain_ns;
        while rows.iter().map(|(_, row)| row.blocks.len()).sum::<usize>() > SPANS_MAX {
            grain_ns *= 2;
            for (_, row) in &mut rows {
                row.coarsen(grain_ns);
            }
        }
        let mut by_lane: FxHashMap<u32, (Vec<TimelineRow>, u64)> = FxHashMap::default();
        for (lane, hidden) in &self.hidden {
            by_lane.entry(*lane).or_default().1 = hidden.len() as u64;
        }
        for (goroutine, row) in rows {
            by_lane.entry(row.lane).or_default().0.push(row.told(goroutine, self.from_ns));
        }
        by_lane
    }
}

impl Row {
    fn push(&mut self, block: Block, grain_ns: u64) {
        let ns = block.to_ns.saturating_sub(block.from_ns);
        if ns >= grain_ns {
            self.flush();
            self.blocks.push(block);
            return;
        }
        let (together, states) = self.narrow.get_or_insert((Block { merged: 0, ..block }, [0; STATES]));
        together.to_ns = block.to_ns;
        together.merged += block.merged;
        states[block.state] += ns;
        if together.to_ns.saturating_sub(together.from_ns) >= grain_ns {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Some((mut block, states)) = self.narrow.take() else { return };
        let most = (0..STATES).max_by_key(|state| (states[*state], std::cmp::Reverse(*state)));
        block.state = most.unwrap_or(block.state);
        self.blocks.push(block);
    }

    fn coarsen(&mut self, grain_ns: u64) {
        for block in std::mem::take(&mut self.blocks) {
            self.push(block, grain_ns);
        }
        self.flush();
    }

    fn told(&self, goroutine: u64, from_ns: u64) -> TimelineRow {
        let blocks = || self.blocks.iter();
        TimelineRow {
            goroutine,
            from_ns: blocks().map(|block| block.from_ns.saturating_sub(from_ns)).collect(),
            ns: blocks().map(|block| block.to_ns.saturating_sub(block.from_ns)).collect(),
            state: blocks().map(|block| block.state as u8).collect(),
            merged: blocks().map(|block| block.merged).collect(),
        }
    }
}
