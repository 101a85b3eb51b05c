//! Puts a [`Profile`] together: interning, adding up samples of one stack, and folding one profile into another.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::profile::pack;
use crate::{
    Function, FunctionId, LabelSetId, LabelValue, Line, Location, LocationId, Mapping, MappingHas, MappingId, NameId, Names,
    Profile, ProfileKind, ProfileLabel, SampleType, Samples, StackId, Stacks,
};

/// Two mappings whose sizes differ by less are one, wherever the kernel put them (google/pprof `profile/merge.go`, `Mapping.key`).
const MAPPING_ROUND_BYTES: u64 = 0x1000;

/// A profile under construction. Interning is O(1) a call, O(depth) for a stack; [`ProfileBuilder::absorb`] is linear in what it adds.
#[derive(Clone, Debug)]
pub struct ProfileBuilder {
    profile: Profile,
    functions: FxHashMap<Function, FunctionId>,
    labels: FxHashMap<Box<[ProfileLabel]>, LabelSetId>,
    // Indexes into the profile's own lists, so that no key is kept twice.
    locations: HashTable<LocationId>,
    stacks: HashTable<StackId>,
    /// The stack that is being looked for, as the list keeps it.
    packed: Vec<u8>,
    rows: HashTable<u32>,
    /// One more than the row of each stack without labels, 0 where there is none: most stacks of most profiles have no other.
    plain_rows: Vec<u32>,
}

/// A location about to be interned.
#[derive(Clone, Copy, Debug)]
pub struct NewLocation<'a> {
    /// The address; 0 when unknown.
    pub address: u64,
    /// The mapping it lies in.
    pub mapping: Option<MappingId>,
    /// Innermost first.
    pub lines: &'a [Line],
    /// Several addresses were folded into this one.
    pub folded: bool,
}

/// Why two profiles cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    /// What is not alike: `sample types` or `period types`.
    pub what: &'static str,
    /// Those of the first, `name/unit` parted by commas.
    pub one: String,
    /// Those of the other.
    pub other: String,
}

impl ProfileBuilder {
    /// An empty profile of these sample types.
    pub fn new(kind: ProfileKind, sample_types: Vec<SampleType>) -> Self {
        let mut names = Names::default();
        names.intern("");
        let empty: Box<[ProfileLabel]> = Box::default();
        let samples = Samples { values: vec![Vec::new(); sample_types.len()], ..Samples::default() };
        ProfileBuilder {
            profile: Profile {
                kind,
                sample_types,
                default_sample_type: None,
                period_type: None,
                period: 0,
                taken_at_ns: None,
                duration_ns: None,
                comments: Vec::new(),
                doc_url: Box::default(),
                drop_frames: Box::default(),
                keep_frames: Box::default(),
                names,
                functions: Vec::new(),
                mappings: Vec::new(),
                lines: Vec::new(),
                locations: Vec::new(),
                stacks: Stacks::default(),
                label_sets: vec![empty.clone()],
                samples,
            },
            functions: FxHashMap::default(),
            labels: FxHashMap::from_iter([(empty, LabelSetId(0))]),
            locations: HashTable::new(),
            stacks: HashTable::new(),
            packed: Vec::new(),
            rows: HashTable::new(),
            plain_rows: Vec::new(),
        }
    }

    /// A profile with the headers of this one, which has no samples.
    pub fn of_head(head: Profile) -> Self {
        let mut builder = ProfileBuilder::new(head.kind, head.sample_types.clone());
        builder.profile = head;
        builder
    }

    /// Makes room for so many more stacks, locations and functions.
    pub fn reserve(&mut self, stacks: usize, locations: usize, functions: usize) {
        let profile = &mut self.profile;
        let list = &profile.stacks;
        self.stacks.reserve(stacks, |id| hash_of(list.packed(*id)));
        self.plain_rows.reserve(stacks);
        let (known, lines) = (&profile.locations, &profile.lines);
        self.locations.reserve(locations, |id| known_location_hash(&known[id.0 as usize], lines));
        self.functions.reserve(functions);
        profile.locations.reserve(locations);
        profile.functions.reserve(functions);
    }

