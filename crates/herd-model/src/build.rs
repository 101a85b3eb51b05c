//! Puts a [`Snapshot`] together: interning, counting, and joining parts read side by side.

use rustc_hash::FxHashMap;

use crate::{
    Ancestor, Cluster, ClusterId, Frame, FrameId, Goroutine, GoroutineLog, LabelSetId, NameId, Names, Origin, Snapshot, Stack,
    StackId, WaitMinutes, WaitReason,
};

/// A snapshot under construction. Interning is O(1) a call; [`SnapshotBuilder::absorb`] is linear in distinct stacks and logged goroutines.
#[derive(Clone, Debug)]
pub struct SnapshotBuilder {
    snapshot: Snapshot,
    frame_index: FxHashMap<Frame, FrameId>,
    stack_index: FxHashMap<Stack, StackId>,
    label_index: FxHashMap<Box<[(NameId, NameId)]>, LabelSetId>,
    cluster_index: FxHashMap<(StackId, WaitReason), ClusterId>,
}

impl SnapshotBuilder {
    /// An empty snapshot of the given form.
    pub fn new(origin: Origin) -> Self {
        SnapshotBuilder {
            snapshot: Snapshot {
                origin,
                taken_at_ns: None,
                go_version: None,
                names: Names::default(),
                frames: Vec::new(),
                stacks: Vec::new(),
                label_sets: Vec::new(),
                clusters: Vec::new(),
                goroutines: 0,
                truncated: None,
                crash: None,
                waits: None,
                account: None,
            },
            frame_index: FxHashMap::default(),
            stack_index: FxHashMap::default(),
            label_index: FxHashMap::default(),
            cluster_index: FxHashMap::default(),
        }
    }

    /// What has been put in.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Origin, time, version, truncation and crash are set directly; counts and indexes are the builder's.
    pub fn snapshot_mut(&mut self) -> &mut Snapshot {
        &mut self.snapshot
    }

    /// Interns a text.
    pub fn name(&mut self, text: &str) -> NameId {
        self.snapshot.names.intern(text)
    }

    /// Interns a frame.
    pub fn frame(&mut self, func: &str, file: &str, line: u32) -> FrameId {
        let frame = Frame { func: self.name(func), file: self.name(file), line };
        let next = FrameId(self.snapshot.frames.len() as u32);
        *self.frame_index.entry(frame).or_insert_with(|| {
            self.snapshot.frames.push(frame);
            next
        })
    }

    /// Interns a stack.
    pub fn stack(&mut self, stack: Stack) -> StackId {
        if let Some(id) = self.stack_index.get(&stack) {
            return *id;
        }
        let id = StackId(self.snapshot.stacks.len() as u32);
        self.snapshot.stacks.push(stack.clone());
        self.stack_index.insert(stack, id);
        id
    }

    /// Interns a label set; pairs are sorted here.
    pub fn labels(&mut self, mut pairs: Vec<(NameId, NameId)>) -> LabelSetId {
        pairs.sort_by(|a, b| self.snapshot.names.text(a.0).cmp(self.snapshot.names.text(b.0)));
        let pairs = pairs.into_boxed_slice();
        if let Some(id) = self.label_index.get(&pairs) {
            return *id;
        }
        let id = LabelSetId(self.snapshot.label_sets.len() as u32);
        self.snapshot.label_sets.push(pairs.clone());
        self.label_index.insert(pairs, id);
        id
    }

    /// The cluster of a stack and wait reason, new (with zero goroutines) or known.
    pub fn cluster(&mut self, stack: StackId, state: WaitReason) -> ClusterId {
        let key = (stack, state);
        if let Some(id) = self.cluster_index.get(&key) {
            return *id;
        }
        let id = ClusterId(self.snapshot.clusters.len() as u32);
        self.snapshot.clusters.push(Cluster {
            stack,
            state: key.1.clone(),
            state_inferred: false,
            count: 0,
            leaked: 0,
            locked: 0,
            waits: WaitMinutes::default(),
            object_kind: None,
            objects: FxHashMap::default(),
            labels: FxHashMap::default(),
            log: GoroutineLog::default(),
            offset: 0,
            line: 0,
            sample: Box::default(),
        });
        self.cluster_index.insert(key, id);
        id
    }

    /// A cluster to count into.
    pub fn cluster_mut(&mut self, id: ClusterId) -> &mut Cluster {
        &mut self.snapshot.clusters[id.0 as usize]
    }

    /// Counts a goroutine into a cluster and keeps its record. What it waits on is the reader's to count, within the reader's limits.
    pub fn log(&mut self, id: ClusterId, goroutine: &Goroutine) {
        let cluster = self.cluster_mut(id);
        cluster.count += 1;
        cluster.leaked += u64::from(goroutine.leaked);
        cluster.locked += u64::from(goroutine.locked);
        match goroutine.wait_minutes {
            Some(minutes) => *cluster.waits.by_minute.entry(minutes).or_default() += 1,
            None => cluster.waits.unaged += 1,
        }
        if let Some(labels) = goroutine.labels {
            *cluster.labels.entry(labels).or_default() += 1;
        }
        cluster.log.push(*goroutine);
    }

