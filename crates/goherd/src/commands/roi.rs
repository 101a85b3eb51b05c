//! `goherd roi`: what a change is worth, from tables before and after it.

use herd_analysis::roi::roi;
use herd_formats::measurements::{Measure, Prefer};
use herd_formats::stamp;
use herd_model::{Envelope, Measurement, Verdict};
use herd_sinks::Format;

use crate::args::{GlobalArgs, RoiArgs};
use crate::exit::Exit;
use crate::{measure, output};

/// Reads both periods and scores.
pub fn run(args: &RoiArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let mut envelope = Envelope::new("roi", env!("CARGO_PKG_VERSION"));
    let required = [Measure::Latency, Measure::GcPause, Measure::Goroutines];
    let mut read = |file: &String| {
        measure::table(std::slice::from_ref(file), &args.table, Prefer::P99, &required, &mut envelope).map(|table| table.rows)
    };
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let mut report = roi(&before, &after, args.confidence);
    (report.before.from, report.after.from) = (start(&before), start(&after));
    envelope.verdict = if report.score.is_some() { Verdict::Healthy } else { Verdict::Inconclusive };
    envelope.roi = Some(report);
    let exit = output::gate_exit(envelope.verdict, global);
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}

/// The earliest time, RFC 3339.
fn start(rows: &[Measurement]) -> Option<String> {
    let times = rows.iter().filter_map(|row| row.time_s);
    times.min_by(f64::total_cmp).map(|seconds| stamp::format((seconds * 1e9) as i64))
}