    /// What has been put in.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Kind, times, period, comments and the like are set directly; lists and indexes are the builder's.
    pub fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }

    /// Interns a text.
    pub fn name(&mut self, text: &str) -> NameId {
        self.profile.names.intern(text)
    }

    /// Interns a function.
    pub fn function(&mut self, function: Function) -> FunctionId {
        let next = FunctionId(self.profile.functions.len() as u32);
        *self.functions.entry(function).or_insert_with(|| {
            self.profile.functions.push(function);
            next
        })
    }

    /// Adds a mapping unless just this one is known. Cost: linear in mappings, of which a process has few.
    pub fn mapping(&mut self, mapping: Mapping) -> MappingId {
        let known = self.profile.mappings.iter().position(|known| *known == mapping);
        MappingId(known.unwrap_or_else(|| {
            self.profile.mappings.push(mapping);
            self.profile.mappings.len() - 1
        }) as u32)
    }

    /// The mapping of the same file, added where there is none, and what to add to an address of it to move it there.
    pub fn mapping_alike(&mut self, mapping: Mapping) -> (MappingId, u64) {
        let known = self.profile.mappings.iter().position(|known| mapping_key(known) == mapping_key(&mapping));
        match known {
            Some(at) => (MappingId(at as u32), self.profile.mappings[at].start.wrapping_sub(mapping.start)),
            None => (self.mapping(mapping), 0),
        }
    }

    /// Interns a location.
    pub fn location(&mut self, new: NewLocation<'_>) -> LocationId {
        let profile = &self.profile;
        let same = |id: &LocationId| {
            let known = &profile.locations[id.0 as usize];
            known.address == new.address
                && known.mapping == new.mapping
                && known.folded == new.folded
                && profile.lines_of(known) == new.lines
        };
        let hash = location_hash(new.address, new.mapping, new.lines);
        if let Some(id) = self.locations.find(hash, same) {
            return *id;
        }
        let id = LocationId(profile.locations.len() as u32);
        let first_line = profile.lines.len() as u32;
        let NewLocation { address, mapping, lines, folded } = new;
        self.profile.lines.extend_from_slice(lines);
        self.profile.locations.push(Location { address, mapping, first_line, line_count: lines.len() as u32, folded });
        let (known, lines) = (&self.profile.locations, &self.profile.lines);
        self.locations.insert_unique(hash, id, |id| known_location_hash(&known[id.0 as usize], lines));
        id
    }

    /// Interns a stack, innermost location first.
    pub fn stack(&mut self, locations: &[LocationId]) -> StackId {
        let stacks = &mut self.profile.stacks;
        self.packed.clear();
        pack(locations, &mut self.packed);
        let packed = &*self.packed;
        let hash = hash_of(packed);
        if let Some(id) = self.stacks.find(hash, |id| stacks.packed(*id) == packed) {
            return *id;
        }
        let id = stacks.push(packed, locations.len());
        self.stacks.insert_unique(hash, id, |id| hash_of(stacks.packed(*id)));
        id
    }

    /// Interns a label set; labels are sorted by key here, those of one key keep their order.
    pub fn labels(&mut self, labels: &mut [ProfileLabel]) -> LabelSetId {
        if labels.is_empty() {
            return LabelSetId(0);
        }
        let names = &self.profile.names;
        labels.sort_by(|a, b| names.text(a.key).cmp(names.text(b.key)));
        if let Some(id) = self.labels.get(&*labels) {
            return *id;
        }
        let id = LabelSetId(self.profile.label_sets.len() as u32);
        self.profile.label_sets.push((&*labels).into());
        self.labels.insert((&*labels).into(), id);
        id
    }

    /// Adds values, one a sample type, to the row of this stack and label set; sums saturate. A sample of zeroes only is left out.
    pub fn sample(&mut self, stack: StackId, labels: LabelSetId, values: &[i64]) {
        if values.iter().all(|value| *value == 0) {
            return;
        }
        if let Some(row) = self.row(stack, labels) {
            for (column, value) in self.profile.samples.values.iter_mut().zip(values) {
                let sum = &mut column[row as usize];
                *sum = sum.saturating_add(*value);
            }
            return;
        }
        let samples = &mut self.profile.samples;
        let row = samples.len() as u32;
        samples.stacks.push(stack);
        samples.labels.push(labels);
        for (column, value) in samples.values.iter_mut().zip(values) {
            column.push(*value);
        }
        if labels == LabelSetId(0) {
            let stacks = self.profile.stacks.len();
            self.plain_rows.resize(stacks, 0);
            self.plain_rows[stack.0 as usize] = row + 1;
        } else {
            self.rows.insert_unique(hash_of(&(stack, labels)), row, |row| row_hash(samples, *row));
        }
    }

    /// The row of this stack and label set.
    fn row(&self, stack: StackId, labels: LabelSetId) -> Option<u32> {
        if labels == LabelSetId(0) {
            return self.plain_rows.get(stack.0 as usize)?.checked_sub(1);
        }
        let samples = &self.profile.samples;
        let same = |row: &u32| samples.stacks[*row as usize] == stack && samples.labels[*row as usize] == labels;
        self.rows.find(hash_of(&(stack, labels)), same).copied()
    }

    /// Adds all samples of `part`, and of its tables what they use. Sample and period types must be alike; addresses are moved to where
    /// the mapping of the same file lies here. The period becomes the longer one, the time the earlier, durations add up.
    pub fn absorb(&mut self, part: &Profile) -> Result<(), Unlike> {
        self.alike(part)?;
        self.absorb_header(part);
        // The first mapping is the program's own, whatever the samples use first.
        let mut moved = Moved::new(part);
        if self.profile.mappings.is_empty() && !part.mappings.is_empty() {
            moved.mapping(self, part, MappingId(0));
        }
        let (mut stack, mut values) = (Vec::new(), vec![0; part.sample_types.len()]);
        for row in 0..part.samples.len() {
            for (value, column) in values.iter_mut().zip(&part.samples.values) {
                *value = column[row];
            }
            if values.iter().all(|value| *value == 0) {
                continue;
            }
            stack.clear();
            stack.extend(part.stacks.get(part.samples.stacks[row]).map(|id| moved.location(self, part, id)));
            let stack = self.stack(&stack);
            let labels = moved.labels(self, part, part.samples.labels[row]);
            self.sample(stack, labels, &values);
        }
        Ok(())
    }

    /// Whether samples of the other count the same.
    pub fn alike(&self, other: &Profile) -> Result<(), Unlike> {
        alike(&self.profile, other)
    }

    /// Kind, times and the like of `part`, not its samples; they add up as in google/pprof (`profile/merge.go`, `combineHeaders`).
    pub fn absorb_header(&mut self, part: &Profile) {
        let into = &mut self.profile;
        into.kind = both_kinds(into.kind, part.kind);
        into.taken_at_ns = [into.taken_at_ns, part.taken_at_ns].into_iter().flatten().min();
        into.duration_ns = match (into.duration_ns, part.duration_ns) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        into.period = into.period.max(part.period);
        for comment in &part.comments {
            if !into.comments.contains(comment) {
                into.comments.push(comment.clone());
            }
        }
        if into.default_sample_type.is_none() {
            into.default_sample_type.clone_from(&part.default_sample_type);
        }
        if into.doc_url.is_empty() {
            into.doc_url.clone_from(&part.doc_url);
        }
        if into.samples.is_empty() && into.period_type.is_none() {
            into.period_type.clone_from(&part.period_type);
        }
        if into.drop_frames.is_empty() {
            into.drop_frames.clone_from(&part.drop_frames);
            into.keep_frames.clone_from(&part.keep_frames);
        }
    }

    /// The finished profile.
    pub fn finish(self) -> Profile {
        let mut profile = self.profile;
        profile.stacks.shrink();
        profile
    }
}

