//! Why the store could not do what it was asked, and what to do about it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Why the store failed. Messages fit after "failed to …: ".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another goherd writes to this store.
    #[error("{} is in use by another goherd; stop it, or give this one a folder of its own", path.display())]
    InUse {
        /// The file that is locked.
        path: PathBuf,
    },
    /// There is no store to read.
    #[error("there is no store at {}; `goherd watch` makes one", path.display())]
    Absent {
        /// Where it would be.
        path: PathBuf,
    },
    /// A later goherd wrote it.
    #[error("{} has schema {found}, this goherd knows up to {known}; use the goherd that wrote it, or a later one", path.display())]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// What is written in the file.
        found: i64,
        /// The latest this program knows.
        known: i64,
    },
    /// It is a database of something else.
    #[error("{} is not a store of goherd's: {why}; name another folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What tells.
        why: String,
    },
    /// It does not hold together. Nothing is deleted.
    #[error(
        "the store is damaged: {what}; stop goherd, copy the file, then `sqlite3 FILE .recover | sqlite3 NEW` saves what can be read, \
         or move the file away to start with an empty store"
    )]
    Damaged {
        /// What does not hold together.
        what: Cow<'static, str>,
    },
    /// No room. Nothing of the call was stored; the same call works again once there is room.
    #[error("there is no room for the store: {what}; free space, or lower `retention` or raise `bytes_max` in [store]")]
    Full {
        /// What said so.
        what: String,
    },
    /// Somebody else holds the database for long.
    #[error("the database is locked: {what}; another program has a transaction open on it")]
    Busy {
        /// What said so.
        what: String,
    },
    /// The caller gave something that cannot be stored.
    #[error("{what}")]
    Refused {
        /// What is wrong with it.
        what: String,
    },
    /// The caller holds the number of an instance that retention has removed.
    #[error("no instance has the number {instance}; ask for it again by its labels")]
    UnknownInstance {
        /// The number.
        instance: u32,
    },
    /// The operating system.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Anything else SQLite says.
    #[error("the database: {0}")]
    Database(rusqlite::Error),
    /// A value that should be JSON is not.
    #[error("JSON in the store: {0}")]
    Json(#[from] serde_json::Error),
    /// The Parquet writer.
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

impl StoreError {
    /// Something read back does not hold together.
    #[cold]
    pub(crate) fn damaged(what: impl Into<Cow<'static, str>>) -> Self {
        StoreError::Damaged { what: what.into() }
    }

    /// The caller's values cannot be stored.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        StoreError::Refused { what: what.into() }
    }

    /// What the system says of a file.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return StoreError::Full { what: format!("{}: {source}", path.display()) };
        }
        StoreError::Io { path: path.to_owned(), source }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        use rusqlite::ffi::{SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE};
        let (what, code) = (error.to_string(), error.sqlite_error_code());
        let extended = error.sqlite_error().map(|failure| failure.extended_code);
        let is = |wanted: &[ErrorCode]| code.is_some_and(|code| wanted.contains(&code));
        if is(&[ErrorCode::DiskFull]) || matches!(extended, Some(SQLITE_IOERR_WRITE | SQLITE_IOERR_SHMSIZE)) {
            StoreError::Full { what }
        } else if is(&[ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase]) {
            StoreError::damaged(what)
        } else if is(&[ErrorCode::DatabaseBusy, ErrorCode::DatabaseLocked]) {
            StoreError::Busy { what }
        } else {
            StoreError::Database(error)
        }
    }
}
