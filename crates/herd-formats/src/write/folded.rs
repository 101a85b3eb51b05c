//! Folded stacks, one line a distinct one: `outer;inner;[state] count`.

use std::collections::BTreeMap;

use herd_model::Snapshot;

/// Folded stacks, sorted; counts add up to the goroutines of the snapshot.
pub fn folded(snapshot: &Snapshot) -> String {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for cluster in &snapshot.clusters {
        let mut entries: Vec<String> = super::outermost_first(snapshot, cluster).map(|id| entry(snapshot.func(id))).collect();
        entries.extend(super::state_entry(cluster));
        if entries.is_empty() {
            entries.push("[no stack]".to_owned());
        }
        *lines.entry(entries.join(";")).or_default() += cluster.count;
    }
    let mut out = String::new();
    for (stack, count) in lines {
        out.push_str(&stack);
        out.push(' ');
        out.push_str(&count.to_string());
        out.push('\n');
    }
    out
}

/// `;` parts entries and a line end parts stacks, so neither may stand in a name.
pub(super) fn entry(func: &str) -> String {
    func.replace(';', ",").replace(['\n', '\r'], " ")
}
