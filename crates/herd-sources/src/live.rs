//! Processes and core files, read from outside.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use herd_live::{Budget, Cost, LiveError, Reading, Tally};
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
        Memory::Proof(limit) => copied_or_running(pid, limit, herd_live::frozen, herd_live::process, cannot_be_proven)?,
        Memory::ProofAndWaits(limit) => {
            copied_or_running(pid, limit, herd_live::frozen_with_waits, herd_live::process_with_waits, cannot_be_proven)?
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    let cost = cost_told(&reading.cost, seconds, reading.stopped_ns);
    let unproven = refused.or_else(|| unproven(&reading));
    let left = zombie(pid, reading.left.as_ref());
    let at_ns = now_ns();
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

/// Reads a copy of the process; where it may not be copied, the process as it runs, and says what that leaves untold.
pub(crate) fn copied_or_running<T>(
    pid: i32,
    limit: Option<Duration>,
    copied: impl FnOnce(i32, &Budget) -> Result<T, LiveError>,
    running: impl FnOnce(i32) -> Result<T, LiveError>,
    untold: fn(&LiveError) -> Note,
) -> Result<(T, Option<Note>), SourceError> {
    let budget = Budget::within(limit);
    match copied(pid, &budget) {
        Ok(reading) => Ok((reading, None)),
        Err(error @ (LiveError::NoCopy { .. } | LiveError::OverBudget { .. })) => Ok((running(pid)?, Some(untold(&error)))),
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
    if let Some(note) = lacks(cut) {
        testimony.snapshot.truncated = Some(Truncation::ReaderLimit(note.text.as_str().into()));
        testimony.notes.push(note);
    }
    testimony.modified_at_ns = when::modified_at_ns(path);
    Ok(testimony)
}

/// What reading a process's memory cost it, as a sentence.
pub(crate) fn cost_told(cost: &Cost, seconds: f64, stopped_ns: Option<u64>) -> String {
    let (bytes, calls) = (cost.bytes, cost.calls);
    let process = match stopped_ns {
        Some(ns) => format!("stopped for {:.1} ms and copied", ns as f64 / 1e6),
        None => "neither stopped nor asked".to_owned(),
    };
    format!("memory: {bytes} bytes in {calls} reads, {seconds:.2} s; the process was {process}")
}

/// That a copy of a process is left behind, and why.
pub(crate) fn zombie(pid: i32, left: Option<&LiveError>) -> Option<Note> {
    let text = |why| format!("a zombie stays among the children of process {pid} until goherd copies it again: {why}");
    left.map(|why| Note { kind: NoteKind::Advice, offset: None, text: text(why) })
}

/// That a core file is cut.
pub(crate) fn lacks(cut: u64) -> Option<Note> {
    let text = || format!("the core file lacks {cut} bytes its headers promise");
    (cut > 0).then(|| Note { kind: NoteKind::Skipped, offset: None, text: text() })
}

/// Nanoseconds since 1970.
pub(crate) fn now_ns() -> Option<i64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_nanos()).ok())
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
        labels: None,
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
