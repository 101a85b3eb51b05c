//! Reading: instances by their labels, and series of samples over time, sealed or not, raw or in five-minute figures.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use rusqlite::blob::Blob;
use rusqlite::{Connection, OptionalExtension as _, params};
use rustc_hash::FxHashMap;

use crate::bits::Bytes;
use crate::chunk::{Chunk, ROWS_MAX};
use crate::names::{InstanceId, LayoutId};
use crate::retention::{ERA_MS, FIGURES, Rolled};
use crate::sample::{SHARD_BITS, tick_row};
use crate::seal::{KIND_RAW, KIND_ROLLED, SPAN_MS_MAX};
use crate::tick::{Lasts, read_tick};
use crate::{StoreError, open};

/// Points one query may answer with: 16 bytes each.
const POINTS_MAX: usize = 20_000_000;

/// A reader. Each thread has its own; a query sees one state of the store, whatever is written meanwhile.
#[derive(Debug)]
pub struct History {
    pub(crate) db: Connection,
}

/// An instance and its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its number.
    pub id: InstanceId,
    /// Sorted by name.
    pub labels: Vec<(String, String)>,
    /// When its first sample came; absent when none did.
    pub first_ms: Option<i64>,
    /// Its last sealed sample; up to a chunk's time behind.
    pub last_ms: Option<i64>,
}

impl Instance {
    /// The value of a label; empty when it is not there, as in Prometheus.
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// What a label must be. A label that is not there is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelMatch {
    /// Label and value.
    Equal(String, String),
    /// Label and what it must not be.
    NotEqual(String, String),
}

/// What to take where several values fall into one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// The latest.
    Last,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The mean, each sample with the same weight.
    Mean,
}

/// Which series, when.
#[derive(Clone, Debug)]
pub struct SeriesQuery {
    /// All of them must hold; none means every instance.
    pub labels: Vec<LabelMatch>,
    /// Whole keys, or names, which mean every key of that name; none means every series.
    pub keys: Vec<String>,
    /// The first time that is asked for.
    pub from_ms: i64,
    /// The last.
    pub to_ms: i64,
    /// Values are folded into steps of this length, each at its beginning; 0 gives every value as it was stored.
    pub step_ms: i64,
    /// How.
    pub fold: Fold,
}

/// One series of one instance, in the order of time. Steps without a value are not there.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleSeries {
    /// Whose.
    pub instance: InstanceId,
    /// Name and labels as exposed.
    pub key: String,
    /// When.
    pub at_ms: Vec<i64>,
    /// What.
    pub values: Vec<f64>,
}

/// A row as it was appended.
#[derive(Clone, Debug)]
pub struct SampleRow {
    /// Tick and offset together.
    pub at_ms: i64,
    /// Which series.
    pub layout: LayoutId,
    /// Bit for bit.
    pub values: Vec<f64>,
}

/// What the file takes; the log beside it, up to 64 MiB, is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSize {
    /// Bytes in all.
    pub file_bytes: u64,
    /// Of them, pages that what comes next is written to.
    pub free_bytes: u64,
}

/// A value on the way into a step.
#[derive(Clone, Copy, Debug)]
struct Point {
    at_ms: i64,
    value: f64,
    /// How many samples it stands for.
    weight: f64,
}

/// A chunk's row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkPlace {
    pub pack: i64,
    pub at: usize,
    pub size: usize,
    pub rows: usize,
    pub layout: u32,
}

impl History {
    /// Opens a store, or a folder with one, for reading; a daemon may write to it meanwhile.
    pub fn open(place: &Path) -> Result<Self, StoreError> {
        let (db, _) = open::reading(place)?;
        Ok(History { db })
    }

