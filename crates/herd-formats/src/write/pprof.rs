//! profile.proto, gzipped, as `go tool pprof` reads it: one sample a cluster, its state and creator as labels.

use herd_model::Snapshot;

use super::profile::proto;
use crate::weigh;

/// A goroutine profile of the snapshot.
pub fn pprof(snapshot: &Snapshot) -> Vec<u8> {
    proto(&weigh(snapshot))
}