/// The kind of a sum. Block and mutex profiles count alike, and so do heap and allocs.
fn both_kinds(one: ProfileKind, other: ProfileKind) -> ProfileKind {
    use ProfileKind::{Allocs, Block, Contention, Heap, Mutex};
    match (one, other) {
        (one, other) if one == other => one,
        (Block | Mutex | Contention, Block | Mutex | Contention) => Contention,
        (Heap | Allocs, Heap | Allocs) => one,
        _ => ProfileKind::Other,
    }
}

/// Whether samples of the two count the same.
fn alike(one: &Profile, other: &Profile) -> Result<(), Unlike> {
    let told =
        |types: &[SampleType]| types.iter().map(|kind| format!("{}/{}", kind.name, kind.unit)).collect::<Vec<_>>().join(", ");
    if one.sample_types != other.sample_types {
        let (one, other) = (told(&one.sample_types), told(&other.sample_types));
        return Err(Unlike { what: "sample types", one, other });
    }
    match (&one.period_type, &other.period_type) {
        (Some(one), Some(other)) if one != other => {
            let told = |kind: &SampleType| told(std::slice::from_ref(kind));
            Err(Unlike { what: "period types", one: told(one), other: told(other) })
        }
        _ => Ok(()),
    }
}

fn row_hash(samples: &Samples, row: u32) -> u64 {
    hash_of(&(samples.stacks[row as usize], samples.labels[row as usize]))
}

