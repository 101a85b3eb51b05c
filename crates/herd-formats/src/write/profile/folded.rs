//! Folded stacks, one line a distinct one: `outer;inner value`.

use herd_model::Profile;
use rustc_hash::FxHashMap;

use super::FrameNames;
use crate::write::folded::entry;

/// Folded stacks of one sample type, in the order of their names. Values of one stack of names are added; those that are zero are left
/// out.
pub fn folded(profile: &Profile, sample_type: usize) -> String {
    let frames = FrameNames::new(profile);
    let mut sums: FxHashMap<Box<[u32]>, i64> = FxHashMap::default();
    let rank = ranks(&frames.names);
    for (stack, value) in profile.samples.stacks.iter().zip(&profile.samples.values[sample_type]) {
        let path = frames.outermost_first(profile, *stack).map(|name| rank[name as usize]).collect();
        let sum = sums.entry(path).or_default();
        *sum = sum.saturating_add(*value);
    }
    let mut names: Vec<String> = vec![String::new(); rank.len()];
    for (rank, name) in rank.iter().zip(&frames.names) {
        names[*rank as usize] = entry(name);
    }
    let mut paths: Vec<(Box<[u32]>, i64)> = sums.into_iter().filter(|(_, value)| *value != 0).collect();
    paths.sort_unstable();
    let mut out = String::new();
    for (path, value) in paths {
        for (at, name) in path.iter().enumerate() {
            if at > 0 {
                out.push(';');
            }
            out.push_str(&names[*name as usize]);
        }
        if path.is_empty() {
            out.push_str("[no stack]");
        }
        out.push(' ');
        out.push_str(&value.to_string());
        out.push('\n');
    }
    out
}

/// The place of each name among all, sorted.
fn ranks(names: &[String]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    order.sort_unstable_by_key(|at| &names[*at as usize]);
    let mut ranks = vec![0; names.len()];
    for (rank, at) in (0..).zip(order) {
        ranks[at as usize] = rank;
    }
    ranks
}
