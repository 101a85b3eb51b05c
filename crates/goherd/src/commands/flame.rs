//! `goherd flame`: the call tree of a profile of any kind, or of all goroutines.

use herd_analysis::flame::Rows;
use herd_analysis::profile_report::Trees;
use herd_analysis::top::TopSums;
use herd_sinks::{Format, Stacks};
use herd_sources::{Target, Weights};

use crate::args::{FormatArg, GlobalArgs};
use crate::args_profiles::{FlameArgs, ProfileArg};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::weigh::{Holds, Part, asked, holds};
use crate::{collect, output, weigh};

/// Collects and draws; a table unless a format or a file's ending asks for a drawing.
pub fn run(args: &FlameArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let mut global = global.clone();
    if args.top {
        global.format = Some(FormatArg(Format::Text));
    }
    let target = Target::parse(&args.target).map_err(ExpectedError::from)?;
    match holds(&target) {
        _ if wants_weights(args) => weights(args, &target, &global),
        Holds::Weights => weights(args, &target, &global),
        Holds::Goroutines => goroutines(args, &global),
        Holds::Packed => packed(args, &target, &global),
    }
}

/// Whether something is asked for that only weights have.
fn wants_weights(args: &FlameArgs) -> bool {
    let other_profile = args.profile.is_some_and(|profile| profile != ProfileArg::Goroutine);
    other_profile || args.sample_type.is_some() || args.lines || args.focus.is_some() || args.ignore.is_some()
}

fn goroutines(args: &FlameArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let targets = [args.target.clone()];
    let mut diagnosis = collect::diagnose("flame", &targets, &args.collect, None, global)?;
    let stacks = Stacks::Goroutines(&diagnosis.snapshot);
    output::print(&mut diagnosis.envelope, Some(stacks), Format::Text, Exit::Healthy, true, global)?;
    Ok(Exit::Healthy)
}

fn weights(args: &FlameArgs, target: &Target, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut sums = wanted_sums(args, global);
    let weights = ask(args, target, global, sums.as_mut())?;
    draw(args, weights, sums.as_ref(), global)
}

/// Only unpacking tells what is inside; goroutines are then read again, with their states.
fn packed(args: &FlameArgs, target: &Target, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut sums = wanted_sums(args, global);
    let weights = ask(args, target, global, sums.as_mut())?;
    if weigh::is_of_goroutines(&weights) && target.kind() == herd_model::TargetKind::File {
        return goroutines(args, global);
    }
    draw(args, weights, sums.as_ref(), global)
}

fn ask(args: &FlameArgs, target: &Target, global: &GlobalArgs, sums: Option<&mut TopSums>) -> anyhow::Result<Weights> {
    weigh::ask_and_visit(target, asked(args.profile, args.seconds), &args.collect, global, sums)
}

/// Sums to be taken as samples are read, where nothing else of them is shown.
fn wanted_sums(args: &FlameArgs, global: &GlobalArgs) -> Option<TopSums> {
    let is_part = args.focus.is_some() || args.ignore.is_some();
    let carries_stacks = output::format(global, Format::Text).carries_stacks();
    (trees(args, global) == Trees::None && !is_part && !carries_stacks).then(|| TopSums::new(rows(args)))
}

fn draw(args: &FlameArgs, weights: Weights, sums: Option<&TopSums>, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let part = Part {
        sample_type: args.sample_type.as_deref(),
        rows: rows(args),
        focus: args.focus.as_deref(),
        ignore: args.ignore.as_deref(),
        trees: trees(args, global),
        sums,
    };
    let mut weighed = weigh::report("flame", weights, &part)?;
    let stacks = Stacks::Weights(&weighed.profile, weighed.shown);
    output::print(&mut weighed.envelope, Some(stacks), Format::Text, Exit::Healthy, true, global)?;
    Ok(Exit::Healthy)
}

fn rows(args: &FlameArgs) -> Rows {
    if args.lines { Rows::Lines } else { Rows::Functions }
}

/// Tables need no tree, and what is written from the stacks themselves makes its own.
fn trees(args: &FlameArgs, global: &GlobalArgs) -> Trees {
    match output::format(global, Format::Text) {
        Format::Html => Trees::All,
        Format::Json if args.sample_type.is_none() => Trees::All,
        Format::Json | Format::Svg => Trees::Shown,
        Format::Text
        | Format::Concise
        | Format::Markdown
        | Format::Github
        | Format::Junit
        | Format::Folded
        | Format::Pprof
        | Format::Speedscope
        | Format::Dot
        | Format::Csv
        | Format::Sarif
        | Format::Gitlab
        | Format::Checkstyle
        | Format::Perfetto => Trees::None,
    }
}
