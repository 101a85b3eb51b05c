//! A target as one weighted profile, and the answer made of it.

use std::fs::File;
use std::io::{BufRead, Read};

use herd_analysis::flame::Rows;
use herd_analysis::profile_report::{Trees, Wanted, profile_report, select};
use herd_analysis::top::TopSums;
use herd_formats::recognise::{self, Kind, recognise};
use herd_model::{Envelope, Profile, ProfileKind, Target as TargetReport};
use herd_sources::{Place, Target, Weights, WeightsAsked};
use regex_lite::Regex;

use crate::args::GlobalArgs;
use crate::args_profiles::ProfileArg;
use crate::collect::{self, CollectArgs};
use crate::error::ExpectedError;
use crate::output;
use crate::progress::Progress;

/// What a target holds, as far as its name and first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Goroutines.
    Goroutines,
    /// A profile of another kind.
    Weights,
    /// Something compressed.
    Packed,
}

/// Looks at the target's first bytes without taking them from it.
pub fn holds(target: &Target) -> Holds {
    match &target.place {
        Place::Stdin => {
            let mut input = std::io::stdin().lock();
            // What cannot be read is told by the reader.
            input.fill_buf().map_or(Holds::Goroutines, of_head)
        }
        Place::Path(path) if path.is_file() => {
            let mut head = Vec::new();
            let read = File::open(path).and_then(|file| file.take(recognise::HEAD_BYTES as u64).read_to_end(&mut head));
            read.map_or(Holds::Goroutines, |_| of_head(&head))
        }
        Place::Endpoint(endpoint) => match &endpoint.profile {
            Some(profile) if !profile.name.starts_with("goroutine") => Holds::Weights,
            Some(_) | None => Holds::Goroutines,
        },
        Place::Path(_) | Place::Process(_) | Place::Core { .. } => Holds::Goroutines,
    }
}

fn of_head(head: &[u8]) -> Holds {
    match recognise(head) {
        Kind::ProfileText(_) => Holds::Weights,
        Kind::ProfileProto { .. } | Kind::Gzip | Kind::Zstd | Kind::Binary(_) => Holds::Packed,
        Kind::DumpText
        | Kind::SavedEnvelope
        | Kind::FuseReport
        | Kind::Account
        | Kind::Html(_)
        | Kind::Trace
        | Kind::RuntimeLog
        | Kind::Empty
        | Kind::UnknownText => Holds::Goroutines,
    }
}

/// Whether the weights are goroutines counted by their stacks.
pub fn is_of_goroutines(weights: &Weights) -> bool {
    matches!(weights.profile.kind, ProfileKind::Goroutine | ProfileKind::GoroutineLeak)
}

/// What to ask a service for; its goroutines unless told otherwise.
pub fn asked(profile: Option<ProfileArg>, seconds: Option<u32>) -> WeightsAsked {
    WeightsAsked { profile: profile.map_or("goroutine", ProfileArg::served), seconds, holders: None }
}

/// Asks, showing what goes on.
pub fn ask(target: &Target, asked: WeightsAsked, args: &CollectArgs, global: &GlobalArgs) -> anyhow::Result<Weights> {
    ask_and_visit(target, asked, args, global, None)
}

/// The same; where there are sums, samples are added to them as they are read, and the profile may have none.
pub fn ask_and_visit(
    target: &Target,
    asked: WeightsAsked,
    args: &CollectArgs,
    global: &GlobalArgs,
    sums: Option<&mut TopSums>,
) -> anyhow::Result<Weights> {
    let options = collect::options(args)?;
    let progress = Progress::start(global.quiet || global.redact, output::lang(global));
    progress.tell(&herd_diagnose::Event::Collecting { target: &target.name, index: 1, of: 1 });
    let cancel = collect::cancel_flag();
    let answer = match sums {
        None => herd_sources::weights(target, asked, &options, cancel),
        Some(sums) => herd_sources::visit_weights(target, asked, &options, cancel, sums),
    };
    progress.clear();
    Ok(answer.map_err(ExpectedError::from)?)
}

