//! An execution trace beside a dump: the goroutines of both, by their ids. The dump says where each stands and why, the trace when it was
//! created, whether it ever moved since, and whether waits at its place ever end (S7).
//!
//! Why a trace of seconds can tell a leak from a long wait: where goroutines come and go at a steady rate, however long each of them
//! waits, as many waits end in the trace as begin. Eight or more that began, at moments spread over the trace, and not one that ended,
//! of these or of those before, is as likely as e⁻⁸ by chance (Poisson). What is left is load that began just then, and a stall: so
//! goroutines that come with connections or requests in progress are not judged, and a short trace without older goroutines at the
//! same place only raises a suspicion.

use herd_analysis::trace::{Alive, AliveState, Finished, Listing, Listings, Released};
use herd_model::{Certainty, Evidence, EvidenceKind, Note, Snapshot, StateClass, TraceTables, is_runtime};
use herd_patterns::Scene;
use herd_sources::Traced as TraceRead;
use rustc_hash::FxHashMap;

use crate::load;

/// Share of a family that must stand without a move for the trace to speak of it.
const UNMOVED: f64 = 0.9;
/// Goroutines created in the trace from which a family is said to grow; see above.
const CREATED_MIN: u64 = 8;
/// Moments of creation, apart from each other: goroutines of one burst are one moment.
const MOMENTS_MIN: usize = 5;
/// How far apart moments are, as a share of the trace up to the dump.
const APART: f64 = 0.01;
/// Share of the trace up to the dump over which the moments must be spread: what a start-up creates is created at its beginning.
const SPREAD: f64 = 0.6;
/// Seconds of trace below which nothing is said: a burst of work lasts as long.
const SUSPECTED_S: f64 = 1.0;
/// Seconds of trace from which goroutines that pile up are confirmed by it; less where the dump shows waits of a minute.
const CONFIRMED_S: f64 = 10.0;
/// Share of ids found with another function from which the trace is of another process.
const OTHER_PROCESS: f64 = 0.1;
/// The format of Go 1.22, which does not tell where a goroutine stood that was there before the trace.
const BLIND_FORMAT: u32 = 22;

/// What a trace of the process shows of its goroutines.
#[derive(Clone, Debug)]
pub struct TraceWitness {
    /// The trace's name.
    pub name: String,
    /// Seconds it spans.
    span_s: f64,
    /// It shows waits that began before it.
    sees_older: bool,
    /// Nothing of it was lost.
    whole: bool,
    /// There is no dump: the goroutines are the trace's own.
    alone: bool,
    known: FxHashMap<u64, Known>,
    listings: Listings,
    /// When the dump was taken, in nanoseconds since the trace began.
    dumped_ns: Option<u64>,
}

/// One goroutine, as the trace ends.
#[derive(Clone, Debug)]
struct Known {
    waiting: bool,
    /// When what it does began, in nanoseconds since the trace began; absent for what began before it.
    since_ns: Option<u64>,
    created_ns: Option<u64>,
    released: Released,
    site_ended: u64,
    entry: Option<String>,
}

/// What it shows of one family.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Traced {
    /// Goroutines of the family.
    pub(crate) of: u64,
    /// Of these, known to the trace.
    pub(crate) joined: u64,
    /// Of these, waiting when the trace ended, without a move since the dump.
    pub(crate) unmoved: u64,
    /// Of these, created in the trace.
    pub(crate) created: u64,
    /// Of the joined, how many left the wait the dump shows; without a dump, how many have not waited longer than waits there do that end.
    pub(crate) moved: u64,
    /// Waits at the same place that ended in the trace.
    pub(crate) released: u64,
    /// The longest of those, in seconds.
    pub(crate) released_max_s: f64,
    /// Goroutines of the same `go` statement that ended in the trace.
    pub(crate) ended: u64,
    /// Moments of creation that are apart.
    pub(crate) moments: usize,
    /// Share of the trace, up to the dump, between the first and the last of them.
    pub(crate) spread: f64,
}

impl TraceWitness {
    /// From a finished portrait and what its reader counted.
    pub fn new(read: &TraceRead, finished: Finished, tables: &TraceTables) -> Self {
        let span_s = finished.report.span_s;
        let end_ns = (span_s * 1e9).round() as u64;
        TraceWitness {
            name: read.target_name.clone(),
            span_s,
            sees_older: read.summary.format > BLIND_FORMAT,
            whole: read.summary.losses.is_whole(),
            alone: false,
            known: finished.alive.iter().map(|alive| (alive.id, known(alive, end_ns, tables))).collect(),
            listings: finished.listings,
            dumped_ns: None,
        }
    }

    /// The goroutines judged are the trace's own, as it ended.
    #[must_use]
    pub fn alone(self) -> Self {
        TraceWitness { alone: true, ..self }
    }

