//! A weighted profile: distinct stacks with a value per sample type, as profile.proto and the runtime's text forms have it.

use crate::{LabelSetId, NameId, Names, Place, StackId};

/// Index into [`Profile::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub u32);

/// Index into [`Profile::mappings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MappingId(pub u32);

/// Index into [`Profile::locations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocationId(pub u32);

/// What one value of a sample counts: `cpu` in `nanoseconds`, `inuse_space` in `bytes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SampleType {
    /// What is counted.
    pub name: Box<str>,
    /// In which unit.
    pub unit: Box<str>,
}

/// What a profile was taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileKind {
    /// CPU time.
    Cpu,
    /// Live and allocated memory, shown by what is live.
    Heap,
    /// Live and allocated memory, shown by what was allocated.
    Allocs,
    /// Time goroutines waited.
    Block,
    /// Time others waited for what a goroutine held; charged to the one that lets go.
    Mutex,
    /// Block or mutex: profile.proto does not say which, and the stacks do not either.
    Contention,
    /// Goroutines.
    Goroutine,
    /// Goroutines nothing can wake.
    GoroutineLeak,
    /// Threads by what made them.
    ThreadCreate,
    /// Something else.
    Other,
}

impl ProfileKind {
    /// The name `net/http/pprof` serves it under.
    pub fn as_str(self) -> &'static str {
        match self {
            ProfileKind::Cpu => "cpu",
            ProfileKind::Heap => "heap",
            ProfileKind::Allocs => "allocs",
            ProfileKind::Block => "block",
            ProfileKind::Mutex => "mutex",
            ProfileKind::Contention => "contention",
            ProfileKind::Goroutine => "goroutine",
            ProfileKind::GoroutineLeak => "goroutineleak",
            ProfileKind::ThreadCreate => "threadcreate",
            ProfileKind::Other => "other",
        }
    }
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// As the runtime names it (`pkg/path.(*T).Method`, `%2e` unescaped).
    pub name: NameId,
    /// As the linker names it; in Go's own profiles the same.
    pub system_name: NameId,
    /// Source file as recorded; empty when unknown.
    pub file: NameId,
    /// Line it starts at, from 1; 0 when unknown.
    pub start_line: u32,
}

/// A place in a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The function.
    pub function: FunctionId,
    /// Line in its file, from 1; 0 when unknown.
    pub line: u32,
    /// Column, from 1; 0 when unknown, as in all of Go's own profiles.
    pub column: u32,
}

/// A file mapped into the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub limit: u64,
    /// Where in the file it starts, in bytes.
    pub offset: u64,
    /// The file; empty when unknown.
    pub file: NameId,
    /// Its build id; empty when unknown.
    pub build_id: NameId,
    /// Whether its locations have functions, files, lines and inlined calls, as the writer claims.
    pub has: MappingHas,
}

/// What the writer of a profile claims to have symbolized in a mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "four flags of profile.proto, each by itself")]
pub struct MappingHas {
    /// Names of functions.
    pub functions: bool,
    /// Names of files.
    pub filenames: bool,
    /// Line numbers.
    pub line_numbers: bool,
    /// Calls inlined by the compiler.
    pub inline_frames: bool,
}

/// One address of a stack: the call standing there, and the calls inlined into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The address; 0 when unknown.
    pub address: u64,
    /// The mapping it lies in.
    pub mapping: Option<MappingId>,
    /// First of its lines in [`Profile::lines`], innermost first; all but the last are inlined calls.
    pub first_line: u32,
    /// How many lines; 0 when only the address is known.
    pub line_count: u32,
    /// Several addresses were folded into this one.
    pub folded: bool,
}

/// A call of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProfileFrame {
    /// The address it stands at.
    pub location: LocationId,
    /// The call; `None` when only the address is known.
    pub line: Option<Line>,
    /// The compiler inlined it into the next outer one.
    pub inlined: bool,
}

/// A label of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProfileLabel {
    /// Its key.
    pub key: NameId,
    /// Its value.
    pub value: LabelValue,
}

/// The value of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelValue {
    /// A text.
    Text(NameId),
    /// A number with its unit, which may be empty.
    Number(i64, NameId),
}

/// Distinct stacks. Numbers of locations are small where many stacks have them, and take one to five bytes each (LEB128).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stacks {
    ends: Vec<u32>,
    packed: Vec<u8>,
    locations: usize,
}

impl Stacks {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The locations of all of them together.
    pub fn total_len(&self) -> usize {
        self.locations
    }

