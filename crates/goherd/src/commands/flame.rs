//! `goherd flame`: the call tree of a profile of any kind, or of all goroutines.

use herd_analysis::flame::Rows;
use herd_analysis::profile_report::Trees;
use herd_sinks::{Format, Stacks};
use herd_sources::Target;

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
    let weights = weigh::ask(target, asked(args.profile, args.seconds), &args.collect, global)?;
    draw(args, weights, global)
}

/// Only unpacking tells what is inside; goroutines are then read again, with their states.
fn packed(args: &FlameArgs, target: &Target, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let weights = weigh::ask(target, asked(args.profile, args.seconds), &args.collect, global)?;
    if weigh::is_of_goroutines(&weights) && target.kind() == herd_model::TargetKind::File {
        return goroutines(args, global);
    }
    draw(args, weights, global)
}

fn draw(args: &FlameArgs, weights: herd_sources::Weights, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let format = output::format(global, Format::Text);
    let part = Part {
        sample_type: args.sample_type.as_deref(),
        rows: if args.lines { Rows::Lines } else { Rows::Functions },
        focus: args.focus.as_deref(),
        ignore: args.ignore.as_deref(),
        trees: match format {
            Format::Html => Trees::All,
            Format::Json if args.sample_type.is_none() => Trees::All,
            Format::Json | Format::Svg => Trees::Shown,
            // Tables need no tree, and what is written from the stacks themselves makes its own.
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
            | Format::Perfetto => Trees::None,
        },
    };
    let mut weighed = weigh::report("flame", weights, &part)?;
    let stacks = Stacks::Weights(&weighed.profile, weighed.shown);
    output::print(&mut weighed.envelope, Some(stacks), Format::Text, Exit::Healthy, true, global)?;
    Ok(Exit::Healthy)
}