    /// Instances whose labels match, by number.
    pub fn instances(&self, labels: &[LabelMatch]) -> Result<Vec<Instance>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT id, labels, first_ms, last_ms FROM instance ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let text = row.get_ref(1)?.as_str().map_err(|error| StoreError::damaged(format!("labels: {error}")))?;
            let labels_of: Vec<(String, String)> = serde_json::from_str(text)?;
            let instance =
                Instance { id: InstanceId(row.get(0)?), labels: labels_of, first_ms: row.get(2)?, last_ms: row.get(3)? };
            let holds = |label: &LabelMatch| match label {
                LabelMatch::Equal(name, value) => instance.label(name) == value,
                LabelMatch::NotEqual(name, value) => instance.label(name) != value,
            };
            if labels.iter().all(holds) {
                found.push(instance);
            }
        }
        Ok(found)
    }

    /// The keys of a layout, in order.
    pub fn layout_keys(&self, layout: LayoutId) -> Result<Vec<String>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT columns, series FROM layout WHERE id = ?1")?;
        let (columns, series): (usize, Vec<u8>) =
            statement.query_row([layout.0], |row| Ok((row.get::<_, u32>(0)? as usize, row.get(1)?)))?;
        let mut key = self.db.prepare_cached("SELECT key FROM series WHERE id = ?1")?;
        let mut input = Bytes::new(&series);
        let (mut keys, mut id) = (Vec::with_capacity(columns), 0i64);
        for _ in 0..columns {
            id = id.wrapping_add(input.signed()?);
            keys.push(key.query_row([id], |row| row.get(0))?);
        }
        Ok(keys)
    }

    /// Every raw row of an instance in a time, bit for bit, by time.
    pub fn rows(&self, instance: InstanceId, from_ms: i64, to_ms: i64) -> Result<Vec<SampleRow>, StoreError> {
        let mut found: Vec<SampleRow> = Vec::new();
        let within = |at_ms: i64| at_ms >= from_ms && at_ms <= to_ms;
        self.at_once(|| {
            let rolled = Rolled::load(&self.db)?;
            let mut packs = Packs::default();
            self.each_chunk(&mut packs, KIND_RAW, instance, from_ms, to_ms, |place, body| {
                let chunk = Chunk::open(body, place.rows)?;
                let start = found.len();
                found.extend(chunk.times_ms.iter().map(|at_ms| SampleRow {
                    at_ms: *at_ms,
                    layout: LayoutId(place.layout),
                    values: Vec::with_capacity(chunk.columns()),
                }));
                let mut bits = Vec::new();
                for column in 0..chunk.columns() {
                    chunk.column(column, &mut bits)?;
                    for (row, bits) in found.iter_mut().skip(start).zip(&bits) {
                        row.values.push(f64::from_bits(*bits));
                    }
                }
                let mut fresh: Vec<SampleRow> = found.split_off(start);
                fresh.retain(|row| within(row.at_ms) && !rolled.covers(instance.0, place.pack, row.at_ms));
                found.append(&mut fresh);
                Ok(())
            })?;
            self.each_unsealed(&[instance], |_, layout, at_ms, bits| {
                if within(at_ms) {
                    let values = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
                    found.push(SampleRow { at_ms, layout: LayoutId(layout), values });
                }
            })
        })?;
        found.sort_by_key(|row| row.at_ms);
        Ok(found)
    }

    /// Series over time. About 10 ns a value decoded, and what reading the chunks takes: 2 bytes a sample of the instances in question.
    pub fn series(&self, query: &SeriesQuery) -> Result<Vec<SampleSeries>, StoreError> {
        self.at_once(|| {
            let instances: Vec<InstanceId> = self.instances(&query.labels)?.into_iter().map(|instance| instance.id).collect();
            let (mut answer, mut points) = (Vec::new(), 0);
            self.each_series(query, &instances, |series| {
                points += series.at_ms.len();
                if points > POINTS_MAX {
                    return Err(StoreError::refused(format!(
                        "the answer has more than {POINTS_MAX} points; ask for fewer series, less time or a longer step"
                    )));
                }
                answer.push(series);
                Ok(())
            })?;
            Ok(answer)
        })
    }

    /// Each series that is not empty, by instance and then by series, one after the other. Memory is what one instance has in the time.
    pub(crate) fn each_series(
        &self,
        query: &SeriesQuery,
        instances: &[InstanceId],
        mut each: impl FnMut(SampleSeries) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let rolled = Rolled::load(&self.db)?;
        let mut wanted = Wanted { history: self, query, layouts: FxHashMap::default() };
        let mut fresh: FxHashMap<u32, BTreeMap<i64, Vec<Point>>> = FxHashMap::default();
        let mut failed = Ok(());
        self.each_unsealed(instances, |instance, layout, at_ms, bits| {
            if at_ms < query.from_ms || at_ms > query.to_ms || failed.is_err() {
                return;
            }
            match wanted.columns(layout) {
                Ok(columns) => {
                    let of = fresh.entry(instance).or_default();
                    for (column, series) in columns {
                        let Some(bits) = bits.get(*column) else { continue };
                        let point = Point { at_ms, value: f64::from_bits(*bits), weight: 1.0 };
                        of.entry(*series).or_default().push(point);
                    }
                }
                Err(error) => failed = Err(error),
            }
        })?;
        failed?;
        let mut keys: FxHashMap<i64, String> = FxHashMap::default();
        let mut packs = (Packs::default(), Packs::default());
        for instance in instances {
            let unsealed = fresh.remove(&instance.0).unwrap_or_default();
            for (series, mut found) in self.points_of(*instance, &mut wanted, &rolled, unsealed, &mut packs)? {
                found.sort_by_key(|point| point.at_ms);
                let (at_ms, values) = folded(&found, query);
                if at_ms.is_empty() {
                    continue;
                }
                let key = match keys.entry(series) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let mut key = self.db.prepare_cached("SELECT key FROM series WHERE id = ?1")?;
                        new.insert(key.query_row([series], |row| row.get(0))?)
                    }
                };
                each(SampleSeries { instance: *instance, key: key.clone(), at_ms, values })?;
            }
        }
        Ok(())
    }

    fn points_of<'a>(
        &'a self,
        instance: InstanceId,
        wanted: &mut Wanted<'_>,
        rolled: &Rolled,
        mut points: BTreeMap<i64, Vec<Point>>,
        (raw, figures): &mut (Packs<'a>, Packs<'a>),
    ) -> Result<BTreeMap<i64, Vec<Point>>, StoreError> {
        let query = wanted.query;
        let (mut bits, mut weights) = (Vec::new(), Vec::new());
        let within = |at_ms: i64| at_ms >= query.from_ms && at_ms <= query.to_ms;
        self.each_chunk(raw, KIND_RAW, instance, query.from_ms, query.to_ms, |place, body| {
            let chunk = Chunk::open(body, place.rows)?;
            for (column, series) in wanted.columns(place.layout)? {
                chunk.column(*column, &mut bits)?;
                let of = points.entry(*series).or_default();
                for (at_ms, bits) in chunk.times_ms.iter().zip(&bits) {
                    if within(*at_ms) && !rolled.covers(instance.0, place.pack, *at_ms) {
                        of.push(Point { at_ms: *at_ms, value: f64::from_bits(*bits), weight: 1.0 });
                    }
                }
            }
            Ok(())
        })?;
        let figure = match query.fold {
            Fold::Min => 0,
            Fold::Max => 1,
            Fold::Mean => 2,
            Fold::Last => 3,
        };
        self.each_chunk(figures, KIND_ROLLED, instance, query.from_ms, query.to_ms, |place, body| {
            let chunk = Chunk::open(body, place.rows)?;
            for (column, series) in wanted.columns(place.layout)? {
                chunk.column(column * FIGURES + figure, &mut bits)?;
                chunk.column(column * FIGURES + FIGURES - 1, &mut weights)?;
                let of = points.entry(*series).or_default();
                for ((at_ms, bits), weight) in chunk.times_ms.iter().zip(&bits).zip(&weights) {
                    if within(*at_ms) && f64::from_bits(*weight) > 0.0 {
                        let (value, weight) = (f64::from_bits(*bits), f64::from_bits(*weight));
                        let value = if query.fold == Fold::Mean { value / weight } else { value };
                        of.push(Point { at_ms: *at_ms, value, weight });
                    }
                }
            }
            Ok(())
        })?;
        Ok(points)
    }

    /// The chunks of an instance that may have rows in a time.
    pub(crate) fn each_chunk<'a>(
        &'a self,
        packs: &mut Packs<'a>,
        kind: u8,
        instance: InstanceId,
        from_ms: i64,
        to_ms: i64,
        mut each: impl FnMut(ChunkPlace, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let span = if kind == KIND_RAW { SPAN_MS_MAX } else { ERA_MS };
        let select = "SELECT pack, at, size, rows, layout FROM chunk
                      WHERE kind = ?1 AND instance = ?2 AND from_ms >= ?3 AND from_ms <= ?4 AND to_ms >= ?5 ORDER BY from_ms, pack, at";
        let mut statement = self.db.prepare_cached(select)?;
        let mut rows = statement.query(params![kind, instance.0, from_ms.saturating_sub(span), to_ms, from_ms])?;
        while let Some(row) = rows.next()? {
            let size = |column| -> Result<usize, rusqlite::Error> { Ok(row.get::<_, u32>(column)? as usize) };
            let place = ChunkPlace { pack: row.get(0)?, at: size(1)?, size: size(2)?, rows: size(3)?, layout: row.get(4)? };
            if place.rows > ROWS_MAX {
                return Err(StoreError::damaged("a chunk has too many rows"));
            }
            each(place, packs.read(&self.db, place)?)?;
        }
        Ok(())
    }

    /// The rows of these instances that are not sealed.
    fn each_unsealed(&self, instances: &[InstanceId], mut each: impl FnMut(u32, u32, i64, &[u64])) -> Result<(), StoreError> {
        let wanted: rustc_hash::FxHashSet<u32> = instances.iter().map(|instance| instance.0).collect();
        let mut shard = self.db.prepare_cached("SELECT shard FROM instance WHERE id = ?1")?;
        let mut shards = std::collections::BTreeSet::new();
        for instance in instances {
            // An instance that is forgotten has no shard and nothing in one.
            let place: Option<Option<u32>> = shard.query_row([instance.0], |row| row.get(0)).optional()?;
            shards.extend(place.flatten());
        }
        let mut statement = self.db.prepare_cached("SELECT at_ms, body FROM tick WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        for shard in shards {
            let mut lasts = Lasts::default();
            let shard = shard as usize;
            debug_assert!(shard < 1 << (63 - SHARD_BITS));
            let mut rows = statement.query([tick_row(shard, 0), tick_row(shard + 1, 0)])?;
            while let Some(row) = rows.next()? {
                let at_ms: i64 = row.get(0)?;
                let body = row.get_ref(1)?.as_blob().map_err(|error| StoreError::damaged(format!("a tick: {error}")))?;
                read_tick(body, &mut lasts, |row| {
                    if wanted.contains(&row.instance) {
                        each(row.instance, row.layout, at_ms.saturating_add(row.offset_ms), row.bits);
                    }
                })?;
            }
        }
        Ok(())
    }

    /// What the file takes.
    pub fn size(&self) -> Result<StoreSize, StoreError> {
        let figure = |pragma: &str| self.db.query_row(pragma, [], |row| row.get::<_, u32>(0)).map(u64::from);
        let page = figure("PRAGMA page_size")?;
        Ok(StoreSize { file_bytes: figure("PRAGMA page_count")? * page, free_bytes: figure("PRAGMA freelist_count")? * page })
    }

    /// Several reads of one state of the store.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.db.is_autocommit() {
            return work();
        }
        self.db.prepare_cached("BEGIN")?.execute([])?;
        let done = work();
        self.db.prepare_cached("ROLLBACK")?.execute([])?;
        done
    }
}

