//! Profiles given beside a trace: read, held against it, told.

use std::collections::BTreeMap;

use herd_analysis::trace::Portrait;
use herd_model::{Envelope, Note, NoteKind, ProfileKind, TraceAllocators, TraceBesideCpu, TracePlaced, TraceTables};
use herd_sources::{Options, Target, Weights, WeightsAsked, weights};

use crate::error::ExpectedError;
use crate::{collect, weigh};

/// Samples from which it is no chance that a trace of the same process holds none of them.
const SAMPLES_MIN: u64 = 10;

/// Which profiles are given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// CPU.
    pub cpu: Option<&'a str>,
    /// Allocations.
    pub heap: Option<&'a str>,
}

/// The profiles, read.
#[derive(Default)]
pub struct Read {
    cpu: Option<Weights>,
    heap: Option<Weights>,
}

/// What they say of a trace.
#[derive(Default)]
pub struct Told {
    /// Of the CPU.
    pub cpu: Option<TraceBesideCpu>,
    /// Of allocations.
    pub allocators: Option<TraceAllocators>,
}

/// Reads them.
///
/// # Errors
/// A profile that cannot be read or is of another kind.
pub fn read(beside: Beside<'_>, options: &Options) -> Result<Read, ExpectedError> {
    let cpu = beside.cpu.map(|name| read_cpu(name, options)).transpose()?;
    let heap = beside.heap.map(|name| read_heap(name, options)).transpose()?;
    Ok(Read { cpu, heap })
}

fn read_cpu(name: &str, options: &Options) -> Result<Weights, ExpectedError> {
    let target = Target::parse(name)?;
    if target.kind().is_live() {
        return Err(ExpectedError::Option {
            option: "--cpu",
            why: "a profile of a service that is asked for now shows another time than the trace".into(),
            next: "Save what /debug/pprof/profile?seconds=N answers while the trace is taken, and give the file.".into(),
        });
    }
    let found =
        weights(&target, WeightsAsked { profile: "profile", seconds: None, holders: None }, options, collect::cancel_flag())?;
    if found.profile.kind == ProfileKind::Cpu {
        return Ok(found);
    }
    Err(other("--cpu", &found, "what /debug/pprof/profile answers"))
}

fn read_heap(name: &str, options: &Options) -> Result<Weights, ExpectedError> {
    let target = Target::parse(name)?;
    let found =
        weights(&target, WeightsAsked { profile: "allocs", seconds: None, holders: None }, options, collect::cancel_flag())?;
    let tells = found.profile.sample_index("alloc_space").is_some();
    if tells && matches!(found.profile.kind, ProfileKind::Heap | ProfileKind::Allocs) {
        return Ok(found);
    }
    Err(other("--heap", &found, "what /debug/pprof/allocs or heap answers"))
}

fn other(option: &'static str, found: &Weights, wanted: &str) -> ExpectedError {
    ExpectedError::Option {
        option,
        why: format!("{} is a {} profile", found.target_name, weigh::called(&found.profile)),
        next: format!("Give {wanted}."),
    }
}

/// Holds them against the trace.
pub fn hold(read: &Read, portrait: &Portrait, top: usize, tables: &TraceTables, hidden: &mut BTreeMap<String, u64>) -> Told {
    Told {
        cpu: read.cpu.as_ref().and_then(|cpu| portrait.beside_cpu(&cpu.profile, top, tables, hidden)),
        allocators: read.heap.as_ref().and_then(|heap| portrait.allocators(&heap.profile, top, tables, hidden)),
    }
}

/// Names them among the targets, with what is to be said of how they fit.
pub fn tell(envelope: &mut Envelope, read: Read, traces: usize) {
    let report = envelope.trace.as_ref();
    let note = report.and_then(|report| report.beside_cpu.as_ref().map(|cpu| (cpu, report.began_at.is_some(), report.span_s)));
    if let Some(text) = note.and_then(|(cpu, has_wall, span_s)| fits(cpu, has_wall, span_s, traces)) {
        envelope.notes.push(Note { kind: NoteKind::Advice, offset: None, text });
    }
    for weights in read.cpu.into_iter().chain(read.heap) {
        weigh::tell(envelope, weights);
    }
}

/// Why the CPU profile tells less of the trace than it could.
fn fits(cpu: &TraceBesideCpu, has_wall: bool, span_s: f64, traces: usize) -> Option<String> {
    let (from_s, to_s) = (cpu.from_s.unwrap_or_default(), cpu.to_s.unwrap_or_default());
    match cpu.placed {
        TracePlaced::Unknown => {
            let why = if traces > 1 {
                "several traces have no clock in common"
            } else if has_wall {
                "the profile does not say when it was taken, or for how long"
            } else {
                "the trace tells no time of day, as none does before Go 1.25"
            };
            Some(format!("the CPU profile is not placed on the trace's clock: {why}"))
        }
        TracePlaced::Apart if to_s <= 0.0 => {
            Some(format!("the CPU profile ends {:.1} s before the trace begins: it shows nothing of the trace's time", -to_s))
        }
        TracePlaced::Apart => Some(format!(
            "the CPU profile begins {:.1} s after the trace ends: it shows nothing of the trace's time",
            (from_s - span_s).max(0.0)
        )),
        TracePlaced::Inside if cpu.trace_samples == 0 && cpu.samples >= SAMPLES_MIN => Some(format!(
            "the CPU profile has {} samples of the trace's time and the trace has none: the runtime writes each sample to both, so they \
             are of two processes",
            cpu.samples
        )),
        TracePlaced::Inside | TracePlaced::Partly => None,
    }
}
