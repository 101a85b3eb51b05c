//! Processes and core files, read from outside.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use herd_live::{Budget, LiveError, Reading, Tally};
use herd_model::{Note, NoteKind, TargetKind, Truncation};

use crate::{Memory, SourceError, Testimony, TimeFrom, when};

/// Reads the memory of a live process: nothing is sent to it, nothing stops it.
pub(crate) fn process(name: &str, pid: i32, memory: Memory) -> Result<Testimony, SourceError> {
    let started = Instant::now();
    let (reading, refused) = match memory {
        Memory::Stacks => (herd_live::process(pid)?, None),
        Memory::Waits => (herd_live::process_with_waits(pid)?, None),
        Memory::Proof(limit) => proof(pid, limit)?,
    };
    let seconds = started.elapsed().as_secs_f64();
    let (bytes, calls) = (reading.cost.bytes, reading.cost.calls);
    let cost = match reading.stopped_ns {
        Some(ns) => format!(
            "memory: {bytes} bytes in {calls} reads, {seconds:.2} s; the process was stopped for {:.1} ms and copied",
            ns as f64 / 1e6
        ),
        None => format!("memory: {bytes} bytes in {calls} reads, {seconds:.2} s; the process was neither stopped nor asked"),
    };
    let unproven = refused.or_else(|| unproven(&reading));
    let at_ns = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_nanos()).ok());
    let mut testimony = testimony(name, TargetKind::Process, format!("memory of process {pid}"), reading);
    testimony.snapshot.taken_at_ns = at_ns;
    testimony.notes.extend(unproven);
    Ok(Testimony { taken_at_ns: at_ns, taken_at_from: TimeFrom::Asked, seconds, cost: Some(cost), ..testimony })
}

/// Reads a copy of the process; where it may not be copied, the process as it runs, and says why.
fn proof(pid: i32, limit: Option<Duration>) -> Result<(Reading, Option<Note>), SourceError> {
    let budget = limit
        .map_or_else(Budget::default, |limit| Budget { base_ns: u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX), gb_ns: 0 });
    match herd_live::frozen(pid, &budget) {
        Ok(reading) => Ok((reading, None)),
        Err(error @ (LiveError::NoCopy { .. } | LiveError::OverBudget { .. })) => {
            Ok((herd_live::process(pid)?, Some(cannot_be_proven(&error))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads a core file.
pub(crate) fn core(name: &str, path: &Path, executable: Option<&Path>, memory: Memory) -> Result<Testimony, SourceError> {
    let reading = match memory {
        Memory::Stacks | Memory::Proof(_) => herd_live::core(path, executable)?,
        Memory::Waits => herd_live::core_with_waits(path, executable)?,
    };
    let cut = reading.cut;
    let unproven = unproven(&reading);
    let mut testimony = testimony(name, TargetKind::Core, format!("core file {}", path.display()), reading);
    let advice = |text: String| Note { kind: NoteKind::Advice, offset: None, text };
    testimony.notes.push(advice("a core file does not say how long its goroutines have waited".into()));
    testimony.notes.extend(unproven);
    if cut > 0 {
        let text = format!("the core file lacks {cut} bytes its headers promise");
        testimony.snapshot.truncated = Some(Truncation::ReaderLimit(text.as_str().into()));
        testimony.notes.push(Note { kind: NoteKind::Skipped, offset: None, text });
    }
    testimony.modified_at_ns = when::modified_at_ns(path);
    Ok(testimony)
}

/// Why leaks could be neither proven nor excluded.
fn unproven(reading: &Reading) -> Option<Note> {
    reading.proof.as_ref()?.as_ref().err().map(cannot_be_proven)
}

fn cannot_be_proven(error: &LiveError) -> Note {
    Note { kind: NoteKind::NotAsked, offset: None, text: format!("whether goroutines are leaked cannot be proven: {error}") }
}

fn testimony(name: &str, kind: TargetKind, witness: String, reading: Reading) -> Testimony {
    Testimony {
        target_name: name.to_owned(),
        kind,
        witness,
        notes: notes(&reading.tally),
        snapshot: reading.snapshot,
        bytes: reading.cost.bytes,
        taken_at_ns: None,
        taken_at_from: TimeFrom::Unknown,
        modified_at_ns: None,
        seconds: 0.0,
        cost: None,
    }
}

fn notes(tally: &Tally) -> Vec<Note> {
    let count = |kind: NoteKind, number: u64, text: &str| {
        (number > 0).then(|| Note { kind, offset: None, text: format!("{number} {text}") })
    };
    let broken = tally.walked - tally.whole;
    [
        count(NoteKind::Skipped, tally.running, "goroutines ran while they were read: their stacks are not known"),
        count(NoteKind::Skipped, tally.moved, "goroutines moved each time they were looked at: their stacks are not known"),
        count(NoteKind::Skipped, broken, "stacks could not be read to their end"),
        count(
            NoteKind::Limit,
            tally.objects_uncounted,
            "goroutines wait on addresses beyond the first 131,072, which are kept with them only",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
