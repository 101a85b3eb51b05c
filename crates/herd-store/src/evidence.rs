//! Evidence: whole dumps, profiles and the like, kept by their content, so that the same bytes are there once. It may name customers: it has
//! an age and a size it may reach, and is deleted on demand so that it is not in the file any more.

use rusqlite::{OptionalExtension as _, Row, params, params_from_iter};

use crate::names::{self, Hash, InstanceId};
use crate::{History, Store, StoreError};

/// A piece of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EvidenceId(pub i64);

/// What to keep. The caller compresses.
#[derive(Clone, Copy, Debug)]
pub struct NewEvidence<'a> {
    /// What it is, such as `goroutines.debug0.zst`.
    pub kind: &'a str,
    /// Whose.
    pub instance: Option<InstanceId>,
    /// When it was taken.
    pub at_ms: i64,
    /// The fingerprint of the finding it belongs to.
    pub finding: Option<&'a str>,
    /// Its bytes.
    pub body: &'a [u8],
}

/// What is known of a piece without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvidence {
    /// Its number.
    pub id: EvidenceId,
    /// What it is.
    pub kind: String,
    /// Whose.
    pub instance: Option<InstanceId>,
    /// When it was taken.
    pub at_ms: i64,
    /// The finding it belongs to.
    pub finding: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Half of the SHA-256 of its bytes.
    pub hash: Hash,
}

/// Which evidence; what is `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct EvidenceFilter {
    /// Of this finding.
    pub finding: Option<String>,
    /// Of this instance.
    pub instance: Option<InstanceId>,
    /// Taken at or after.
    pub from_ms: Option<i64>,
    /// Taken at or before.
    pub to_ms: Option<i64>,
}

impl Store {
    /// Keeps a piece of evidence.
    pub fn add_evidence(&mut self, new: &NewEvidence<'_>) -> Result<EvidenceId, StoreError> {
        let most = self.limits.evidence_piece_bytes;
        if new.body.len() as u64 > most {
            return Err(StoreError::refused(format!(
                "a piece of evidence has {} bytes, more than the {most} that `evidence_piece_bytes` in [store] allows",
                new.body.len()
            )));
        }
        let hash = names::content_hash(new.body);
        self.together(|store| {
            let content = "INSERT INTO content (hash, body) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING";
            store.own.db.prepare_cached(content)?.execute(params![hash, new.body])?;
            let insert = "INSERT INTO evidence (hash, kind, instance, at_ms, finding, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let instance = new.instance.map(|instance| instance.0);
            let row = params![hash, new.kind, instance, new.at_ms, new.finding, names::size(new.body.len())];
            store.own.db.prepare_cached(insert)?.execute(row)?;
            Ok(EvidenceId(store.own.db.last_insert_rowid()))
        })
    }

    /// Deletes pieces on demand; bytes that no other piece has are overwritten in the file and cut from its log. How many were there.
    pub fn delete_evidence(&mut self, pieces: &[EvidenceId]) -> Result<usize, StoreError> {
        self.own.db.execute_batch("PRAGMA secure_delete = ON")?;
        let deleted = self.together(|store| {
            let mut deleted = 0;
            for piece in pieces {
                deleted += store.delete_piece(*piece)?;
            }
            Ok::<_, StoreError>(deleted)
        });
        self.own.db.execute_batch("PRAGMA secure_delete = OFF")?;
        if self.own.db.is_autocommit() {
            self.own.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        deleted
    }

    fn delete_piece(&self, piece: EvidenceId) -> Result<usize, StoreError> {
        let hash = "DELETE FROM evidence WHERE id = ?1 RETURNING hash";
        let hash: Option<Hash> = self.own.db.prepare_cached(hash)?.query_row([piece.0], |row| row.get(0)).optional()?;
        let Some(hash) = hash else { return Ok(0) };
        let delete = "DELETE FROM content WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM evidence WHERE hash = ?1)";
        self.own.db.prepare_cached(delete)?.execute([hash])?;
        Ok(1)
    }

    /// Forgets evidence taken before a time, then the oldest beyond the bytes allowed; so many at most. How many.
    pub(crate) fn expire_evidence(&mut self, before_ms: i64, most: u32) -> Result<usize, StoreError> {
        self.together(|store| {
            let old = "SELECT id FROM evidence WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2";
            let mut statement = store.own.db.prepare_cached(old)?;
            let mut old: Vec<i64> = statement.query_map(params![before_ms, most], |row| row.get(0))?.collect::<Result<_, _>>()?;
            if old.is_empty() {
                old = store.own.beyond(store.limits.evidence_bytes, most)?;
            }
            drop(statement);
            for piece in &old {
                store.delete_piece(EvidenceId(*piece))?;
            }
            Ok(old.len())
        })
    }
}

impl History {
    /// The oldest pieces that must go for the rest to fit.
    fn beyond(&self, bytes: u64, most: u32) -> Result<Vec<i64>, StoreError> {
        let all: i64 = self.db.prepare_cached("SELECT coalesce(sum(size), 0) FROM evidence")?.query_row([], |row| row.get(0))?;
        let mut over = all.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
        let mut statement = self.db.prepare_cached("SELECT id, size FROM evidence ORDER BY at_ms, id LIMIT ?1")?;
        let mut rows = statement.query([most])?;
        let mut old = Vec::new();
        while over > 0
            && let Some(row) = rows.next()?
        {
            over -= row.get::<_, i64>(1)?;
            old.push(row.get(0)?);
        }
        Ok(old)
    }

    /// What evidence there is, the latest first.
    pub fn evidence(&self, filter: &EvidenceFilter) -> Result<Vec<StoredEvidence>, StoreError> {
        let mut wanted = vec!["1".to_owned()];
        let mut values: Vec<rusqlite::types::Value> = Vec::new();
        let mut want = |condition: &str, value: Option<rusqlite::types::Value>| {
            if let Some(value) = value {
                values.push(value);
                wanted.push(format!("{condition} ?{}", values.len()));
            }
        };
        want("finding =", filter.finding.clone().map(Into::into));
        want("instance =", filter.instance.map(|instance| i64::from(instance.0).into()));
        want("at_ms >=", filter.from_ms.map(Into::into));
        want("at_ms <=", filter.to_ms.map(Into::into));
        let select = format!(
            "SELECT id, kind, instance, at_ms, finding, size, hash FROM evidence WHERE {} ORDER BY at_ms DESC, id DESC",
            wanted.join(" AND ")
        );
        let mut statement = self.db.prepare_cached(&select)?;
        let rows = statement.query_map(params_from_iter(values), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The bytes of a piece; none when it is not there any more.
    pub fn evidence_body(&self, piece: EvidenceId) -> Result<Option<Vec<u8>>, StoreError> {
        let select = "SELECT body FROM evidence JOIN content USING (hash) WHERE id = ?1";
        Ok(self.db.prepare_cached(select)?.query_row([piece.0], |row| row.get(0)).optional()?)
    }
}

fn read(row: &Row<'_>) -> Result<StoredEvidence, rusqlite::Error> {
    Ok(StoredEvidence {
        id: EvidenceId(row.get(0)?),
        kind: row.get(1)?,
        instance: row.get::<_, Option<u32>>(2)?.map(InstanceId),
        at_ms: row.get(3)?,
        finding: row.get(4)?,
        size: row.get::<_, i64>(5)?.unsigned_abs(),
        hash: row.get(6)?,
    })
}
