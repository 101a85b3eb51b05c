//! The lines under a goroutine's header: frames, creator, ancestors, elisions, C frames.

use herd_model::ObjectKind;
use memchr::{memchr, memmem, memrchr};

use super::header;

/// Frames kept of one stack; Go prints at most 100, other printers may not.
pub const MAX_FRAMES: usize = 4096;

/// One call as it stands in the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameText<'a> {
    /// Function without arguments.
    pub func: &'a [u8],
    /// Arguments without parentheses.
    pub args: &'a [u8],
    /// File.
    pub file: &'a [u8],
    /// Line.
    pub line: u32,
    /// Index of the function's line below the header.
    pub at_line: u32,
}

/// The stack of a starter.
#[derive(Clone, Debug, Default)]
pub struct AncestorText<'a> {
    /// Frames.
    pub frames: Vec<FrameText<'a>>,
    /// Its creator.
    pub created_by: Option<FrameText<'a>>,
}

/// Why a block ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// A blank line.
    Blank,
    /// The next header, without a blank line.
    Header,
    /// A line that belongs to no stack.
    Foreign,
    /// The end of the bytes.
    #[default]
    Bytes,
}

/// What stands under a header.
#[derive(Clone, Debug, Default)]
pub struct Block<'a> {
    /// Frames, innermost first.
    pub frames: Vec<FrameText<'a>>,
    /// The `go` statement.
    pub created_by: Option<FrameText<'a>>,
    /// The goroutine it stands in.
    pub parent: Option<u64>,
    /// Frames left out by the runtime.
    pub elided: u32,
    /// Where they were.
    pub elided_at: u32,
    /// Starters, nearest first.
    pub ancestors: Vec<AncestorText<'a>>,
    /// The stack could not be read.
    pub unavailable: bool,
    /// `fp=` or `pc=` stands after a file: crash output.
    pub system: bool,
    /// Lines between the frames that are not of the stack.
    pub foreign: u32,
    /// Frames beyond [`MAX_FRAMES`].
    pub dropped: u32,
    /// Bytes that belong to it.
    pub len: usize,
    /// Lines that belong to it.
    pub lines: u32,
    /// Why it ended.
    pub ended: Ended,
    /// The last line is whole: a frame with its file.
    pub whole: bool,
}

/// Reads the lines from just after a header.
pub fn parse(text: &[u8]) -> Block<'_> {
    let mut block = Block { whole: true, ..Block::default() };
    let mut rest = text;
    while !rest.is_empty() {
        let (line, len) = line_of(rest);
        if line.is_empty() {
            block.ended = Ended::Blank;
            return block;
        }
        if header::starts(line) && header::parse(line).is_some() {
            block.ended = Ended::Header;
            return block;
        }
        let next = rest.get(len..).unwrap_or_default();
        let Some(used) = item(&mut block, line, next, rest.len() == len && rest.last() != Some(&b'\n')) else {
            if let Some((foreign, lines)) = foreign_len(&block, rest) {
                block.foreign += lines;
                block.lines += lines;
                block.len += foreign;
                rest = &rest[foreign..];
                continue;
            }
            block.ended = Ended::Foreign;
            return block;
        };
        let used = len + used;
        block.lines += if used > len { 2 } else { 1 };
        block.len += used;
        rest = &rest[used..];
    }
    block
}

/// Lines in a row that other writers may have put between two frames.
const MAX_FOREIGN: u32 = 8;

/// Bytes and lines before the stack goes on, when it does: a call or creator with its file and line. Behind the creator it cannot.
fn foreign_len(block: &Block<'_>, text: &[u8]) -> Option<(usize, u32)> {
    let over = block.ancestors.last().map_or(block.created_by.is_some(), |ancestor| ancestor.created_by.is_some());
    let mut at = 0;
    for lines in 0..=MAX_FOREIGN {
        let (line, len) = line_of(&text[at..]);
        let file = line_of(text.get(at + len..)?).0;
        let goes_on = looks_like_call(line) && file.first() == Some(&b'\t') && file_of(file).line > 0;
        if lines > 0 && goes_on {
            return Some((at, lines));
        }
        if over || begins(line) {
            return None;
        }
        at += len;
    }
    None
}

