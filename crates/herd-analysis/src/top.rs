//! Where a profile's values are: what each function, or each line, costs by itself and with all it calls.
//!
//! Counted as google/pprof does (`internal/graph/graph.go`, `newGraph`): a function that stands several times in a stack counts once
//! in what it costs with its callees, and a call the compiler inlined is a call.

use herd_model::{FunctionId, Line, LocationId, MappingId, NameId, Profile};
use rustc_hash::FxHashMap;

/// What the samples of one type add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    /// Index of the sample type.
    pub sample_type: usize,
    /// Σ of the values without their signs, in the unit of the type; saturates as all sums here do.
    pub total: i64,
    /// Functions or lines that are not zero, the costliest first.
    pub rows: Vec<TopRow>,
}

/// A function or a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopRow {
    /// What it is.
    pub at: TopPlace,
    /// Σ of the samples whose innermost call it is.
    pub flat: i64,
    /// Σ of the samples in whose stacks it is.
    pub cum: i64,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopPlace {
    /// All functions of this name.
    Function(NameId),
    /// A line, by name of its function, file and number.
    Line(NameId, NameId, u32),
    /// Addresses without a function, in this file.
    Mapped(NameId),
}

/// What each function costs, by the values of each of the sample types. Cost: linear in the frames of all samples, once for all types.
pub fn by_function(profile: &Profile, sample_types: &[usize]) -> Vec<Top> {
    tops(profile, sample_types, |line| TopPlace::Function(shown_name(profile, line.function)))
}

/// What each line costs, as [`by_function`].
pub fn by_line(profile: &Profile, sample_types: &[usize]) -> Vec<Top> {
    tops(profile, sample_types, |line| {
        let file = profile.functions[line.function.0 as usize].file;
        TopPlace::Line(shown_name(profile, line.function), file, line.line)
    })
}

/// What a place is called: `main.work`, `main.work main.go:3`, `[libc.so.6]`.
pub fn place_name(profile: &Profile, place: TopPlace) -> String {
    let text = |id| profile.names.text(id);
    let name = match place {
        TopPlace::Function(name) => text(name).to_owned(),
        TopPlace::Line(name, file, 0) => format!("{} {}", text(name), text(file)),
        TopPlace::Line(name, file, line) => format!("{} {}:{line}", text(name), text(file)),
        TopPlace::Mapped(file) if text(file).is_empty() => String::new(),
        TopPlace::Mapped(file) => format!("[{}]", crate::names::base(text(file))),
    };
    if name.trim().is_empty() { "<unknown>".to_owned() } else { name.trim().to_owned() }
}

pub(crate) fn shown_name(profile: &Profile, id: FunctionId) -> NameId {
    let function = &profile.functions[id.0 as usize];
    if profile.names.text(function.name).is_empty() { function.system_name } else { function.name }
}

fn tops(profile: &Profile, sample_types: &[usize], place_of: impl Fn(&Line) -> TopPlace) -> Vec<Top> {
    let nodes = nodes(profile, place_of);
    let columns: Vec<&[i64]> = sample_types.iter().map(|kind| &*profile.samples.values[*kind]).collect();
    let mut sums = Sums::new(nodes.places.len(), columns.len());
    let (mut values, mut calls) = (vec![0; columns.len()], Vec::new());
    for (row, id) in profile.samples.stacks.iter().enumerate() {
        for (value, column) in values.iter_mut().zip(&columns) {
            *value = column[row];
        }
        // First all nodes of the stack, then their sums: so many reads from all over the tables wait for memory together.
        calls.clear();
        for location in profile.stacks.get(*id) {
            nodes.push(location, &mut calls);
        }
        sums.begin(&values);
        for node in &calls {
            sums.add(*node, &values);
        }
    }
    (0..).zip(sample_types).map(|(column, kind)| sums.top(profile, *kind, column, &nodes)).collect()
}

/// What the values add up to.
struct Sums {
    /// Σ of each type without signs.
    totals: Vec<i64>,
    /// What each node has by itself, as many values a node as there are types.
    flat: Vec<i64>,
    /// Of each node the row, from 1, in which it was last seen, and what it has with its callees: next to each other, as they are used.
    cum: Vec<i64>,
    row: i64,
    /// No node of the row has been seen.
    innermost: bool,
}

