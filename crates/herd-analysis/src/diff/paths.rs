//! Both sides of a comparison in one table: distinct stacks by canonical function, with what each side has of them.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use herd_model::{Profile, ProfileKind, StackId};
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::names;
use crate::statistics::counts::heap_sampling_variance;

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was there.
    Before,
    /// What is there now.
    After,
}

/// Index into [`Functions`].
pub(super) type Func = u32;

/// What one side has of a stack or a function.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Weight {
    /// Samples, objects, contentions, goroutines.
    pub count: f64,
    /// The measure.
    pub amount: f64,
    /// Variance of the measure from sampling alone.
    pub variance: f64,
}

impl Weight {
    pub fn add(&mut self, other: Weight) {
        self.count += other.count;
        self.amount += other.amount;
        self.variance += other.variance;
    }
}

/// Weights of both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Both {
    pub before: Weight,
    pub after: Weight,
}

impl Both {
    pub fn add(&mut self, other: &Both) {
        self.before.add(other.before);
        self.after.add(other.after);
    }

    /// What is left of it without a part of it.
    pub fn without(&self, part: &Both) -> Both {
        let left = |whole: Weight, part: Weight| Weight {
            count: whole.count - part.count,
            amount: whole.amount - part.amount,
            variance: whole.variance - part.variance,
        };
        Both { before: left(self.before, part.before), after: left(self.after, part.after) }
    }

    pub fn of(&self, side: Side) -> Weight {
        match side {
            Side::Before => self.before,
            Side::After => self.after,
        }
    }

    pub fn is_nothing(&self) -> bool {
        self.before.amount == 0.0 && self.after.amount == 0.0
    }
}

/// Distinct functions by canonical name.
#[derive(Debug, Default)]
pub(super) struct Functions {
    index: FxHashMap<Box<str>, Func>,
    packages: FxHashMap<Box<str>, u32>,
    pub list: Vec<Known>,
}

/// A function.
#[derive(Debug)]
pub(super) struct Known {
    /// Its canonical name.
    pub name: Box<str>,
    /// Its name as last seen, and its file.
    pub shown: Box<str>,
    pub file: Box<str>,
    /// Number of its package.
    pub package: u32,
    /// Neither the standard library's nor without a package: its author can change it.
    pub application: bool,
}

impl Functions {
    fn intern(&mut self, name: &str, file: &str) -> Func {
        let canonical = canonical(name);
        if let Some(id) = self.index.get(&*canonical) {
            let known = &mut self.list[*id as usize];
            if *known.shown != *name {
                known.shown = name.into();
                known.file = file.into();
            }
            return *id;
        }
        let id = self.list.len() as Func;
        let application = canonical.contains('.') && !canonical.starts_with(['[', '<']) && !names::is_std(name, file);
        let next = self.packages.len() as u32;
        let package = *self.packages.entry(names::package(&canonical).into()).or_insert(next);
        self.index.insert(canonical.clone(), id);
        self.list.push(Known { name: canonical, shown: name.into(), file: file.into(), package, application });
        id
    }

    pub fn get(&self, id: Func) -> &Known {
        &self.list[id as usize]
    }
}

/// A function's name without what builds and releases change: type arguments, numbers of closures and wrappers, the major version of
/// a module path.
pub(crate) fn canonical(name: &str) -> Box<str> {
    let normal = names::normal(name);
    if !normal.contains("/v") {
        return normal.into();
    }
    let is_version = |part: &str| {
        let digits = part.strip_prefix('v').unwrap_or_default();
        let number = digits.split('.').next().unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut out = String::with_capacity(normal.len());
    for (at, part) in normal.split('/').enumerate() {
        match part.split_once('.') {
            // `example.com/mod/v2.F`: the package's name is the element before.
            Some((version, rest)) if at > 0 && is_version(version) => {
                out.push('.');
                out.push_str(rest);
            }
            None if at > 0 && is_version(part) => {}
            _ => {
                if at > 0 {
                    out.push('/');
                }
                out.push_str(part);
            }
        }
    }
    out.into()
}

/// Distinct stacks, innermost function first, and what both sides have of each.
#[derive(Debug, Default)]
pub(super) struct Paths {
    ends: Vec<u32>,
    functions: Vec<Func>,
    index: HashTable<u32>,
    sums: Vec<[Sum; 2]>,
    /// Variances of both sides; none at all where nothing has one, as in most kinds.
    variances: Vec<[f64; 2]>,
}

/// A weight without its variance.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: f64,
    amount: f64,
}

