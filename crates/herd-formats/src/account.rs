//! What a service of the Go module answers at `/debug/goherd` (schema `goherd-account/1`): counters of requests and tasks, figures of the
//! runtime.
//!
//! Unknown fields are passed over; figures a Go version does not know are absent. What is longer or more than an account can be is cut
//! and counted.

use herd_model::{Account, AccountKind, AccountName, AccountRow, AccountRuntime};
use serde::{Deserialize, Deserializer};

/// The schema an account names.
pub const SCHEMA: &str = "goherd-account/1";
/// The most an account is read of: 256 label sets take some 40 kB.
pub const MAX_BYTES: usize = 4 << 20;
/// Rows kept of one account.
pub const MAX_ROWS: usize = 2048;
/// Bytes kept of a name.
const MAX_NAME_BYTES: usize = 256;

/// Why an answer is no account.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More than an account can be.
    #[error("read the account: its {0} bytes are above the limit of {MAX_BYTES}")]
    TooLarge(usize),
    /// Not JSON, or not of the contract.
    #[error("read the account: {0}")]
    Json(#[from] serde_json::Error),
    /// Another contract.
    #[error("read the account: its schema is `{0}`, not `goherd-account/1`")]
    Schema(String),
}

#[derive(Deserialize)]
struct Answer {
    schema: String,
    #[serde(default)]
    uptime_s: Option<f64>,
    #[serde(default)]
    runtime: Figures,
    #[serde(default, deserialize_with = "listed")]
    endpoints: Vec<Row>,
    #[serde(default, deserialize_with = "listed")]
    tasks: Vec<Row>,
    #[serde(default)]
    sets: Sets,
}

#[derive(Deserialize, Default)]
struct Figures {
    #[serde(default)]
    goroutines: Option<f64>,
    #[serde(default)]
    heap_live_bytes: Option<f64>,
    #[serde(default)]
    heap_goal_bytes: Option<f64>,
    #[serde(default)]
    gc_cycles: Option<f64>,
    #[serde(default)]
    gc_cpu_s: Option<f64>,
    #[serde(default)]
    cpu_s: Option<f64>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default, alias = "runner")]
    service: String,
    #[serde(default, alias = "task")]
    endpoint: String,
    #[serde(default)]
    live: i64,
    #[serde(default)]
    started: i64,
    #[serde(default)]
    ended: i64,
    #[serde(default)]
    cancelled: i64,
    #[serde(default)]
    failed: i64,
    #[serde(default)]
    panicked: i64,
}

#[derive(Deserialize, Default)]
struct Sets {
    #[serde(default)]
    refused: i64,
}

fn listed<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Row>, D::Error> {
    Ok(Option::<Vec<Row>>::deserialize(from)?.unwrap_or_default())
}

/// Whether an answer says of itself that it is an account, of this schema or another.
pub fn is_account(bytes: &[u8]) -> bool {
    crate::recognise::names_schema(bytes.trim_ascii_start(), b"goherd-account/")
}

/// Reads an account. Cost: linear in its bytes.
///
/// # Errors
/// When it is none, one of another schema, or larger than [`MAX_BYTES`].
pub fn read(bytes: &[u8]) -> Result<Account, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge(bytes.len()));
    }
    let answer: Answer = serde_json::from_slice(bytes)?;
    if answer.schema != SCHEMA {
        return Err(Error::Schema(answer.schema));
    }
    let named = |kind| move |from: &Row| row(kind, from);
    let endpoints = answer.endpoints.iter().map(named(AccountKind::Endpoint));
    let tasks = answer.tasks.iter().map(named(AccountKind::Task));
    let of = &answer.runtime;
    Ok(Account {
        uptime_s: answer.uptime_s,
        rows: endpoints.chain(tasks).take(MAX_ROWS).collect(),
        rows_left_out: (answer.endpoints.len() + answer.tasks.len()).saturating_sub(MAX_ROWS) as u64,
        refused: count(answer.sets.refused),
        runtime: AccountRuntime {
            goroutines: of.goroutines.map(whole),
            heap_live_bytes: of.heap_live_bytes.map(whole),
            heap_goal_bytes: of.heap_goal_bytes.map(whole),
            gc_cycles: of.gc_cycles.map(whole),
            gc_cpu_s: of.gc_cpu_s,
            cpu_s: of.cpu_s,
        },
    })
}

