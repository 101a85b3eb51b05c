//! A window of a trace as an answer: lanes in order, columns as thousandths, collections and stops pruned to the columns.

use herd_model::{Timeline, TimelineLane, TimelineProc, TimelineState, TimelineStop, TraceTables};

use super::pyramid::{Cell, PROCS_MAX, STATES, sum};
use super::{CLOSE_BYTES, LANES_MAX, Overview, Window};
use crate::trace::places;
use crate::trace::spread::seconds;

/// How much wider than asked for columns may be, before events are read for finer ones.
const COARSER: u64 = 2;
/// Columns and stops an answer has at most.
pub const COLUMNS_MAX: usize = 2048;

/// Columns of one width, the last cut at the end of the window.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub struct Grid {
    /// Where the first begins.
    pub from_ns: u64,
    /// Where the last ends.
    pub to_ns: u64,
    /// Width.
    pub step_ns: u64,
}

impl Grid {
    /// How many there are.
    pub fn columns(&self) -> usize {
        (self.to_ns - self.from_ns).div_ceil(self.step_ns) as usize
    }

    fn width_ns(&self, at: usize) -> u64 {
        self.step_ns.min(self.to_ns - self.from_ns - self.step_ns * at as u64)
    }

    /// Thousandths of each column that times take.
    pub fn thousandths(&self, ns: impl Iterator<Item = u64>) -> Vec<u64> {
        let share = |(at, ns): (usize, u64)| {
            let width = u128::from(self.width_ns(at).max(1));
            ((u128::from(ns) * 1000 + width / 2) / width) as u64
        };
        ns.take(self.columns()).enumerate().map(share).collect()
    }
}

impl Overview {
    /// A window from the sums alone: columns are at least as wide as those kept. O(columns · lanes).
    pub fn view(&self, window: &Window, tables: &TraceTables) -> Timeline {
        let pyramid = &self.follow.spans.pyramid;
        let bits = pyramid.width_bits;
        let (from_ns, to_ns) = self.clipped(window);
        let first = ((from_ns - self.start()) >> bits) as usize;
        let after = ((to_ns - self.start()).div_ceil(1 << bits) as usize).max(first + 1);
        let together = (after - first).div_ceil(window.columns.clamp(1, COLUMNS_MAX));
        let grid = Grid {
            from_ns: self.start() + ((first as u64) << bits),
            to_ns: (self.start() + ((after as u64) << bits)).min(self.end_ns),
            step_ns: (together as u64) << bits,
        };
        let cells = |lane: usize| -> Vec<Cell> {
            let kept = pyramid.lanes.get(lane).map(|cells| &cells[first.min(cells.len())..after.min(cells.len())]);
            kept.unwrap_or_default().chunks(together).map(|cells| cells.iter().fold([0; STATES], sum)).collect()
        };
        let busy = pyramid.procs.iter().map(|proc| {
            let kept = &proc[first.min(proc.len())..after.min(proc.len())];
            kept.chunks(together).map(|columns| columns.iter().sum()).collect()
        });
        let mut view = self.frame(grid, busy.collect(), tables);
        for lane in &mut view.lanes {
            if wanted(window, lane.id) {
                lane.cells = by_state(&grid, &cells(lane.id as usize));
            }
        }
        view
    }

    /// A window narrow enough to be read closely that need not be: no goroutine of it is wanted, and the columns kept are about as many as
    /// asked for.
    pub fn view_for_close(&self, window: &Window, tables: &TraceTables) -> Option<Timeline> {
        let (from_ns, to_ns) = self.clipped(window);
        let kept = (to_ns - from_ns) >> self.follow.spans.pyramid.width_bits;
        let fine = kept.saturating_mul(COARSER) >= window.columns.min(COLUMNS_MAX) as u64;
        let nobody = window.open.is_empty() && window.goroutines.is_empty();
        (fine && nobody).then(|| Timeline { close: true, ..self.view(window, tables) })
    }

    /// The window in the trace's own times, never empty.
    pub(super) fn clipped(&self, window: &Window) -> (u64, u64) {
        let from_ns = (self.start() + window.from_ns.min(self.span_ns())).min(self.end_ns.saturating_sub(1)).max(self.start());
        let to_ns = (self.start() + window.to_ns.min(self.span_ns())).clamp(from_ns + 1, self.end_ns.max(from_ns + 1));
        (from_ns, to_ns)
    }

    /// An answer with everything but cells and rows.
    pub(super) fn frame(&self, grid: Grid, busy: Vec<Vec<u64>>, tables: &TraceTables) -> Timeline {
        let since = |at_ns: u64| seconds(at_ns.saturating_sub(self.start()));
        let procs = busy.into_iter().enumerate().filter(|(_, columns)| columns.iter().any(|ns| *ns > 0));
        Timeline {
            span_s: seconds(self.span_ns()),
            from_s: since(grid.from_ns),
            to_s: since(grid.to_ns),
            step_s: seconds(grid.step_ns),
            close: false,
            close_s: self.close_s(),
            states: TimelineState::ALL.to_vec(),
            lanes: self.lanes(tables),
            procs: procs
                .map(|(proc, columns)| TimelineProc {
                    proc: (proc < PROCS_MAX).then_some(proc as u32),
                    busy: grid.thousandths(columns.into_iter()),
                })
                .collect(),
            marking: self.marking_in(&grid),
            stops: self.stops_in(&grid, tables),
            moment: None,
        }
    }

