//! From what the runtime printed of itself to an answer: measures each process, lets the patterns look, says what the log cannot tell.

use herd_analysis::runlog::{Facts, facts};
use herd_analysis::runlog_report::{Judged, process};
use herd_model::{
    Envelope, Evidence, EvidenceKind, Note, NoteKind, Place, RunlogObservation, RunlogProcess, RunlogSaid, RuntimeLog,
    RuntimeLogs, Step, Target, TargetKind, Verdict,
};
use herd_patterns::{CATALOGUE, Pattern, Sighting};

use crate::remedy::{self, Asked};
use crate::said::Said;
use crate::{advice, judge, worst_first};

/// Records below which what stands there is no process worth a page: the tools around a program print a line or two.
const RECORDS_MIN: usize = 2;
/// Processes that are listed.
const PROCESSES_MAX: usize = 64;
/// Rise of the live heap that is told with goroutines that pile up, MB.
const JOINT_RISE_MB: f64 = 8.0;
/// Family of patterns that judge the collector; the others judge the scheduler.
const COLLECTOR_FAMILY: &str = "GC";

/// Judges the processes of a log and fills an answer. A log without findings is undecidable: what goroutines wait for does not stand in
/// it.
pub fn runlog(logs: &RuntimeLogs, target: &Target, envelope: &mut Envelope) {
    add(logs, target, envelope);
    envelope.notes.push(blind(target));
    worst_first(&mut envelope.findings);
    judge::number(&mut envelope.candidates);
    envelope.open = envelope.findings.is_empty();
    envelope.verdict = if envelope.findings.is_empty() { Verdict::Undecidable } else { Verdict::Findings };
}

/// Judges logs that were given beside other testimony; alone, they leave open what they cannot tell.
pub(crate) fn beside(logs: &[(Target, RuntimeLogs)], alone: bool, envelope: &mut Envelope) {
    for (target, logs) in logs {
        // A log that held a dump, too, is a target already.
        if !envelope.targets.iter().any(|known| known.name == target.name) {
            envelope.targets.push(target.clone());
        }
        add(logs, target, envelope);
    }
    if let (true, Some((target, _))) = (alone, logs.first()) {
        envelope.notes.push(blind(target));
        envelope.open = true;
    }
    joint(envelope);
}

/// A live heap that rises and goroutines that pile up are one story (S18): the goroutines hold what they were given.
fn joint(envelope: &mut Envelope) {
    let rising = envelope.runlog.iter().flat_map(|report| &report.processes).find_map(|process| {
        let heap = process.facts.live_heap.as_ref().filter(|heap| heap.rising && heap.last - heap.first >= JOINT_RISE_MB)?;
        Some((heap.first.round(), heap.last.round()))
    });
    let Some((from, to)) = rising else { return };
    for finding in envelope.findings.iter_mut().filter(|finding| finding.id.0.starts_with("LK")) {
        let text = format!("the live heap rises meanwhile, from {from} to {to} MB, as the runtime log shows");
        finding.evidence.push(Evidence::new(EvidenceKind::RuntimeLog, text).with("from", &from).with("to", &to));
    }
}

fn add(logs: &RuntimeLogs, target: &Target, envelope: &mut Envelope) {
    let mut processes = Vec::new();
    for log in &logs.processes {
        let records = log.gcs.len() + log.scheds.len() + log.scavs.len() + log.inits.len();
        if records < RECORDS_MIN || processes.len() == PROCESSES_MAX {
            *envelope.hidden.entry("processes_not_listed".to_owned()).or_default() += 1;
            continue;
        }
        let (process, left_out) = judge_process(log, target, envelope);
        if left_out > 0 {
            *envelope.hidden.entry("points_not_listed".to_owned()).or_default() += left_out;
        }
        processes.push(process);
    }
    envelope.notes.extend(notes(logs));
    envelope.notes.extend(observed(&processes));
    let report = envelope.runlog.get_or_insert_default();
    report.records += logs.records;
    report.torn += logs.torn;
    report.stitched += logs.stitched;
    report.lost += logs.lost;
    report.processes.append(&mut processes);
}

fn judge_process(log: &RuntimeLog, target: &Target, envelope: &mut Envelope) -> (RunlogProcess, u64) {
    let facts = facts(log);
    let mut judged = Judged::default();
    for (pattern, sighting) in sightings(&facts) {
        let said = if pattern.id.starts_with(COLLECTOR_FAMILY) { &mut judged.collector } else { &mut judged.scheduler };
        let decided = sighting.decide_by.is_empty();
        let at = place(log);
        let steps = if decided { next(pattern, target) } else { decide_by(&sighting, target, &at) };
        let seen = Said { pattern, at, count: 0, evidence: sighting.evidence, steps };
        if decided {
            *said = Some(RunlogSaid::Wrong);
            envelope.findings.push(seen.finding(target));
        } else {
            said.get_or_insert(RunlogSaid::Undecidable);
            envelope.candidates.push(seen.candidate(target));
        }
    }
    process(log, facts, judged)
}

