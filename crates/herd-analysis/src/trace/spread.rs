//! Many durations in little space: how many, their sum, the longest, and percentiles.

use herd_model::{TraceOpen, TraceSpread};

/// Buckets an octave: a percentile is off by 1/64 of itself at most.
const PER_OCTAVE_BITS: u32 = 5;
const PER_OCTAVE: u64 = 1 << PER_OCTAVE_BITS;
const BUCKETS: usize = (64 - PER_OCTAVE_BITS as usize + 1) << PER_OCTAVE_BITS;

/// Durations in nanoseconds, counted by size.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    /// How many.
    pub count: u64,
    /// All together.
    pub total_ns: u64,
    /// The longest.
    pub max_ns: u64,
    // Empty until there is one.
    buckets: Vec<u64>,
}

impl Durations {
    /// Counts one in.
    #[inline]
    pub fn add(&mut self, ns: u64) {
        if self.buckets.is_empty() {
            self.buckets = vec![0; BUCKETS];
        }
        self.count += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        self.max_ns = self.max_ns.max(ns);
        self.buckets[bucket(ns)] += 1;
    }

    /// The value that `share` of all do not exceed, nearest rank, as the middle of its bucket.
    pub fn percentile(&self, share: f64) -> u64 {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(at).min(self.max_ns);
            }
        }
        self.max_ns
    }

    /// For a report.
    pub fn spread(&self) -> TraceSpread {
        TraceSpread {
            count: self.count,
            total_s: seconds(self.total_ns),
            mean_s: if self.count == 0 { 0.0 } else { seconds(self.total_ns) / self.count as f64 },
            p50_s: seconds(self.percentile(0.5)),
            p90_s: seconds(self.percentile(0.9)),
            p99_s: seconds(self.percentile(0.99)),
            max_s: seconds(self.max_ns),
        }
    }
}

fn bucket(ns: u64) -> usize {
    if ns < PER_OCTAVE {
        return ns as usize;
    }
    let octave = ns.ilog2() - PER_OCTAVE_BITS;
    let within = (ns >> octave) - PER_OCTAVE;
    (((u64::from(octave) + 1) << PER_OCTAVE_BITS) + within) as usize
}

fn middle(bucket: usize) -> u64 {
    let (octave, within) = (bucket as u64 >> PER_OCTAVE_BITS, bucket as u64 % PER_OCTAVE);
    match octave.checked_sub(1) {
        None => within,
        Some(octave) => ((PER_OCTAVE + within) << octave) + ((1 << octave) >> 1),
    }
}

/// Intervals still open at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open {
    /// How many.
    pub count: u64,
    /// All together.
    pub total_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl Open {
    /// Counts one in.
    pub fn add(&mut self, ns: u64) {
        self.count += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        self.max_ns = self.max_ns.max(ns);
    }

    /// For a report.
    pub fn report(self) -> TraceOpen {
        TraceOpen { count: self.count, total_s: seconds(self.total_ns), max_s: seconds(self.max_ns) }
    }
}

/// Seconds of nanoseconds.
pub fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_64th() {
        let mut durations = Durations::default();
        for ns in 1..=1_000_000u64 {
            durations.add(ns);
        }
        for (share, exact) in [(0.5, 500_000.0), (0.9, 900_000.0), (0.99, 990_000.0)] {
            let found = durations.percentile(share) as f64;
            assert!((found - exact).abs() <= exact / 64.0, "{share}: {found}");
        }
        assert_eq!(durations.max_ns, 1_000_000);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!((0..BUCKETS).find(|at| bucket(middle(*at)) != *at), None);
    }
}