    /// About how wide a window may be to be read closely.
    fn close_s(&self) -> f64 {
        let share = (CLOSE_BYTES as f64 / 2.0 / self.bytes.max(1) as f64).min(1.0);
        let any = seconds(self.span_ns()) * if self.bytes <= CLOSE_BYTES { 1.0 } else { share };
        any.max(seconds(self.narrow_ns()))
    }

    /// All lanes, those with most time on and before Ps first, the runtime's own last.
    fn lanes(&self, tables: &TraceTables) -> Vec<TimelineLane> {
        let sums = &self.follow.spans;
        let mut order: Vec<usize> = (0..sums.goroutines.len()).filter(|lane| sums.goroutines[*lane] > 0).collect();
        let total = |lane: usize| sums.totals_ns.get(lane).copied().unwrap_or_default();
        order.sort_by_key(|lane| {
            let ns = total(*lane);
            let active: u64 = ns[..3].iter().sum();
            (self.is_system(*lane), std::cmp::Reverse((active, ns.iter().sum::<u64>())), *lane)
        });
        let row = |lane: usize| {
            let site = (lane < LANES_MAX).then(|| &self.follow.sites.all[lane]);
            let place = |frame| places::place(frame, tables);
            TimelineLane {
                id: lane as u32,
                entry: site.and_then(|site| site.entry).map(place),
                created_by: site.and_then(|site| site.created_by).map(place),
                groups: if lane < LANES_MAX { 1 } else { (self.follow.sites.all.len() - LANES_MAX) as u64 },
                system: self.is_system(lane),
                goroutines: sums.goroutines[lane],
                total_s: total(lane).map(seconds).to_vec(),
                cells: Vec::new(),
                rows: Vec::new(),
                rows_hidden: 0,
            }
        };
        order.into_iter().map(row).collect()
    }

    fn is_system(&self, lane: usize) -> bool {
        lane < LANES_MAX && self.follow.sites.all[lane].system
    }

    fn marking_in(&self, grid: &Grid) -> Vec<[f64; 2]> {
        let since = |at_ns: u64| seconds(at_ns.saturating_sub(self.start()));
        let mut shown: Vec<(u64, u64)> = Vec::new();
        for (from_ns, to_ns) in self.marking.iter().filter(|(from, to)| *from < grid.to_ns && grid.from_ns < *to) {
            match shown.last_mut() {
                // Told together when the gap is narrower than a column.
                Some(last) if from_ns.saturating_sub(last.1) < grid.step_ns => last.1 = last.1.max(*to_ns),
                _ => shown.push((*from_ns, *to_ns)),
            }
        }
        shown.into_iter().map(|(from, to)| [since(from), since(to)]).collect()
    }

    fn stops_in(&self, grid: &Grid, tables: &TraceTables) -> Vec<TimelineStop> {
        let mut shown: Vec<(u64, TimelineStop, u64)> = Vec::new();
        for stop in self.stops.iter().filter(|stop| stop.from_ns < grid.to_ns && grid.from_ns < stop.to_ns) {
            let column = stop.from_ns.saturating_sub(grid.from_ns) / grid.step_ns;
            let pause_ns = stop.to_ns.saturating_sub(stop.from_ns);
            let kind = tables.names.text(stop.kind);
            match shown.last_mut() {
                Some((at, last, longest)) if *at == column => {
                    last.pause_s += seconds(pause_ns);
                    last.count += 1;
                    if pause_ns > *longest {
                        *longest = pause_ns;
                        kind.clone_into(&mut last.kind);
                    }
                }
                _ => {
                    let at_s = seconds(stop.from_ns.saturating_sub(self.start()));
                    let stop = TimelineStop { at_s, pause_s: seconds(pause_ns), kind: kind.to_owned(), count: 1 };
                    shown.push((column, stop, pause_ns));
                }
            }
        }
        shown.into_iter().map(|(_, stop, _)| stop).collect()
    }
}

/// Whether the columns of a lane are wanted.
pub fn wanted(window: &Window, lane: u32) -> bool {
    window.lanes.as_ref().is_none_or(|lanes| lanes.contains(&lane)) || window.open.contains(&lane)
}

/// Columns by state; none for a state without time.
pub fn by_state(grid: &Grid, cells: &[Cell]) -> Vec<Vec<u64>> {
    let column = |state: usize| {
        let any = cells.iter().any(|cell| cell[state] > 0);
        if any { grid.thousandths(cells.iter().map(|cell| cell[state])) } else { Vec::new() }
    };
    (0..STATES).map(column).collect()
}
