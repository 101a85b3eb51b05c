//! Puts records together that lines of other writers cut.

use herd_model::{GcRecord, InitRecord, ScavRecord, SchedRecord};

use crate::dump::prefix::{Prefix, fitting_len, learn};

use super::anchors::Anchor;
use super::cursor::Read;
use super::{gctrace, inittrace, scavtrace, schedtrace};

/// Lines in which the rest of a cut record is waited for.
pub const MAX_LINES: u32 = 64;
/// Cut records of one source that are waited for at a time.
pub const MAX_PENDING: usize = 4;
/// Bytes of a line that may hold the rest of a record: a schedtrace line of 4096 processors.
const MAX_REST_BYTES: usize = 64 << 10;
/// Bytes of a line that show whose it is: a date, the opening of a JSON record.
const CUT_BY_BYTES: usize = 11;
/// Places before the end of a beginning at which it may have been cut.
const MAX_CUTS: usize = 6;

/// A record of any kind.
#[derive(Clone, Debug)]
pub enum Record {
    /// gctrace.
    Gc(GcRecord),
    /// schedtrace.
    Sched(SchedRecord),
    /// scavtrace.
    Scav(ScavRecord),
    /// inittrace.
    Init(InitRecord),
    /// The timer's line.
    Timer,
}

/// A beginning whose rest has not come.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Of what.
    pub kind: Anchor,
    /// The text that fitted.
    pub head: Vec<u8>,
    /// Byte at which it begins.
    pub offset: u64,
    /// It cannot be anything but a record.
    pub firm: bool,
    /// The container's runtime cut the line: the rest follows byte for byte.
    pub exact: bool,
    /// How the line that cut it begins.
    pub cut_by: Option<Prefix>,
    /// Lines that may still bring the rest.
    pub lines: u32,
}

/// What a line made of a beginning.
pub enum Joined {
    /// The record, and how much of the line belonged to it.
    Whole(Record, usize),
    /// It goes on in another line: the text so far, and how much of this line belonged to it.
    Longer(Vec<u8>, usize),
    /// The line is not of it.
    No,
}

/// Reads a record of one kind.
pub fn read(kind: Anchor, text: &[u8]) -> Read<Record> {
    fn of<T>(read: Read<T>, wrap: impl Fn(T) -> Record) -> Read<Record> {
        match read {
            Read::Whole(record, end) => Read::Whole(wrap(record), end),
            Read::Cut(at) => Read::Cut(at),
        }
    }
    match kind {
        Anchor::Gc => of(gctrace::read(text), Record::Gc),
        Anchor::Sched => of(schedtrace::read(text), Record::Sched),
        Anchor::Scav => of(scavtrace::read(text), Record::Scav),
        Anchor::Init => of(inittrace::read(text), Record::Init),
        Anchor::Timer => Read::Whole(Record::Timer, b"GC forced".len()),
    }
}

/// Whether a beginning cannot be anything but a record.
pub fn is_firm(kind: Anchor, head: &[u8]) -> bool {
    match kind {
        Anchor::Gc => gctrace::is_firm(head),
        Anchor::Sched => schedtrace::is_firm(head),
        Anchor::Scav => scavtrace::is_firm(head),
        Anchor::Init => inittrace::is_firm(head),
        Anchor::Timer => true,
    }
}

/// Tries a line as the rest of a record.
pub fn join(pending: &Pending, line: &[u8]) -> Joined {
    let line = &line[..line.len().min(MAX_REST_BYTES)];
    let Some(first) = line.first() else { return Joined::No };
    let mut longer = Joined::No;
    for cut in if pending.exact { vec![pending.head.len()] } else { cuts(&pending.head) } {
        let head = &pending.head[..cut];
        // A number is one write: it is never cut itself.
        if !pending.exact && first.is_ascii_digit() && head.last().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        let text = [head, line].concat();
        match read(pending.kind, &text) {
            Read::Whole(record, end) if end > cut => return Joined::Whole(record, end - cut),
            Read::Cut(at) => {
                let at = before_date(&text, at).unwrap_or(at);
                let cut_again = || pending.cut_by.as_ref().is_some_and(|cut_by| fitting_len(cut_by, &text[at..]).is_some());
                if matches!(longer, Joined::No) && at > cut && (shows_record(&text[cut..at]) || cut_again()) {
                    longer = Joined::Longer(text[..at].to_vec(), at - cut);
                }
            }
            Read::Whole(..) => {}
        }
    }
    longer
}

/// How a line that cuts a record begins, so that the next one of its writer is known.
pub fn cut_by(line: &[u8]) -> Option<Prefix> {
    (!line.is_empty()).then(|| learn(&line[..line.len().min(CUT_BY_BYTES)]))
}

/// A stretch that fits by more than chance: longer than a date or a word an application might begin a line with.
fn shows_record(stretch: &[u8]) -> bool {
    stretch.len() >= 8 && stretch.iter().any(u8::is_ascii_alphabetic) && stretch.iter().any(u8::is_ascii_digit)
}

/// Where a beginning may have been cut, last first: what fitted at its end may have been the start of the other text, such as the year
/// of a date.
fn cuts(head: &[u8]) -> Vec<usize> {
    let mut cuts = vec![head.len()];
    let mut at = head.len();
    while at > 1 && cuts.len() < MAX_CUTS {
        at -= 1;
        let (before, after) = (head[at - 1], head[at]);
        if is_number(before) != is_number(after) || before == b'%' || before == b'[' {
            cuts.push(at);
        }
    }
    cuts
}

fn is_number(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

/// Where a number ends that a date follows without a space, as `0.3` does in `0.32026/11/21`: the writer's year, not the runtime's
/// digits.
pub fn before_date(text: &[u8], head: usize) -> Option<usize> {
    let dashed = matches!(text.get(head), Some(b'/' | b'-')) && text.get(head + 1..head + 3)?.iter().all(u8::is_ascii_digit);
    let year = head.checked_sub(4)?;
    let century = matches!(text.get(year..year + 2)?, b"19" | b"20");
    (dashed && century && text[year..head].iter().all(u8::is_ascii_digit)).then_some(year)
}
