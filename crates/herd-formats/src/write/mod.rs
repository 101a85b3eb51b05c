//! Writes snapshots, and in [`profile`] weighted profiles, in forms other tools read.

mod folded;
mod json;
mod pprof;
pub mod profile;
mod speedscope;
mod tracks;

use herd_model::{Cluster, FrameId, Snapshot, WaitReason};

pub use folded::folded;
pub use pprof::pprof;
pub use speedscope::speedscope;
pub use tracks::Tracks;

/// The frames of a cluster from the outermost on.
fn outermost_first<'a>(snapshot: &'a Snapshot, cluster: &Cluster) -> impl Iterator<Item = FrameId> + 'a {
    snapshot.stack(cluster).frames.iter().rev().copied()
}

/// The state as an innermost entry, where it is known.
fn state_entry(cluster: &Cluster) -> Option<String> {
    (cluster.state != WaitReason::Unknown).then(|| format!("[{}]", cluster.state.as_str()))
}
