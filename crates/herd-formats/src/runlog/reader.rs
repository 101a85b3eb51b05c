//! Takes a log piece by piece: looks only at lines in which a record may begin or go on.

use std::ops::Range;

use herd_model::RuntimeLogs;
use memchr::{memchr, memrchr};

use super::anchors::{Anchor, Places, Searches};
use super::cursor::Read;
use super::keep;
use super::lane::{self, Lane};
use super::torn::{self, Joined, MAX_LINES, MAX_PENDING, Pending, Record};
use super::{MAX_LINE_BYTES, MAX_OFFSETS, gctrace, schedtrace};

/// Reads a log in pieces of any size; memory follows the records kept.
#[derive(Clone, Debug)]
pub struct RunlogReader {
    searches: Searches,
    /// The last line, whose end has not come.
    carry: Vec<u8>,
    /// Byte at which it begins.
    carry_at: u64,
    lanes: Vec<Lane>,
    weight: usize,
    logs: RuntimeLogs,
}

impl Default for RunlogReader {
    fn default() -> Self {
        Self::new()
    }
}

impl RunlogReader {
    /// At the start of an input.
    pub fn new() -> Self {
        RunlogReader {
            searches: Searches::new(),
            carry: Vec::new(),
            carry_at: 0,
            lanes: Vec::new(),
            weight: 0,
            logs: RuntimeLogs::default(),
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        let mut at = self.logs.bytes;
        self.logs.bytes += bytes.len() as u64;
        if !self.carry.is_empty() {
            let line_end = memchr(b'\n', rest);
            self.extend_carry(&rest[..line_end.unwrap_or(rest.len())]);
            let Some(len) = line_end else { return };
            let line = std::mem::take(&mut self.carry);
            self.lines(&line, self.carry_at);
            rest = &rest[len + 1..];
            at += len as u64 + 1;
        }
        let whole = memrchr(b'\n', rest).map_or(0, |end| end + 1);
        self.lines(&rest[..whole], at);
        self.carry_at = at + whole as u64;
        self.extend_carry(&rest[whole..]);
    }

    /// What has been read, the line at hand and what waits for its rest not included.
    pub fn so_far(&self) -> &RuntimeLogs {
        &self.logs
    }

    /// Ends the input.
    pub fn finish(mut self) -> RuntimeLogs {
        let line = std::mem::take(&mut self.carry);
        self.lines(&line, self.carry_at);
        for at in 0..self.lanes.len() {
            for mut pending in std::mem::take(&mut self.lanes[at].pending) {
                // The input was cut there: no other text contradicts it.
                pending.firm |= pending.offset + pending.head.len() as u64 == self.logs.bytes;
                self.lose(&pending);
            }
        }
        self.logs
    }

    fn extend_carry(&mut self, piece: &[u8]) {
        let room = MAX_LINE_BYTES.saturating_sub(self.carry.len());
        self.carry.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// Whole lines; between two that may hold records nothing is looked at.
    fn lines(&mut self, text: &[u8], offset: u64) {
        let mut places = self.searches.start(text);
        let mut from = 0;
        while from < text.len() {
            let start = if self.lanes.iter().any(Lane::is_waiting) {
                from
            } else {
                let Some((at, _)) = self.searches.next(text, &mut places, from) else { return };
                memrchr(b'\n', &text[from..at]).map_or(from, |end| from + end + 1)
            };
            let end = memchr(b'\n', &text[start..]).map_or(text.len(), |len| start + len);
            self.line(text, start..end, offset, &mut places);
            from = end + 1;
        }
    }

    /// One line: the rest of what was cut first, then every record that begins in it.
    fn line(&mut self, text: &[u8], range: Range<usize>, offset: u64, places: &mut Places) {
        let Range { start, end } = range;
        let line = &text[start..end];
        let mut at = start + self.go_on(line);
        while let Some((found, kind)) = self.searches.next(text, places, at) {
            if found >= end {
                return;
            }
            at = start + self.begin(kind, line, found - start, offset + start as u64);
        }
    }

    /// A record that begins at byte `at` of a line; answers where to look on.
    fn begin(&mut self, kind: Anchor, line: &[u8], at: usize, offset: u64) -> usize {
        match torn::read(kind, &line[at..]) {
            Read::Whole(record, len) => {
                let source = lane::of_lead(&mut self.lanes, &line[..at]);
                self.keep(source, record, offset + at as u64, line.len() > at + len);
                at + len
            }
            Read::Cut(len) => {
                let exact = line[..at].ends_with(b" P ");
                let len = if exact { line.len() - at } else { torn::before_date(&line[at..], len).unwrap_or(len) };
                let head = &line[at..at + len];
                let firm = torn::is_firm(kind, head);
                // A word such as `init` is no reason to remember a source.
                let starts = self.lanes.iter().any(|lane| lane.lead_len(line) == Some(at)) || self.lanes.is_empty() && at == 0;
                if firm || starts {
                    let source = lane::of_lead(&mut self.lanes, &line[..at]);
                    let cut_by = torn::cut_by(&line[at + len..]);
                    let offset = offset + at as u64;
                    self.wait(source, Pending { kind, head: head.to_vec(), offset, firm, exact, cut_by, lines: MAX_LINES });
                }
                at + len.max(1)
            }
        }
    }

    fn keep(&mut self, lane: usize, record: Record, offset: u64, more_follows: bool) {
        let lane = &mut self.lanes[lane];
        let is_gc = matches!(record, Record::Gc(_));
        let forced = matches!(&record, Record::Gc(gc) if gc.forced);
        let is_sched = matches!(record, Record::Sched(_));
        let detailed = matches!(&record, Record::Sched(sched) if sched.detail.is_some());
        let process = keep::keep(&mut self.logs, &mut self.weight, lane.processes(), record, offset);
        if is_sched {
            lane.detail = process.filter(|_| detailed);
        }
        if is_gc {
            lane.maybe_forced = process.filter(|_| more_follows && !forced).map(|process| (process, MAX_LINES));
        }
    }

    fn wait(&mut self, lane: usize, pending: Pending) {
        let waiting = &mut self.lanes[lane].pending;
        waiting.push(pending);
        if waiting.len() > MAX_PENDING {
            let oldest = waiting.remove(0);
            self.lose(&oldest);
        }
    }

    fn lose(&mut self, pending: &Pending) {
        if pending.firm {
            self.logs.torn += 1;
            self.logs.lost += 1;
            if self.logs.lost_at.len() < MAX_OFFSETS {
                self.logs.lost_at.push(pending.offset);
            }
        }
    }

    /// Gives a line to what waits for its rest; answers how much of it was taken.
    fn go_on(&mut self, line: &[u8]) -> usize {
        for lane in 0..self.lanes.len() {
            if !self.lanes[lane].is_waiting() {
                continue;
            }
            let Some(lead) = self.lanes[lane].lead_len(line) else { continue };
            let taken = self.go_on_in(lane, &line[lead..]);
            if taken > 0 {
                return lead + taken;
            }
        }
        0
    }

    fn go_on_in(&mut self, lane: usize, text: &[u8]) -> usize {
        if let Some(process) = self.lanes[lane].detail
            && let Some(sched) = self.logs.processes[process].scheds.last_mut()
            && schedtrace::add_detail(text, sched).is_some()
        {
            return text.len();
        }
        if let Some((process, lines)) = self.lanes[lane].maybe_forced.take() {
            if text.starts_with(gctrace::FORCED) {
                if let Some(gc) = self.logs.processes[process].gcs.last_mut() {
                    gc.forced = true;
                }
                return gctrace::FORCED.len();
            }
            self.lanes[lane].maybe_forced = lines.checked_sub(1).map(|lines| (process, lines));
        }
        self.stitch(lane, text)
    }

    /// Tries a text with each beginning, latest first.
    fn stitch(&mut self, lane: usize, text: &[u8]) -> usize {
        let mut waiting = std::mem::take(&mut self.lanes[lane].pending);
        let mut taken = 0;
        for at in (0..waiting.len()).rev() {
            match torn::join(&waiting[at], text) {
                Joined::Whole(record, len) => {
                    let pending = waiting.remove(at);
                    self.logs.torn += 1;
                    self.logs.stitched += 1;
                    self.keep(lane, record, pending.offset, text.len() > len);
                    taken = len;
                    break;
                }
                Joined::Longer(head, len) => {
                    waiting[at].firm |= torn::is_firm(waiting[at].kind, &head);
                    waiting[at].head = head;
                    taken = len;
                    break;
                }
                Joined::No => {}
            }
        }
        let mut still = Vec::new();
        for mut pending in waiting {
            match pending.lines.checked_sub(1) {
                Some(lines) => {
                    pending.lines = lines;
                    still.push(pending);
                }
                None => self.lose(&pending),
            }
        }
        self.lanes[lane].pending = still;
        taken
    }
}
