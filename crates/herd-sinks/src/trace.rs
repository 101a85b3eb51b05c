//! What an execution trace shows, in words and tables.

use herd_model::{
    Place, TraceCall, TraceCollector, TraceCpu, TraceReason, TraceReport, TraceSite, TraceSpread, TraceStack, TraceStop,
    TraceSyscalls, TraceTrigger, TraceUnfinished,
};

use crate::{
    figure::thousands,
    gate::{Sheet, bytes},
    heap::line,
    layout::Align,
    locks::{share, time},
    messages::Messages,
    trace_beside,
};

/// Reasons in the one sentence.
const REASONS_SAID: usize = 3;
/// Reasons whose stacks are told.
const REASONS_TOLD: usize = 5;
/// Frames of a stack in a line.
const FRAMES_TOLD: usize = 4;
/// Stops told one by one.
const STOPS_TOLD: usize = 3;

/// How long it is, who came and went, and what was waited for.
pub fn sentence(report: &TraceReport, say: &Messages) -> String {
    let goroutines = &report.goroutines;
    let facts = [
        ("span", seconds(report.span_s)),
        ("created", thousands(goroutines.created)),
        ("ended", thousands(goroutines.ended)),
        ("alive", thousands(goroutines.alive)),
    ];
    let waits = report.reasons.iter().filter(|reason| !reason.system && reason.share > 0.0).take(REASONS_SAID);
    let waits: Vec<String> = waits
        .map(|reason| said(say, "trace-wait", &[("reason", reason.reason.clone()), ("share", share(reason.share))]))
        .collect();
    if waits.is_empty() {
        return said(say, "trace-sentence-bare", &facts);
    }
    let facts: Vec<(&str, String)> = facts.into_iter().chain([("waits", waits.join(", "))]).collect();
    said(say, "trace-sentence", &facts)
}

/// A table for each question.
pub fn sheets(report: &TraceReport, say: &Messages) -> Vec<Sheet> {
    let (system, own): (Vec<&TraceReason>, Vec<&TraceReason>) = report.reasons.iter().partition(|reason| reason.system);
    let mut sheets = vec![reasons("trace-title-reasons", &own, report, say)];
    sheets.extend(unfinished(report, say));
    sheets.push(sites(report, say));
    sheets.push(latency(report, say));
    sheets.extend(syscalls(&report.syscalls, say));
    sheets.extend(pauses(&report.collector, say));
    sheets.extend(collections(report, say));
    sheets.extend(report.allocators.iter().flat_map(|allocators| trace_beside::allocators(allocators, say)));
    sheets.extend(tasks(report, say));
    sheets.extend(report.cpu.as_ref().map(|cpu| busy(cpu, say)));
    sheets.extend(
        report
            .cpu
            .iter()
            .filter_map(|cpu| cpu.allocating.as_ref().map(|allocating| trace_beside::allocating(allocating, cpu.samples, say))),
    );
    sheets.extend(report.beside_cpu.as_ref().map(|beside| trace_beside::cpu(beside, say)));
    if !system.is_empty() {
        sheets.push(reasons("trace-title-system", &system, report, say));
    }
    sheets
}

fn reasons(title: &str, rows: &[&TraceReason], report: &TraceReport, say: &Messages) -> Sheet {
    let keys = ["share", "total", "count", "mean", "p50", "p99", "max", "open", "reason"];
    let cells = |reason: &&TraceReason| {
        let TraceSpread { count, total_s, mean_s, p50_s, p99_s, max_s, .. } = reason.finished;
        let open = if reason.unfinished.count == 0 { String::new() } else { thousands(reason.unfinished.count) };
        vec![
            share(reason.share),
            seconds(total_s),
            thousands(count),
            seconds(mean_s),
            seconds(p50_s),
            seconds(p99_s),
            seconds(max_s),
            open,
            reason.reason.clone(),
        ]
    };
    let mut remarks = Vec::new();
    for reason in rows.iter().filter(|reason| !reason.system).take(REASONS_TOLD) {
        remarks.extend(
            reason
                .stacks
                .iter()
                .filter(|stack| stack.count > 0)
                .take(1)
                .map(|stack| at_stack("trace-at-stack", reason, stack, say)),
        );
    }
    if report.times == "go" && title == "trace-title-reasons" {
        remarks.push(say.say("trace-times-go"));
    }
    sheet(title, &keys, rows.iter().map(cells).collect(), remarks, say)
}

