//! Sealing: the ticks of a shard become chunks, one an instance and layout, several side by side in a pack.

use rusqlite::{Connection, params};
use rustc_hash::FxHashMap;

use crate::chunk::ChunkWriter;
use crate::names::size;
use crate::sample::{tick_number, tick_row};
use crate::tick::{self, Lasts, TickRow};
use crate::{Store, StoreError};

/// Chunks of samples as they came.
pub const KIND_RAW: u8 = 0;
/// Chunks of five-minute figures.
pub const KIND_ROLLED: u8 = 1;
/// Chunks of families of goroutines.
pub const KIND_FAMILIES: u8 = 2;

/// The longest time a chunk covers, so that a query knows how far back a chunk that matters may begin.
pub const SPAN_MS_MAX: i64 = 60 * 60 * 1000;
/// Bytes after which a pack is full.
const PACK_BYTES: usize = 64 * 1024;
/// Values that are sealed at once: 16 MiB of memory.
const VALUES_AT_ONCE: usize = 2 << 20;

/// Rows of one instance and layout on the way into a chunk.
#[derive(Debug, Default)]
pub struct Rows {
    pub layout: u32,
    pub columns: usize,
    pub times_ms: Vec<i64>,
    /// Row after row.
    pub bits: Vec<u64>,
}

impl Store {
    /// Seals one stretch of a shard's ticks, in one transaction. False when there is nothing to seal.
    pub(crate) fn seal_shard(&mut self, at: usize) -> Result<bool, StoreError> {
        let Some(shard) = self.shards.all.get(at) else { return Ok(false) };
        let before = shard.sealable_before(self.shards.next());
        let Some(first) = shard.first_unsealed.filter(|first| *first < before) else { return Ok(false) };
        let next = self.together(|store| store.seal_ticks(at, first, before))?;
        if let Some(shard) = self.shards.all.get_mut(at) {
            shard.first_unsealed = next;
        }
        Ok(true)
    }

    fn seal_ticks(&mut self, at: usize, first: u64, before: u64) -> Result<Option<u64>, StoreError> {
        let mut packs = PackWriter::new(KIND_RAW);
        let mut lasts = Lasts::default();
        let mut open: FxHashMap<u32, Rows> = FxHashMap::default();
        let (mut ticks, mut values, mut sealed) = (0, 0, None);
        {
            let mut statement =
                self.own.db.prepare_cached("SELECT id, at_ms, body FROM tick WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
            let mut rows = statement.query([tick_row(at, first), tick_row(at, before)])?;
            while let Some(row) = rows.next()? {
                let (id, at_ms, body): (i64, i64, &[u8]) =
                    (row.get(0)?, row.get(1)?, row.get_ref(2)?.as_blob().map_err(|error| no_blob(&error))?);
                let enough = ticks >= self.limits.seal_ticks * 3 / 4 || values >= VALUES_AT_ONCE;
                if enough && tick::is_fresh(body) {
                    break;
                }
                let mut failed = Ok(());
                tick::read_tick(body, &mut lasts, |row| {
                    values += row.bits.len();
                    if failed.is_ok() {
                        failed = take_row(&self.own.db, &mut open, at_ms, row, &mut packs);
                    }
                })?;
                failed?;
                ticks += 1;
                sealed = Some(id);
            }
        }
        let mut open: Vec<(u32, Rows)> = open.into_iter().collect();
        open.sort_unstable_by_key(|(instance, _)| *instance);
        for (instance, rows) in &open {
            packs.add(&self.own.db, *instance, rows)?;
        }
        packs.finish(&self.own.db)?;
        self.due.log_bytes += packs.bytes;
        let mut seen =
            self.own.db.prepare_cached("UPDATE instance SET last_ms = max(coalesce(last_ms, ?2), ?2) WHERE id = ?1")?;
        for (instance, rows) in &open {
            seen.execute(params![instance, rows.times_ms.last()])?;
        }
        let Some(sealed) = sealed else { return Ok(None) };
        self.own.db.prepare_cached("DELETE FROM tick WHERE id >= ?1 AND id <= ?2")?.execute([tick_row(at, 0), sealed])?;
        let mut next = self.own.db.prepare_cached("SELECT min(id) FROM tick WHERE id > ?1 AND id < ?2")?;
        let next: Option<i64> = next.query_row([sealed, tick_row(at + 1, 0)], |row| row.get(0))?;
        Ok(next.map(tick_number))
    }

    /// Seals all there is, for a file that is put away or measured.
    pub fn seal_all(&mut self) -> Result<(), StoreError> {
        for at in 0..self.shards.all.len() {
            self.shards.end_segment(at);
            while self.seal_shard(at)? {}
        }
        self.seal_all_families()
    }
}

/// Puts a row to those of its instance. A change of layout, a clock that went back and a span too long begin a chunk of their own.
fn take_row(
    db: &Connection,
    open: &mut FxHashMap<u32, Rows>,
    at_ms: i64,
    row: TickRow<'_>,
    packs: &mut PackWriter,
) -> Result<(), StoreError> {
    let at_ms = at_ms.saturating_add(row.offset_ms);
    let rows = open.entry(row.instance).or_default();
    let fits = rows.layout == row.layout
        && rows.columns == row.bits.len()
        && rows.times_ms.last().is_none_or(|last| *last <= at_ms)
        && rows.times_ms.first().is_none_or(|first| at_ms.saturating_sub(*first) <= SPAN_MS_MAX);
    if !fits {
        packs.add(db, row.instance, rows)?;
        rows.times_ms.clear();
        rows.bits.clear();
        (rows.layout, rows.columns) = (row.layout, row.bits.len());
    }
    rows.times_ms.push(at_ms);
    rows.bits.extend_from_slice(row.bits);
    Ok(())
}

/// Writes chunks into packs.
#[derive(Debug)]
pub struct PackWriter {
    kind: u8,
    writer: ChunkWriter,
    body: Vec<u8>,
    chunks: Vec<Placed>,
    /// Bytes of packs written.
    pub bytes: u64,
}

/// Where a chunk is in the pack being filled.
#[derive(Debug)]
struct Placed {
    instance: u32,
    layout: u32,
    from_ms: i64,
    to_ms: i64,
    rows: usize,
    at: usize,
    size: usize,
}

impl PackWriter {
    /// Chunks of one kind.
    pub fn new(kind: u8) -> Self {
        PackWriter { kind, writer: ChunkWriter::default(), body: Vec::new(), chunks: Vec::new(), bytes: 0 }
    }

