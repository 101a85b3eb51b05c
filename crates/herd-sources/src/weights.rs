//! A target as one weighted profile: a profile of any kind as it is, goroutines of a dump, process or core counted by their stacks, the
//! heap of a process or core as the runtime samples it.

use std::io;
use std::time::{Duration, Instant};

use herd_formats::weigh;
use herd_model::{HeapHolders, Note, NoteKind, Profile, SampleVisitor, TargetKind};

use crate::endpoint;
use crate::file::{Piped, file_name, opened, unreadable};
use crate::read::{self, Held};
use crate::target::ProfileAsked;
use crate::{CancelFlag, Endpoint, Options, Place, SourceError, Target, Testimony, collect, live_heap};

/// Weights with everything known about how they were come by.
#[derive(Clone, Debug)]
pub struct Weights {
    /// The target's name, credentials removed.
    pub target_name: String,
    /// What kind of witness the target is.
    pub kind: TargetKind,
    /// What was asked or read: `heap?debug=0`, a file name, `standard input`.
    pub witness: String,
    /// The profile.
    pub profile: Profile,
    /// What the reader and the collector have to say about it.
    pub notes: Vec<Note>,
    /// Bytes read.
    pub bytes: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// What it cost the target, as a sentence; nothing for what was recorded before.
    pub cost: Option<String>,
    /// Who holds it, for a heap in which nothing moves, where that was asked for.
    pub holders: Option<HeapHolders>,
}

/// What a service is asked for whose address names no profile of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightsAsked {
    /// As `net/http/pprof` serves it: `heap`, `mutex`, `profile` for CPU time, `goroutine`…
    pub profile: &'static str,
    /// For how many seconds, where the profile is taken over time; the service's own custom otherwise.
    pub seconds: Option<u32>,
    /// Who holds a heap.
    pub holders: Option<HoldersAsked>,
}

/// Who holds a heap, asked of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldersAsked {
    /// Lines and roots that are told.
    pub top: usize,
    /// Of a process, too: it is stopped for milliseconds and copied.
    pub copy: Option<StopBudget>,
}

/// How long a process may be stopped; without a limit of one's own [`herd_live::Budget`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopBudget(pub Option<Duration>);

impl WeightsAsked {
    /// Whether it is what the runtime samples of allocations, which memory shows by itself.
    fn is_of_heap(self) -> bool {
        matches!(self.profile, "heap" | "allocs")
    }
}

/// How long `net/http/pprof` takes CPU samples unless told otherwise.
const CPU_SECONDS: u32 = 30;

/// Asks one target for weights. Of several snapshots in it the last is taken, and the others are noted.
///
/// # Errors
/// When there is nothing to weigh: an unreadable target, a format that holds no profile.
pub fn weights(target: &Target, asked: WeightsAsked, options: &Options, cancel: &CancelFlag) -> Result<Weights, SourceError> {
    weights_or_visit(target, asked, options, cancel, None)
}

/// The same where only what samples add up to is wanted: every one is shown to the visitor, and the profile may then have none. Of a file
/// this takes about two thirds of the time and half the memory. After an error what was shown is a part.
///
/// # Errors
/// As [`weights`].
pub fn visit_weights(
    target: &Target,
    asked: WeightsAsked,
    options: &Options,
    cancel: &CancelFlag,
    visitor: &mut dyn SampleVisitor,
) -> Result<Weights, SourceError> {
    weights_or_visit(target, asked, options, cancel, Some(visitor))
}

