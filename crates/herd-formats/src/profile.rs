//! Goroutine profiles in profile.proto (`debug=0`), gzipped or not, as snapshots.

use herd_model::{
    FrameId, LabelValue, LocationId, Note, NoteKind, Origin, Profile, ProfileKind, Snapshot, SnapshotBuilder, Stack, StackId,
    WaitReason,
};

use crate::dump::{MAX_COUNT, MAX_FRAMES};
use crate::{infer, pprof};

/// Why a profile cannot be read as a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It cannot be read at all.
    #[error(transparent)]
    Unreadable(#[from] pprof::Error),
    /// A profile of something else.
    #[error("find goroutines: this is a {0} profile")]
    NotGoroutines(String),
}

/// Reads a profile.
pub fn read(bytes: &[u8]) -> Result<(Snapshot, Vec<Note>), Error> {
    let (profile, mut notes) = pprof::read_proto(bytes)?;
    let leak = profile.kind == ProfileKind::GoroutineLeak;
    if !leak && profile.kind != ProfileKind::Goroutine {
        let name = profile.sample_types.first().map_or("", |kind| &kind.name);
        return Err(Error::NotGoroutines(if name.is_empty() { "nameless" } else { name }.to_owned()));
    }
    let (snapshot, left_out) = snapshot(&profile, leak);
    if left_out > 0 {
        let text = format!("left out {left_out} the leak profile lists by mistake: main, or a sample without a stack");
        notes.push(Note { kind: NoteKind::Skipped, offset: None, text });
    }
    Ok((snapshot, notes))
}

/// `chansend` and `chanrecv` park on a nil channel within their first lines (5 and 12 below the start in Go 1.21 to 1.27,
/// `runtime/chan.go`) and on any other about a hundred lines further down.
const NIL_PARK_LINES: u32 = 40;

/// The profile's goroutines, and how many were left out.
fn snapshot(profile: &Profile, leak: bool) -> (Snapshot, u64) {
    let mut builder = SnapshotBuilder::new(if leak { Origin::LeakProfile } else { Origin::ProfileProto });
    builder.snapshot_mut().taken_at_ns = profile.taken_at_ns.filter(|ns| *ns > 0);
    let mut frames: Vec<Option<Box<[FrameId]>>> = vec![None; profile.locations.len()];
    let mut left_out = 0u64;
    for row in 0..profile.samples.len() {
        let count = u64::try_from(profile.samples.values[0][row]).unwrap_or(0);
        if !count_row(profile, row, count, leak, &mut builder, &mut frames) {
            left_out = left_out.saturating_add(count);
        }
    }
    (builder.finish(), left_out)
}

/// Counts a row; `false` when it was left out.
fn count_row(
    profile: &Profile,
    row: usize,
    count: u64,
    leak: bool,
    builder: &mut SnapshotBuilder,
    known: &mut [Option<Box<[FrameId]>>],
) -> bool {
    let locations = profile.samples.stacks[row];
    let mut stack: Vec<FrameId> = Vec::new();
    for id in profile.stacks.get(locations).take(MAX_FRAMES) {
        let frames = known[id.0 as usize].get_or_insert_with(|| frames_of(profile, id, builder));
        stack.extend_from_slice(frames);
    }
    stack.truncate(MAX_FRAMES);
    // Go 1.26 lists main blocked for ever, 1.27 an empty sample in its place.
    let main = |id: &FrameId| matches!(builder.snapshot().func(*id), "runtime.main" | "main.main");
    if leak && (stack.is_empty() || stack.iter().any(main)) {
        return false;
    }
    let mut state = infer::wait_reason(stack.iter().map(|id| builder.snapshot().func(*id)));
    if state == WaitReason::ChanSend && parks_on_nil(profile, locations) {
        state = WaitReason::ChanSendNil;
    } else if state == WaitReason::ChanReceive && parks_on_nil(profile, locations) {
        state = WaitReason::ChanReceiveNil;
    }
    let stack = builder.stack(Stack { frames: stack.into(), ..Stack::default() });
    let mut pairs = Vec::new();
    for label in &profile.label_sets[profile.samples.labels[row].0 as usize] {
        let key = builder.name(profile.names.text(label.key));
        let value = match label.value {
            LabelValue::Text(text) => builder.name(profile.names.text(text)),
            LabelValue::Number(number, _) => builder.name(&number.to_string()),
        };
        pairs.push((key, value));
    }
    let labels = (!pairs.is_empty()).then(|| builder.labels(pairs));
    let id = builder.cluster(stack, state);
    let cluster = builder.cluster_mut(id);
    cluster.state_inferred = true;
    cluster.count = cluster.count.saturating_add(count).min(MAX_COUNT);
    cluster.leaked = cluster.leaked.saturating_add(if leak { count } else { 0 }).min(MAX_COUNT);
    if let Some(labels) = labels {
        let count_of = cluster.labels.entry(labels).or_default();
        *count_of = count_of.saturating_add(count).min(MAX_COUNT);
    }
    true
}

fn frames_of(profile: &Profile, id: LocationId, builder: &mut SnapshotBuilder) -> Box<[FrameId]> {
    let location = profile.locations[id.0 as usize];
    if location.line_count == 0 && location.address != 0 {
        return [builder.frame(&format!("{:#x}", location.address), "", 0)].into();
    }
    let lines = profile.lines_of(&location).iter();
    lines
        .map(|line| {
            let file = profile.functions[line.function.0 as usize].file;
            builder.frame(profile.function_name(line.function), profile.names.text(file), line.line)
        })
        .collect()
}

/// Whether the channel operation this stack is parked in is the one on a nil channel.
fn parks_on_nil(profile: &Profile, stack: StackId) -> bool {
    let innermost = profile.stacks.get(stack).take(4).map(|id| &profile.locations[id.0 as usize]);
    innermost.flat_map(|location| profile.lines_of(location)).any(|line| {
        let parks = matches!(profile.function_name(line.function), "runtime.chansend" | "runtime.chanrecv");
        let start = profile.functions[line.function.0 as usize].start_line;
        parks && start > 0 && line.line >= start && line.line - start < NIL_PARK_LINES
    })
}
