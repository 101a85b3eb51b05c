//! Families of goroutines over time: how many stood on which stack of which instance. Stacks are kept once, by their content. Profiles are
//! sealed into chunks with a column a stack, so that the growth of a million counts is read in milliseconds.

use rusqlite::{Connection, OptionalExtension as _, params};
use rustc_hash::FxHashMap;

use crate::bits::{Bytes, put_varint};
use crate::chunk::ROWS_MAX;
use crate::names::{self, Hash, InstanceId};
use crate::seal::{KIND_FAMILIES, PackWriter, Rows, SPAN_MS_MAX};
use crate::{History, Store, StoreError};
use herd_model::Place;

/// Profiles of an instance that make a chunk.
const SEAL_PROFILES: u32 = 64;
/// Instances sealed in one slice.
const SEAL_INSTANCES: usize = 64;
/// Stacks one profile may have.
const STACKS_MAX: usize = 1 << 20;
/// Cells of a chunk, zeros included: 16 MiB of memory.
const CELLS_MAX: usize = 2 << 20;

/// A stack by its content: the same frames have the same id in every store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(pub u128);

/// How many goroutines stood on a stack in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyCount<'a> {
    /// Where they stood.
    pub stack: StackId,
    /// What they did, as the witness says; empty where it does not.
    pub state: &'a str,
    /// How many.
    pub count: u64,
}

/// A profile as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyProfile {
    /// When it was taken.
    pub at_ms: i64,
    /// Stack, state and count, by stack and state; zeros are not there.
    pub counts: Vec<(StackId, String, u64)>,
}

/// Profiles of an instance that are not sealed.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    count: u32,
    oldest_ms: i64,
}

/// The profiles that are not sealed, by instance.
pub type Profiles = FxHashMap<u32, Pending>;

/// A cell of a profile: numbers of stack and state.
pub type Cell = (u32, u32);

/// Reads what is not sealed from the file.
pub fn pending(db: &Connection) -> Result<Profiles, StoreError> {
    let mut statement = db.prepare("SELECT instance, count(*), min(at_ms) FROM profile GROUP BY instance")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, Pending { count: row.get(1)?, oldest_ms: row.get(2)? })))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The id of a stack: its frames, innermost first.
pub fn stack_id(frames: &[Place]) -> StackId {
    let lines: Vec<String> = frames.iter().map(|frame| frame.line.to_string()).collect();
    let texts = frames.iter().zip(&lines).flat_map(|(frame, line)| [frame.func.as_str(), frame.file.as_str(), line.as_str()]);
    StackId(u128::from_be_bytes(names::hash_of(texts)))
}

impl Store {
    /// Keeps a stack and gives its id; one that is known costs a hash, a new one is a commit of its own outside [`Store::together`].
    pub fn stack(&mut self, frames: &[Place]) -> Result<StackId, StoreError> {
        let id = stack_id(frames);
        if self.stack_number(id)?.is_none() {
            let insert = "INSERT INTO stack (hash, frames) VALUES (?1, ?2)";
            self.own.db.prepare_cached(insert)?.execute(params![hash(id), serde_json::to_string(frames)?])?;
            self.names.stacks.insert(id.0, names::number(self.own.db.last_insert_rowid())?);
        }
        Ok(id)
    }

    fn stack_number(&mut self, id: StackId) -> Result<Option<u32>, StoreError> {
        if let Some(number) = self.names.stacks.get(&id.0) {
            return Ok(Some(*number));
        }
        let known = self.own.stack_number(id)?;
        if let Some(number) = known {
            self.names.stacks.insert(id.0, number);
        }
        Ok(known)
    }

    fn word(&mut self, text: &str) -> Result<u32, StoreError> {
        if let Some(number) = self.names.words.get(text) {
            return Ok(*number);
        }
        let db = &self.own.db;
        let known = db.prepare_cached("SELECT id FROM word WHERE text = ?1")?.query_row([text], |row| row.get(0)).optional()?;
        let number = if let Some(number) = known {
            number
        } else {
            db.prepare_cached("INSERT INTO word (text) VALUES (?1)")?.execute([text])?;
            names::number(db.last_insert_rowid())?
        };
        self.names.words.insert(text.into(), number);
        Ok(number)
    }

