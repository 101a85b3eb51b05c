//! Near-identical stacks of one family, by normalised edit distance over frames.

use herd_model::{FrameId, Snapshot};

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
    a.len().abs_diff(b.len()) <= allowed && distance(a, b) <= allowed
}

/// Levenshtein distance over frames, one row of memory.
fn distance(a: &[String], b: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changed_frames() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(distance(&words("a b c d"), &words("a b c d")), 0);
        assert_eq!(distance(&words("a b c d"), &words("a x c d")), 1);
        assert_eq!(distance(&words("a b c d"), &words("b c d e f")), 3);
    }
}
