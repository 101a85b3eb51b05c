//! Tracks that are given again: a goroutine, or a task, has one while it lives, and whoever comes later may have it next.

use std::collections::BTreeMap;

use herd_model::{TrackFacts, TrackId, TrackKind, TrackSink};
use rustc_hash::FxHashMap;

/// Tracks; a viewer that shows more of them is of no use.
const TRACKS_MAX: u32 = 20_000;
/// Slices, about 40 bytes each: what a browser can hold.
pub(super) const SLICES_MAX: u64 = 6_000_000;

/// One track of slices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub track: TrackId,
    /// The track under it, once there is one.
    pub under: Option<TrackId>,
    /// Up to where it is drawn; nothing may be drawn before.
    pub last_ns: u64,
}

/// Everything drawn so far.
#[derive(Debug)]
pub(super) struct Lanes<'a, S> {
    pub sink: &'a mut S,
    tracks: u32,
    /// Lanes by group that are free, by when they became so.
    free: FxHashMap<TrackId, BTreeMap<(u64, TrackId), Lane>>,
    pub slices: u64,
    /// Slices that were not drawn: beyond the limit, or without a track.
    pub left_out: u64,
}

impl<'a, S: TrackSink> Lanes<'a, S> {
    pub fn new(sink: &'a mut S) -> Self {
        Lanes { sink, tracks: 0, free: FxHashMap::default(), slices: 0, left_out: 0 }
    }

    /// A new track, while there are not too many.
    pub fn track(&mut self, kind: TrackKind, name: &str) -> Option<TrackId> {
        if self.tracks >= TRACKS_MAX {
            return None;
        }
        self.tracks += 1;
        let id = TrackId(self.tracks);
        self.sink.track(id, kind, name);
        Some(id)
    }

    /// A lane of a group that is free from a moment on, or a new one.
    pub fn lane(&mut self, of: TrackId, from_ns: u64, name: &str) -> Option<Lane> {
        let free = self.free.entry(of).or_default();
        if let Some(first) = free.first_entry().filter(|first| first.key().0 <= from_ns) {
            return Some(first.remove());
        }
        let track = self.track(TrackKind::Slices { of }, name)?;
        Some(Lane { track, under: None, last_ns: from_ns })
    }

    /// Nobody has the lane any more.
    pub fn give_back(&mut self, of: TrackId, lane: Lane) {
        self.free.entry(of).or_default().insert((lane.last_ns, lane.track), lane);
    }

    /// A slice begins on a lane; the moment it does there. Nothing when there are too many slices.
    pub fn begin(&mut self, lane: &mut Lane, at_ns: u64, name: &str, facts: &TrackFacts<'_>) -> Option<u64> {
        if self.slices >= SLICES_MAX {
            self.left_out += 1;
            return None;
        }
        self.slices += 1;
        lane.last_ns = lane.last_ns.max(at_ns);
        self.sink.begin(lane.track, lane.last_ns, name, facts);
        Some(lane.last_ns)
    }

    /// The slice begun last on a lane ends.
    pub fn end(&mut self, lane: &mut Lane, at_ns: u64) {
        lane.last_ns = lane.last_ns.max(at_ns);
        self.sink.end(lane.track, lane.last_ns);
    }
}