impl Paths {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    fn reserve(&mut self, stacks: usize, calls: usize) {
        self.ends.reserve_exact(stacks);
        self.sums.reserve_exact(stacks);
        self.functions.reserve_exact(calls);
    }

    pub fn get(&self, path: usize) -> &[Func] {
        let start = if path == 0 { 0 } else { self.ends[path - 1] as usize };
        &self.functions[start..self.ends[path] as usize]
    }

    /// The number of a stack, new or known.
    pub fn intern(&mut self, stack: &[Func]) -> usize {
        let hash = FxBuildHasher.hash_one(stack);
        if let Some(known) = self.index.find(hash, |id| self.get(*id as usize) == stack) {
            return *known as usize;
        }
        let id = self.ends.len() as u32;
        self.functions.extend_from_slice(stack);
        self.ends.push(self.functions.len() as u32);
        self.sums.push(Default::default());
        let (ends, functions) = (&self.ends, &self.functions);
        let of = |id: &u32| {
            let at = *id as usize;
            let start = if at == 0 { 0 } else { ends[at - 1] as usize };
            FxBuildHasher.hash_one(&functions[start..ends[at] as usize])
        };
        self.index.insert_unique(hash, id, of);
        id as usize
    }

    /// What both sides have of a stack.
    pub fn both(&self, path: usize) -> Both {
        let [old, new] = self.variances.get(path).copied().unwrap_or_default();
        let weight = |sum: &Sum, variance| Weight { count: sum.count, amount: sum.amount, variance };
        let [before, after] = &self.sums[path];
        Both { before: weight(before, old), after: weight(after, new) }
    }

    pub fn add(&mut self, path: usize, side: Side, weight: Weight) {
        let sum = &mut self.sums[path][side as usize];
        sum.count += weight.count;
        sum.amount += weight.amount;
        if weight.variance != 0.0 {
            self.variances.resize(self.sums.len(), [0.0; 2]);
            self.variances[path][side as usize] += weight.variance;
        }
    }

    /// Takes away what was there before.
    pub fn take_before(&mut self, path: usize) -> Weight {
        let before = self.both(path).before;
        self.sums[path][Side::Before as usize] = Sum::default();
        if let Some([variance, _]) = self.variances.get_mut(path) {
            *variance = 0.0;
        }
        before
    }

    /// What both sides have, by stack.
    pub fn weights(&self) -> impl Iterator<Item = Both> + '_ {
        (0..self.len()).map(|path| self.both(path))
    }

    /// Every stack that is not empty of weight.
    pub fn iter(&self) -> impl Iterator<Item = (&[Func], Both)> {
        (0..self.len()).map(|path| (self.get(path), self.both(path))).filter(|(_, both)| !both.is_nothing())
    }
}

/// Which columns count and which are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    count: usize,
    pub amount: usize,
}

/// The columns of a profile of this kind; `named` asks for another measure than the kind's own.
pub(super) fn columns(profile: &Profile, named: Option<&str>) -> Option<Columns> {
    let index = |name: &str| profile.sample_index(name);
    if let Some(name) = named {
        let amount = index(name)?;
        // Of a pair such as `alloc_objects`, `alloc_space` the count stands first.
        let counts = &*profile.sample_types[amount].unit == "count";
        return Some(Columns { count: if counts { amount } else { amount.saturating_sub(1) }, amount });
    }
    let pair = |count: &str, amount: &str| Some(Columns { count: index(count)?, amount: index(amount)? });
    match profile.kind {
        ProfileKind::Heap => pair("inuse_objects", "inuse_space"),
        ProfileKind::Allocs => pair("alloc_objects", "alloc_space"),
        ProfileKind::Cpu => pair("samples", "cpu").or(Some(Columns { count: 0, amount: profile.default_index() })),
        ProfileKind::Block | ProfileKind::Mutex | ProfileKind::Contention => pair("contentions", "delay"),
        ProfileKind::Goroutine | ProfileKind::GoroutineLeak | ProfileKind::ThreadCreate | ProfileKind::Other => {
            let amount = profile.default_index();
            Some(Columns { count: amount, amount })
        }
    }
}

