//! Profiles of allocations among the targets of `goherd doctor`: they hold no goroutines, and other eyes look at them.

use herd_model::{Envelope, Note, NoteKind, ProfileKind};
use herd_sources::{Options, Place, Target, Weights, WeightsAsked, weights};

use crate::collect;
use crate::error::ExpectedError;
use crate::weigh::{self, Holds};

/// Takes the profiles of allocations out of the targets, read.
///
/// # Errors
/// A target that looks like one and cannot be read.
pub fn take(targets: &mut Vec<Target>, options: &Options) -> Result<Vec<Weights>, ExpectedError> {
    let mut taken = Vec::new();
    let mut left = Vec::new();
    for target in targets.drain(..) {
        match allocations(&target, options)? {
            Some(weights) => taken.push(weights),
            None => left.push(target),
        }
    }
    *targets = left;
    Ok(taken)
}

fn allocations(target: &Target, options: &Options) -> Result<Option<Weights>, ExpectedError> {
    // What standard input holds can be read once only.
    let may_be = match &target.place {
        Place::Path(path) => path.is_file() && weigh::holds(target) != Holds::Goroutines,
        Place::Endpoint(_) => weigh::holds(target) == Holds::Weights,
        Place::Stdin | Place::Process(_) | Place::Core { .. } => false,
    };
    if !may_be {
        return Ok(None);
    }
    let asked = WeightsAsked { profile: "allocs", seconds: None, holders: None };
    // What is no profile is told by those who read goroutines.
    match weights(target, asked, options, collect::cancel_flag()) {
        Ok(found) if matches!(found.profile.kind, ProfileKind::Heap | ProfileKind::Allocs) => Ok(Some(found)),
        Err(error) if target.kind().is_live() => Err(error.into()),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Judges them one by one and adds what they show to an answer.
pub fn judge(envelope: &mut Envelope, profiles: Vec<Weights>) {
    for found in profiles {
        if !herd_diagnose::profile(&found.profile, None, &weigh::target(&found), envelope) {
            envelope.open = true;
        }
        weigh::tell(envelope, found);
    }
}

/// An answer that rests on profiles alone. They show what is allocated; goroutines they do not show.
pub fn answer(profiles: Vec<Weights>) -> Envelope {
    let mut envelope = Envelope::new("doctor", env!("CARGO_PKG_VERSION"));
    envelope.open = true;
    judge(&mut envelope, profiles);
    let text = "a profile of allocations shows no goroutines: take a dump of the process, too";
    envelope.notes.push(Note { kind: NoteKind::Advice, offset: None, text: text.to_owned() });
    envelope
}
