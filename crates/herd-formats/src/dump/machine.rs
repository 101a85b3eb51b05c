//! Walks the text: goroutines in clear text on the fast way, all else line by line.

use herd_model::{NoteKind, Origin, Truncation};
use memchr::{memchr, memmem};

use super::block::{self, Ended};
use super::header::{self, Header};
use super::interlude::Interlude;
use super::lanes::Lanes;
use super::layers::Layer;
use super::mend::{self, Doubt};
use super::notes::{Notes, quote};
use super::profile_text::{self, Belongs, ProfileText};
use super::scan::{self, Scan};
use super::segment::{self, At, Opener, Segment};
use super::split;
use super::wrap::{self, Wrap};
use crate::stamp;

/// Layers around a dump that are taken off, such as docker's JSON around a logfmt field.
const MAX_LAYERS: usize = 3;
/// What some editors put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Dumps kept of one input; goroutines of further ones are counted into the last.
pub const MAX_DUMPS: usize = 4096;

/// What follows the bytes at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// More may come.
    More,
    /// Nothing: this is the end.
    Last,
    /// More, but what is at hand must be taken as it is: a limit was hit.
    Forced,
}

/// The reader's state between two pieces of input.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "four independent facts about the place in the text")]
pub struct Machine {
    /// Dumps and parts of dumps so far.
    pub segments: Vec<Segment>,
    /// Lines since the last goroutine.
    pub interlude: Interlude,
    /// Notes.
    pub notes: Notes,
    /// Offset of the next byte.
    pub offset: u64,
    /// Lines before it.
    pub lines: u64,
    /// The text before this part was not seen, so no dump's first ids are known yet.
    pub blind: bool,
    /// Stop at the first legible header after a blank line that starts here or later.
    pub stop_at: Option<u64>,
    /// It has stopped there.
    pub stopped: bool,
    /// Other writers of the same log.
    pub lanes: Lanes,
    pub(super) profile: Option<ProfileText>,
    pub(super) layers: Vec<Layer>,
    /// The last time in what the layers took off.
    pub(super) layer_stamp: Option<i64>,
    pub(super) open: Option<Open>,
    skipping: bool,
    after_blank: bool,
}

/// A goroutine gathered line by line.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) text: Vec<u8>,
    at: At,
    goleak: bool,
    pub(super) closed: bool,
    stamp: Option<i64>,
    /// The header lacks its colon, and the lines under it have not shown yet that it is one.
    doubtful: bool,
    /// Bytes of a log's prefix before the header, when it alone has one.
    pub(super) lead: u64,
}

enum Step {
    Next(usize),
    NeedMore,
    NotAGoroutine,
}

impl Machine {
    /// Takes what it can of `data`, which starts at [`Machine::offset`]; answers how much.
    pub fn consume(&mut self, data: &[u8], tail: Tail) -> usize {
        let mut pos = 0;
        while pos < data.len() && !self.stopped {
            let rest = &data[pos..];
            let used = match self.step(rest, tail) {
                Step::Next(used) => used,
                Step::NeedMore | Step::NotAGoroutine => break,
            };
            pos += used;
            self.offset += used as u64;
            if tail == Tail::Forced {
                break;
            }
        }
        pos
    }

