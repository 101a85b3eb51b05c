//! Appending a tick. Instances are spread over shards of about as many values each; a tick is a row a shard, and a shard's ticks are sealed
//! together. A shard's first segment has a length of its own, so that the shards do not all come due at once.

use rusqlite::{Connection, params};
use rustc_hash::FxHashMap;

use crate::names::{InstanceId, LayoutId};
use crate::tick::Lasts;
use crate::{Store, StoreError};

/// Values a shard takes before the next one is filled: sealing one is then about a million values, some 20 ms.
const SHARD_VALUES: u32 = 8192;
/// Values after which a segment ends early: 16 MiB when it is read back.
const SEGMENT_VALUES: u64 = 2 << 20;
/// Where the shard stands in the number of a tick's row.
pub const SHARD_BITS: u32 = 40;

/// All rows of one instant.
#[derive(Clone, Copy, Debug)]
pub struct Tick<'a> {
    /// When it began.
    pub at_ms: i64,
    /// Any order.
    pub rows: &'a [Row<'a>],
}

/// What one instance exposed.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Whose.
    pub instance: InstanceId,
    /// Which series.
    pub layout: LayoutId,
    /// When after the tick began; the sample's time is the sum.
    pub offset_ms: i64,
    /// A value for each series of the layout; NaN of any bits stays as it is.
    pub values: &'a [f64],
}

/// What an append did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Values.
    pub samples: u64,
    /// Bytes before they are sealed.
    pub bytes: u64,
}

/// Which instance is in which shard, and how far each is.
#[derive(Debug, Default)]
pub struct Shards {
    pub all: Vec<Shard>,
    home: FxHashMap<u32, Home>,
    /// The number of the next tick.
    next: u64,
    /// No shard before it has room.
    open: usize,
}

#[derive(Clone, Copy, Debug)]
struct Home {
    shard: u32,
    columns: u32,
}

/// A group of instances whose ticks are sealed together.
#[derive(Debug, Default)]
pub struct Shard {
    lasts: Lasts,
    body: Vec<u8>,
    columns: u32,
    /// Where the segment that is written begins.
    start: u64,
    ticks: u32,
    values: u64,
    /// Whether a segment ended since the store was opened.
    ended: bool,
    /// The earliest tick that is not sealed.
    pub first_unsealed: Option<u64>,
}

impl Store {
    /// Stores a tick; it is durable when this returns. Fails as a whole. About 10 ns of CPU a sample, and one sync.
    pub fn append(&mut self, tick: &Tick<'_>) -> Result<Appended, StoreError> {
        for row in tick.rows {
            let columns = self.names.columns(row.layout);
            if columns != u32::try_from(row.values.len()).ok() {
                return Err(StoreError::refused(format!(
                    "a row of instance {} has {} values, its layout {}",
                    row.instance.0,
                    row.values.len(),
                    columns.unwrap_or_default()
                )));
            }
        }
        self.together(|store| store.append_rows(tick))
    }

    fn append_rows(&mut self, tick: &Tick<'_>) -> Result<Appended, StoreError> {
        let mut appended = Appended::default();
        for row in tick.rows {
            let shard = self.shard_of(row, tick.at_ms)?;
            if shard.body.is_empty() {
                shard.lasts.begin(&mut shard.body);
            }
            shard.lasts.put_row(&mut shard.body, row.instance.0, row.layout.0, row.offset_ms, row.values);
            shard.values += row.values.len() as u64;
            appended.samples += row.values.len() as u64;
        }
        let number = self.shards.next;
        let mut insert = self.own.db.prepare_cached("INSERT INTO tick (id, at_ms, body) VALUES (?1, ?2, ?3)")?;
        for (at, shard) in self.shards.all.iter_mut().enumerate() {
            if shard.body.is_empty() {
                continue;
            }
            if shard.ticks == 0 {
                shard.start = number;
            }
            insert.execute(params![tick_row(at, number), tick.at_ms, shard.body])?;
            appended.bytes += shard.body.len() as u64;
            shard.body.clear();
            shard.ticks += 1;
            shard.first_unsealed.get_or_insert(number);
        }
        drop(insert);
        self.due.log_bytes += appended.bytes;
        self.shards.next += 1;
        self.shards.end_segments(self.limits.seal_ticks);
        Ok(appended)
    }

    /// The shard of a row's instance, a place in one found if it has none.
    fn shard_of(&mut self, row: &Row<'_>, at_ms: i64) -> Result<&mut Shard, StoreError> {
        let columns = row.values.len() as u32;
        let shards = &mut self.shards;
        let home = if let Some(home) = shards.home.get_mut(&row.instance.0) {
            if home.columns != columns {
                let shard =
                    shards.all.get_mut(home.shard as usize).ok_or_else(|| StoreError::damaged("an instance without shard"))?;
                shard.columns = shard.columns.saturating_sub(home.columns).saturating_add(columns);
                home.columns = columns;
            }
            *home
        } else {
            let home = shards.take_in(row.instance.0, columns);
            let update = "UPDATE instance SET shard = ?2, first_ms = coalesce(first_ms, ?3) WHERE id = ?1";
            if self.own.db.prepare_cached(update)?.execute(params![row.instance.0, home.shard, at_ms])? == 0 {
                return Err(StoreError::UnknownInstance { instance: row.instance.0 });
            }
            home
        };
        shards.all.get_mut(home.shard as usize).ok_or_else(|| StoreError::damaged("an instance without shard"))
    }
}

