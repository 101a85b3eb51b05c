//! What changes over several snapshots of one process.

use herd_model::{FrameId, GoroutineId, SeriesFamily, SeriesReport, Snapshot, StateClass};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::census::{Census, Family, Group, census, hex};
use crate::facts::{FamilyFacts, family_facts};
use crate::names;

/// Seconds over which a stack must rise without pause before growth counts as sustained. Measured on eight healthy servers: at 60 s
/// none rises through, at 30 s connection ramps do.
pub const SUSTAINED_S: f64 = 60.0;
/// Steps in that time.
pub const SUSTAINED_STEPS: usize = 5;
/// Goroutines it must rise by.
pub const SUSTAINED_RISE: u64 = 20;
/// Snapshots closer together than this are read as one step.
pub const STEP_S: f64 = 10.0;
/// Seconds over which a slow rise (never falling, not rising at every step) counts as sustained, if every goroutine stays.
pub const SLOW_S: f64 = 120.0;
/// Rises that make a leak in bursts: bursts this many and nobody who ever leaves.
pub const BURSTS: usize = 3;
/// The same for senders, who in a healthy program are taken from before the next burst comes.
pub const BURSTS_OF_SENDERS: usize = 2;
/// A dump takes time and schedules slip; spans are compared with this allowance.
const SLACK: f64 = 0.95;
/// S3: windows looked at.
pub const WINDOWS: usize = 10;

/// One snapshot of a series, measured.
#[derive(Clone, Debug)]
pub struct Point {
    /// Seconds since the first point; absent when the input gives no time.
    pub at_s: Option<f64>,
    /// What was seen.
    pub snapshot: Snapshot,
    /// By group and family.
    pub census: Census,
    /// Facts a family, in the census's order.
    pub facts: Vec<FamilyFacts>,
    /// Families (indices) that each starter goroutine has goroutines in.
    pub started: FxHashMap<GoroutineId, Vec<usize>>,
    /// Families (indices, rising) on whose stacks a method of each type outside the standard library stands. Types are as
    /// [`names::receiver`] has them.
    pub methods: FxHashMap<Box<str>, Vec<usize>>,
}

impl Point {
    /// Measures a snapshot.
    pub fn new(at_s: Option<f64>, snapshot: Snapshot) -> Self {
        let census = census(&snapshot);
        let facts = family_facts(&snapshot, &census);
        let mut started: FxHashMap<GoroutineId, Vec<usize>> = FxHashMap::default();
        for (family, facts) in facts.iter().enumerate() {
            for parent in &facts.parents {
                started.entry(*parent).or_default().push(family);
            }
        }
        let methods = methods(&snapshot, &census);
        Point { at_s, snapshot, census, facts, started, methods }
    }
}

/// Cost: linear in the frames of all groups.
fn methods(snapshot: &Snapshot, census: &Census) -> FxHashMap<Box<str>, Vec<usize>> {
    let mut methods: FxHashMap<Box<str>, Vec<usize>> = FxHashMap::default();
    let mut types: FxHashMap<FrameId, Option<&str>> = FxHashMap::default();
    let of = |frame: FrameId| {
        let func = snapshot.func(frame);
        names::receiver(func).filter(|_| !names::is_std(func, snapshot.file(frame)))
    };
    for (family, groups) in census.families.iter().map(|family| &family.groups).enumerate() {
        for frame in groups.iter().flat_map(|at| &census.groups[*at].frames) {
            let Some(name) = *types.entry(*frame).or_insert_with(|| of(*frame)) else { continue };
            match methods.get_mut(name) {
                Some(families) if families.last() == Some(&family) => {}
                Some(families) => families.push(family),
                None => drop(methods.insert(name.into(), vec![family])),
            }
        }
    }
    methods
}

