//! What must not be lost, in one SQLite file: the book, and messages until their receiver has taken them.
//!
//! A message is at least once delivered: it is deleted after its receiver took it, so a crash in between repeats it. Messages of one receiver
//! and lane are given in the order in which they came; the file is synchronised before a call returns.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use herd_config::QueueLimits;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::de::DeserializeOwned;

use crate::book::{Book, Group, GroupKey, SilenceGiven, Standing, restore};
use crate::clock::At;
use crate::notice::Notice;
use crate::plan::{Plan, read_silence};

/// Version of the file; a newer one is not opened.
const FORMAT: i64 = 1;

/// Losses that are kept to be shown; all of them are counted.
const LOSSES_KEPT: i64 = 1_000;

/// As many messages are looked through for the first of their lanes before the whole backlog is.
const LOOKED_AT_FIRST: i64 = 1_000;

/// The file.
#[derive(Debug)]
pub struct Queue {
    file: Connection,
    limits: QueueLimits,
    /// Messages and their bytes, by receiver.
    waiting: BTreeMap<String, (u64, u64)>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its number; later ones have greater numbers.
    pub id: i64,
    /// The same in every attempt, and unlike that of any other message: 16 hex digits.
    pub delivery: String,
    /// The message.
    pub notice: Notice,
}

/// A message that will not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When it was given up.
    pub at: At,
    /// Who was to be told.
    pub receiver: String,
    /// Whether something in it fired.
    pub firing: bool,
    /// Why.
    pub why: String,
    /// What it was about, in one line.
    pub about: String,
}

/// What of a saved book is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Groups of receivers there are no more.
    pub groups: usize,
    /// Entries that cannot be read, with why.
    pub unreadable: Vec<String>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// `SQLite` refuses.
    #[error("the queue of alerts cannot be {doing}: {why}")]
    Sql {
        /// `opened`, `read`, `written`.
        doing: &'static str,
        /// What it says.
        why: rusqlite::Error,
    },
    /// A newer goherd wrote it.
    #[error("the queue of alerts has format {found}, and this goherd knows {FORMAT}: use the newer one, or move the file away")]
    TooNew {
        /// Its format.
        found: i64,
    },
    /// What stands in it cannot be read.
    #[error("an entry of the queue of alerts ({what}) cannot be read: {why}")]
    Entry {
        /// Which.
        what: String,
        /// What is wrong.
        why: String,
    },
}

fn opening(why: rusqlite::Error) -> QueueError {
    QueueError::Sql { doing: "opened", why }
}

fn reading(why: rusqlite::Error) -> QueueError {
    QueueError::Sql { doing: "read", why }
}

fn writing(why: rusqlite::Error) -> QueueError {
    QueueError::Sql { doing: "written", why }
}

impl Queue {
    /// Opens the file, or makes it.
    pub fn open(path: &Path, limits: QueueLimits) -> Result<Queue, QueueError> {
        let file = Connection::open(path).map_err(opening)?;
        file.busy_timeout(Duration::from_secs(5)).map_err(opening)?;
        file.pragma_update(None, "auto_vacuum", "incremental").map_err(opening)?;
        file.query_row("pragma journal_mode = wal", [], |_| Ok(())).map_err(opening)?;
        file.pragma_update(None, "synchronous", "full").map_err(opening)?;
        file.pragma_update(None, "journal_size_limit", 4 << 20).map_err(opening)?;
        let found: i64 = file.query_row("pragma user_version", [], |row| row.get(0)).map_err(opening)?;
        if found > FORMAT {
            return Err(QueueError::TooNew { found });
        }
        file.execute_batch(
            "begin immediate;
             create table if not exists entry (kind text not null, key text not null, body text not null, primary key (kind, key));
             create table if not exists notice (
                 id integer primary key autoincrement, receiver text not null, lane text not null, firing integer not null,
                 bytes integer not null, refusals integer not null default 0, delivery text not null, body text not null);
             create index if not exists by_turn on notice (receiver, refusals, id);
             create index if not exists by_state on notice (receiver, firing, id);
             create index if not exists by_lane on notice (receiver, lane, id);
             create table if not exists loss (
                 id integer primary key autoincrement, at integer not null, receiver text not null, firing integer not null,
                 why text not null, about text not null);
             create table if not exists counter (
                 name text not null, receiver text not null, value integer not null, primary key (name, receiver));
             pragma user_version = 1;
             commit;",
        )
        .map_err(opening)?;
        let mut queue = Queue { file, limits, waiting: BTreeMap::new() };
        queue.waiting = queue.count_waiting()?;
        Ok(queue)
    }