/// Takes one line, and its file line when it has one; answers the bytes used beyond the line, `None` when it is foreign.
fn item<'a>(block: &mut Block<'a>, line: &'a [u8], next: &'a [u8], cut: bool) -> Option<usize> {
    if matches!(line[0], b'\t' | b' ') {
        let text = line.trim_ascii();
        if text.starts_with(b"goroutine running on other thread") {
            block.unavailable = true;
            return Some(0);
        }
        // A file without its function: the paste lost a line.
        return Some(0);
    }
    if line.starts_with(b"...") && (line.ends_with(b" frames elided...") || line == b"...additional frames elided...") {
        let count = header::number(&line[3..]).map_or(u32::MAX, |(count, _)| u32::try_from(count).unwrap_or(u32::MAX));
        if block.ancestors.is_empty() {
            block.elided = count;
            block.elided_at = block.frames.len() as u32;
        }
        return Some(0);
    }
    if let Some(rest) = line.strip_prefix(b"[originating from goroutine ") {
        let id = header::number(rest).map_or(0, |(id, _)| id);
        if block.ancestors.is_empty() && block.parent.is_none() {
            block.parent = Some(id).filter(|id| *id != 0);
        }
        block.ancestors.push(AncestorText::default());
        return Some(0);
    }
    if line.starts_with(b"non-Go function at pc=") {
        let func = &line[..b"non-Go function".len()];
        push_frame(block, FrameText { func, at_line: block.lines, ..FrameText::default() });
        return Some(0);
    }
    let (mut file_line, mut file_len) = line_of(next);
    let mut has_file = matches!(file_line.first(), Some(b'\t' | b' ')) && !file_line.trim_ascii().is_empty();
    if !has_file && !looks_like_call(line) {
        // At the end of the bytes the rest of the line may be what would tell.
        if !next.is_empty() || !cut || !may_be_cut_call(line) {
            return None;
        }
    }
    let mut frame = FrameText { at_line: block.lines, ..FrameText::default() };
    if let Some((before, lines)) = (!has_file).then(|| before_file(next)).flatten() {
        block.foreign += lines;
        block.lines += lines;
        let (line, len) = line_of(&next[before..]);
        (file_line, file_len, has_file) = (line, before + len, true);
    }
    let mut whole = has_file;
    if has_file {
        let file = file_of(file_line);
        (frame.file, frame.line) = (file.path, file.line);
        block.system |= file.system;
        whole = file.line > 0 || file.path.is_empty();
    }
    block.whole = whole;
    if let Some(creator) = line.strip_prefix(b"created by ") {
        set_creator(block, creator, frame);
    } else {
        (frame.func, frame.args) = split_call(line);
        push_frame(block, frame);
    }
    Some(if has_file { file_len } else { 0 })
}

/// Bytes and lines that other writers have put between a call and its file.
fn before_file(text: &[u8]) -> Option<(usize, u32)> {
    let mut at = 0;
    for lines in 0..=MAX_FOREIGN {
        let (line, len) = line_of(text.get(at..)?);
        if line.first() == Some(&b'\t') && file_of(line).line > 0 {
            return Some((at, lines));
        }
        if looks_like_call(line) || begins(line) || matches!(line[0], b'\t' | b' ' | b'.' | b'[') {
            return None;
        }
        at += len;
    }
    None
}

/// Whether a line ends a stack, or begins one of its own.
fn begins(line: &[u8]) -> bool {
    line.is_empty() || line.last() == Some(&b':') || header::starts(line) || line.starts_with(b"Goroutine ")
}