impl Sums {
    fn new(nodes: usize, types: usize) -> Sums {
        let (flat, cum) = (vec![0; nodes * types], vec![0; nodes * (types + 1)]);
        Sums { totals: vec![0; types], flat, cum, row: 0, innermost: true }
    }

    /// Begins a sample.
    fn begin(&mut self, values: &[i64]) {
        self.row += 1;
        self.innermost = true;
        for (total, value) in self.totals.iter_mut().zip(values) {
            *total = total.saturating_add(value.saturating_abs());
        }
    }

    /// Adds a call of the sample's stack, the innermost first.
    #[inline]
    fn add(&mut self, node: u32, values: &[i64]) {
        let (at, wide) = (node as usize * values.len(), values.len() + 1);
        let [seen, cum @ ..] = &mut self.cum[node as usize * wide..][..wide] else { return };
        if *seen == self.row {
            return;
        }
        *seen = self.row;
        for (cum, value) in cum.iter_mut().zip(values) {
            *cum = cum.saturating_add(*value);
        }
        if std::mem::take(&mut self.innermost) {
            for (flat, value) in self.flat[at..at + values.len()].iter_mut().zip(values) {
                *flat = flat.saturating_add(*value);
            }
        }
    }

    fn top(&self, profile: &Profile, sample_type: usize, column: usize, nodes: &Nodes) -> Top {
        let types = self.totals.len();
        let (flat, cum) =
            (|node: usize| self.flat[node * types + column], |node: usize| self.cum[node * (types + 1) + 1 + column]);
        let rows = nodes.places.iter().enumerate();
        let rows = rows.map(|(node, at)| TopRow { at: *at, flat: flat(node), cum: cum(node) });
        let mut rows: Vec<TopRow> = rows.filter(|row| row.flat != 0 || row.cum != 0).collect();
        rows.sort_by_cached_key(|row| {
            let weight = |value: i64| std::cmp::Reverse(value.unsigned_abs());
            (weight(row.flat), weight(row.cum), place_name(profile, row.at))
        });
        Top { sample_type, total: self.totals[column], rows }
    }
}

/// The nodes of each location, innermost first.
struct Nodes {
    places: Vec<TopPlace>,
    /// A node, or with [`SEVERAL`] a place in the list of those that have several.
    of_locations: Vec<u32>,
    /// From where to where in [`Nodes::of_lines`].
    several: Vec<(u32, u32)>,
    of_lines: Vec<u32>,
}

/// Marks a location that has several nodes.
const SEVERAL: u32 = 1 << 31;

impl Nodes {
    #[inline]
    fn push(&self, location: LocationId, calls: &mut Vec<u32>) {
        let of = self.of_locations[location.0 as usize];
        if of & SEVERAL == 0 {
            calls.push(of);
        } else {
            let (from, to) = self.several[(of & !SEVERAL) as usize];
            calls.extend_from_slice(&self.of_lines[from as usize..to as usize]);
        }
    }
}

fn nodes(profile: &Profile, place_of: impl Fn(&Line) -> TopPlace) -> Nodes {
    let mut places = Vec::new();
    let mut index: FxHashMap<TopPlace, u32> = FxHashMap::default();
    let mut node = |place: TopPlace| {
        *index.entry(place).or_insert_with(|| {
            places.push(place);
            places.len() as u32 - 1
        })
    };
    let mapped = |id: Option<MappingId>| id.map_or(NameId(0), |id| profile.mappings[id.0 as usize].file);
    let (mut of_locations, mut several, mut of_lines) = (Vec::with_capacity(profile.locations.len()), Vec::new(), Vec::new());
    for location in &profile.locations {
        of_locations.push(match profile.lines_of(location) {
            [] => node(TopPlace::Mapped(mapped(location.mapping))),
            [only] => node(place_of(only)),
            lines => {
                let from = of_lines.len() as u32;
                of_lines.extend(lines.iter().map(|line| node(place_of(line))));
                several.push((from, of_lines.len() as u32));
                (several.len() as u32 - 1) | SEVERAL
            }
        });
    }
    Nodes { places, of_locations, several, of_lines }
}
