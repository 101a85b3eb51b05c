//! What may wait: sealing, retention, downsampling, giving room back. Each slice is one transaction of some ten milliseconds.

use std::time::{Duration, Instant};

use rusqlite::OptionalExtension as _;

use crate::{Store, StoreError};

/// Bytes written after which the log is brought into the file.
const LOG_BYTES: u64 = 8 << 20;
/// How often retention looks for something to do.
const RETENTION_MS: i64 = 60 * 1000;
/// A step of the clock that is doubted: a day.
const LEAP_MS: i64 = 24 * 60 * 60 * 1000;
/// Pages given back to the system at a time: 1 MiB.
const PAGES_AT_ONCE: u32 = 64;
/// Free pages that are kept for what comes next, at least; else a twentieth of the file.
const PAGES_KEPT: u32 = 256;

/// What tending did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Stretches of ticks and groups of profiles that were sealed.
    pub sealed: u32,
    /// Steps of downsampling.
    pub rolled: u32,
    /// Packs, findings and pieces of evidence that were too old, or too many.
    pub expired: u32,
    /// Pages given back to the system.
    pub pages: u32,
    /// Whether there is more to do: call again soon.
    pub more: bool,
    /// Whether the clock leapt ahead by more than a day, so that retention waits for [`Limits::clock_doubt`](crate::Limits::clock_doubt).
    pub clock_doubted: bool,
}

/// Where tending goes on.
#[derive(Debug, Default)]
pub struct Due {
    shard: usize,
    /// Bytes written since the log was brought into the file.
    pub log_bytes: u64,
    /// When retention last found nothing to do.
    retained_ms: Option<i64>,
    /// Since when the clock is far ahead of what it last was.
    doubted: Option<Instant>,
}

impl Store {
    /// Does what is due, slice after slice, until nothing is or `budget` is used up; one slice may take it past that. `now_ms` is what
    /// retention counts from.
    pub fn tend(&mut self, now_ms: i64, budget: Duration) -> Result<Tended, StoreError> {
        let started = Instant::now();
        let mut tended = Tended::default();
        while self.tend_once(now_ms, &mut tended)? {
            if started.elapsed() >= budget {
                tended.more = true;
                break;
            }
        }
        Ok(tended)
    }

    /// One slice of the first kind that is due. False when none is.
    fn tend_once(&mut self, now_ms: i64, tended: &mut Tended) -> Result<bool, StoreError> {
        if self.seal_next_shard()? || self.seal_families(now_ms)? {
            tended.sealed += 1;
            return Ok(true);
        }
        if self.due.log_bytes >= LOG_BYTES {
            self.own.db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            self.due.log_bytes = 0;
            return Ok(true);
        }
        if self.due.retained_ms.is_some_and(|last| now_ms >= last && now_ms - last < RETENTION_MS) {
            return Ok(false);
        }
        if self.doubts(now_ms)? {
            tended.clock_doubted = true;
            return Ok(false);
        }
        let expired = self.expire(now_ms)?;
        if expired > 0 {
            tended.expired += u32::try_from(expired).unwrap_or(u32::MAX);
            return Ok(true);
        }
        if self.roll(now_ms)? {
            tended.rolled += 1;
            return Ok(true);
        }
        let pages = self.give_back()?;
        tended.pages += pages;
        if pages == 0 {
            self.due.retained_ms = Some(now_ms);
            self.trust(now_ms)?;
        }
        Ok(pages > 0)
    }

    /// Whether the clock is so far ahead of what it was when retention last was done that it may be wrong: a clock that is set wrong for a
    /// minute must not cost the history. It is believed when it stays so.
    fn doubts(&mut self, now_ms: i64) -> Result<bool, StoreError> {
        let mut known = self.own.db.prepare_cached("SELECT value FROM meta WHERE name = 'retained_ms'")?;
        let known: Option<i64> = known.query_row([], |row| row.get(0)).optional()?;
        if known.is_none_or(|known| now_ms.saturating_sub(known) <= LEAP_MS) {
            self.due.doubted = None;
            return Ok(false);
        }
        Ok(self.due.doubted.get_or_insert_with(Instant::now).elapsed() < self.limits.clock_doubt)
    }

    fn trust(&mut self, now_ms: i64) -> Result<(), StoreError> {
        self.due.doubted = None;
        let insert =
            "INSERT INTO meta (name, value) VALUES ('retained_ms', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.own.db.prepare_cached(insert)?.execute([now_ms])?;
        Ok(())
    }

    fn seal_next_shard(&mut self) -> Result<bool, StoreError> {
        let shards = self.shards.all.len();
        for _ in 0..shards {
            if self.seal_shard(self.due.shard % shards)? {
                return Ok(true);
            }
            self.due.shard = (self.due.shard + 1) % shards;
        }
        Ok(false)
    }

    fn expire(&mut self, now_ms: i64) -> Result<usize, StoreError> {
        let before = |kept: Duration| now_ms.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
        let expired = self.expire_packs(now_ms)?;
        if expired > 0 {
            return Ok(expired);
        }
        let expired = self.expire_findings(before(self.limits.findings_for), 100)?;
        if expired > 0 {
            return Ok(expired);
        }
        let expired = self.expire_evidence(before(self.limits.evidence_for), 16)?;
        if expired > 0 {
            return Ok(expired);
        }
        self.expire_instances(before(self.limits.raw_for + self.limits.rolled_for))
    }

    /// Gives free pages at the end of the file back to the system, but for some that will be wanted again.
    fn give_back(&mut self) -> Result<u32, StoreError> {
        let figure = |pragma: &str| self.own.db.query_row(pragma, [], |row| row.get::<_, u32>(0));
        let (free, pages) = (figure("PRAGMA freelist_count")?, figure("PRAGMA page_count")?);
        if free <= PAGES_KEPT.max(pages / 20) + PAGES_AT_ONCE {
            return Ok(0);
        }
        self.own.db.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
        Ok(free.saturating_sub(figure("PRAGMA freelist_count")?))
    }
}
