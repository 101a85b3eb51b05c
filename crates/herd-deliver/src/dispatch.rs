//! Alerts on their way: the book and the queue behind a lock, a thread that asks what is due, and a thread a receiver, so that one that is
//! dead stops nobody else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use herd_config::Alert as Config;

use crate::DeliverError;
use crate::alert::Alert;
use crate::book::{self, Book, Changed, Entered, SilenceGiven, Standing, due, next_due};
use crate::clock::{At, Clock};
use crate::exposition::{Family, Kind};
use crate::notice::Notice;
use crate::plan::{Plan, PlanError, plan};
use crate::queue::{Loss, Queue, QueueError, Waiting};
use crate::sinks::{Refusal, Sink};

/// The longest pause before a receiver that fails is asked again.
pub const PAUSE_MAX: Duration = Duration::from_mins(5);

/// The pause after a receiver's first failure; doubled after each further one.
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// Real time after which every thread looks at the clock again, which may have jumped.
const LOOK: Duration = Duration::from_secs(1);

/// Alerts on their way to receivers. What a call that returned took is kept over restarts and crashes.
pub struct Dispatch {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    plan: Plan,
    clock: Clock,
    tell: Box<dyn Fn(&Told) + Send + Sync>,
    state: Mutex<State>,
    /// Something changed.
    news: Condvar,
}

struct State {
    book: Book,
    queue: Queue,
    /// Messages that are due and could not be kept: the disk is full, perhaps.
    unsaved: Vec<Notice>,
    stop: bool,
}

/// What happens, for logs.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A receiver took messages.
    Delivered {
        /// Receiver.
        receiver: String,
        /// Messages.
        messages: usize,
        /// Alerts in them.
        alerts: usize,
    },
    /// A receiver could not be told for the time being.
    Failed {
        /// Receiver.
        receiver: String,
        /// Why; holds no secret.
        why: String,
        /// The pause before it is asked again.
        pause: Duration,
        /// Messages that wait for it.
        waiting: u64,
    },
    /// A message will not arrive.
    Lost(Loss),
    /// No route takes an alert, and nobody is the default.
    Unrouted {
        /// Its key.
        key: String,
    },
    /// There are as many alerts as there may be; this one is not taken.
    Full {
        /// Its key.
        key: String,
    },
    /// What is due cannot be kept; it is tried again.
    Unsaved {
        /// Why.
        why: String,
    },
    /// An entry of the file cannot be read and is left out.
    Unreadable {
        /// Which, and why.
        why: String,
    },
    /// Groups of receivers that the configuration does not name any more were dropped.
    ReceiversGone {
        /// Groups.
        groups: usize,
    },
}

/// Why alerts cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The configuration is wrong.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The file cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A receiver cannot be used.
    #[error("[alert] receivers.{name}: {why}")]
    Receiver {
        /// Its name.
        name: String,
        /// What is wrong.
        why: DeliverError,
    },
    /// No thread is to be had.
    #[error("no thread can be started: {0}")]
    Thread(std::io::Error),
}

impl Dispatch {
    /// Opens the queue, and begins to deliver what waits in it. `tell` is called from several threads and must not call back.
    pub fn open(
        config: &Config,
        path: &Path,
        clock: Clock,
        tell: impl Fn(&Told) + Send + Sync + 'static,
    ) -> Result<Dispatch, DispatchError> {
        let plan = plan(config)?;
        let mut sinks = BTreeMap::new();
        for (name, receiver) in &config.receivers {
            let sink = Sink::open(receiver).map_err(|why| DispatchError::Receiver { name: name.clone(), why })?;
            sinks.insert(name.clone(), sink);
        }
        let queue = Queue::open(path, plan.limits)?;
        let (book, left_out) = queue.book(&plan)?;
        if left_out.groups > 0 {
            tell(&Told::ReceiversGone { groups: left_out.groups });
        }
        for why in left_out.unreadable {
            tell(&Told::Unreadable { why });
        }
        let state = Mutex::new(State { book, queue, unsaved: Vec::new(), stop: false });
        let shared = Arc::new(Shared { plan, clock, tell: Box::new(tell), state, news: Condvar::new() });
        let mut dispatch = Dispatch { shared, threads: Vec::new() };
        let shared = dispatch.shared.clone();
        dispatch.start("alerts-due", move || keep_asking(&shared))?;
        for (name, sink) in sinks {
            let shared = dispatch.shared.clone();
            dispatch.start(&format!("to-{name}"), move || keep_delivering(&shared, &name, &sink))?;
        }
        Ok(dispatch)
    }

