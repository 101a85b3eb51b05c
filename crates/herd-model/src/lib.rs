//! The nouns of goherd and nothing else: what was seen ([`Snapshot`], [`Profile`]), what was measured ([`Evidence`]), what was judged
//! ([`Finding`], [`Candidate`]) and what is printed ([`Envelope`]).
//!
//! This crate knows no format, no clock and no input or output.

mod account;
mod build;
mod capacity;
mod diff;
mod envelope;
mod escape;
mod evidence;
mod finding;
mod goroutine;
mod graph;
mod guard;
mod heap;
mod heap_holders;
mod lint;
mod lint_chains;
mod lint_spawns;
mod locks;
mod measurement;
mod profile;
mod profile_build;
mod profile_report;
mod repair;
mod report;
mod roi;
mod runlog;
mod runlog_report;
mod runtime_metrics;
mod snapshot;
mod state;
mod timeline;
mod trace;
mod trace_beside;
mod trace_diff;
mod trace_report;
mod tracks;
mod tune;

pub use account::{Account, AccountKind, AccountName, AccountRow, AccountRuntime, LabelSets, worn};
pub use build::SnapshotBuilder;
pub use capacity::{
    CapacityDoubt, CapacityDoubtKind, CapacityPoints, CapacityPrediction, CapacityReport, Diagnostics, LatencyModel,
    LimitReached, MemoryModel, MemoryModelKind, ThroughputModel,
};
pub use diff::{
    DiffChange, DiffDoubt, DiffMatched, DiffRename, DiffReport, DiffRow, DiffRule, DiffSide, DiffWrapper, ExposureFrom,
};
pub use envelope::{Envelope, Note, NoteKind, SCHEMA, Target, TargetKind, Verdict};
pub use escape::{Escape, EscapeFile, EscapeLog};
pub use evidence::{Evidence, EvidenceKind, Place};
pub use finding::{Candidate, Certainty, Finding, PatternId, Severity, Spread, Step, shell_word};
pub use goroutine::{Address, Goroutine, GoroutineId, GoroutineLog, LabelSetId};
pub use graph::{
    Awaited, CycleStep, Doubt, GraphGroup, GraphObject, GraphRest, GraphWait, Held, Holder, HolderReason, Inside, Mention, Side,
    WaitCycle, WaitGraph, Waiter, Waits, What,
};
pub use guard::{GateVerdict, GuardArm, GuardCheck, GuardCheckKind, GuardReport};
pub use heap::{
    EscapeReport, EscapeRow, EscapeShown, HeapChange, HeapFigures, HeapGrowth, HeapGrowthRow, HeapReport, HeapRow, Resident,
};
pub use heap_holders::{HeapHolders, HeldBy, HeldSite, HolderKind, HolderRoot, HolderStep, RootShare};
pub use lint::LintReport;
pub use lint_chains::{Deadline, DeadlineChain, DeadlineHop, Entry, Sink};
pub use lint_spawns::{Spawn, SpawnEnd, SpawnJoin, SpawnKind, SpawnReason, SpawnReasonKind, SpawnRisk};
pub use locks::{LockKind, LockProfile, LockRole, LockRow, LocksReport};
pub use measurement::Measurement;
pub use profile::{
    Function, FunctionId, LabelValue, Line, Location, LocationId, Mapping, MappingHas, MappingId, Profile, ProfileFrame,
    ProfileKind, ProfileLabel, SampleType, SampleVisitor, Samples, StackLocations, Stacks, heap_sample_scaled, is_runtime,
    put_varint,
};
pub use profile_build::{NewLocation, ProfileBuilder, Unlike};
pub use profile_report::{ProfileReport, ProfileType, TopFunction};
pub use repair::{Edit, Repair, Safety, TextPosition};
pub use report::{
    BlockingPoint, ClusterReport, FamilyReport, Flame, FrameReport, Label, Redaction, SeriesFamily, SeriesReport, SnapshotReport,
};
pub use roi::{Interval, Period, RoiDoubt, RoiDoubtKind, RoiPart, RoiPartKind, RoiReport};
pub use runlog::{GcRecord, GoClues, InitRecord, RuntimeLog, RuntimeLogs, ScavRecord, SchedDetail, SchedRecord};
pub use runlog_report::{
    CollectionColumns, CollectorFacts, GrowthFacts, RunlogAnswer, RunlogFacts, RunlogObservation, RunlogProcess, RunlogQuestion,
    RunlogReport, RunlogSaid, SchedulerColumns, SchedulerFacts,
};
pub use runtime_metrics::RuntimeMetrics;
pub use snapshot::{
    Ancestor, Cluster, ClusterId, Crash, Frame, FrameId, Name, NameId, Names, ObjectKind, Origin, Snapshot, Stack, StackId,
    Truncation, WaitMinutes, unescaped,
};
pub use state::{StateClass, WaitReason};
pub use timeline::{
    Timeline, TimelineLane, TimelineMoment, TimelineProc, TimelineRow, TimelineState, TimelineStop, TimelineWaker,
};
pub use trace::{
    NO_PROC, NO_THREAD, TraceClocks, TraceEvent, TraceGeneration, TraceGoState, TraceGoroutine, TracePlace, TraceProcState,
    TraceTables, TraceVisitor, TraceWhat,
};
pub use trace_beside::{
    TraceAllocating, TraceAllocator, TraceAllocators, TraceBesideCpu, TraceBesideLabel, TraceBesideStack, TraceBusyGoroutine,
    TraceMeanwhile, TracePaid, TracePlaced,
};
pub use trace_diff::{TraceDiff, TraceDiffChange, TraceDiffDoubt, TraceDiffFigures, TraceDiffRow, TraceDiffSide, TraceDiffWhat};
pub use trace_report::{
    TraceCall, TraceCensus, TraceCollector, TraceCount, TraceCpu, TraceCpuStack, TraceCycle, TraceDelay, TraceHot, TraceLost,
    TraceOpen, TraceOverTime, TracePause, TraceProcs, TraceReason, TraceReport, TraceSite, TraceSpread, TraceStack, TraceStates,
    TraceStop, TraceSyscalls, TraceTrigger, TraceUnfinished, TraceUser, TraceWorkers,
};
pub use tracks::{TrackFact, TrackFacts, TrackId, TrackKind, TrackSink};
pub use tune::{
    TuneAdvice, TuneAdviceKind, TuneChange, TuneComparison, TuneDoubt, TuneDoubtKind, TuneMeasure, TuneReport, TuneRow,
    TuneServed, TuneSetting,
};
