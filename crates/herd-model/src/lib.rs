//! The nouns of goherd and nothing else: what was seen ([`Snapshot`]), what was measured ([`Evidence`]), what was judged
//! ([`Finding`], [`Candidate`]) and what is printed ([`Envelope`]).
//!
//! This crate knows no format, no clock and no input or output.

mod build;
mod envelope;
mod evidence;
mod finding;
mod goroutine;
mod graph;
mod report;
mod snapshot;
mod state;

pub use build::SnapshotBuilder;
pub use envelope::{Envelope, Note, NoteKind, SCHEMA, Target, TargetKind, Verdict};
pub use evidence::{Evidence, EvidenceKind, Place};
pub use finding::{Candidate, Certainty, Finding, PatternId, Severity, Spread, Step, shell_word};
pub use goroutine::{Address, Goroutine, GoroutineId, GoroutineLog, LabelSetId};
pub use graph::{
    Awaited, CycleStep, Doubt, GraphGroup, GraphObject, GraphRest, GraphWait, Holder, HolderReason, Inside, Mention, Side,
    WaitCycle, WaitGraph, Waiter, Waits, What,
};
pub use report::{
    BlockingPoint, ClusterReport, FamilyReport, Flame, FrameReport, Label, Redaction, SeriesFamily, SeriesReport, SnapshotReport,
};
pub use snapshot::{
    Ancestor, Cluster, ClusterId, Crash, Frame, FrameId, Name, NameId, Names, ObjectKind, Origin, Snapshot, Stack, StackId,
    Truncation, WaitMinutes, unescaped,
};
pub use state::{StateClass, WaitReason};
