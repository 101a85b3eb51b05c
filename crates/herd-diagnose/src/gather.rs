//! Asks the targets and lines their snapshots up: one subject a process, its points in time order.

use std::thread;
use std::time::{Duration, Instant};

use herd_analysis::series::SUSTAINED_STEPS;
use herd_analysis::series_process::may_be_one_process;
use herd_analysis::trace::plateau::Facts;
use herd_analysis::{Point, as_profile};
use herd_model::{Note, NoteKind, Origin, RuntimeLogs, Snapshot, Target as TargetReport, TargetKind};
use herd_sources::{
    AccountAsked, CancelFlag, ErrorClass, Memory, Options, SourceError, Target, Testimony, collect, collect_leaks, date_series,
    holds_runtime_log, holds_trace, is_served_by,
};

use crate::traced::TraceWitness;
use crate::{Cross, Event, Request, accounts, cross, witnesses};

/// How long a wait may go without looking at the cancel flag.
const WAIT_SLICE: Duration = Duration::from_millis(50);

/// One process, as it testified.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What is printed of it.
    pub target: TargetReport,
    /// Its snapshots in time order, all of forms that can be compared.
    pub points: Vec<Point>,
    /// Leak profiles of the runtime.
    pub leaks: Vec<Snapshot>,
    /// The runtime's leak profile held against the memory, where both were asked.
    pub cross: Option<Cross>,
    /// An execution trace of the same process.
    pub trace: Option<TraceWitness>,
    /// What the readers had to say.
    pub notes: Vec<Note>,
}

#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) subjects: Vec<Subject>,
    /// Traces that were read beside dumps.
    pub(crate) traces: Vec<TargetReport>,
    /// A trace has holes.
    pub(crate) damaged: bool,
    /// What traces show of why a program does no more.
    pub(crate) plateaus: Vec<(TargetReport, Facts)>,
    /// What runtimes printed of themselves.
    pub(crate) logs: Vec<(TargetReport, RuntimeLogs)>,
    pub(crate) notes: Vec<Note>,
    pub(crate) first_error: Option<SourceError>,
}