    fn step(&mut self, rest: &[u8], tail: Tail) -> Step {
        if self.offset == 0 && rest.starts_with(&BYTE_ORDER_MARK[..rest.len().min(BYTE_ORDER_MARK.len())]) {
            if rest.len() >= BYTE_ORDER_MARK.len() {
                return Step::Next(BYTE_ORDER_MARK.len());
            }
            if tail == Tail::More {
                return Step::NeedMore;
            }
        }
        if rest.len() < 11 && tail == Tail::More && rest.starts_with(&b"goroutine "[..rest.len().min(10)]) {
            return Step::NeedMore;
        }
        if header::starts(rest) {
            if tail == Tail::More && memchr(b'\n', rest).is_none() {
                return Step::NeedMore;
            }
            if self.must_stop() && header::parse(block::line_of(rest).0).is_some() {
                self.flush_open(header::id_of(rest));
                self.stopped = true;
                return Step::Next(0);
            }
            if !self.layers.is_empty() && header::parse(block::line_of(rest).0).is_some() {
                // A header in clear ends what a log had put around the lines before.
                self.flush_open(header::id_of(rest));
                self.layers.clear();
                self.end_lanes();
            }
            if self.layers.is_empty() {
                match self.goroutine_in_clear(rest, tail) {
                    Step::NotAGoroutine => {}
                    done @ (Step::Next(_) | Step::NeedMore) => return done,
                }
            }
        }
        let (len, line) = match memchr(b'\n', rest) {
            Some(at) => (at + 1, &rest[..at]),
            None if tail == Tail::More => return Step::NeedMore,
            None => (rest.len(), rest),
        };
        if tail == Tail::Last && len == line.len() && self.is_cut_header(line) {
            self.flush_open(None);
            self.mark_cut(self.offset + len as u64);
            return Step::Next(len);
        }
        self.after_blank = line.is_empty() && self.lines > 0;
        let at = At { offset: self.offset, line: self.lines + 1 };
        self.lines += u64::from(len > line.len());
        if tail == Tail::Forced {
            self.notes.add(
                NoteKind::Limit,
                self.offset,
                format!("a line is longer than {} bytes; its rest is left out", line.len()),
            );
            self.skipping = true;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.skipping {
            self.skipping = !line.is_empty() && tail != Tail::Forced && !header::starts(line) || tail == Tail::Forced;
            return Step::Next(len);
        }
        self.unwrap_line(0, line, at);
        Step::Next(len)
    }

    /// Whether a last line without end is the start of a header.
    fn is_cut_header(&self, line: &[u8]) -> bool {
        let starts = header::starts(line) || (self.after_blank && b"goroutine ".starts_with(line));
        starts && header::parse(line).is_none() && self.layers.is_empty() && memmem::find(line, br"\n").is_none()
    }

    fn must_stop(&self) -> bool {
        self.after_blank && self.stop_at.is_some_and(|stop| self.offset >= stop + 2)
    }

    /// Takes a goroutine that stands in the input as Go printed it.
    fn goroutine_in_clear(&mut self, rest: &[u8], tail: Tail) -> Step {
        let header_len = match memchr(b'\n', rest) {
            Some(at) => at + 1,
            None if tail == Tail::More => return Step::NeedMore,
            None => rest.len(),
        };
        let Some(header) = header::parse(block::line_of(rest).0) else { return Step::NotAGoroutine };
        let body = &rest[header_len..];
        let Some(found) = scan::scan(body, segment::seed(header.state_raw), tail != Tail::More) else { return Step::NeedMore };
        let len = header_len + found.len_with_blank;
        if found.len == 0 && found.len_with_blank > 0 {
            match is_spaced(body, tail) {
                None => return Step::NeedMore,
                Some(true) => {
                    self.end_profile();
                    let spaced = Wrap::Spaced(false);
                    self.notes.add_once(NoteKind::Unwrapped, self.offset, &spaced.describe());
                    self.flush_open(Some(header.goroutine.id));
                    self.skipping = false;
                    self.layers.push(Layer { wrap: spaced, partial: Vec::new(), misses: 0 });
                    return Step::NotAGoroutine;
                }
                Some(false) => {}
            }
        }
        let mut next_id = None;
        if header.state == b"running" {
            let after = &rest[len..];
            // The next header's id tells whether this is the first goroutine of another dump.
            if tail == Tail::More && after.len() < 40 {
                return Step::NeedMore;
            }
            next_id = id_at(after);
        }
        if self.open.is_some() {
            self.flush_open(Some(header.goroutine.id));
        }
        self.end_profile();
        self.skipping = false;
        let at = At { offset: self.offset, line: self.lines + 1 };
        let (used, lines) = self.count_mended(&header, &rest[..header_len + found.len], header_len, &found, next_id, at);
        if tail == Tail::Forced {
            self.notes.add(
                NoteKind::Limit,
                self.offset,
                format!("a goroutine's text is longer than {len} bytes; its rest is left out"),
            );
            self.skipping = true;
        }
        let whole = used == header_len + found.len;
        self.lines += if whole { 1 + u64::from(found.lines) } else { 1 + u64::from(lines) };
        self.after_blank = whole && found.len_with_blank == found.len + 1;
        let used = if whole { len } else { used };
        if let Some(segment) = self.segments.last_mut() {
            segment.end = self.offset + used as u64;
        }
        if whole && tail == Tail::Last && used == rest.len() && found.len == found.len_with_blank {
            self.check_cut(&rest[..used], header_len, self.offset + used as u64);
        }
        Step::Next(used)
    }

    /// Counts a goroutine that may have lost the indentation of its files; answers the bytes and lines of `text` that belong to it.
    fn count_mended(
        &mut self,
        header: &Header<'_>,
        text: &[u8],
        header_len: usize,
        found: &Scan,
        next_id: Option<u64>,
        at: At,
    ) -> (usize, u32) {
        let mended = mend::indented(text, header_len, found).and_then(|mended| {
            let found = scan::scan(&mended[header_len..], segment::seed(header.state_raw), true)?;
            Some((mended, found))
        });
        let Some((mended, found)) = mended else { return self.count(header, text, header_len, found, next_id, at) };
        self.notes.add_once(NoteKind::Unwrapped, at.offset, "put back the indentation of file lines");
        let (used, lines) = self.count(header, &mended, header_len, &found, next_id, at);
        if used == mended.len() {
            return (text.len(), lines);
        }
        let used = (0..lines).fold(header_len, |used, _| used + block::line_of(&text[used..]).1);
        (used, lines)
    }

    /// Counts a goroutine; answers the bytes and lines of `text` that belong to it.
    fn count(
        &mut self,
        header: &Header<'_>,
        text: &[u8],
        header_len: usize,
        found: &Scan,
        next_id: Option<u64>,
        at: At,
    ) -> (usize, u32) {
        self.begin(header, next_id, at);
        let Some(segment) = self.segments.last_mut() else { return (text.len(), 0) };
        let body = &text[header_len..];
        if segment.count_known(header, body, found, at, &mut self.notes) {
            return (text.len(), found.lines);
        }
        let block = block::parse(body);
        let whole = block.ended == Ended::Bytes;
        let hash = (whole && !found.careful && block.foreign == 0).then_some(found.hash);
        segment.count_block(header, &block, &text[..header_len + block.len], hash, at, &mut self.notes);
        (header_len + block.len, block.lines)
    }

    /// Decides whether a goroutine belongs to the dump at hand or opens another.
    fn begin(&mut self, header: &Header<'_>, next_id: Option<u64>, at: At) {
        let running = header.state == b"running";
        if self.interlude.lines == 0
            && !self.interlude.other_source
            && !running
            && let Some(segment) = self.segments.last()
            && (segment.origin() == Origin::Goleak) == header.goleak
            && split::has_goroutines(segment.origin())
        {
            return;
        }
        let opener = Opener {
            interlude: std::mem::take(&mut self.interlude),
            id: header.goroutine.id,
            next_id,
            running,
            goleak: header.goleak,
            goroutine: true,
            decided: true,
        };
        let origin = if header.goleak { Origin::Goleak } else { Origin::Stacks };
        self.open_segment(opener, origin, at);
    }

    fn open_segment(&mut self, mut opener: Opener, origin: Origin, at: At) {
        if let Some(segment) = self.segments.last() {
            let divides = split::divides(segment.origin(), &segment.head_ids, &opener);
            let undecided = self.blind && opener.running && !split::divides_anything(segment.origin(), &opener);
            if !divides && !undecided {
                return;
            }
            if self.segments.len() >= MAX_DUMPS {
                self.notes.add_once(
                    NoteKind::Limit,
                    at.offset,
                    "read 4096 dumps of one input; goroutines of further ones are counted into the last",
                );
                return;
            }
            opener.decided = !undecided;
            self.blind &= undecided;
        } else {
            opener.decided = !self.blind;
        }
        self.segments.push(Segment::new(origin, opener, at.offset));
    }

    /// Takes a line all layers are off of.
    pub(super) fn clear_line(&mut self, line: &[u8], at: At) {
        if let Some(profile) = &mut self.profile
            && let Some(segment) = self.segments.last_mut()
        {
            if profile.line(line, at, segment, &mut self.notes) == Belongs::Yes {
                segment.end = at.offset + line.len() as u64 + 1;
                return;
            }
            self.end_profile();
        }
        if let Some(header) = header::starts(line).then(|| header::parse(line)).flatten() {
            // Older goleak prints its sentence and the header it was made from.
            if let Some(open) = self.open.as_ref().filter(|open| open.goleak)
                && header::parse_goleak(block::line_of(&open.text).0)
                    .is_some_and(|sentence| sentence.goroutine.id == header.goroutine.id)
            {
                return;
            }
            self.flush_open(Some(header.goroutine.id));
            self.open_goroutine(line, at, false);
            return;
        }
        if memmem::find(line, b"Goroutine ").is_some_and(|start| start < 4) && header::parse_goleak(line).is_some() {
            self.flush_open(None);
            self.open_goroutine(line, at, true);
            return;
        }
        self.settle_doubt(line);
        if let Some(open) = &mut self.open {
            if !open.closed && !line.is_empty() {
                open.text.extend_from_slice(line);
                open.text.push(b'\n');
                return;
            }
            open.closed = true;
            if line.is_empty() {
                return;
            }
            self.flush_open(id_at(line));
        }
        if let Some(mended) = mend::with_colon(line) {
            self.open_goroutine(&mended, at, false);
            if let Some(open) = &mut self.open {
                open.doubtful = true;
            }
            return;
        }
        self.outside_line(line, at);
    }

    /// Looks whether the line under a header without colon makes it one; if not, the header was a line of the log.
    fn settle_doubt(&mut self, line: &[u8]) {
        let Some(open) = self.open.as_mut().filter(|open| open.doubtful) else { return };
        match mend::bears_out(&open.text, line) {
            Doubt::Open => {}
            Doubt::Settled => {
                open.doubtful = false;
                let offset = open.at.offset;
                self.notes.add_once(NoteKind::Unwrapped, offset, "put back the colon behind headers");
            }
            Doubt::Refuted => self.flush_open(None),
        }
    }

    fn open_goroutine(&mut self, line: &[u8], at: At, goleak: bool) {
        let mut text = line.to_vec();
        text.push(b'\n');
        let stamp = self.layer_stamp.filter(|_| !self.layers.is_empty());
        self.open = Some(Open { text, at, goleak, closed: false, stamp, doubtful: false, lead: 0 });
    }

    /// Takes a line that belongs to no goroutine.
    fn outside_line(&mut self, line: &[u8], at: At) {
        if let Some(head) = profile_text::head(line) {
            self.interlude.stamp_layer = self.layer_stamp.filter(|_| !self.layers.is_empty());
            let opener = Opener { interlude: std::mem::take(&mut self.interlude), decided: true, ..Opener::default() };
            self.open_segment(opener, head.origin(), at);
            self.profile = Some(ProfileText::new(head));
            return;
        }
        if self.layers.len() < MAX_LAYERS
            && memmem::find(line, b"oroutine").is_some()
            && let Some(wrap) = wrap::detect(line)
        {
            self.notes.add_once(NoteKind::Unwrapped, at.offset, &wrap.describe());
            let level = self.layers.len();
            if level == 0 {
                self.lanes.begin(&wrap, &self.interlude, self.segments.len());
            }
            self.interlude.read_again(&wrap);
            self.layers.push(Layer { wrap, partial: Vec::new(), misses: 0 });
            if level == 0 {
                self.layer_stamp = stamp::find_in_record(line);
            }
            return self.unwrap_line(level, line, at);
        }
        if header::starts(line) {
            // Labels stand behind a brace and may be private.
            let shown = line.split(|byte| *byte == b'{').next().unwrap_or_default();
            self.notes.add(NoteKind::Malformed, at.offset, format!("cannot read the header {}", quote(shown, 80)));
        } else if line == b"runtime stack:" {
            self.notes.add(NoteKind::Skipped, at.offset, "a thread's `runtime stack:` belongs to no goroutine and is left out");
        }
        self.interlude.line(line);
    }

    /// Counts the goroutine gathered line by line, if there is one.
    pub(super) fn flush_open(&mut self, next_id: Option<u64>) {
        let Some(open) = self.open.take() else { return };
        if open.doubtful {
            let shown = block::line_of(&open.text).0;
            self.notes.add(NoteKind::Malformed, open.at.offset, format!("no call follows the header {}", quote(shown, 80)));
            open.text.split(|byte| *byte == b'\n').for_each(|line| self.interlude.line(line));
            return;
        }
        self.interlude.stamp_layer = open.stamp;
        let (line, header_len) = block::line_of(&open.text);
        let header = if open.goleak { header::parse_goleak(line) } else { header::parse(line) };
        let Some(header) = header else { return };
        let Some(found) = scan::scan(&open.text[header_len..], segment::seed(header.state_raw), true) else { return };
        let known = self.segments.len();
        let text = &open.text[..header_len + found.len];
        let (used, _) = self.count_mended(&header, text, header_len, &found, next_id, open.at);
        self.interlude.stamp_layer = None;
        let opened = self.segments.len() > known;
        if let Some(segment) = self.segments.last_mut() {
            segment.end = segment.end.max(self.offset);
            if opened {
                segment.start = segment.end.min(segment.start + open.lead);
            }
        }
        for line in open.text[used..].split(|byte| *byte == b'\n') {
            self.interlude.line(line.strip_suffix(b"\r").unwrap_or(line));
        }
    }

    /// Closes the profile, if one is being read.
    pub fn end_profile(&mut self) {
        if let Some(profile) = self.profile.take()
            && let Some(segment) = self.segments.last_mut()
        {
            profile.finish(segment, &mut self.notes);
        }
    }

    /// Closes what is open at the end of the input.
    pub fn finish(&mut self) {
        if self.stopped {
            self.layers.clear();
        }
        for level in 0..MAX_LAYERS {
            let Some(layer) = self.layers.get_mut(level) else { break };
            let partial = std::mem::take(&mut layer.partial);
            if !partial.is_empty() {
                let at = At { offset: self.offset, line: self.lines };
                self.unwrap_line(level + 1, &partial, at);
            }
        }
        if let Some(open) = self.open.as_ref().filter(|open| !open.closed && !open.doubtful) {
            let text = open.text.clone();
            let header_len = block::line_of(&text).1;
            self.flush_open(None);
            self.check_cut(&text, header_len, self.offset);
        }
        self.flush_open(None);
        self.end_profile();
        self.end_lanes();
    }

    /// Looks whether the last goroutine of the input is whole.
    fn check_cut(&mut self, text: &[u8], header_len: usize, end: u64) {
        let line = block::line_of(text).0;
        let Some(header) = header::parse(line) else { return };
        let mended = mend::indent(text, header_len);
        let block = block::parse(&mended.as_deref().unwrap_or(text)[header_len..]);
        let ends_by_itself =
            block.frames.last().is_some_and(|frame| frame.func.starts_with(b"runtime.") || frame.func == b"main.main");
        let no_creator = block.created_by.is_none() && header.goroutine.id > 1 && !ends_by_itself;
        if block.unavailable {
            return;
        }
        if !block.whole || block.frames.is_empty() {
            self.mark_cut(end);
        } else if no_creator && let Some(segment) = self.segments.last_mut() {
            segment.ends_without_creator = Some(end);
        }
    }

    fn mark_cut(&mut self, end: u64) {
        if let Some(segment) = self.segments.last_mut() {
            segment.end = segment.end.max(end);
            segment.truncated(Truncation::CutAt(end));
        }
    }
}

/// Whether a blank line stands between a header's frame and its file too; `None` when that has not come yet.
fn is_spaced(body: &[u8], tail: Tail) -> Option<bool> {
    let mut at = 0;
    for index in 0..4 {
        let rest = &body[at..];
        if tail == Tail::More && memchr(b'\n', rest).is_none() {
            return None;
        }
        let (line, len) = block::line_of(rest);
        let fits = match index {
            0 | 2 => line.is_empty() && len > 0,
            1 => block::looks_like_call(line),
            _ => matches!(line.first(), Some(b'\t' | b' ')),
        };
        if !fits {
            return Some(false);
        }
        at += len;
    }
    Some(true)
}

/// The id in a line that begins as a header does, whether or not the rest of it can be read.
pub(super) fn id_at(line: &[u8]) -> Option<u64> {
    header::starts(line).then(|| header::id_of(line)).flatten()
}