/// How one family's count moves over the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// Goroutines at each point.
    pub counts: Vec<u64>,
    /// Seconds from first to last point; absent when times are unknown.
    pub span_s: Option<f64>,
    /// Last minus first count.
    pub rise: i64,
    /// Least-squares slope in goroutines per second; absent without times.
    pub rate_per_s: Option<f64>,
    /// Points of the last [`WINDOWS`] that contain the family, and how many points that is of.
    pub presence: (usize, usize),
    /// Steps of the last [`WINDOWS`] that rise, and how many steps that is of.
    pub rising: (usize, usize),
    /// Goroutines at the start of the window that are still alive at its end, and how many there were; absent without ids.
    pub stayed: Option<(u64, u64)>,
    /// Rises by [`SUSTAINED_RISE`] or more: strictly over the last [`SUSTAINED_S`] seconds, slowly over [`SLOW_S`], or in bursts
    /// whose goroutines all stay where they are.
    pub sustained: Option<Sustained>,
    /// Inbound connections over the same time move as the family does.
    pub follows_connections: bool,
}

/// The stretch over which a family rose without pause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sustained {
    /// Its length in seconds.
    pub span_s: f64,
    /// Steps in it.
    pub steps: usize,
    /// Goroutines gained in it.
    pub rise: u64,
    /// Goroutines gained a second in it.
    pub rate_per_s: f64,
    /// Rose at every step; else it only never fell.
    pub every_step: bool,
    /// Index of the point it starts at.
    pub from: usize,
}

/// Snapshots of one process in time order.
#[derive(Clone, Debug)]
pub struct Series {
    /// The points; never empty.
    pub points: Vec<Point>,
    counts: FxHashMap<u64, Vec<u64>>,
    /// Index of each family in each point.
    families: Vec<FxHashMap<u64, usize>>,
    connections: Vec<u64>,
    /// Families whose goroutines are counted as connections.
    pub(crate) inbound: FxHashSet<u64>,
    /// Ids alive at the last point.
    alive: FxHashSet<u64>,
}

impl Series {
    /// A series of one or more points in time order.
    pub fn new(points: Vec<Point>) -> Option<Self> {
        if points.is_empty() {
            return None;
        }
        let mut counts: FxHashMap<u64, Vec<u64>> = FxHashMap::default();
        for (at, point) in points.iter().enumerate() {
            for family in &point.census.families {
                counts.entry(family.id).or_insert_with(|| vec![0; points.len()])[at] = family.count;
            }
        }
        let mut connections = vec![0; points.len()];
        let mut inbound = FxHashSet::default();
        for (at, point) in points.iter().enumerate() {
            for family in inbound_families(point) {
                connections[at] += family.count;
                inbound.insert(family.id);
            }
        }
        let index = |point: &Point| point.census.families.iter().enumerate().map(|(at, family)| (family.id, at)).collect();
        let families = points.iter().map(index).collect();
        // One snapshot alone has nobody to compare with, and may hold millions.
        let last = points.last().filter(|_| points.len() > 1);
        let alive = last.map(|point| point.snapshot.goroutines().map(|(_, goroutine)| goroutine.id).collect());
        Some(Series { points, counts, families, connections, inbound, alive: alive.unwrap_or_default() })
    }

    /// The latest point.
    ///
    /// # Panics
    /// Never: [`Series::new`] refuses an empty list.
    pub fn last(&self) -> &Point {
        self.points.last().expect("a series has a point")
    }

    /// Seconds from the first point to the last, where times are known.
    pub fn span_s(&self) -> Option<f64> {
        Some(self.last().at_s? - self.points.first()?.at_s?)
    }

    /// Whether the series is long and dense enough to say that nothing grows.
    pub fn can_judge_growth(&self) -> bool {
        let steps = self.steps();
        steps.len() > SUSTAINED_STEPS && self.span_s().is_some_and(|span| span >= SUSTAINED_S * SLACK)
    }