fn at_stack(key: &str, reason: &TraceReason, stack: &TraceStack, say: &Messages) -> String {
    let facts = [
        ("reason", reason.reason.clone()),
        ("total", seconds(stack.total_s)),
        ("count", thousands(stack.count)),
        ("stack", call(&stack.call, &stack.frames)),
    ];
    said(say, key, &facts)
}

fn unfinished(report: &TraceReport, say: &Messages) -> Option<Sheet> {
    if report.unfinished.is_empty() {
        return None;
    }
    let keys = ["count", "new", "max", "waits", "line"];
    let cells = |row: &TraceUnfinished| {
        let by = row.created_by.as_ref().map(|by| format!(" ⇐ {}", line(by))).unwrap_or_default();
        let max = if row.since_before > 0 { format!("≥ {}", seconds(row.max_s)) } else { seconds(row.max_s) };
        vec![thousands(row.count), thousands(row.created), max, row.reason.clone(), call(&row.call, &row.frames) + &by]
    };
    let rows = report.unfinished.iter().map(cells).collect();
    let mut sheet = sheet("trace-title-unfinished", &keys, rows, vec![say.say("trace-open-legend")], say);
    sheet.head[3].1 = Align::Left;
    Some(sheet)
}

fn sites(report: &TraceReport, say: &Messages) -> Sheet {
    let keys = ["alive", "created", "ended", "running", "waiting", "waits", "entry"];
    let cells = |site: &TraceSite| {
        let entry = match &site.created_by {
            Some(by) => format!("{} ← {}", crate::name::func_tail(&site.entry.func), line(by)),
            None => crate::name::func_tail(&site.entry.func).to_string(),
        };
        vec![
            thousands(site.alive),
            thousands(site.created),
            thousands(site.ended),
            seconds(site.states.running_s),
            seconds(site.states.waiting_s),
            site.waits_for.clone().unwrap_or_default(),
            entry,
        ]
    };
    let mut sheet = sheet("trace-title-sites", &keys, report.sites.iter().map(cells).collect(), Vec::new(), say);
    sheet.head[5].1 = Align::Left;
    sheet
}

fn latency(report: &TraceReport, say: &Messages) -> Sheet {
    let mut remarks = Vec::new();
    if report.latency.count > 0 {
        remarks.push(said(say, "trace-latency", &spread(&report.latency)));
    }
    let procs = report.procs.gomaxprocs.unwrap_or(report.procs.seen);
    remarks.push(said(say, "trace-procs", &[("procs", thousands(procs)), ("share", share(report.procs.utilization))]));
    let states = &report.states;
    let facts = [
        ("running", seconds(states.running_s)),
        ("runnable", seconds(states.runnable_s)),
        ("syscall", seconds(states.syscall_s)),
        ("waiting", seconds(states.waiting_s)),
    ];
    remarks.push(said(say, "trace-states", &facts));
    Sheet::told(say.say("trace-title-latency"), remarks)
}

fn syscalls(calls: &TraceSyscalls, say: &Messages) -> Option<Sheet> {
    if calls.finished.count + calls.unfinished.count == 0 {
        return None;
    }
    let facts: Vec<(&str, String)> = spread(&calls.finished).into_iter().chain([("blocked", thousands(calls.blocked))]).collect();
    let mut remarks = vec![said(say, "trace-syscalls", &facts)];
    let at = |stack: &TraceStack| {
        let facts =
            [("total", seconds(stack.total_s)), ("count", thousands(stack.count)), ("stack", call(&stack.call, &stack.frames))];
        said(say, "trace-syscall-at", &facts)
    };
    remarks.extend(calls.stacks.iter().filter(|stack| stack.count > 0).map(at));
    if calls.unfinished.count > 0 {
        let facts = [("count", thousands(calls.unfinished.count)), ("max", seconds(calls.unfinished.max_s))];
        remarks.push(said(say, "trace-syscalls-open", &facts));
    }
    Some(Sheet::told(say.say("trace-title-syscalls"), remarks))
}

