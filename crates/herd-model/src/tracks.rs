//! A timeline as it is drawn: tracks, and on them slices, moments and values, one after the other.

/// A track, by a number that is its own, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(pub u32);

/// What a track shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    /// A group of tracks.
    Group,
    /// Slices, in a group.
    Slices {
        /// The group.
        of: TrackId,
    },
    /// More slices, shown under those of a track.
    Under {
        /// The track.
        of: TrackId,
    },
    /// A number of bytes over time, in a group.
    Bytes {
        /// The group.
        of: TrackId,
    },
}

/// A fact told with a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackFact<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(u64),
}

/// Facts with their names.
pub type TrackFacts<'a> = [(&'a str, TrackFact<'a>)];

/// What draws a timeline. Times are nanoseconds from its beginning; on one track they never step back, from track to track they may.
pub trait TrackSink {
    /// A new track, before anything is put on it.
    fn track(&mut self, id: TrackId, kind: TrackKind, name: &str);
    /// A slice begins inside those that are open on the track.
    fn begin(&mut self, on: TrackId, at_ns: u64, name: &str, facts: &TrackFacts<'_>);
    /// The slice begun last on the track ends.
    fn end(&mut self, on: TrackId, at_ns: u64);
    /// Something happens at one moment.
    fn instant(&mut self, on: TrackId, at_ns: u64, name: &str, facts: &TrackFacts<'_>);
    /// A number is so much from now on.
    fn value(&mut self, on: TrackId, at_ns: u64, value: u64);
}
