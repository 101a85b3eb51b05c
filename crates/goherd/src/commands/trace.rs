//! `goherd trace`: what execution traces show.

use herd_analysis::flame::Rows;
use herd_analysis::profile_report::{Trees, Wanted, profile_report};
use herd_analysis::trace::plateau::facts;
use herd_analysis::trace::queues::Queues;
use herd_analysis::trace::timeline::Overview;
use herd_analysis::trace::{Portrait, Shown, Weighed};
use herd_formats::trace::{Losses, Times, kind_name};
use herd_model::{
    Envelope, Note, NoteKind, Profile, Target as TargetReport, TraceCount, TraceLost, TraceReport, TraceTables, TraceVisitor,
};
use herd_sinks::{Format, Stacks};
use herd_sources::{Target, TraceAsked, Traced};

use crate::args::GlobalArgs;
use crate::args_traces::{OfArg, TimeArg, TraceArgs};
use crate::collect::CollectArgs;
use crate::commands::doctor::exit;
use crate::commands::trace_beside::{self, Beside};
use crate::commands::{timeline, trace_tracks};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{collect, output};

/// Stacks told under each row.
pub const STACKS_SHOWN: usize = 3;

/// What traces showed.
pub struct Collected {
    /// The answer.
    pub envelope: Envelope,
    /// Whether all of them could be read.
    pub whole: bool,
    /// Over time, where that was asked for.
    pub overview: Option<Overview>,
    /// Names, frames and stacks.
    pub tables: TraceTables,
    /// Time by stack, where that was asked for.
    pub weights: Option<Profile>,
}

/// What of traces is wanted.
pub struct Part<'a> {
    /// Rows of each table.
    pub top: usize,
    /// Stacks under each row.
    pub stacks: usize,
    /// Profiles held against it.
    pub beside: Beside<'a>,
    /// Over time, too.
    pub overview: Option<Overview>,
    /// Time by stack, too.
    pub weighed: Option<Weighed>,
}

/// Reads every trace, adds them up and tells what they show.
pub fn run(args: &TraceArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let asked = TraceAsked { seconds: args.seconds, times: times(args.time) };
    // Times of several traces cannot be told on one axis.
    let format = output::format(global, Format::Text);
    if is_timeline(format, args, global) {
        return trace_tracks::run(args, asked, global);
    }
    if args.from.or(args.to).is_some() {
        let why = "only the timeline for Perfetto is cut".into();
        let next = "Add --format perfetto, and leave --of out.".into();
        return Err(ExpectedError::Option { option: "--from", why, next }.into());
    }
    let overview = (format == Format::Html && args.targets.len() == 1).then(Overview::default);
    let part = Part {
        top: args.top as usize,
        stacks: STACKS_SHOWN,
        beside: Beside { cpu: args.cpu.as_deref(), heap: args.heap.as_deref() },
        overview,
        weighed: of_stacks(format).then(|| weighed(args.of.unwrap_or(OfArg::Waits))),
    };
    let mut collected = collect(&args.targets, asked, part, &args.collect, global)?;
    let exit = if collected.whole { exit(&collected.envelope, global) } else { Exit::Target };
    if let Some(profile) = collected.weights.as_ref().filter(|_| format == Format::Svg) {
        let wanted = Wanted { shown: profile.default_index(), trees: Trees::Shown, rows: Rows::Functions };
        collected.envelope.profile = Some(profile_report(profile, wanted, None, None).0);
    }
    let stacks = collected.weights.as_ref().map(|profile| Stacks::Weights(profile, profile.default_index()));
    output::print(&mut collected.envelope, stacks, Format::Text, exit, true, global)?;
    Ok(exit)
}