    /// The locations of a stack, innermost first. `id` must come from this list.
    pub fn get(&self, id: StackId) -> StackLocations<'_> {
        StackLocations { packed: self.packed(id) }
    }

    pub(crate) fn packed(&self, id: StackId) -> &[u8] {
        let at = id.0 as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.packed[start as usize..self.ends[at] as usize]
    }

    pub(crate) fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.packed.shrink_to_fit();
    }

    /// Adds a stack without looking whether it is known.
    pub(crate) fn push(&mut self, packed: &[u8], locations: usize) -> StackId {
        let id = StackId(self.ends.len() as u32);
        self.packed.extend_from_slice(packed);
        self.ends.push(self.packed.len() as u32);
        self.locations += locations;
        id
    }
}

/// Appends locations as [`Stacks`] keeps them.
pub(crate) fn pack(locations: &[LocationId], out: &mut Vec<u8>) {
    for id in locations {
        put_varint(out, u64::from(id.0));
    }
}

/// Appends a number in one to ten bytes, seven bits each, the low ones first (LEB128, the varint of protocol buffers).
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The locations of one stack, innermost first.
#[derive(Clone, Debug)]
pub struct StackLocations<'a> {
    packed: &'a [u8],
}

impl Iterator for StackLocations<'_> {
    type Item = LocationId;

    #[inline]
    fn next(&mut self) -> Option<LocationId> {
        // Numbers of one to three bytes are nearly all there are.
        let len = match self.packed {
            [first, ..] if *first < 0x80 => 1,
            [_, second, ..] if *second < 0x80 => 2,
            [_, _, third, ..] if *third < 0x80 => 3,
            longer => 1 + longer.iter().position(|byte| *byte < 0x80)?,
        };
        let (number, rest) = self.packed.split_at(len);
        let value = number.iter().rev().fold(0, |value, byte| value << 7 | u32::from(byte & 0x7f));
        self.packed = rest;
        Some(LocationId(value))
    }
}

/// Samples in columns: row *n* is stack, labels and a value of each type. No two rows share stack and labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Stacks.
    pub stacks: Vec<StackId>,
    /// Label sets; 0 is the empty one.
    pub labels: Vec<LabelSetId>,
    /// One column a sample type, in the unit of the type.
    pub values: Vec<Vec<i64>>,
}

impl Samples {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.stacks.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }
}

/// A profile. Memory follows distinct stacks and label sets.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What it is of.
    pub kind: ProfileKind,
    /// What each value of a sample counts; at least one.
    pub sample_types: Vec<SampleType>,
    /// The type to show when none is asked for, where the writer names it.
    pub default_sample_type: Option<Box<str>>,
    /// What happens between two samples: a sample was taken every [`Profile::period`] of these.
    pub period_type: Option<SampleType>,
    /// Distance of samples, in the unit of the period's type; 0 when unknown.
    pub period: i64,
    /// When it was taken, in nanoseconds since 1970, where known.
    pub taken_at_ns: Option<i64>,
    /// How long it was taken for, in nanoseconds; `None` for those that count since the process started.
    pub duration_ns: Option<i64>,
    /// Free text of the writer.
    pub comments: Vec<Box<str>>,
    /// A page about the profile; empty when there is none.
    pub doc_url: Box<str>,
    /// Regular expression of functions left out with all they call; applied by the reader. Empty when there is none.
    pub drop_frames: Box<str>,
    /// Regular expression of functions kept nevertheless.
    pub keep_frames: Box<str>,
    /// Interned texts; number 0 is the empty one.
    pub names: Names,
    /// Distinct functions.
    pub functions: Vec<Function>,
    /// Mappings; the first is the program's own.
    pub mappings: Vec<Mapping>,
    /// Lines of all locations.
    pub lines: Vec<Line>,
    /// Distinct locations.
    pub locations: Vec<Location>,
    /// Distinct stacks.
    pub stacks: Stacks,
    /// Distinct label sets, each sorted by key; the first is empty.
    pub label_sets: Vec<Box<[ProfileLabel]>>,
    /// The samples.
    pub samples: Samples,
}

/// Is shown a profile's samples one after another, so that none needs to be kept.
pub trait SampleVisitor {
    /// A sample: where it was taken, innermost first, and a value a sample type. The profile holds what the locations stand for; more are
    /// added to it as samples name them.
    fn sample(&mut self, profile: &Profile, stack: &[LocationId], values: &[i64]);
}

impl Profile {
    /// The lines of a location, innermost first.
    pub fn lines_of(&self, location: &Location) -> &[Line] {
        let first = location.first_line as usize;
        &self.lines[first..first + location.line_count as usize]
    }

