//! What keeps a program from doing more, as far as a trace shows: facts that patterns judge.

use herd_model::{Place, TraceReport, TraceSite, TraceSpread};

use super::queues::Queue;

/// What of a trace tells why a program is no faster.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Seconds it covers.
    pub span_s: f64,
    /// GOMAXPROCS as last told, else the Ps that were seen.
    pub procs: u64,
    /// Share of the time Ps had a thread, 0 to 1.
    pub utilization: f64,
    /// Goroutines that were ready and had no P, on average.
    pub ready_mean: f64,
    /// From runnable to running.
    pub latency: TraceSpread,
    /// Where most of those that were ready are created, where that is one place.
    pub ready_from: Option<Place>,
    /// Collections.
    pub cycles: u64,
    /// Marking of one, on average, in seconds.
    pub marking_mean_s: f64,
    /// Workers that are not idle ones, and assists, as a share of all Ps. Assists count from begin to end, with the time they were
    /// interrupted.
    pub collector_share: f64,
    /// Assists as a share of the time the program's goroutines ran.
    pub assist_share: f64,
    /// Where assists took most time.
    pub assist_at: Option<Place>,
    /// Where most samples in the allocator were taken; absent where the profiler did not run.
    pub allocates_at: Option<Place>,
    /// Queues, longest first.
    pub queues: Vec<Queue>,
}

/// The facts of a measured trace and its queues.
pub fn facts(report: &TraceReport, queues: Vec<Queue>) -> Facts {
    let span_s = report.span_s.max(f64::MIN_POSITIVE);
    let procs = report.procs.gomaxprocs.unwrap_or(report.procs.seen).max(1);
    let collector = &report.collector;
    let assist_s = collector.assists.total_s;
    let working_s = collector.workers.dedicated_s + collector.workers.fractional_s + assist_s;
    let allocating = report.cpu.as_ref().and_then(|cpu| cpu.allocating.as_ref());
    Facts {
        span_s: report.span_s,
        procs,
        utilization: report.procs.utilization,
        ready_mean: report.states.runnable_s / span_s,
        latency: report.latency.clone(),
        ready_from: ready_from(report),
        cycles: collector.cycles,
        marking_mean_s: collector.marking_s / collector.cycles.max(1) as f64,
        collector_share: (working_s / (span_s * procs as f64)).min(1.0),
        assist_share: if report.states.running_s > 0.0 { (assist_s / report.states.running_s).min(1.0) } else { 0.0 },
        assist_at: collector.assist_stacks.first().and_then(|stack| stack.call.at.clone()),
        allocates_at: allocating.and_then(|allocating| allocating.stacks.first()).and_then(|stack| stack.call.at.clone()),
        queues,
    }
}

/// The `go` statement of most goroutines that were ready, if half of that time is theirs.
fn ready_from(report: &TraceReport) -> Option<Place> {
    let most: &TraceSite = report.sites.iter().max_by(|a, b| a.states.runnable_s.total_cmp(&b.states.runnable_s))?;
    (most.states.runnable_s * 2.0 >= report.states.runnable_s).then(|| most.created_by.clone()).flatten()
}
