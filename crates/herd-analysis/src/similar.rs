//! Near-identical stacks of one family, by normalised edit distance over frames.

use herd_model::{FrameId, Snapshot};

use crate::distance::distance;
use crate::names;

/// Single link at this distance; above it, stacks with other blocking points are merged (measured on 32 known groups).
const DISTANCE_MAX: f64 = 0.2;

/// Groups of one family compared with each other; the cost is quadratic, and a reader sees no more.
pub const COMPARED_MAX: usize = 128;

/// Indices of stacks that belong together, only sets of two and more, each sorted. Compares at most [`COMPARED_MAX`] stacks.
pub fn similar(snapshot: &Snapshot, stacks: &[&[FrameId]]) -> Vec<Vec<usize>> {
    let keys: Vec<Vec<String>> = stacks.iter().take(COMPARED_MAX).map(|frames| keys(snapshot, frames)).collect();
    let mut leader: Vec<usize> = (0..keys.len()).collect();
    for a in 0..keys.len() {
        for b in a + 1..keys.len() {
            if root(&leader, a) != root(&leader, b) && near(&keys[a], &keys[b]) {
                let (from, to) = (root(&leader, b), root(&leader, a));
                leader[from] = to;
            }
        }
    }
    let mut sets: Vec<Vec<usize>> = vec![Vec::new(); keys.len()];
    for at in 0..keys.len() {
        sets[root(&leader, at)].push(at);
    }
    sets.retain(|set| set.len() > 1);
    sets
}

fn keys(snapshot: &Snapshot, frames: &[FrameId]) -> Vec<String> {
    frames.iter().map(|frame| format!("{}:{}", names::normal(snapshot.func(*frame)), snapshot.frame(*frame).line)).collect()
}

fn root(leader: &[usize], mut at: usize) -> usize {
    while leader[at] != at {
        at = leader[at];
    }
    at
}

fn near(a: &[String], b: &[String]) -> bool {
    let longest = a.len().max(b.len());
    if longest == 0 {
        return true;
    }
    let allowed = (DISTANCE_MAX * longest as f64).floor() as usize;
    distance(a, b, allowed).is_some()
}
