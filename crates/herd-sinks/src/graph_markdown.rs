//! The wait graph as Markdown: what looks like a deadlock as a list, objects as a table.

use std::fmt::Write as _;

use herd_model::{Envelope, WaitGraph};

use crate::{
    figure::thousands,
    graph::{cycle_head, cycle_steps, doubts, facts, place, title},
    markdown::{code, prose},
    messages::Messages,
};

/// Adds the graph's section, where the answer has one.
pub fn section(text: &mut String, envelope: &Envelope, say: &Messages) {
    let Some(graph) = &envelope.graph else { return };
    let goroutines = say.count("goroutines", graph.waiting);
    let objects = say.count("graph-objects", graph.awaited);
    let head = say.say_with("graph-title", &[("goroutines", &goroutines), ("objects", &objects)]);
    let _ = writeln!(text, "\n## {}\n", prose(&head));
    for cycle in &graph.cycles {
        let _ = writeln!(text, "- **{}**", prose(&cycle_head(cycle, say)));
        let doubts = doubts(cycle, say).iter().map(|doubt| say.say_with("graph-only-candidate", &[("doubts", doubt)])).collect();
        for line in [cycle_steps(cycle, say), doubts].concat() {
            let _ = writeln!(text, "  - {}", prose(&line));
        }
    }
    if !graph.cycles.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "| {} | {} | {} |\n| --- | --- | --- |",
        say.say("column-count"),
        say.say("graph-column-object"),
        say.say("column-at")
    );
    for object in &graph.objects {
        let what = std::iter::once(title(object, say)).chain(facts(object, say)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "| {} | {} | {} |", thousands(object.waiters), prose(&what), places(graph, &object.id));
    }
}

/// Where the waiters of an object stand.
fn places(graph: &WaitGraph, object: &str) -> String {
    let waits = graph.waits.iter().filter(|wait| wait.object == object);
    let groups = waits.filter_map(|wait| graph.groups.iter().find(|group| group.id == wait.group));
    groups.map(|group| code(&place(&group.at))).collect::<Vec<_>>().join(", ")
}
