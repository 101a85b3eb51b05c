//! `goherd guard`: whether a rollout may go on, from tables of control and treatment.

use herd_analysis::guard::{GuardLimits, Judged, guard};
use herd_formats::measurements::Prefer;
use herd_model::{Envelope, GateVerdict, GuardReport, Measurement};
use herd_sinks::Format;
use serde_json::{Map, Value, json};

use crate::args::{GlobalArgs, GuardArgs, OnlyArg};
use crate::exit::Exit;
use crate::{measure, output};

/// Reads both sides and judges.
pub fn run(args: &GuardArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let mut envelope = Envelope::new("guard", env!("CARGO_PKG_VERSION"));
    let mut read = |file: &String| {
        let table = measure::table(std::slice::from_ref(file), &args.table, Prefer::Mean, &[], &mut envelope);
        table.map(|table| in_order_of_time(table.rows))
    };
    let (control, treatment) = (read(&args.control)?, read(&args.treatment)?);
    let limits = GuardLimits {
        success_drop: args.success_drop,
        latency_rise_ms: args.latency_rise.as_secs_f64() * 1e3,
        success_floor: args.success_floor,
        latency_ceiling_ms: args.latency_ceiling.as_secs_f64() * 1e3,
        alpha: args.alpha,
    };
    let judged = match args.only {
        None => Judged::Both,
        Some(OnlyArg::Success) => Judged::Success,
        Some(OnlyArg::Latency) => Judged::Latency,
    };
    let report = guard(&control, &treatment, &limits, judged);
    envelope.verdict = output::gate_verdict(report.verdict);
    let exit = output::gate_exit(envelope.verdict, global);
    if args.argo {
        output::print_text(&format!("{}\n", argo(&report)), Some(global))?;
        return Ok(exit);
    }
    envelope.guard = Some(report);
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}

/// Rows without times stay as they are: requests are logged in order.
fn in_order_of_time(mut rows: Vec<Measurement>) -> Vec<Measurement> {
    if rows.iter().all(|row| row.time_s.is_some()) {
        rows.sort_by(|a, b| a.time_s.unwrap_or_default().total_cmp(&b.time_s.unwrap_or_default()));
    }
    rows
}

/// What Argo Rollouts' web metric reads with `jsonPath: {$.data}` and conditions such as `result.ok`.
fn argo(report: &GuardReport) -> Value {
    let checks: Map<String, Value> =
        report.checks.iter().map(|check| (check.kind.as_str().to_owned(), json!(check.verdict))).collect();
    let verdict = report.verdict;
    json!({ "data": {
        "verdict": verdict,
        "ok": verdict == GateVerdict::Pass,
        "failed": verdict == GateVerdict::Fail,
        "inconclusive": verdict == GateVerdict::Inconclusive,
        "checks": checks,
    } })
}
