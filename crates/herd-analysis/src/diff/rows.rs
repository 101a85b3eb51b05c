//! The functions that changed, and which of them is to blame: of functions that call each other, the innermost one that explains the
//! change.

use std::collections::BTreeMap;

use herd_model::{DiffChange, DiffRow};
use rustc_hash::{FxHashMap, FxHashSet};

use super::hypotheses::{Measured, Together};
use super::judge::{Against, Counting, FALSE_DISCOVERY, Outcome, compare};
use super::paths::{Both, Func, Functions, Paths};
use super::rename::Renames;
use crate::statistics::counts::benjamini_hochberg;

/// Rows listed.
const ROWS_MAX: usize = 40;
/// Share of the whole below which a change that does not count is not listed.
const LISTED_SHARE: f64 = 0.005;
/// Growth below which a change that does not count is not listed.
const LISTED_RATIO: f64 = 1.1;
/// Share of a function's excess that must be in stacks no other culprit explains.
const OWN_PART: f64 = 0.5;
/// Calls a stack must be deeper by to be called so: S10's.
pub(super) const DEEPER: f64 = 2.0;

/// All that rows are made of.
pub(super) struct Scene<'a> {
    pub functions: &'a Functions,
    pub paths: &'a Paths,
    pub measured: &'a Measured,
    pub against: &'a Against<'a>,
    pub renames: &'a Renames,
    pub wrappers: &'a FxHashSet<Func>,
}

impl Scene<'_> {
    /// Functions of the application in a stack, innermost first.
    fn calls(&self, path: usize) -> impl Iterator<Item = Func> + Clone + '_ {
        self.paths.get(path).iter().copied().filter(|id| self.functions.get(*id).application)
    }

    /// What is beyond what the exposure explains; of delays the delay itself, as a mean is no sum.
    fn excess(&self, both: &Both) -> f64 {
        match self.against.counting {
            Counting::Delays => both.after.amount,
            Counting::Samples | Counting::Exact | Counting::Memory { .. } => {
                both.after.amount - self.against.exposure.k() * both.before.amount
            }
        }
    }
}

/// A function, or several, under test.
struct Tested {
    /// Index into the groups.
    group: usize,
    /// The function, where its own cost is tested.
    own: Option<Func>,
    outcome: Outcome,
    q: f64,
}

/// Rows by significance, and whether one of them fails the comparison.
pub(super) fn judged(scene: &Scene<'_>, hidden: &mut BTreeMap<String, u64>) -> (Vec<DiffRow>, bool) {
    let tested = tested(scene);
    let flagged: Vec<&Tested> = tested.iter().filter(|one| one.outcome.matters && one.q <= FALSE_DISCOVERY).collect();
    let own: FxHashMap<Func, &Tested> = flagged.iter().filter_map(|one| one.own.map(|id| (id, *one))).collect();
    let whole: FxHashMap<usize, &Tested> = flagged.iter().filter(|one| one.own.is_none()).map(|one| (one.group, *one)).collect();
    let blamed = blame(scene, &own, &whole);
    let mut rows: FxHashMap<usize, Chosen<'_>> = FxHashMap::default();
    for one in &tested {
        let found = blamed.get(&(one.group, one.own));
        let is_flagged = one.outcome.matters && one.q <= FALSE_DISCOVERY;
        let explains = found.is_some_and(|found| found.excess >= OWN_PART * one.outcome.excess);
        let moved = is_flagged && is_moved(scene, one);
        let culprit = is_flagged && explains && !moved;
        let path = found.map_or(&[][..], |found| scene.paths.get(found.path));
        let by_way_of = one.own.filter(|_| culprit).and_then(|id| through(scene, id));
        let group = by_way_of.and_then(|id| scene.measured.of_function[id as usize]).unwrap_or(one.group);
        let chosen = chosen(scene, one, (group, by_way_of), (culprit, moved), path);
        let weighs_more = |taken: &Chosen<'_>| {
            let (new, old) = (&chosen.row, &taken.row);
            new.culprit && !old.culprit || new.culprit == old.culprit && new.q < old.q
        };
        if rows.get(&group).is_none_or(weighs_more) {
            rows.insert(group, chosen);
        }
    }
    let fails = rows.values().any(|chosen| chosen.row.culprit);
    let rows = listed(rows.into_values().collect(), scene, hidden);
    (rows.into_iter().map(|chosen| named(scene, chosen)).collect(), fails)
}

