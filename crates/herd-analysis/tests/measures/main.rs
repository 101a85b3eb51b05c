//! Census, facts and growth over snapshots put together by hand: what is equal, what adds up, what counts as sustained.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and shows its figures")]

mod growth;
mod sums;

use herd_model::{Goroutine, GoroutineId, Origin, Snapshot, SnapshotBuilder, Stack, WaitReason};

/// A stack as text: innermost first, `func file:line`, `<` before the creator.
pub fn stack(builder: &mut SnapshotBuilder, text: &str) -> Stack {
    let (frames, creator) = text.split_once(" < ").map_or((text, None), |(frames, creator)| (frames, Some(creator)));
    let frames: Vec<_> = frames.split("; ").map(|frame| frame_of(builder, frame)).collect();
    Stack { frames: frames.into(), created_by: creator.map(|creator| frame_of(builder, creator)), ..Stack::default() }
}

fn frame_of(builder: &mut SnapshotBuilder, text: &str) -> herd_model::FrameId {
    let (func, place) = text.split_once(' ').unwrap();
    let (file, line) = place.rsplit_once(':').unwrap();
    builder.frame(func, file, line.parse().unwrap())
}

/// A snapshot of goroutine families: stack, state, ids.
pub fn snapshot(families: &[(&str, WaitReason, &[u64])]) -> Snapshot {
    let mut builder = SnapshotBuilder::new(Origin::Stacks);
    for (text, state, ids) in families {
        let stack = stack(&mut builder, text);
        let stack = builder.stack(stack);
        let cluster = builder.cluster(stack, state.clone());
        for id in *ids {
            let cluster = builder.cluster_mut(cluster);
            cluster.count += 1;
            cluster.waits.unaged += 1;
            cluster.log.push(Goroutine { id: *id, parent: Some(GoroutineId(1)), ..Goroutine::default() });
        }
    }
    builder.finish()
}
mod tuning;