    /// Finds the dump in the trace. `None` when it is of another process; else what there is to say of the join.
    pub fn joined(mut self, dump: &Snapshot) -> (Option<Self>, Vec<Note>) {
        let ids: Vec<u64> = dump.goroutines().map(|(_, goroutine)| goroutine.id).filter(|id| *id > 0).collect();
        if ids.is_empty() {
            let text = format!("{} is not held against the dump, which tells no ids: give debug=2 text", self.name);
            return (None, vec![crate::advice(text)]);
        }
        let (same, other) = self.same_functions(dump);
        if other as f64 > OTHER_PROCESS * (same + other) as f64 {
            let text = format!(
                "{} is of another process than the dump: {other} goroutines of the same id run other functions",
                self.name
            );
            return (None, vec![crate::advice(text)]);
        }
        self.dumped_ns = self.dumped(&ids).map(|listing| listing.to_ns);
        let joined = ids.iter().filter(|id| self.is_known(**id)).count();
        let text = match self.dumped_ns {
            Some(ns) => format!(
                "{joined} of the {} goroutines of the dump stand in {}, {:.3} s after whose beginning it was taken",
                ids.len(),
                self.name,
                ns as f64 / 1e9
            ),
            None => format!(
                "{joined} of the {} goroutines of the dump stand in {}; when it was taken cannot be told, for the trace shows no listing that fits",
                ids.len(),
                self.name
            ),
        };
        (Some(self), vec![crate::advice(text)])
    }

    fn is_known(&self, id: u64) -> bool {
        self.known.contains_key(&id) || self.dumped_ns.is_some() && self.listings.ended.contains_key(&id)
    }

    /// Goroutines of one id that start in the same function in both, and those that do not.
    fn same_functions(&self, dump: &Snapshot) -> (usize, usize) {
        let (mut same, mut other) = (0, 0);
        for (cluster, goroutine) in dump.goroutines() {
            let frames = &dump.stack(&dump.clusters[cluster.0 as usize]).frames;
            let entry = self.known.get(&goroutine.id).and_then(|known| known.entry.as_deref());
            // Wrappers the compiler makes stand in traces only.
            let Some(entry) = entry.filter(|entry| !entry.contains("gowrap") && !entry.contains("dwrap")) else { continue };
            if frames.iter().any(|frame| dump.func(*frame) == entry) { same += 1 } else { other += 1 }
        }
        (same, other)
    }

    /// The listing that is the dump: the latest that was after all of its goroutines were created and before any of them ended. Where
    /// several fit, what happened after the latest happened after the dump, too.
    fn dumped(&self, ids: &[u64]) -> Option<Listing> {
        let created = ids.iter().filter_map(|id| self.known.get(id)?.created_ns).max().unwrap_or(0);
        let ended = ids.iter().filter_map(|id| self.listings.ended.get(id).copied()).min().unwrap_or(u64::MAX);
        let fits = |listing: &&Listing| created <= listing.to_ns && listing.from_ns <= ended && listing.to_ns != u64::MAX;
        self.listings.all.iter().rev().find(fits).copied()
    }

    /// What it shows of a scene's family.
    pub(crate) fn of(&self, scene: &Scene<'_>) -> Traced {
        let (snapshot, point) = (scene.snapshot(), scene.point);
        let clusters = scene.family().groups.iter().flat_map(|at| &point.census.groups[*at].clusters);
        let ids = clusters.flat_map(|id| snapshot.clusters[id.0 as usize].log.iter()).map(|goroutine| goroutine.id);
        let mut traced = Traced { of: scene.count(), ..Traced::default() };
        let mut created: Vec<f64> = Vec::new();
        // Goroutines of a family wait at one place, up to lines further out: the one where most waits end speaks for all.
        let mut released = (0, 0);
        for id in ids {
            let Some(known) = self.known.get(&id) else {
                let ended = u64::from(self.is_known(id));
                traced.joined += ended;
                traced.moved += ended;
                continue;
            };
            traced.joined += 1;
            traced.ended = traced.ended.max(known.site_ended);
            if !known.waiting || self.dumped_ns.is_some_and(|ns| known.since_ns.is_some_and(|since_ns| since_ns > ns)) {
                traced.moved += u64::from(self.dumped_ns.is_some());
                continue;
            }
            traced.unmoved += 1;
            traced.moved += u64::from(self.alone && self.waits_as_usual(known));
            released = released.max((known.released.count, known.released.max_ns));
            created.extend(known.created_ns.map(|ns| ns as f64 / 1e9));
        }
        (traced.released, traced.released_max_s) = (released.0, released.1 as f64 / 1e9);
        traced.created = created.len() as u64;
        (traced.moments, traced.spread) = self.moments(created);
        traced
    }