fn pauses(collector: &TraceCollector, say: &Messages) -> Option<Sheet> {
    if collector.pauses.is_empty() {
        return None;
    }
    let keys = ["count", "total", "mean", "p99", "max", "kind"];
    let rows = collector.pauses.iter().map(|row| {
        let TraceSpread { count, total_s, mean_s, p99_s, max_s, .. } = row.pauses;
        vec![thousands(count), seconds(total_s), seconds(mean_s), seconds(p99_s), seconds(max_s), row.kind.clone()]
    });
    let remarks = collector.longest.iter().take(STOPS_TOLD).map(|stop| stopped(stop, say)).collect();
    Some(sheet("trace-title-pauses", &keys, rows.collect(), remarks, say))
}

fn stopped(stop: &TraceStop, say: &Messages) -> String {
    let mut facts = vec![
        ("pause", seconds(stop.pause_s)),
        ("at", seconds(stop.at_s)),
        ("kind", stop.kind.clone()),
        ("by", frames(outside(&stop.by))),
    ];
    let Some(delay) = &stop.delayed_by else { return said(say, "trace-stop-longest", &facts) };
    facts.extend([
        ("goroutine", delay.goroutine.to_string()),
        ("after", seconds(delay.after_s)),
        ("stack", frames(outside(&delay.stack))),
    ]);
    said(say, "trace-stop-delayed", &facts)
}

fn collections(report: &TraceReport, say: &Messages) -> Option<Sheet> {
    let collector = &report.collector;
    if collector.cycles == 0 {
        return None;
    }
    let keys = ["at", "marking", "heap", "paused", "assisted", "trigger"];
    let rows = collector.slowest.iter().map(|cycle| {
        let size = |size: Option<u64>| size.map_or_else(|| "?".to_owned(), |size| bytes(size as f64));
        vec![
            seconds(cycle.at_s),
            seconds(cycle.marking_s),
            format!("{} → {}", size(cycle.heap_bytes), size(cycle.goal_bytes)),
            seconds(cycle.paused_s),
            seconds(cycle.assisted_s),
            trigger(cycle.trigger, &cycle.by, say),
        ]
    });
    let workers = &collector.workers;
    let facts = [
        ("cycles", thousands(collector.cycles)),
        ("share", share(collector.marking_s / report.span_s.max(f64::MIN_POSITIVE))),
        ("dedicated", seconds(workers.dedicated_s)),
        ("fractional", seconds(workers.fractional_s)),
        ("idle", seconds(workers.idle_s)),
    ];
    let mut remarks = vec![said(say, "trace-marking", &facts)];
    if collector.assists.count > 0 {
        remarks.push(said(say, "trace-assists", &spread(&collector.assists)));
    }
    remarks.extend(collector.assist_stacks.iter().take(STOPS_TOLD).map(|stack| {
        let facts =
            [("total", seconds(stack.total_s)), ("count", thousands(stack.count)), ("stack", call(&stack.call, &stack.frames))];
        said(say, "trace-assist-at", &facts)
    }));
    Some(sheet("trace-title-collections", &keys, rows.collect(), remarks, say))
}

fn trigger(trigger: TraceTrigger, by: &[Place], say: &Messages) -> String {
    let key = match trigger {
        TraceTrigger::Heap => "heap",
        TraceTrigger::Call => "call",
        TraceTrigger::FreeOsMemory => "free-os-memory",
        TraceTrigger::Timer => "timer",
        TraceTrigger::Unknown => "unknown",
    };
    let words = say.say(&format!("trace-trigger-{key}"));
    match outside(by).first() {
        Some(place) if !herd_model::is_runtime(&place.func) => format!("{words} ← {}", line(place)),
        Some(_) | None => words,
    }
}

