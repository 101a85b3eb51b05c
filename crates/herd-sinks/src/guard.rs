//! A rollout's verdict in words and tables.

use herd_model::{GateVerdict, GuardArm, GuardCheck, GuardCheckKind, GuardReport};

use crate::{
    gate::{Sheet, figure},
    layout::Align,
    messages::Messages,
};

/// The least p-value that is printed as a figure.
const P_SHOWN_MIN: f64 = 0.0001;

/// The verdict, with the checks that decide it.
pub fn sentence(report: &GuardReport, say: &Messages) -> String {
    let named = |verdict| {
        let checks = report.checks.iter().filter(|check| check.verdict == verdict);
        checks.map(|check| say.say(&format!("guard-{}", check.kind.as_str()))).collect::<Vec<_>>().join(&say.say("guard-list"))
    };
    let key = format!("guard-{}", report.verdict.as_str());
    let checks = if report.verdict == GateVerdict::Pass { String::new() } else { named(report.verdict) };
    say.say_with(&key, &[("checks", &checks)])
}

/// Checks and arms.
pub fn sheets(report: &GuardReport, say: &Messages) -> Vec<Sheet> {
    let heads =
        ["guard-head-check", "guard-head-verdict", "guard-head-value", "guard-head-bounds", "guard-head-limit", "guard-head-p"];
    let mut head: Vec<(String, Align)> = heads.iter().map(|key| (say.say(key), Align::Right)).collect();
    head[0].1 = Align::Left;
    head[1].1 = Align::Left;
    let rows = report.checks.iter().map(|check| row(check, say)).collect();
    let mut remarks: Vec<String> = report.checks.iter().filter_map(|check| lacking(check, say)).collect();
    remarks.push(say.say_with("guard-legend", &[("alpha", &figure(report.alpha))]));
    let arms = [("guard-control", &report.control), ("guard-treatment", &report.treatment)];
    let told = arms.iter().map(|(key, arm)| arm_told(&say.say(key), arm, say)).collect();
    vec![Sheet { title: say.say("guard-title"), head, rows, remarks, heat: Vec::new() }, Sheet::told(say.say("guard-arms"), told)]
}

fn row(check: &GuardCheck, say: &Messages) -> Vec<String> {
    let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| shown(check.kind, value, say));
    let bounds = match (check.low, check.high) {
        (None, None) => "-".to_owned(),
        (low, high) => format!("{} … {}", show(low), show(high)),
    };
    let limit = match check.kind {
        GuardCheckKind::SuccessDrop => shown(check.kind, -check.limit, say),
        GuardCheckKind::LatencyRise | GuardCheckKind::SuccessFloor | GuardCheckKind::LatencyCeiling => {
            shown(check.kind, check.limit, say)
        }
    };
    vec![
        say.say(&format!("guard-{}", check.kind.as_str())),
        say.say(&format!("gate-{}", check.verdict.as_str())),
        show(check.value),
        bounds,
        limit,
        check.p.map_or_else(|| "-".to_owned(), chance),
    ]
}

/// A p-value; one that rounds to nothing is still a chance.
fn chance(p: f64) -> String {
    if p < P_SHOWN_MIN { format!("<{P_SHOWN_MIN}") } else { format!("{p:.4}") }
}

/// Shares in per cent with the digits success rates need, differences of them in percentage points; differences with their sign.
fn shown(kind: GuardCheckKind, value: f64, say: &Messages) -> String {
    match kind {
        GuardCheckKind::SuccessDrop => say.say_with("guard-points", &[("value", &format!("{:+.3}", 100.0 * value))]),
        GuardCheckKind::SuccessFloor => format!("{:.3} %", 100.0 * value),
        GuardCheckKind::LatencyRise => format!("{value:+.1} ms"),
        GuardCheckKind::LatencyCeiling => format!("{value:.1} ms"),
    }
}

/// What an inconclusive check lacks.
fn lacking(check: &GuardCheck, say: &Messages) -> Option<String> {
    if check.verdict != GateVerdict::Inconclusive {
        return None;
    }
    let name = say.say(&format!("guard-{}", check.kind.as_str()));
    if check.value.is_none() {
        return Some(say.say_with("guard-unmeasured", &[("check", &name)]));
    }
    let observed = crate::figure::thousands(check.observations);
    let needed = check.needed.map(crate::figure::thousands);
    let key = match (&needed, check.kind.is_share()) {
        (Some(_), true) => "guard-needs-requests",
        (Some(_), false) => "guard-needs-rows",
        (None, _) => "guard-at-limit",
    };
    Some(say.say_with(key, &[("check", &name), ("observed", &observed), ("needed", needed.as_deref().unwrap_or_default())]))
}

fn arm_told(name: &str, arm: &GuardArm, say: &Messages) -> String {
    let mut facts = vec![say.say_with("guard-arm-rows", &[("arm", name), ("rows", &crate::figure::thousands(arm.rows))])];
    if let (Some(requests), Some(failures), Some(spread)) = (arm.requests, arm.failures, arm.dispersion) {
        let (requests, failures, spread) = (figure(requests.round()), figure(failures), figure(spread));
        facts.push(say.say_with("guard-arm-requests", &[("requests", &requests), ("failures", &failures), ("spread", &spread)]));
    }
    if let (Some(latency), Some(sd), Some(alike)) = (arm.latency_ms, arm.latency_sd_ms, arm.latency_autocorrelation) {
        let (latency, sd, alike) = (figure(latency), figure(sd), figure(alike));
        facts.push(say.say_with("guard-arm-latency", &[("latency", &latency), ("sd", &sd), ("alike", &alike)]));
    }
    facts.join(&say.say("guard-parts"))
}
