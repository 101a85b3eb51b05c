//! `goherd graph`: who waits on what.

use std::collections::BTreeSet;

use herd_diagnose::Diagnosis;
use herd_model::{Note, NoteKind};
use herd_sinks::{Format, Stacks};

use crate::args::{GlobalArgs, GraphArgs};
use crate::exit::Exit;
use crate::{collect, output};

/// Collects and draws; the snapshot and what was found in it stay in the answer.
pub fn run(args: &GraphArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let mut diagnosis = collect::diagnose_with_waits("graph", &args.target, &args.collect, global)?;
    draw(&mut diagnosis);
    output::print(
        &mut diagnosis.envelope,
        Some(Stacks::Goroutines(&diagnosis.snapshot)),
        Format::Text,
        Exit::Healthy,
        true,
        global,
    )?;
    Ok(Exit::Healthy)
}

/// Adds the wait graph to an answer; families of findings come first in it.
pub fn draw(diagnosis: &mut Diagnosis) {
    let envelope = &mut diagnosis.envelope;
    let found: BTreeSet<String> = envelope.findings.iter().filter_map(|finding| finding.family.clone()).collect();
    envelope.graph = Some(herd_analysis::graph::graph_of_found(&diagnosis.snapshot, &found, &mut envelope.hidden));
    let moved = diagnosis.snapshot.waits.as_ref().map_or(0, |waits| waits.moved);
    if moved > 0 {
        let text = format!("{moved} goroutines went on while what they wait on was read: their waits are left out");
        envelope.notes.push(Note { kind: NoteKind::Skipped, offset: None, text });
    }
}
