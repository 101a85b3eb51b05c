//! What differs between two weighted profiles of one kind: stacks are reduced to canonical functions, renames are undone, every function
//! of the application is tested for effect and significance, and the verdict is pass, fail or inconclusive.
//!
//! Stacks are anchored at their innermost call: profilers cut the outer end.

mod align;
mod exposure;
mod flame;
mod hypotheses;
mod judge;
mod paths;
mod rename;
mod rows;
mod thresholds;
mod wrapper;

use std::collections::BTreeMap;

use herd_model::{DiffDoubt, DiffMatched, DiffReport, DiffRule, DiffSide, GateVerdict, Profile, ProfileKind};

use crate::statistics::counts::dispersion;
use exposure::{Taken, exposure};
use hypotheses::{Measured, measure};
use judge::{Against, CONTENTIONS_MIN, Counting, detectable};
pub use paths::Side;
pub(crate) use paths::canonical;
use paths::{Both, Columns, Functions, Paths, Weight};

/// Growth of a function with a tenth of all that must be seen for a pass.
const DETECTABLE_MAX: f64 = 2.0;

/// Two sides being put together, one profile after another: a profile can be let go once it is added.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The measure asked for; the kind's own otherwise.
    measure: Option<Box<str>>,
    of: Option<Of>,
    functions: Functions,
    paths: Paths,
    runs: Vec<Run>,
    profiler: f64,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
struct Of {
    kind: ProfileKind,
    measure: Box<str>,
    unit: Box<str>,
    columns: Columns,
}

/// One profile of a side.
#[derive(Debug)]
struct Run {
    side: Side,
    by_function: Vec<Weight>,
    total: Weight,
    seconds: Option<f64>,
}

/// Why a profile cannot be compared with those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotComparable {
    /// Another kind.
    Kind {
        /// Of those before it.
        one: &'static str,
        /// Its own.
        other: &'static str,
    },
    /// It has no such measure.
    Measure {
        /// The one asked for.
        asked: String,
        /// Those it has.
        has: Vec<String>,
    },
}

/// What is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The rule of the verdict.
    pub rule: DiffRule,
    /// With the call trees of both sides.
    pub flame: bool,
}

impl Comparison {
    /// Nothing yet; `measure` names a sample type such as `alloc_space` where the kind's own is not wanted.
    pub fn new(measure: Option<&str>) -> Self {
        Comparison { measure: measure.map(Into::into), ..Comparison::default() }
    }

    /// Adds a profile to a side. Cost: linear in the frames of its samples.
    ///
    /// # Errors
    /// When it cannot be held against those before it; nothing is added then.
    pub fn add(&mut self, side: Side, profile: &Profile) -> Result<(), NotComparable> {
        let of = self.of(profile)?;
        let columns = of.columns;
        if let Some(known) = &self.of {
            let both = (known.kind, of.kind);
            if !is_one_kind(both.0, both.1) || known.measure != of.measure {
                return Err(NotComparable::Kind { one: both.0.as_str(), other: both.1.as_str() });
            }
        } else {
            self.of = Some(of);
        }
        let added = paths::add(&mut self.functions, &mut self.paths, side, profile, columns);
        self.profiler += added.profiler;
        let seconds = profile.duration_ns.filter(|ns| *ns > 0).map(|ns| ns as f64 / 1e9);
        self.runs.push(Run { side, by_function: added.by_function, total: added.total, seconds });
        Ok(())
    }

    fn of(&self, profile: &Profile) -> Result<Of, NotComparable> {
        let columns = paths::columns(profile, self.measure.as_deref()).ok_or_else(|| NotComparable::Measure {
            asked: self.measure.as_deref().unwrap_or(profile.kind.as_str()).to_owned(),
            has: profile.sample_types.iter().map(|kind| kind.name.to_string()).collect(),
        })?;
        let counted = &profile.sample_types[columns.amount];
        Ok(Of { kind: profile.kind, measure: counted.name.clone(), unit: counted.unit.clone(), columns })
    }