    /// Takes alerts that fire, or what is new of them; told again and again while they do.
    pub fn fire(&self, alerts: Vec<Alert>) -> Result<Vec<Entered>, QueueError> {
        let mut entered = Vec::new();
        self.change(|shared, book, now| {
            for alert in alerts {
                let key = alert.key();
                let became = book::fire(book, &shared.plan, alert, now);
                match became {
                    Entered::Routed => {}
                    Entered::Unrouted => (shared.tell)(&Told::Unrouted { key }),
                    Entered::Full => (shared.tell)(&Told::Full { key }),
                }
                entered.push(became);
            }
        })?;
        Ok(entered)
    }

    /// Takes that alerts are over, by key; how many of them fired.
    pub fn resolve(&self, keys: &[String]) -> Result<usize, QueueError> {
        let mut count = 0;
        self.change(|_, book, now| count = keys.iter().filter(|key| book::resolve(book, key, now)).count())?;
        Ok(count)
    }

    /// Somebody takes care of an alert: it is neither escalated nor repeated. Whether there is one that fires.
    pub fn acknowledge(&self, key: &str, by: &str) -> Result<bool, QueueError> {
        let mut there = false;
        self.change(|_, book, now| there = book::acknowledge(book, key, by, now))?;
        Ok(there)
    }

    /// Mutes alerts for a time; the name of the silence.
    pub fn silence(&self, given: SilenceGiven) -> Result<String, DispatchError> {
        let mut id = Ok(String::new());
        self.change(|_, book, _| id = book::silence(book, given))?;
        Ok(id?)
    }

    /// Ends a silence early. Whether there was one.
    pub fn unsilence(&self, id: &str) -> Result<bool, QueueError> {
        let mut there = false;
        self.change(|_, book, now| there = book::unsilence(book, id, now))?;
        Ok(there)
    }

    /// What fires, by key, and what is resolved and not told to everyone; so that who judges can say what is over since.
    pub fn standing(&self) -> BTreeMap<String, Standing> {
        self.shared.lock().book.standing.clone()
    }

    /// Silences given by hand, by name.
    pub fn silences(&self) -> BTreeMap<String, SilenceGiven> {
        self.shared.lock().book.silences.iter().map(|(id, (_, given))| (id.clone(), given.clone())).collect()
    }

    /// Messages that wait for receivers.
    pub fn waiting(&self) -> u64 {
        let state = self.shared.lock();
        self.shared.plan.receivers.keys().map(|receiver| state.queue.waiting(receiver).0).sum()
    }

    /// Messages that will not arrive, latest first; at most a thousand.
    pub fn losses(&self) -> Result<Vec<Loss>, QueueError> {
        self.shared.lock().queue.losses()
    }

    /// What there is to know of the deliveries, as metrics.
    pub fn families(&self) -> Result<Vec<Family>, QueueError> {
        let state = self.shared.lock();
        let mut firing = Family::new("goherd_alerts", Kind::Gauge, "Alerts that fire, by severity.");
        for severity in [herd_model::Severity::Critical, herd_model::Severity::Warning, herd_model::Severity::Info] {
            let fires = |standing: &&Standing| standing.alert.is_firing() && standing.alert.severity == severity;
            firing = firing.with(&[("severity", severity.as_str())], state.book.standing.values().filter(fires).count() as f64);
        }
        let mut waiting = Family::new("goherd_notifications_waiting", Kind::Gauge, "Messages that wait for a receiver.");
        let mut bytes =
            Family::new("goherd_notifications_waiting_bytes", Kind::Gauge, "Bytes of messages that wait for a receiver.");
        for receiver in self.shared.plan.receivers.keys() {
            let (messages, sum) = state.queue.waiting(receiver);
            waiting = waiting.with(&[("receiver", receiver)], messages as f64);
            bytes = bytes.with(&[("receiver", receiver)], sum as f64);
        }
        let help = "Messages a receiver took (delivered) or never will (refused, overflow, unreadable).";
        let mut done = Family::new("goherd_notifications_total", Kind::Counter, help);
        for ((outcome, receiver), value) in state.queue.counters()? {
            done = done.with(&[("receiver", &receiver), ("outcome", &outcome)], value as f64);
        }
        let flaps = Family::new(
            "goherd_alerts_came_and_went_total",
            Kind::Counter,
            "Alerts that were over before anybody was to be told.",
        );
        Ok(vec![firing, waiting, bytes, done, flaps.with(&[], state.book.came_and_went as f64)])
    }

