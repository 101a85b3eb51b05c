//! Findings with an identity and a life: open, acknowledged, resolved, and open again when what was resolved is seen once more. Each step of
//! that life is kept with its time, who took it and what showed it.

use herd_model::Finding;
use rusqlite::{OptionalExtension as _, Row, params, params_from_iter};
use serde_json::Value;

use crate::{History, Store, StoreError};

/// Where a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingState {
    /// Seen, and nobody took it.
    Open,
    /// Somebody took it.
    Acknowledged,
    /// Gone.
    Resolved,
}

/// A step in a finding's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Seen for the first time.
    Opened,
    /// Somebody took it.
    Acknowledged,
    /// It is gone.
    Resolved,
    /// Seen again after it was gone.
    Reopened,
}

/// Declares the words of an enum once, for writing and reading.
macro_rules! words {
    ($name:ident: $($variant:ident = $word:literal,)*) => {
        impl $name {
            /// Lower-case word, as in the store and in JSON.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }

            fn from_word(word: &str) -> Result<Self, StoreError> {
                match word {
                    $($word => Ok($name::$variant),)*
                    _ => Err(StoreError::damaged(format!("`{word}` is no step or state of a finding"))),
                }
            }
        }
    };
}

words! { FindingState: Open = "open", Acknowledged = "acknowledged", Resolved = "resolved", }
words! { Step: Opened = "opened", Acknowledged = "acknowledged", Resolved = "resolved", Reopened = "reopened", }

/// A finding as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFinding {
    /// Its identity, which the caller chose.
    pub fingerprint: String,
    /// The service it concerns.
    pub service: String,
    /// Where it stands.
    pub state: FindingState,
    /// When it was opened, or opened again.
    pub opened_ms: i64,
    /// When its state last changed.
    pub changed_ms: i64,
    /// When it was last seen.
    pub seen_ms: i64,
    /// As it was last seen.
    pub finding: Finding,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// Whose.
    pub fingerprint: String,
    /// When.
    pub at_ms: i64,
    /// Which.
    pub step: Step,
    /// A rule, a person, a program.
    pub who: String,
    /// What showed it.
    pub evidence: Value,
}

/// What to say of a step.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// When.
    pub at_ms: i64,
    /// A rule, a person, a program.
    pub who: &'a str,
    /// What shows it.
    pub evidence: &'a Value,
}

/// Which findings; what is `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct FindingFilter {
    /// In one of these states; none means any.
    pub states: Vec<FindingState>,
    /// Of this service.
    pub service: Option<String>,
    /// Seen, or changed, at or after.
    pub from_ms: Option<i64>,
    /// Opened at or before.
    pub to_ms: Option<i64>,
}

impl Store {
    /// A finding was seen: opens it, opens it again if it was resolved, or brings its text up to date. `fingerprint` is its identity in
    /// this fleet, such as service and the finding's own fingerprint. Gives the step that was taken, if one was.
    pub fn observe(
        &mut self,
        fingerprint: &str,
        service: &str,
        finding: &Finding,
        told: Told<'_>,
    ) -> Result<Option<Step>, StoreError> {
        let body = serde_json::to_string(finding)?;
        self.together(|store| {
            let step = match store.own.finding_state(fingerprint)? {
                None => Some(Step::Opened),
                Some(FindingState::Resolved) => Some(Step::Reopened),
                Some(FindingState::Open | FindingState::Acknowledged) => None,
            };
            let write = if step.is_some() {
                "INSERT INTO finding (fingerprint, service, severity, body, seen_ms, opened_ms, changed_ms, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5, 'open')
                 ON CONFLICT (fingerprint) DO UPDATE SET service = ?2, severity = ?3, body = ?4, seen_ms = ?5, opened_ms = ?5,
                 changed_ms = ?5, state = 'open'"
            } else {
                "UPDATE finding SET service = ?2, severity = ?3, body = ?4, seen_ms = ?5 WHERE fingerprint = ?1"
            };
            let row = params![fingerprint, service, finding.severity.as_str(), body, told.at_ms];
            store.own.db.prepare_cached(write)?.execute(row)?;
            if let Some(step) = step {
                store.keep_step(fingerprint, step, told)?;
            }
            Ok(step)
        })
    }

    /// Somebody takes an open finding. False when it is not open.
    pub fn acknowledge(&mut self, fingerprint: &str, told: Told<'_>) -> Result<bool, StoreError> {
        self.step(fingerprint, &[FindingState::Open], FindingState::Acknowledged, Step::Acknowledged, told)
    }

    /// A finding is gone. False when it is resolved already.
    pub fn resolve(&mut self, fingerprint: &str, told: Told<'_>) -> Result<bool, StoreError> {
        self.step(fingerprint, &[FindingState::Open, FindingState::Acknowledged], FindingState::Resolved, Step::Resolved, told)
    }

