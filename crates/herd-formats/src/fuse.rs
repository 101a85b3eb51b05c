//! A snapshot with its waits out of a report of the Go module's fuse (schema `goherd-fuse/1`): all goroutines of one dump, who waits for
//! which lock, and who was seen to take it.
//!
//! The report's own cycles are not read: they are found again from waits and holders, as for any other witness. Unknown fields are
//! passed over; a field of another type makes it no report.

use std::borrow::Cow;
use std::collections::BTreeMap;

use herd_model::{
    Address, Awaited, ClusterId, FrameId, Goroutine, GoroutineId, Held, Inside, Mention, Note, NoteKind, ObjectKind, Origin,
    Side, Snapshot, SnapshotBuilder, Stack, StackId, Truncation, WaitReason, Waiter, Waits, What, unescaped,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer};

use crate::dump::{MAX_COUNT, MAX_FRAMES, MAX_OBJECTS};
use crate::stamp;

/// The schema a report names.
pub const SCHEMA: &str = "goherd-fuse/1";

/// Why a report gives no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON, or not of the contract.
    #[error("read the fuse's report: {0}")]
    Json(#[from] serde_json::Error),
    /// Another contract.
    #[error("read the fuse's report: its schema is `{0}`, not `goherd-fuse/1`")]
    Schema(String),
}

/// What is read of a report; places are borrowed where JSON does not escape them.
#[derive(Deserialize)]
struct Report<'a> {
    schema: String,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    go_version: Option<String>,
    #[serde(default)]
    limit_s: Option<f64>,
    #[serde(default)]
    truncated: bool,
    #[serde(default)]
    goroutines_total: u64,
    #[serde(default)]
    leaked: Option<u64>,
    #[serde(default, borrow, deserialize_with = "listed")]
    waiters: Vec<Waiting<'a>>,
    #[serde(default, borrow, deserialize_with = "listed")]
    locks: Vec<Lock<'a>>,
    #[serde(default, borrow, deserialize_with = "listed")]
    goroutines: Vec<One<'a>>,
    #[serde(default, borrow, deserialize_with = "listed")]
    stacks: Vec<Frames<'a>>,
}

#[derive(Deserialize)]
struct Waiting<'a> {
    goroutine: u64,
    #[serde(borrow)]
    lock: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default, borrow)]
    mode: Cow<'a, str>,
    #[serde(default)]
    blocked_s: f64,
}

#[derive(Deserialize)]
struct Lock<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    holder_known: bool,
    #[serde(default, borrow, deserialize_with = "listed")]
    holders: Vec<Holding<'a>>,
    #[serde(default, borrow, deserialize_with = "listed")]
    guesses: Vec<Guess<'a>>,
}

#[derive(Deserialize)]
struct Holding<'a> {
    goroutine: u64,
    #[serde(default, borrow)]
    mode: Cow<'a, str>,
    #[serde(default)]
    ended: bool,
}

#[derive(Deserialize)]
struct Guess<'a> {
    goroutine: u64,
    #[serde(default, borrow)]
    why: Cow<'a, str>,
}

#[derive(Deserialize)]
struct One<'a> {
    id: u64,
    #[serde(default, borrow)]
    state: Cow<'a, str>,
    #[serde(default)]
    wait_s: u64,
    #[serde(default)]
    leaked: bool,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    created_by: u64,
    #[serde(default)]
    stack: usize,
}

#[derive(Deserialize)]
struct Frames<'a> {
    #[serde(default, borrow, deserialize_with = "listed")]
    frames: Vec<At<'a>>,
    #[serde(default, borrow)]
    created_by: Option<At<'a>>,
}

#[derive(Deserialize)]
struct At<'a> {
    #[serde(default, borrow)]
    func: Cow<'a, str>,
    #[serde(default, borrow)]
    file: Cow<'a, str>,
    #[serde(default)]
    line: u32,
}

/// A list; Go writes an empty one as `null`, too.
fn listed<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

/// Reads a report. Cost: linear in its bytes.
///
/// # Errors
/// When it is no report, or one of another schema.
pub fn read(bytes: &[u8]) -> Result<(Snapshot, Vec<Note>), Error> {
    let report: Report<'_> = serde_json::from_slice(bytes)?;
    if report.schema != SCHEMA {
        return Err(Error::Schema(report.schema));
    }
    let mut notes = Vec::new();
    let mut builder = SnapshotBuilder::new(Origin::Stacks);
    builder.snapshot_mut().taken_at_ns = report.at.as_deref().and_then(|time| stamp::find(time.as_bytes())).map(|(ns, _)| ns);
    builder.snapshot_mut().go_version = report.go_version.as_deref().map(Into::into);
    let stacks = stacks(&report, &mut builder, &mut notes);
    let homes = goroutines(&report, &stacks, &mut builder, &mut notes);
    let waits = waits(&report, &homes, &mut notes);
    told(&report, &builder, &mut notes);
    builder.snapshot_mut().waits = Some(Box::new(waits));
    Ok((builder.finish(), notes))
}