    /// How the family moves. Cost: linear in points, plus the goroutine log of two points for [`Growth::stayed`], of all where it may
    /// rise in bursts.
    pub fn growth(&self, family: u64) -> Growth {
        let counts = self.counts.get(&family).cloned().unwrap_or_else(|| vec![0; self.points.len()]);
        let steps = self.steps();
        let stayed = self.stayed(family, self.window_start(&steps));
        let sustained = self
            .strict(&counts, &steps)
            .or_else(|| self.slow(&counts, &steps, stayed))
            .or_else(|| self.bursts(family, &counts, &steps));
        let follows_connections = sustained.is_some_and(|stretch| self.follows(family, &counts, &steps, stretch));
        Growth { follows_connections, ..self.growth_of(counts, stayed, sustained) }
    }

    pub(crate) fn growth_of(&self, counts: Vec<u64>, stayed: Option<(u64, u64)>, sustained: Option<Sustained>) -> Growth {
        let last = counts.len() - 1;
        let recent = &counts[counts.len().saturating_sub(WINDOWS)..];
        Growth {
            span_s: self.span_s(),
            rise: counts[last].cast_signed() - counts[0].cast_signed(),
            rate_per_s: self.slope(&counts),
            presence: (recent.iter().filter(|count| **count > 0).count(), recent.len()),
            rising: (recent.windows(2).filter(|pair| pair[1] > pair[0]).count(), recent.len() - 1),
            stayed,
            sustained,
            follows_connections: false,
            counts,
        }
    }

    /// Points about [`STEP_S`] apart, counted back from the last: each time the one nearest to that distance, at least half of it
    /// away. Dumps that were cut count nothing. Empty when a time is unknown.
    pub(crate) fn steps(&self) -> Vec<usize> {
        let times: Option<Vec<f64>> = self.points.iter().map(|point| point.at_s).collect();
        let Some(times) = times else { return Vec::new() };
        let whole = |at: &usize| self.points[*at].snapshot.truncated.is_none();
        let Some(mut at) = times.len().checked_sub(1).filter(whole) else { return Vec::new() };
        let mut chosen = vec![at];
        loop {
            let due = times[at] - STEP_S;
            let earlier = (0..at).rev().filter(whole).filter(|earlier| times[at] - times[*earlier] >= STEP_S / 2.0);
            let Some(next) = earlier.min_by(|a, b| (times[*a] - due).abs().total_cmp(&(times[*b] - due).abs())) else { break };
            chosen.push(next);
            at = next;
        }
        chosen.reverse();
        chosen
    }

    pub(crate) fn window_start(&self, steps: &[usize]) -> usize {
        let end = self.last().at_s.unwrap_or(0.0);
        let inside = steps.iter().rev().find(|at| end - self.points[**at].at_s.unwrap_or(end) >= SUSTAINED_S * SLACK);
        inside.copied().unwrap_or(0)
    }

    pub(crate) fn strict(&self, counts: &[u64], steps: &[usize]) -> Option<Sustained> {
        let mut from = steps.len().checked_sub(1)?;
        while from > 0 && counts[steps[from - 1]] < counts[steps[from]] {
            from -= 1;
        }
        // A family that did not exist before the stretch has risen from nothing; its first appearance is no step of its own.
        if counts[steps[from]] == 0 && from + 1 < steps.len() {
            from += 1;
        }
        self.stretch(counts, steps, from)
            .filter(|stretch| stretch.span_s >= SUSTAINED_S * SLACK && stretch.steps >= SUSTAINED_STEPS)
    }

    fn slow(&self, counts: &[u64], steps: &[usize], stayed: Option<(u64, u64)>) -> Option<Sustained> {
        let stretch = self.never_falling(counts, steps)?;
        let recent = &steps[steps.len().saturating_sub(WINDOWS + 1)..];
        let rising = recent.windows(2).filter(|pair| counts[pair[1]] > counts[pair[0]]).count();
        let all_stay = stayed.is_some_and(|(still, of)| of > 0 && still == of);
        let often = rising * 10 >= (recent.len() - 1) * 7;
        (stretch.span_s >= SLOW_S * SLACK && often && all_stay).then_some(stretch)
    }