    /// Waits until nothing waits, at most so long in real time, and ends. What still waits is delivered after the next start.
    pub fn close(self, at_most: Duration) {
        let started = std::time::Instant::now();
        while self.waiting() > 0 && started.elapsed() < at_most {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn start(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), DispatchError> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(DispatchError::Thread)?;
        self.threads.push(thread);
        Ok(())
    }

    /// Changes the book, and returns when that, and what became due, is kept.
    fn change(&self, change: impl FnOnce(&Shared, &mut Book, At)) -> Result<(), QueueError> {
        let shared = &self.shared;
        let mut state = shared.lock();
        let now = shared.clock.now();
        change(shared, &mut state.book, now);
        let kept = shared.settle(&mut state, now);
        drop(state);
        shared.news.notify_all();
        kept
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.news.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing to add.
            let _panicked = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked left values that are whole: the queue is changed in transactions.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what changed and what is due. What could not be kept is due still.
    fn settle(&self, state: &mut State, now: At) -> Result<(), QueueError> {
        loop {
            let left_over = !state.unsaved.is_empty();
            if !left_over {
                state.unsaved = due(&mut state.book, &self.plan, now);
            }
            if state.unsaved.is_empty() && state.book.changed.is_empty() {
                return Ok(());
            }
            let losses = state.queue.save(&state.book, &state.unsaved, now)?;
            state.book.changed = Changed::default();
            state.unsaved.clear();
            for loss in losses {
                (self.tell)(&Told::Lost(loss));
            }
            if !left_over {
                return Ok(());
            }
        }
    }

    /// Waits for news, at most so long by the clock and [`LOOK`] in real time.
    fn wait<'s>(&self, state: MutexGuard<'s, State>, span: Duration) -> MutexGuard<'s, State> {
        let real = self.clock.real(span).clamp(Duration::from_millis(1), LOOK);
        self.news.wait_timeout(state, real).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Asks what is due, when it is.
fn keep_asking(shared: &Shared) {
    let mut state = shared.lock();
    while !state.stop {
        let now = shared.clock.now();
        let mut pause = PAUSE_FIRST;
        match shared.settle(&mut state, now) {
            Ok(()) => {
                shared.news.notify_all();
                pause = next_due(&state.book, &shared.plan).map_or(LOOK, |at| at.since(now));
            }
            Err(error) => (shared.tell)(&Told::Unsaved { why: error.to_string() }),
        }
        state = shared.wait(state, pause);
    }
}

/// Delivers one receiver's messages, in order, and pauses longer and longer while it fails.
fn keep_delivering(shared: &Shared, receiver: &str, sink: &Sink) {
    let mut failures = 0;
    let mut rests_until = At(0);
    let mut state = shared.lock();
    while !state.stop {
        let now = shared.clock.now();
        // A clock that was set back must not make a pause longer than any is.
        let rests = rests_until.since(now).min(PAUSE_MAX);
        if !rests.is_zero() {
            state = shared.wait(state, rests);
            continue;
        }
        let turn = match state.queue.next(receiver, sink.at_once, now) {
            Ok((turn, losses)) => {
                for loss in losses {
                    (shared.tell)(&Told::Lost(loss));
                }
                turn
            }
            Err(error) => {
                (shared.tell)(&Told::Unsaved { why: error.to_string() });
                state = shared.wait(state, PAUSE_FIRST);
                continue;
            }
        };
        if turn.is_empty() {
            let pause = if state.queue.waiting(receiver).0 > 0 { Duration::ZERO } else { LOOK };
            state = shared.wait(state, pause);
            continue;
        }
        drop(state);
        let told = tell(sink, &turn, now);
        state = shared.lock();
        let pause = note(shared, &mut state, receiver, told, failures);
        failures = if pause.is_some() { failures + 1 } else { 0 };
        rests_until = pause.map_or(At(0), |pause| shared.clock.now().plus(pause));
    }
}

/// What became of messages.
struct Outcome {
    taken: Vec<Waiting>,
    /// Messages that are at fault themselves, with what the receiver says.
    never: Vec<(Waiting, String)>,
    /// Messages that were not taken, and why.
    later: Option<(Vec<Waiting>, Refusal)>,
}

/// Tells a receiver of several messages; where it refuses them as they are, one after the other.
fn tell(sink: &Sink, turn: &[Waiting], now: At) -> Outcome {
    let mut outcome = Outcome { taken: Vec::new(), never: Vec::new(), later: None };
    match sink.tell(turn, now) {
        Ok(()) => outcome.taken = turn.to_vec(),
        Err(refusal) if refusal.worth_retrying => outcome.later = Some((turn.to_vec(), refusal)),
        Err(refusal) if turn.len() == 1 => {
            outcome.never = turn.iter().map(|message| (message.clone(), refusal.error.to_string())).collect();
        }
        Err(_) => {
            for (at, message) in turn.iter().enumerate() {
                match sink.tell(std::slice::from_ref(message), now) {
                    Ok(()) => outcome.taken.push(message.clone()),
                    Err(refusal) if refusal.worth_retrying => {
                        outcome.later = Some((turn.get(at..).unwrap_or_default().to_vec(), refusal));
                        break;
                    }
                    Err(refusal) => outcome.never.push((message.clone(), refusal.error.to_string())),
                }
            }
        }
    }
    outcome
}

/// Keeps what became of messages; the pause before the receiver is asked again, where it failed.
fn note(shared: &Shared, state: &mut State, receiver: &str, outcome: Outcome, failures: u32) -> Option<Duration> {
    let now = shared.clock.now();
    let kept = (|| {
        if !outcome.taken.is_empty() {
            state.queue.delivered(&outcome.taken)?;
            let alerts = outcome.taken.iter().map(|message| message.notice.alerts.len()).sum();
            (shared.tell)(&Told::Delivered { receiver: receiver.to_owned(), messages: outcome.taken.len(), alerts });
        }
        for (message, why) in outcome.never {
            for loss in state.queue.give_up(&[message], &why, now)? {
                (shared.tell)(&Told::Lost(loss));
            }
        }
        let Some((messages, refusal)) = outcome.later else { return Ok(None) };
        if refusal.answered {
            state.queue.put_back(&messages)?;
        }
        let pause = refusal.retry_after.unwrap_or_default().max(pause_after(receiver, failures));
        let waiting = state.queue.waiting(receiver).0;
        let why = refusal.error.to_string();
        (shared.tell)(&Told::Failed { receiver: receiver.to_owned(), why, pause, waiting });
        Ok(Some(pause))
    })();
    kept.unwrap_or_else(|error: QueueError| {
        // The message stays and is delivered once more.
        (shared.tell)(&Told::Unsaved { why: error.to_string() });
        Some(pause_after(receiver, failures))
    })
}

/// Doubled with each failure, and between 80 and 120 % of that, so that receivers behind one address are not asked all at once. The same for
/// the same receiver and failure.
fn pause_after(receiver: &str, failures: u32) -> Duration {
    let doubled = PAUSE_FIRST.saturating_mul(1 << failures.min(16)).min(PAUSE_MAX);
    // FNV-1a, which spreads what differs by a letter.
    let bytes = receiver.bytes().chain(failures.to_be_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let jittered = doubled * (80 + (hash >> 32) as u32 % 41) / 100;
    jittered.min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        let pauses: Vec<Duration> = (0..20).map(|failures| pause_after("slack", failures)).collect();
        for (failures, pause) in pauses.iter().enumerate() {
            let doubled = PAUSE_FIRST.saturating_mul(1 << failures.min(16)).min(PAUSE_MAX);
            assert!(*pause >= doubled * 79 / 100 && *pause <= doubled * 12 / 10 && *pause <= PAUSE_MAX, "{failures}: {pause:?}");
        }
        let others: Vec<Duration> = (0..20).map(|failures| pause_after("mail", failures)).collect();
        assert_ne!(pauses, others);
    }
}