    /// The book as it was last saved, and what of it is left out.
    pub fn book(&self, plan: &Plan) -> Result<(Book, LeftOut), QueueError> {
        let mut unreadable = Vec::new();
        let standing = self.entries::<Standing>("standing", &mut unreadable)?.into_iter().collect();
        let groups = self.entries::<(GroupKey, Group)>("group", &mut unreadable)?.into_iter().map(|(_, group)| group).collect();
        let mut silences = BTreeMap::new();
        for (id, given) in self.entries::<SilenceGiven>("silence", &mut unreadable)? {
            match read_silence("silence", &given.matched, &given.until) {
                Ok(silence) => drop(silences.insert(id, (silence, given))),
                Err(why) => {
                    unreadable.push(QueueError::Entry { what: format!("silence {id}"), why: why.to_string() }.to_string());
                }
            }
        }
        let last = self.entries::<At>("clock", &mut unreadable)?.first().map_or(At(0), |(_, at)| *at);
        let (book, groups) = restore(plan, standing, groups, silences, last);
        Ok((book, LeftOut { groups, unreadable }))
    }

    /// Saves what changed in the book, and messages, both or neither. What there was no room for is given back.
    pub fn save(&mut self, book: &Book, notices: &[Notice], now: At) -> Result<Vec<Loss>, QueueError> {
        let limits = self.limits;
        let mut waiting = self.waiting.clone();
        let changes = self.file.transaction().map_err(writing)?;
        save_book(&changes, book)?;
        let mut losses = Vec::new();
        for notice in notices {
            push(&changes, &mut waiting, notice)?;
            losses.extend(make_room(&changes, &mut waiting, limits, now)?);
        }
        changes.commit().map_err(writing)?;
        self.waiting = waiting;
        Ok(losses)
    }

    /// Messages whose turn it is, at most one of a lane: what was refused lets others pass, but not those of its own lane. With them what
    /// cannot be read and is given up for that.
    pub fn next(&mut self, receiver: &str, at_most: usize, now: At) -> Result<(Vec<Waiting>, Vec<Loss>), QueueError> {
        let mut losses = Vec::new();
        if self.waiting.get(receiver).is_none_or(|(messages, _)| *messages == 0) {
            return Ok((Vec::new(), losses));
        }
        for looked_at in [LOOKED_AT_FIRST, -1] {
            let mut readable = Vec::new();
            for (id, delivery, body) in self.first_of_lanes(receiver, at_most, looked_at)? {
                match parsed(&body, "message", &id.to_string()) {
                    Ok(notice) => readable.push(Waiting { id, delivery, notice }),
                    Err(error) => losses.push(self.give_up_unreadable(id, receiver, &error.to_string(), now)?),
                }
            }
            if !readable.is_empty() || !losses.is_empty() {
                return Ok((readable, losses));
            }
        }
        Ok((Vec::new(), losses))
    }

    /// Their receiver took them.
    pub fn delivered(&mut self, taken: &[Waiting]) -> Result<(), QueueError> {
        let mut waiting = self.waiting.clone();
        let changes = self.file.transaction().map_err(writing)?;
        for message in taken {
            remove(&changes, &mut waiting, message.id)?;
            count(&changes, "delivered", &message.notice.receiver, 1)?;
        }
        changes.commit().map_err(writing)?;
        self.waiting = waiting;
        Ok(())
    }

