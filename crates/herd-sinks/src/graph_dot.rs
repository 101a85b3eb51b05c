//! The wait graph for Graphviz: goroutines in boxes, objects in ellipses, an arrow for each wait; dashed ones lead to who may end it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use herd_model::{Envelope, GraphGroup, GraphObject, WaitGraph};

use crate::{
    Look, SinkError,
    figure::thousands,
    graph::{facts, holder_text, place, title},
    messages::{Messages, messages},
};

/// The graph as a `digraph`.
pub fn graph_dot(envelope: &Envelope, look: &Look<'_>) -> Result<String, SinkError> {
    let graph = envelope.graph.as_ref().ok_or(SinkError::NoGraph)?;
    let say = messages(look.lang);
    let in_cycles: BTreeSet<u64> = graph.cycles.iter().flat_map(|cycle| &cycle.steps).map(|step| step.goroutine).collect();
    let mut out = String::from("digraph waits {\n  rankdir=LR;\n  node [fontname=\"monospace\", fontsize=10];\n");
    for group in &graph.groups {
        let _ = writeln!(out, "  {} [shape=box, label={}{}];", group.id, group_label(group), marked(group, &in_cycles));
    }
    for object in &graph.objects {
        let _ = writeln!(out, "  {} [shape=ellipse, label={}];", object.id, object_label(object, &say));
    }
    edges(&mut out, graph, &say);
    out.push_str("}\n");
    Ok(out)
}

fn group_label(group: &GraphGroup) -> String {
    quoted(&[format!("{} × {}", thousands(group.count), place(&group.at)), format!("[{}]", group.state)])
}

fn marked(group: &GraphGroup, in_cycles: &BTreeSet<u64>) -> &'static str {
    if group.goroutines.iter().any(|id| in_cycles.contains(id)) { ", color=red" } else { "" }
}

fn object_label(object: &GraphObject, say: &Messages) -> String {
    let head = std::iter::once(title(object, say));
    quoted(&head.chain(facts(object, say)).collect::<Vec<_>>())
}

fn edges(out: &mut String, graph: &WaitGraph, say: &Messages) {
    for wait in &graph.waits {
        let side = say.say(&format!("graph-side-{}", wait.side.as_str()));
        let style = if wait.select { ", style=dotted" } else { "" };
        let label = quoted(&[format!("{} × {side}", thousands(wait.count))]);
        let _ = writeln!(out, "  {} -> {} [label={label}{style}];", wait.group, wait.object);
    }
    for object in &graph.objects {
        for holder in &object.holders {
            let group = graph.groups.iter().find(|group| group.at == holder.at && group.state == holder.state);
            let Some(group) = group else { continue };
            let tip = quoted(&[holder_text(holder, object, say)]);
            let _ = writeln!(out, "  {} -> {} [style=dashed, color=gray, tooltip={tip}];", object.id, group.id);
        }
    }
}

/// A quoted string of lines; quotes and backslashes in them stay what they are.
fn quoted(lines: &[String]) -> String {
    let escaped = |line: &String| line.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
    format!("\"{}\"", lines.iter().map(escaped).collect::<Vec<_>>().join("\\n"))
}