fn stacks(report: &Report<'_>, builder: &mut SnapshotBuilder, notes: &mut Vec<Note>) -> Vec<StackId> {
    let mut cut = 0u64;
    let stacks = report.stacks.iter().map(|stack| {
        let kept = &stack.frames[..stack.frames.len().min(MAX_FRAMES)];
        let elided = (stack.frames.len() - kept.len()) as u32;
        cut += u64::from(elided > 0);
        let frames: Box<[FrameId]> = kept.iter().map(|at| frame(builder, at)).collect();
        let created_by = stack.created_by.as_ref().map(|at| frame(builder, at));
        let elided_at = if elided > 0 { kept.len() as u32 } else { 0 };
        builder.stack(Stack { frames, created_by, elided, elided_at, ..Stack::default() })
    });
    let stacks = stacks.collect();
    if cut > 0 {
        let text = format!("{cut} stacks of the fuse's report have more than {MAX_FRAMES} frames; the outer ones were not read");
        notes.push(Note { kind: NoteKind::Limit, offset: None, text });
    }
    stacks
}

fn frame(builder: &mut SnapshotBuilder, at: &At<'_>) -> FrameId {
    builder.frame(&unescaped(at.func.as_bytes()), &at.file, at.line)
}

/// A goroutine that stands in the snapshot, and what it waits for.
#[derive(Clone, Copy)]
struct Home {
    cluster: ClusterId,
    object: Option<(Address, ObjectKind)>,
}

/// Counts each goroutine; the cluster of each by id.
fn goroutines(
    report: &Report<'_>,
    stacks: &[StackId],
    builder: &mut SnapshotBuilder,
    notes: &mut Vec<Note>,
) -> FxHashMap<u64, Home> {
    let waits = |one: &Waiting<'_>| Some((one.goroutine, (address(&one.lock)?, kind(&one.kind)?)));
    let waits: FxHashMap<u64, (Address, ObjectKind)> = report.waiters.iter().filter_map(waits).collect();
    let nowhere = builder.stack(Stack::default());
    let mut homes = FxHashMap::default();
    for one in &report.goroutines {
        let stack = stacks.get(one.stack).copied().unwrap_or(nowhere);
        let state = WaitReason::from_text(&one.state);
        let labels = one.labels.as_ref().filter(|labels| !labels.is_empty()).map(|labels| {
            let pairs = labels.iter().map(|(key, value)| (builder.name(key), builder.name(value))).collect();
            builder.labels(pairs)
        });
        let object = waits.get(&one.id).copied();
        let cluster = builder.cluster(stack, state);
        let minutes = u32::try_from(one.wait_s / 60).unwrap_or(u32::MAX);
        builder.log(
            cluster,
            &Goroutine {
                id: one.id,
                parent: (one.created_by > 0).then_some(GoroutineId(one.created_by)),
                wait_minutes: (minutes > 0).then_some(minutes),
                object: object.map(|(address, _)| address),
                labels,
                leaked: one.leaked,
                ..Goroutine::default()
            },
        );
        if let Some((address, kind)) = object {
            let of = builder.cluster_mut(cluster);
            of.object_kind = Some(kind);
            if of.objects.len() < MAX_OBJECTS || of.objects.contains_key(&address) {
                *of.objects.entry(address).or_default() += 1;
            }
        }
        homes.insert(one.id, Home { cluster, object });
    }
    let missing = report.goroutines_total.saturating_sub(report.goroutines.len() as u64);
    if missing > 0 {
        let id = builder.cluster(nowhere, WaitReason::Unknown);
        let of = builder.cluster_mut(id);
        of.count = of.count.saturating_add(missing.min(MAX_COUNT));
        let (listed, all) = (report.goroutines.len(), report.goroutines_total);
        let text = format!("the fuse's report lists {listed} of {all} goroutines; the others have no stack here");
        builder.snapshot_mut().truncated = Some(Truncation::ReaderLimit(text.as_str().into()));
        notes.push(Note { kind: NoteKind::Truncated, offset: None, text });
    } else if report.truncated {
        let text = "the dump of the fuse's report was cut at its MaxDump; give Options.MaxDump more room".to_owned();
        builder.snapshot_mut().truncated = Some(Truncation::ReaderLimit(text.as_str().into()));
        notes.push(Note { kind: NoteKind::Truncated, offset: None, text });
    }
    homes
}

