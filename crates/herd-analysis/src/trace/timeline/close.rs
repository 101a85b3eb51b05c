//! A narrow window, from its generations read again.

use herd_model::{Timeline, TraceEvent, TraceGeneration, TraceTables, TraceVisitor};

use super::follow::{Ending, Follow, Life, Spans};
use super::pyramid::{Cell, PROCS_MAX, STATES};
use super::rows::Rows;
use super::view::{COLUMNS_MAX, Grid, by_state, wanted};
use super::{LATE_NS, Overview, Part, SiteId, Window, lane_of};

/// How far beside a window its surroundings are kept, in widths of it: what a few moves and zooms ask for next.
const BESIDE: u64 = 4;
/// Spans kept of them, 64 bytes each.
const SPANS_MAX: usize = 1 << 18;

/// Bytes of a trace a span takes, at the least: mostly two events of five bytes begin and end it.
const SPAN_BYTES: u64 = 8;

/// Looks at a part of the trace for one window.
#[derive(Debug)]
pub struct CloseUp<'a> {
    overview: &'a mut Overview,
    window: Window,
    follow: Follow<Keeping>,
    over: bool,
}

/// What was read around a window, for the windows that are asked for next.
#[derive(Clone, Debug)]
pub struct Surroundings {
    from_ns: u64,
    to_ns: u64,
    spans: Vec<(Life, u64, Ending)>,
    busy: Vec<(u32, u64, u64)>,
    /// There were more spans than are kept.
    over_limit: bool,
}

impl Surroundings {
    /// In the order in which they ended.
    pub(super) fn spans(&self) -> impl Iterator<Item = &(Life, u64, Ending)> {
        self.spans.iter()
    }
}

#[derive(Clone, Debug)]
struct Keeping {
    window: InWindow,
    around: Surroundings,
}

/// What lies in the window.
#[derive(Clone, Debug)]
struct InWindow {
    grid: Grid,
    lanes: Vec<Lane>,
    procs: Vec<Vec<u64>>,
    rows: Rows,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    /// Goroutines in a state through the whole window, by state.
    throughout: Cell,
    cells: Vec<Cell>,
}

impl Overview {
    /// To be shown [`Part`] of the trace, as if the trace began there.
    pub fn close_up(&mut self, window: Window, part: Part) -> CloseUp<'_> {
        let in_window = self.in_window(&window);
        let (from_ns, to_ns) = self.around(&window, part);
        let around = Surroundings { from_ns, to_ns, spans: Vec::new(), busy: Vec::new(), over_limit: false };
        let follow = self.lend(part, Keeping { window: in_window, around });
        CloseUp { overview: self, window, follow, over: false }
    }

    /// A window that lies in what was read around another; `None` where it does not.
    pub fn close_again(&self, window: &Window, around: &Surroundings, tables: &TraceTables) -> Option<Timeline> {
        let mut seen = self.in_window(window);
        if around.over_limit || seen.grid.from_ns < around.from_ns || seen.grid.to_ns > around.to_ns {
            return None;
        }
        for (life, to_ns, _) in &around.spans {
            seen.span(life, *to_ns);
        }
        for (proc, from_ns, to_ns) in &around.busy {
            seen.busy(*proc, *from_ns, *to_ns);
        }
        Some(self.shown(window, seen, tables))
    }

    /// From when to when what lies around a window is kept.
    pub(super) fn around(&self, window: &Window, part: Part) -> (u64, u64) {
        let grid = self.grid(window);
        let beside = self.beside(&grid, part);
        let from_ns = grid.from_ns.saturating_sub(beside).max(self.generations[part.first].first_ns).min(grid.from_ns);
        (from_ns, grid.to_ns.saturating_add(beside).min(self.generations[part.last].last_ns).max(grid.to_ns))
    }

    /// How far beside a window its surroundings reach: no farther than what of them is likely to be kept.
    fn beside(&self, grid: &Grid, part: Part) -> u64 {
        let width = grid.to_ns - grid.from_ns;
        let part_ns = self.generations[part.last].last_ns.saturating_sub(self.generations[part.first].first_ns);
        let spans = part.bytes / SPAN_BYTES;
        let fits = if spans == 0 { u64::MAX } else { (part_ns as f64 * (SPANS_MAX as f64 / spans as f64)) as u64 };
        (width.saturating_mul(BESIDE)).min(fits.saturating_sub(width) / 2)
    }

    fn grid(&self, window: &Window) -> Grid {
        let (from_ns, to_ns) = self.clipped(window);
        let step_ns = (to_ns - from_ns).div_ceil(window.columns.clamp(1, COLUMNS_MAX) as u64).max(1);
        Grid { from_ns, to_ns, step_ns }
    }

    fn in_window(&self, window: &Window) -> InWindow {
        let grid = self.grid(window);
        let rows = Rows::new(window.open.clone(), window.goroutines.clone(), (grid.from_ns, grid.to_ns), grid.step_ns);
        InWindow { grid, lanes: Vec::new(), procs: Vec::new(), rows }
    }

    fn shown(&self, window: &Window, seen: InWindow, tables: &TraceTables) -> Timeline {
        let grid = seen.grid;
        let mut view = self.frame(grid, seen.procs, tables);
        view.close = true;
        let mut rows = seen.rows.finish();
        for lane in &mut view.lanes {
            if let Some(seen) = seen.lanes.get(lane.id as usize).filter(|_| wanted(window, lane.id)) {
                lane.cells = by_state(&grid, &seen.columns(&grid));
            }
            if let Some((shown, hidden)) = rows.remove(&lane.id) {
                (lane.rows, lane.rows_hidden) = (shown, hidden);
            }
        }
        view
    }
}