    /// Their receiver answered that it cannot take them for the time being: others go first.
    pub fn put_back(&mut self, refused: &[Waiting]) -> Result<(), QueueError> {
        let changes = self.file.transaction().map_err(writing)?;
        for message in refused {
            let sql = "update notice set refusals = refusals + 1 where id = ?1";
            changes.prepare_cached(sql).and_then(|mut sql| sql.execute([message.id])).map_err(writing)?;
        }
        changes.commit().map_err(writing)
    }

    /// Their receiver will never take them.
    pub fn give_up(&mut self, refused: &[Waiting], why: &str, now: At) -> Result<Vec<Loss>, QueueError> {
        let mut waiting = self.waiting.clone();
        let changes = self.file.transaction().map_err(writing)?;
        let mut losses = Vec::new();
        for message in refused {
            remove(&changes, &mut waiting, message.id)?;
            losses.push(lose(&changes, &message.notice, why, "refused", now)?);
        }
        changes.commit().map_err(writing)?;
        self.waiting = waiting;
        Ok(losses)
    }

    /// Messages that wait for a receiver, and their bytes.
    pub fn waiting(&self, receiver: &str) -> (u64, u64) {
        self.waiting.get(receiver).copied().unwrap_or_default()
    }

    /// The latest messages that will not arrive, latest first; at most a thousand are kept.
    pub fn losses(&self) -> Result<Vec<Loss>, QueueError> {
        let mut rows =
            self.file.prepare("select at, receiver, firing, why, about from loss order by id desc").map_err(reading)?;
        let rows = rows.query_map([], |row| {
            let at: i64 = row.get(0)?;
            Ok(Loss {
                at: At(at.cast_unsigned()),
                receiver: row.get(1)?,
                firing: row.get(2)?,
                why: row.get(3)?,
                about: row.get(4)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(reading)
    }

    /// What was counted since the file was made: `delivered`, `refused`, `overflow`, `unreadable`, by receiver.
    pub fn counters(&self) -> Result<BTreeMap<(String, String), u64>, QueueError> {
        let mut rows = self.file.prepare("select name, receiver, value from counter").map_err(reading)?;
        let rows = rows.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get::<_, i64>(2)?.cast_unsigned())));
        rows.and_then(Iterator::collect).map_err(reading)
    }

    fn entries<T: DeserializeOwned>(&self, kind: &str, unreadable: &mut Vec<String>) -> Result<Vec<(String, T)>, QueueError> {
        let mut rows = self.file.prepare("select key, body from entry where kind = ?1 order by key").map_err(reading)?;
        let rows = rows.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(String, String)> = rows.and_then(Iterator::collect).map_err(reading)?;
        let mut entries = Vec::new();
        for (key, body) in rows {
            match parsed(&body, kind, &key) {
                Ok(entry) => entries.push((key, entry)),
                Err(error) => unreadable.push(error.to_string()),
            }
        }
        Ok(entries)
    }

    /// Number, delivery and body.
    fn first_of_lanes(&self, receiver: &str, at_most: usize, looked_at: i64) -> Result<Vec<(i64, String, String)>, QueueError> {
        let sql = "select id, delivery, body from (
                       select id, lane, delivery, body from notice where receiver = ?1 order by refusals, id limit ?2) as turn
                   where not exists (
                       select 1 from notice where receiver = ?1 and lane = turn.lane and id < turn.id) limit ?3";
        let mut rows = self.file.prepare_cached(sql).map_err(reading)?;
        let limit = i64::try_from(at_most).unwrap_or(i64::MAX);
        let rows = rows.query_map(params![receiver, looked_at, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.and_then(Iterator::collect).map_err(reading)
    }

    fn give_up_unreadable(&mut self, id: i64, receiver: &str, why: &str, now: At) -> Result<Loss, QueueError> {
        let mut waiting = self.waiting.clone();
        let changes = self.file.transaction().map_err(writing)?;
        remove(&changes, &mut waiting, id)?;
        // Nobody knows whether it fires; what is not known is not called harmless.
        let loss =
            Loss { at: now, receiver: receiver.to_owned(), firing: true, why: why.to_owned(), about: format!("message {id}") };
        note_loss(&changes, &loss, "unreadable")?;
        changes.commit().map_err(writing)?;
        self.waiting = waiting;
        Ok(loss)
    }

    fn count_waiting(&self) -> Result<BTreeMap<String, (u64, u64)>, QueueError> {
        let mut rows =
            self.file.prepare("select receiver, count(*), sum(bytes) from notice group by receiver").map_err(reading)?;
        let rows = rows.query_map([], |row| {
            let (messages, bytes): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, (messages.cast_unsigned(), bytes.cast_unsigned())))
        });
        rows.and_then(Iterator::collect).map_err(reading)
    }
}