    fn step(
        &mut self,
        fingerprint: &str,
        from: &[FindingState],
        to: FindingState,
        step: Step,
        told: Told<'_>,
    ) -> Result<bool, StoreError> {
        self.together(|store| {
            let Some(state) = store.own.finding_state(fingerprint)? else {
                return Err(StoreError::refused(format!("there is no finding {fingerprint}")));
            };
            if !from.contains(&state) {
                return Ok(false);
            }
            let update = "UPDATE finding SET state = ?2, changed_ms = ?3 WHERE fingerprint = ?1";
            store.own.db.prepare_cached(update)?.execute(params![fingerprint, to.as_str(), told.at_ms])?;
            store.keep_step(fingerprint, step, told)?;
            Ok(true)
        })
    }

    fn keep_step(&self, fingerprint: &str, step: Step, told: Told<'_>) -> Result<(), StoreError> {
        let insert = "INSERT INTO transition (fingerprint, at_ms, step, who, evidence) VALUES (?1, ?2, ?3, ?4, ?5)";
        let evidence = serde_json::to_string(told.evidence)?;
        self.own.db.prepare_cached(insert)?.execute(params![fingerprint, told.at_ms, step.as_str(), told.who, evidence])?;
        Ok(())
    }

    /// Forgets findings resolved before a time, with their steps; so many at most. How many.
    pub(crate) fn expire_findings(&mut self, before_ms: i64, most: u32) -> Result<usize, StoreError> {
        self.together(|store| {
            let old = "SELECT fingerprint FROM finding WHERE state = 'resolved' AND changed_ms < ?1 ORDER BY changed_ms LIMIT ?2";
            let old: Vec<String> = store
                .own
                .db
                .prepare_cached(old)?
                .query_map(params![before_ms, most], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for fingerprint in &old {
                store.own.db.prepare_cached("DELETE FROM transition WHERE fingerprint = ?1")?.execute([fingerprint])?;
                store.own.db.prepare_cached("DELETE FROM finding WHERE fingerprint = ?1")?.execute([fingerprint])?;
            }
            Ok(old.len())
        })
    }
}

impl History {
    fn finding_state(&self, fingerprint: &str) -> Result<Option<FindingState>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT state FROM finding WHERE fingerprint = ?1")?;
        let state: Option<String> = statement.query_row([fingerprint], |row| row.get(0)).optional()?;
        state.map(|state| FindingState::from_word(&state)).transpose()
    }

    /// One finding.
    pub fn finding(&self, fingerprint: &str) -> Result<Option<StoredFinding>, StoreError> {
        let mut statement = self.db.prepare_cached(&format!("{SELECT} WHERE fingerprint = ?1"))?;
        let mut rows = statement.query([fingerprint])?;
        rows.next()?.map(read).transpose()
    }

    /// Findings that match, the last changed first.
    pub fn findings(&self, filter: &FindingFilter) -> Result<Vec<StoredFinding>, StoreError> {
        let mut wanted = vec!["1".to_owned()];
        let mut values: Vec<rusqlite::types::Value> = Vec::new();
        if !filter.states.is_empty() {
            let states: Vec<String> = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect();
            wanted.push(format!("state IN ({})", states.join(", ")));
        }
        if let Some(service) = &filter.service {
            values.push(service.clone().into());
            wanted.push(format!("service = ?{}", values.len()));
        }
        if let Some(from_ms) = filter.from_ms {
            values.push(from_ms.into());
            wanted.push(format!("max(seen_ms, changed_ms) >= ?{}", values.len()));
        }
        if let Some(to_ms) = filter.to_ms {
            values.push(to_ms.into());
            wanted.push(format!("opened_ms <= ?{}", values.len()));
        }
        let select = format!("{SELECT} WHERE {} ORDER BY changed_ms DESC, fingerprint", wanted.join(" AND "));
        let mut statement = self.db.prepare_cached(&select)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// The life of a finding, from its beginning.
    pub fn transitions(&self, fingerprint: &str) -> Result<Vec<Transition>, StoreError> {
        let select = "SELECT at_ms, step, who, evidence FROM transition WHERE fingerprint = ?1 ORDER BY id";
        let mut statement = self.db.prepare_cached(select)?;
        let mut rows = statement.query([fingerprint])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Transition {
                fingerprint: fingerprint.to_owned(),
                at_ms: row.get(0)?,
                step: Step::from_word(&row.get::<_, String>(1)?)?,
                who: row.get(2)?,
                evidence: serde_json::from_str(&row.get::<_, String>(3)?)?,
            });
        }
        Ok(found)
    }
}

const SELECT: &str = "SELECT fingerprint, service, state, opened_ms, changed_ms, seen_ms, body FROM finding";

fn read(row: &Row<'_>) -> Result<StoredFinding, StoreError> {
    Ok(StoredFinding {
        fingerprint: row.get(0)?,
        service: row.get(1)?,
        state: FindingState::from_word(&row.get::<_, String>(2)?)?,
        opened_ms: row.get(3)?,
        changed_ms: row.get(4)?,
        seen_ms: row.get(5)?,
        finding: serde_json::from_str(&row.get::<_, String>(6)?)?,
    })
}
