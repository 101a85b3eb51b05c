//! Where in a text records may begin: several searches side by side, each of which passes over the text once.

use memchr::memmem::Finder;

use super::{gctrace, inittrace, scavtrace, schedtrace};

/// Printed by the timer of two minutes (`forcegchelper`, runtime/proc.go).
const TIMER: &[u8] = b"GC forced";

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// gctrace.
    Gc,
    /// schedtrace.
    Sched,
    /// scavtrace.
    Scav,
    /// inittrace.
    Init,
    /// The timer's line.
    Timer,
}

const KINDS: [(Anchor, &[u8]); 5] = [
    (Anchor::Gc, gctrace::ANCHOR),
    (Anchor::Sched, schedtrace::ANCHOR),
    (Anchor::Scav, scavtrace::ANCHOR),
    (Anchor::Init, inittrace::ANCHOR),
    (Anchor::Timer, TIMER),
];

/// The searches; built once.
#[derive(Clone, Debug)]
pub struct Searches {
    finders: [Finder<'static>; 5],
}

/// Where each search stands in one text; [`NOWHERE`] when nothing more of its kind is there.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    next: [usize; 5],
}

const NOWHERE: usize = usize::MAX;

impl Searches {
    /// Builds them.
    pub fn new() -> Self {
        Searches { finders: KINDS.map(|(_, text)| Finder::new(text)) }
    }

    /// Starts in a text.
    pub fn start(&self, text: &[u8]) -> Places {
        Places { next: std::array::from_fn(|kind| self.finders[kind].find(text).unwrap_or(NOWHERE)) }
    }

    /// The first place at or after `from`.
    pub fn next(&self, text: &[u8], places: &mut Places, from: usize) -> Option<(usize, Anchor)> {
        let mut first = (NOWHERE, Anchor::Gc);
        for ((finder, next), (kind, _)) in self.finders.iter().zip(&mut places.next).zip(&KINDS) {
            if *next < from {
                *next = text.get(from..).and_then(|rest| finder.find(rest)).map_or(NOWHERE, |at| from + at);
            }
            if *next < first.0 {
                first = (*next, *kind);
            }
        }
        (first.0 != NOWHERE).then_some(first)
    }
}