/// What was looked at, as an answer names it.
pub fn target(weights: &Weights) -> TargetReport {
    TargetReport {
        kind: weights.kind,
        name: weights.target_name.clone(),
        go_version: None,
        witnesses: vec![weights.witness.clone()],
        bytes: weights.bytes,
        looked_s: weights.kind.is_live().then_some(weights.seconds),
        cost: weights.cost.clone(),
    }
}

/// Names the target and passes its notes on; what is left is the profile.
pub fn tell(envelope: &mut Envelope, weights: Weights) -> Profile {
    envelope.targets.push(target(&weights));
    envelope.notes.extend(weights.notes);
    weights.profile
}

/// What of a profile is shown.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Name of the sample type; the profile's own choice unless given.
    pub sample_type: Option<&'a str>,
    /// Functions or lines.
    pub rows: Rows,
    /// Regular expression of functions and files that stacks must have one of.
    pub focus: Option<&'a str>,
    /// Regular expression of functions and files that stacks must have none of.
    pub ignore: Option<&'a str>,
    /// Sample types whose call tree is needed.
    pub trees: Trees,
    /// What all samples add up to, where that was taken as they were read.
    pub sums: Option<&'a TopSums>,
}

/// An answer and the profile it is made of.
pub struct Weighed {
    /// What is printed.
    pub envelope: Envelope,
    /// What is left of the profile.
    pub profile: Profile,
    /// Index of the sample type shown.
    pub shown: usize,
}

/// Makes the answer.
pub fn report(command: &str, weights: Weights, part: &Part<'_>) -> Result<Weighed, ExpectedError> {
    let mut envelope = Envelope::new(command, env!("CARGO_PKG_VERSION"));
    let shown = shown_type(&weights.profile, part.sample_type)?;
    let mut profile = tell(&mut envelope, weights);
    let (focus, ignore) = (pattern("--focus", part.focus)?, pattern("--ignore", part.ignore)?);
    if focus.is_some() || ignore.is_some() {
        let in_focus = focus.map(|pattern| move |name: &str| pattern.is_match(name));
        let ignored = ignore.map(|pattern| move |name: &str| pattern.is_match(name));
        let (selected, left_out) =
            select(&profile, in_focus.as_ref().map(|test| test as _), ignored.as_ref().map(|test| test as _));
        profile = selected;
        envelope.hidden.insert("samples_left_out".to_owned(), left_out);
    }
    let wanted = Wanted { shown, trees: part.trees, rows: part.rows };
    let taken_at = profile.taken_at_ns.and_then(herd_diagnose::rfc3339);
    let (report, hidden) = profile_report(&profile, wanted, part.sums, taken_at);
    envelope.profile = Some(report);
    envelope.hidden.extend(hidden);
    Ok(Weighed { envelope, profile, shown })
}

fn shown_type(profile: &Profile, name: Option<&str>) -> Result<usize, ExpectedError> {
    let Some(name) = name else { return Ok(profile.default_index()) };
    profile.sample_index(name).ok_or_else(|| {
        let known: Vec<&str> = profile.sample_types.iter().map(|kind| &*kind.name).collect();
        ExpectedError::Option {
            option: "--type",
            why: format!("the profile has no sample type `{name}`"),
            next: format!("It has: {}.", known.join(", ")),
        }
    })
}

fn pattern(option: &'static str, text: Option<&str>) -> Result<Option<Regex>, ExpectedError> {
    text.map(Regex::new).transpose().map_err(|why| ExpectedError::Option {
        option,
        why: why.to_string(),
        next: "Write a regular expression, such as 'json|pay\\.'.".into(),
    })
}

/// What kind of profile it is; one of no known kind by what it counts.
pub fn called(profile: &Profile) -> String {
    if profile.kind == ProfileKind::Other {
        return profile.sample_types.iter().map(|kind| &*kind.name).collect::<Vec<_>>().join("/");
    }
    profile.kind.as_str().to_owned()
}