/// Every function with all it calls where it stood on both sides, and by itself; those always together once.
fn tested(scene: &Scene<'_>) -> Vec<Tested> {
    let measured = scene.measured;
    let mut tested = Vec::new();
    for (group, together) in measured.together.iter().enumerate() {
        if together.functions.iter().all(|id| scene.wrappers.contains(id)) {
            continue;
        }
        // What calls a known function from a new place has not got the whole cost of it added.
        if together.whole.before.count > 0.0 || scene.against.counting == Counting::Exact {
            let awaited = together.functions.first().map_or(Both::default(), |id| measured.own[*id as usize].awaited);
            let outcome = compare(&together.whole, &awaited, scene.against);
            tested.push(Tested { group, own: None, outcome, q: 1.0 });
        }
    }
    for (id, own) in (0..).zip(&measured.own) {
        let Some(group) = measured.of_function[id as usize].filter(|_| !scene.wrappers.contains(&id)) else { continue };
        if own.weights.is_nothing() {
            continue;
        }
        let outcome = compare(&own.weights, &own.awaited, scene.against);
        tested.push(Tested { group, own: Some(id), outcome, q: 1.0 });
    }
    tested.sort_by_key(|one| (one.group, one.own));
    let p: Vec<f64> = tested.iter().map(|one| one.outcome.p).collect();
    for (one, q) in tested.iter_mut().zip(benjamini_hochberg(&p)) {
        one.q = q;
    }
    tested
}

/// What a flagged function has to answer for.
#[derive(Clone, Copy, Debug, Default)]
struct Blame {
    /// What is beyond the exposure in stacks where it is the innermost flagged function.
    excess: f64,
    /// The stack with the most of it.
    path: usize,
    most: f64,
}

type Key = (usize, Option<Func>);

/// Charges each stack's excess to the innermost function flagged in it: what a function costs itself comes before what it calls. What
/// the innermost function has as a whole is not charged to anyone again because it came by another way.
fn blame(scene: &Scene<'_>, own: &FxHashMap<Func, &Tested>, whole: &FxHashMap<usize, &Tested>) -> FxHashMap<Key, Blame> {
    let mut blamed: FxHashMap<Key, Blame> = FxHashMap::default();
    if own.is_empty() && whole.is_empty() {
        return blamed;
    }
    let charged = charged(scene);
    for path in 0..scene.paths.len() {
        let excess = scene.excess(&scene.paths.both(path));
        let mut calls = scene.calls(path);
        let Some(innermost) = calls.clone().next().filter(|_| excess > 0.0) else { continue };
        let by_own = own.get(&innermost).map(|one| (one.group, one.own));
        let key = by_own.or_else(|| {
            calls.find_map(|id| {
                let group = scene.measured.of_function[id as usize]?;
                whole.contains_key(&group).then_some((group, None))
            })
        });
        let Some(key) = key else { continue };
        let excess = excess * charged[innermost as usize];
        let blame = blamed.entry(key).or_default();
        blame.excess += excess;
        if excess > blame.most {
            (blame.most, blame.path) = (excess, path);
        }
    }
    blamed
}

/// The part of the growth of each function's stacks that is growth of the function: 1 where no stack of it became less, 0 where others
/// became as much less.
fn charged(scene: &Scene<'_>) -> Vec<f64> {
    let mut growth = vec![0.0; scene.functions.list.len()];
    for path in 0..scene.paths.len() {
        if let Some(innermost) = scene.calls(path).next() {
            growth[innermost as usize] += scene.excess(&scene.paths.both(path)).max(0.0);
        }
    }
    for (growth, own) in growth.iter_mut().zip(&scene.measured.own) {
        if *growth > 0.0 {
            *growth = (scene.excess(&own.weights) / *growth).clamp(0.0, 1.0);
        }
    }
    growth
}

