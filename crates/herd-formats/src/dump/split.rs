//! Where one dump ends and the next begins, and how parts read side by side become the same dumps.

use herd_model::{Note, NoteKind, Origin, Snapshot, Truncation};

use super::interlude::Interlude;
use super::notes::Notes;
use super::segment::{Opener, Segment};

/// Where `net/http/pprof` stops writing without a sign (`runtime/pprof/pprof.go`, `writeGoroutineStacks`).
pub const RUNTIME_LIMIT_BYTES: u64 = 64 << 20;

/// What one part of an input held.
#[derive(Debug)]
pub struct Part {
    pub(super) segments: Vec<Segment>,
    pub(super) tail: Interlude,
    pub(super) notes: Notes,
    pub(super) lines: u64,
    /// How the input ends, when this part reached its end.
    pub(super) ending: Option<Ending>,
}

/// The end of an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// Its length.
    pub(super) offset: u64,
    /// Line ends it closes with.
    pub(super) breaks: u64,
}

/// Whether a form lists goroutines one by one.
pub fn has_goroutines(origin: Origin) -> bool {
    match origin {
        Origin::Stacks | Origin::Crash | Origin::Goleak => true,
        Origin::ProfileText | Origin::ProfileProto | Origin::LeakProfile | Origin::Saved | Origin::Memory | Origin::Trace => {
            false
        }
    }
}

/// Whether a goroutine opens another dump than the one of form `origin` whose first ids are `heads`.
pub fn divides(origin: Origin, heads: &[u64], opener: &Opener) -> bool {
    if divides_anything(origin, opener) {
        return true;
    }
    if !opener.running || origin != Origin::Stacks {
        return false;
    }
    // debug=2 lists the goroutine that takes the dump first, then all others, oldest first.
    let seen = |id: u64| heads.contains(&id);
    opener.interlude.stamp_any.is_some() || seen(opener.id) || opener.next_id.is_some_and(seen)
}

/// Whether it does so whatever the dump before it began with.
pub fn divides_anything(origin: Origin, opener: &Opener) -> bool {
    let interlude = &opener.interlude;
    !opener.goroutine
        || interlude.other_source
        || !has_goroutines(origin)
        || (origin == Origin::Goleak) != opener.goleak
        || interlude.stamp_alone.is_some()
        || (interlude.crash.is_some() && !interlude.same_process)
}

/// Joins the parts of one input, in order.
pub fn join(parts: Vec<Part>) -> (Vec<Snapshot>, Vec<Note>) {
    let mut dumps: Vec<Segment> = Vec::new();
    let mut notes = Notes::default();
    let mut tail = Interlude::default();
    let mut lines = 0;
    let mut ending = None;
    for part in parts {
        ending = part.ending.or(ending);
        notes.absorb(part.notes);
        for (index, mut segment) in part.segments.into_iter().enumerate() {
            shift_lines(&mut segment, lines);
            if index == 0 {
                segment.opener.interlude = std::mem::take(&mut segment.opener.interlude).after(&std::mem::take(&mut tail));
            }
            let joins = !segment.opener.decided
                && dumps.last().is_some_and(|dump| !divides(dump.origin(), &dump.head_ids, &segment.opener));
            if let Some(dump) = dumps.last_mut().filter(|_| joins) {
                dump.absorb(&segment);
            } else {
                if !segment.opener.decided {
                    segment.take_opener();
                }
                dumps.push(segment);
            }
        }
        tail = part.tail.after(&tail);
        lines += part.lines;
    }
    mark_limit(&mut dumps, &tail, ending);
    let snapshots = dumps.into_iter().map(|dump| finish(dump, &mut notes)).collect();
    (snapshots, notes.into_list())
}

/// Finds dumps that are as long as the runtime's limit, or one line end longer, which was added. Of the line that was cut nothing but
/// a fragment may be left, which belongs to no goroutine.
fn mark_limit(dumps: &mut [Segment], tail: &Interlude, ending: Option<Ending>) {
    for index in 0..dumps.len() {
        let start = dumps[index].start;
        let (fragments, end, breaks) = match (dumps.get(index + 1), ending) {
            (Some(next), _) => (next.opener.interlude.lines, next.start, 1),
            (None, Some(ending)) => (tail.lines, ending.offset, ending.breaks),
            (None, None) => return,
        };
        let len = end.saturating_sub(start);
        if fragments <= 1 && (len.saturating_sub(breaks)..=len).contains(&RUNTIME_LIMIT_BYTES) {
            dumps[index].end = start + RUNTIME_LIMIT_BYTES;
        }
    }
}

fn shift_lines(segment: &mut Segment, lines: u64) {
    for cluster in segment.clusters_mut() {
        cluster.line += lines;
    }
}

fn finish(mut dump: Segment, notes: &mut Notes) -> Snapshot {
    dump.limit_samples(notes);
    if let Some((lines, offset)) = dump.foreign {
        let text = if lines == 1 { "a line".to_owned() } else { format!("{lines} lines") };
        notes.add(NoteKind::Skipped, offset, format!("left out {text} between the frames of stacks: not of the dump"));
    }
    if dump.has_creators
        && let Some(end) = dump.ends_without_creator
    {
        dump.end = dump.end.max(end);
        dump.truncated(Truncation::CutAt(end));
    }
    if dump.end - dump.start == RUNTIME_LIMIT_BYTES && dump.origin() == Origin::Stacks {
        dump.builder.snapshot_mut().truncated = Some(Truncation::RuntimeLimit);
    }
    if dump.undated {
        dump.builder.snapshot_mut().taken_at_ns = None;
    }
    let mut snapshot = dump.builder.finish();
    if snapshot.go_version.is_none() {
        snapshot.go_version = version_in_paths(&snapshot);
    }
    snapshot
}

/// The version a downloaded toolchain has in its path: `…/golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/src/…`.
fn version_in_paths(snapshot: &Snapshot) -> Option<Box<str>> {
    snapshot.frames.iter().find_map(|frame| {
        let (_, after) = snapshot.names.text(frame.file).split_once("/toolchain@v0.0.1-go")?;
        let (version, _) = after.split_once('/')?;
        let digits = version.split('.').take_while(|part| part.starts_with(|letter: char| letter.is_ascii_digit()));
        Some(format!("go{}", digits.collect::<Vec<_>>().join(".")).into())
    })
}
