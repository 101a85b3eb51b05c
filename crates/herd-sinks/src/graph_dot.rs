//! The wait graph for Graphviz: goroutines in boxes, objects in ellipses, an arrow for each wait; dashed ones lead to who may end it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use herd_model::{Envelope, GraphGroup, GraphObject, WaitGraph};

use crate::{
    Look, SinkError,
    figure::thousands,
    graph::{facts, holder_text, leaked, place, title},
    messages::{Messages, messages},
};

/// The graph as a `digraph`.
pub fn graph_dot(envelope: &Envelope, look: &Look<'_>) -> Result<String, SinkError> {
    let graph = envelope.graph.as_ref().ok_or(SinkError::NoGraph)?;
    let say = messages(look.lang);
    let rings = Rings::of(graph);
    let mut out = String::from("digraph waits {\n  rankdir=LR;\n  node [fontname=\"monospace\", fontsize=10];\n");
    for group in &graph.groups {
        let _ = writeln!(out, "  {} [shape=box, label={}{}];", group.id, group_label(group, &say), rings.mark(&group.id));
    }
    for object in &graph.objects {
        let _ = writeln!(out, "  {} [shape=ellipse, label={}{}];", object.id, object_label(object, &say), rings.mark(&object.id));
    }
    edges(&mut out, graph, &say);
    out.push_str("}\n");
    Ok(out)
}

/// Nodes of rings that are proven, and of those that are candidates.
struct Rings<'a> {
    proven: BTreeSet<&'a str>,
    open: BTreeSet<&'a str>,
}

impl<'a> Rings<'a> {
    fn of(graph: &'a WaitGraph) -> Rings<'a> {
        let nodes = |proven: bool| {
            let steps = graph.cycles.iter().filter(move |cycle| cycle.proven == proven).flat_map(|cycle| &cycle.steps);
            steps.flat_map(|step| [&step.group, &step.object]).flatten().map(String::as_str).collect()
        };
        Rings { proven: nodes(true), open: nodes(false) }
    }

    fn mark(&self, node: &str) -> &'static str {
        if self.proven.contains(node) {
            ", color=red, penwidth=3"
        } else if self.open.contains(node) {
            ", color=orange, penwidth=2"
        } else {
            ""
        }
    }
}

fn group_label(group: &GraphGroup, say: &Messages) -> String {
    let head = [format!("{} × {}", thousands(group.count), place(&group.at)), format!("[{}]", group.state)];
    quoted(&head.into_iter().chain(leaked(group, say)).collect::<Vec<_>>())
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
        for (rank, holder) in (1..).zip(&object.holders) {
            let Some(group) = &holder.group else { continue };
            let tip = quoted(&[holder_text(holder, object, say)]);
            let _ = writeln!(out, "  {} -> {group} [style=dashed, color=gray, label=\"{rank}?\", tooltip={tip}];", object.id);
        }
    }
}

/// A quoted string of lines; quotes, backslashes and entities in them stay what they are.
fn quoted(lines: &[String]) -> String {
    let escaped =
        |line: &String| line.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
    format!("\"{}\"", lines.iter().map(escaped).collect::<Vec<_>>().join("\\n"))
}
