//! `goherd locks`: where goroutines wait for each other, and which code lets go of what others wait for.

use herd_analysis::locks::{Contended, kind, locks};
use herd_model::{Envelope, ProfileKind, Verdict};
use herd_sinks::Format;
use herd_sources::{Options, Place, Target, Weights, WeightsAsked, weights};

use crate::args::GlobalArgs;
use crate::args_profiles::LocksArgs;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output, weigh};

/// Reads every target and adds up what was contended.
pub fn run(args: &LocksArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let mut envelope = Envelope::new("locks", env!("CARGO_PKG_VERSION"));
    let options = collect::options(&args.collect)?;
    let mut found: Vec<Weights> = Vec::new();
    for target in &args.targets {
        let target = Target::parse(target).map_err(ExpectedError::from)?;
        for (profile, known) in asked(&target) {
            found.push(read(&target, profile, known, &options)?);
        }
    }
    let contended: Vec<Contended<'_>> =
        found.iter().map(|weights| Contended { target: &weights.target_name, profile: &weights.profile }).collect();
    envelope.locks = Some(locks(&contended, args.top as usize, &mut envelope.hidden));
    envelope.verdict = Verdict::Healthy;
    for weights in found {
        weigh::tell(&mut envelope, weights);
    }
    output::print(&mut envelope, None, Format::Text, Exit::Healthy, true, global)?;
    Ok(Exit::Healthy)
}

/// What to ask a target for: a service that is named alone has both. An empty profile does not tell its kind, but its address does.
fn asked(target: &Target) -> Vec<(&'static str, Option<ProfileKind>)> {
    let both = [("mutex", Some(ProfileKind::Mutex)), ("block", Some(ProfileKind::Block))];
    match &target.place {
        Place::Endpoint(endpoint) => match &endpoint.profile {
            Some(told) => both.into_iter().filter(|(name, _)| *name == told.name).chain([("mutex", None)]).take(1).collect(),
            None => both.to_vec(),
        },
        Place::Stdin | Place::Path(_) | Place::Process(_) | Place::Core { .. } => vec![("mutex", None)],
    }
}

fn read(target: &Target, profile: &'static str, known: Option<ProfileKind>, options: &Options) -> Result<Weights, ExpectedError> {
    let mut found = weights(target, WeightsAsked { profile, seconds: None, holders: None }, options, collect::cancel_flag())?;
    if found.profile.kind == ProfileKind::Contention {
        found.profile.kind = known.unwrap_or(ProfileKind::Contention);
    }
    if kind(&found.profile).is_some() {
        return Ok(found);
    }
    Err(ExpectedError::Option {
        option: "TARGET",
        why: format!("{} is a {} profile, not one of block or mutex", found.target_name, weigh::called(&found.profile)),
        next: "Give what /debug/pprof/mutex or block answers; `goherd flame` shows any profile.".into(),
    })
}
