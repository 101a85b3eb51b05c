//! A profile as it is printed: functions or lines by what they cost, a call tree a type; and the part of a profile that was asked for.

use std::collections::BTreeMap;

use herd_model::{FunctionId, MappingId, NameId, Profile, ProfileReport, ProfileType, StackId, TopFunction};
use rustc_hash::FxHashMap;

use crate::flame::{Rows, profile_flame};
use crate::top::{Top, TopPlace, TopSums, by_function, by_line, place_name, shown_name};

/// Functions or lines listed of a type; the others are counted.
const LISTED_MAX: usize = 2_000;

/// What to put into the report.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Index of the sample type shown first.
    pub shown: usize,
    /// Which types get a call tree.
    pub trees: Trees,
    /// Functions or lines.
    pub rows: Rows,
}

/// Types a call tree is made of; a tree costs several times what the tables of all types do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trees {
    /// None.
    None,
    /// The one shown first.
    Shown,
    /// Every one.
    All,
}

/// The report, and what it leaves out by the names the envelope counts it under. `taken_at` is RFC 3339. Cost: linear in the frames of
/// all samples, once for the tables and once more a tree; where `sums` were taken as the samples were read, trees alone.
pub fn profile_report(
    profile: &Profile,
    wanted: Wanted,
    sums: Option<&TopSums>,
    taken_at: Option<String>,
) -> (ProfileReport, BTreeMap<String, u64>) {
    let mut hidden: BTreeMap<String, u64> = BTreeMap::new();
    let mut count = |what: &str, n: u64| {
        if n > 0 {
            *hidden.entry(what.to_owned()).or_default() += n;
        }
    };
    let starts = starts(profile);
    let all: Vec<usize> = (0..profile.sample_types.len()).collect();
    let tops = match (sums, wanted.rows) {
        (Some(sums), Rows::Functions | Rows::Lines) => sums.finish(profile, &all),
        (None, Rows::Functions) => by_function(profile, &all),
        (None, Rows::Lines) => by_line(profile, &all),
    };
    let mut types = Vec::with_capacity(profile.sample_types.len());
    for (at, (kind, top)) in profile.sample_types.iter().zip(tops).enumerate() {
        let is_drawn = match wanted.trees {
            Trees::None => false,
            Trees::Shown => at == wanted.shown,
            Trees::All => true,
        };
        let flame = is_drawn.then(|| {
            let (flame, below_zero) = profile_flame(profile, at, wanted.rows);
            count("samples_below_zero", below_zero);
            flame
        });
        count("functions_not_listed", top.rows.len().saturating_sub(LISTED_MAX) as u64);
        types.push(ProfileType {
            name: kind.name.to_string(),
            unit: kind.unit.to_string(),
            total: top.total,
            flame,
            functions: top.rows.len() as u64,
            top: listed(profile, &top, &starts),
        });
    }
    let report = ProfileReport {
        kind: profile.kind.as_str().to_owned(),
        taken_at,
        duration_s: profile.duration_ns.map(|ns| ns as f64 / 1e9),
        shown: wanted.shown as u32,
        by_line: wanted.rows == Rows::Lines,
        types,
    };
    (report, hidden)
}

/// The profile with those samples alone in whose stacks `focus` names a function or file, without those in whose stacks `ignore` does
/// (google/pprof `profile/filter.go`, `FilterSamplesByName`), and how many were left out.
pub fn select(profile: &Profile, focus: Option<&dyn Fn(&str) -> bool>, ignore: Option<&dyn Fn(&str) -> bool>) -> (Profile, u64) {
    let in_focus = focus.map(|names| stacks_with(profile, names));
    let ignored = ignore.map(|names| stacks_with(profile, names));
    let is_kept = |stack: StackId| {
        let at = stack.0 as usize;
        in_focus.as_ref().is_none_or(|stacks| stacks[at]) && !ignored.as_ref().is_some_and(|stacks| stacks[at])
    };
    let mut selected = profile.clone();
    let rows: Vec<bool> = profile.samples.stacks.iter().map(|stack| is_kept(*stack)).collect();
    retain(&mut selected.samples.stacks, &rows);
    retain(&mut selected.samples.labels, &rows);
    selected.samples.values.iter_mut().for_each(|column| retain(column, &rows));
    (selected, rows.iter().filter(|kept| !**kept).count() as u64)
}

fn retain<T>(column: &mut Vec<T>, kept: &[bool]) {
    let mut rows = kept.iter();
    column.retain(|_| rows.next().copied().unwrap_or(false));
}

/// For each stack whether any of its locations has such a name.
fn stacks_with(profile: &Profile, is_named: &dyn Fn(&str) -> bool) -> Vec<bool> {
    let mut known: FxHashMap<NameId, bool> = FxHashMap::default();
    let mut named = |id: NameId| *known.entry(id).or_insert_with(|| is_named(profile.names.text(id)));
    let locations: Vec<bool> = profile
        .locations
        .iter()
        .map(|location| {
            let lines = profile.lines_of(location).iter().any(|line| {
                let function = &profile.functions[line.function.0 as usize];
                named(function.name) || named(function.file)
            });
            lines || location.mapping.is_some_and(|MappingId(at)| named(profile.mappings[at as usize].file))
        })
        .collect();
    let any = |at: usize| profile.stacks.get(StackId(at as u32)).any(|location| locations[location.0 as usize]);
    (0..profile.stacks.len()).map(any).collect()
}

/// File and first line of the functions of each name.
fn starts(profile: &Profile) -> FxHashMap<NameId, (NameId, u32)> {
    let mut starts = FxHashMap::default();
    for (id, function) in (0u32..).zip(&profile.functions) {
        starts.entry(shown_name(profile, FunctionId(id))).or_insert((function.file, function.start_line));
    }
    starts
}

fn listed(profile: &Profile, top: &Top, starts: &FxHashMap<NameId, (NameId, u32)>) -> Vec<TopFunction> {
    let rows = top.rows.iter().take(LISTED_MAX);
    rows.map(|row| {
        let (func, file, line) = match row.at {
            TopPlace::Function(name) => {
                let (file, line) = starts.get(&name).copied().unwrap_or((NameId(0), 0));
                (place_name(profile, row.at), file, line)
            }
            TopPlace::Line(name, file, line) => (place_name(profile, TopPlace::Function(name)), file, line),
            TopPlace::Mapped(_) => (place_name(profile, row.at), NameId(0), 0),
        };
        TopFunction { func, file: profile.names.text(file).to_owned(), line, flat: row.flat, cum: row.cum }
    })
    .collect()
}
