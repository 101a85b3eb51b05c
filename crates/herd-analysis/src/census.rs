//! Who stands where: exact groups that are equal across processes, and the families they form.

use std::collections::hash_map::Entry;

use herd_model::{Cluster, ClusterId, FrameId, Place, Snapshot, StateClass, WaitMinutes, WaitReason};
use rustc_hash::FxHashMap;

use crate::names;

/// Clusters that are the same code in the same kind of wait: equal normalised frames, creator and state class.
#[derive(Clone, Debug)]
pub struct Group {
    /// Content hash of frames, creator and state class; equal across processes and builds of the same lines.
    pub id: u64,
    /// Content hash of the frames alone: joins witnesses that carry no creator.
    pub frames_id: u64,
    /// State class, refined by frames.
    pub class: StateClass,
    /// Wait reason of the largest cluster.
    pub state: WaitReason,
    /// The state was inferred from frames; it is then no part of the identity.
    pub state_inferred: bool,
    /// Goroutines.
    pub count: u64,
    /// Of these, tagged `(leaked)`.
    pub leaked: u64,
    /// Ages.
    pub waits: WaitMinutes,
    /// Clusters of the snapshot in it.
    pub clusters: Vec<ClusterId>,
    /// Its frames without hidden runtime frames, innermost first.
    pub frames: Vec<FrameId>,
    /// The blocking user frame (see [`blocking_frame`]).
    pub at: Option<FrameId>,
    /// The `go` statement.
    pub created_by: Option<FrameId>,
    /// The outermost function.
    pub entry: Option<FrameId>,
}

/// Groups that share state class, blocking user frame and creator.
#[derive(Clone, Debug)]
pub struct Family {
    /// Content hash of the three.
    pub id: u64,
    /// State class.
    pub class: StateClass,
    /// Goroutines.
    pub count: u64,
    /// Of these, tagged `(leaked)`.
    pub leaked: u64,
    /// Indices into [`Census::groups`], largest first.
    pub groups: Vec<usize>,
}

/// A snapshot by group and family. Σ groups = Σ families = goroutines.
#[derive(Clone, Debug)]
pub struct Census {
    /// Groups, largest first, ties by id.
    pub groups: Vec<Group>,
    /// Families, largest first, ties by id.
    pub families: Vec<Family>,
}

/// Counts a snapshot by group and family. Cost: linear in distinct stacks times depth.
pub fn census(snapshot: &Snapshot) -> Census {
    let mut groups: Vec<Group> = Vec::new();
    let mut index: FxHashMap<u64, usize> = FxHashMap::default();
    let mut largest: Vec<u64> = Vec::new();
    for (id, cluster) in (0u32..).map(ClusterId).zip(&snapshot.clusters) {
        let group = group_of(snapshot, id, cluster);
        match index.entry(group.id) {
            Entry::Vacant(slot) => {
                slot.insert(groups.len());
                largest.push(cluster.count);
                groups.push(group);
            }
            Entry::Occupied(slot) => {
                let at = *slot.get();
                if cluster.count > largest[at] {
                    largest[at] = cluster.count;
                    groups[at].state.clone_from(&cluster.state);
                }
                merge(&mut groups[at], group);
            }
        }
    }
    groups.sort_by(|a, b| b.count.cmp(&a.count).then(a.id.cmp(&b.id)));
    let families = families(snapshot, &groups);
    Census { groups, families }
}

fn group_of(snapshot: &Snapshot, id: ClusterId, cluster: &Cluster) -> Group {
    let stack = snapshot.stack(cluster);
    let frames: Vec<FrameId> =
        stack.frames.iter().copied().filter(|frame| !names::is_hidden_runtime(snapshot.func(*frame))).collect();
    let class = class_of(snapshot, cluster);
    let mut hash = Fnv::new();
    for frame in &frames {
        hash.frame(snapshot, *frame);
    }
    hash.number(u64::from(stack.elided));
    let frames_id = hash.0;
    hash.text(identity_class(class, cluster.state_inferred));
    if let Some(creator) = stack.created_by {
        hash.frame(snapshot, creator);
    }
    Group {
        id: hash.0,
        frames_id,
        class,
        state: cluster.state.clone(),
        state_inferred: cluster.state_inferred,
        count: cluster.count,
        leaked: cluster.leaked,
        waits: cluster.waits.clone(),
        clusters: vec![id],
        at: blocking_frame(snapshot, &frames),
        created_by: stack.created_by,
        entry: frames.last().copied(),
        frames,
    }
}

