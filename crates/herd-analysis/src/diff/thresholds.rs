//! The textbook rule: depth by two calls, frequency by 30 % of the larger, mean delay by 50 % of the larger, each by itself and whatever
//! chance does.

use std::collections::BTreeMap;

use herd_model::{DiffChange, DiffRow};

use super::judge::Counting;
use super::rows::{DEEPER, Scene, depth_change, figures};

const FREQUENCY: f64 = 0.30;
const DELAY: f64 = 0.50;
/// Rows listed.
const ROWS_MAX: usize = 200;

/// Every function beyond a threshold, the one that changed most first, and whether there is one.
pub(super) fn rows(scene: &Scene<'_>, hidden: &mut BTreeMap<String, u64>) -> (Vec<DiffRow>, bool) {
    let delays = scene.against.counting == Counting::Delays;
    let mut rows = Vec::new();
    for together in &scene.measured.together {
        let Some(first) = together.functions.first() else { continue };
        let (before, after) = (together.whole.before, together.whole.after);
        let mean = |amount: f64, count: f64| if count > 0.0 { amount / count } else { 0.0 };
        let means = (mean(before.amount, before.count), mean(after.amount, after.count));
        let share = figures(scene, together, None);
        let far = |before: f64, after: f64, limit: f64| (after - before).abs() > limit * before.max(after);
        let change = if delays && before.count.min(after.count) > 0.0 && far(means.0, means.1, DELAY) {
            if means.1 > means.0 { DiffChange::Longer } else { DiffChange::Shorter }
        } else if depth_change(together).abs() >= DEEPER {
            if depth_change(together) > 0.0 { DiffChange::Deeper } else { DiffChange::Shallower }
        } else if far(share.share_before, share.share_after, FREQUENCY) {
            match (before.count > 0.0, after.count > 0.0, share.share_after > share.share_before) {
                (false, ..) => DiffChange::New,
                (_, false, _) => DiffChange::Gone,
                (_, _, true) => DiffChange::More,
                (_, _, false) => DiffChange::Less,
            }
        } else {
            continue;
        };
        let known = scene.functions.get(*first);
        let with = together.functions[1..].iter().map(|id| scene.functions.get(*id).shown.to_string()).collect();
        let ratio = (share.share_before > 0.0).then(|| share.share_after / share.share_before);
        let (function, file) = (known.shown.to_string(), known.file.to_string());
        rows.push(DiffRow { function, with, file, change, culprit: true, ratio, ..share });
    }
    let moved = |row: &DiffRow| (row.share_after - row.share_before).abs();
    rows.sort_by(|a, b| moved(b).total_cmp(&moved(a)).then_with(|| a.function.cmp(&b.function)));
    let fails = !rows.is_empty();
    if rows.len() > ROWS_MAX {
        hidden.insert("functions_not_listed".to_owned(), (rows.len() - ROWS_MAX) as u64);
        rows.truncate(ROWS_MAX);
    }
    (rows, fails)
}