    fn waits_as_usual(&self, known: &Known) -> bool {
        let for_ns = known.since_ns.map(|since_ns| ((self.span_s * 1e9) as u64).saturating_sub(since_ns));
        known.released.count > 0 && for_ns.is_some_and(|ns| ns <= known.released.max_ns)
    }

    /// Seconds of the trace in which goroutines of the dump can have been created.
    fn window_s(&self) -> f64 {
        self.dumped_ns.map_or(self.span_s, |ns| ns as f64 / 1e9)
    }

    fn moments(&self, mut at_s: Vec<f64>) -> (usize, f64) {
        at_s.sort_by(f64::total_cmp);
        let window_s = self.window_s();
        let apart = window_s * APART;
        let mut moments = usize::from(!at_s.is_empty());
        let mut last = at_s.first().copied().unwrap_or_default();
        for at in &at_s {
            if at - last >= apart {
                moments += 1;
                last = *at;
            }
        }
        let spread = at_s.last().zip(at_s.first()).map_or(0.0, |(last, first)| last - first);
        (moments, if window_s > 0.0 { spread / window_s } else { 0.0 })
    }

    /// Whether goroutines of the family came all through the trace and no wait at their place ever ended, and how sure that makes.
    pub(crate) fn leak(&self, scene: &Scene<'_>, traced: &Traced) -> Option<Certainty> {
        let stand = traced.joined > 0 && traced.unmoved as f64 >= UNMOVED * traced.of as f64;
        let grows = traced.created >= CREATED_MIN && traced.moments >= MOMENTS_MIN && traced.spread >= SPREAD;
        if !self.whole
            || !stand
            || !grows
            || traced.released > 0
            || self.window_s() < SUSPECTED_S
            || self.explained(scene, traced)
        {
            return None;
        }
        let older = traced.unmoved - traced.created;
        let long = self.window_s() >= CONFIRMED_S || scene.facts().aged > 0;
        // Who reads from a silent peer may be waiting for one that has nothing to say.
        let silent = scene.class() == StateClass::Io;
        if silent && !long {
            return None;
        }
        let confirmed = older > 0 && long && !silent && !self.alone && self.sees_older;
        Some(if confirmed { Certainty::Confirmed } else { Certainty::Suspected })
    }

    /// They sleep, or come with connections or requests that are in progress.
    fn explained(&self, scene: &Scene<'_>, traced: &Traced) -> bool {
        let gain = |family: &Scene<'_>| self.of(family).created;
        scene.class() == StateClass::Sleep || load::comes_with_load(scene, traced.created, &gain)
    }

    /// All of the family left the wait that the dump shows, for what they waited for came; or wait no longer than others there do.
    pub(crate) fn moved_on(traced: &Traced) -> bool {
        traced.of > 0 && traced.moved == traced.of
    }

    /// What it shows of a family, in sentences.
    pub(crate) fn facts(&self, traced: &Traced) -> Vec<Evidence> {
        if traced.joined == 0 {
            return Vec::new();
        }
        let mut facts = Vec::new();
        if !self.alone {
            let text = format!(
                "the trace shows {} of the {} by their ids: {} wait to its end without a move",
                traced.joined, traced.of, traced.unmoved
            );
            let fact = Evidence::new(EvidenceKind::Trace, text);
            facts.push(fact.with("joined", &traced.joined).with("of", &traced.of).with("unmoved", &traced.unmoved));
        }
        if traced.created > 0 {
            let seconds = (self.span_s * 10.0).round() / 10.0;
            let text = format!(
                "{} were created in the {seconds} s of the trace, at {} moments; of all that the same go statement created, {} ended",
                traced.created, traced.moments, traced.ended
            );
            let fact = Evidence::new(EvidenceKind::Trace, text).with("created", &traced.created).with("seconds", &seconds);
            facts.push(fact.with("moments", &traced.moments).with("ended", &traced.ended));
        }
        if traced.unmoved > 0 {
            facts.push(released_fact(traced));
        }
        facts
    }
}

fn released_fact(traced: &Traced) -> Evidence {
    let longest = (traced.released_max_s * 1000.0).round() / 1000.0;
    let text = match traced.released {
        0 => "no wait at this place ended in the trace".to_owned(),
        count => format!("{count} waits at this place ended in the trace, the longest after {longest} s"),
    };
    let fact = Evidence::new(EvidenceKind::Trace, text).with("released", &traced.released);
    if traced.released > 0 { fact.with("longest", &longest) } else { fact }
}

fn known(alive: &Alive, end_ns: u64, tables: &TraceTables) -> Known {
    Known {
        waiting: alive.state == AliveState::Waiting,
        since_ns: (!alive.began_before).then(|| end_ns.saturating_sub(alive.for_ns)),
        created_ns: alive.created_ns,
        released: alive.released,
        site_ended: alive.site_ended,
        entry: alive.entry.map(|frame| tables.func(frame).to_owned()).filter(|func| !is_runtime(func)),
    }
}
