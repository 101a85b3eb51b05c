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

/// Bytes of a trace a span takes, at the least: the event that ends it mostly begins the next one.
const SPAN_BYTES: u64 = 5;
/// What is left of the surroundings beside a window each time that there is too much in them.
const NARROWER: u64 = 4;
/// Surroundings that reach no farther beside their window than this part of it are of no use.
const BESIDE_LEAST: u64 = 16;

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
    /// There is too much in them: what is nearer to the window stays.
    #[cold]
    fn narrow(&mut self, grid: &Grid) {
        let least = (grid.to_ns - grid.from_ns) / BESIDE_LEAST;
        while self.spans.len() > SPANS_MAX && !self.over_limit {
            let (before, after) = (grid.from_ns.saturating_sub(self.from_ns), self.to_ns.saturating_sub(grid.to_ns));
            self.over_limit = before == 0 && after == 0;
            let narrower = |beside: u64| if beside <= least { 0 } else { beside / NARROWER };
            (self.from_ns, self.to_ns) = (grid.from_ns - narrower(before), grid.to_ns + narrower(after));
            let (from_ns, to_ns) = (self.from_ns, self.to_ns);
            self.spans.retain(|(life, until_ns, _)| *until_ns > from_ns && life.since_ns < to_ns);
            self.busy.retain(|(_, since_ns, until_ns)| *until_ns > from_ns && *since_ns < to_ns);
        }
        if self.over_limit {
            self.spans = Vec::new();
        }
    }

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
        let over_limit = self.spans_about(part, to_ns - from_ns) > 2 * SPANS_MAX as u64;
        let around = Surroundings { from_ns, to_ns, spans: Vec::new(), busy: Vec::new(), over_limit };
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
        let fits = (width as f64 * (SPANS_MAX as f64 / self.spans_about(part, width).max(1) as f64)) as u64;
        (width.saturating_mul(BESIDE)).min(fits.saturating_sub(width) / 2)
    }

    /// How many spans so long a stretch of a part has, if they lie evenly in it.
    fn spans_about(&self, part: Part, ns: u64) -> u64 {
        let part_ns = self.generations[part.last].last_ns.saturating_sub(self.generations[part.first].first_ns);
        (part.bytes as f64 / SPAN_BYTES as f64 * (ns as f64 / part_ns.max(1) as f64)) as u64
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
            if around.spans.len() > SPANS_MAX {
                around.narrow(&self.window.grid);
            }
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
        if lane.cells.is_empty() {
            lane.cells.resize(grid.columns(), [0; STATES]);
        }
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

#[cfg(test)]
mod tests {
    use herd_model::{StackId, TimelineState, TraceTables};

    use super::*;

    /// Surroundings of the window from 1,000,000 to 2,000,000 with spans side by side.
    fn narrowed(from_ns: u64, to_ns: u64) -> Surroundings {
        let spans = SPANS_MAX as u64 + 1;
        let at = |span: u64| from_ns + (to_ns - from_ns) * span / spans;
        let life = |span: u64| Life {
            id: span + 1,
            since_ns: at(span),
            site: SiteId::UNKNOWN,
            reason: TraceTables::NO_NAME,
            stack: StackId(0),
            state: TimelineState::Running,
            seen: true,
            found: false,
        };
        let spans = (0..spans).map(|span| (life(span), at(span + 1), Ending::Itself)).collect();
        let mut around = Surroundings { from_ns, to_ns, spans, busy: vec![(0, from_ns, to_ns)], over_limit: false };
        around.narrow(&Grid { from_ns: 1_000_000, to_ns: 2_000_000, step_ns: 1000 });
        around
    }

    #[test]
    fn what_is_nearer_to_the_window_is_kept() {
        let around = narrowed(0, 6_000_000);
        assert_eq!((around.from_ns, around.to_ns, around.over_limit), (750_000, 3_000_000, false));
        let (first, last) = (around.spans.first().unwrap(), around.spans.last().unwrap());
        assert!(first.0.since_ns <= 750_000 && last.1 >= 3_000_000);
        assert!(around.spans.len() > SPANS_MAX / 3 && around.spans.len() < SPANS_MAX / 2, "{}", around.spans.len());
        assert_eq!(around.busy.len(), 1);
    }

    #[test]
    fn a_window_with_too_much_in_it_is_given_up() {
        let around = narrowed(1_000_001, 1_999_999);
        assert!(around.over_limit && around.spans.is_empty());
    }
}