    /// Stores the families of a profile; they are durable when this returns. A stack that is not among them counted zero at that time.
    pub fn append_families(&mut self, at_ms: i64, instance: InstanceId, counts: &[FamilyCount<'_>]) -> Result<(), StoreError> {
        if counts.len() > STACKS_MAX {
            return Err(StoreError::refused(format!("a profile has {} families, more than {STACKS_MAX}", counts.len())));
        }
        self.together(|store| {
            let mut cells = Vec::with_capacity(counts.len());
            for family in counts {
                let stack = store.stack_number(family.stack)?;
                let stack = stack.ok_or_else(|| StoreError::refused(format!("no stack has the id {:032x}", family.stack.0)))?;
                cells.push(((stack, store.word(family.state)?), family.count));
            }
            cells.sort_unstable();
            let mut body = Vec::new();
            for ((stack, state), count) in cells {
                put_varint(&mut body, u64::from(stack));
                put_varint(&mut body, u64::from(state));
                put_varint(&mut body, count);
            }
            let insert = "INSERT INTO profile (instance, at_ms, body) VALUES (?1, ?2, ?3)";
            store.own.db.prepare_cached(insert)?.execute(params![instance.0, at_ms, body])?;
            let pending = store.profiles.entry(instance.0).or_insert(Pending { count: 0, oldest_ms: at_ms });
            pending.count += 1;
            pending.oldest_ms = pending.oldest_ms.min(at_ms);
            Ok(())
        })
    }

    /// Seals profiles of some instances that have enough of them, or old ones. False when there are none.
    pub(crate) fn seal_families(&mut self, now_ms: i64) -> Result<bool, StoreError> {
        let due = |pending: &Pending| pending.count >= SEAL_PROFILES || now_ms.saturating_sub(pending.oldest_ms) > SPAN_MS_MAX;
        let mut instances: Vec<u32> =
            self.profiles.iter().filter(|(_, pending)| due(pending)).map(|(instance, _)| *instance).collect();
        instances.sort_unstable();
        instances.truncate(SEAL_INSTANCES);
        if instances.is_empty() {
            return Ok(false);
        }
        self.together(|store| {
            let mut packs = PackWriter::new(KIND_FAMILIES);
            for instance in &instances {
                store.seal_profiles(*instance, &mut packs)?;
            }
            packs.finish(&store.own.db)
        })?;
        for instance in &instances {
            self.profiles.remove(instance);
        }
        Ok(true)
    }

    fn seal_profiles(&self, instance: u32, packs: &mut PackWriter) -> Result<(), StoreError> {
        let db = &self.own.db;
        let mut statement = db.prepare_cached("SELECT at_ms, body FROM profile WHERE instance = ?1 ORDER BY at_ms, id")?;
        let mut rows = statement.query([instance])?;
        let mut profiles: Vec<(i64, Vec<(Cell, u64)>)> = Vec::new();
        let mut cells = 0;
        while let Some(row) = rows.next()? {
            let (at_ms, counts) = (row.get(0)?, read_profile(row.get_ref(1)?)?);
            let long = profiles.first().is_some_and(|(first, _): &(i64, _)| at_ms - first > SPAN_MS_MAX);
            if long || (cells + counts.len()) * (profiles.len() + 1) > CELLS_MAX {
                add(db, packs, instance, &profiles)?;
                profiles.clear();
                cells = 0;
            }
            cells += counts.len();
            profiles.push((at_ms, counts));
        }
        add(db, packs, instance, &profiles)?;
        let seen = "UPDATE instance SET last_ms = max(coalesce(last_ms, ?2), ?2) WHERE id = ?1";
        if let Some((last_ms, _)) = profiles.last() {
            db.prepare_cached(seen)?.execute(params![instance, last_ms])?;
        }
        db.prepare_cached("DELETE FROM profile WHERE instance = ?1")?.execute([instance])?;
        Ok(())
    }

    /// Seals all profiles there are.
    pub(crate) fn seal_all_families(&mut self) -> Result<(), StoreError> {
        while self.seal_families(i64::MAX)? {}
        Ok(())
    }
}

/// Adds a chunk: which cells there are, then a column for each.
fn add(db: &Connection, packs: &mut PackWriter, instance: u32, profiles: &[(i64, Vec<(Cell, u64)>)]) -> Result<(), StoreError> {
    let mut cells: Vec<Cell> = profiles.iter().flat_map(|(_, counts)| counts.iter().map(|(cell, _)| *cell)).collect();
    cells.sort_unstable();
    cells.dedup();
    let mut head = Vec::new();
    put_varint(&mut head, cells.len() as u64);
    let mut before = 0;
    for (stack, state) in &cells {
        put_varint(&mut head, u64::from(stack - before));
        put_varint(&mut head, u64::from(*state));
        before = *stack;
    }
    let mut rows = Rows { layout: 0, columns: cells.len(), times_ms: Vec::new(), bits: Vec::new() };
    for (at_ms, counts) in profiles {
        rows.times_ms.push(*at_ms);
        let mut counts = counts.iter().peekable();
        for cell in &cells {
            let count = counts.next_if(|(known, _)| known == cell).map_or(0, |(_, count)| *count);
            rows.bits.push((count as f64).to_bits());
        }
    }
    packs.add_with(db, instance, &head, &rows)
}

/// The cells of a chunk, and the chunk after them.
pub(crate) fn read_cells(body: &[u8]) -> Result<(Vec<Cell>, &[u8]), StoreError> {
    let mut input = Bytes::new(body);
    let count = input.count(ROWS_MAX.min(body.len()))?;
    let mut cells = Vec::with_capacity(count);
    let mut stack = 0u32;
    for _ in 0..count {
        stack = stack
            .checked_add(input.count(u32::MAX as usize)? as u32)
            .ok_or_else(|| StoreError::damaged("a stack past its limit"))?;
        cells.push((stack, input.count(u32::MAX as usize)? as u32));
    }
    Ok((cells, input.rest()))
}

/// The counts of a profile that is not sealed, by cell.
pub(crate) fn read_profile(body: rusqlite::types::ValueRef<'_>) -> Result<Vec<(Cell, u64)>, StoreError> {
    let body = body.as_blob().map_err(|error| StoreError::damaged(format!("a profile: {error}")))?;
    let mut input = Bytes::new(body);
    let mut counts: Vec<(Cell, u64)> = Vec::with_capacity(body.len() / 3);
    while !input.rest().is_empty() {
        let cell = (input.count(u32::MAX as usize)? as u32, input.count(u32::MAX as usize)? as u32);
        let count = input.varint()?;
        match counts.last_mut() {
            Some((last, sum)) if *last == cell => *sum = sum.saturating_add(count),
            Some((last, _)) if *last > cell => return Err(StoreError::damaged("the counts of a profile are not in order")),
            Some(_) | None => counts.push((cell, count)),
        }
    }
    Ok(counts)
}

impl History {
    pub(crate) fn stack_number(&self, id: StackId) -> Result<Option<u32>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT id FROM stack WHERE hash = ?1")?;
        Ok(statement.query_row([hash(id)], |row| row.get(0)).optional()?)
    }

    /// The frames of a stack, innermost first.
    pub fn stack_frames(&self, id: StackId) -> Result<Option<Vec<Place>>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT frames FROM stack WHERE hash = ?1")?;
        let frames: Option<String> = statement.query_row([hash(id)], |row| row.get(0)).optional()?;
        Ok(frames.map(|frames| serde_json::from_str(&frames)).transpose()?)
    }

    pub(crate) fn stack_of(&self, number: u32) -> Result<StackId, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT hash FROM stack WHERE id = ?1")?;
        let hash: Hash = statement.query_row([number], |row| row.get(0))?;
        Ok(StackId(u128::from_be_bytes(hash)))
    }

    pub(crate) fn word(&self, number: u32) -> Result<String, StoreError> {
        Ok(self.db.prepare_cached("SELECT text FROM word WHERE id = ?1")?.query_row([number], |row| row.get(0))?)
    }
}

fn hash(id: StackId) -> Hash {
    id.0.to_be_bytes()
}