pub(crate) fn gather(request: &Request, cancel: &CancelFlag, tell: &mut dyn FnMut(Event<'_>)) -> Result<Gathered, SourceError> {
    let (traces, others): (Vec<&Target>, Vec<&Target>) = request.targets.iter().partition(|target| holds_trace(target));
    let (addresses, local): (Vec<&Target>, Vec<&Target>) = others.into_iter().partition(|target| target.kind().is_live());
    let mut gathered = Gathered::default();
    if !local.is_empty() {
        let mut testimonies = Vec::new();
        for (target, index) in local.iter().zip(1u32..) {
            tell(Event::Collecting { target: &target.name, index, of: local.len() as u32 });
            let is_log = holds_runtime_log(target);
            if is_log {
                gathered.log(target, request, cancel)?;
            }
            match collect(target, &request.options, cancel) {
                Ok(more) => testimonies.extend(told(more, tell)),
                // A log may hold the dump of a crash, too, and most hold none.
                Err(SourceError::NotADump { .. }) if is_log => {}
                Err(error) => gathered.failed(target, error)?,
            }
        }
        if !testimonies.is_empty() {
            let runtime = runtime_leaks(local[0], &mut testimonies, request, cancel, tell)?;
            gathered.subjects.push(subject(testimonies, runtime));
        }
    }
    if let (Some(length), [target]) = (request.trace, addresses.as_slice()) {
        dump_inside_trace(target, length, request, cancel, tell, &mut gathered)?;
    } else if !addresses.is_empty() {
        let answers = ask_addresses(&addresses, request, cancel, tell, &mut gathered)?;
        for (target, mut testimonies) in addresses.iter().zip(answers) {
            if !testimonies.is_empty() {
                second_look(target, &mut testimonies, request, cancel, tell)?;
                let runtime = runtime_leaks(target, &mut testimonies, request, cancel, tell)?;
                gathered.subjects.push(subject(testimonies, runtime));
            }
        }
    }
    for (target, index) in traces.iter().zip(1u32..) {
        tell(Event::Collecting { target: &target.name, index, of: traces.len() as u32 });
        match witnesses::record(target, 0, &request.options, cancel) {
            Ok(recorded) => gathered.trace(recorded, tell),
            Err(error) => gathered.failed(target, error)?,
        }
    }
    if gathered.subjects.is_empty() && gathered.logs.is_empty() {
        return Err(gathered.first_error.unwrap_or(SourceError::Interrupted));
    }
    Ok(gathered)
}

impl Subject {
    /// The goroutines a trace ends with, as the trace shows them.
    pub(crate) fn of_trace(target: TargetReport, end: Point, trace: TraceWitness, notes: Vec<Note>) -> Self {
        Subject { target, points: vec![end], leaks: Vec::new(), cross: None, trace: Some(trace), notes }
    }

    /// There is no dump of it.
    pub(crate) fn is_trace(&self) -> bool {
        self.points.last().is_some_and(|point| point.snapshot.origin == Origin::Trace)
    }
}

impl Gathered {
    /// A target that cannot testify is a note when another can; an interrupt or a wrong command line ends everything.
    pub(crate) fn failed(&mut self, target: &Target, error: SourceError) -> Result<(), SourceError> {
        if error.class() != ErrorClass::Target {
            return Err(error);
        }
        self.notes.push(Note { kind: NoteKind::NotAsked, offset: None, text: format!("{}: {error}", target.name) });
        self.first_error.get_or_insert(error);
        Ok(())
    }
}

fn told(testimonies: Vec<Testimony>, tell: &mut dyn FnMut(Event<'_>)) -> Vec<Testimony> {
    for testimony in &testimonies {
        tell(Event::Collected {
            target: &testimony.target_name,
            witness: &testimony.witness,
            goroutines: testimony.snapshot.goroutines,
            bytes: testimony.bytes,
        });
    }
    testimonies
}

/// How much of a trace has passed when the dump is taken: what came before piles up, what comes after shows who moves on.
const DUMP_AT: f64 = 0.8;

/// Has an address trace itself for a while, and takes a dump meanwhile.
fn dump_inside_trace(
    target: &Target,
    length: Duration,
    request: &Request,
    cancel: &CancelFlag,
    tell: &mut dyn FnMut(Event<'_>),
    gathered: &mut Gathered,
) -> Result<(), SourceError> {
    let seconds = length.as_secs_f64().ceil().max(1.0) as u32;
    let (answer, recorded) = thread::scope(|scope| {
        let recording = scope.spawn(|| witnesses::record(target, seconds, &request.options, cancel));
        tell(Event::Waiting { seconds: f64::from(seconds) });
        let answer = wait(Duration::from_secs_f64(f64::from(seconds) * DUMP_AT), cancel).and_then(|()| {
            tell(Event::Collecting { target: &target.name, index: 1, of: 1 });
            collect(target, &request.options, cancel)
        });
        (answer, recording.join())
    });
    match answer {
        Ok(testimonies) => gathered.subjects.push(subject(told(testimonies, tell), None)),
        Err(error) => gathered.failed(target, error)?,
    }
    match recorded {
        Ok(Ok(recorded)) => gathered.trace(recorded, tell),
        Ok(Err(error)) => gathered.failed(target, error)?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    Ok(())
}

/// One round a step; the leak profile costs a collection and does not change with repetition, so it is asked for in the last round.
fn ask_addresses(
    addresses: &[&Target],
    request: &Request,
    cancel: &CancelFlag,
    tell: &mut dyn FnMut(Event<'_>),
    gathered: &mut Gathered,
) -> Result<Vec<Vec<Testimony>>, SourceError> {
    let rounds = request.watch.map_or(1, |watch| {
        let every = watch.every.as_secs_f64().max(0.001);
        (watch.span.as_secs_f64() / every).round() as u32 + 1
    });
    let mut all: Vec<Vec<Testimony>> = vec![Vec::new(); addresses.len()];
    let started = Instant::now();
    for round in 1..=rounds {
        let last = round == rounds;
        let memory = if last { request.options.memory } else { Memory::Stacks };
        let account = match request.options.account {
            AccountAsked::WithLabels if last => AccountAsked::WithLabels,
            AccountAsked::Counters | AccountAsked::WithLabels => AccountAsked::Counters,
            AccountAsked::No => AccountAsked::No,
        };
        let leak_profile = request.options.leak_profile && last;
        let options = Options { leak_profile, memory, account, ..request.options.clone() };
        for (target, into) in addresses.iter().zip(&mut all) {
            tell(Event::Collecting { target: &target.name, index: round, of: rounds });
            match collect(target, &options, cancel) {
                Ok(more) => into.extend(told(more, tell)),
                Err(error) => gathered.failed(target, error)?,
            }
        }
        if let (Some(watch), true) = (request.watch, round < rounds) {
            let due = watch.every.mul_f64(f64::from(round) / request.clock.speed);
            let left = due.saturating_sub(started.elapsed());
            tell(Event::Waiting { seconds: left.as_secs_f64() * request.clock.speed });
            wait(left, cancel)?;
        }
    }
    Ok(all)
}

/// Looks once more, a while later, at a process that was to be copied and may not be. Why it may not stands among its notes.
fn second_look(
    target: &Target,
    testimonies: &mut Vec<Testimony>,
    request: &Request,
    cancel: &CancelFlag,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), SourceError> {
    let refused = |testimony: &Testimony| {
        let runs = testimony.snapshot.waits.as_ref().is_some_and(|waits| !waits.frozen);
        testimony.kind == TargetKind::Process && runs
    };
    let asked = matches!(request.options.memory, Memory::Proof(_) | Memory::ProofAndWaits(_));
    if !asked || !testimonies.last().is_some_and(refused) {
        return Ok(());
    }
    let time = request.options.second_look;
    tell(Event::Waiting { seconds: time.as_secs_f64() });
    wait(time, cancel)?;
    tell(Event::Collecting { target: &target.name, index: 2, of: 2 });
    let options = Options { memory: Memory::Waits, ..request.options.clone() };
    testimonies.extend(told(collect(target, &options, cancel)?, tell));
    let text = format!(
        "looked twice instead, {:.0} s apart, while the process ran: a pointer that moves meanwhile is missed, so what is out of reach \
         cannot be told, and only rings of locks and queues that stand are suspected",
        time.as_secs_f64()
    );
    if let Some(testimony) = testimonies.last_mut() {
        testimony.notes.push(crate::advice(text));
    }
    Ok(())
}

/// What a runtime says of its own leaks.
struct Runtime {
    testimony: Testimony,
    /// It is for certain the runtime of the process whose memory was read.
    certain: bool,
}

/// Asks the runtime of the process whose memory was read for its own leak profile; where it cannot be had, that is a note.
fn runtime_leaks(
    process: &Target,
    testimonies: &mut [Testimony],
    request: &Request,
    cancel: &CancelFlag,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Runtime>, SourceError> {
    let Some(target) = &request.options.leaks_from else { return Ok(None) };
    let Some(memory) = testimonies.last_mut().filter(|testimony| testimony.snapshot.origin == Origin::Memory) else {
        return Ok(None);
    };
    let served = is_served_by(target, process);
    if served == Some(false) {
        let text = format!("the leak profile was not asked: {} is not served by {}", target.name, process.name);
        memory.notes.push(Note { kind: NoteKind::NotAsked, offset: None, text });
        return Ok(None);
    }
    tell(Event::Collecting { target: &target.name, index: 1, of: 1 });
    let ask = || collect_leaks(target, memory.snapshot.goroutines, &request.options, cancel);
    // Its first answer may miss some: it looks during one collection.
    let again = |first: &Testimony| target.kind().is_live() && cross::misses(&memory.snapshot, &first.snapshot);
    match ask().and_then(|first| if again(&first) { ask() } else { Ok(first) }) {
        Ok(testimony) => {
            Ok(told(vec![testimony], tell).pop().map(|testimony| Runtime { testimony, certain: served == Some(true) }))
        }
        Err(error) if error.class() == ErrorClass::Target => {
            let text = format!("the leak profile was not answered: {}: {error}", target.name);
            memory.notes.push(Note { kind: NoteKind::NotAsked, offset: None, text });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn wait(time: Duration, cancel: &CancelFlag) -> Result<(), SourceError> {
    let until = Instant::now() + time;
    loop {
        if cancel.is_cancelled() {
            return Err(SourceError::Interrupted);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(WAIT_SLICE));
    }
}

fn subject(mut testimonies: Vec<Testimony>, runtime: Option<Runtime>) -> Subject {
    date_series(&mut testimonies);
    let mut notes = Vec::new();
    let mut costs: Vec<String> = testimonies.iter().filter_map(|testimony| testimony.cost.clone()).collect();
    let mut cross = None;
    let mut listed = None;
    if let (Some(Runtime { testimony: mut runtime, certain }), Some(memory)) = (runtime, testimonies.last_mut()) {
        memory.notes.append(&mut runtime.notes);
        memory.witness = format!("{}, {} of {}", memory.witness, runtime.witness, runtime.target_name);
        costs = [costs.pop(), runtime.cost].into_iter().flatten().collect::<Vec<_>>();
        costs = vec![costs.join("; ")];
        if runtime.snapshot.origin == Origin::LeakProfile {
            listed = Some(runtime.snapshot);
        } else {
            let told;
            (cross, told) = cross::check(&mut memory.snapshot, &runtime.snapshot, &runtime.target_name, certain);
            notes.extend(told);
        }
    }
    let first = &testimonies[0];
    let mut witnesses: Vec<String> = Vec::new();
    for testimony in &testimonies {
        if !witnesses.contains(&testimony.witness) {
            witnesses.push(testimony.witness.clone());
        }
    }
    let names: Vec<&str> = testimonies.iter().map(|testimony| testimony.target_name.as_str()).collect();
    let target = TargetReport {
        kind: first.kind,
        name: series_name(&names),
        go_version: testimonies.iter().find_map(|testimony| testimony.snapshot.go_version.as_deref()).map(str::to_owned),
        witnesses,
        bytes: testimonies.iter().map(|testimony| testimony.bytes).sum(),
        looked_s: Some(looked_s(&testimonies)),
        cost: costs.pop(),
    };
    for testimony in &mut testimonies {
        notes.append(&mut testimony.notes);
        if let Some(labels) = testimony.labels.take() {
            accounts::label(&mut testimony.snapshot, &labels);
        }
    }
    dedup_notes(&mut notes);
    let (leaks, rest): (Vec<Testimony>, Vec<Testimony>) =
        testimonies.into_iter().partition(|testimony| testimony.snapshot.origin == Origin::LeakProfile);
    let leaks: Vec<Snapshot> = leaks.into_iter().map(|testimony| testimony.snapshot).chain(listed).collect();
    let snapshots = dated(rest.into_iter().map(|testimony| testimony.snapshot).collect(), &mut notes);
    let mut snapshots = comparable(snapshots, &mut notes);
    if snapshots.is_empty() {
        // A leak profile given alone is the whole testimony.
        snapshots.extend(leaks.last().cloned());
    }
    Subject { target, points: points(snapshots, &mut notes), leaks, cross, trace: None, notes }
}

fn looked_s(testimonies: &[Testimony]) -> f64 {
    let local = !testimonies[0].kind.is_live();
    let seconds = testimonies.iter().map(|testimony| testimony.seconds);
    // A local read carries the time of the whole read on each of its snapshots.
    if local { seconds.fold(0.0, f64::max) } else { seconds.sum() }
}

fn series_name(names: &[&str]) -> String {
    let mut distinct: Vec<&str> = names.to_vec();
    distinct.dedup();
    match distinct.as_slice() {
        [one] => (*one).to_owned(),
        [first, .., last] => format!("{first} … {last}"),
        [] => String::new(),
    }
}

/// The same note of every snapshot of a series says nothing more than once, whatever numbers stand in it; the latest is kept.
fn dedup_notes(notes: &mut Vec<Note>) {
    let form = |note: &Note| note.text.replace(|c: char| c.is_ascii_digit() || c == ',', "");
    let mut kept: Vec<Note> = Vec::with_capacity(notes.len());
    for note in notes.drain(..) {
        match kept.iter_mut().find(|other| note.offset.is_none() && other.offset.is_none() && form(other) == form(&note)) {
            Some(earlier) => *earlier = note,
            None => kept.push(note),
        }
    }
    *notes = kept;
}

/// Snapshots with states and creators cannot be lined up with those without. Where neither side alone is long enough to judge
/// growth, as when a process passes the limit for `debug=2` while it is watched, the full ones are read as profiles; else the larger
/// side is kept, the fuller one on a tie.
fn comparable(snapshots: Vec<Snapshot>, notes: &mut Vec<Note>) -> Vec<Snapshot> {
    let times: Vec<Option<i64>> = snapshots.iter().map(|snapshot| snapshot.taken_at_ns).collect();
    let apart = times.iter().enumerate().all(|(at, time)| time.is_some() && !times[..at].contains(time));
    let full = snapshots.iter().filter(|snapshot| snapshot.origin.tells_state()).count();
    let larger = full.max(snapshots.len() - full);
    if larger == snapshots.len() {
        return snapshots;
    }
    if apart && larger <= SUSTAINED_STEPS && snapshots.len() > larger + 1 {
        notes.push(crate::advice(format!("{full} snapshots with states are compared with profiles by stacks and counts alone")));
        let reduced = |snapshot: Snapshot| if snapshot.origin.tells_state() { as_profile(&snapshot) } else { snapshot };
        return snapshots.into_iter().map(reduced).collect();
    }
    let keep_full = full == larger;
    let (kept, left): (Vec<Snapshot>, Vec<Snapshot>) =
        snapshots.into_iter().partition(|snapshot| snapshot.origin.tells_state() == keep_full);
    let form = herd_analysis::report::origin_text(left[0].origin);
    notes.push(crate::advice(format!("{} snapshots of form {form} are not compared with the others", left.len())));
    kept
}

/// A snapshot without a time cannot be put among those that have one; when most have, it is left out.
fn dated(snapshots: Vec<Snapshot>, notes: &mut Vec<Note>) -> Vec<Snapshot> {
    let with_time = snapshots.iter().filter(|snapshot| snapshot.taken_at_ns.is_some()).count();
    let without = snapshots.len() - with_time;
    if without == 0 || with_time <= without {
        return snapshots;
    }
    notes
        .push(crate::advice(format!("{without} snapshots without a time are left out of a series of {with_time} that have one")));
    snapshots.into_iter().filter(|snapshot| snapshot.taken_at_ns.is_some()).collect()
}

/// Points in time order; without a strictly rising time for each, the given order is kept and no rate can be told.
fn points(mut snapshots: Vec<Snapshot>, notes: &mut Vec<Note>) -> Vec<Point> {
    let times: Option<Vec<i64>> = snapshots.iter().map(|snapshot| snapshot.taken_at_ns).collect();
    if times.is_some() {
        snapshots.sort_by_key(|snapshot| snapshot.taken_at_ns);
    }
    let mut sorted: Vec<i64> = times.unwrap_or_default();
    sorted.sort_unstable();
    let ordered = sorted.len() == snapshots.len() && sorted.windows(2).all(|pair| pair[0] < pair[1]);
    if !ordered && snapshots.len() > 1 {
        notes.push(crate::advice(
            "the snapshots carry no times that tell them apart; growth is ranked, not judged. Name files by time, such as \
             dump-20261121-110203.txt, or save them with `goherd snap --save`",
        ));
    }
    let origin = sorted.first().copied().unwrap_or(0);
    let measured = snapshots.into_iter().map(|snapshot| {
        let at_s = snapshot.taken_at_ns.filter(|_| ordered).map(|ns| (ns - origin) as f64 / 1e9);
        Point::new(at_s, snapshot)
    });
    last_process(measured.collect(), notes)
}

/// The points of the last process, where ids show that there were several.
fn last_process(mut points: Vec<Point>, notes: &mut Vec<Note>) -> Vec<Point> {
    let breaks = (1..points.len()).rev().find(|at| !may_be_one_process(&points[at - 1], &points[*at]));
    if let Some(at) = breaks {
        notes.push(crate::advice(format!(
            "goroutine ids show that the process was restarted, or that the dumps are of several processes: the last {} of {} are judged",
            points.len() - at,
            points.len()
        )));
        points.drain(..at);
    }
    points
}