    /// Never falls for a minute and more, rises several times, and keeps everybody: no goroutine of it ever leaves or waits anew, and all
    /// that were there a minute ago show an age. Goroutines whose starter still runs may be a pool that is being filled.
    fn bursts(&self, family: u64, counts: &[u64], steps: &[usize]) -> Option<Sustained> {
        let stretch = self.never_falling(counts, steps)?;
        let inside: Vec<usize> = steps.iter().copied().filter(|at| *at >= stretch.from).collect();
        let rises = inside.windows(2).filter(|pair| counts[pair[1]] > counts[pair[0]]).count();
        let at = *self.families.last()?.get(&family)?;
        let starters = self.last().facts[at].starters;
        let left_behind = starters.sampled > 0 && starters.gone + starters.moved_on == starters.sampled;
        let class = self.last().census.families[at].class;
        let enough = if class == StateClass::ChanSend {
            rises >= BURSTS_OF_SENDERS
        } else {
            rises >= BURSTS && left_behind && !matches!(class, StateClass::Io | StateClass::Sleep)
        };
        let lasts = enough && stretch.span_s >= SUSTAINED_S * SLACK && self.held(family).is_some_and(|(held, of)| held == of);
        (lasts && self.nobody_leaves(family, &inside)).then_some(stretch)
    }

    fn never_falling(&self, counts: &[u64], steps: &[usize]) -> Option<Sustained> {
        let mut from = steps.len().checked_sub(1)?;
        while from > 0 && counts[steps[from - 1]] <= counts[steps[from]] && counts[steps[from - 1]] > 0 {
            from -= 1;
        }
        self.stretch(counts, steps, from)
    }

    fn nobody_leaves(&self, family: u64, points: &[usize]) -> bool {
        let ages: Vec<_> = points.iter().map(|at| self.ages(family, *at)).collect();
        ages.windows(2).all(|pair| pair[0].iter().all(|(id, age)| pair[1].get(id).is_some_and(|later| later >= age)))
    }

    fn stretch(&self, counts: &[u64], steps: &[usize], from: usize) -> Option<Sustained> {
        let (first, last) = (steps[from], *steps.last()?);
        let span_s = self.points[last].at_s? - self.points[first].at_s?;
        let rise = counts[last].saturating_sub(counts[first]);
        (rise >= SUSTAINED_RISE && span_s > 0.0).then(|| Sustained {
            span_s,
            steps: steps.len() - 1 - from,
            rise,
            rate_per_s: rise as f64 / span_s,
            every_step: steps[from..].windows(2).all(|pair| counts[pair[1]] > counts[pair[0]]),
            from: first,
        })
    }

    /// Inbound connections gained in the stretch explain the family's gain: at least as many in all, and step by step within a
    /// quarter (or three goroutines) of it.
    pub(crate) fn follows(&self, family: u64, counts: &[u64], steps: &[usize], stretch: Sustained) -> bool {
        let class = self.families.last().and_then(|index| index.get(&family)).map(|at| self.last().census.families[*at].class);
        // A goroutine that was started for a connection and no longer reads from it is no connection: it must not explain itself.
        let counts_itself = self.inbound.contains(&family) && class != Some(StateClass::Io);
        let others = |at: usize| self.connections[at] - if counts_itself { counts[at] } else { 0 };
        let connections: Vec<u64> = (0..counts.len()).map(others).collect();
        let inside: Vec<usize> = steps.iter().copied().filter(|at| *at >= stretch.from).collect();
        let gain = |values: &[u64], pair: &[usize]| values[pair[1]] as f64 - values[pair[0]] as f64;
        let (first, last) = (stretch.from, *inside.last().unwrap_or(&stretch.from));
        let total = gain(&connections, &[first, last]);
        if total < stretch.rise as f64 * 0.75 {
            return false;
        }
        let share = stretch.rise as f64 / total;
        inside.windows(2).all(|pair| {
            let (own, connections) = (gain(counts, pair), gain(&connections, pair) * share);
            (own - connections).abs() <= (own.abs() * 0.25).max(3.0)
        })
    }

