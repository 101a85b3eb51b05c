//! Retention: samples that are old enough become five-minute figures, an era of six hours at a time and some instances in a slice; what is
//! older than that goes.
//!
//! Until the chunks of an era are deleted, both its samples and its figures are in the file, and which of them counts is told by one
//! value ([`Rolled`]) that is written with the figures.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::chunk::Chunk;
use crate::history::Packs;
use crate::names::{Hash, InstanceId};
use crate::seal::{KIND_FAMILIES, KIND_RAW, KIND_ROLLED, PackWriter, Rows};
use crate::{Store, StoreError};

/// Samples are downsampled an era at a time.
pub const ERA_MS: i64 = 6 * 60 * 60 * 1000;
/// What one figure stands for.
pub const WINDOW_MS: i64 = 5 * 60 * 1000;
/// Figures of a series in a window: minimum, maximum, sum, last and how many.
pub const FIGURES: usize = 5;
/// Instances downsampled in one slice.
const INSTANCES_AT_ONCE: u32 = 8;
/// Packs deleted in one slice.
const PACKS_AT_ONCE: u32 = 32;

/// How far samples are downsampled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rolled {
    /// Samples before this …
    below_ms: i64,
    /// … in packs up to this count no more: their figures do.
    pack: i64,
    /// The era that is being done.
    next: Option<Era>,
}

/// An era on the way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Era {
    below_ms: i64,
    pack: i64,
    /// Instances up to this one are done.
    instance: u32,
}

impl Rolled {
    /// Reads how far it is.
    pub fn load(db: &Connection) -> Result<Self, StoreError> {
        let mut statement = db.prepare_cached("SELECT value FROM meta WHERE name = 'rolled'")?;
        let value: Option<String> = statement.query_row([], |row| row.get(0)).optional()?;
        Ok(value.map(|value| serde_json::from_str(&value)).transpose()?.unwrap_or(Rolled {
            below_ms: i64::MIN,
            pack: 0,
            next: None,
        }))
    }

    fn keep(&self, db: &Connection) -> Result<(), StoreError> {
        let insert =
            "INSERT INTO meta (name, value) VALUES ('rolled', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        db.prepare_cached(insert)?.execute([serde_json::to_string(self)?])?;
        Ok(())
    }

    /// Whether figures stand for this sample.
    pub fn covers(&self, instance: u32, pack: i64, at_ms: i64) -> bool {
        let next = |era: Era| instance <= era.instance && pack <= era.pack && at_ms < era.below_ms;
        pack <= self.pack && at_ms < self.below_ms || self.next.is_some_and(next)
    }
}

/// The figures of one series in one window.
#[derive(Clone, Copy, Debug)]
struct Figures {
    min: f64,
    max: f64,
    sum: f64,
    last: f64,
    last_ms: i64,
    count: u32,
}

const NONE: Figures = Figures { min: f64::NAN, max: f64::NAN, sum: 0.0, last: f64::NAN, last_ms: i64::MIN, count: 0 };

impl Figures {
    fn add(&mut self, at_ms: i64, value: f64) {
        if value.is_nan() {
            return;
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += value;
        self.count += 1;
        if at_ms >= self.last_ms {
            (self.last, self.last_ms) = (value, at_ms);
        }
    }

    fn bits(self) -> [u64; FIGURES] {
        [self.min, self.max, self.sum, self.last, f64::from(self.count)].map(f64::to_bits)
    }
}

impl Store {
    /// One slice of downsampling. False when no era is old enough.
    pub(crate) fn roll(&mut self, now_ms: i64) -> Result<bool, StoreError> {
        if self.limits.rolled_for.is_zero() {
            return Ok(false);
        }
        let cutoff = age(now_ms, self.limits.raw_for).div_euclid(ERA_MS).saturating_mul(ERA_MS);
        let mut rolled = Rolled::load(&self.own.db)?;
        if rolled.next.is_none() {
            // Packs that figures stand for already are on their way out and begin no era.
            let oldest = "SELECT min(from_ms) FROM pack WHERE kind = ?1 AND NOT (id <= ?2 AND to_ms < ?3)";
            let oldest =
                self.own.db.prepare_cached(oldest)?.query_row(params![KIND_RAW, rolled.pack, rolled.below_ms], |row| row.get(0));
            let oldest: Option<i64> = oldest?;
            let Some(oldest) = oldest.filter(|oldest| *oldest < cutoff) else { return Ok(false) };
            let end = oldest.max(rolled.below_ms).div_euclid(ERA_MS).saturating_add(1).saturating_mul(ERA_MS);
            let late = oldest < rolled.below_ms && self.late(&rolled)?;
            let below_ms = if late { rolled.below_ms } else { end };
            if below_ms > cutoff {
                return Ok(false);
            }
            let last = "SELECT max(id) FROM pack WHERE kind = ?1";
            let pack = self.own.db.prepare_cached(last)?.query_row([KIND_RAW], |row| row.get(0))?;
            rolled.next = Some(Era { below_ms, pack, instance: 0 });
        }
        self.together(|store| store.roll_some(rolled))?;
        Ok(true)
    }

    /// Whether samples came before an era that is done.
    fn late(&self, rolled: &Rolled) -> Result<bool, StoreError> {
        let late = "SELECT 1 FROM pack WHERE kind = ?1 AND id > ?2 AND from_ms < ?3 LIMIT 1";
        let mut statement = self.own.db.prepare_cached(late)?;
        Ok(statement.exists(params![KIND_RAW, rolled.pack, rolled.below_ms])?)
    }

