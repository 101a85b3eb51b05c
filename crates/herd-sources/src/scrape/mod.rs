//! Asks a fleet for its metrics, each target at its own time, over connections that stay open.
//!
//! A thread, or a few, hold all connections; what comes in is passed on in batches. A target costs a few kilobytes while it rests. Targets of
//! one binary show the same series, which are kept once ([`Layout`]).

mod addresses;
mod layouts;
mod line;
mod turn;

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, LocalSet};
use url::Url;

use crate::Auth;
use layouts::Layouts;
use turn::Desk;

pub use herd_formats::exposition::{Keep, Layout, Limits, Lost, parts};

pub use addresses::{Network, Reach, Refused};

/// Batches that may wait for their reader; a reader that falls behind further makes batches larger, see [`ROWS_WAITING_MAX`].
const BATCHES_WAITING: usize = 8;
/// Answers one worker keeps for a reader that does not come; more are dropped and counted.
const ROWS_WAITING_MAX: usize = 200_000;

/// How a fleet is asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads that hold connections.
    pub workers: usize,
    /// Which series are kept.
    pub keep: Keep,
    /// What a page may hold.
    pub limits: Limits,
    /// The most of one page, in bytes, packed or not.
    pub body_bytes_max: usize,
    /// How often answers are passed on.
    pub flush: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            workers: 1,
            keep: Keep::All,
            limits: Limits { series: 10_000, key_bytes: 8 << 10 },
            body_bytes_max: 16 << 20,
            flush: Duration::from_millis(500),
        }
    }
}

/// One target of a fleet, as it is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What its answers are known by.
    pub id: u32,
    /// The page: scheme, host, port, path and query. No user or password; those are in `auth`.
    pub url: Url,
    /// Between two questions.
    pub every: Duration,
    /// The most one question may take, connecting included.
    pub timeout: Duration,
    /// Credentials.
    pub auth: Option<Auth>,
    /// Addresses it may have.
    pub reach: Reach,
}

/// What a worker heard since the last batch.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Answers in the order in which they came.
    pub rows: Vec<Row>,
    /// Values of all of them.
    pub values: Vec<f64>,
    /// Answers dropped because nobody took them in time.
    pub dropped: u64,
}

/// One answer, or why there is none.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whose.
    pub target: u32,
    /// When it was asked, milliseconds since 1970.
    pub at_ms: i64,
    /// How much later than it was due, in milliseconds.
    pub late_ms: u32,
    /// Questions that were due before it and left out, because the one before took too long.
    pub skipped: u32,
    /// From the question to the last byte, in microseconds.
    pub took_us: u32,
    /// Bytes of the page on the wire.
    pub bytes: u32,
    /// What came.
    pub outcome: Outcome,
}

/// What came of a question.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A page.
    Page {
        /// Its series.
        layout: Arc<Layout>,
        /// Where their values are in [`Batch::values`].
        values: Range<usize>,
        /// What of it was not kept.
        lost: Option<Box<Lost>>,
    },
    /// Nothing that can be used.
    Failed(ScrapeError),
}

/// Why a target gave no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScrapeError {
    /// Nobody answers there.
    #[error("connect: {0}")]
    Unreachable(Box<str>),
    /// It may not be asked.
    #[error("{0}")]
    Forbidden(Refused),
    /// It took too long.
    #[error("no whole answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(Box<str>),
    /// It answered with another status than 200.
    #[error("answered with status {0}")]
    Status(u16),
    /// It answered with another address; none is followed.
    #[error("answered with a redirect to {0}, which is not followed; name that address if it is the one meant")]
    Redirect(Box<str>),
    /// Its page is too large.
    #[error("the page is larger than {0} bytes")]
    TooLarge(usize),
    /// Its page is packed in a way that was not asked for, or is damaged.
    #[error("the page is packed with {0}, which cannot be read")]
    Packed(Box<str>),
    /// What it serves are no metrics.
    #[error("serves {0}, not metrics")]
    NotMetrics(Box<str>),
}

impl ScrapeError {
    /// The kind of failure as a word, for counters.
    pub fn word(&self) -> &'static str {
        match self {
            ScrapeError::Unreachable(_) => "unreachable",
            ScrapeError::Forbidden(_) => "forbidden",
            ScrapeError::TimedOut(_) => "timeout",
            ScrapeError::Broken(_) => "broken",
            ScrapeError::Status(_) => "status",
            ScrapeError::Redirect(_) => "redirect",
            ScrapeError::TooLarge(_) => "too_large",
            ScrapeError::Packed(_) => "packed",
            ScrapeError::NotMetrics(_) => "not_metrics",
        }
    }
}

/// Threads that ask a fleet.
#[derive(Debug)]
pub struct Scraper {
    workers: Vec<(UnboundedSender<Order>, JoinHandle<()>)>,
}

enum Order {
    Ask(Box<Asked>),
    Leave(u32),
}

impl Scraper {
    /// Starts the threads. Batches come until [`Scraper::stop`]; the reader should take one at least every few seconds.
    pub fn start(settings: &Settings) -> std::io::Result<(Scraper, Receiver<Batch>)> {
        let (results, batches) = sync_channel(BATCHES_WAITING);
        let layouts = Arc::new(Layouts::default());
        let mut workers = Vec::new();
        for number in 0..settings.workers.max(1) {
            let (orders, taken) = unbounded_channel();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let desk = Desk::new(settings.clone(), layouts.clone());
            let results = results.clone();
            let work = move || LocalSet::new().block_on(&runtime, work(Rc::new(desk), taken, &results));
            workers.push((orders, std::thread::Builder::new().name(format!("scrape-{number}")).spawn(work)?));
        }
        Ok((Scraper { workers }, batches))
    }

    /// Asks a target from now on; one with the same id is asked anew, as told here.
    pub fn ask(&self, asked: Asked) {
        let worker = asked.id as usize % self.workers.len();
        // A worker that is gone has been stopped.
        drop(self.workers[worker].0.send(Order::Ask(Box::new(asked))));
    }

    /// Asks it no more.
    pub fn leave(&self, id: u32) {
        let worker = id as usize % self.workers.len();
        drop(self.workers[worker].0.send(Order::Leave(id)));
    }

    /// Stops asking; what has come in is passed on first. Questions under way are given up.
    pub fn stop(self) {
        let handles: Vec<JoinHandle<()>> = self.workers.into_iter().map(|(_, handle)| handle).collect();
        for handle in handles {
            if let Err(panic) = handle.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

async fn work(desk: Rc<Desk>, mut orders: UnboundedReceiver<Order>, results: &SyncSender<Batch>) {
    let mut turns: HashMap<u32, AbortHandle> = HashMap::new();
    let mut flush = tokio::time::interval(desk.settings.flush);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Ask(asked)) => {
                    let id = asked.id;
                    let turn = tokio::task::spawn_local(turn::ask_every(desk.clone(), *asked));
                    if let Some(before) = turns.insert(id, turn.abort_handle()) {
                        before.abort();
                    }
                }
                Some(Order::Leave(id)) => {
                    if let Some(turn) = turns.remove(&id) {
                        turn.abort();
                    }
                }
                None => break,
            },
            _ = flush.tick() => desk.pass_on(results, ROWS_WAITING_MAX),
        }
    }
    for turn in turns.into_values() {
        turn.abort();
    }
    desk.pass_on_all(results);
}