fn push_frame<'a>(block: &mut Block<'a>, frame: FrameText<'a>) {
    if block.frames.len() + block.ancestors.iter().map(|ancestor| ancestor.frames.len()).sum::<usize>() >= MAX_FRAMES {
        block.dropped = block.dropped.saturating_add(1);
        return;
    }
    match block.ancestors.last_mut() {
        Some(ancestor) => ancestor.frames.push(frame),
        None => block.frames.push(frame),
    }
}

fn set_creator<'a>(block: &mut Block<'a>, text: &'a [u8], mut frame: FrameText<'a>) {
    let (func, parent) = split_creator(text);
    frame.func = func;
    if let Some(ancestor) = block.ancestors.last_mut() {
        ancestor.created_by = Some(frame);
    } else {
        block.created_by = Some(frame);
        // In ancestors mode the number stands with the ancestor, not here.
        block.parent = parent;
    }
}

/// Splits `F in goroutine N`.
pub fn split_creator(text: &[u8]) -> (&[u8], Option<u64>) {
    const IN: &[u8] = b" in goroutine ";
    if let Some(at) = memmem::rfind(text, IN)
        && let Some((id, rest)) = header::number(&text[at + IN.len()..])
        && rest.is_empty()
    {
        return (&text[..at], Some(id));
    }
    (text, None)
}

/// Splits `F(ARGS)` at the last `(`: function names hold parentheses too, arguments never do.
fn split_call(line: &[u8]) -> (&[u8], &[u8]) {
    match memrchr(b'(', line) {
        Some(at) if at > 0 && line.last() == Some(&b')') => (&line[..at], &line[at + 1..line.len() - 1]),
        // Cut before its closing parenthesis.
        Some(at) if at > 0 && line.get(at + 1) != Some(&b'*') => (&line[..at], &line[at + 1..]),
        _ => (line, b""),
    }
}

/// Whether a line is a call or a creator, by its form.
pub fn looks_like_call(line: &[u8]) -> bool {
    line.starts_with(b"created by ")
        || (line.last() == Some(&b')')
            && memrchr(b'(', line).is_some_and(|at| at > 0 && line[at - 1] != b' ' && memchr(b' ', &line[..at]).is_none()))
}

/// Whether a line is the file of a call.
pub fn is_file(line: &[u8]) -> bool {
    match line.first() {
        Some(b'\t' | b' ') => file_of(line).line > 0,
        _ => is_flat_file(line, true),
    }
}

/// Whether a line is a file line that has lost its indentation: an offset or registers stand behind it, or it is Go and behind a call.
pub fn is_flat_file(line: &[u8], after_call: bool) -> bool {
    let file = file_of(line);
    if file.line == 0 || file.path.is_empty() || looks_like_call(line) {
        return false;
    }
    let marked = [&b" +0x"[..], b" fp=0x", b" pc=0x"].iter().any(|mark| memmem::find(line, mark).is_some());
    let go = file.path.ends_with(b".go") || file.path.ends_with(b".s") || file.path == b"<autogenerated>";
    marked || (after_call && go && memchr(b' ', file.path).is_none())
}

fn may_be_cut_call(line: &[u8]) -> bool {
    memchr(b' ', line).is_none_or(|space| memchr(b'(', &line[..space]).is_some() || b"created by ".starts_with(&line[..=space]))
}

/// What a file line says.
struct FileText<'a> {
    path: &'a [u8],
    line: u32,
    system: bool,
}