/// The function through which another grew: before, at most half of what the other has came by it, and nearly all that is more now
/// does. It calls the other anew, or more often. The one next to the other, of several.
fn through(scene: &Scene<'_>, grown: Func) -> Option<Func> {
    const BEFORE_MAX: f64 = 0.5;
    const GROWTH_MIN: f64 = 0.8;
    let own = &scene.measured.own[grown as usize].weights;
    let mut by: FxHashMap<Func, Both> = FxHashMap::default();
    let mut order: Vec<Func> = Vec::new();
    let mut seen: Vec<Func> = Vec::new();
    for path in 0..scene.paths.len() {
        let mut calls = scene.calls(path);
        if calls.next() != Some(grown) {
            continue;
        }
        seen.clear();
        for id in calls.filter(|id| *id != grown) {
            if !seen.contains(&id) {
                seen.push(id);
                by.entry(id).or_insert_with(|| {
                    order.push(id);
                    Both::default()
                });
                if let Some(both) = by.get_mut(&id) {
                    both.add(&scene.paths.both(path));
                }
            }
        }
    }
    let growth = scene.excess(own);
    order.into_iter().find(|id| {
        let both = &by[id];
        both.before.amount <= BEFORE_MAX * own.before.amount
            && own.before.amount > 0.0
            && scene.excess(both) >= GROWTH_MIN * growth
    })
}

/// A function is new, and what calls it costs no more than before: its work was there under another roof. Goroutines have no callers
/// that cost anything.
fn is_moved(scene: &Scene<'_>, one: &Tested) -> bool {
    let counting = scene.against.counting;
    let Some(id) = one.own.filter(|_| matches!(counting, Counting::Samples | Counting::Memory { .. })) else { return false };
    let whole = &scene.measured.together[one.group].whole;
    if whole.before.count > 0.0 {
        return false;
    }
    let mut callers: FxHashMap<Func, f64> = FxHashMap::default();
    let mut all = 0.0;
    for (stack, both) in scene.paths.iter().filter(|(stack, _)| stack.contains(&id)) {
        all += both.after.amount;
        let mut outer = stack.iter().skip_while(|other| **other != id).filter(|other| scene.functions.get(**other).application);
        if let Some(caller) = outer.find(|other| **other != id && is_known(scene, **other)) {
            *callers.entry(*caller).or_default() += both.after.amount;
        }
    }
    let Some((caller, amount)) = callers.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { return false };
    let Some(group) = scene.measured.of_function[caller as usize] else { return false };
    let around = compare(&scene.measured.together[group].whole, &Both::default(), scene.against);
    amount >= 0.8 * all && around.excess < OWN_PART * one.outcome.excess
}

fn is_known(scene: &Scene<'_>, id: Func) -> bool {
    scene.measured.of_function[id as usize].is_some_and(|group| scene.measured.together[group].whole.before.count > 0.0)
}

/// A row whose names are not written yet: few of all are listed.
struct Chosen<'a> {
    row: DiffRow,
    group: usize,
    /// The function the row is of.
    shown: Option<Func>,
    path: &'a [Func],
}

/// A row of what was tested, or of the function by way of which it grew.
fn chosen<'a>(
    scene: &Scene<'_>,
    one: &Tested,
    (group, by_way_of): (usize, Option<Func>),
    (culprit, moved): (bool, bool),
    path: &'a [Func],
) -> Chosen<'a> {
    let together = &scene.measured.together[group];
    let shown = by_way_of.or(one.own).or(together.functions.first().copied());
    let (before, after) = (together.whole.before.amount, together.whole.after.amount);
    let ratio = match by_way_of {
        Some(_) if before > 0.0 => Some(after / (scene.against.exposure.k() * before)),
        Some(_) => None,
        None => Some(one.outcome.ratio).filter(|ratio| ratio.is_finite()),
    };
    let change = change(scene, together, one, moved);
    let row = DiffRow { change, culprit, q: one.q, ..figures(scene, together, ratio) };
    Chosen { row, group, shown, path }
}