fn tasks(report: &TraceReport, say: &Messages) -> Option<Sheet> {
    if report.tasks.is_empty() && report.regions.is_empty() && report.logs.is_empty() {
        return None;
    }
    let keys = ["task-kind", "count", "total", "mean", "p50", "p99", "max", "open", "name"];
    let kinds = [("trace-kind-task", &report.tasks), ("trace-kind-region", &report.regions)];
    let rows = kinds.into_iter().flat_map(|(kind, rows)| {
        let kind = say.say(kind);
        rows.iter().map(move |row| {
            let TraceSpread { count, total_s, mean_s, p50_s, p99_s, max_s, .. } = row.finished;
            let open = if row.unfinished.count == 0 { String::new() } else { thousands(row.unfinished.count) };
            let times = [total_s, mean_s, p50_s, p99_s, max_s].map(seconds);
            [kind.clone(), thousands(count)].into_iter().chain(times).chain([open, row.name.clone()]).collect()
        })
    });
    let remarks =
        report.logs.iter().map(|log| said(say, "trace-log", &[("count", thousands(log.count)), ("name", log.name.clone())]));
    let mut sheet = sheet("trace-title-tasks", &keys, rows.collect(), remarks.collect(), say);
    sheet.head[0].1 = Align::Left;
    Some(sheet)
}

fn busy(cpu: &TraceCpu, say: &Messages) -> Sheet {
    let keys = ["samples", "share", "goroutines", "after", "line"];
    let rows = cpu.stacks.iter().map(|stack| {
        let after = stack.after.first().map(|after| after.name.clone()).unwrap_or_default();
        vec![
            thousands(stack.samples),
            share(stack.samples as f64 / cpu.samples.max(1) as f64),
            thousands(stack.goroutines),
            after,
            stack.frames.first().map(|top| format!("{} ← ", crate::name::func_tail(&top.func))).unwrap_or_default()
                + &call(&stack.call, &stack.frames),
        ]
    });
    let remarks = cpu.hot.iter().flat_map(|hot| {
        let stack = hot.stacks.first().map(|stack| call(&stack.call, &stack.frames)).unwrap_or_default();
        let facts = [
            ("from", seconds(hot.from_s)),
            ("to", seconds(hot.to_s)),
            ("samples", thousands(hot.samples)),
            ("marking", thousands(hot.while_marking)),
            ("stack", stack),
        ];
        std::iter::once(said(say, "trace-hot", &facts)).chain(trace_beside::hot(hot, say))
    });
    let mut sheet = sheet("trace-title-cpu", &keys, rows.collect(), remarks.collect(), say);
    sheet.head[3].1 = Align::Left;
    sheet
}

pub(crate) fn sheet(title: &str, keys: &[&str], rows: Vec<Vec<String>>, remarks: Vec<String>, say: &Messages) -> Sheet {
    let mut head: Vec<(String, Align)> = keys.iter().map(|key| (say.say(&format!("trace-head-{key}")), Align::Right)).collect();
    if let Some(last) = head.last_mut() {
        last.1 = Align::Tail;
    }
    Sheet { title: say.say(title), head, rows, remarks, heat: Vec::new() }
}

pub(crate) fn said(say: &Messages, key: &str, facts: &[(&str, String)]) -> String {
    let facts: Vec<(&str, &str)> = facts.iter().map(|(name, fact)| (*name, fact.as_str())).collect();
    say.say_with(key, &facts)
}

fn spread(spread: &TraceSpread) -> Vec<(&'static str, String)> {
    vec![
        ("count", thousands(spread.count)),
        ("total", seconds(spread.total_s)),
        ("mean", seconds(spread.mean_s)),
        ("p50", seconds(spread.p50_s)),
        ("p99", seconds(spread.p99_s)),
        ("max", seconds(spread.max_s)),
    ]
}

/// The program's line and what it called; the innermost frames where no line is the program's.
pub(crate) fn call(call: &TraceCall, stack: &[Place]) -> String {
    match (&call.at, &call.called) {
        (Some(at), Some(called)) => format!("{} ← {}", crate::name::func_tail(called), line(at)),
        (Some(at), None) => line(at),
        (None, _) => frames(stack),
    }
}

/// A stack from the first frame that is not the runtime's; all of it where none is.
fn outside(frames: &[Place]) -> &[Place] {
    let at = frames.iter().position(|frame| !herd_model::is_runtime(&frame.func)).unwrap_or(0);
    &frames[at..]
}

fn frames(frames: &[Place]) -> String {
    let rest = if frames.len() > FRAMES_TOLD { " ← …" } else { "" };
    let told: Vec<String> = frames.iter().take(FRAMES_TOLD).map(line).collect();
    if told.is_empty() { "?".to_owned() } else { told.join(" ← ") + rest }
}

pub(crate) fn seconds(s: f64) -> String {
    time(s * 1e9)
}
