//! A list that only grows and that many threads read without a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Items by number, in the order they came.
pub(super) struct Segments<T> {
    segments: [OnceLock<Segment<T>>; SEGMENTS],
    count: AtomicU32,
}

/// Items of a run of numbers; each is set before its number is told to anyone.
type Segment<T> = Box<[OnceLock<T>]>;

/// Power of two. Each further segment holds as many items as all before it.
const FIRST_SEGMENT: u32 = 1024;
/// Enough segments for every `u32`.
const SEGMENTS: usize = 23;

impl<T> Segments<T> {
    pub(super) fn new() -> Self {
        Self { segments: [const { OnceLock::new() }; SEGMENTS], count: AtomicU32::new(0) }
    }

    /// Adds an item and tells its number.
    pub(super) fn push(&self, item: T) -> u32 {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let (segment, at) = place(number);
        if let Some(segment) = self.segments.get(segment) {
            let cells = segment.get_or_init(|| (0..segment_len(number)).map(|_| OnceLock::new()).collect());
            if let Some(cell) = cells.get(at) {
                cell.get_or_init(|| item);
            }
        }
        number
    }

    /// The item of a number.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        let (segment, at) = place(number);
        self.segments.get(segment)?.get()?.get(at)?.get()
    }

    pub(super) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }
}

/// Segment of a number, and its place there.
#[inline]
fn place(number: u32) -> (usize, usize) {
    match (number / FIRST_SEGMENT).checked_ilog2() {
        None => (0, number as usize),
        Some(log) => (log as usize + 1, (number - (FIRST_SEGMENT << log)) as usize),
    }
}

fn segment_len(number: u32) -> u32 {
    (number / FIRST_SEGMENT).checked_ilog2().map_or(FIRST_SEGMENT, |log| FIRST_SEGMENT << log)
}
