//! The tables, and how a store of an earlier schema becomes one of this.

use std::path::Path;

use rusqlite::Connection;

use crate::StoreError;

/// The schema this program writes.
pub const SCHEMA: i64 = 1;
/// `application_id` of a store: the letters `gohd`.
pub const APPLICATION: i64 = 0x676f_6864;

/// What brings a store from the schema of the entry's place to the next one. Entries are never changed, only added.
const STEPS: [&str; SCHEMA as usize] = [V1];

const V1: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE instance (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, labels TEXT NOT NULL,
    shard INTEGER, first_ms INTEGER, last_ms INTEGER
);
CREATE TABLE series (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE layout (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, columns INTEGER NOT NULL, series BLOB NOT NULL);

-- Samples not sealed yet: one row a tick and shard; the number is shard << 40 | tick.
CREATE TABLE tick (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, body BLOB NOT NULL);
-- Profiles not sealed yet.
CREATE TABLE profile (id INTEGER PRIMARY KEY, instance INTEGER NOT NULL, at_ms INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX profile_by_instance ON profile (instance, at_ms);

-- Sealed chunks side by side, so that pages are full whatever a chunk's size.
CREATE TABLE pack (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX pack_by_age ON pack (kind, to_ms);
CREATE TABLE chunk (
    kind INTEGER NOT NULL, instance INTEGER NOT NULL, from_ms INTEGER NOT NULL, pack INTEGER NOT NULL, at INTEGER NOT NULL,
    size INTEGER NOT NULL, to_ms INTEGER NOT NULL, rows INTEGER NOT NULL, layout INTEGER NOT NULL,
    PRIMARY KEY (kind, instance, from_ms, pack, at)
) WITHOUT ROWID;
CREATE INDEX chunk_by_pack ON chunk (pack);

CREATE TABLE stack (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, frames TEXT NOT NULL);
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

CREATE TABLE finding (
    fingerprint TEXT PRIMARY KEY, service TEXT NOT NULL, state TEXT NOT NULL, severity TEXT NOT NULL,
    opened_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX finding_by_state ON finding (state, changed_ms);
CREATE TABLE transition (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, at_ms INTEGER NOT NULL, step TEXT NOT NULL, who TEXT NOT NULL,
    evidence TEXT NOT NULL
);
CREATE INDEX transition_by_finding ON transition (fingerprint, id);

CREATE TABLE evidence (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL, kind TEXT NOT NULL, instance INTEGER, at_ms INTEGER NOT NULL,
    finding TEXT, size INTEGER NOT NULL
);
CREATE INDEX evidence_by_hash ON evidence (hash);
CREATE INDEX evidence_by_age ON evidence (at_ms);
CREATE TABLE content (hash BLOB PRIMARY KEY, body BLOB NOT NULL);
";

/// Checks whose file it is and brings it to this schema, one transaction a step. A later schema is refused.
pub fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    for (from, step) in (version(db, path)?..SCHEMA).zip(STEPS.iter().skip(usize::try_from(version(db, path)?).unwrap_or(0))) {
        let transaction = db.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", from + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The schema of a file that is a store, 0 for an empty one.
pub fn version(db: &Connection, path: &Path) -> Result<i64, StoreError> {
    let application: i64 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && tables > 0 {
        return Err(StoreError::Foreign { path: path.to_owned(), why: "another program's tables are in it".to_owned() });
    }
    if found > SCHEMA {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: SCHEMA });
    }
    Ok(if tables == 0 { 0 } else { found })
}
