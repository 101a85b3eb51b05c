//! Processes and core files, read from outside.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use herd_live::{Budget, LiveError, Reading, Tally};
use herd_model::{Note, NoteKind, TargetKind, Truncation};

use crate::{Memory, SourceError, Testimony, TimeFrom, when};

/// Goroutines whose waits are read for a judgement: beyond, waits take more memory than stacks, and stacks rank well enough.
const WAITS_MAX: u64 = 200_000;

/// Reads the memory of a live process: nothing is sent to it, nothing stops it.
pub(crate) fn process(name: &str, pid: i32, memory: Memory) -> Result<Testimony, SourceError> {
    let started = Instant::now();
    let (reading, refused) = match memory {
        Memory::Stacks => (herd_live::process(pid)?, None),
        Memory::Waits => (herd_live::process_with_waits(pid)?, None),
        Memory::Judged => (judged(pid)?, None),
        Memory::Proof(limit) => proof(pid, limit, herd_live::frozen, herd_live::process)?,
        Memory::ProofAndWaits(limit) => proof(pid, limit, herd_live::frozen_with_waits, herd_live::process_with_waits)?,
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
    let left = reading.left.as_ref().map(|why| Note {
        kind: NoteKind::Advice,
        offset: None,
        text: format!("a zombie stays among the children of process {pid} until goherd copies it again: {why}"),
    });
    let at_ns = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_nanos()).ok());
    let mut testimony = testimony(name, TargetKind::Process, format!("memory of process {pid}"), reading);
    testimony.snapshot.taken_at_ns = at_ns;
    testimony.notes.extend(unproven);
    testimony.notes.extend(left);
    Ok(Testimony { taken_at_ns: at_ns, taken_at_from: TimeFrom::Asked, seconds, cost: Some(cost), ..testimony })
}

/// Reads what each goroutine waits on, where they are few enough for that.
fn judged(pid: i32) -> Result<Reading, LiveError> {
    let reading = herd_live::process(pid)?;
    if reading.snapshot.goroutines > WAITS_MAX { Ok(reading) } else { herd_live::process_with_waits(pid) }
}

/// Reads a copy of the process; where it may not be copied, the process as it runs, and says why.
fn proof(
    pid: i32,
    limit: Option<Duration>,
    copied: fn(i32, &Budget) -> Result<Reading, LiveError>,
    running: fn(i32) -> Result<Reading, LiveError>,
) -> Result<(Reading, Option<Note>), SourceError> {
    let budget = Budget::within(limit);
    match copied(pid, &budget) {
        Ok(reading) => Ok((reading, None)),
        Err(error @ (LiveError::NoCopy { .. } | LiveError::OverBudget { .. })) => {
            Ok((running(pid)?, Some(cannot_be_proven(&error))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads a core file.
pub(crate) fn core(name: &str, path: &Path, executable: Option<&Path>, memory: Memory) -> Result<Testimony, SourceError> {
    let reading = match memory {
        Memory::Stacks | Memory::Proof(_) => herd_live::core(path, executable)?,
        Memory::Waits | Memory::Judged | Memory::ProofAndWaits(_) => herd_live::core_with_waits(path, executable)?,
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