fn known_location_hash(known: &Location, lines: &[Line]) -> u64 {
    let first = known.first_line as usize;
    location_hash(known.address, known.mapping, &lines[first..first + known.line_count as usize])
}

fn location_hash(address: u64, mapping: Option<MappingId>, lines: &[Line]) -> u64 {
    hash_of(&(address, mapping, lines))
}

fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    FxBuildHasher.hash_one(value)
}

/// Where the parts of one profile went in another.
struct Moved {
    names: Vec<Option<NameId>>,
    functions: Vec<Option<FunctionId>>,
    mappings: Vec<Option<(MappingId, u64)>>,
    locations: Vec<Option<LocationId>>,
    labels: Vec<Option<LabelSetId>>,
}

impl Moved {
    fn new(part: &Profile) -> Self {
        Moved {
            names: vec![None; part.names.len()],
            functions: vec![None; part.functions.len()],
            mappings: vec![None; part.mappings.len()],
            locations: vec![None; part.locations.len()],
            labels: vec![None; part.label_sets.len()],
        }
    }

    fn name(&mut self, into: &mut ProfileBuilder, part: &Profile, id: NameId) -> NameId {
        *self.names[id.0 as usize].get_or_insert_with(|| into.name(part.names.text(id)))
    }

    fn function(&mut self, into: &mut ProfileBuilder, part: &Profile, id: FunctionId) -> FunctionId {
        if let Some(known) = self.functions[id.0 as usize] {
            return known;
        }
        let from = part.functions[id.0 as usize];
        let name = self.name(into, part, from.name);
        let system_name = self.name(into, part, from.system_name);
        let file = self.name(into, part, from.file);
        let new = into.function(Function { name, system_name, file, start_line: from.start_line });
        self.functions[id.0 as usize] = Some(new);
        new
    }

    /// The mapping of the same file, and what to add to an address to move it there.
    fn mapping(&mut self, into: &mut ProfileBuilder, part: &Profile, id: MappingId) -> (MappingId, u64) {
        if let Some(known) = self.mappings[id.0 as usize] {
            return known;
        }
        let from = part.mappings[id.0 as usize];
        let file = self.name(into, part, from.file);
        let build_id = self.name(into, part, from.build_id);
        let new = into.mapping_alike(Mapping { file, build_id, ..from });
        self.mappings[id.0 as usize] = Some(new);
        new
    }

    fn location(&mut self, into: &mut ProfileBuilder, part: &Profile, id: LocationId) -> LocationId {
        if let Some(known) = self.locations[id.0 as usize] {
            return known;
        }
        let from = part.locations[id.0 as usize];
        let mapping = from.mapping.map(|mapping| self.mapping(into, part, mapping));
        let lines: Vec<Line> = part
            .lines_of(&from)
            .iter()
            .map(|line| Line { function: self.function(into, part, line.function), ..*line })
            .collect();
        let address = from.address.wrapping_add(mapping.map_or(0, |(_, by)| by));
        let mapping = mapping.map(|(mapping, _)| mapping);
        let new = into.location(NewLocation { address, mapping, lines: &lines, folded: from.folded });
        self.locations[id.0 as usize] = Some(new);
        new
    }

