//! What lets a trace speak of the goroutines of a dump taken inside it: when all goroutines were listed, who ended after that, and which
//! waits ended at the place where others still wait.

use herd_model::{FrameId, StackId, TraceEvent, TraceGoroutine, TraceTables};
use rustc_hash::FxHashMap;

use super::lives::Released;
use super::places;
use super::waits::Waits;

/// Stops of the world in which a program lists its goroutines: `debug=2` and profiles of goroutines (`runtime/proc.go`, `stwReasonStrings`).
const LISTS: [&str; 2] = ["all goroutines stack trace", "goroutine profile"];
/// Listings kept; of a program that lists itself more often the latest count.
const LISTINGS_MAX: usize = 1024;
/// Ended goroutines kept: those that ended since the first listing.
const ENDED_MAX: usize = 1 << 20;

/// A stop of the world in which all goroutines were listed, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The stop was asked for.
    pub from_ns: u64,
    /// The world went on.
    pub to_ns: u64,
    /// Who listed them.
    pub goroutine: u64,
}

/// What became of goroutines since they were listed.
#[derive(Clone, Debug, Default)]
pub struct Listings {
    /// In the order they happened.
    pub all: Vec<Listing>,
    /// When goroutines ended that were alive at the first of them.
    pub ended: FxHashMap<u64, u64>,
    /// Ends that found no room.
    pub forgotten: u64,
}

impl Listings {
    /// The world is to be stopped.
    pub fn stop_begins(&mut self, event: &TraceEvent, kind: &str) {
        if !LISTS.contains(&kind) {
            return;
        }
        if self.all.len() == LISTINGS_MAX {
            self.all.remove(0);
        }
        self.all.push(Listing { from_ns: event.at_ns, to_ns: u64::MAX, goroutine: event.goroutine.id });
    }

    /// The world goes on.
    pub fn stop_ends(&mut self, event: &TraceEvent) {
        let under_way = |listing: &&mut Listing| listing.to_ns == u64::MAX && listing.goroutine == event.goroutine.id;
        if let Some(listing) = self.all.last_mut().filter(under_way) {
            listing.to_ns = event.at_ns;
        }
    }

    /// The same, counted from this moment.
    #[must_use]
    pub fn since(mut self, start_ns: u64) -> Listings {
        for listing in &mut self.all {
            listing.from_ns = listing.from_ns.saturating_sub(start_ns);
            listing.to_ns = listing.to_ns.saturating_sub(start_ns);
        }
        self.ended.values_mut().for_each(|at_ns| *at_ns = at_ns.saturating_sub(start_ns));
        self
    }

    /// A goroutine ended.
    #[inline]
    pub fn ends(&mut self, goroutine: TraceGoroutine, at_ns: u64) {
        if self.all.is_empty() {
            return;
        }
        if self.ended.len() < ENDED_MAX {
            self.ended.insert(goroutine.id, at_ns);
        } else {
            self.forgotten += 1;
        }
    }
}

/// Waits that ended, by the place in the program: the runtime's own frames differ between a wait that was seen to begin and one that was found.
pub fn released(waits: &Waits, tables: &TraceTables) -> FxHashMap<Vec<FrameId>, Released> {
    let mut all: FxHashMap<Vec<FrameId>, Released> = FxHashMap::default();
    waits.each(|_, stack, stat| {
        if stat.count + stat.count_unseen == 0 {
            return;
        }
        let place = all.entry(place(stack, tables)).or_default();
        place.count += stat.count + stat.count_unseen;
        place.max_ns = place.max_ns.max(stat.max_ns).max(stat.max_unseen_ns);
    });
    all
}

/// The frames of a stack from the innermost of the program outwards; all of them where none is the program's.
pub fn place(stack: StackId, tables: &TraceTables) -> Vec<FrameId> {
    let frames = tables.frames_of(stack);
    let own = frames.iter().position(|frame| !places::is_std(*frame, tables));
    frames[own.unwrap_or(0)..].to_vec()
}
