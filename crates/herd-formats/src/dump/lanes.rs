//! Lines of several writers in turn: each writer's are gathered by a machine of their own, so that no stack mixes two.

use std::collections::VecDeque;

use herd_model::NoteKind;
use memchr::memmem;

use super::interlude::Interlude;
use super::machine::Machine;
use super::segment::At;
use super::wrap::{self, Wrap};

/// Writers read side by side; lines of further ones are left out.
const MAX_LANES: usize = 64;
/// Lines kept of writers whose first goroutine has not come yet: they may say why the process died.
const STRAYS: usize = 48;
/// Bytes kept of each.
const STRAY_BYTES: usize = 400;

/// The writers beside the first.
#[derive(Debug, Default)]
pub struct Lanes {
    beside: Vec<Lane>,
    strays: VecDeque<Box<[u8]>>,
    /// Dumps that had begun before the log's layer was learned.
    before: usize,
    /// This machine is itself a lane.
    inner: bool,
}

#[derive(Debug)]
struct Lane {
    wrap: Wrap,
    machine: Machine,
}

impl Lanes {
    /// Notes what stands before a log's first goroutine: the dumps so far, and lines that another writer wrote.
    pub fn begin(&mut self, wrap: &Wrap, interlude: &Interlude, dumps: usize) {
        self.before = dumps;
        interlude.last_lines().filter(|line| !wrap::fits(wrap, line)).for_each(|line| self.keep_stray(line));
    }

    fn keep_stray(&mut self, line: &[u8]) {
        if self.strays.len() == STRAYS {
            self.strays.pop_front();
        }
        self.strays.push_back(line[..line.len().min(STRAY_BYTES)].into());
    }
}

impl Machine {
    /// Gives a line that the outermost layer does not fit to another writer's machine; `false` when there is none.
    pub fn take_beside(&mut self, line: &[u8], at: At) -> bool {
        if self.lanes.inner {
            return false;
        }
        let offset = self.offset;
        if let Some(lane) = self.lanes.beside.iter_mut().find(|lane| wrap::fits(&lane.wrap, line)) {
            lane.machine.take_line(line, at, offset);
            return true;
        }
        let opens = if memmem::find(line, b"oroutine").is_some() { wrap::detect(line) } else { None };
        let Some(wrap) = opens.filter(|wrap| self.outermost().is_some_and(|main| wrap::other_source(main, wrap))) else {
            self.lanes.keep_stray(line);
            return false;
        };
        if self.lanes.beside.len() >= MAX_LANES {
            self.notes.add_once(NoteKind::Limit, at.offset, "read 65 writers of one log; lines of further ones are left out");
            return true;
        }
        self.notes.add_once(NoteKind::Advice, at.offset, INTERLEAVED);
        let mut machine = Machine::default();
        machine.lanes.inner = true;
        for stray in self.lanes.strays.iter().filter(|stray| wrap::fits(&wrap, stray)) {
            machine.interlude.line(stray);
        }
        machine.take_line(line, at, offset);
        self.lanes.beside.push(Lane { wrap, machine });
        true
    }

    fn take_line(&mut self, line: &[u8], at: At, offset: u64) {
        self.offset = offset;
        self.unwrap_line(0, line, at);
    }

    /// Ends the other writers' dumps; what follows belongs to none of them.
    pub fn end_lanes(&mut self) {
        self.lanes.strays.clear();
        if self.lanes.beside.is_empty() {
            return;
        }
        self.end_profile();
        for mut lane in std::mem::take(&mut self.lanes.beside) {
            lane.machine.offset = self.offset;
            lane.machine.finish();
            self.segments.append(&mut lane.machine.segments);
            self.notes.absorb(lane.machine.notes);
        }
        for segment in self.segments.iter_mut().skip(self.lanes.before) {
            segment.undated = true;
        }
        self.interlude.other_source = true;
    }
}

/// Without times growth is not judged, as it must not be between one process and another.
const INTERLEAVED: &str = "lines of several writers stand between each other from here on; each writer's goroutines are read as a \
                           dump of their own, without a time: split the log by writer to judge one process alone";
