//! Where a profile's values are: what each function, or each line, costs by itself and with all it calls.
//!
//! Counted as google/pprof does (`internal/graph/graph.go`, `newGraph`): a function that stands several times in a stack counts once
//! in what it costs with its callees, and a call the compiler inlined is a call.

use herd_model::{FunctionId, Line, LocationId, MappingId, NameId, Profile, SampleVisitor};
use rustc_hash::FxHashMap;

use crate::flame::Rows;

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
    tops(profile, sample_types, Rows::Functions)
}

/// What each line costs, as [`by_function`].
pub fn by_line(profile: &Profile, sample_types: &[usize]) -> Vec<Top> {
    tops(profile, sample_types, Rows::Lines)
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

fn tops(profile: &Profile, sample_types: &[usize], rows: Rows) -> Vec<Top> {
    let mut sums = TopSums::new(rows);
    profile.visit(&mut sums);
    sums.finish(profile, sample_types)
}

/// Sums of samples that are shown one after another.
#[derive(Debug)]
pub struct TopSums {
    nodes: Nodes,
    /// Σ of each type without signs.
    totals: Vec<i64>,
    /// What each node has by itself, as many values a node as there are types.
    flat: Vec<i64>,
    /// Of each node the row, from 1, in which it was last seen, and what it has with its callees: next to each other, as they are used.
    cum: Vec<i64>,
    row: i64,
    /// The nodes of the sample's stack.
    calls: Vec<u32>,
}

impl TopSums {
    /// Nothing yet; of functions or of lines.
    pub fn new(rows: Rows) -> Self {
        let nodes =
            Nodes { rows, index: FxHashMap::default(), places: vec![], of_locations: vec![], several: vec![], of_lines: vec![] };
        TopSums { nodes, totals: vec![], flat: vec![], cum: vec![], row: 0, calls: vec![] }
    }

    /// The sums of these sample types.
    pub fn finish(&self, profile: &Profile, sample_types: &[usize]) -> Vec<Top> {
        sample_types.iter().map(|kind| self.top(profile, *kind)).collect()
    }

    /// Room for the nodes of all locations there are.
    #[cold]
    fn grow(&mut self, profile: &Profile, types: usize) {
        self.nodes.grow(profile);
        self.totals.resize(types, 0);
        self.flat.resize(self.nodes.places.len() * types, 0);
        self.cum.resize(self.nodes.places.len() * (types + 1), 0);
    }

    fn top(&self, profile: &Profile, sample_type: usize) -> Top {
        let types = self.totals.len();
        let (flat, cum) =
            (|node: usize| self.flat[node * types + sample_type], |node: usize| self.cum[node * (types + 1) + 1 + sample_type]);
        let rows = self.nodes.places.iter().enumerate();
        let rows = rows.map(|(node, at)| TopRow { at: *at, flat: flat(node), cum: cum(node) });
        let mut rows: Vec<TopRow> = rows.filter(|row| row.flat != 0 || row.cum != 0).collect();
        rows.sort_by_cached_key(|row| {
            let weight = |value: i64| std::cmp::Reverse(value.unsigned_abs());
            (weight(row.flat), weight(row.cum), place_name(profile, row.at))
        });
        Top { sample_type, total: self.totals.get(sample_type).copied().unwrap_or(0), rows }
    }
}

impl SampleVisitor for TopSums {
    fn sample(&mut self, profile: &Profile, stack: &[LocationId], values: &[i64]) {
        if self.nodes.of_locations.len() < profile.locations.len() || self.totals.len() < values.len() {
            self.grow(profile, values.len());
        }
        // First all nodes of the stack, then their sums: so many reads from all over the tables wait for memory together.
        self.calls.clear();
        for location in stack {
            self.nodes.push(*location, &mut self.calls);
        }
        self.row += 1;
        for (total, value) in self.totals.iter_mut().zip(values) {
            *total = total.saturating_add(value.saturating_abs());
        }
        if let Some(innermost) = self.calls.first() {
            let at = *innermost as usize * values.len();
            for (flat, value) in self.flat[at..at + values.len()].iter_mut().zip(values) {
                *flat = flat.saturating_add(*value);
            }
        }
        let wide = values.len() + 1;
        for node in &self.calls {
            let [seen, cum @ ..] = &mut self.cum[*node as usize * wide..][..wide] else { continue };
            if *seen == self.row {
                continue;
            }
            *seen = self.row;
            for (cum, value) in cum.iter_mut().zip(values) {
                *cum = cum.saturating_add(*value);
            }
        }
    }
}

/// The nodes of each location, innermost first.
#[derive(Debug)]
struct Nodes {
    rows: Rows,
    index: FxHashMap<TopPlace, u32>,
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

    /// Takes in the locations that were added.
    fn grow(&mut self, profile: &Profile) {
        for location in profile.locations.get(self.of_locations.len()..).unwrap_or_default() {
            let of = match profile.lines_of(location) {
                [] => {
                    let file = location.mapping.map_or(NameId(0), |MappingId(at)| profile.mappings[at as usize].file);
                    self.node(TopPlace::Mapped(file))
                }
                [only] => self.node(self.place(profile, only)),
                lines => {
                    let from = self.of_lines.len() as u32;
                    for line in lines {
                        let node = self.node(self.place(profile, line));
                        self.of_lines.push(node);
                    }
                    self.several.push((from, self.of_lines.len() as u32));
                    (self.several.len() as u32 - 1) | SEVERAL
                }
            };
            self.of_locations.push(of);
        }
    }

    fn node(&mut self, place: TopPlace) -> u32 {
        *self.index.entry(place).or_insert_with(|| {
            self.places.push(place);
            self.places.len() as u32 - 1
        })
    }

    fn place(&self, profile: &Profile, line: &Line) -> TopPlace {
        let name = shown_name(profile, line.function);
        match self.rows {
            Rows::Functions => TopPlace::Function(name),
            Rows::Lines => TopPlace::Line(name, profile.functions[line.function.0 as usize].file, line.line),
        }
    }
}