/// What a profile leaves behind in the table.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// What each function has with all it calls, by function.
    pub by_function: Vec<Weight>,
    /// The whole.
    pub total: Weight,
    /// Of the profiler's own work, left out.
    pub profiler: f64,
}

/// Adds a profile to one side. Stacks of the profiler's own work are left out. Cost: linear in the frames of all samples.
pub(super) fn add(functions: &mut Functions, paths: &mut Paths, side: Side, profile: &Profile, columns: Columns) -> Added {
    let of_locations = of_locations(functions, profile);
    let is_profiler: Vec<bool> = functions.list.iter().map(|known| known.name.starts_with("runtime/pprof.")).collect();
    let rate = profile.period as f64;
    let heap = matches!(profile.kind, ProfileKind::Heap | ProfileKind::Allocs);
    let mut added = Added { by_function: vec![Weight::default(); functions.list.len()], ..Added::default() };
    let mut seen = vec![u32::MAX; functions.list.len()];
    // As much as there can be, at once: what is not used is never touched, where growing would copy, and hold twice as much.
    let calls = |id: &StackId| profile.stacks.get(*id).map(|location| of_locations.of(location.0).len()).sum::<usize>();
    paths.reserve(profile.samples.len(), profile.samples.stacks.iter().map(calls).sum());
    let mut stack: Vec<Func> = Vec::new();
    let (counts, amounts) = (&profile.samples.values[columns.count], &profile.samples.values[columns.amount]);
    for (row, id) in (0u32..).zip(&profile.samples.stacks) {
        let (count, amount) = (counts[row as usize] as f64, amounts[row as usize] as f64);
        if amount == 0.0 && count == 0.0 {
            continue;
        }
        stack.clear();
        for location in profile.stacks.get(*id) {
            stack.extend_from_slice(of_locations.of(location.0));
        }
        if stack.iter().any(|function| is_profiler[*function as usize]) {
            added.profiler += amount;
            continue;
        }
        let variance = if heap && count > 0.0 { heap_sampling_variance(count, amount / count, rate) } else { 0.0 };
        let weight = Weight { count, amount, variance };
        added.total.add(weight);
        for function in &stack {
            let function = *function as usize;
            if seen[function] != row {
                seen[function] = row;
                added.by_function[function].add(weight);
            }
        }
        let path = paths.intern(&stack);
        paths.add(path, side, weight);
    }
    added
}

/// The canonical functions of each location, innermost first.
struct OfLocations {
    ends: Vec<u32>,
    functions: Vec<Func>,
}

impl OfLocations {
    fn of(&self, location: u32) -> &[Func] {
        let at = location as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.functions[start..self.ends[at] as usize]
    }
}

fn of_locations(functions: &mut Functions, profile: &Profile) -> OfLocations {
    let of_functions: Vec<Func> = (0u32..)
        .zip(&profile.functions)
        .map(|(id, function)| {
            functions.intern(profile.function_name(herd_model::FunctionId(id)), profile.names.text(function.file))
        })
        .collect();
    let mut out = OfLocations { ends: Vec::with_capacity(profile.locations.len()), functions: Vec::new() };
    for location in &profile.locations {
        let lines = profile.lines_of(location);
        out.functions.extend(lines.iter().map(|line| of_functions[line.function.0 as usize]));
        if lines.is_empty() {
            let file = location.mapping.map_or("", |id| profile.names.text(profile.mappings[id.0 as usize].file));
            out.functions.push(functions.intern(&format!("[{}]", names::base(file)), file));
        }
        out.ends.push(out.functions.len() as u32);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_changes_is_no_part_of_a_name() {
        for (name, expect) in [
            ("main.(*pool).run.func1.2", "main.(*pool).run.func"),
            ("main.(*pool).run.gowrap3", "main.(*pool).run.func"),
            ("main.keys[go.shape.string,go.shape.int]", "main.keys[...]"),
            ("example.com/mod/v2/store.(*DB).Get", "example.com/mod/store.(*DB).Get"),
            ("example.com/mod/v3.Open", "example.com/mod.Open"),
            ("example.com/vendor.Open", "example.com/vendor.Open"),
            ("net/http.(*conn).serve", "net/http.(*conn).serve"),
        ] {
            assert_eq!(&*canonical(name), expect, "{name}");
        }
    }
}
