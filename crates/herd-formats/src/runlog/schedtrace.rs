//! `schedtrace=MS` and `scheddetail=1`: the state of the scheduler (`schedtrace`, runtime/proc.go, Go 1.16 to 1.27).

use herd_model::{SchedDetail, SchedRecord};

use super::cursor::{Cursor, Read};

/// What every record begins with.
pub const ANCHOR: &[u8] = b"SCHED ";
/// Processors in a record; the runtime itself ends at 1024 by default and has no use for more.
pub const MAX_PROCS: usize = 4096;
/// Different wait reasons in a block; the runtime has about 40.
pub const MAX_REASONS: usize = 128;
/// `_Gscan`: the collector looks at the goroutine's stack (runtime/runtime2.go).
const SCAN_BIT: u64 = 0x1000;

/// Reads the record a text begins with; blocks of scheddetail follow as lines of their own.
pub fn read(text: &[u8]) -> Read<SchedRecord> {
    let mut cursor = Cursor::new(text);
    match record(&mut cursor) {
        Some(record) => Read::Whole(record, cursor.at),
        None => Read::Cut(cursor.at),
    }
}

/// Whether so long a beginning is no sentence of an application.
pub fn is_firm(head: &[u8]) -> bool {
    let mut cursor = Cursor::new(head);
    cursor.literal(ANCHOR).and_then(|()| cursor.number()).and_then(|_| cursor.literal(b"ms: gomaxprocs=")).is_some()
}

fn record(cursor: &mut Cursor<'_>) -> Option<SchedRecord> {
    cursor.literal(ANCHOR)?;
    let mut record = SchedRecord { at_ms: cursor.number()?, ..SchedRecord::default() };
    cursor.literal(b"ms: gomaxprocs=")?;
    record.procs = cursor.number_u32()?;
    cursor.literal(b" idleprocs=")?;
    record.idle_procs = cursor.number_u32()?;
    cursor.literal(b" threads=")?;
    record.threads = cursor.number_u32()?;
    cursor.literal(b" spinningthreads=")?;
    record.spinning_threads = cursor.number_u32()?;
    if cursor.literal(b" needspinning=").is_some() {
        record.needspinning = Some(cursor.number_u32()?);
    }
    cursor.literal(b" idlethreads=")?;
    record.idle_threads = cursor.number_u32()?;
    cursor.literal(b" runqueue=")?;
    record.run_queue = cursor.number()?;
    if cursor.literal(b" gcwaiting=").is_some() {
        detail_head(cursor)?;
        record.detail = Some(Box::default());
        return Some(record);
    }
    queues(cursor, &mut record)?;
    Some(record)
}

/// `gcwaiting=false nmidlelocked=1 stopwait=0 sysmonwait=false`; numbers before Go 1.20.
fn detail_head(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.word(|byte| byte.is_ascii_alphanumeric())?;
    for name in [&b" nmidlelocked="[..], b" stopwait=", b" sysmonwait="] {
        cursor.literal(name)?;
        cursor.word(|byte| byte.is_ascii_alphanumeric() || byte == b'-')?;
    }
    Some(())
}

/// ` [0 0]` up to Go 1.24, ` [ 0 0 ] schedticks=[ 7 9 ]` from Go 1.25 on.
fn queues(cursor: &mut Cursor<'_>, record: &mut SchedRecord) -> Option<()> {
    cursor.literal(b" ")?;
    if cursor.literal(b"[ ").is_none() {
        cursor.literal(b"[")?;
        record.local_queues = list(cursor, b"]")?;
        return Some(());
    }
    record.local_queues = list(cursor, b" ]")?;
    cursor.literal(b" schedticks=[ ")?;
    record.schedticks = list(cursor, b" ]")?;
    Some(())
}

/// Numbers with single spaces between them up to `end`.
fn list(cursor: &mut Cursor<'_>, end: &[u8]) -> Option<Box<[u32]>> {
    let mut list = Vec::new();
    loop {
        if list.len() == MAX_PROCS {
            return None;
        }
        list.push(cursor.number_u32()?);
        if cursor.literal(end).is_some() {
            return Some(list.into());
        }
        cursor.literal(b" ")?;
    }
}

/// Adds a line of a block of scheddetail; `None` when it is none.
pub fn add_detail(line: &[u8], record: &mut SchedRecord) -> Option<()> {
    let (kind, rest) = line.strip_prefix(b"  ")?.split_first()?;
    let mut cursor = Cursor::new(rest);
    cursor.number()?;
    cursor.literal(b": ")?;
    match kind {
        b'P' => {
            cursor.literal(b"status=")?;
            let queue = value(rest, b" runqsize=")?;
            let timers = value(rest, b" timerslen=")?;
            if record.local_queues.len() < MAX_PROCS {
                let mut queues = std::mem::take(&mut record.local_queues).into_vec();
                queues.push(u32::try_from(queue).ok()?);
                record.local_queues = queues.into();
            }
            record.detail.as_mut()?.timers += timers;
        }
        b'M' => {
            cursor.literal(b"p=")?;
            let detail = record.detail.as_mut()?;
            let no_processor = cursor.literal(b"nil").or_else(|| cursor.literal(b"-1")).is_some();
            detail.threads_without_processor += u64::from(no_processor && value(rest, b" curg=").is_some());
        }
        b'G' => {
            cursor.literal(b"status=")?;
            let status = cursor.number()?;
            cursor.literal(b"(")?;
            let reason = cursor.rest();
            let reason = reason.get(..memchr::memmem::find(reason, b") m=")?)?;
            count_goroutine(record.detail.as_mut()?, status & !SCAN_BIT, reason);
        }
        _ => return None,
    }
    Some(())
}

/// Status numbers of runtime/runtime2.go: 1 runnable, 2 running, 3 system call, 4 waiting, 6 dead, 9 preempted; 10 leaked and 11 dead
/// from Go 1.26 on.
fn count_goroutine(detail: &mut SchedDetail, status: u64, reason: &[u8]) {
    if matches!(status, 0 | 6 | 11) {
        return;
    }
    detail.goroutines += 1;
    match status {
        1 | 9 => detail.runnable += 1,
        3 => detail.in_syscall += 1,
        4 | 10 => {
            let reason = String::from_utf8_lossy(reason);
            let room = detail.waiting.len() < MAX_REASONS;
            if let Some(count) = detail.waiting.get_mut(reason.as_ref()) {
                *count += 1;
            } else if room {
                detail.waiting.insert(reason.into(), 1);
            }
        }
        _ => {}
    }
}

/// The number behind a name; `None` for `nil` and -1.
fn value(text: &[u8], name: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(text, name)? + name.len();
    Cursor::new(text.get(at..)?).number()
}
