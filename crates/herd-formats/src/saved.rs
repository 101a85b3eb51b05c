//! A snapshot out of an envelope goherd printed (`--save`, `--format json`).

use herd_model::{
    Address, Crash, Goroutine, Note, NoteKind, Origin, Place, SCHEMA, Snapshot, SnapshotBuilder, SnapshotReport, Stack,
    Truncation, WaitReason,
};
use serde::Deserialize;

use crate::dump::MAX_COUNT;
use crate::stamp;

/// Why an envelope gives no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON, or not of the contract.
    #[error("read the envelope: {0}")]
    Json(#[from] serde_json::Error),
    /// Another contract.
    #[error("read the envelope: its schema is `{0}`, not `goherd/1`")]
    Schema(String),
    /// It carries none.
    #[error("find a snapshot: the envelope of `{0}` carries none")]
    NoSnapshot(String),
}

/// What is read of an envelope; the rest may be of a later version.
#[derive(Deserialize)]
struct Saved {
    schema: String,
    #[serde(default)]
    command: String,
    #[serde(default)]
    targets: Vec<SavedTarget>,
    snapshot: Option<SnapshotReport>,
}

#[derive(Deserialize)]
struct SavedTarget {
    #[serde(default)]
    go_version: Option<String>,
}

/// Reads an envelope.
pub fn read(bytes: &[u8]) -> Result<(Snapshot, Vec<Note>), Error> {
    let saved: Saved = serde_json::from_slice(bytes)?;
    if saved.schema != SCHEMA {
        return Err(Error::Schema(saved.schema));
    }
    let Some(report) = saved.snapshot else { return Err(Error::NoSnapshot(saved.command)) };
    let mut builder = SnapshotBuilder::new(Origin::Saved);
    let snapshot = builder.snapshot_mut();
    snapshot.taken_at_ns = report.taken_at.as_deref().and_then(|time| stamp::find(time.as_bytes())).map(|(ns, _)| ns);
    snapshot.go_version = saved.targets.into_iter().find_map(|target| target.go_version).map(String::into_boxed_str);
    snapshot.crash = report.crash.as_deref().map(|reason| Crash { reason: reason.into(), goroutine: None });
    if report.truncated {
        let why = report.truncated_why.as_deref().unwrap_or("the saved snapshot was cut");
        snapshot.truncated = Some(Truncation::ReaderLimit(why.into()));
    }
    for cluster in &report.clusters {
        add_cluster(&mut builder, cluster);
    }
    let listed: u64 = report.clusters.iter().map(|cluster| cluster.count).fold(0, u64::saturating_add);
    let missing = report.goroutines.saturating_sub(listed);
    let mut notes = Vec::new();
    if missing > 0 {
        let stack = builder.stack(Stack::default());
        let id = builder.cluster(stack, WaitReason::Unknown);
        builder.cluster_mut(id).count = missing.min(MAX_COUNT);
        let text = format!("the envelope lists {listed} of {} goroutines; the others have no stack here", report.goroutines);
        notes.push(Note { kind: NoteKind::Truncated, offset: None, text });
    }
    Ok((builder.finish(), notes))
}

fn add_cluster(builder: &mut SnapshotBuilder, report: &herd_model::ClusterReport) {
    let frame = |builder: &mut SnapshotBuilder, place: &Place| builder.frame(&place.func, &place.file, place.line);
    let frames = report.frames.iter().map(|place| frame(builder, place)).collect();
    let created_by = report.created_by.as_ref().map(|place| frame(builder, place));
    // The place of the elided frames is not saved; they stand behind the 50 innermost.
    let elided_at = if report.elided > 0 { report.frames.len().min(50) as u32 } else { 0 };
    let stack = builder.stack(Stack { frames, created_by, elided: report.elided, elided_at, ..Stack::default() });
    let state =
        if report.state == WaitReason::Unknown.as_str() { WaitReason::Unknown } else { WaitReason::from_text(&report.state) };
    let labels: Vec<_> = report
        .labels
        .iter()
        .map(|label| {
            let pair = (builder.name(&label.key), builder.name(&label.value));
            (builder.labels(vec![pair]), label.count)
        })
        .collect();
    let id = builder.cluster(stack, state);
    let cluster = builder.cluster_mut(id);
    cluster.state_inferred = report.state_inferred;
    cluster.count = cluster.count.saturating_add(report.count).min(MAX_COUNT);
    cluster.leaked = cluster.leaked.saturating_add(report.leaked).min(MAX_COUNT);
    cluster.locked = cluster.locked.saturating_add(report.locked).min(MAX_COUNT);
    for (minute, count) in &report.wait_minutes {
        let slot = if *minute == 0 { &mut cluster.waits.unaged } else { cluster.waits.by_minute.entry(*minute).or_default() };
        *slot = slot.saturating_add(*count);
    }
    for (set, count) in labels {
        let slot = cluster.labels.entry(set).or_default();
        *slot = slot.saturating_add(count);
    }
    for (address, count) in &report.objects {
        if let Some(value) = address.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            let slot = cluster.objects.entry(Address(value)).or_default();
            *slot = slot.saturating_add(*count);
        }
    }
    // A record for each id listed, never more than are counted.
    for id in report.goroutine_ids.iter().take(usize::try_from(report.count).unwrap_or(usize::MAX)) {
        cluster.log.push(Goroutine { id: *id, ..Goroutine::default() });
    }
    (cluster.offset, cluster.line) = (report.offset, report.line);
    cluster.sample.clone_from(&report.sample.as_str().into());
}
