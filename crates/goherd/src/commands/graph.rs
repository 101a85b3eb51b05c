//! `goherd graph`: who waits on what.

use herd_sinks::Format;

use crate::args::{GlobalArgs, GraphArgs};
use crate::exit::Exit;
use crate::{collect, output};

/// Collects and draws; the snapshot and what was found in it stay in the answer.
pub fn run(args: &GraphArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let mut diagnosis = collect::diagnose_with_waits("graph", &args.target, &args.collect, global)?;
    let envelope = &mut diagnosis.envelope;
    envelope.graph = Some(herd_analysis::graph::graph(&diagnosis.snapshot, &mut envelope.hidden));
    output::print(envelope, Some(&diagnosis.snapshot), Format::Text, Exit::Healthy, true, global)?;
    Ok(Exit::Healthy)
}
