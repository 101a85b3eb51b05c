//! `debug=1` text: `goroutine profile: total N`, then one record a distinct stack and label set.

use herd_model::{Cluster, FrameId, NoteKind, Origin, Stack, Truncation, WaitReason};

use super::block::MAX_FRAMES;
use super::header;
use super::notes::{Notes, quote};
use super::parked::Parked;
use super::segment::{At, MAX_COUNT, Segment};
use crate::infer;

/// The first line of such a text.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Goroutines promised.
    pub total: u64,
    /// The runtime's leak profile.
    pub leak: bool,
}

/// Reads the first line.
pub fn head(line: &[u8]) -> Option<Head> {
    let (rest, leak) = match line.strip_prefix(b"goroutineleak profile: total ") {
        Some(rest) => (rest, true),
        None => (line.strip_prefix(b"goroutine profile: total ")?, false),
    };
    let (total, _) = header::number(rest)?;
    Some(Head { total, leak })
}

impl Head {
    /// The form it opens.
    pub fn origin(self) -> Origin {
        if self.leak { Origin::LeakProfile } else { Origin::ProfileText }
    }
}

/// A profile being read.
#[derive(Debug)]
pub struct ProfileText {
    head: Head,
    record: Option<Record>,
    found: u64,
    left_out: u64,
    parked: Parked,
}

#[derive(Debug)]
struct Record {
    count: u64,
    frames: Vec<FrameId>,
    /// Return addresses, innermost first; the text names only the outer ones.
    pcs: Vec<u64>,
    first_named: Option<u64>,
    labels: Option<Box<[u8]>>,
    text: Vec<u8>,
    at: At,
}

/// Whether a line was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// It is part of the profile.
    Yes,
    /// The profile ended before it.
    No,
}

impl ProfileText {
    /// A profile whose first line has been read.
    pub fn new(head: Head) -> Self {
        ProfileText { head, record: None, found: 0, left_out: 0, parked: Parked::default() }
    }

    /// Whether no record has been read yet.
    pub fn is_at_start(&self) -> bool {
        self.record.is_none() && self.found == 0 && self.left_out == 0
    }

    /// Takes the next line.
    pub fn line(&mut self, line: &[u8], at: At, segment: &mut Segment, notes: &mut Notes) -> Belongs {
        let text = line.trim_ascii();
        if text.is_empty() {
            self.end_record(segment, notes);
            return Belongs::Yes;
        }
        if let Some((count, pcs)) = record_head(text) {
            self.end_record(segment, notes);
            let record = Record { count, frames: Vec::new(), pcs, first_named: None, labels: None, text: Vec::new(), at };
            self.record.insert(record).keep_text(line);
            return Belongs::Yes;
        }
        let Some(record) = &mut self.record else { return Belongs::No };
        let inside = text.strip_prefix(b"#").unwrap_or(text).trim_ascii_start();
        if let Some(labels) = inside.strip_prefix(b"labels: ") {
            record.labels = Some(labels.into());
        } else if inside.starts_with(b"0x") {
            record.frame(inside, at, segment, notes);
        } else {
            self.end_record(segment, notes);
            return Belongs::No;
        }
        record.keep_text(line);
        Belongs::Yes
    }

    /// Closes the profile: what was promised and not found is a cut.
    pub fn finish(mut self, segment: &mut Segment, notes: &mut Notes) {
        self.end_record(segment, notes);
        for (cluster, state) in self.parked.tell() {
            segment.builder.cluster_mut(cluster).state = state;
        }
        if self.left_out > 0 {
            let text = format!(
                "left out {} the leak profile lists by mistake: main, or a record without a stack",
                goroutines(self.left_out)
            );
            notes.add(NoteKind::Skipped, segment.start, text);
        }
        let found = self.found.saturating_add(self.left_out);
        if found != self.head.total {
            segment.truncated(Truncation::CountMismatch { promised: self.head.total, found });
        }
    }

    fn end_record(&mut self, segment: &mut Segment, notes: &mut Notes) {
        let Some(record) = self.record.take() else { return };
        // Go 1.26 lists main blocked for ever, 1.27 an empty record in its place (net/http/pprof, `goroutineleak`).
        let main = |id: &FrameId| matches!(segment.builder.snapshot().func(*id), "runtime.main" | "main.main");
        if self.head.leak && (record.frames.is_empty() || record.frames.iter().any(main)) {
            self.left_out = self.left_out.saturating_add(record.count);
            return;
        }
        self.found = self.found.saturating_add(record.count);
        let state = record.wait_reason(segment);
        let is_main = record.frames.iter().any(main);
        let stack = segment.builder.stack(Stack { frames: record.frames.into(), ..Stack::default() });
        let id = segment.builder.cluster(stack, state.clone());
        self.parked.note(id, &record.pcs, record.first_named, &state, is_main);
        let labels = record.labels.and_then(|text| segment.label_set(&text, record.at, notes));
        segment.introduce(id, None, &record.text, record.at, notes);
        segment.count_record(id, record.count, labels);
        let leaked = if self.head.leak { record.count } else { 0 };
        mark(segment.builder.cluster_mut(id), leaked);
    }
}

