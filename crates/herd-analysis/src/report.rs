//! A measured snapshot as it is printed.

use std::collections::BTreeMap;

use herd_model::{
    BlockingPoint, ClusterReport, FamilyReport, FrameId, Label, Origin, Place, Snapshot, SnapshotReport, Truncation, WaitMinutes,
};
use rustc_hash::FxHashMap;

use crate::census::{Census, Group, hex, place};
use crate::facts::spread;
use crate::names;
use crate::similar::similar;

/// Clusters printed; the rest is counted under `hidden`.
pub const CLUSTERS_MAX: usize = 2_000;
/// Labels printed a cluster.
const LABELS_MAX: usize = 8;
/// Addresses printed a cluster.
const OBJECTS_MAX: usize = 8;
/// Goroutine ids printed a cluster.
const IDS_MAX: usize = 8;
/// Blocking points printed.
const BLOCKING_POINTS_MAX: usize = 40;

/// Builds the report. `benign` says why a group (by index) is a known long waiter; `taken_at` is RFC 3339. What is not listed is
/// added to `hidden`.
pub fn report(
    snapshot: &Snapshot,
    census: &Census,
    taken_at: Option<String>,
    benign: &dyn Fn(usize) -> Option<String>,
    hidden: &mut BTreeMap<String, u64>,
) -> SnapshotReport {
    let listed = census.groups.len().min(CLUSTERS_MAX);
    let unlisted: u64 = census.groups[listed..].iter().map(|group| group.count).sum();
    if unlisted > 0 {
        hidden.insert("clusters_not_listed".to_owned(), (census.groups.len() - listed) as u64);
        hidden.insert("goroutines_not_listed".to_owned(), unlisted);
    }
    SnapshotReport {
        goroutines: snapshot.goroutines,
        truncated: snapshot.truncated.is_some(),
        truncated_why: snapshot.truncated.as_ref().map(truncation_text),
        origin: origin_text(snapshot.origin).to_owned(),
        taken_at,
        crash: snapshot.crash.as_ref().map(|crash| crash.reason.to_string()),
        states: states(census),
        families: families(snapshot, census, benign),
        clusters: (0..listed).map(|at| cluster_report(snapshot, &census.groups[at], benign(at))).collect(),
        blocking_points: blocking_points(snapshot, census),
        module_entropy: module_entropy(snapshot, census),
        mean_depth: mean_depth(census),
        distinct_stacks: snapshot.stacks.len() as u64,
    }
}

/// The form of a snapshot as a word.
pub fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Stacks => "debug=2",
        Origin::Crash => "crash",
        Origin::ProfileText => "debug=1",
        Origin::ProfileProto => "debug=0",
        Origin::LeakProfile => "goroutineleak",
        Origin::Goleak => "goleak",
        Origin::Saved => "saved",
        Origin::Memory => "memory",
        Origin::Trace => "trace",
    }
}

fn truncation_text(truncation: &Truncation) -> String {
    match truncation {
        Truncation::RuntimeLimit => {
            "the dump is 67,108,864 bytes long, where net/http/pprof stops without a sign; goroutines are missing".to_owned()
        }
        Truncation::CutAt(offset) => format!("the input ends inside a goroutine at byte {offset}"),
        Truncation::CountMismatch { promised, found } => {
            format!("the header promises {promised} goroutines, the records hold {found}")
        }
        Truncation::ReaderLimit(limit) => limit.to_string(),
    }
}

fn states(census: &Census) -> BTreeMap<String, u64> {
    let mut states = BTreeMap::new();
    for group in &census.groups {
        *states.entry(group.state.as_str().to_owned()).or_insert(0) += group.count;
    }
    states
}

fn families(snapshot: &Snapshot, census: &Census, benign: &dyn Fn(usize) -> Option<String>) -> Vec<FamilyReport> {
    census
        .families
        .iter()
        .map(|family| {
            let groups: Vec<&Group> = family.groups.iter().map(|at| &census.groups[*at]).collect();
            let stacks: Vec<&[FrameId]> = groups.iter().map(|group| group.frames.as_slice()).collect();
            let mut waits = WaitMinutes::default();
            for group in &groups {
                crate::facts::add_waits(&mut waits, &group.waits);
            }
            let reasons: Option<Vec<String>> = family.groups.iter().map(|at| benign(*at)).collect();
            FamilyReport {
                id: hex(family.id),
                count: family.count,
                state: groups[0].state.as_str().to_owned(),
                at: at_place(snapshot, groups[0]),
                created_by: started_by(snapshot, groups[0]),
                clusters: groups.iter().map(|group| hex(group.id)).collect(),
                similar: similar(snapshot, &stacks)
                    .into_iter()
                    .map(|set| set.into_iter().map(|at| hex(groups[at].id)).collect())
                    .collect(),
                wait_s: if snapshot.origin.tells_state() { spread(&waits) } else { None },
                benign: reasons.and_then(|reasons| reasons.into_iter().next()),
            }
        })
        .collect()
}