fn parsed<T: DeserializeOwned>(body: &str, kind: &str, key: &str) -> Result<T, QueueError> {
    serde_json::from_str(body).map_err(|why| QueueError::Entry { what: format!("{kind} {key}"), why: why.to_string() })
}

fn written<T: serde::Serialize>(value: &T, what: &str) -> Result<String, QueueError> {
    serde_json::to_string(value).map_err(|why| QueueError::Entry { what: what.to_owned(), why: why.to_string() })
}

fn save_book(changes: &Transaction, book: &Book) -> Result<(), QueueError> {
    for key in &book.changed.standing {
        let body = book.standing.get(key).map(|standing| written(standing, "standing")).transpose()?;
        save_entry(changes, "standing", key, body)?;
    }
    for key in &book.changed.groups {
        let body = book.groups.get(key).map(|group| written(&(key, group), "group")).transpose()?;
        save_entry(changes, "group", &format!("{} {}", key.lane(), key.receiver), body)?;
    }
    for key in &book.changed.silences {
        let body = book.silences.get(key).map(|(_, given)| written(given, "silence")).transpose()?;
        save_entry(changes, "silence", key, body)?;
    }
    save_entry(changes, "clock", "last", Some(written(&book.last, "clock")?))
}

fn save_entry(changes: &Transaction, kind: &str, key: &str, body: Option<String>) -> Result<(), QueueError> {
    let done = if let Some(body) = body {
        let sql = "insert into entry values (?1, ?2, ?3) on conflict do update set body = excluded.body";
        changes.prepare_cached(sql).and_then(|mut sql| sql.execute(params![kind, key, body]))
    } else {
        let sql = "delete from entry where kind = ?1 and key = ?2";
        changes.prepare_cached(sql).and_then(|mut sql| sql.execute([kind, key]))
    };
    done.map(|_| ()).map_err(writing)
}

/// A repetition of what still waits says nothing new and is left out.
fn push(changes: &Transaction, waiting: &mut BTreeMap<String, (u64, u64)>, notice: &Notice) -> Result<(), QueueError> {
    if notice.reason == crate::notice::Reason::Repeated {
        let sql = "select 1 from notice where receiver = ?1 and lane = ?2";
        let found = changes.prepare_cached(sql).and_then(|mut sql| sql.exists([&notice.receiver, &notice.lane]));
        if found.map_err(writing)? {
            return Ok(());
        }
    }
    let body = written(notice, "message")?;
    let sql = "insert into notice (receiver, lane, firing, bytes, delivery, body) values (?1, ?2, ?3, ?4, ?5, ?6)";
    let bytes = body.len() as u64;
    let delivery = crate::sign::delivery_id(notice.at.0, body.as_bytes());
    let row = params![notice.receiver, notice.lane, notice.is_firing(), bytes.cast_signed(), delivery, body];
    changes.prepare_cached(sql).and_then(|mut sql| sql.execute(row)).map_err(writing)?;
    let (messages, sum) = waiting.entry(notice.receiver.clone()).or_default();
    *messages += 1;
    *sum += bytes;
    Ok(())
}