/// The row with its names.
fn named(scene: &Scene<'_>, chosen: Chosen<'_>) -> DiffRow {
    let Chosen { row, group, shown, path } = chosen;
    let name = |id: Func| scene.functions.get(id).shown.to_string();
    let others = scene.measured.together[group].functions.iter().filter(|id| Some(**id) != shown);
    let before = |id: Func| scene.renames.told.iter().find(|rename| *rename.after == *scene.functions.get(id).shown);
    DiffRow {
        function: shown.map(name).unwrap_or_default(),
        with: others.map(|id| name(*id)).collect(),
        file: shown.map(|id| scene.functions.get(id).file.to_string()).unwrap_or_default(),
        renamed_from: shown.and_then(before).map(|rename| rename.before.clone()),
        path: if row.culprit { path.iter().map(|id| name(*id)).collect() } else { Vec::new() },
        ..row
    }
}

/// A row's figures alone.
pub(super) fn figures(scene: &Scene<'_>, together: &Together, ratio: Option<f64>) -> DiffRow {
    let (before, after, whole) = (together.whole.before, together.whole.after, &scene.measured.whole);
    let part = |of: f64, whole: f64| if whole > 0.0 { of / whole } else { 0.0 };
    DiffRow {
        function: String::new(),
        with: Vec::new(),
        file: String::new(),
        renamed_from: None,
        change: DiffChange::More,
        culprit: false,
        before: before.amount,
        after: after.amount,
        count_before: before.count,
        count_after: after.count,
        share_before: part(before.amount, whole.before.amount),
        share_after: part(after.amount, whole.after.amount),
        ratio,
        depth_before: part(together.depth.0, before.amount),
        depth_after: part(together.depth.1, after.amount),
        q: 1.0,
        path: Vec::new(),
    }
}

fn change(scene: &Scene<'_>, together: &Together, one: &Tested, moved: bool) -> DiffChange {
    let (before, after) = (together.whole.before, together.whole.after);
    let deeper = depth_change(together);
    let significant = one.q <= FALSE_DISCOVERY;
    let delays = scene.against.counting == Counting::Delays;
    match () {
        () if moved => DiffChange::Moved,
        () if before.count == 0.0 => DiffChange::New,
        () if after.count == 0.0 => DiffChange::Gone,
        () if !significant && deeper >= DEEPER => DiffChange::Deeper,
        () if !significant && deeper <= -DEEPER => DiffChange::Shallower,
        () if delays && one.outcome.ratio >= 1.0 => DiffChange::Longer,
        () if delays => DiffChange::Shorter,
        () if one.outcome.excess >= 0.0 => DiffChange::More,
        () => DiffChange::Less,
    }
}

/// Calls by which stacks down to a function became deeper.
pub(super) fn depth_change(together: &Together) -> f64 {
    let (before, after) = (together.whole.before.amount, together.whole.after.amount);
    if before > 0.0 && after > 0.0 { together.depth.1 / after - together.depth.0 / before } else { 0.0 }
}

/// Culprits first, then by how much changed; changes too small to read are left out and counted.
fn listed<'a>(mut rows: Vec<Chosen<'a>>, scene: &Scene<'_>, hidden: &mut BTreeMap<String, u64>) -> Vec<Chosen<'a>> {
    let all = rows.len();
    let changed = |row: &DiffRow| {
        let ratio = row.ratio.unwrap_or(f64::INFINITY);
        let depth = matches!(row.change, DiffChange::Deeper | DiffChange::Shallower);
        depth || !(1.0 / LISTED_RATIO..LISTED_RATIO).contains(&ratio)
    };
    rows.retain(|Chosen { row, .. }| row.culprit || row.share_before.max(row.share_after) >= LISTED_SHARE && changed(row));
    let k = scene.against.exposure.k();
    let weight = |row: &DiffRow| (row.after - k * row.before).abs();
    let name = |chosen: &Chosen<'_>| chosen.shown.map(|id| &scene.functions.get(id).shown);
    rows.sort_by(|a, b| {
        let heavier = weight(&b.row).total_cmp(&weight(&a.row));
        b.row.culprit.cmp(&a.row.culprit).then(heavier).then_with(|| name(a).cmp(&name(b)))
    });
    rows.truncate(ROWS_MAX.max(rows.iter().filter(|chosen| chosen.row.culprit).count()));
    if all > rows.len() {
        hidden.insert("functions_not_listed".to_owned(), (all - rows.len()) as u64);
    }
    rows
}
