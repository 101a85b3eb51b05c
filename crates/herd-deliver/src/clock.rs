//! Instants as values, and the clock they come from: the system's, or one that runs faster, so that hours can be lived through in seconds.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant: milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct At(pub u64);

impl At {
    /// So much later.
    #[must_use]
    pub fn plus(self, span: Duration) -> At {
        At(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Time from an earlier instant to this one; none where the other is later.
    pub fn since(self, earlier: At) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// As in `2026-11-30T08:00:00.25Z`; years past 9999 are written as 9999.
    pub fn rfc3339(self) -> String {
        // 9999-12-31T23:59:59Z, the last second RFC 3339 can write.
        let ms = self.0.min(253_402_300_799_000);
        let read = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
        read.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
    }

    /// Reads what [`At::rfc3339`] writes, with any offset; none before 1970.
    pub fn parse(text: &str) -> Option<At> {
        let time = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
        u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok().map(At)
    }
}

/// Where instants come from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's, as it may jump.
    System,
    /// One that started at an instant and runs so many times as fast as real time.
    Accelerated {
        /// What it showed first.
        first: At,
        /// When that was.
        started: Instant,
        /// Its seconds in a real one; at least 1.
        rate: u32,
    },
}

impl Clock {
    /// A clock that shows `first` and runs `rate` times as fast as real time.
    pub fn accelerated(first: At, rate: u32) -> Clock {
        Clock::Accelerated { first, started: Instant::now(), rate: rate.max(1) }
    }

    /// The instant it shows.
    pub fn now(self) -> At {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                At(0).plus(since)
            }
            Clock::Accelerated { first, started, rate } => first.plus(started.elapsed().saturating_mul(rate)),
        }
    }

    /// The real time in which it advances by a span.
    pub fn real(self, span: Duration) -> Duration {
        match self {
            Clock::System => span,
            Clock::Accelerated { rate, .. } => span / rate.max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read() {
        let at = At(1_764_489_600_250);
        assert_eq!(at.rfc3339(), "2025-11-30T08:00:00.25Z");
        assert_eq!(At::parse(&at.rfc3339()), Some(at));
        assert_eq!(At::parse("2025-11-30T10:00:00+02:00"), Some(At(1_764_489_600_000)));
        assert_eq!(At::parse("1969-12-31T23:59:59Z"), None);
        assert_eq!(At::parse("soon"), None);
        assert_eq!(At(u64::MAX).rfc3339(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn an_accelerated_clock_lives_an_hour_in_a_moment() {
        let clock = Clock::accelerated(At(1_000), 3_600_000);
        std::thread::sleep(Duration::from_millis(2));
        assert!(clock.now() >= At(1_000).plus(Duration::from_hours(2)));
        assert_eq!(clock.real(Duration::from_hours(1)), Duration::from_millis(1));
    }
}