fn merge(into: &mut Group, from: Group) {
    into.count += from.count;
    into.leaked += from.leaked;
    into.waits.unaged += from.waits.unaged;
    for (minute, count) in from.waits.by_minute {
        *into.waits.by_minute.entry(minute).or_default() += count;
    }
    into.clusters.extend(from.clusters);
}

fn families(snapshot: &Snapshot, groups: &[Group]) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    let mut index: FxHashMap<u64, usize> = FxHashMap::default();
    for (at, group) in groups.iter().enumerate() {
        let id = family_id(snapshot, group);
        let slot = *index.entry(id).or_insert_with(|| {
            families.push(Family { id, class: group.class, count: 0, leaked: 0, groups: Vec::new() });
            families.len() - 1
        });
        families[slot].count += group.count;
        families[slot].leaked += group.leaked;
        families[slot].groups.push(at);
    }
    families.sort_by(|a, b| b.count.cmp(&a.count).then(a.id.cmp(&b.id)));
    families
}

fn family_id(snapshot: &Snapshot, group: &Group) -> u64 {
    let mut hash = Fnv::new();
    hash.text(identity_class(group.class, group.state_inferred));
    if let Some(at) = group.at {
        hash.frame(snapshot, at);
    }
    match (group.created_by, group.entry) {
        (Some(creator), _) => hash.frame(snapshot, creator),
        (None, Some(entry)) => hash.text(&names::normal(snapshot.func(entry))),
        (None, None) => {}
    }
    hash.0
}

/// An inferred state may be told in one snapshot of a series and hidden in the next; what is the same goroutines must stay so.
fn identity_class(class: StateClass, inferred: bool) -> &'static str {
    if inferred { "inferred" } else { class.as_str() }
}

/// The frame a reader would name as blocked: the innermost outside the standard library; where all are of the standard library, the
/// innermost that is not machinery (`net/http.(*persistConn).readLoop`); else the innermost.
pub fn blocking_frame(snapshot: &Snapshot, frames: &[FrameId]) -> Option<FrameId> {
    let outside = |frame: &FrameId| {
        let func = snapshot.func(*frame);
        !names::is_std(func, snapshot.file(*frame)) && !names::is_machinery(func)
    };
    let meaningful = |frame: &FrameId| !names::is_machinery(snapshot.func(*frame));
    frames
        .iter()
        .find(|frame| outside(frame))
        .or_else(|| frames.iter().find(|frame| meaningful(frame)))
        .or(frames.first())
        .copied()
}

/// The state class, with `semacquire` of Go before 1.22 told apart by frames.
pub fn class_of(snapshot: &Snapshot, cluster: &Cluster) -> StateClass {
    let class = cluster.state.class();
    if class != StateClass::Semaphore {
        return class;
    }
    for frame in snapshot.stack(cluster).frames.iter().take(8) {
        let func = snapshot.func(*frame);
        if func.starts_with("sync.(*WaitGroup)") {
            return StateClass::WaitGroup;
        }
        if func.starts_with("sync.(*Mutex)") || func.starts_with("sync.(*RWMutex)") || func.starts_with("internal/sync.(*Mutex)")
        {
            return StateClass::Lock;
        }
        if func.starts_with("sync.(*Cond)") {
            return StateClass::Cond;
        }
    }
    class
}

/// A frame as a place in source.
pub fn place(snapshot: &Snapshot, frame: FrameId) -> Place {
    Place { func: snapshot.func(frame).to_owned(), file: snapshot.file(frame).to_owned(), line: snapshot.frame(frame).line }
}

/// FNV-1a, 64 bits: small, and the same on every machine and release, which ids in links and suppression files need.
#[derive(Clone, Copy, Debug)]
pub struct Fnv(pub u64);

impl Fnv {
    /// The offset basis.
    #[allow(clippy::new_without_default, reason = "a hash state has no meaningful default value")]
    pub fn new() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a text and its end.
    pub fn text(&mut self, text: &str) {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.0 = (self.0 ^ 0xff).wrapping_mul(0x0100_0000_01b3);
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        for byte in number.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Adds a frame in its normal form: function, base name of the file, line. Folders differ between build machines.
    pub fn frame(&mut self, snapshot: &Snapshot, frame: FrameId) {
        self.text(&names::normal(snapshot.func(frame)));
        self.text(names::base(snapshot.file(frame)));
        self.number(u64::from(snapshot.frame(frame).line));
    }
}

/// An id as it is printed.
pub fn hex(id: u64) -> String {
    format!("{id:016x}")
}