/// The pack that was read last, kept open: opening one anew costs as much as reading twenty chunks.
#[derive(Default)]
pub(crate) struct Packs<'a> {
    open: Option<Blob<'a>>,
    body: Vec<u8>,
}

impl<'a> Packs<'a> {
    /// The bytes of a chunk.
    fn read(&mut self, db: &'a Connection, place: ChunkPlace) -> Result<&[u8], StoreError> {
        let blob = match self.open.take() {
            Some(mut blob) => {
                blob.reopen(place.pack)?;
                blob
            }
            None => db.blob_open("main", "pack", "body", place.pack, true)?,
        };
        if place.at.saturating_add(place.size) > blob.len() {
            return Err(StoreError::damaged("a chunk ends past its pack"));
        }
        self.body.resize(place.size, 0);
        blob.read_at_exact(&mut self.body, place.at)?;
        self.open = Some(blob);
        Ok(&self.body)
    }
}

/// Which columns of which layout a query asks for.
struct Wanted<'a> {
    history: &'a History,
    query: &'a SeriesQuery,
    layouts: FxHashMap<u32, Vec<(usize, i64)>>,
}

impl Wanted<'_> {
    /// Column and number of the series.
    fn columns(&mut self, layout: u32) -> Result<&[(usize, i64)], StoreError> {
        if !self.layouts.contains_key(&layout) {
            let db = &self.history.db;
            let series: Vec<u8> =
                db.prepare_cached("SELECT series FROM layout WHERE id = ?1")?.query_row([layout], |row| row.get(0))?;
            let keys = self.history.layout_keys(LayoutId(layout))?;
            let mut input = Bytes::new(&series);
            let (mut columns, mut id) = (Vec::new(), 0i64);
            for (column, key) in keys.iter().enumerate() {
                id = id.wrapping_add(input.signed()?);
                if self.query.keys.is_empty() || self.query.keys.iter().any(|wanted| names(wanted, key)) {
                    columns.push((column, id));
                }
            }
            self.layouts.insert(layout, columns);
        }
        Ok(self.layouts.get(&layout).map_or(&[], Vec::as_slice))
    }
}

