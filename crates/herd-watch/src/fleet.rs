//! What a fleet answers: samples go into the store, one tick an interval, and each target's course tells when a look at its goroutines is
//! worth what it costs.
//!
//! Cost: about 2 µs and one hash look-up an answer besides the store's own. Memory: a tick of values, and about 5 kB a target.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use herd_analysis::course::{Ask, Course, FamilyCount, Grown, Reading, Rules};
use herd_sources::scrape::{Batch, Layout, Outcome, Row, parts};
use herd_store::{InstanceId, LayoutId, Store, StoreError, Tended, Tick};

use crate::targets::{Labels, Target};

/// Series that says whether a target answered, before all others of its page.
pub const UP: &str = "up";

/// Ticks kept while the store takes none; older ones are dropped and counted.
const TICKS_KEPT: usize = 24;
/// Layouts known before those that nobody shows any more are forgotten.
const LAYOUTS_SWEPT_AT: usize = 4096;
/// Holders of a layout that nobody shows: this map and the reader of pages.
const IDLE_HOLDERS: usize = 2;

/// Names of counters of requests answered, whatever their labels.
const REQUESTS: [&str; 3] = ["http_requests_total", "grpc_server_handled_total", "promhttp_metric_handler_requests_total"];

/// A fleet, and its history.
#[derive(Debug)]
pub struct Fleet {
    store: Store,
    rules: Rules,
    every_ms: i64,
    kept: BTreeMap<u32, Kept>,
    layouts: HashMap<usize, Shape>,
    open: TickRows,
    waiting: VecDeque<TickRows>,
    /// What has happened since the start.
    pub counters: Counters,
    /// Why the store takes nothing at the moment.
    pub trouble: Option<String>,
}

/// What has happened since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters {
    /// Pages read.
    pub pages: u64,
    /// Questions without a page, by kind.
    pub failures: BTreeMap<&'static str, u64>,
    /// Samples stored.
    pub samples: u64,
    /// Series of pages that were not kept: over a limit, or malformed.
    pub left_out: u64,
    /// Questions more than a quarter of a second late.
    pub late: u64,
    /// Questions left out because the one before took too long.
    pub skipped: u64,
    /// Answers dropped because nobody took them in time.
    pub dropped: u64,
    /// Samples dropped because the store took none for too long.
    pub unstored: u64,
}

/// A target whose goroutines are worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whose.
    pub target: u32,
    /// Why.
    pub ask: Ask,
}

#[derive(Debug)]
struct Kept {
    labels: Labels,
    instance: Option<InstanceId>,
    course: Course,
    failing: Option<&'static str>,
}

/// A layout as the store knows it, and where in it the figures of the runtime stand.
#[derive(Debug)]
struct Shape {
    /// Held so that its address means this layout.
    layout: Arc<Layout>,
    id: LayoutId,
    goroutines: Option<usize>,
    cpu_s: Option<usize>,
    started: Option<usize>,
    requests: Vec<usize>,
}

#[derive(Debug, Default)]
struct TickRows {
    at_ms: i64,
    rows: Vec<(u32, LayoutId, i64, Range<usize>)>,
    values: Vec<f64>,
}

impl Fleet {
    /// A fleet of nobody. `every` is the length of a tick.
    pub fn new(store: Store, rules: Rules, every: Duration) -> Fleet {
        Fleet {
            store,
            rules,
            every_ms: (every.as_millis() as i64).max(1),
            kept: BTreeMap::new(),
            layouts: HashMap::new(),
            open: TickRows::default(),
            waiting: VecDeque::new(),
            counters: Counters::default(),
            trouble: None,
        }
    }

    /// The targets there are from now on. Those that stay keep what is known of them.
    pub fn follow(&mut self, targets: &[Target]) {
        let there: HashSet<u32> = targets.iter().map(|target| target.asked.id).collect();
        self.kept.retain(|id, _| there.contains(id));
        for target in targets {
            self.kept.entry(target.asked.id).or_insert_with(|| Kept {
                labels: target.labels.clone(),
                instance: None,
                course: Course::default(),
                failing: None,
            });
        }
    }

    /// Takes answers in; those of targets that have gone are left out. Tells which targets are worth a look. A store that fails is tried
    /// again with the next batch, and [`Fleet::trouble`] says why.
    pub fn take(&mut self, batch: &Batch) -> Vec<Wanted> {
        self.counters.dropped += batch.dropped;
        let mut wanted = Vec::new();
        for row in &batch.rows {
            if row.at_ms.div_euclid(self.every_ms) != self.open.at_ms.div_euclid(self.every_ms) {
                self.close_tick();
                self.open.at_ms = row.at_ms;
            }
            if let Some(ask) = self.take_row(row, batch).filter(|ask| *ask != Ask::Nothing) {
                wanted.push(Wanted { target: row.target, ask });
            }
        }
        self.store_waiting();
        wanted
    }

    /// Takes a look in; tells which families grow without a reason.
    pub fn look(&mut self, target: u32, at_s: f64, families: &[FamilyCount]) -> Vec<Grown> {
        self.kept.get_mut(&target).map(|kept| kept.course.look(&self.rules, at_s, families)).unwrap_or_default()
    }

    /// Lets the store do what may wait.
    pub fn tend(&mut self, now_ms: i64, budget: Duration) -> Result<Tended, StoreError> {
        self.store.tend(now_ms, budget)
    }

    /// Stores what has come in, however little, and gives the store back. What it does not take is lost, and counted.
    pub fn finish(mut self) -> (Store, Counters) {
        self.close_tick();
        self.store_waiting();
        self.counters.unstored += self.waiting.iter().map(|tick| tick.values.len() as u64).sum::<u64>();
        (self.store, self.counters)
    }