    /// Adds a chunk of these rows, if there are any.
    pub fn add(&mut self, db: &Connection, instance: u32, rows: &Rows) -> Result<(), StoreError> {
        self.add_with(db, instance, &[], rows)
    }

    /// Adds a chunk with something of the caller's before it.
    pub fn add_with(&mut self, db: &Connection, instance: u32, head: &[u8], rows: &Rows) -> Result<(), StoreError> {
        let (Some(from_ms), Some(to_ms)) = (rows.times_ms.first(), rows.times_ms.last()) else { return Ok(()) };
        let at = self.body.len();
        self.body.extend_from_slice(head);
        self.writer.write(&rows.times_ms, &rows.bits, rows.columns, &mut self.body);
        self.chunks.push(Placed {
            instance,
            layout: rows.layout,
            from_ms: *from_ms,
            to_ms: *to_ms,
            rows: rows.times_ms.len(),
            at,
            size: self.body.len() - at,
        });
        if self.body.len() >= PACK_BYTES {
            self.finish(db)?;
        }
        Ok(())
    }

    /// Writes the pack that is not full.
    pub fn finish(&mut self, db: &Connection) -> Result<(), StoreError> {
        let (Some(from_ms), Some(to_ms)) =
            (self.chunks.iter().map(|chunk| chunk.from_ms).min(), self.chunks.iter().map(|chunk| chunk.to_ms).max())
        else {
            return Ok(());
        };
        let insert = "INSERT INTO pack (kind, from_ms, to_ms, body) VALUES (?1, ?2, ?3, ?4)";
        db.prepare_cached(insert)?.execute(params![self.kind, from_ms, to_ms, self.body])?;
        let pack = db.last_insert_rowid();
        let insert = "INSERT INTO chunk (kind, instance, from_ms, pack, at, size, to_ms, rows, layout)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let mut insert = db.prepare_cached(insert)?;
        for chunk in self.chunks.drain(..) {
            let (rows, at, size) = (size(chunk.rows), size(chunk.at), size(chunk.size));
            let place = params![self.kind, chunk.instance, chunk.from_ms, pack, at, size, chunk.to_ms, rows, chunk.layout];
            insert.execute(place)?;
        }
        self.bytes += self.body.len() as u64;
        self.body.clear();
        Ok(())
    }
}

fn no_blob(error: &rusqlite::types::FromSqlError) -> StoreError {
    StoreError::damaged(format!("a tick: {error}"))
}