fn row(kind: AccountKind, from: &Row) -> AccountRow {
    AccountRow {
        name: AccountName { kind, of: cut(&from.service).into(), name: cut(&from.endpoint).into() },
        live: count(from.live),
        started: count(from.started),
        ended: count(from.ended),
        cancelled: count(from.cancelled),
        failed: count(from.failed),
        panicked: count(from.panicked),
    }
}

/// Counters are read one after the other while requests end: a difference of two may be below zero for an instant.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a figure that is none is zero, one too large the largest"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

fn cut(name: &str) -> &str {
    let end = (0..=name.len().min(MAX_NAME_BYTES)).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_module_answers() {
        let text = br#"{"schema":"goherd-account/1","pid":7,"go_version":"go1.27.3","build":{},"at":"2026-11-23T04:00:00Z","uptime_s":2.5,
            "runtime":{"goroutines":41,"gc_percent":18446744073709551615,"heap_live_bytes":4194304,"gc_cpu_s":0.25,"more":{"p50":1}},
            "endpoints":[{"service":"auth","endpoint":"GET /login","live":3,"started":10,"ended":7,"cancelled":2,"panicked":1,"new":"x"}],
            "tasks":[{"runner":"ingest","task":"poll","live":-1,"started":4,"ended":5,"cancelled":0,"failed":2,"panicked":0}],
            "sets":{"count":2,"limit":256,"refused":0},"later":[1,2]}"#;
        assert!(is_account(text));
        let account = read(text).expect("an account");
        let name = |kind, of: &str, name: &str| AccountName { kind, of: of.into(), name: name.into() };
        let login = account.row(&name(AccountKind::Endpoint, "auth", "GET /login")).expect("the endpoint");
        assert_eq!((login.live, login.started, login.cancelled, login.panicked), (3, 10, 2, 1));
        let poll = account.row(&name(AccountKind::Task, "ingest", "poll")).expect("the task");
        assert_eq!((poll.live, poll.failed), (0, 2));
        assert_eq!((account.runtime.goroutines, account.runtime.heap_live_bytes), (Some(41), Some(4 << 20)));
        assert_eq!((account.runtime.gc_cpu_s, account.runtime.cpu_s, account.uptime_s), (Some(0.25), None, Some(2.5)));
    }

    #[test]
    fn what_is_none_or_too_much() {
        assert!(matches!(read(br#"{"schema":"goherd-account/2"}"#), Err(Error::Schema(schema)) if schema == "goherd-account/2"));
        assert!(is_account(br#"{"schema":"goherd-account/2"}"#) && !is_account(b"<html>") && !is_account(b""));
        assert!(matches!(read(&vec![b' '; MAX_BYTES + 1]), Err(Error::TooLarge(_))));
        let deep = [br#"{"schema":"goherd-account/1","x":"#.as_slice(), &vec![b'['; 100_000]].concat();
        assert!(matches!(read(&deep), Err(Error::Json(_))));
        let rows = vec![r#"{"service":"s","endpoint":"e"}"#; MAX_ROWS + 3].join(",");
        let many =
            read(format!(r#"{{"schema":"goherd-account/1","endpoints":[{rows}],"tasks":null}}"#).as_bytes()).expect("an account");
        assert_eq!((many.rows.len(), many.rows_left_out), (MAX_ROWS, 3));
        let long = format!(r#"{{"schema":"goherd-account/1","tasks":[{{"runner":"{}","task":""}}]}}"#, "é".repeat(1000));
        assert_eq!(read(long.as_bytes()).expect("an account").rows[0].name.of.len(), MAX_NAME_BYTES);
    }
}
