//! Heaps of processes and core files, read from outside.

use std::path::Path;
use std::time::Instant;

use herd_live::heap::{self, HeapReading};
use herd_live::{Budget, LiveError};
use herd_model::{Note, NoteKind, ProfileKind};

use crate::live::{copied_or_running, cost_told, lacks, now_ns, zombie};
use crate::{SourceError, StopBudget, Target, Weights, WeightsAsked};

/// Reads what a live process samples of its allocations. Nothing is sent to it, and nothing stops it unless it is asked who holds what:
/// then it is copied; where it may not be copied, it is read as it runs, and a note says why.
pub(crate) fn process(target: &Target, pid: i32, asked: WeightsAsked) -> Result<Weights, SourceError> {
    let started = Instant::now();
    let copy = asked.holders.and_then(|holders| Some((holders.top, holders.copy?)));
    let (reading, refused) = match copy {
        None => (heap::process(pid)?, None),
        Some((top, StopBudget(limit))) => {
            let copied = |pid, budget: &Budget| heap::frozen(pid, budget, top);
            copied_or_running(pid, limit, copied, heap::process, cannot_be_told)?
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    let cost = cost_told(&reading.cost, seconds, reading.stopped_ns);
    let left = zombie(pid, reading.left.as_ref());
    let at_ns = now_ns();
    let mut weights = weights(target, format!("memory of process {pid}"), reading, asked);
    weights.profile.taken_at_ns = at_ns;
    weights.notes.extend(refused.into_iter().chain(left));
    Ok(Weights { seconds, cost: Some(cost), ..weights })
}

/// Reads it in a core file, and who holds what wherever that is asked for.
pub(crate) fn core(target: &Target, path: &Path, executable: Option<&Path>, asked: WeightsAsked) -> Result<Weights, SourceError> {
    let reading = heap::core(path, executable, asked.holders.map(|holders| holders.top))?;
    Ok(weights(target, format!("core file {}", path.display()), reading, asked))
}

fn cannot_be_told(error: &LiveError) -> Note {
    Note { kind: NoteKind::NotAsked, offset: None, text: format!("who holds what is in use cannot be told: {error}") }
}

fn weights(target: &Target, witness: String, reading: HeapReading, asked: WeightsAsked) -> Weights {
    let HeapReading { mut profile, torn, cost, cut, holders, .. } = reading;
    if asked.profile == "allocs" {
        profile.kind = ProfileKind::Allocs;
        profile.default_sample_type = Some("alloc_space".into());
    }
    let torn = torn.then(|| {
        let text = "collections went on while the profile was read: some of its figures are of before one, some of after";
        Note { kind: NoteKind::Advice, offset: None, text: text.into() }
    });
    let (holders, untold) = match holders {
        None => (None, None),
        Some(Ok(holders)) => (Some(holders), None),
        Some(Err(error)) => (None, Some(cannot_be_told(&error))),
    };
    Weights {
        target_name: target.name.clone(),
        kind: target.kind(),
        witness,
        profile,
        notes: torn.into_iter().chain(lacks(cut)).chain(untold).collect(),
        bytes: cost.bytes,
        seconds: 0.0,
        cost: None,
        holders,
    }
}