impl Shards {
    /// Reads which instance is where and which ticks are not sealed. Their segments are over: what comes next begins new ones.
    pub fn load(db: &Connection) -> Result<Self, StoreError> {
        let mut shards = Shards { next: 1, ..Shards::default() };
        let mut ends = db.prepare("SELECT min(id), max(id) FROM tick WHERE id >= ?1 AND id < ?2")?;
        let last: Option<i64> = db.query_row("SELECT max(id) FROM tick", [], |row| row.get(0))?;
        if let Some(last) = last {
            shards.grow((last >> SHARD_BITS) as usize);
        }
        for (at, shard) in shards.all.iter_mut().enumerate() {
            let range = [tick_row(at, 0), tick_row(at + 1, 0)];
            let (first, last): (Option<i64>, Option<i64>) = ends.query_row(range, |row| Ok((row.get(0)?, row.get(1)?)))?;
            shard.first_unsealed = first.map(tick_number);
            shards.next = shards.next.max(last.map_or(0, tick_number) + 1);
        }
        for shard in &mut shards.all {
            shard.start = shards.next;
        }
        // Readers look for what is not sealed in the shard of the instance: those of a shard with nothing of that kind may go anywhere.
        let mut statement = db.prepare("SELECT id, shard FROM instance WHERE shard IS NOT NULL")?;
        for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (instance, shard): (u32, u32) = row?;
            if shards.all.get(shard as usize).is_some_and(|shard| shard.first_unsealed.is_some()) {
                shards.home.insert(instance, Home { shard, columns: 0 });
            }
        }
        Ok(shards)
    }

    fn grow(&mut self, shard: usize) {
        if self.all.len() <= shard {
            self.all.resize_with(shard + 1, Shard::default);
        }
    }

    fn take_in(&mut self, instance: u32, columns: u32) -> Home {
        while self.all.get(self.open).is_some_and(|shard| shard.columns >= SHARD_VALUES) {
            self.open += 1;
        }
        self.grow(self.open);
        if let Some(shard) = self.all.get_mut(self.open) {
            shard.columns = shard.columns.saturating_add(columns);
        }
        let home = Home { shard: self.open as u32, columns };
        self.home.insert(instance, home);
        home
    }

    /// Ends the segments that are long enough, and those that nothing comes to any more.
    fn end_segments(&mut self, seal_ticks: u32) {
        let mut over = Vec::new();
        for (at, shard) in self.all.iter_mut().enumerate() {
            if shard.ticks == 0 {
                continue;
            }
            // Between one and two halves at first, so that shards which begin together end one after the other.
            let most =
                if shard.ended { seal_ticks } else { seal_ticks / 2 + (at as u32).wrapping_mul(37) % (seal_ticks / 2).max(1) };
            let silent = self.next - shard.start > 2 * u64::from(seal_ticks);
            if shard.ticks >= most.max(1) || shard.values >= SEGMENT_VALUES || silent {
                over.push(at);
            }
        }
        for at in over {
            self.end_segment(at);
        }
    }

    /// Ends the segment of a shard. Instances that were not in it, nor in one that is not sealed, leave the shard.
    pub fn end_segment(&mut self, at: usize) {
        let Shards { all, home, next, open } = self;
        let Some(shard) = all.get_mut(at) else { return };
        if shard.first_unsealed.is_some_and(|first| first >= shard.start) {
            home.retain(|instance, home| {
                let stays = home.shard as usize != at || shard.lasts.has(*instance);
                if !stays {
                    shard.columns = shard.columns.saturating_sub(home.columns);
                    *open = (*open).min(at);
                }
                stays
            });
        }
        shard.lasts.clear();
        shard.start = *next;
        (shard.ticks, shard.values, shard.ended) = (0, 0, true);
    }

    /// Whether an instance has a place.
    pub fn has(&self, instance: u32) -> bool {
        self.home.contains_key(&instance)
    }

    /// The number of the next tick.
    pub fn next(&self) -> u64 {
        self.next
    }
}

impl Shard {
    /// Ticks before this one may be sealed.
    pub fn sealable_before(&self, next: u64) -> u64 {
        if self.ticks == 0 { next } else { self.start }
    }
}

/// The row of a shard's tick.
pub fn tick_row(shard: usize, number: u64) -> i64 {
    ((shard as u64) << SHARD_BITS | number).cast_signed()
}

/// The tick's number in its row.
pub fn tick_number(row: i64) -> u64 {
    row.cast_unsigned() & ((1 << SHARD_BITS) - 1)
}
