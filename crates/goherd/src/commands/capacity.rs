//! `goherd capacity`: how memory, throughput and latency follow goroutines, and what more of them would need.

use herd_analysis::capacity::{Asked, capacity};
use herd_formats::measurements::{Measure, Prefer};
use herd_model::{Envelope, Verdict};
use herd_sinks::Format;

use crate::args::{CapacityArgs, GlobalArgs};
use crate::exit::Exit;
use crate::{measure, output};

/// Reads, fits, answers.
pub fn run(args: &CapacityArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let mut envelope = Envelope::new("capacity", env!("CARGO_PKG_VERSION"));
    let required = [Measure::Goroutines, Measure::Memory];
    let table = measure::table(&args.files, &args.table, Prefer::P99, &required, &mut envelope)?;
    let asked = Asked { at: args.at, limit_bytes: args.limit, confidence: args.confidence };
    let report = capacity(&table.rows, &asked, &mut envelope.hidden);
    let refused = report.doubts.iter().any(|doubt| doubt.refuses);
    envelope.verdict = match report.verdict {
        Some(verdict) => output::gate_verdict(verdict),
        None if refused => Verdict::Inconclusive,
        None => Verdict::Healthy,
    };
    envelope.capacity = Some(report);
    let exit = output::gate_exit(envelope.verdict, global);
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}