/// Takes from the receiver that waits for most: what is resolved, then what later messages of its lane make old, then the oldest.
fn make_room(
    changes: &Transaction,
    waiting: &mut BTreeMap<String, (u64, u64)>,
    limits: QueueLimits,
    now: At,
) -> Result<Vec<Loss>, QueueError> {
    let mut losses = Vec::new();
    loop {
        let (messages, bytes) = waiting.values().fold((0, 0), |sum, (messages, bytes)| (sum.0 + messages, sum.1 + bytes));
        let Some((receiver, _)) =
            waiting.iter().max_by_key(|(_, (messages, bytes))| if bytes > &limits.bytes { *bytes } else { *messages })
        else {
            break;
        };
        if messages <= limits.messages.max(1) && bytes <= limits.bytes || messages <= 1 {
            break;
        }
        let victims = [
            "select id, body from notice where receiver = ?1 and firing = 0 order by id limit 1",
            "select id, body from (
                 select id, lane, body from notice where receiver = ?1 and firing = 1 order by id limit 1000) as old
             where exists (select 1 from notice where receiver = ?1 and lane = old.lane and id > old.id) order by id limit 1",
            "select id, body from notice where receiver = ?1 order by id limit 1",
        ];
        let mut found: Option<(i64, String)> = None;
        for sql in victims {
            let row = changes
                .prepare_cached(sql)
                .and_then(|mut sql| sql.query_row([receiver], |row| Ok((row.get(0)?, row.get(1)?))).optional());
            found = row.map_err(writing)?;
            if found.is_some() {
                break;
            }
        }
        let Some((id, body)) = found else { break };
        let receiver = receiver.clone();
        remove(changes, waiting, id)?;
        let why = "there was no room for more messages";
        losses.push(if let Ok(notice) = parsed::<Notice>(&body, "message", &id.to_string()) {
            lose(changes, &notice, why, "overflow", now)?
        } else {
            let about = format!("message {id}, which cannot be read");
            let loss = Loss { at: now, receiver, firing: true, why: why.to_owned(), about };
            note_loss(changes, &loss, "overflow")?;
            loss
        });
    }
    Ok(losses)
}

fn remove(changes: &Transaction, waiting: &mut BTreeMap<String, (u64, u64)>, id: i64) -> Result<(), QueueError> {
    let sql = "delete from notice where id = ?1 returning receiver, bytes";
    let row = changes
        .prepare_cached(sql)
        .and_then(|mut sql| sql.query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).optional());
    if let Some((receiver, bytes)) = row.map_err(writing)?
        && let Some((messages, sum)) = waiting.get_mut(&receiver)
    {
        *messages = messages.saturating_sub(1);
        *sum = sum.saturating_sub(bytes.cast_unsigned());
    }
    Ok(())
}

fn lose(changes: &Transaction, notice: &Notice, why: &str, counter: &str, now: At) -> Result<Loss, QueueError> {
    let about = notice.alerts.first().map(|alert| format!("{} {}", alert.label("alertname"), alert.annotation("summary")));
    let about = format!("{} ({} alerts)", about.unwrap_or_default(), notice.alerts.len());
    let loss = Loss { at: now, receiver: notice.receiver.clone(), firing: notice.is_firing(), why: why.to_owned(), about };
    note_loss(changes, &loss, counter)?;
    Ok(loss)
}

fn note_loss(changes: &Transaction, loss: &Loss, counter: &str) -> Result<(), QueueError> {
    let sql = "insert into loss (at, receiver, firing, why, about) values (?1, ?2, ?3, ?4, ?5)";
    let row = params![loss.at.0.cast_signed(), loss.receiver, loss.firing, loss.why, loss.about];
    changes.prepare_cached(sql).and_then(|mut sql| sql.execute(row)).map_err(writing)?;
    let sql = "delete from loss where id <= (select max(id) from loss) - ?1";
    changes.prepare_cached(sql).and_then(|mut sql| sql.execute([LOSSES_KEPT])).map_err(writing)?;
    count(changes, counter, &loss.receiver, 1)
}

fn count(changes: &Transaction, name: &str, receiver: &str, by: i64) -> Result<(), QueueError> {
    let sql = "insert into counter values (?1, ?2, ?3) on conflict do update set value = value + excluded.value";
    changes.prepare_cached(sql).and_then(|mut sql| sql.execute(params![name, receiver, by])).map(|_| ()).map_err(writing)
}