/// Whether a key is the one wanted, or of the name wanted.
fn names(wanted: &str, key: &str) -> bool {
    key.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
}

fn folded(points: &[Point], query: &SeriesQuery) -> (Vec<i64>, Vec<f64>) {
    if query.step_ms <= 0 {
        return points.iter().map(|point| (point.at_ms, point.value)).unzip();
    }
    let (mut times, mut values) = (Vec::new(), Vec::new());
    for step in points.chunk_by(|one, two| one.at_ms.div_euclid(query.step_ms) == two.at_ms.div_euclid(query.step_ms)) {
        let real = step.iter().filter(|point| !point.value.is_nan());
        let value = match query.fold {
            Fold::Last => real.map(|point| point.value).next_back(),
            Fold::Min => real.map(|point| point.value).reduce(f64::min),
            Fold::Max => real.map(|point| point.value).reduce(f64::max),
            Fold::Mean => {
                let (sum, weight) =
                    real.fold((0.0, 0.0), |(sum, all), point| (sum + point.value * point.weight, all + point.weight));
                (weight > 0.0).then(|| sum / weight)
            }
        };
        if let (Some(value), Some(first)) = (value, step.first()) {
            times.push(first.at_ms.div_euclid(query.step_ms) * query.step_ms);
            values.push(value);
        }
    }
    (times, values)
}