    /// Shows every sample to a visitor.
    pub fn visit(&self, visitor: &mut dyn SampleVisitor) {
        let (mut stack, mut values) = (Vec::new(), vec![0; self.samples.values.len()]);
        for (row, id) in self.samples.stacks.iter().enumerate() {
            stack.clear();
            stack.extend(self.stacks.get(*id));
            for (value, column) in values.iter_mut().zip(&self.samples.values) {
                *value = column[row];
            }
            visitor.sample(self, &stack, &values);
        }
    }

    /// The calls of a stack, innermost first, inlined ones included.
    pub fn frames(&self, stack: StackId) -> impl Iterator<Item = ProfileFrame> + '_ {
        self.stacks.get(stack).flat_map(|id| {
            let lines = self.lines_of(&self.locations[id.0 as usize]);
            let frame = move |line: Option<Line>, inlined| ProfileFrame { location: id, line, inlined };
            let bare = lines.is_empty().then(|| frame(None, false));
            let last = lines.len().saturating_sub(1);
            bare.into_iter().chain(lines.iter().enumerate().map(move |(at, line)| frame(Some(*line), at < last)))
        })
    }

    /// The name of a function; the linker's where it has no other.
    pub fn function_name(&self, id: FunctionId) -> &str {
        let function = self.functions[id.0 as usize];
        match self.names.text(function.name) {
            "" => self.names.text(function.system_name),
            name => name,
        }
    }

    /// What a frame is called: its function, or its address in hexadecimal.
    pub fn frame_name(&self, frame: ProfileFrame) -> std::borrow::Cow<'_, str> {
        match frame.line {
            Some(line) => self.function_name(line.function).into(),
            None => match self.locations[frame.location.0 as usize].address {
                0 => "<unknown>".into(),
                address => format!("{address:#x}").into(),
            },
        }
    }

    /// Function, file and line of a frame; an address without a function by itself.
    pub fn place(&self, frame: ProfileFrame) -> Place {
        let func = self.frame_name(frame).into_owned();
        let Some(line) = frame.line else { return Place { func, ..Place::default() } };
        let file = self.functions[line.function.0 as usize].file;
        Place { func, file: self.names.text(file).to_owned(), line: line.line }
    }

    /// The innermost call of a stack outside the runtime, which profile.proto leaves out and text forms do not; the innermost where all are
    /// the runtime's.
    pub fn allocator(&self, stack: StackId) -> Option<ProfileFrame> {
        let outside = |frame: &ProfileFrame| frame.line.is_none_or(|line| !is_runtime(self.function_name(line.function)));
        self.frames(stack).find(outside).or_else(|| self.frames(stack).next())
    }

    /// The index of the type to show when none is asked for: the one the writer names, else the last
    /// (google/pprof `profile/index.go`, `SampleIndexByName`).
    pub fn default_index(&self) -> usize {
        let named = self.default_sample_type.as_deref().and_then(|name| self.sample_index(name));
        named.unwrap_or(self.sample_types.len().saturating_sub(1))
    }

    /// The index of the type of this name. `inuse_space` and `inuse_objects` also find `space` and `objects`.
    pub fn sample_index(&self, name: &str) -> Option<usize> {
        let bare = name.strip_prefix("inuse_").unwrap_or(name);
        self.sample_types.iter().position(|kind| *kind.name == *name || *kind.name == *bare)
    }

    /// Σ values of a type, sign included; saturates.
    pub fn total(&self, index: usize) -> i64 {
        self.samples.values[index].iter().fold(0, |sum: i64, value| sum.saturating_add(*value))
    }
}

/// Whether a function is the runtime's own; those of `runtime/debug` and the like are of libraries.
pub fn is_runtime(func: &str) -> bool {
    func.starts_with("runtime.") || func.starts_with("internal/runtime/") || func.starts_with("runtime/internal/")
}

/// What so many sampled allocations of so many bytes together stand for: a block of *size* bytes is seen with probability
/// 1 − e^(−size/rate), where `rate` is the mean distance of samples in bytes (`runtime/pprof/protomem.go`, `scaleHeapSample`, Go 1.21 to
/// 1.27). Below 2 nothing is scaled.
pub fn heap_sample_scaled(count: i64, bytes: i64, rate: i64) -> (i64, i64) {
    if count == 0 || bytes == 0 {
        return (0, 0);
    }
    if rate <= 1 {
        return (count, bytes);
    }
    let average = bytes as f64 / count as f64;
    let scale = 1.0 / (1.0 - (-average / rate as f64).exp());
    ((count as f64 * scale) as i64, (bytes as f64 * scale) as i64)
}