fn waits(report: &Report<'_>, homes: &FxHashMap<u64, Home>, notes: &mut Vec<Note>) -> Waits {
    let mut waits = Waits { frozen: true, recorded: true, ..Waits::default() };
    let mut index: FxHashMap<Address, u32> = FxHashMap::default();
    let mut unread = 0u64;
    for one in &report.waiters {
        let known = address(&one.lock).zip(kind(&one.kind));
        let (Some((address, kind)), Some(home)) = (known, homes.get(&one.goroutine)) else {
            unread += 1;
            continue;
        };
        // The last of two waits of one goroutine would be what it waits for; one of them is wrong.
        if home.object != Some((address, kind)) {
            unread += 1;
            continue;
        }
        let next = waits.objects.len() as u32;
        let object = *index.entry(address).or_insert(next);
        if object == next {
            waits.objects.push(Awaited { what: What::from(kind), address: Some(address), inside: Inside::default() });
        }
        let on = [(object, side(&one.mode))].into();
        waits.waiters.push(Waiter { goroutine: GoroutineId(one.goroutine), cluster: home.cluster, on, select: false });
    }
    for lock in &report.locks {
        let Some(object) = address(&lock.address).and_then(|address| index.get(&address)).copied() else {
            unread += 1;
            continue;
        };
        holders(lock, object, homes, &mut waits);
    }
    waits.held.sort_by_key(|held| held.object);
    if unread > 0 {
        let text = format!("{unread} waits or locks of the fuse's report do not fit its goroutines; they were left out");
        notes.push(Note { kind: NoteKind::Skipped, offset: None, text });
    }
    waits
}

fn holders(lock: &Lock<'_>, object: u32, homes: &FxHashMap<u64, Home>, waits: &mut Waits) {
    let inside = &mut waits.objects[object as usize].inside;
    match kind(&lock.kind) {
        // Whoever waits for it for seconds waits for somebody.
        Some(ObjectKind::Mutex) => inside.locked = Some(true),
        Some(ObjectKind::RwMutex) if lock.holder_known => {
            let readers = lock.holders.iter().filter(|one| side(&one.mode) == Side::ReadLock).count();
            inside.readers = i64::try_from(readers).ok();
        }
        Some(ObjectKind::RwMutex | ObjectKind::WaitGroup | ObjectKind::Cond | ObjectKind::Channel | ObjectKind::Semaphore)
        | None => {}
    }
    for one in lock.holders.iter().filter(|_| lock.holder_known) {
        let home = homes.get(&one.goroutine);
        // Who is neither seen nor said to have ended stands in what was cut off.
        if home.is_some() || one.ended {
            let (goroutine, cluster) = (GoroutineId(one.goroutine), home.map(|home| home.cluster));
            waits.held.push(Held { object, goroutine, cluster, side: side(&one.mode) });
        }
    }
    for guess in lock.guesses.iter().filter(|_| !lock.holder_known) {
        // What is inside of a function that others wait in is found again; this is what only the report saw, arguments.
        let Some(home) = homes.get(&guess.goroutine).filter(|_| guess.why.contains(" has the lock ")) else { continue };
        waits.mentions.push(Mention { object, goroutine: GoroutineId(guess.goroutine), cluster: home.cluster });
    }
}

/// What the report says beside its goroutines.
fn told(report: &Report<'_>, builder: &SnapshotBuilder, notes: &mut Vec<Note>) {
    let advice = |text: String| Note { kind: NoteKind::Advice, offset: None, text };
    let longest = report.waiters.iter().map(|one| one.blocked_s).fold(0.0, f64::max);
    if let Some(limit) = report.limit_s.filter(|_| longest > 0.0) {
        notes.push(advice(format!(
            "the fuse saw a wait of {longest:.1} s or more; from {limit:.1} s on it reports: waits that began before it was started, and \
             those for locks that are not its own, are not among them"
        )));
    }
    let marked: u64 = builder.snapshot().clusters.iter().map(|cluster| cluster.leaked).sum();
    let Some(proved) = report.leaked.filter(|proved| *proved > marked) else { return };
    if report.reason.as_deref() == Some("leak") || proved > 0 {
        notes.push(advice(format!(
            "the runtime proved {proved} goroutines of the process to be leaked; the dump of the fuse's report marks {marked} of them: \
             /debug/pprof/goroutineleak?debug=2 names all"
        )));
    }
}

fn address(text: &str) -> Option<Address> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok().map(Address)
}

fn kind(text: &str) -> Option<ObjectKind> {
    match text {
        "mutex" => Some(ObjectKind::Mutex),
        "rwmutex" => Some(ObjectKind::RwMutex),
        "waitgroup" => Some(ObjectKind::WaitGroup),
        "cond" => Some(ObjectKind::Cond),
        _ => None,
    }
}

fn side(mode: &str) -> Side {
    match mode {
        "lock" => Side::Lock,
        "rlock" => Side::ReadLock,
        _ => Side::Wake,
    }
}
