//! `goherd diff`: what changed between two profiles or snapshots, as a gate.

use std::collections::BTreeMap;
use std::io::BufRead as _;

use herd_analysis::diff::{Comparison, NotComparable, Side, Wanted};
use herd_analysis::trace_diff::TraceComparison;
use herd_formats::recognise::{Kind, recognise};
use herd_formats::trace::Times;
use herd_model::{DiffRule, Envelope, ProfileKind};
use herd_sinks::Format;
use herd_sources::{Place, Target, TraceAsked, WeightsAsked, weights};

use crate::args::GlobalArgs;
use crate::args_profiles::{DiffArgs, ProfileArg};
use crate::commands::open;
use crate::commands::trace::{self, Part};
use crate::commands::trace_beside::Beside;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output, weigh};

/// For how many seconds a service traces itself unless told otherwise.
const TRACE_SECONDS: u32 = 5;

/// Reads both sides, one target after another, and judges.
pub fn run(args: &DiffArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let sides = sides(args)?;
    let mut traces = false;
    for (_, target) in &sides {
        traces |= is_trace(target)?;
    }
    if traces { of_traces(args, &sides, global) } else { of_profiles(args, sides, global) }
}

/// Whether a target is an execution trace, packed or not, as far as its name and first bytes tell.
fn is_trace(target: &str) -> Result<bool, ExpectedError> {
    let parsed = Target::parse(target).map_err(ExpectedError::from)?;
    Ok(match &parsed.place {
        Place::Path(_) => open::trace_file(target).is_some(),
        // Looked at without being taken; what cannot be read is told by the reader.
        Place::Stdin => std::io::stdin().lock().fill_buf().is_ok_and(|head| recognise(head) == Kind::Trace),
        Place::Endpoint(endpoint) => endpoint.profile.as_ref().is_some_and(|profile| profile.name == "trace"),
        Place::Process(_) | Place::Core { .. } => false,
    })
}

/// Each trace is measured by itself, and let go.
fn of_traces(args: &DiffArgs, sides: &[(Side, &String)], global: &GlobalArgs) -> anyhow::Result<Exit> {
    let unfit = [("--measure", args.measure.is_some()), ("--thresholds", args.thresholds), ("--profile", args.profile.is_some())];
    if let Some((option, _)) = unfit.into_iter().find(|(_, given)| *given) {
        let next = format!("Leave {option} out, or compare profiles.");
        return Err(ExpectedError::Option { option, why: "execution traces have no such thing".into(), next }.into());
    }
    let mut envelope = Envelope::new("diff", env!("CARGO_PKG_VERSION"));
    let asked = TraceAsked { seconds: args.seconds.unwrap_or(TRACE_SECONDS), times: Times::Recorded };
    let mut comparison = TraceComparison::default();
    for (side, target) in sides {
        let part = Part { top: usize::MAX, stacks: usize::MAX, beside: Beside::default(), overview: None, weighed: None };
        let read = trace::collect(std::slice::from_ref(*target), asked, part, &args.collect, global)?;
        if let Some(report) = &read.envelope.trace {
            comparison.add(*side, report);
        }
        envelope.targets.extend(read.envelope.targets);
        envelope.notes.extend(read.envelope.notes);
        for (name, count) in read.envelope.hidden {
            *envelope.hidden.entry(name).or_default() += count;
        }
    }
    if let Some(report) = comparison.report(&mut envelope.hidden) {
        envelope.verdict = output::gate_verdict(report.verdict);
        envelope.trace_diff = Some(report);
    }
    let exit = output::gate_exit(envelope.verdict, global);
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}

fn of_profiles(args: &DiffArgs, sides: Vec<(Side, &String)>, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut envelope = Envelope::new("diff", env!("CARGO_PKG_VERSION"));
    let options = collect::options(&args.collect)?;
    let mut comparison = Comparison::new(args.measure.as_deref());
    let mut asked = args.profile.map(ProfileArg::served);
    for (side, target) in sides {
        let target = Target::parse(target).map_err(ExpectedError::from)?;
        let wanted = WeightsAsked { profile: asked.unwrap_or("goroutine"), seconds: args.seconds, holders: None };
        let found = weights(&target, wanted, &options, collect::cancel_flag()).map_err(ExpectedError::from)?;
        // A service is asked for what the first profile is.
        asked = asked.or_else(|| served(found.profile.kind));
        comparison.add(side, &found.profile).map_err(|why| not_comparable(&found.target_name, why))?;
        weigh::tell(&mut envelope, found);
    }
    let rule = if args.thresholds { DiffRule::Thresholds } else { DiffRule::Significance };
    let flame = matches!(output::format(global, Format::Text), Format::Json | Format::Html);
    let mut hidden = BTreeMap::new();
    if let Some(report) = comparison.report(Wanted { rule, flame }, &mut hidden) {
        envelope.verdict = output::gate_verdict(report.verdict);
        envelope.diff = Some(report);
    }
    envelope.hidden.extend(hidden);
    let exit = output::gate_exit(envelope.verdict, global);
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}

/// The targets in the order they are read.
fn sides(args: &DiffArgs) -> Result<Vec<(Side, &String)>, ExpectedError> {
    let given: Vec<(Side, &String)> = if let (Some(before), Some(after)) = (&args.before_target, &args.after_target) {
        vec![(Side::Before, before), (Side::After, after)]
    } else {
        let before = args.before.iter().map(|target| (Side::Before, target));
        before.chain(args.after.iter().map(|target| (Side::After, target))).collect()
    };
    let has = |side| given.iter().any(|(given, _)| *given == side);
    if has(Side::Before) && has(Side::After) {
        return Ok(given);
    }
    Err(ExpectedError::Option {
        option: "BEFORE and AFTER",
        why: "two sides are compared, and one is missing".into(),
        next: "Give two targets, or several with --before A1 A2 --after B1 B2.".into(),
    })
}

/// The name under which a service serves a kind.
fn served(kind: ProfileKind) -> Option<&'static str> {
    match kind {
        ProfileKind::Cpu => Some("profile"),
        ProfileKind::Contention | ProfileKind::Other => None,
        ProfileKind::Heap
        | ProfileKind::Allocs
        | ProfileKind::Block
        | ProfileKind::Mutex
        | ProfileKind::Goroutine
        | ProfileKind::GoroutineLeak
        | ProfileKind::ThreadCreate => Some(kind.as_str()),
    }
}

fn not_comparable(target: &str, why: NotComparable) -> ExpectedError {
    match why {
        NotComparable::Kind { one, other } => ExpectedError::Option {
            option: "BEFORE and AFTER",
            why: format!("{target} is a {other} profile, what stands before it a {one} profile"),
            next: "Compare profiles of one kind.".into(),
        },
        NotComparable::Measure { asked, has } => ExpectedError::Option {
            option: "--measure",
            why: format!("{target} does not count {asked}"),
            next: format!("It counts {}.", has.join(", ")),
        },
    }
}
