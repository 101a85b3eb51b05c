//! One dump being counted: from blocks to clusters.

use herd_model::{
    Address, Ancestor, Cluster, ClusterId, Crash, FrameId, GoroutineId, LabelSetId, NoteKind, ObjectKind, Origin,
    SnapshotBuilder, Stack, Truncation, WaitReason,
};
use rustc_hash::FxHashMap;

use super::block::{self, Block, FrameText};
use super::header::Header;
use super::interlude::Interlude;
use super::notes::{Notes, quote};
use super::scan::{self, STARTS, Scan};
use crate::labels;

/// Stack hashes remembered; beyond it the memory starts afresh, which costs time and changes no count.
const MAX_KNOWN: usize = 1 << 16;
/// Distinct clusters kept; goroutines of further ones are counted in one cluster without frames.
pub const MAX_CLUSTERS: usize = 1 << 20;
/// Distinct addresses kept in a cluster's table (the log keeps each goroutine's own).
pub const MAX_OBJECTS: usize = 1 << 17;
/// Distinct label sets kept.
pub const MAX_LABEL_SETS: usize = 1 << 18;
/// Text kept of one cluster's first goroutine.
pub const MAX_SAMPLE_BYTES: usize = 16 << 10;
/// Text kept of all clusters' first goroutines.
pub const MAX_SAMPLES_BYTES: usize = 8 << 20;
/// Goroutines a record of a profile can stand for; a machine holds fewer, and sums of them do not overflow.
pub const MAX_COUNT: u64 = 1 << 40;
/// Ids kept to recognise the next dump of the same process.
pub const HEAD_IDS: usize = 64;

/// A stack met before.
#[derive(Clone, Copy, Debug)]
struct Known {
    cluster: ClusterId,
    object_lines: [u8; OBJECT_LINES],
}

const NO_LINE: u8 = u8::MAX;
/// Lines of a stack that may name what it waits on; a writer that waits in an RWMutex's Mutex has five.
const OBJECT_LINES: usize = 8;

/// What the first header of a segment and the lines before it say about where dumps divide.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each read from one line")]
pub struct Opener {
    /// Lines before it.
    pub interlude: Interlude,
    /// Its id.
    pub id: u64,
    /// The id of the goroutine right behind it.
    pub next_id: Option<u64>,
    /// It is running.
    pub running: bool,
    /// It is goleak's.
    pub goleak: bool,
    /// It is a goroutine, not a profile's first line.
    pub goroutine: bool,
    /// The reader had seen all before it, so the decision has been taken.
    pub decided: bool,
}

/// A dump, or a part of one, being counted.
#[derive(Debug)]
pub struct Segment {
    /// The snapshot so far.
    pub builder: SnapshotBuilder,
    /// How it began.
    pub opener: Opener,
    /// Ids of its first goroutines.
    pub head_ids: Vec<u64>,
    /// Offset of its first header.
    pub start: u64,
    /// Offset behind its last byte.
    pub end: u64,
    /// Some goroutine has a creator, so its absence means something.
    pub has_creators: bool,
    /// The input ends here, behind a goroutine without a creator.
    pub ends_without_creator: Option<u64>,
    /// Another writer's dumps stand beside it: its time must not line it up with them.
    pub undated: bool,
    /// Lines between frames that are not of a stack, and where the first such stack stands.
    pub foreign: Option<(u64, u64)>,
    known: FxHashMap<u64, Known>,
    known_labels: FxHashMap<Box<[u8]>, LabelSetId>,
    samples_bytes: usize,
    objects: usize,
}

/// Where a block stands.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// Byte offset of the header.
    pub offset: u64,
    /// Line of the header, from 1.
    pub line: u64,
}

impl Segment {
    /// An empty one.
    pub fn new(origin: Origin, opener: Opener, start: u64) -> Self {
        let mut segment = Segment {
            builder: SnapshotBuilder::new(origin),
            opener,
            head_ids: Vec::new(),
            start,
            end: start,
            has_creators: false,
            ends_without_creator: None,
            undated: false,
            foreign: None,
            known: FxHashMap::default(),
            known_labels: FxHashMap::default(),
            samples_bytes: 0,
            objects: 0,
        };
        segment.take_opener();
        segment
    }