/// Reads every trace.
pub fn collect(
    targets: &[String],
    asked: TraceAsked,
    part: Part<'_>,
    args: &CollectArgs,
    global: &GlobalArgs,
) -> anyhow::Result<Collected> {
    let targets = targets.iter().map(|target| Target::parse(target)).collect::<Result<Vec<_>, _>>();
    let targets = targets.map_err(ExpectedError::from)?;
    let options = collect::options(args)?;
    // A profile that cannot be read must not cost the reading of a trace first.
    let beside = trace_beside::read(part.beside, &options)?;
    let mut envelope = Envelope::new("trace", env!("CARGO_PKG_VERSION"));
    let (mut tables, mut seen) = (TraceTables::new(), (Portrait::default(), (Queues::default(), part.overview)));
    let mut read = Vec::new();
    let progress = Progress::start(global.quiet || global.redact, output::lang(global));
    for (target, index) in targets.iter().zip(1..) {
        progress.tell(&herd_diagnose::Event::Collecting { target: &target.name, index, of: targets.len() as u32 });
        if index > 1 {
            seen.another_trace(&tables);
        }
        let traced = herd_sources::trace(target, asked, &mut tables, &mut seen, &options, collect::cancel_flag());
        read.push(traced.map_err(ExpectedError::from)?);
    }
    progress.clear();
    let (portrait, (queues, mut overview)) = seen;
    let shown = Shown { rows: part.top, stacks: part.stacks, weighed: part.weighed };
    let told = trace_beside::hold(&beside, &portrait, shown.rows, &tables, &mut envelope.hidden);
    let finished = portrait.finish(shown, &tables, &mut envelope.hidden);
    if let Some(overview) = &mut overview {
        overview.finish(read.iter().map(|traced| traced.summary.bytes).sum());
        envelope.timeline = timeline::whole(overview, &tables);
        limits(overview, &mut envelope);
    }
    let whole = read.iter().all(|traced| traced.summary.losses.is_whole());
    let mut report = TraceReport {
        began_at: finished.began_ns.and_then(herd_diagnose::rfc3339),
        times: if asked.times == Times::Go { "go" } else { "recorded" }.to_owned(),
        beside_cpu: told.cpu,
        allocators: told.allocators,
        ..finished.report
    };
    count(&mut report, &read);
    envelope.open = !whole;
    let facts = facts(&report, queues.finish(&tables));
    envelope.trace = Some(report);
    let traces = read.len();
    for traced in read {
        tell(&mut envelope, traced);
    }
    if let Some(target) = envelope.targets.first().cloned() {
        herd_diagnose::plateau(&facts, &target, &mut envelope);
    }
    trace_beside::tell(&mut envelope, beside, traces);
    Ok(Collected { envelope, whole, overview, tables, weights: finished.weights })
}

/// What the timeline leaves out.
fn limits(overview: &Overview, envelope: &mut Envelope) {
    let mut note = |text: String| envelope.notes.push(Note { kind: NoteKind::Limit, offset: None, text });
    if overview.passed_over > 0 {
        note(format!("{} collections and stops are not on the timeline", overview.passed_over));
    }
    if overview.forgotten > 0 {
        note(format!(
            "{} times a goroutine was alive as a generation began and was not remembered: a close look at the timeline groups it by where it stands",
            overview.forgotten
        ));
    }
    if overview.is_first_of_several() {
        note("the timeline shows the first trace of the file".to_owned());
    }
}

/// Perfetto is for timelines; JSON of it is the form stacks have.
fn is_timeline(format: Format, args: &TraceArgs, global: &GlobalArgs) -> bool {
    let json =
        global.format.is_none() && global.output.as_ref().is_some_and(|path| path.extension().is_some_and(|end| end == "json"));
    format == Format::Perfetto && args.of.is_none() && !json
}

/// Formats made of stacks alone.
fn of_stacks(format: Format) -> bool {
    match format {
        Format::Svg | Format::Folded | Format::Pprof | Format::Speedscope | Format::Perfetto => true,
        Format::Text
        | Format::Concise
        | Format::Json
        | Format::Markdown
        | Format::Github
        | Format::Junit
        | Format::Html
        | Format::Csv
        | Format::Sarif
        | Format::Gitlab
        | Format::Checkstyle
        | Format::Dot => false,
    }
}

fn weighed(arg: OfArg) -> Weighed {
    match arg {
        OfArg::Waits => Weighed::Waits,
        OfArg::Syscalls => Weighed::Syscalls,
        OfArg::Cpu => Weighed::Cpu,
    }
}

fn times(arg: TimeArg) -> Times {
    match arg {
        TimeArg::Raw => Times::Recorded,
        TimeArg::Go => Times::Go,
    }
}

/// What the readers counted.
fn count(report: &mut TraceReport, read: &[Traced]) {
    let formats: Vec<String> = read.iter().map(|traced| format!("go1.{}", traced.summary.format)).collect();
    let mut distinct = formats;
    distinct.dedup();
    report.format = distinct.join(", ");
    report.events = read.iter().map(|traced| traced.summary.total()).sum();
    let of_kind = |kind: u8| TraceCount {
        name: kind_name(kind).to_owned(),
        count: read.iter().map(|traced| traced.summary.events[kind as usize]).sum(),
    };
    report.kinds = (0..=u8::MAX).map(of_kind).filter(|kind| kind.count > 0).collect();
    report.kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    let losses = || read.iter().map(|traced| &traced.summary.losses);
    report.lost = losses().any(|losses| !losses.is_whole()).then(|| TraceLost {
        bytes: losses().map(|losses: &Losses| losses.bytes).sum(),
        out_of_order: losses().map(|losses| losses.out_of_order).sum(),
    });
}

fn tell(envelope: &mut Envelope, traced: Traced) {
    envelope.targets.push(TargetReport {
        kind: traced.kind,
        name: traced.target_name,
        go_version: None,
        witnesses: vec![traced.witness],
        bytes: traced.bytes,
        looked_s: traced.kind.is_live().then_some(traced.seconds),
        cost: traced.cost,
    });
    envelope.notes.extend(traced.notes);
}