    /// The answer, and what is not shown of it in `hidden`. Nothing when no profile was added. Cost: a few passes over the frames of all
    /// distinct stacks.
    pub fn report(mut self, wanted: Wanted, hidden: &mut BTreeMap<String, u64>) -> Option<DiffReport> {
        let of = self.of.clone()?;
        let by_function = self.by_function();
        let exact = matched_weight(&self.paths);
        let renames = rename::undo(&self.functions, &mut self.paths, &by_function);
        let regained = matched_weight(&self.paths) - exact;
        let measured = measure(&self.functions, &self.paths);
        let (wrappers, wrapper_set) = wrapper::find(&self.functions, &self.paths, &measured);
        let counting = Counting::of(of.kind);
        let exposure = exposure(&measured, counting, self.taken());
        let dispersion = self.dispersion(&renames.map);
        let contended = measured.whole.without(&measured.awaited);
        let against = Against { counting, exposure: &exposure, whole: &measured.whole, contended, dispersion };
        let scene = rows::Scene {
            functions: &self.functions,
            paths: &self.paths,
            measured: &measured,
            against: &against,
            renames: &renames,
            wrappers: &wrapper_set,
        };
        let (mut rows, fails) = match wanted.rule {
            DiffRule::Significance => rows::judged(&scene, hidden),
            DiffRule::Thresholds => thresholds::rows(&scene, hidden),
        };
        let detectable = detectable(&against);
        let mut doubts = doubts(&self.functions, &measured, counting, detectable, exposure.few);
        if fails && counting == Counting::Delays && exposure.loads_differ() && wanted.rule == DiffRule::Significance {
            doubts.insert(0, DiffDoubt::LoadsDiffer);
        }
        // A change must stand under each exposure; what stands under the first alone is neither one nor none.
        if !fails && counting == Counting::Samples && wanted.rule == DiffRule::Significance && exposure.candidates.len() > 1 {
            let against = Against { exposure: &exposure.shown(), ..against };
            let by_median = rows::judged(&rows::Scene { against: &against, ..scene }, &mut BTreeMap::new());
            if by_median.1 {
                doubts.insert(0, DiffDoubt::LoadUnclear);
            }
        }
        let undecided = doubts.iter().any(|doubt| matches!(doubt, DiffDoubt::Empty | DiffDoubt::LoadsDiffer));
        let weak = doubts.iter().any(|doubt| *doubt != DiffDoubt::FewFunctions);
        let verdict = match () {
            () if undecided => GateVerdict::Inconclusive,
            () if fails => GateVerdict::Fail,
            () if weak && wanted.rule == DiffRule::Significance => GateVerdict::Inconclusive,
            () => GateVerdict::Pass,
        };
        if undecided {
            for row in &mut rows {
                row.culprit = false;
            }
        }
        if self.profiler != 0.0 {
            hidden.insert("profiler_weight_left_out".to_owned(), self.profiler.abs() as u64);
        }
        Some(DiffReport {
            verdict,
            kind: of.kind.as_str().to_owned(),
            measure: of.measure.to_string(),
            unit: of.unit.to_string(),
            rule: wanted.rule,
            before: self.side(Side::Before, &measured),
            after: self.side(Side::After, &measured),
            exposure: exposure.k(),
            exposure_from: exposure.from,
            cosine: cosine(&measured),
            matched: self.matched(exact, regained, &measured.whole),
            detectable,
            doubts,
            rows,
            renames: renames.told,
            wrappers,
            flame: wanted.flame.then(|| flame::flame(&self.functions, &self.paths, &of.unit)),
        })
    }

    /// What each function has with all it calls, over all profiles of a side.
    fn by_function(&self) -> Vec<Both> {
        let mut sums = vec![Both::default(); self.functions.list.len()];
        for run in &self.runs {
            for (sum, weight) in sums.iter_mut().zip(&run.by_function) {
                match run.side {
                    Side::Before => sum.before.add(*weight),
                    Side::After => sum.after.add(*weight),
                }
            }
        }
        sums
    }

