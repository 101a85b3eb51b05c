//! The call tree's columns as rows, and what every drawing of it says alike.

use std::borrow::Cow;

use herd_model::Flame;

use crate::{figure::percent, messages::Messages, name::func_tail};

/// One frame of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Name as recorded.
    pub name: &'a str,
    /// Depth; the root is 0.
    pub depth: usize,
    /// Left edge.
    pub start: u64,
    /// Width.
    pub total: u64,
    /// Width beyond its children.
    pub own: u64,
}

/// The rows of a tree, in its own order. Columns of unequal length, as a damaged file may hold, give the rows they share. Cost: linear.
pub fn rows(flame: &Flame) -> Vec<Row<'_>> {
    let name = |id: &u32| flame.names.get(*id as usize).map_or("", String::as_str);
    let columns = flame.name.iter().zip(&flame.depth).zip(flame.start.iter().zip(&flame.total));
    let mut rows: Vec<Row<'_>> = columns
        .map(|((id, depth), (start, total))| Row {
            name: name(id),
            depth: usize::from(*depth),
            start: *start,
            total: *total,
            own: *total,
        })
        .collect();
    let mut open: Vec<usize> = Vec::new();
    for at in 0..rows.len() {
        open.truncate(rows[at].depth);
        if let Some(parent) = open.last() {
            rows[*parent].own = rows[*parent].own.saturating_sub(rows[at].total);
        }
        open.push(at);
    }
    rows
}

/// A frame's name as it fits: the tail of its function.
pub fn label(name: &str) -> Cow<'_, str> {
    match name.strip_prefix("created by ") {
        Some(creator) => Cow::Owned(format!("created by {}", func_tail(creator))),
        None if name.starts_with('[') => Cow::Borrowed(name),
        None => Cow::Borrowed(func_tail(name)),
    }
}

/// Says what the tree left out, if anything.
pub fn folded_note(flame: &Flame, say: &Messages) -> Option<String> {
    let whole = flame.total.first().copied().unwrap_or(0);
    (flame.folded_rows > 0).then(|| {
        let frames = say.count("frames", flame.folded_rows);
        say.say_with("flame-folded", &[("frames", &frames), ("share", &percent(flame.folded_total, whole))])
    })
}