fn cluster_report(snapshot: &Snapshot, group: &Group, benign: Option<String>) -> ClusterReport {
    let first = &snapshot.clusters[group.clusters[0].0 as usize];
    let stack = snapshot.stack(first);
    let tells_age = snapshot.origin.tells_state();
    let mut wait_minutes: BTreeMap<u32, u64> = group.waits.by_minute.clone();
    if group.waits.unaged > 0 {
        *wait_minutes.entry(0).or_default() += group.waits.unaged;
    }
    let clusters = || group.clusters.iter().map(|id| &snapshot.clusters[id.0 as usize]);
    let mut ids: Vec<u64> =
        clusters().flat_map(|cluster| cluster.log.iter().take(IDS_MAX)).map(|goroutine| goroutine.id).collect();
    ids.sort_unstable();
    ids.truncate(IDS_MAX);
    ClusterReport {
        id: hex(group.id),
        count: group.count,
        state: group.state.as_str().to_owned(),
        state_inferred: first.state_inferred,
        wait_s: if tells_age { spread(&group.waits) } else { None },
        wait_minutes: if tells_age { wait_minutes } else { BTreeMap::new() },
        depth: stack.frames.len() as u32,
        elided: stack.elided,
        frames: stack.frames.iter().map(|frame| place(snapshot, *frame)).collect(),
        created_by: stack.created_by.map(|frame| place(snapshot, frame)),
        labels: labels(snapshot, group),
        leaked: group.leaked,
        locked: clusters().map(|cluster| cluster.locked).sum(),
        objects: objects(snapshot, group),
        goroutine_ids: ids,
        benign,
        line: first.line,
        offset: first.offset,
        sample: first.sample.to_string(),
    }
}

fn labels(snapshot: &Snapshot, group: &Group) -> Vec<Label> {
    let mut counted: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for cluster in group.clusters.iter().map(|id| &snapshot.clusters[id.0 as usize]) {
        let mut sets: Vec<_> = cluster.labels.iter().collect();
        sets.sort_unstable();
        for (set, count) in sets {
            for (key, value) in &snapshot.label_sets[set.0 as usize] {
                *counted.entry((snapshot.names.text(*key), snapshot.names.text(*value))).or_default() += count;
            }
        }
    }
    let mut labels: Vec<Label> =
        counted.into_iter().map(|((key, value), count)| Label { key: key.to_owned(), value: value.to_owned(), count }).collect();
    labels.sort_by_key(|label| std::cmp::Reverse(label.count));
    labels.truncate(LABELS_MAX);
    labels
}

fn objects(snapshot: &Snapshot, group: &Group) -> Vec<(String, u64)> {
    let mut all: Vec<_> = group
        .clusters
        .iter()
        .flat_map(|id| snapshot.clusters[id.0 as usize].objects.iter())
        .map(|(at, count)| (*at, *count))
        .collect();
    all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(OBJECTS_MAX);
    all.into_iter().map(|(at, count)| (format!("{:#x}", at.0), count)).collect()
}

/// The blocking user frame of a group as a place.
pub fn at_place(snapshot: &Snapshot, group: &Group) -> Place {
    group.at.map(|frame| place(snapshot, frame)).unwrap_or_default()
}

/// The `go` statement; where the witness names none, or names a spawner (`errgroup`, `sync.(*WaitGroup).Go`, `time.AfterFunc`), the
/// goroutine's outermost function that is neither machinery nor the spawner's own closure.
pub fn started_by(snapshot: &Snapshot, group: &Group) -> Option<Place> {
    match group.created_by {
        Some(creator) if !is_spawner(snapshot.func(creator)) => Some(place(snapshot, creator)),
        // A text that names creators and not this one was cut, or this is main: nobody is named rather than the wrong one.
        None if snapshot.origin.tells_creators() => None,
        _ => {
            let plain = |frame: &&FrameId| {
                let func = snapshot.func(**frame);
                !names::is_hidden_runtime(func) && func != "runtime.goexit" && !names::is_machinery(func) && !is_spawner(func)
            };
            group.frames.iter().rev().find(plain).or(group.frames.last()).map(|frame| place(snapshot, *frame))
        }
    }
}

fn is_spawner(func: &str) -> bool {
    let normal = names::normal(func);
    let stem = normal.strip_suffix(".func").unwrap_or(&normal);
    matches!(
        stem,
        "sync.(*WaitGroup).Go"
            | "golang.org/x/sync/errgroup.(*Group).Go"
            | "golang.org/x/sync/errgroup.(*Group).TryGo"
            | "github.com/goherd/goherd/go/runner.(*Runner).start"
            | "time.goFunc"
            | "context.AfterFunc"
    )
}

fn blocking_points(snapshot: &Snapshot, census: &Census) -> Vec<BlockingPoint> {
    let mut counted: FxHashMap<(&str, FrameId), u64> = FxHashMap::default();
    let mut order: Vec<(&str, FrameId)> = Vec::new();
    for group in &census.groups {
        let Some(frame) = group.frames.first() else { continue };
        let key = (group.state.as_str(), *frame);
        let count = counted.entry(key).or_insert_with(|| {
            order.push(key);
            0
        });
        *count += group.count;
    }
    let mut points: Vec<BlockingPoint> = order
        .into_iter()
        .map(|key| BlockingPoint { state: key.0.to_owned(), at: place(snapshot, key.1), count: counted[&key] })
        .collect();
    points.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.at.cmp(&b.at)));
    points.truncate(BLOCKING_POINTS_MAX);
    points
}

/// H = −Σ p·log2 p over the package of the blocking user frame, weighted by goroutines.
fn module_entropy(snapshot: &Snapshot, census: &Census) -> f64 {
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for group in &census.groups {
        let package = group.at.map_or("", |frame| names::package(snapshot.func(frame)));
        *counted.entry(package).or_default() += group.count;
    }
    let total = counted.values().sum::<u64>() as f64;
    let bits: f64 = counted.values().map(|count| *count as f64 / total).map(|p| -p * p.log2()).sum();
    // An empty or zero sum of negatives is −0.
    bits + 0.0
}

fn mean_depth(census: &Census) -> f64 {
    let goroutines: u64 = census.groups.iter().map(|group| group.count).sum();
    let frames: u64 = census.groups.iter().map(|group| group.count * group.frames.len() as u64).sum();
    if goroutines == 0 { 0.0 } else { frames as f64 / goroutines as f64 }
}