    /// Its clusters.
    pub fn clusters_mut(&mut self) -> impl Iterator<Item = &mut Cluster> {
        self.builder.snapshot_mut().clusters.iter_mut()
    }

    /// Says of the snapshot what its opener knows.
    pub fn take_opener(&mut self) {
        let interlude = &self.opener.interlude;
        let (stamp, go_version, crash) = (interlude.stamp(), interlude.go_version.clone(), interlude.crash.clone());
        let runner = self.runner();
        let snapshot = self.builder.snapshot_mut();
        snapshot.taken_at_ns = stamp;
        snapshot.go_version = go_version;
        if let Some(reason) = crash {
            snapshot.crash = Some(Crash { reason, goroutine: runner });
            if snapshot.origin == Origin::Stacks {
                snapshot.origin = Origin::Crash;
            }
        }
    }

    /// The first running goroutine.
    fn runner(&self) -> Option<u64> {
        let clusters = &self.builder.snapshot().clusters;
        let running = clusters.iter().filter(|cluster| cluster.state == WaitReason::Running).min_by_key(|cluster| cluster.offset);
        running.and_then(|cluster| cluster.log.iter().next()).map(|goroutine| goroutine.id)
    }

    /// Its form.
    pub fn origin(&self) -> Origin {
        self.builder.snapshot().origin
    }

    /// Counts a goroutine whose stack was met before; `false` when it was not.
    pub fn count_known(&mut self, header: &Header<'_>, body: &[u8], found: &Scan, at: At, notes: &mut Notes) -> bool {
        if found.careful || header.odd.is_some() {
            return false;
        }
        let Some(known) = self.known.get(&found.hash).copied() else { return false };
        let object = known.object_lines.iter().take_while(|line| **line != NO_LINE).find_map(|line| {
            let start = found.starts[usize::from(*line) % STARTS] as usize;
            block::first_address(first_line(&body[start..]))
        });
        self.take_system(header.system);
        let parent = found.creator.and_then(|start| block::split_creator(first_line(&body[start as usize..])).1);
        self.count(known.cluster, header, parent, object, at, notes);
        true
    }

    /// Counts a goroutine whose block was read in full; remembers its stack under `hash` when it may be.
    pub fn count_block(
        &mut self,
        header: &Header<'_>,
        block: &Block<'_>,
        text: &[u8],
        hash: Option<u64>,
        at: At,
        notes: &mut Notes,
    ) {
        let state = WaitReason::from_text(&String::from_utf8_lossy(header.state));
        if let WaitReason::Other(_) = state {
            notes.add_once(NoteKind::Malformed, at.offset, &format!("unknown goroutine state {}", quote(header.state, 60)));
        }
        if let Some(part) = header.odd {
            notes.add(
                NoteKind::Malformed,
                at.offset,
                format!("the header of goroutine {} has a part {part} no known Go version prints", header.goroutine.id),
            );
        }
        if block.foreign > 0 {
            self.add_foreign(u64::from(block.foreign), at.offset);
        }
        if block.dropped > 0 {
            notes.add(
                NoteKind::Limit,
                at.offset,
                format!("kept {} frames of a stack, dropped {}", block::MAX_FRAMES, block.dropped),
            );
        }
        self.take_system(header.system || block.system);
        self.has_creators |= block.created_by.is_some();
        let waits_on = block::waits_on(&block.frames);
        let lines = waits_on.as_ref().map_or(&[][..], |(_, lines)| lines);
        let body = &text[block::line_of(text).1..];
        let object = lines.iter().find_map(|line| block::first_address(nth_line(body, *line)));
        let id = self.cluster_of(block, state, at, notes);
        if let Some(hash) = hash {
            self.remember(hash, id, lines);
        }
        let kind = waits_on.as_ref().map(|(kind, _)| *kind);
        self.introduce(id, kind, text, at, notes);
        self.count(id, header, block.parent, object, at, notes);
    }

    /// Only a dying process prints what the runtime keeps for itself.
    fn take_system(&mut self, system: bool) {
        let origin = &mut self.builder.snapshot_mut().origin;
        if system && *origin == Origin::Stacks {
            *origin = Origin::Crash;
        }
    }

    fn add_foreign(&mut self, lines: u64, offset: u64) {
        let (before, first) = self.foreign.unwrap_or((0, offset));
        self.foreign = Some((before + lines, first));
    }

