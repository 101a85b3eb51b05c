//! Which process a record is of, and how many records are kept.

use herd_model::{GcRecord, InitRecord, RuntimeLog, RuntimeLogs, SchedRecord};

use super::torn::Record;
use super::{MAX_PROCESSES, MAX_RECORDS};

/// Collections that may be missing between two of one process when another process fits as well.
const MAX_GAP: u64 = 64;
/// A process whose first schedtrace line comes so late is another one, seconds: `schedtrace` prints its first line at the start.
const FIRST_SCHED_S: f64 = 2.0;
/// Processors that cost as much as a record.
const PROCS_A_RECORD: usize = 16;

/// The processes of one source and where their records go.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    /// Their places in the list of all, latest last.
    pub at: Vec<usize>,
    /// What the log calls the source.
    pub source: Option<Box<str>>,
}

/// Keeps a record; answers the process it went to, `None` where there are too many.
pub fn keep(logs: &mut RuntimeLogs, weight: &mut usize, processes: &mut Processes, record: Record, offset: u64) -> Option<usize> {
    let of = match &record {
        Record::Gc(gc) => of_gc(logs, processes, gc),
        Record::Sched(sched) => of_sched(logs, processes, sched),
        Record::Init(init) => of_init(logs, processes, init),
        Record::Scav(_) | Record::Timer => processes.at.last().copied(),
    };
    let Some(index) = of.or_else(|| begin(logs, processes)) else {
        logs.over_limit += 1;
        logs.over_limit_at.get_or_insert(offset);
        return None;
    };
    logs.records += 1;
    *weight += weight_of(&record);
    add(&mut logs.processes[index], record, offset);
    if *weight > MAX_RECORDS {
        drop_oldest(logs, weight);
    }
    Some(index)
}

fn add(log: &mut RuntimeLog, record: Record, offset: u64) {
    match record {
        Record::Gc(mut gc) => {
            gc.offset = offset;
            if gc.stacks_mb.is_some() {
                log.go.seen_from(if gc.leak_check { 26 } else { 18 });
            } else {
                log.go.seen_until(17);
            }
            log.gcs.push(gc);
        }
        Record::Sched(mut sched) => {
            sched.offset = offset;
            if sched.needspinning.is_some() {
                log.go.seen_from(if sched.schedticks.is_empty() { 20 } else { 25 });
            }
            if sched.schedticks.is_empty() && sched.detail.is_none() {
                log.go.seen_until(24);
            }
            log.scheds.push(sched);
        }
        Record::Scav(mut scav) => {
            scav.offset = offset;
            if scav.eager_kb.is_some() {
                log.go.seen_from(21);
            }
            log.scavs.push(scav);
        }
        Record::Init(mut init) => {
            init.offset = offset;
            log.inits.push(init);
        }
        Record::Timer => log.timer_gcs += 1,
    }
}

/// The process whose collections this one continues. A number that begins anew is a restart, or another process that writes to the same
/// place.
fn of_gc(logs: &RuntimeLogs, processes: &Processes, gc: &GcRecord) -> Option<usize> {
    let latest = processes.at.last().copied()?;
    let gap = |index: usize| -> Option<u64> {
        let last = logs.processes.get(index)?.gcs.last()?;
        (gc.number > last.number && gc.at_s >= last.at_s).then(|| gc.number - last.number)
    };
    if gap(latest) == Some(1) || logs.processes[latest].gcs.is_empty() {
        return Some(latest);
    }
    let closest = processes.at.iter().filter_map(|index| gap(*index).map(|gap| (gap, *index))).min();
    closest.filter(|(gap, index)| *gap <= MAX_GAP || *index == latest).map(|(_, index)| index)
}

fn of_sched(logs: &RuntimeLogs, processes: &Processes, sched: &SchedRecord) -> Option<usize> {
    let latest = processes.at.last().copied()?;
    let log = &logs.processes[latest];
    if log.scheds.is_empty() && (sched.at_ms > 0 || log.gcs.last().is_none_or(|gc| gc.at_s < FIRST_SCHED_S)) {
        return Some(latest);
    }
    let step = |index: usize| sched.at_ms.checked_sub(logs.processes.get(index)?.scheds.last()?.at_ms).filter(|step| *step > 0);
    processes.at.iter().filter_map(|index| step(*index).map(|step| (step, *index))).min().map(|(_, index)| index)
}

fn of_init(logs: &RuntimeLogs, processes: &Processes, init: &InitRecord) -> Option<usize> {
    let latest = processes.at.last().copied()?;
    let log = &logs.processes[latest];
    let goes_on = log.inits.last().map_or(log.gcs.is_empty(), |last| init.at_ms >= last.at_ms);
    goes_on.then_some(latest)
}

fn begin(logs: &mut RuntimeLogs, processes: &mut Processes) -> Option<usize> {
    if logs.processes.len() == MAX_PROCESSES {
        return None;
    }
    processes.at.push(logs.processes.len());
    logs.processes.push(RuntimeLog { source: processes.source.clone(), ..RuntimeLog::default() });
    processes.at.last().copied()
}

fn weight_of(record: &Record) -> usize {
    match record {
        Record::Sched(sched) => weight_of_sched(sched),
        Record::Gc(_) | Record::Scav(_) | Record::Init(_) => 1,
        Record::Timer => 0,
    }
}

fn weight_of_sched(sched: &SchedRecord) -> usize {
    1 + (sched.local_queues.len() + sched.schedticks.len()) / PROCS_A_RECORD
}

/// Lets the older half of the process with most records go.
fn drop_oldest(logs: &mut RuntimeLogs, weight: &mut usize) {
    let size = |log: &RuntimeLog| log.gcs.len() + log.scheds.len() + log.scavs.len() + log.inits.len();
    let Some(log) = logs.processes.iter_mut().max_by_key(|log| size(log)) else { return };
    let before = size(log);
    let firsts = [log.gcs.first().map(|gc| gc.offset), log.scheds.first().map(|sched| sched.offset)];
    let first = firsts.into_iter().flatten().min();
    *weight -= log.scheds.drain(..log.scheds.len() / 2).map(|sched| weight_of_sched(&sched)).sum::<usize>();
    *weight -= log.gcs.drain(..log.gcs.len() / 2).len();
    *weight -= log.scavs.drain(..log.scavs.len() / 2).len();
    *weight -= log.inits.drain(..log.inits.len() / 2).len();
    let gone = before - size(log);
    logs.over_limit += u64::try_from(gone).unwrap_or(u64::MAX);
    logs.over_limit_at = logs.over_limit_at.or(first);
}
