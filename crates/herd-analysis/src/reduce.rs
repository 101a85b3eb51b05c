//! A full snapshot seen as a profile would show it, so that both kinds line up in one series.

use herd_model::{Origin, Snapshot, SnapshotBuilder, Stack, WaitMinutes};

/// The snapshot without what a profile lacks: ids, ages, creators; states count as inferred. Cost: linear in distinct stacks.
pub fn as_profile(snapshot: &Snapshot) -> Snapshot {
    let mut builder = SnapshotBuilder::new(Origin::ProfileProto);
    for cluster in &snapshot.clusters {
        let stack = snapshot.stack(cluster);
        let frames = stack
            .frames
            .iter()
            .map(|frame| builder.frame(snapshot.func(*frame), snapshot.file(*frame), snapshot.frame(*frame).line));
        let frames = frames.collect();
        let stack = builder.stack(Stack { frames, ..Stack::default() });
        let id = builder.cluster(stack, cluster.state.clone());
        let into = builder.cluster_mut(id);
        into.state_inferred = true;
        into.count += cluster.count;
        into.leaked += cluster.leaked;
        into.waits = WaitMinutes { unaged: into.count, ..WaitMinutes::default() };
        if into.sample.is_empty() {
            into.sample.clone_from(&cluster.sample);
            (into.offset, into.line) = (cluster.offset, cluster.line);
        }
    }
    let whole = builder.snapshot_mut();
    whole.taken_at_ns = snapshot.taken_at_ns;
    whole.go_version.clone_from(&snapshot.go_version);
    whole.truncated.clone_from(&snapshot.truncated);
    builder.finish()
}
