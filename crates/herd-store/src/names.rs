//! Dictionaries: what is said once and meant by a number ever after.

use rusqlite::{Connection, OptionalExtension as _, params};
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

use crate::bits::put_text;
use crate::{Store, StoreError};

/// An instance: one process of a service, by its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub u32);

/// The series an instance exposes, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayoutId(pub u32);

/// The first half of a SHA-256: two contents that share it are not to be expected.
pub type Hash = [u8; 16];

/// What a tick needs to know of instances and layouts.
#[derive(Debug, Default)]
pub struct Names {
    instances: FxHashMap<Hash, u32>,
    layouts: FxHashMap<Hash, u32>,
    /// Columns by layout.
    columns: FxHashMap<u32, u32>,
    /// Stacks met since the store was opened.
    pub stacks: FxHashMap<u128, u32>,
    pub words: FxHashMap<Box<str>, u32>,
}

impl Names {
    /// Reads the dictionaries that ticks need.
    pub fn load(db: &Connection) -> Result<Self, StoreError> {
        let mut names = Names::default();
        let mut statement = db.prepare("SELECT hash, id FROM instance")?;
        for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (hash, id): (Hash, u32) = row?;
            names.instances.insert(hash, id);
        }
        let mut statement = db.prepare("SELECT hash, id, columns FROM layout")?;
        for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
            let (hash, id, columns): (Hash, u32, u32) = row?;
            names.layouts.insert(hash, id);
            names.columns.insert(id, columns);
        }
        Ok(names)
    }

    /// An instance is gone from the file.
    pub fn forget_instance(&mut self, hash: &Hash) {
        self.instances.remove(hash);
    }

    /// How many values a row of this layout has.
    pub fn columns(&self, layout: LayoutId) -> Option<u32> {
        self.columns.get(&layout.0).copied()
    }
}

impl Store {
    /// The number of an instance; the same labels in any order have the same number. A new one is a commit of its own, unless several are
    /// named inside [`Store::together`].
    pub fn instance(&mut self, labels: &[(&str, &str)]) -> Result<InstanceId, StoreError> {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        if let Some(pair) = labels.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(StoreError::refused(format!("an instance has the label {} twice", pair[0].0)));
        }
        let hash = hash_of(labels.iter().flat_map(|(name, value)| [*name, *value]));
        if let Some(id) = self.names.instances.get(&hash) {
            return Ok(InstanceId(*id));
        }
        if self.names.instances.len() >= self.limits.instances as usize {
            return Err(StoreError::refused(format!(
                "there are {} instances already, the most that `instances` in [store] allows",
                self.limits.instances
            )));
        }
        let labels = serde_json::to_string(&labels)?;
        let insert = "INSERT INTO instance (hash, labels) VALUES (?1, ?2)";
        self.own.db.prepare_cached(insert)?.execute(params![hash, labels])?;
        let id = number(self.own.db.last_insert_rowid())?;
        self.names.instances.insert(hash, id);
        Ok(InstanceId(id))
    }

    /// The number of a list of series. A series' key is the text of its name and labels as exposed. A target whose series come and go
    /// keeps its chunks long if gone ones stay in the list, with a NaN for a value.
    pub fn layout(&mut self, keys: &[&str]) -> Result<LayoutId, StoreError> {
        let hash = hash_of(keys.iter().copied());
        if let Some(id) = self.names.layouts.get(&hash) {
            return Ok(LayoutId(*id));
        }
        let most = self.limits.series_per_instance;
        if keys.len() > most as usize {
            return Err(StoreError::refused(format!(
                "an instance exposes {} series, more than the {most} that `series_per_instance` in [store] allows",
                keys.len()
            )));
        }
        let id = self.together(|store| {
            let mut series = Vec::new();
            let mut before = 0;
            for key in keys {
                let id = store.series(key)?;
                crate::bits::put_signed(&mut series, id - before);
                before = id;
            }
            let insert = "INSERT INTO layout (hash, columns, series) VALUES (?1, ?2, ?3)";
            store.own.db.prepare_cached(insert)?.execute(params![hash, size(keys.len()), series])?;
            number(store.own.db.last_insert_rowid())
        })?;
        self.names.layouts.insert(hash, id);
        self.names.columns.insert(id, keys.len() as u32);
        Ok(LayoutId(id))
    }

    fn series(&self, key: &str) -> Result<i64, StoreError> {
        let known =
            self.own.db.prepare_cached("SELECT id FROM series WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        self.own.db.prepare_cached("INSERT INTO series (key) VALUES (?1)")?.execute([key])?;
        Ok(self.own.db.last_insert_rowid())
    }
}

/// The hash of texts one after the other, each with its length.
pub fn hash_of<'a>(texts: impl Iterator<Item = &'a str>) -> Hash {
    let mut bytes = Vec::new();
    let mut sha = Sha256::new();
    for text in texts {
        bytes.clear();
        put_text(&mut bytes, text);
        sha.update(&bytes);
    }
    half(sha)
}

/// The hash of a content.
pub fn content_hash(body: &[u8]) -> Hash {
    let mut sha = Sha256::new();
    sha.update(body);
    half(sha)
}

fn half(sha: Sha256) -> Hash {
    let whole = sha.finalize();
    let mut half = Hash::default();
    half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    half
}

/// A size as SQLite has it.
pub fn size(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A row's number as it is kept in ticks.
pub fn number(id: i64) -> Result<u32, StoreError> {
    u32::try_from(id).map_err(|_| StoreError::refused("there are more than four thousand million names"))
}