    fn remember(&mut self, hash: u64, cluster: ClusterId, lines: &[u32]) {
        let mut object_lines = [NO_LINE; OBJECT_LINES];
        if lines.len() > object_lines.len() || lines.iter().any(|line| *line as usize >= STARTS) {
            return;
        }
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        for (slot, line) in object_lines.iter_mut().zip(lines) {
            *slot = *line as u8;
        }
        self.known.insert(hash, Known { cluster, object_lines });
    }

    fn cluster_of(&mut self, block: &Block<'_>, state: WaitReason, at: At, notes: &mut Notes) -> ClusterId {
        if self.builder.snapshot().clusters.len() >= MAX_CLUSTERS {
            notes.add_once(NoteKind::Limit, at.offset, CLUSTERS_NOTE);
            let stack = self.builder.stack(Stack::default());
            return self.builder.cluster(stack, WaitReason::Unknown);
        }
        let frames = self.frames(&block.frames);
        let created_by = block.created_by.map(|frame| self.frame(&frame));
        let ancestors = block
            .ancestors
            .iter()
            .map(|ancestor| Ancestor {
                frames: self.frames(&ancestor.frames),
                created_by: ancestor.created_by.map(|frame| self.frame(&frame)),
            })
            .collect();
        let stack = Stack {
            frames,
            created_by,
            elided: block.elided,
            elided_at: block.elided_at,
            ancestors,
            unavailable: block.unavailable,
        };
        let stack = self.builder.stack(stack);
        self.builder.cluster(stack, state)
    }