    fn roll_some(&mut self, mut rolled: Rolled) -> Result<(), StoreError> {
        let Some(era) = rolled.next else { return Ok(()) };
        let db = &self.own.db;
        let mut some = db.prepare_cached("SELECT id FROM instance WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let some: Vec<u32> =
            some.query_map(params![era.instance, INSTANCES_AT_ONCE], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut packs = PackWriter::new(KIND_ROLLED);
        for instance in &some {
            self.roll_instance(InstanceId(*instance), &rolled, era, &mut packs)?;
        }
        packs.finish(db)?;
        rolled = match some.last() {
            Some(last) => Rolled { next: Some(Era { instance: *last, ..era }), ..rolled },
            None => Rolled { below_ms: era.below_ms, pack: era.pack, next: None },
        };
        rolled.keep(db)
    }

    fn roll_instance(&self, instance: InstanceId, rolled: &Rolled, era: Era, packs: &mut PackWriter) -> Result<(), StoreError> {
        let mut layouts: BTreeMap<u32, BTreeMap<i64, Vec<Figures>>> = BTreeMap::new();
        let mut bits = Vec::new();
        let mut open = Packs::default();
        self.own.each_chunk(&mut open, KIND_RAW, instance, i64::MIN, era.below_ms - 1, |place, body| {
            if place.pack > era.pack {
                return Ok(());
            }
            let chunk = Chunk::open(body, place.rows)?;
            let windows = layouts.entry(place.layout).or_default();
            for column in 0..chunk.columns() {
                chunk.column(column, &mut bits)?;
                for (at_ms, bits) in chunk.times_ms.iter().zip(&bits) {
                    if *at_ms >= era.below_ms || rolled.covers(instance.0, place.pack, *at_ms) {
                        continue;
                    }
                    let window = windows.entry(at_ms.div_euclid(WINDOW_MS).saturating_mul(WINDOW_MS));
                    let figures = window.or_insert_with(|| vec![NONE; chunk.columns()]);
                    if let Some(figures) = figures.get_mut(column) {
                        figures.add(*at_ms, f64::from_bits(*bits));
                    }
                }
            }
            Ok(())
        })?;
        for (layout, windows) in layouts {
            let mut rows = Rows { layout, ..Rows::default() };
            for (window, figures) in windows {
                if rows.times_ms.first().is_some_and(|first| window - first >= ERA_MS) {
                    packs.add(&self.own.db, instance.0, &rows)?;
                    rows.times_ms.clear();
                    rows.bits.clear();
                }
                rows.columns = figures.len() * FIGURES;
                rows.times_ms.push(window);
                rows.bits.extend(figures.into_iter().flat_map(Figures::bits));
            }
            packs.add(&self.own.db, instance.0, &rows)?;
        }
        Ok(())
    }

    /// Deletes some packs whose time is over. How many.
    pub(crate) fn expire_packs(&mut self, now_ms: i64) -> Result<usize, StoreError> {
        let limits = &self.limits;
        let rolled = Rolled::load(&self.own.db)?;
        let (raw_before, raw_pack) =
            if limits.rolled_for.is_zero() { (age(now_ms, limits.raw_for), i64::MAX) } else { (rolled.below_ms, rolled.pack) };
        let kinds = [
            (KIND_RAW, raw_before, raw_pack),
            (KIND_ROLLED, age(now_ms, limits.raw_for + limits.rolled_for), i64::MAX),
            (KIND_FAMILIES, age(now_ms, limits.families_for), i64::MAX),
        ];
        self.together(|store| {
            let db = &store.own.db;
            let mut deleted = 0;
            for (kind, before_ms, pack) in kinds {
                let old = "SELECT id FROM pack WHERE kind = ?1 AND to_ms < ?2 AND id <= ?3 LIMIT ?4";
                let mut old = db.prepare_cached(old)?;
                let old = old.query_map(params![kind, before_ms, pack, PACKS_AT_ONCE], |row| row.get(0))?;
                for pack in old.collect::<Result<Vec<i64>, _>>()? {
                    db.prepare_cached("DELETE FROM chunk WHERE pack = ?1")?.execute([pack])?;
                    db.prepare_cached("DELETE FROM pack WHERE id = ?1")?.execute([pack])?;
                    deleted += 1;
                }
            }
            Ok(deleted)
        })
    }

    /// Forgets some instances that had samples once and of which nothing is left. How many.
    pub(crate) fn expire_instances(&mut self, before_ms: i64) -> Result<usize, StoreError> {
        let gone: Vec<(u32, Hash)> = self.together(|store| {
            let old = "SELECT id, hash FROM instance WHERE last_ms < ?1
                       AND NOT EXISTS (SELECT 1 FROM chunk WHERE instance = instance.id AND kind IN (0, 1, 2))
                       AND NOT EXISTS (SELECT 1 FROM profile WHERE instance = instance.id) LIMIT 256";
            let mut statement = store.own.db.prepare_cached(old)?;
            let rows = statement.query_map([before_ms], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut gone: Vec<(u32, Hash)> = rows.collect::<Result<_, _>>()?;
            gone.retain(|(instance, _)| !store.shards.has(*instance));
            for (instance, _) in &gone {
                store.own.db.prepare_cached("DELETE FROM instance WHERE id = ?1")?.execute([instance])?;
            }
            Ok::<_, StoreError>(gone)
        })?;
        for (_, hash) in &gone {
            self.names.forget_instance(hash);
        }
        Ok(gone.len())
    }
}

/// A time so long before now.
fn age(now_ms: i64, kept: Duration) -> i64 {
    now_ms.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX))
}
