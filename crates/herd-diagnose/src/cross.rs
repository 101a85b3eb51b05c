//! The memory's proof of leak held against the runtime's own leak profile, goroutine by goroutine.
//!
//! Both are right where they speak and silent where they cannot tell: the runtime passes over what a timer or a stale word may keep,
//! the memory over what a stale word may keep elsewhere, and each was taken at its own moment.

use herd_model::{GoroutineLog, Note, Snapshot, StateClass};
use rustc_hash::{FxHashMap, FxHashSet};

/// The goroutine of `main`: the runtime may list it by mistake.
const MAIN: u64 = 1;
/// Goroutines known to both by their ids and where they were started, in per cent, below which they are of different processes.
const SAME_PERCENT: u64 = 50;

/// Who calls which goroutines leaked.
#[derive(Clone, Debug, Default)]
pub struct Cross {
    /// Both do.
    pub both: FxHashSet<u64>,
    /// The memory alone does.
    pub only_ours: FxHashSet<u64>,
    /// The runtime alone does, and the goroutine stood where it stands when the memory was read.
    pub only_theirs: FxHashSet<u64>,
    /// The runtime does; the goroutine was not there yet, or stood elsewhere, when the memory was read.
    pub moved: u64,
    /// Proven, and not in the runtime's list of all goroutines: that cannot be.
    pub ended: u64,
}

/// Joins both by goroutine id. Nothing, and why, where `runtime` is of another process. What the runtime alone calls leaked is tagged in
/// `memory` only where it is `certain` that both are one process: its twin counts its goroutines alike.
pub(crate) fn check(memory: &mut Snapshot, runtime: &Snapshot, name: &str, certain: bool) -> (Option<Cross>, Vec<Note>) {
    let ours = by_id(memory);
    let theirs = by_id(runtime);
    let known =
        theirs.iter().filter(|(id, there)| ours.get(id).is_some_and(|here| here.started_by == there.started_by)).count() as u64;
    let all = theirs.len() as u64;
    // What nothing can wake does not end.
    let lost = |(id, here): (&u64, &Known)| here.leaked && theirs.get(id).is_none_or(|there| there.at != here.at);
    let contradicts = !certain && ours.iter().any(lost);
    if known * 100 < all * SAME_PERCENT || contradicts {
        let text = format!(
            "the leak profile of {name} is of another process: of its {all} goroutines {known} are known here by id and place; it is not used"
        );
        return (None, vec![crate::advice(text)]);
    }
    let mut cross = Cross::default();
    for (id, there) in theirs.iter().filter(|(id, there)| there.leaked && **id != MAIN) {
        match ours.get(id) {
            Some(here) if here.leaked => cross.both.insert(*id),
            Some(here) if here.class == there.class && here.at == there.at => cross.only_theirs.insert(*id),
            _ => {
                cross.moved += 1;
                false
            }
        };
    }
    for (id, _) in ours.iter().filter(|(_, here)| here.leaked) {
        if !theirs.contains_key(id) {
            cross.ended += 1;
        } else if !cross.both.contains(id) {
            cross.only_ours.insert(*id);
        }
    }
    if certain {
        tag(memory, &cross.only_theirs);
    }
    let notes = notes(&cross);
    (Some(cross), notes)
}

/// Whether the runtime tells each goroutine apart and does not call all leaked that are proven.
pub(crate) fn misses(memory: &Snapshot, runtime: &Snapshot) -> bool {
    let leaked = |snapshot: &Snapshot| -> FxHashSet<u64> {
        snapshot.goroutines().filter(|(_, goroutine)| goroutine.leaked).map(|(_, goroutine)| goroutine.id).collect()
    };
    runtime.origin.tells_creators() && !leaked(memory).is_subset(&leaked(runtime))
}

/// What both tell of one goroutine.
struct Known {
    class: StateClass,
    /// Innermost function that is none of the runtime's.
    at: Option<String>,
    started_by: Option<String>,
    leaked: bool,
}

fn by_id(snapshot: &Snapshot) -> FxHashMap<u64, Known> {
    let own = |func: &&str| !func.starts_with("runtime.") && !func.starts_with("sync.") && !func.starts_with("internal/");
    let mut known = FxHashMap::default();
    for (id, goroutine) in snapshot.goroutines() {
        let cluster = &snapshot.clusters[id.0 as usize];
        let stack = snapshot.stack(cluster);
        known.insert(
            goroutine.id,
            Known {
                class: cluster.state.class(),
                at: stack.frames.iter().map(|frame| snapshot.func(*frame)).find(own).map(str::to_owned),
                started_by: stack.created_by.map(|frame| snapshot.func(frame).to_owned()),
                leaked: goroutine.leaked,
            },
        );
    }
    known
}

/// Marks goroutines as leaked.
fn tag(snapshot: &mut Snapshot, leaked: &FxHashSet<u64>) {
    for cluster in &mut snapshot.clusters {
        let more = cluster.log.iter().filter(|one| leaked.contains(&one.id)).count() as u64;
        if more == 0 {
            continue;
        }
        let mut log = GoroutineLog::default();
        for mut one in cluster.log.iter() {
            one.leaked |= leaked.contains(&one.id);
            log.push(one);
        }
        cluster.log = log;
        cluster.leaked += more;
    }
}

fn notes(cross: &Cross) -> Vec<Note> {
    let (both, ours, theirs) = (cross.both.len(), cross.only_ours.len(), cross.only_theirs.len());
    let mut notes =
        vec![crate::advice(format!("goroutines that the memory and the runtime's leak profile both call leaked: {both}"))];
    let mut add = |count: u64, what: &str, why: &str| {
        if count > 0 {
            notes.push(crate::advice(format!("{what}: {count}{why}")));
        }
    };
    add(
        ours as u64,
        "goroutines the memory alone proves to be leaked",
        "; the runtime's profile passes over small locks that share a block with others, and over what a word left on a stack still names",
    );
    add(
        theirs as u64,
        "goroutines in the runtime's leak profile alone",
        "; some word the memory holds may still name what they wait on",
    );
    add(
        cross.moved,
        "goroutines of the runtime's leak profile that were not there yet, or stood elsewhere, when the memory was read",
        "",
    );
    add(
        cross.ended,
        "goroutines nothing could wake that are not in the runtime's list of all goroutines",
        "; the process was restarted in between, or this is a fault of goherd's to be reported",
    );
    notes
}
