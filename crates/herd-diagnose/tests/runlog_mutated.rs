//! Runtime logs damaged by chance, many: reading and judging each comes to an end, collections that are missing are told, and no damage
//! makes a healthy process a sick one.

#[path = "../../herd-formats/tests/support/damage.rs"]
mod damage;

use std::fmt;
use std::path::{Path, PathBuf};

use damage::{Damage, tried};
use herd_formats::runlog::parse;
use herd_model::{Envelope, NoteKind, RuntimeLog, RuntimeLogs, Target, TargetKind};

/// Inputs where nothing else is said; `cargo xtask soak runlog` says more.
const INPUTS: u64 = 4_000;
/// Larger recordings are more of the same.
const LOG_BYTES_MAX: usize = 16 << 10;

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// A note says that records are torn or lost, or that collections are missing.
    Told,
    /// No record is left, which goherd refuses.
    Refused,
    /// The same records.
    Equal,
    /// Nothing is said, and there are fewer records, none missing between the others that has a number.
    Fewer,
    /// The same with more.
    More,
    /// Nothing is said, and a number of a record is another one.
    OtherNumbers,
    /// Nothing is said, and collections are missing by their numbers.
    Silent,
    /// A healthy process is called sick.
    Convicted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Told => "told",
            Outcome::Refused => "refused",
            Outcome::Equal => "equal",
            Outcome::Fewer => "with fewer records",
            Outcome::More => "with more records",
            Outcome::OtherNumbers => "with other numbers",
            Outcome::Silent => "silent",
            Outcome::Convicted => "convicted",
        })
    }
}

#[test]
fn every_damage_is_told_and_nobody_is_convicted() {
    let inputs = std::env::var("GOHERD_TEST_DAMAGED_RUNLOGS").map_or(INPUTS, |inputs| inputs.parse().unwrap());
    let whole: Vec<Whole> = recordings().into_iter().map(Whole::of).collect();
    let texts: Vec<&[u8]> = whole.iter().map(|log| &log.bytes[..]).collect();
    let outcome = |which: usize, damage, bytes: &[u8]| outcome(&whole[which], damage, bytes);
    let tallies = tried(inputs, &texts, outcome, |line| println!("{line}"));
    for line in tallies.lines(|outcome| matches!(outcome, Outcome::Silent | Outcome::Convicted)) {
        println!("{line}");
    }
    for (damage, tally) in tallies.iter() {
        assert_eq!(tally.count(Outcome::Silent), 0, "{damage:?}: {:?}", tally.outcomes);
        assert_eq!(tally.count(Outcome::Convicted), 0, "{damage:?}: {:?}", tally.outcomes);
    }
}

fn outcome(log: &Whole, damage: Damage, bytes: &[u8]) -> Outcome {
    let logs = parse(bytes);
    let envelope = judged(&logs);
    // Two logs in one file are two processes, and each is judged.
    if log.healthy && damage != Damage::Appended && !envelope.findings.is_empty() {
        Outcome::Convicted
    } else if logs.records == 0 {
        Outcome::Refused
    } else if said(&envelope) != log.said {
        Outcome::Told
    } else if bare(&logs) == log.records {
        Outcome::Equal
    } else if missing(&logs) > log.missing {
        Outcome::Silent
    } else if logs.records < log.logs.records {
        Outcome::Fewer
    } else if logs.records > log.logs.records {
        Outcome::More
    } else {
        Outcome::OtherNumbers
    }
}

/// An undamaged log.
struct Whole {
    bytes: Vec<u8>,
    logs: RuntimeLogs,
    records: Vec<RuntimeLog>,
    healthy: bool,
    /// What goherd says of lost records without any damage.
    said: Vec<String>,
    missing: u64,
}

impl Whole {
    fn of(bytes: Vec<u8>) -> Whole {
        let logs = parse(&bytes);
        assert!(logs.records > 0);
        let envelope = judged(&logs);
        let (healthy, said) = (envelope.findings.is_empty(), said(&envelope));
        Whole { bytes, records: bare(&logs), healthy, said, missing: missing(&logs), logs }
    }
}

fn recordings() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/runlog");
    let mut paths: Vec<PathBuf> = Vec::new();
    for part in ["forms", "go1.22", "go1.25", "go1.27"] {
        let entries = std::fs::read_dir(folder.join(part)).expect("recordings");
        paths.extend(entries.map(|entry| entry.expect("a recording").path()));
    }
    paths.sort();
    let logs = paths.iter().map(|path| zstd::decode_all(std::fs::File::open(path).expect("a recording")).expect("zstd"));
    let logs: Vec<Vec<u8>> = logs.filter(|log| log.len() <= LOG_BYTES_MAX).collect();
    assert!(logs.len() >= 50, "{} recordings", logs.len());
    logs
}

fn judged(logs: &RuntimeLogs) -> Envelope {
    let name = "runtime.log".into();
    let target = Target {
        kind: TargetKind::File,
        name,
        go_version: None,
        witnesses: Vec::new(),
        bytes: logs.bytes,
        looked_s: None,
        cost: None,
    };
    let mut envelope = Envelope::new("runlog", "0");
    herd_diagnose::runlog(logs, &target, &mut envelope);
    envelope
}

fn said(envelope: &Envelope) -> Vec<String> {
    let lost = envelope.notes.iter().filter(|note| matches!(note.kind, NoteKind::Malformed | NoteKind::Limit));
    lost.map(|note| note.text.clone()).collect()
}

/// Collections whose numbers lie between those of two that follow each other.
fn missing(logs: &RuntimeLogs) -> u64 {
    let numbers = logs.processes.iter().flat_map(|log| log.gcs.windows(2));
    numbers.map(|pair| pair[1].number.saturating_sub(pair[0].number + 1)).sum()
}

/// Records without their places.
fn bare(logs: &RuntimeLogs) -> Vec<RuntimeLog> {
    let mut processes = logs.processes.clone();
    for log in &mut processes {
        log.source = None;
        log.gcs.iter_mut().for_each(|gc| gc.offset = 0);
        log.scheds.iter_mut().for_each(|sched| sched.offset = 0);
        log.scavs.iter_mut().for_each(|scav| scav.offset = 0);
        log.inits.iter_mut().for_each(|init| init.offset = 0);
    }
    processes
}
