//! Opening a store: whose file it is, who else has it open, and what is left of the last run.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::{History, Limits, Store, StoreError, family, names, sample, schema, tend};

/// The store's file in a folder.
pub const FILE: &str = "goherd.db";
/// Full pages of this size hold packs with little waste; it is fixed when a file is made.
const PAGE_BYTES: u32 = 16 * 1024;
/// What a commit writes to the log besides its blobs: some changed pages of tables and indexes.
const COMMIT_BYTES: u64 = 8 * PAGE_BYTES as u64;
/// Pages of the log after which a commit by itself writes them to the file, where nobody tends the store.
const LOG_PAGES: u32 = 4096;

impl Store {
    /// Opens the store in a folder, or the file of that name, and makes it if it is not there.
    pub fn open(place: &Path, limits: &Limits) -> Result<Self, StoreError> {
        let path = file_of(place);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|source| StoreError::io(folder, source))?;
        }
        let lock = lock(&path)?;
        let mut db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
            .map_err(|error| unopened(&path, error))?;
        schema::version(&db, &path)?;
        settle(&db, limits)?;
        schema::migrate(&mut db, &path)?;
        let names = names::Names::load(&db)?;
        let shards = sample::Shards::load(&db)?;
        let profiles = family::pending(&db)?;
        Ok(Store {
            own: History { db },
            path,
            limits: limits.clone(),
            names,
            shards,
            profiles,
            due: tend::Due::default(),
            failed_within: false,
            _lock: lock,
        })
    }

    /// The store's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Queries on the writer's own connection, which see what [`Store::together`] has written so far.
    pub fn reader(&self) -> &History {
        &self.own
    }

    /// A reader with a connection of its own, for another thread.
    pub fn history(&self) -> Result<History, StoreError> {
        History::open(&self.path)
    }

    /// Does several calls as one: all of what they wrote is there, or, when `work` or the commit fails, nothing.
    pub fn together<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        if !self.own.db.is_autocommit() {
            let done = work(self);
            self.failed_within |= done.is_err();
            return done;
        }
        self.execute("BEGIN IMMEDIATE")?;
        self.failed_within = false;
        let done = work(self).and_then(|done| {
            if self.failed_within {
                return Err(StoreError::refused("one of several calls that belong together failed").into());
            }
            self.execute("COMMIT")?;
            self.due.log_bytes += COMMIT_BYTES;
            Ok(done)
        });
        if done.is_err() {
            if !self.own.db.is_autocommit() {
                self.execute("ROLLBACK")?;
            }
            self.forget()?;
        }
        done
    }

    fn execute(&self, statement: &str) -> Result<(), StoreError> {
        self.own.db.prepare_cached(statement)?.execute([])?;
        Ok(())
    }

    /// Takes what is in memory from the file again, after a transaction that failed.
    fn forget(&mut self) -> Result<(), StoreError> {
        self.names = names::Names::load(&self.own.db)?;
        self.shards = sample::Shards::load(&self.own.db)?;
        self.profiles = family::pending(&self.own.db)?;
        Ok(())
    }

    /// Reads the whole file for what does not hold together; about 1 GB a second. Empty when all is well.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.own.db.prepare("PRAGMA quick_check(20)")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        let said: Vec<String> = rows.collect::<Result<_, _>>()?;
        Ok(if said == ["ok"] { Vec::new() } else { said })
    }
}

/// A folder's store, or the file itself.
pub fn file_of(place: &Path) -> PathBuf {
    let is_file = place.is_file() || !place.is_dir() && place.extension().is_some_and(|extension| extension == "db");
    if is_file { place.to_owned() } else { place.join(FILE) }
}

/// A connection for reading alone.
pub fn reading(place: &Path) -> Result<(Connection, PathBuf), StoreError> {
    let path = file_of(place);
    if !path.is_file() {
        return Err(StoreError::Absent { path });
    }
    let open = |flags| Connection::open_with_flags(&path, flags);
    // A reader takes part in the writer's shared memory where it may; who may not write there reads what is there.
    let db = open(OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY))
        .map_err(|error| unopened(&path, error))?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16384;")?;
    let found = schema::version(&db, &path)?;
    if found < schema::SCHEMA {
        return Err(StoreError::refused(format!(
            "{} has schema {found}; the daemon of this goherd brings it to {} when it starts",
            path.display(),
            schema::SCHEMA
        )));
    }
    Ok((db, path))
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let path = path.with_extension("lock");
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .map_err(|source| StoreError::io(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path }),
        Err(TryLockError::Error(source)) => Err(StoreError::io(&path, source)),
    }
}

fn unopened(path: &Path, error: rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen) {
        let why = std::fs::metadata(path).err().unwrap_or_else(|| std::io::Error::other(error.to_string()));
        return StoreError::io(path, why);
    }
    error.into()
}

fn settle(db: &Connection, limits: &Limits) -> Result<(), StoreError> {
    db.busy_timeout(Duration::from_secs(5))?;
    db.set_prepared_statement_cache_capacity(64);
    // Page size and auto_vacuum take effect on an empty file only.
    db.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = {LOG_PAGES};
         PRAGMA journal_size_limit = {};
         PRAGMA cache_size = -8192;
         PRAGMA temp_store = MEMORY;",
        64 << 20,
    ))?;
    let page: u32 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let most = if limits.file_bytes == 0 { u64::from(u32::MAX) - 1 } else { (limits.file_bytes / u64::from(page.max(1))).max(1) };
    db.execute_batch(&format!("PRAGMA max_page_count = {most}"))?;
    Ok(())
}