/// What each pattern's eye for runtime logs sees.
pub fn sightings(facts: &Facts) -> Vec<(&'static Pattern, Sighting)> {
    CATALOGUE.iter().filter_map(|pattern| Some((pattern, pattern.runlog?(facts)?))).collect()
}

fn next(pattern: &Pattern, target: &Target) -> Vec<Step> {
    let mut steps = vec![Step::command(&["goherd", "explain", pattern.id])];
    if target.kind == TargetKind::File {
        steps.push(Step::command(&["goherd", "runlog", &target.name, "--output", "report.html"]));
    }
    steps
}

fn decide_by(sighting: &Sighting, target: &Target, at: &Place) -> Vec<Step> {
    let mut steps = vec![Step::words("a log of a quarter of an hour or more: what warms up has stopped by then")];
    steps.extend(remedy::decide_by(&sighting.decide_by, target, Asked::default(), at));
    steps
}

/// A log names no code; the process is what stands for a place, where lines carry its name.
fn place(log: &RuntimeLog) -> Place {
    Place { func: log.source.as_deref().unwrap_or_default().to_owned(), file: String::new(), line: 0 }
}

/// What was lost, with the place of the first.
fn notes(logs: &RuntimeLogs) -> Vec<Note> {
    let mut notes = Vec::new();
    if logs.torn > 0 {
        let (torn, stitched, lost) = (logs.torn, logs.stitched, logs.lost);
        let text = format!("{torn} records are cut by other lines: put together again: {stitched}, lost: {lost}");
        notes.push(Note { kind: NoteKind::Malformed, offset: logs.lost_at.first().copied(), text });
    }
    if let Some((missing, offset)) = missing(logs).filter(|(missing, _)| *missing > logs.lost) {
        let text = format!("{missing} collections are missing between those that are printed, by their numbers");
        notes.push(Note { kind: NoteKind::Malformed, offset: Some(offset), text });
    }
    if logs.over_limit > 0 {
        let text = format!("{} records are left out, as only the latest are kept", logs.over_limit);
        notes.push(Note { kind: NoteKind::Limit, offset: logs.over_limit_at, text });
    }
    notes
}

/// How many collections were not printed whole though later ones were, and where the first collection after such a gap stands.
fn missing(logs: &RuntimeLogs) -> Option<(u64, u64)> {
    let pairs = logs.processes.iter().flat_map(|log| log.gcs.windows(2));
    let gaps = pairs.map(|pair| (pair[1].number.saturating_sub(pair[0].number + 1), pair[1].offset)).filter(|(gap, _)| *gap > 0);
    gaps.reduce(|(sum, first), (gap, offset)| (sum + gap, first.min(offset)))
}

fn observed(processes: &[RunlogProcess]) -> Vec<Note> {
    let seen = processes.iter().flat_map(|process| process.observations.iter().map(move |seen| (process, *seen)));
    seen.map(|(process, seen)| advice(observation(&process.facts, seen))).collect()
}

fn observation(facts: &Facts, seen: RunlogObservation) -> String {
    let collector = facts.collector.clone().unwrap_or_default();
    let range = |growth: &Option<herd_model::GrowthFacts>| {
        growth.as_ref().map_or((0.0, 0.0), |growth| (growth.first.round(), growth.last.round()))
    };
    match seen {
        RunlogObservation::ForcedCollections => format!(
            "the program calls runtime.GC: {} % of collections are forced, one every {} s",
            (collector.forced_share * 100.0).round(),
            round_to(collector.interval_p50_s, 100.0)
        ),
        RunlogObservation::GogcTiny => format!(
            "the goal never leaves more than {} % above what is live: GOGC is that small, and the collector takes {} % of all processors",
            ((collector.goal_to_live_p50.unwrap_or(1.0) - 1.0).max(0.0) * 100.0).ceil(),
            round_to(collector.cpu_share * 100.0, 10.0)
        ),
        RunlogObservation::NoCollections => {
            "no collection is printed while goroutines run: GOGC=off, or gctrace=1 is not set".to_owned()
        }
        RunlogObservation::StacksGrow => {
            let (from, to) = range(&facts.stacks);
            format!(
                "stacks grow from {from} to {to} MB while the heap does not: goroutines or deep calls, which a dump tells apart"
            )
        }
        RunlogObservation::GoroutinesGrow => {
            let (from, to) = range(&facts.goroutines);
            format!("goroutines grow from {from} to {to}: two dumps some seconds apart tell which")
        }
        RunlogObservation::PausesStretched => format!(
            "the longest pause is {} ms: what a pause has to do takes far less, so the process waited for a CPU, or for a goroutine to stop",
            round_to(collector.pause_max_ms, 10.0)
        ),
    }
}

fn round_to(value: f64, per: f64) -> f64 {
    (value * per).round() / per
}

/// What no such log can show.
fn blind(target: &Target) -> Note {
    let text =
        "goroutines that wait for ever, deadlocks and lock convoys do not show in a runtime log: take a dump of the process";
    let live = target.kind.is_live().then(|| format!(", goherd doctor {}", target.name));
    advice(format!("{text}{}", live.unwrap_or_default()))
}
