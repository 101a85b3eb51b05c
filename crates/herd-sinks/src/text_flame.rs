//! The call tree as a table: own and total weight by function.

use std::collections::BTreeMap;

use herd_model::{Envelope, Flame};

use crate::{
    Detail, Look,
    figure::{percent, thousands},
    layout::{Align, Role, paint, table},
    messages::Messages,
    name::clean,
    text_snapshot::more,
    tree::{folded_note, label, rows},
};

/// Rows before the rest is counted.
const ROWS_SHOWN: usize = 30;

/// The lines between the targets and the notes.
pub fn body(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let Some(flame) = envelope.flame.as_ref().filter(|flame| !flame.name.is_empty()) else { return vec![say.say("flame-empty")] };
    let whole = flame.total.first().copied().unwrap_or(0);
    let functions = weigh(flame);
    let shown = if look.detail == Detail::Full { functions.len() } else { ROWS_SHOWN.min(functions.len()) };
    let rows: Vec<Vec<String>> = functions
        .iter()
        .take(shown)
        .map(|function| {
            vec![
                thousands(function.own),
                percent(function.own, whole),
                thousands(function.total),
                percent(function.total, whole),
                clean(&label(function.name)).into_owned(),
            ]
        })
        .collect();
    let titles = [say.say("column-self"), say.say("column-total"), say.say("column-function")];
    let mut lines = vec![paint(Role::Strong, &format!("{} {}", thousands(whole), clean(&flame.unit)), look)];
    lines.extend(table(&head(&titles), &rows, look));
    lines.extend(more(functions[shown..].iter().map(|function| function.own), look, say));
    lines.extend(folded_note(flame, say));
    lines
}

/// Two figures with their shares, and the name they belong to.
pub(crate) fn head(titles: &[String; 3]) -> [(&str, Align); 5] {
    let [own, total, name] = titles;
    [(own, Align::Right), ("%", Align::Right), (total, Align::Right), ("%", Align::Right), (name, Align::Tail)]
}

/// A function's weight over the whole tree.
struct Weighed<'a> {
    name: &'a str,
    own: u64,
    total: u64,
}

/// Weights by function, heaviest own first; a recursive call counts once in its total. The state at the tip of a stack (`[chan receive]`)
/// is no function: its weight is its caller's own.
fn weigh(flame: &Flame) -> Vec<Weighed<'_>> {
    let mut weights: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut path: Vec<&str> = Vec::new();
    for row in rows(flame).into_iter().skip(1) {
        path.truncate(row.depth.saturating_sub(1));
        if row.name.starts_with('[') {
            if let Some(caller) = path.last() {
                weights.entry(caller).or_default().0 += row.own;
            }
            continue;
        }
        let recursive = path.contains(&row.name);
        path.push(row.name);
        let weight = weights.entry(row.name).or_default();
        weight.0 += row.own;
        weight.1 += if recursive { 0 } else { row.total };
    }
    let mut functions: Vec<Weighed<'_>> = weights.into_iter().map(|(name, (own, total))| Weighed { name, own, total }).collect();
    functions.sort_by(|a, b| b.own.cmp(&a.own).then(b.total.cmp(&a.total)).then(a.name.cmp(b.name)));
    functions
}