fn weights_or_visit(
    target: &Target,
    asked: WeightsAsked,
    options: &Options,
    cancel: &CancelFlag,
    mut visitor: Option<&mut dyn SampleVisitor>,
) -> Result<Weights, SourceError> {
    let started = Instant::now();
    let to = visitor.as_deref_mut().map(|visitor| visitor as _);
    let (witness, held) = match &target.place {
        Place::Stdin => {
            let input = Piped::start(io::stdin(), cancel.clone());
            ("standard input".to_owned(), read::weights("standard input", input, cancel, to)?)
        }
        Place::Path(path) if !path.is_dir() => {
            let shown = path.display().to_string();
            let file = opened(path, cancel).map_err(|source| unreadable(shown.clone(), source))?;
            (file_name(path), read::weights(&shown, file, cancel, to)?)
        }
        Place::Endpoint(endpoint) => return Ok(visited(of_endpoint(target, endpoint, asked, options, cancel)?, visitor)),
        Place::Process(pid) if asked.is_of_heap() => return Ok(visited(live_heap::process(target, *pid, asked)?, visitor)),
        Place::Core { path, executable } if asked.is_of_heap() => {
            return Ok(visited(live_heap::core(target, path, executable.as_deref(), asked)?, visitor));
        }
        Place::Path(_) | Place::Process(_) | Place::Core { .. } => {
            return Ok(visited(of_goroutines(target, collect(target, options, cancel)?)?, visitor));
        }
    };
    let (profile, notes, bytes) = match held {
        Held::Profile(profile, notes, bytes) => (*profile, notes, bytes),
        Held::Snapshots(mut found) => {
            let profile = found.snapshots.last().map(weigh);
            let profile = profile.ok_or_else(|| read::no_goroutines(&target.name))?;
            found.notes.extend(others(found.snapshots.len()));
            if let Some(visitor) = visitor {
                profile.visit(visitor);
            }
            (profile, found.notes, found.bytes)
        }
    };
    let (target_name, kind, seconds) = (target.name.clone(), target.kind(), started.elapsed().as_secs_f64());
    Ok(Weights { target_name, kind, witness, profile, notes, bytes, seconds, cost: None, holders: None })
}

/// The same, its samples shown to the visitor if there is one.
fn visited(weights: Weights, visitor: Option<&mut dyn SampleVisitor>) -> Weights {
    if let Some(visitor) = visitor {
        weights.profile.visit(visitor);
    }
    weights
}

fn of_endpoint(
    target: &Target,
    endpoint: &Endpoint,
    asked: WeightsAsked,
    options: &Options,
    cancel: &CancelFlag,
) -> Result<Weights, SourceError> {
    let mut endpoint = endpoint.clone();
    let (profile, roots) = if let Some(profile) = endpoint.profile.clone() {
        (profile, vec![endpoint.path.clone()])
    } else {
        endpoint.query.extend(asked.seconds.map(|seconds| ("seconds".to_owned(), seconds.to_string())));
        (ProfileAsked { name: asked.profile.to_owned(), debug: 0 }, endpoint::roots(&endpoint, options))
    };
    let told = endpoint.query.iter().find(|(key, _)| key == "seconds").and_then(|(_, value)| value.parse().ok());
    let seconds: u32 = told.unwrap_or(if profile.name == "profile" { CPU_SECONDS } else { 0 });
    let timeout = options.timeout + Duration::from_secs(u64::from(seconds));
    endpoint::weights(target, &endpoint, &profile, &roots, &Options { timeout, ..options.clone() }, cancel)
}

fn of_goroutines(target: &Target, testimonies: Vec<Testimony>) -> Result<Weights, SourceError> {
    let others = others(testimonies.len());
    let last = testimonies.into_iter().next_back().ok_or_else(|| read::no_goroutines(&target.name))?;
    let mut notes = last.notes;
    notes.extend(others);
    Ok(Weights {
        target_name: last.target_name,
        kind: last.kind,
        witness: last.witness,
        profile: weigh(&last.snapshot),
        notes,
        bytes: last.bytes,
        seconds: last.seconds,
        cost: last.cost,
        holders: None,
    })
}

fn others(snapshots: usize) -> Option<Note> {
    let text = || format!("{snapshots} snapshots are in it; the last one is weighed");
    (snapshots > 1).then(|| Note { kind: NoteKind::Advice, offset: None, text: text() })
}
