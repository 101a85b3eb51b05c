//! The one thing every command prints.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Candidate, CapacityReport, DiffReport, Finding, Flame, GuardReport, HeapReport, LintReport, LocksReport, ProfileReport,
    RoiReport, RunlogReport, SeriesReport, SnapshotReport, Timeline, TraceDiff, TraceReport, TuneReport, WaitGraph,
};

/// Version of the contract; additive within a version.
pub const SCHEMA: &str = "goherd/1";

/// What kind of witness a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A file.
    File,
    /// Standard input.
    Stdin,
    /// A `net/http/pprof` endpoint.
    Url,
    /// A recorded incident.
    Recording,
    /// A live process, read from outside.
    Process,
    /// A core file.
    Core,
    /// The source of a program.
    Source,
}

impl TargetKind {
    /// Whether asking again gives another answer.
    pub fn is_live(self) -> bool {
        matches!(self, TargetKind::Url | TargetKind::Process)
    }
}

/// What was looked at, and what looking cost it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// Kind.
    pub kind: TargetKind,
    /// Name as the user gave it, credentials removed.
    pub name: String,
    /// Go version such as `go1.26.8`, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_version: Option<String>,
    /// What was fetched, in order, such as `goroutine?debug=1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<String>,
    /// Bytes read.
    pub bytes: u64,
    /// Seconds spent collecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_s: Option<f64>,
    /// What collecting cost the target, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The witnesses could answer and nothing is wrong.
    Healthy,
    /// Something is wrong.
    Findings,
    /// The witnesses cannot answer.
    Undecidable,
    /// A gate could not decide.
    Inconclusive,
}

impl Verdict {
    /// Lower-case word, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Healthy => "healthy",
            Verdict::Findings => "findings",
            Verdict::Undecidable => "undecidable",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// The input does not hold everything.
    Truncated,
    /// Text that could not be read as part of a dump.
    Skipped,
    /// A value that is not what the form asks for.
    Malformed,
    /// A reader's limit was hit.
    Limit,
    /// A prefix or encoding was taken off.
    Unwrapped,
    /// A witness was not asked, and why.
    NotAsked,
    /// A finding was suppressed.
    Suppressed,
    /// Advice that belongs to no finding.
    Advice,
}

/// Something to know about the input or the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Kind.
    pub kind: NoteKind,
    /// Byte offset in the decompressed input, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// A sentence.
    pub text: String,
}

/// What a command answers; printed as is by `--format json`, rendered by every other format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// [`SCHEMA`].
    pub schema: String,
    /// The subcommand.
    pub command: String,
    /// Version of goherd.
    pub goherd: String,
    /// What was looked at.
    pub targets: Vec<Target>,
    /// The answer.
    pub verdict: Verdict,
    /// Something keeps the witnesses from saying that all is well: input that is cut or incomplete, a leak no pattern describes. Without
    /// findings the verdict is then `undecidable` at best.
    #[serde(default)]
    pub open: bool,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// What looks stuck, most likely first.
    pub candidates: Vec<Candidate>,
    /// The latest snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotReport>,
    /// Counts over time, for a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<SeriesReport>,
    /// The call tree of the latest snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flame: Option<Flame>,
    /// A weighted profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileReport>,
    /// Who waits on what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<WaitGraph>,
    /// What differs between two profiles, and whether the second is worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<DiffReport>,
    /// What differs between execution traces, and whether those after are worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_diff: Option<TraceDiff>,
    /// How memory, throughput and latency follow goroutines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<CapacityReport>,
    /// What a change is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roi: Option<RoiReport>,
    /// Whether a rollout may go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardReport>,
    /// What allocates, what stays, what grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap: Option<HeapReport>,
    /// Where goroutines wait for each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks: Option<LocksReport>,
    /// How much of a program's source was read and understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lint: Option<LintReport>,
    /// What an execution trace shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceReport>,
    /// An execution trace over time, for the viewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
    /// What the Go runtime printed of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runlog: Option<RunlogReport>,
    /// What settings of the runtime do to a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<TuneReport>,
    /// What to know about the input and the run.
    pub notes: Vec<Note>,
    /// What is not shown, counted. `suppressed`: findings left out by the suppression file. `clusters_not_listed`,
    /// `goroutines_not_listed`: clusters beyond the report's limit, and what they hold. Goroutines that are neither findings nor
    /// candidates: `benign_goroutines` are known long waiters of a library or the runtime; `goroutines_that_fit_no_pattern` wait in a
    /// way no pattern describes; `steady_goroutines` fit a pattern, but a series long enough to judge growth shows that their number
    /// does not rise and that they do not stand still; `goroutines_that_moved` left the wait a dump shows, as the trace tells. `candidate_families_not_listed`, `candidate_goroutines_not_listed`:
    /// families that look stuck beyond the candidates listed. `objects_not_listed`, `waits_not_listed`: objects beyond the wait graph's
    /// limit and the waits on them. `points_not_listed`: rows beyond those a capacity model is drawn with;
    /// `rows_left_out`: rows without goroutines or memory above zero. Of a profile: `functions_not_listed` beyond the report's limit,
    /// `samples_left_out` by `--focus` and `--ignore`, `samples_below_zero`, which have no width in a call tree.
    /// `lines_not_listed`, `residents_not_listed`, `growth_not_listed`, `escapes_not_listed`, `locks_not_listed`,
    /// `runtime_locks_not_listed`: rows of a heap or of locks beyond those asked for. `sites_not_listed`, `unfinished_not_listed`: rows of a
    /// trace; `marks_not_followed`: its tasks and regions beyond the number followed at once; `changes_not_listed`: rows of a
    /// comparison of traces. Of a
    /// runtime log: `points_not_listed` between those that are drawn, `processes_not_listed` with fewer than two records.
    pub hidden: BTreeMap<String, u64>,
}

impl Envelope {
    /// An envelope with nothing in it yet, verdict `undecidable`.
    pub fn new(command: &str, goherd: &str) -> Self {
        Envelope {
            schema: SCHEMA.to_owned(),
            command: command.to_owned(),
            goherd: goherd.to_owned(),
            targets: Vec::new(),
            verdict: Verdict::Undecidable,
            open: false,
            findings: Vec::new(),
            candidates: Vec::new(),
            snapshot: None,
            series: None,
            flame: None,
            profile: None,
            graph: None,
            diff: None,
            trace_diff: None,
            capacity: None,
            roi: None,
            guard: None,
            heap: None,
            locks: None,
            lint: None,
            trace: None,
            timeline: None,
            runlog: None,
            tune: None,
            notes: Vec::new(),
            hidden: BTreeMap::new(),
        }
    }
}