    fn of_side(&self, side: Side) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.side == side)
    }

    fn seconds(&self, side: Side) -> Option<f64> {
        self.of_side(side).map(|run| run.seconds).sum()
    }

    fn taken(&self) -> Taken {
        let runs = |side| (self.of_side(side).count() as f64).max(1.0);
        let seconds = self.seconds(Side::Before).zip(self.seconds(Side::After));
        Taken { runs: (runs(Side::Before), runs(Side::After)), seconds }
    }

    /// How many times chance's variance the runs of a side have among each other: the median over functions that have enough, at least
    /// 1. Of one run a side nothing is known, and 1 is taken.
    fn dispersion(&self, renamed: &rustc_hash::FxHashMap<u32, u32>) -> f64 {
        let mut found = Vec::new();
        for side in [Side::Before, Side::After] {
            let runs: Vec<&Run> = self.of_side(side).collect();
            if runs.len() < 2 {
                continue;
            }
            let exposures: Vec<f64> = runs.iter().map(|run| run.total.count).collect();
            for function in 0..self.functions.list.len() {
                if !self.functions.list[function].application || renamed.contains_key(&(function as u32)) {
                    continue;
                }
                let counts: Vec<f64> =
                    runs.iter().map(|run| run.by_function.get(function).map_or(0.0, |weight| weight.count)).collect();
                if counts.iter().sum::<f64>() >= CONTENTIONS_MIN {
                    found.extend(dispersion(&counts, &exposures));
                }
            }
        }
        found.sort_by(f64::total_cmp);
        found.get(found.len() / 2).map_or(1.0, |median| median.max(1.0))
    }

    fn side(&self, side: Side, measured: &Measured) -> DiffSide {
        let weight = measured.whole.of(side);
        let depth = if side == Side::Before { measured.depth.0 } else { measured.depth.1 };
        DiffSide {
            runs: self.of_side(side).count() as u64,
            count: weight.count,
            total: weight.amount,
            duration_s: self.seconds(side),
            stacks: self.paths.weights().filter(|both| both.of(side).count > 0.0).count() as u64,
            depth: if weight.amount > 0.0 { depth / weight.amount } else { 0.0 },
        }
    }

    fn matched(&self, exact: f64, renamed: f64, whole: &Both) -> DiffMatched {
        let all = whole.before.amount + whole.after.amount;
        if all <= 0.0 {
            return DiffMatched::default();
        }
        let pairs = align::near(&self.functions, &self.paths);
        let near: f64 =
            pairs.iter().map(|pair| self.paths.both(pair.before).before.amount + self.paths.both(pair.after).after.amount).sum();
        let alone = (all - exact - renamed - near).max(0.0);
        DiffMatched { exact: exact / all, renamed: renamed / all, near: near / all, alone: alone / all }
    }
}

/// Heap and allocs profiles count alike, and so do those of delays where it is not known which they are.
fn is_one_kind(one: ProfileKind, other: ProfileKind) -> bool {
    use ProfileKind::{Block, Contention, Mutex};
    one == other || matches!((one, other), (Contention, Block | Mutex) | (Block | Mutex, Contention))
}

/// Weight of both sides in stacks that both have.
fn matched_weight(paths: &Paths) -> f64 {
    let both = |both: &Both| both.before.amount > 0.0 && both.after.amount > 0.0;
    paths.weights().filter(both).map(|both| both.before.amount + both.after.amount).sum()
}

/// Cosine of the angle between what functions have before and after.
fn cosine(measured: &Measured) -> f64 {
    let (mut dot, mut before, mut after) = (0.0, 0.0, 0.0);
    for group in &measured.together {
        let times = group.functions.len() as f64;
        let (x, y) = (group.whole.before.amount, group.whole.after.amount);
        dot += times * x * y;
        before += times * x * x;
        after += times * y * y;
    }
    if before > 0.0 && after > 0.0 { dot / (before * after).sqrt() } else { 0.0 }
}

fn doubts(functions: &Functions, measured: &Measured, counting: Counting, detectable: Option<f64>, few: bool) -> Vec<DiffDoubt> {
    let mut doubts = Vec::new();
    let least = |of: fn(&Weight) -> f64| of(&measured.whole.before).min(of(&measured.whole.after));
    if least(|weight| weight.amount) <= 0.0 {
        doubts.push(DiffDoubt::Empty);
    } else if detectable.is_some_and(|ratio| ratio > DETECTABLE_MAX) {
        doubts.push(DiffDoubt::FewSamples);
    } else if counting == Counting::Delays && least(|weight| weight.count) < CONTENTIONS_MIN {
        doubts.push(DiffDoubt::FewContentions);
    }
    if !functions.list.iter().any(|known| known.application) {
        doubts.push(DiffDoubt::NoApplication);
    }
    if few {
        doubts.push(DiffDoubt::FewFunctions);
    }
    doubts
}