fn mark(cluster: &mut Cluster, leaked: u64) {
    cluster.state_inferred = true;
    cluster.leaked = cluster.leaked.saturating_add(leaked).min(MAX_COUNT);
}

impl Record {
    fn keep_text(&mut self, line: &[u8]) {
        if self.text.len() + line.len() < super::segment::MAX_SAMPLE_BYTES {
            self.text.extend_from_slice(line);
            self.text.push(b'\n');
        }
    }

    fn frame(&mut self, text: &[u8], at: At, segment: &mut Segment, notes: &mut Notes) {
        let frame = frame_line(text);
        self.first_named = self.first_named.or(frame.pc);
        let Some(call) = frame.call else {
            if frame.pc.is_none() {
                notes.add(NoteKind::Malformed, at.offset, format!("cannot read the frame {}", quote(text, 80)));
            } else if let Some(pc) = frame.pc.filter(|pc| *pc != 0) {
                // A call without symbol: the address is all there is.
                let name = format!("{pc:#x}");
                self.frames.push(segment.builder.frame(&name, "", 0));
            }
            return;
        };
        if self.frames.len() >= MAX_FRAMES {
            notes.add_once(NoteKind::Limit, at.offset, "kept 4096 frames of a stack");
            return;
        }
        let file = String::from_utf8_lossy(call.file);
        self.frames.push(segment.builder.frame(&herd_model::unescaped(call.func), &file, call.line));
    }

    /// The frames shown tell of locks, sleep and the network; those of channels are hidden (`runtime/pprof`, `printStackRecord`).
    fn wait_reason(&self, segment: &Segment) -> WaitReason {
        let snapshot = segment.builder.snapshot();
        infer::wait_reason(self.frames.iter().map(|id| snapshot.func(*id)))
    }
}

/// A frame line without its `#`.
#[derive(Clone, Copy, Debug)]
pub struct FrameLine<'a> {
    /// The address it starts with.
    pub pc: Option<u64>,
    /// What stands there; `None` when the line has no symbol.
    pub call: Option<Call<'a>>,
}

/// What a frame line names.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The function, escapes not taken out.
    pub func: &'a [u8],
    /// How far behind the entry of the function that was compiled; those inlined into it count from there, too.
    pub entry_distance: Option<u64>,
    /// Its file.
    pub file: &'a [u8],
    /// The line; 0 when there is none.
    pub line: u32,
}

/// Reads `0xPC FUNC+0xOFF FILE:LINE`, parted by tabs, or by spaces in a paste.
pub fn frame_line(text: &[u8]) -> FrameLine<'_> {
    let parted = |byte: &u8| if text.contains(&b'\t') { *byte == b'\t' } else { *byte == b' ' };
    let mut parts = text.split(parted).map(<[u8]>::trim_ascii).filter(|part| !part.is_empty());
    let pc = parts.next().and_then(address);
    let (Some(func), Some(place)) = (parts.next(), parts.next()) else { return FrameLine { pc, call: None } };
    let plus = memchr::memmem::rfind(func, b"+0x").unwrap_or(func.len());
    let entry_distance = func.get(plus + 1..).and_then(address);
    let colon = memchr::memrchr(b':', place).unwrap_or(place.len());
    let line = place.get(colon + 1..).and_then(header::number).map_or(0, |(line, _)| u32::try_from(line).unwrap_or(0));
    FrameLine { pc, call: Some(Call { func: &func[..plus], entry_distance, file: &place[..colon], line }) }
}

/// Whether a line is the first of a record.
pub fn is_record(line: &[u8]) -> bool {
    record_head(line).is_some_and(|(_, pcs)| !pcs.is_empty())
}

fn record_head(text: &[u8]) -> Option<(u64, Vec<u64>)> {
    let (count, rest) = header::number(text)?;
    let pcs = rest.strip_prefix(b" @")?;
    Some((count.min(MAX_COUNT), pcs.split(|byte| *byte == b' ').take(MAX_FRAMES).filter_map(address).collect()))
}

/// `0x1f`.
pub fn address(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text.strip_prefix(b"0x")?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

fn goroutines(count: u64) -> String {
    if count == 1 { "1 goroutine".to_owned() } else { format!("{count} goroutines") }
}
