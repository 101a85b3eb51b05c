//! One target's turns: when it is due, what is made of its answer.

use std::cell::RefCell;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use herd_formats::exposition::{Layout, read, same};
use tokio::time::{sleep_until, timeout};

use super::layouts::Layouts;
use super::line::Line;
use super::{Asked, Batch, Outcome, Row, ScrapeError, Settings, line};

/// Buffers larger than this are not kept for the next page.
const BUFFER_KEPT_MAX: usize = 1 << 20;
/// Buffers kept.
const BUFFERS_KEPT: usize = 16;

/// What the turns of one thread share.
pub(super) struct Desk {
    pub(super) settings: Settings,
    layouts: Arc<Layouts>,
    heard: RefCell<Batch>,
    buffers: RefCell<Vec<Vec<u8>>>,
    numbers: RefCell<Vec<f64>>,
}

impl Desk {
    pub(super) fn new(settings: Settings, layouts: Arc<Layouts>) -> Self {
        Desk { settings, layouts, heard: RefCell::default(), buffers: RefCell::default(), numbers: RefCell::default() }
    }

    /// Gives what was heard to the reader, if it has room; else it is kept, up to a limit.
    pub(super) fn pass_on(&self, results: &SyncSender<Batch>, rows_max: usize) {
        let mut heard = self.heard.borrow_mut();
        if heard.rows.is_empty() {
            return;
        }
        match results.try_send(std::mem::take(&mut heard)) {
            // Without a reader there is nobody to keep it for.
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(batch)) if batch.rows.len() > rows_max => {
                heard.dropped = batch.dropped + batch.rows.len() as u64;
            }
            Err(TrySendError::Full(batch)) => *heard = batch,
        }
    }

    /// Gives the rest, however long the reader takes.
    pub(super) fn pass_on_all(&self, results: &SyncSender<Batch>) {
        let rest = std::mem::take(&mut *self.heard.borrow_mut());
        if !rest.rows.is_empty() || rest.dropped > 0 {
            drop(results.send(rest));
        }
    }

    /// What a page holds, added to what was heard. `known` is the layout that the target showed last.
    fn take_in(&self, page: &[u8], known: &mut Option<Arc<Layout>>) -> Outcome {
        let mut heard = self.heard.borrow_mut();
        let from = heard.values.len();
        let mut numbers = self.numbers.borrow_mut();
        if let Some(layout) = known.as_ref().filter(|layout| same(page, layout, &self.settings.keep, &mut numbers)) {
            heard.values.extend_from_slice(&numbers);
            return Outcome::Page { layout: layout.clone(), values: from..heard.values.len(), lost: None };
        }
        let page = read(page, &self.settings.keep, self.settings.limits);
        let lost = (!page.lost.is_nothing()).then(|| Box::new(page.lost));
        let layout = self.layouts.intern(page.layout);
        *known = Some(layout.clone());
        heard.values.extend_from_slice(&page.values);
        Outcome::Page { layout, values: from..heard.values.len(), lost }
    }
}

/// Asks a target again and again, until it is aborted.
pub(super) async fn ask_every(desk: Rc<Desk>, asked: Asked) {
    let mut due = first_due(&asked);
    let mut line: Option<Line> = None;
    let mut known: Option<Arc<Layout>> = None;
    let mut skipped = 0;
    let every = asked.every.max(Duration::from_millis(1));
    loop {
        sleep_until(due.into()).await;
        let started = Instant::now();
        let at_ms = now_ms();
        let mut page = desk.buffers.borrow_mut().pop().unwrap_or_default();
        page.clear();
        let answered = timeout(asked.timeout, line::ask(&mut line, &asked, desk.settings.body_bytes_max, &mut page)).await;
        let took_us = started.elapsed().as_micros().min(u128::from(u32::MAX)) as u32;
        let bytes = page.len() as u32;
        let outcome = match answered {
            Ok(Ok(())) => desk.take_in(&page, &mut known),
            Ok(Err(error)) => Outcome::Failed(error),
            Err(_) => Outcome::Failed(ScrapeError::TimedOut(asked.timeout)),
        };
        if matches!(outcome, Outcome::Failed(_)) {
            line = None;
        }
        let late_ms = started.saturating_duration_since(due).as_millis().min(u128::from(u32::MAX)) as u32;
        desk.heard.borrow_mut().rows.push(Row { target: asked.id, at_ms, late_ms, skipped, took_us, bytes, outcome });
        if page.capacity() <= BUFFER_KEPT_MAX && desk.buffers.borrow().len() < BUFFERS_KEPT {
            desk.buffers.borrow_mut().push(page);
        }
        due += every;
        let behind = Instant::now().saturating_duration_since(due);
        skipped = (behind.as_nanos() / every.as_nanos()).min(u128::from(u32::MAX)) as u32;
        due += every * skipped;
    }
}

/// Targets whose moments fall together are asked together: the process wakes for all of them once.
const SLOT_MS: u128 = 50;

/// Targets are spread over the interval by what they are called, so that each has its own moment in it, over restarts too.
fn first_due(asked: &Asked) -> Instant {
    let hash = BuildHasherDefault::<std::hash::DefaultHasher>::default().hash_one(asked.url.as_str());
    let every = asked.every.as_nanos().max(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let slot = (SLOT_MS * 1_000_000).min(every);
    let wait = (u128::from(hash) % every / slot * slot + every - now % every) % every;
    Instant::now() + Duration::from_nanos(wait.min(u128::from(u64::MAX)) as u64)
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}
