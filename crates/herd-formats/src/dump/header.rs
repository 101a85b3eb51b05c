//! A goroutine's header line, from Go 1.18 to 1.27, and goleak's form of it.

use herd_model::Goroutine;
use memchr::{memchr3, memmem};

use crate::labels;

/// What a header says.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    /// Id, age, bubble and tags; labels are not resolved yet.
    pub goroutine: Goroutine,
    /// Status or wait reason, tags taken off.
    pub state: &'a [u8],
    /// The same as it stands, tags included.
    pub state_raw: &'a [u8],
    /// The label set with its braces.
    pub labels: Option<&'a [u8]>,
    /// `gp=` stands in it: crash output or `GOTRACEBACK=system`.
    pub system: bool,
    /// It is goleak's sentence.
    pub goleak: bool,
    /// The part of it that could not be read.
    pub odd: Option<&'static str>,
}

/// Reads a header line without its line end; `None` when the line is not a whole header.
pub fn parse(line: &[u8]) -> Option<Header<'_>> {
    let rest = line.strip_prefix(b"goroutine ")?;
    let (id, mut rest) = number(rest)?;
    let mut header = Header { goroutine: Goroutine { id, ..Goroutine::default() }, ..Header::default() };
    if let Some(after) = rest.strip_prefix(b" [") {
        rest = after;
    } else {
        let bracket = memmem::find(rest.get(..rest.len().min(120))?, b" [")?;
        if !rest.starts_with(b" gp=") && !rest.starts_with(b" m=") {
            return None;
        }
        header.system = true;
        rest = &rest[bracket + 2..];
    }
    let Some(rest) = bracket(rest, &mut header) else { return legible(line, header, "in the brackets") };
    let mut end = rest;
    if rest.starts_with(b" {") {
        let Some(len) = labels::set_len(&rest[1..]) else { return legible(line, header, "in the labels") };
        header.labels = Some(&rest[1..=len]);
        end = &rest[len + 1..];
    }
    if end.trim_ascii_end() == b":" { Some(header) } else { legible(line, header, "behind the brackets") }
}

/// A header with an odd part, when the line still is a header: not the start of one, and not a whole dump in one line.
fn legible<'a>(line: &[u8], mut header: Header<'a>, part: &'static str) -> Option<Header<'a>> {
    let whole = line.trim_ascii_end().last() == Some(&b':') || memmem::find(line, b"]:").is_some();
    if !whole || header.state.is_empty() || escaped_end(line).is_some() {
        return None;
    }
    header.odd = Some(part);
    Some(header)
}

/// Where a written-out line end follows a header.
pub fn escaped_end(text: &[u8]) -> Option<usize> {
    memmem::find(text, br"\n").filter(|at| matches!(text[..*at].last(), Some(b':' | b'0'..=b'9')))
}

/// Reads up to and including the closing bracket.
fn bracket<'a>(text: &'a [u8], header: &mut Header<'a>) -> Option<&'a [u8]> {
    let mut at = value_len(text)?;
    header.state_raw = &text[..at];
    header.state = tags(header.state_raw, &mut header.goroutine);
    loop {
        let rest = &text[at..];
        if let Some(after) = rest.strip_prefix(b"]") {
            return Some(after);
        }
        if let Some(set) = rest.strip_prefix(b" labels:") {
            let len = labels::set_len(set)?;
            header.labels = Some(&set[..len]);
            at += b" labels:".len() + len;
            continue;
        }
        let item_from = at + usize::from(rest.starts_with(b",")) + usize::from(rest.starts_with(b", "));
        if item_from == at {
            return None;
        }
        let item = &text[item_from..item_from + value_len(&text[item_from..])?];
        header_item(item, header);
        at = item_from + item.len();
    }
}

/// Length up to the next comma, bracket or label set.
fn value_len(text: &[u8]) -> Option<usize> {
    let at = memchr3(b',', b']', b'{', text)?;
    if text[at] == b'{' { at.checked_sub(b" labels:".len()).filter(|from| text[*from..at] == *b" labels:") } else { Some(at) }
}

fn header_item(item: &[u8], header: &mut Header<'_>) {
    let goroutine = &mut header.goroutine;
    if let Some((minutes, b" minutes" | b" minute")) = number(item) {
        goroutine.wait_minutes = Some(u32::try_from(minutes).unwrap_or(u32::MAX));
    } else if item == b"locked to thread" {
        goroutine.locked = true;
    } else if let Some((bubble, b"")) =
        item.strip_prefix(b"synctest bubble ").or_else(|| item.strip_prefix(b"synctest group ")).and_then(number)
    {
        goroutine.bubble = Some(bubble);
    } else if tags(item, goroutine) != b"" {
        header.odd = Some("in the brackets");
    }
}

/// Takes the tags Go hangs on a state off its end; what they say goes into the goroutine.
fn tags<'a>(mut state: &'a [u8], goroutine: &mut Goroutine) -> &'a [u8] {
    while state.last() == Some(&b')') {
        let (rest, tag) = if let Some(rest) = state.strip_suffix(b"(leaked)") {
            (rest, &mut goroutine.leaked)
        } else if let Some(rest) = state.strip_suffix(b"(scan)") {
            (rest, &mut goroutine.scan)
        } else if let Some(rest) = state.strip_suffix(b"(durable)").or_else(|| state.strip_suffix(b"(synctest)")) {
            (rest, &mut goroutine.durable)
        } else {
            break;
        };
        *tag = true;
        state = rest.trim_ascii_end();
    }
    state
}

/// Reads `Goroutine N in state S, with F on top of the stack:` (go.uber.org/goleak).
pub fn parse_goleak(line: &[u8]) -> Option<Header<'_>> {
    let line = line.trim_ascii();
    let rest = line.strip_prefix(b"[").unwrap_or(line).strip_prefix(b"Goroutine ")?;
    let (id, rest) = number(rest)?;
    let rest = rest.strip_prefix(b" in state ")?.strip_suffix(b" on top of the stack:")?;
    let with = memmem::rfind(rest, b", with ")?;
    let mut header = Header { goroutine: Goroutine { id, ..Goroutine::default() }, goleak: true, ..Header::default() };
    let state = &rest[..with];
    let comma = memchr::memchr(b',', state).unwrap_or(state.len());
    header.state_raw = &state[..comma];
    header.state = tags(header.state_raw, &mut header.goroutine);
    for item in state[comma..].split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|item| !item.is_empty()) {
        header_item(item, &mut header);
    }
    Some(header)
}

/// Whether a line could open a goroutine: cheap, before [`parse`].
pub fn starts(line: &[u8]) -> bool {
    line.starts_with(b"goroutine ") && line.get(10).is_some_and(u8::is_ascii_digit)
}

/// The id in a text that [`starts`] accepts.
pub fn id_of(line: &[u8]) -> Option<u64> {
    number(line.get(10..)?).map(|(id, _)| id)
}

/// Digits [`number`] reads: what always fits 64 bits.
pub const ID_DIGITS: usize = 19;

/// Reads decimal digits; at most [`ID_DIGITS`] of them, so that nothing overflows.
pub fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let len = text.iter().take(ID_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    if len == 0 || len > ID_DIGITS {
        return None;
    }
    let value = text[..len].iter().fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'));
    Some((value, &text[len..]))
}
