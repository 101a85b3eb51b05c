//! Witnesses beside dumps: execution traces, held against the dump of the same process or judged alone, and what the runtime printed of
//! itself.

use std::collections::BTreeMap;

use herd_analysis::Point;
use herd_analysis::trace::plateau::{Facts, facts};
use herd_analysis::trace::queues::Queues;
use herd_analysis::trace::{Finished, Portrait, Shown, snapshot};
use herd_model::{Note, NoteKind, Target as TargetReport, TraceTables};
use herd_sources::{CancelFlag, Options, SourceError, Target, TraceAsked, TraceTimes, Traced as TraceRead, runtime_log};

use crate::gather::{Gathered, Subject};
use crate::traced::TraceWitness;
use crate::{Event, Request, advice};

/// A trace that was read.
pub(crate) struct Recorded {
    read: TraceRead,
    tables: TraceTables,
    finished: Finished,
    plateau: Facts,
}

/// Reads a trace; an address is asked to trace itself for so many seconds.
pub(crate) fn record(target: &Target, seconds: u32, options: &Options, cancel: &CancelFlag) -> Result<Recorded, SourceError> {
    let (mut tables, mut seen) = (TraceTables::new(), (Portrait::default(), Queues::default()));
    let asked = TraceAsked { seconds, times: TraceTimes::Recorded };
    let read = herd_sources::trace(target, asked, &mut tables, &mut seen, options, cancel)?;
    let (portrait, queues) = seen;
    let finished = portrait.finish(Shown { rows: 10, stacks: 1, weighed: None }, &tables, &mut BTreeMap::new());
    let plateau = facts(&finished.report, queues.finish(&tables));
    Ok(Recorded { read, tables, finished, plateau })
}

impl Gathered {
    /// A trace speaks of the one process whose dump is given with it; without a dump, of the goroutines it ends with.
    pub(crate) fn trace(&mut self, recorded: Recorded, tell: &mut dyn FnMut(Event<'_>)) {
        let Recorded { read, tables, finished, plateau } = recorded;
        let report = TargetReport {
            kind: read.kind,
            name: read.target_name.clone(),
            go_version: None,
            witnesses: vec![read.witness.clone()],
            bytes: read.bytes,
            looked_s: read.kind.is_live().then_some(read.seconds),
            cost: read.cost.clone(),
        };
        if read.summary.losses.is_whole() {
            self.plateaus.push((report.clone(), plateau));
        } else {
            self.damaged = true;
        }
        let (end, left_out) = snapshot(&finished.alive, &tables);
        let (target, witness) = (&*report.name, &*read.witness);
        tell(Event::Collected { target, witness, goroutines: end.goroutines, bytes: report.bytes });
        let witness = TraceWitness::new(&read, finished, &tables);
        if self.subjects.iter().all(Subject::is_trace) {
            let mut notes = read.notes;
            notes.extend((left_out > 0).then(|| not_placed(left_out)));
            self.subjects.push(Subject::of_trace(report, Point::new(None, end), witness.alone(), notes));
            return;
        }
        self.notes.extend(read.notes);
        self.traces.push(report);
        match self.subjects.as_mut_slice() {
            [subject] if subject.trace.is_none() => {
                let Some(dump) = subject.points.last() else { return };
                let (witness, notes) = witness.joined(&dump.snapshot);
                subject.trace = witness;
                self.notes.extend(notes);
            }
            _ => {
                let name = &witness.name;
                self.notes.push(advice(format!(
                    "{name} is not held against a dump: one trace and the dumps of one process go together"
                )));
            }
        }
    }

    /// Reads what the runtime printed of itself.
    pub(crate) fn log(&mut self, target: &Target, request: &Request, cancel: &CancelFlag) -> Result<(), SourceError> {
        let read = match runtime_log(target, &request.options, cancel, &mut |_| {}) {
            Ok(read) if read.interrupted => return Err(SourceError::Interrupted),
            Ok(read) => read,
            Err(error) => return self.failed(target, error),
        };
        let report = TargetReport {
            kind: read.kind,
            name: read.name,
            go_version: None,
            witnesses: vec!["runtime log".to_owned()],
            bytes: read.logs.bytes,
            looked_s: None,
            cost: None,
        };
        self.logs.push((report, read.logs));
        Ok(())
    }
}

fn not_placed(left_out: u64) -> Note {
    let text = format!("for {left_out} of its goroutines the trace does not tell where they stand; a dump taken inside it does");
    Note { kind: NoteKind::Limit, offset: None, text }
}