    /// What is stored, for questions.
    pub fn store(&self) -> &Store {
        &self.store
    }

    fn take_row(&mut self, row: &Row, batch: &Batch) -> Option<Ask> {
        let kept = self.kept.get_mut(&row.target)?;
        self.counters.late += u64::from(row.late_ms > 250);
        self.counters.skipped += u64::from(row.skipped);
        let (layout, values) = match &row.outcome {
            Outcome::Page { layout, values, lost } => {
                self.counters.pages += 1;
                if let Some(lost) = lost {
                    self.counters.left_out += lost.over_limit + lost.too_long + lost.malformed;
                }
                kept.failing = None;
                (layout.clone(), &batch.values[values.clone()])
            }
            Outcome::Failed(error) => {
                *self.counters.failures.entry(error.word()).or_default() += 1;
                kept.failing = Some(error.word());
                (nothing(), &[][..])
            }
        };
        let shape = match shape(&mut self.layouts, &mut self.store, &layout) {
            Ok(shape) => shape,
            Err(error) => {
                self.counters.unstored += values.len() as u64;
                self.trouble = Some(error.to_string());
                return None;
            }
        };
        let from = self.open.values.len();
        self.open.values.push(f64::from(u8::from(kept.failing.is_none())));
        self.open.values.extend_from_slice(values);
        let place = from..self.open.values.len();
        self.open.rows.push((row.target, shape.id, row.at_ms - self.open.at_ms, place));
        let goroutines = values.get(shape.goroutines?).copied().filter(|count| *count >= 0.0)?;
        let of = |at: Option<usize>| at.and_then(|at| values.get(at).copied());
        let requests = (!shape.requests.is_empty()).then(|| shape.requests.iter().filter_map(|at| values.get(*at)).sum());
        let at_s = row.at_ms as f64 / 1e3;
        let reading = Reading { at_s, goroutines, requests, cpu_s: of(shape.cpu_s), started: of(shape.started) };
        Some(kept.course.read(&self.rules, reading))
    }

    fn close_tick(&mut self) {
        if self.open.rows.is_empty() {
            return;
        }
        self.waiting.push_back(std::mem::take(&mut self.open));
        if self.waiting.len() > TICKS_KEPT {
            let lost = self.waiting.pop_front().map_or(0, |tick| tick.values.len());
            self.counters.unstored += lost as u64;
        }
    }

    fn store_waiting(&mut self) {
        while let Some(tick) = self.waiting.front() {
            match append(&mut self.store, &mut self.kept, tick) {
                Ok(samples) => {
                    self.counters.samples += samples;
                    self.trouble = None;
                    self.waiting.pop_front();
                }
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    return;
                }
            }
        }
    }
}

/// The page of a target that did not answer.
fn nothing() -> Arc<Layout> {
    static NOTHING: std::sync::OnceLock<Arc<Layout>> = std::sync::OnceLock::new();
    NOTHING.get_or_init(Arc::default).clone()
}

fn shape<'l>(layouts: &'l mut HashMap<usize, Shape>, store: &mut Store, layout: &Arc<Layout>) -> Result<&'l Shape, StoreError> {
    let address = Arc::as_ptr(layout) as usize;
    if layouts.len() >= LAYOUTS_SWEPT_AT && !layouts.contains_key(&address) {
        layouts.retain(|_, shape| Arc::strong_count(&shape.layout) > IDLE_HOLDERS);
    }
    match layouts.entry(address) {
        std::collections::hash_map::Entry::Occupied(known) => Ok(known.into_mut()),
        std::collections::hash_map::Entry::Vacant(new) => {
            let keys: Vec<&str> = std::iter::once(UP).chain(layout.series().map(|(key, _)| key)).collect();
            let id = store.layout(&keys)?;
            let at = |name: &str| layout.series().position(|(key, _)| key == name);
            let counts = |(at, (key, _)): (usize, (&str, _))| REQUESTS.contains(&&*parts(key).0).then_some(at);
            Ok(new.insert(Shape {
                id,
                goroutines: at("go_goroutines").or_else(|| at("go_sched_goroutines_goroutines")),
                cpu_s: at("process_cpu_seconds_total"),
                started: at("process_start_time_seconds"),
                requests: layout.series().enumerate().filter_map(counts).collect(),
                layout: layout.clone(),
            }))
        }
    }
}

/// Appends a tick; new instances are named in the same transaction.
fn append(store: &mut Store, kept: &mut BTreeMap<u32, Kept>, tick: &TickRows) -> Result<u64, StoreError> {
    let appended = store.together(|store| {
        let mut rows = Vec::with_capacity(tick.rows.len());
        for (target, layout, offset_ms, values) in &tick.rows {
            let Some(kept) = kept.get_mut(target) else { continue };
            let instance = if let Some(instance) = kept.instance {
                instance
            } else {
                let labels: Vec<(&str, &str)> = kept.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                *kept.instance.insert(store.instance(&labels)?)
            };
            let values = tick.values.get(values.clone()).unwrap_or_default();
            rows.push(herd_store::Row { instance, layout: *layout, offset_ms: *offset_ms, values });
        }
        store.append(&Tick { at_ms: tick.at_ms, rows: &rows })
    });
    if appended.is_err() {
        // A number that is not known any more, or was given in what has been undone, is asked for again.
        for kept in kept.values_mut() {
            kept.instance = None;
        }
    }
    appended.map(|appended| appended.samples)
}