    fn stayed(&self, family: u64, from: usize) -> Option<(u64, u64)> {
        if from + 1 == self.points.len() {
            return None;
        }
        let ids = self.ages(family, from);
        let still = ids.keys().filter(|id| self.alive.contains(id)).count();
        (!ids.is_empty()).then_some((still as u64, ids.len() as u64))
    }

    /// Goroutines that stand in the family at every point of the last [`SUSTAINED_S`] seconds without their wait ever starting
    /// anew, and show an age at the end; and how many there were at the start. Absent without ids.
    pub fn held(&self, family: u64) -> Option<(u64, u64)> {
        let from = self.window_start(&self.steps());
        let first = self.ages(family, from);
        if first.is_empty() || from + 1 == self.points.len() {
            return None;
        }
        let mut waiting = first.clone();
        for at in from + 1..self.points.len() {
            let next = self.ages(family, at);
            waiting.retain(|id, age| match next.get(id) {
                Some(later) if later >= age => {
                    *age = *later;
                    true
                }
                _ => false,
            });
        }
        let held = waiting.values().filter(|age| **age > 0).count();
        Some((held as u64, first.len() as u64))
    }

    /// Ids of a family at one point, with the minutes each has waited.
    fn ages(&self, family: u64, at: usize) -> FxHashMap<u64, u32> {
        let point = &self.points[at];
        let Some(slot) = self.families[at].get(&family).map(|slot| &point.census.families[*slot]) else {
            return FxHashMap::default();
        };
        let clusters = slot.groups.iter().flat_map(|group| &point.census.groups[*group].clusters);
        let logged = clusters.flat_map(|id| point.snapshot.clusters[id.0 as usize].log.iter());
        logged.map(|goroutine| (goroutine.id, goroutine.wait_minutes.unwrap_or(0))).collect()
    }

    fn slope(&self, counts: &[u64]) -> Option<f64> {
        let times: Option<Vec<f64>> = self.points.iter().map(|point| point.at_s).collect();
        let times = times?;
        let n = times.len() as f64;
        let mean_t = times.iter().sum::<f64>() / n;
        let mean_c = counts.iter().sum::<u64>() as f64 / n;
        let spread: f64 = times.iter().map(|t| (t - mean_t).powi(2)).sum();
        let both: f64 = times.iter().zip(counts).map(|(t, c)| (t - mean_t) * (*c as f64 - mean_c)).sum();
        (spread > 0.0).then(|| both / spread)
    }

    /// The series in columns, fastest growing family first, at most `families_max` families.
    pub fn report(&self, times: Vec<String>, families_max: usize) -> SeriesReport {
        let mut families: Vec<(u64, &Vec<u64>)> = self.counts.iter().map(|(id, counts)| (*id, counts)).collect();
        let rise = |counts: &[u64]| counts[counts.len() - 1].cast_signed() - counts[0].cast_signed();
        families.sort_by(|a, b| rise(b.1).cmp(&rise(a.1)).then(b.1.last().cmp(&a.1.last())).then(a.0.cmp(&b.0)));
        families.truncate(families_max);
        SeriesReport {
            times,
            seconds: self.points.iter().map(|point| point.at_s).collect(),
            goroutines: self.points.iter().map(|point| point.snapshot.goroutines).collect(),
            families: families.into_iter().map(|(id, counts)| SeriesFamily { id: hex(id), counts: counts.clone() }).collect(),
        }
    }
}

/// Families whose goroutines each serve one inbound connection: `net/http`'s, and those started by a goroutine that accepts.
fn inbound_families(point: &Point) -> impl Iterator<Item = &Family> {
    let serves =
        |family: &Family| family.groups.iter().any(|group| serves_connection(&point.snapshot, &point.census.groups[*group]));
    let both = point.census.families.iter().zip(&point.facts);
    both.filter(move |(family, facts)| facts.started_by_acceptor || serves(family)).map(|(family, _)| family)
}

/// Whether the goroutine is a server's own for one connection.
pub fn serves_connection(snapshot: &Snapshot, group: &Group) -> bool {
    group.frames.iter().any(|frame| names::normal(snapshot.func(*frame)) == "net/http.(*conn).serve")
}