    fn frames(&mut self, frames: &[FrameText<'_>]) -> Box<[FrameId]> {
        frames.iter().map(|frame| self.frame(frame)).collect()
    }

    fn frame(&mut self, frame: &FrameText<'_>) -> FrameId {
        self.builder.frame(&herd_model::unescaped(frame.func), &String::from_utf8_lossy(frame.file), frame.line)
    }

    /// Writes down what is said once of a cluster: where it first stands, its text, what it waits on.
    pub fn introduce(&mut self, id: ClusterId, kind: Option<ObjectKind>, text: &[u8], at: At, notes: &mut Notes) {
        let samples_bytes = &mut self.samples_bytes;
        let cluster = self.builder.cluster_mut(id);
        if cluster.count > 0 {
            return;
        }
        (cluster.offset, cluster.line, cluster.object_kind) = (at.offset, at.line, kind);
        let sample = String::from_utf8_lossy(&text[..text.len().min(MAX_SAMPLE_BYTES)]);
        let sample = sample.trim_end_matches(['\u{fffd}', '\n', '\r']);
        // Once over the limit no later sample is kept, however small: which ones stay must not depend on how the input was cut up.
        *samples_bytes = samples_bytes.saturating_add(sample.len());
        if *samples_bytes <= MAX_SAMPLES_BYTES {
            cluster.sample = sample.into();
        } else {
            *samples_bytes = usize::MAX;
            notes.add_once(NoteKind::Limit, at.offset, SAMPLES_NOTE);
        }
    }

    fn count(&mut self, id: ClusterId, header: &Header<'_>, parent: Option<u64>, object: Option<u64>, at: At, notes: &mut Notes) {
        let mut goroutine = header.goroutine;
        if self.head_ids.len() < HEAD_IDS {
            self.head_ids.push(goroutine.id);
        }
        goroutine.parent = parent.map(GoroutineId);
        goroutine.object = object.map(Address);
        goroutine.labels = header.labels.and_then(|text| self.label_set(text, at, notes));
        self.builder.log(id, &goroutine);
        let cluster = self.builder.cluster_mut(id);
        if let Some(object) = goroutine.object {
            count_object(cluster, object, &mut self.objects, at, notes);
        }
        if header.state == b"running"
            && let Some(crash) = self.builder.snapshot_mut().crash.as_mut().filter(|crash| crash.goroutine.is_none())
        {
            crash.goroutine = Some(goroutine.id);
        }
    }

    /// The id of a label set as it stands in a header or a `# labels:` line.
    pub fn label_set(&mut self, text: &[u8], at: At, notes: &mut Notes) -> Option<LabelSetId> {
        if let Some(id) = self.known_labels.get(text) {
            return Some(*id);
        }
        if self.builder.snapshot().label_sets.len() >= MAX_LABEL_SETS {
            notes.add_once(NoteKind::Limit, at.offset, LABELS_NOTE);
            return None;
        }
        let Some(pairs) = labels::pairs(text) else {
            notes.add(NoteKind::Malformed, at.offset, "cannot read the labels of a goroutine");
            return None;
        };
        let pairs = pairs.iter().map(|(key, value)| (self.builder.name(key), self.builder.name(value))).collect();
        let id = self.builder.labels(pairs);
        self.known_labels.insert(text.into(), id);
        Some(id)
    }

    /// Counts `count` goroutines of a profile record.
    pub fn count_record(&mut self, id: ClusterId, count: u64, labels: Option<LabelSetId>) {
        let cluster = self.builder.cluster_mut(id);
        cluster.count = cluster.count.saturating_add(count).min(MAX_COUNT);
        if let Some(labels) = labels {
            let of_set = cluster.labels.entry(labels).or_default();
            *of_set = of_set.saturating_add(count).min(MAX_COUNT);
        }
    }

    /// Adds a later part of the same dump.
    pub fn absorb(&mut self, later: &Segment) {
        let runner = later.runner();
        if let Some(crash) = self.builder.snapshot_mut().crash.as_mut().filter(|crash| crash.goroutine.is_none()) {
            crash.goroutine = runner;
        }
        if later.origin() == Origin::Crash && self.origin() == Origin::Stacks {
            self.builder.snapshot_mut().origin = Origin::Crash;
        }
        self.builder.absorb(later.builder.snapshot());
        self.has_creators |= later.has_creators;
        self.ends_without_creator = later.ends_without_creator;
        let room = HEAD_IDS.saturating_sub(self.head_ids.len());
        self.head_ids.extend(later.head_ids.iter().take(room));
        self.end = self.end.max(later.end);
        if let Some((lines, offset)) = later.foreign {
            self.add_foreign(lines, offset);
        }
    }

    /// Applies the whole dump's limits to what parts have gathered.
    pub fn limit_samples(&mut self, notes: &mut Notes) {
        let mut bytes = 0usize;
        for id in 0..self.builder.snapshot().clusters.len() {
            let cluster = self.builder.cluster_mut(ClusterId(id as u32));
            bytes = bytes.saturating_add(cluster.sample.len());
            if bytes > MAX_SAMPLES_BYTES {
                bytes = usize::MAX;
                cluster.sample = Box::default();
                notes.add_once(NoteKind::Limit, cluster.offset, SAMPLES_NOTE);
            }
        }
    }

    /// Marks the dump as cut unless something stronger is known.
    pub fn truncated(&mut self, why: Truncation) {
        let truncated = &mut self.builder.snapshot_mut().truncated;
        if truncated.is_none() {
            *truncated = Some(why);
        }
    }
}

const CLUSTERS_NOTE: &str = "kept 1,048,576 distinct stacks; goroutines of further ones are counted without frames";
const LABELS_NOTE: &str = "kept 262,144 distinct label sets; goroutines with further ones are counted without labels";
const OBJECTS_NOTE: &str = "counted the waiters of the first 131,072 addresses; later ones are kept with their goroutine only";
const SAMPLES_NOTE: &str = "kept the text of the first 8 MiB of distinct stacks; later clusters have no raw text";

fn count_object(cluster: &mut Cluster, object: Address, objects: &mut usize, at: At, notes: &mut Notes) {
    if let Some(count) = cluster.objects.get_mut(&object) {
        *count += 1;
    } else if *objects < MAX_OBJECTS {
        *objects += 1;
        cluster.objects.insert(object, 1);
    } else {
        notes.add_once(NoteKind::Limit, at.offset, OBJECTS_NOTE);
    }
}

/// The hash a block is known by: its state as it stands, then its frames.
pub fn seed(state_raw: &[u8]) -> u64 {
    scan::mix(0, state_raw)
}

fn first_line(text: &[u8]) -> &[u8] {
    block::line_of(text).0
}

fn nth_line(mut text: &[u8], n: u32) -> &[u8] {
    for _ in 0..n {
        let (_, len) = block::line_of(text);
        text = &text[len..];
    }
    first_line(text)
}
