//! From a profile of allocations to findings and candidates: the profile eyes look, and what they see is told with its figures.
//!
//! A profile taken for a time, or two of one process, shows what is so now: suspected, as one kind of witness. One of all since the process
//! started cannot tell now from then, as when an index was loaded once: what it shows is a candidate.

use herd_analysis::allocations::allocations;
use herd_model::{Envelope, Evidence, EvidenceKind, Profile, Target};
use herd_patterns::{CATALOGUE, Spot};

use crate::remedy::{self, Asked};
use crate::said::Said;
use crate::{judge, verdict, worst_first};

/// Judges what one process allocated, since `earlier` where that is given, and adds what is wrong to an answer. Gives whether there was
/// something to judge: a profile of another kind, and one that does not say what was allocated, is passed over.
pub fn profile(profile: &Profile, earlier: Option<&Profile>, target: &Target, envelope: &mut Envelope) -> bool {
    // Where two are of two processes, or of one moment, the newer is judged alone.
    let since = earlier.and_then(|earlier| allocations(profile, Some(earlier)));
    let Some(allocations) = since.or_else(|| allocations(profile, None)) else { return false };
    let eyes = CATALOGUE.iter().filter_map(|pattern| pattern.profile.map(|eye| (pattern, eye)));
    for (pattern, spot) in eyes.flat_map(|(pattern, eye)| eye(&allocations).into_iter().map(move |spot| (pattern, spot))) {
        let known_time = allocations.over_s.is_some();
        let steps = if known_time {
            remedy::next(&pattern.pattern_id(), target)
        } else {
            remedy::decide_by(&spot.sighting.decide_by, target, Asked::default(), &spot.at)
        };
        let fact = figures(&spot);
        let evidence = spot.sighting.evidence.into_iter().chain([fact]).collect();
        let said = Said { pattern, at: spot.at, count: 0, evidence, steps };
        if known_time {
            envelope.findings.push(said.finding(target));
        } else {
            envelope.candidates.push(said.candidate(target));
        }
    }
    worst_first(&mut envelope.findings);
    judge::number(&mut envelope.candidates);
    envelope.verdict = verdict(&envelope.findings, &envelope.candidates, envelope.open);
    true
}

/// How many objects, and how often.
fn figures(spot: &Spot) -> Evidence {
    let objects = spot.objects;
    match spot.per_second {
        Some(rate) => {
            let rate = rate.round();
            Evidence::new(EvidenceKind::Allocation, format!("{objects} objects, {rate} a second"))
                .with("objects", &objects)
                .with("rate", &rate)
        }
        None => Evidence::new(
            EvidenceKind::Allocation,
            format!("{objects} objects since the process started; at what rate now, this profile does not tell"),
        )
        .with("objects", &objects),
    }
}