impl CloseUp<'_> {
    /// The answer, and what else was read.
    pub fn finish(mut self, tables: &TraceTables) -> (Timeline, Surroundings) {
        // What is read ends where the last generation does, or beyond the surroundings.
        self.follow.close(self.follow.spans.around.to_ns);
        let Keeping { window: seen, around } = self.overview.take_back(self.follow);
        (self.overview.shown(&self.window, seen, tables), around)
    }
}

impl TraceVisitor for CloseUp<'_> {
    fn generation(&mut self, _tables: &TraceTables, _generation: &TraceGeneration) {}

    #[inline]
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        if !self.over {
            self.follow.event(tables, event);
            self.over = self.follow.is_known() && event.at_ns > self.follow.spans.around.to_ns.saturating_add(LATE_NS);
        }
    }

    fn is_done(&self) -> bool {
        self.over
    }

    fn another_trace(&mut self, _tables: &TraceTables) {
        self.over = true;
    }
}

impl Spans for Keeping {
    fn born(&mut self, _site: SiteId) {}

    // The overview has learned it before.
    fn learned(&mut self, _goroutine: u64, _site: SiteId) {}

    #[inline]
    fn span(&mut self, life: &Life, to_ns: u64, ending: Ending) {
        self.window.span(life, to_ns);
        let around = &mut self.around;
        if to_ns > around.from_ns && life.since_ns < around.to_ns && to_ns > life.since_ns && !around.over_limit {
            around.spans.push((*life, to_ns, ending));
            around.over_limit = around.spans.len() > SPANS_MAX;
        }
    }

    fn busy(&mut self, proc: u32, from_ns: u64, to_ns: u64) {
        self.window.busy(proc, from_ns, to_ns);
        let around = &mut self.around;
        if to_ns > around.from_ns && from_ns < around.to_ns && to_ns > from_ns && around.busy.len() < SPANS_MAX {
            around.busy.push((proc, from_ns, to_ns));
        }
    }
}

impl InWindow {
    #[inline]
    fn span(&mut self, life: &Life, to_ns: u64) {
        let grid = self.grid;
        if to_ns <= grid.from_ns || life.since_ns >= grid.to_ns || to_ns <= life.since_ns {
            return;
        }
        let lane = lane_of(life.site);
        self.rows.span(lane as u32, life.id, life.since_ns, to_ns, life.state);
        if lane >= self.lanes.len() {
            self.lanes.resize(lane + 1, Lane::default());
        }
        let lane = &mut self.lanes[lane];
        if life.since_ns <= grid.from_ns && to_ns >= grid.to_ns {
            lane.throughout[life.state as usize] += 1;
            return;
        }
        lane.cells.resize(grid.columns(), [0; STATES]);
        spread(&grid, life.since_ns, to_ns, |at, ns| lane.cells[at][life.state as usize] += ns);
    }

    fn busy(&mut self, proc: u32, from_ns: u64, to_ns: u64) {
        let (grid, proc) = (self.grid, (proc as usize).min(PROCS_MAX));
        if to_ns <= grid.from_ns || from_ns >= grid.to_ns || to_ns <= from_ns {
            return;
        }
        if proc >= self.procs.len() {
            self.procs.resize(proc + 1, vec![0; grid.columns()]);
        }
        spread(&grid, from_ns, to_ns, |at, ns| self.procs[proc][at] += ns);
    }
}

impl Lane {
    /// Time by state and column.
    fn columns(&self, grid: &Grid) -> Vec<Cell> {
        let mut cells = self.cells.clone();
        cells.resize(grid.columns(), [0; STATES]);
        for (at, cell) in (0u64..).zip(&mut cells) {
            let width_ns = grid.step_ns.min(grid.to_ns - grid.from_ns - at * grid.step_ns);
            for (ns, goroutines) in cell.iter_mut().zip(self.throughout) {
                *ns += goroutines * width_ns;
            }
        }
        cells
    }
}

/// Hands over the part of a stretch that lies in each column of the window.
#[inline]
fn spread(grid: &Grid, from_ns: u64, to_ns: u64, mut add: impl FnMut(usize, u64)) {
    let (mut from, to) = (from_ns.max(grid.from_ns) - grid.from_ns, to_ns.min(grid.to_ns) - grid.from_ns);
    while from < to {
        let at = from / grid.step_ns;
        let until = ((at + 1) * grid.step_ns).min(to);
        add(at as usize, until - from);
        from = until;
    }
}