/// Reads `FILE:LINE[ +0xOFF][ fp=0x.. sp=0x..[ pc=0x..]]`; paths may hold spaces and colons.
fn file_of(line: &[u8]) -> FileText<'_> {
    let text = line.trim_ascii();
    let end = [&b" +0x"[..], b" fp=0x", b" pc=0x"].iter().filter_map(|mark| memmem::find(text, mark)).min().unwrap_or(text.len());
    let system = memmem::find(&text[end..], b"pc=0x").is_some() || text.starts_with(b"pc=0x");
    let place = &text[..end];
    if place.starts_with(b"pc=0x") {
        return FileText { path: b"", line: 0, system };
    }
    let colon = memrchr(b':', place).filter(|at| place.len() > at + 1 && place[at + 1..].iter().all(u8::is_ascii_digit));
    match colon {
        Some(at) => {
            let line = header::number(&place[at + 1..]).map_or(0, |(line, _)| u32::try_from(line).unwrap_or(0));
            FileText { path: &place[..at], line, system }
        }
        None => FileText { path: place, line: 0, system },
    }
}

/// The line at the start of `text` without its end, and its length with it.
pub fn line_of(text: &[u8]) -> (&[u8], usize) {
    let (line, len) = match memchr(b'\n', text) {
        Some(at) => (&text[..at], at + 1),
        None => (text, text.len()),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), len)
}

/// What the innermost frames wait on, and the lines whose first argument is its address, best first.
pub fn waits_on(frames: &[FrameText<'_>]) -> Option<(ObjectKind, Vec<u32>)> {
    let mut kind = None;
    let mut lines = Vec::new();
    for frame in frames.iter().take_while(|frame| is_below_user(frame.func)) {
        let Some(found) = object_of(frame.func) else { continue };
        // A RWMutex locks the Mutex at its start, a WaitGroup or Cond a semaphore inside it: the outer one is what code names.
        match (kind, found) {
            (None | Some(ObjectKind::Semaphore), _) => lines.clear(),
            (Some(ObjectKind::Mutex), ObjectKind::RwMutex) => {}
            (Some(before), _) if before == found => {}
            (Some(_), _) => break,
        }
        kind = Some(found);
        lines.push(frame.at_line);
    }
    kind.map(|kind| (kind, lines))
}

fn is_below_user(func: &[u8]) -> bool {
    [&b"runtime."[..], b"sync.", b"internal/sync."].iter().any(|prefix| func.starts_with(prefix))
}

fn object_of(func: &[u8]) -> Option<ObjectKind> {
    Some(match func {
        b"runtime.chansend" | b"runtime.chansend1" | b"runtime.chanrecv" | b"runtime.chanrecv1" | b"runtime.chanrecv2" => {
            ObjectKind::Channel
        }
        b"sync.(*Mutex).lockSlow"
        | b"sync.(*Mutex).Lock"
        | b"internal/sync.(*Mutex).lockSlow"
        | b"internal/sync.(*Mutex).Lock" => ObjectKind::Mutex,
        b"sync.(*RWMutex).RLock" | b"sync.(*RWMutex).Lock" => ObjectKind::RwMutex,
        b"sync.(*WaitGroup).Wait" => ObjectKind::WaitGroup,
        // The address is that of the list of waiters inside the Cond: exact, and the same for all of them.
        b"sync.runtime_notifyListWait" | b"sync.(*Cond).Wait" => ObjectKind::Cond,
        b"runtime.semacquire1"
        | b"sync.runtime_Semacquire"
        | b"sync.runtime_SemacquireMutex"
        | b"internal/sync.runtime_SemacquireMutex" => ObjectKind::Semaphore,
        _ => return None,
    })
}

/// The exact address that is the first argument of the call in `line`; `None` when it is `?`, absent or inlined away.
pub fn first_address(line: &[u8]) -> Option<u64> {
    let args = &line[memrchr(b'(', line)? + 1..];
    let digits = args.strip_prefix(b"0x")?;
    let len = digits.iter().take(17).take_while(|byte| byte.is_ascii_hexdigit()).count();
    if len == 0 || len > 16 || !matches!(digits.get(len), Some(b',' | b')')) {
        return None;
    }
    let value = digits[..len].iter().fold(0, |sum, byte| sum * 16 + u64::from(char::from(*byte).to_digit(16).unwrap_or(0)));
    (value != 0).then_some(value)
}