    /// Adds all of `part`, which was read from later in the same input; offsets and lines of `part` must already be absolute.
    pub fn absorb(&mut self, part: &Snapshot) {
        let label_map: Vec<LabelSetId> = part
            .label_sets
            .iter()
            .map(|set| {
                let pairs = set.iter().map(|(k, v)| (self.name(part.names.text(*k)), self.name(part.names.text(*v)))).collect();
                self.labels(pairs)
            })
            .collect();
        let frame_map: Vec<FrameId> = part
            .frames
            .iter()
            .map(|frame| self.frame(part.names.text(frame.func), part.names.text(frame.file), frame.line))
            .collect();
        let frames = |ids: &[FrameId]| -> Box<[FrameId]> { ids.iter().map(|id| frame_map[id.0 as usize]).collect() };
        let creator = |id: Option<FrameId>| id.map(|id| frame_map[id.0 as usize]);
        for from in &part.clusters {
            let source = &part.stacks[from.stack.0 as usize];
            let stack = self.stack(Stack {
                frames: frames(&source.frames),
                created_by: creator(source.created_by),
                ancestors: source
                    .ancestors
                    .iter()
                    .map(|a| Ancestor { frames: frames(&a.frames), created_by: creator(a.created_by) })
                    .collect(),
                ..*source
            });
            let id = self.cluster(stack, from.state.clone());
            let into = self.cluster_mut(id);
            add_cluster(into, from, &label_map);
        }
        self.snapshot.go_version = self.snapshot.go_version.take().or_else(|| part.go_version.clone());
        self.snapshot.crash = self.snapshot.crash.take().or_else(|| part.crash.clone());
        self.snapshot.truncated = self.snapshot.truncated.take().or_else(|| part.truncated.clone());
        self.snapshot.taken_at_ns = self.snapshot.taken_at_ns.or(part.taken_at_ns);
    }

    /// The finished snapshot, its total counted.
    pub fn finish(mut self) -> Snapshot {
        self.snapshot.goroutines = self.snapshot.clusters.iter().map(|cluster| cluster.count).sum();
        self.snapshot
    }
}

fn add_cluster(into: &mut Cluster, from: &Cluster, label_map: &[LabelSetId]) {
    if into.count == 0 {
        into.offset = from.offset;
        into.line = from.line;
        into.sample.clone_from(&from.sample);
        into.state_inferred = from.state_inferred;
        into.object_kind = from.object_kind;
    }
    into.count += from.count;
    into.leaked += from.leaked;
    into.locked += from.locked;
    into.waits.unaged += from.waits.unaged;
    for (minute, count) in &from.waits.by_minute {
        *into.waits.by_minute.entry(*minute).or_default() += count;
    }
    let mut objects: Vec<_> = from.objects.iter().collect();
    objects.sort_unstable();
    for (address, count) in objects {
        *into.objects.entry(*address).or_default() += count;
    }
    let mut labels: Vec<_> = from.labels.iter().collect();
    labels.sort_unstable();
    for (set, count) in labels {
        *into.labels.entry(label_map[set.0 as usize]).or_default() += count;
    }
    for mut goroutine in from.log.iter() {
        goroutine.labels = goroutine.labels.map(|set| label_map[set.0 as usize]);
        into.log.push(goroutine);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(func: &str, ids: &[u64]) -> Snapshot {
        let mut builder = SnapshotBuilder::new(Origin::Stacks);
        let frame = builder.frame(func, "a.go", 1);
        let stack = builder.stack(Stack { frames: [frame].into(), ..Stack::default() });
        let cluster = builder.cluster(stack, WaitReason::ChanSend);
        let key = builder.name("k");
        let value = builder.name(func);
        let labels = builder.labels(vec![(key, value)]);
        for id in ids {
            let cluster = builder.cluster_mut(cluster);
            cluster.count += 1;
            *cluster.labels.entry(labels).or_default() += 1;
            cluster.log.push(Goroutine { id: *id, labels: Some(labels), ..Goroutine::default() });
        }
        builder.finish()
    }

    #[test]
    fn absorbed_parts_add_up_and_keep_ids_and_labels() {
        let mut whole = SnapshotBuilder::new(Origin::Stacks);
        whole.absorb(&part("a.f", &[1, 2]));
        whole.absorb(&part("b.g", &[3]));
        whole.absorb(&part("a.f", &[4]));
        let whole = whole.finish();
        assert_eq!(whole.goroutines, 4);
        assert_eq!(whole.clusters.len(), 2);
        let ids: Vec<u64> = whole.clusters[0].log.iter().map(|goroutine| goroutine.id).collect();
        assert_eq!(ids, [1, 2, 4]);
        let set = whole.clusters[1].log.iter().next().and_then(|goroutine| goroutine.labels).expect("label set");
        assert_eq!(whole.names.text(whole.label_sets[set.0 as usize][0].1), "b.g");
    }
}