    fn labels(&mut self, into: &mut ProfileBuilder, part: &Profile, id: LabelSetId) -> LabelSetId {
        if let Some(known) = self.labels[id.0 as usize] {
            return known;
        }
        let mut labels: Vec<ProfileLabel> = part.label_sets[id.0 as usize]
            .iter()
            .map(|label| ProfileLabel {
                key: self.name(into, part, label.key),
                value: match label.value {
                    LabelValue::Text(text) => LabelValue::Text(self.name(into, part, text)),
                    LabelValue::Number(number, unit) => LabelValue::Number(number, self.name(into, part, unit)),
                },
            })
            .collect();
        let new = into.labels(&mut labels);
        self.labels[id.0 as usize] = Some(new);
        new
    }
}

/// What two mappings of one file share: size, offset, and build id, or the name of the file where there is none.
fn mapping_key(mapping: &Mapping) -> (u64, u64, NameId) {
    let size = mapping.limit.wrapping_sub(mapping.start).wrapping_add(MAPPING_ROUND_BYTES - 1);
    let named = if mapping.build_id == NameId(0) { mapping.file } else { mapping.build_id };
    (size - size % MAPPING_ROUND_BYTES, mapping.offset, named)
}

impl Mapping {
    /// A mapping of which nothing is known, as text forms have it.
    pub fn unknown() -> Self {
        let has = MappingHas { functions: true, filenames: true, line_numbers: true, inline_frames: true };
        Mapping { start: 0, limit: u64::MAX, offset: 0, file: NameId(0), build_id: NameId(0), has }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_types() -> Vec<SampleType> {
        vec![SampleType { name: "n".into(), unit: "count".into() }]
    }

    fn part(start: u64, func: &str, value: i64) -> Profile {
        let mut builder = ProfileBuilder::new(ProfileKind::Other, sample_types());
        let file = builder.name("/bin/a");
        let mapping = builder.mapping(Mapping {
            start,
            limit: start + 0x2000,
            offset: 0,
            file,
            build_id: NameId(0),
            has: MappingHas::default(),
        });
        let name = builder.name(func);
        let function = builder.function(Function { name, system_name: name, file, start_line: 1 });
        let lines = [Line { function, line: 3, column: 0 }];
        let location =
            builder.location(NewLocation { address: start + 16, mapping: Some(mapping), lines: &lines, folded: false });
        let stack = builder.stack(&[location, location]);
        let key = builder.name("bytes");
        let labels = builder.labels(&mut [ProfileLabel { key, value: LabelValue::Number(8, NameId(0)) }]);
        builder.sample(stack, labels, &[value]);
        builder.finish()
    }

    #[test]
    fn a_program_loaded_elsewhere_adds_to_the_same_row() {
        let mut whole = ProfileBuilder::new(ProfileKind::Other, sample_types());
        for part in [part(0x1000, "a.f", 2), part(0x70_0000, "a.f", 3), part(0x1000, "a.g", 5)] {
            whole.absorb(&part).expect("alike");
        }
        let whole = whole.finish();
        assert_eq!(whole.samples.values, [[5, 5]]);
        assert_eq!((whole.mappings.len(), whole.locations.len(), whole.stacks.len()), (1, 2, 2));
        assert_eq!(whole.label_sets.len(), 2);
    }

    #[test]
    fn what_is_not_alike_is_refused() {
        let mut whole = ProfileBuilder::new(ProfileKind::Other, vec![SampleType { name: "m".into(), unit: "count".into() }]);
        let unlike = whole.absorb(&part(0, "a.f", 1)).expect_err("other sample types");
        assert_eq!((unlike.what, unlike.one.as_str(), unlike.other.as_str()), ("sample types", "m/count", "n/count"));
        assert!(whole.finish().samples.is_empty());
    }
}
