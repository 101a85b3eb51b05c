//! A runtime log in words and tables: what it can answer, what was measured.

use herd_model::{CollectorFacts, Envelope, RunlogFacts, RunlogProcess, RunlogReport, SchedulerFacts};

use crate::{
    Look,
    figure::{duration, thousands},
    gate::{Sheet, figure},
    layout::Align,
    messages::Messages,
    name::clean,
};

/// What was found, or that nothing was and what that means.
pub fn sentence(report: &RunlogReport, envelope: &Envelope, say: &Messages) -> String {
    let worst = envelope.findings.iter().map(|finding| finding.severity).max();
    if let Some(severity) = worst {
        let findings = say.count("findings", envelope.findings.len() as u64);
        return say.say_with("runlog-found", &[("findings", &findings), ("severity", &say.say(severity.as_str()))]);
    }
    if report.records == 0 {
        return say.say("runlog-empty");
    }
    if !envelope.candidates.is_empty() {
        return say.with_count("runlog-open", "candidates", envelope.candidates.len() as u64);
    }
    say.say("runlog-quiet")
}

/// Two tables a process.
pub fn sheets(report: &RunlogReport, say: &Messages) -> Vec<Sheet> {
    let several = report.processes.len() > 1;
    report.processes.iter().enumerate().flat_map(|(at, process)| of_process(process, several.then_some(at + 1), say)).collect()
}

/// Findings and candidates as a table with their facts, for pages that show tables only.
pub fn judged(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<Sheet> {
    let head = |keys: [&str; 3]| keys.iter().map(|key| (say.say(key), Align::Left)).collect::<Vec<_>>();
    let mut sheets = Vec::new();
    if !envelope.findings.is_empty() {
        let told = |finding: &herd_model::Finding| {
            let title = look.finding(finding, say).title;
            vec![finding.id.to_string(), title, say.say(finding.severity.as_str())]
        };
        let facts = envelope.findings.iter().flat_map(|finding| {
            finding.evidence.iter().map(|fact| format!("{}: {}", finding.id, say.evidence(&finding.id, fact)))
        });
        sheets.push(Sheet {
            title: say.say("heading-findings"),
            head: head(["runlog-head-id", "heading-finding", "heading-severity"]),
            rows: envelope.findings.iter().map(told).collect(),
            remarks: facts.collect(),
            heat: Vec::new(),
        });
    }
    if !envelope.candidates.is_empty() {
        let facts = envelope.candidates.iter().flat_map(|one| {
            let title = look.candidate(one, say).title;
            std::iter::once(format!("{}: {title}", one.id))
                .chain(one.evidence.iter().map(|fact| format!("{}: {}", one.id, say.evidence(&one.id, fact))))
        });
        sheets.push(Sheet::told(say.say("heading-candidates"), facts.collect()));
    }
    sheets
}

fn of_process(process: &RunlogProcess, number: Option<usize>, say: &Messages) -> Vec<Sheet> {
    let named = |title: String| match (&process.source, number) {
        (Some(source), _) => format!("{title}: {}", clean(source)),
        (None, Some(number)) => format!("{title}: {number}"),
        (None, None) => title,
    };
    let answers = process.answers.iter().map(|answer| {
        vec![
            say.say(&format!("runlog-question-{}", answer.question.as_str())),
            say.say(&format!("runlog-said-{}", answer.said.as_str())),
        ]
    });
    let head = |keys: [&str; 2]| vec![(say.say(keys[0]), Align::Left), (say.say(keys[1]), Align::Left)];
    let mut sheets = vec![Sheet {
        title: named(say.say("runlog-title-answers")),
        head: head(["runlog-head-question", "runlog-head-answer"]),
        rows: answers.collect(),
        remarks: vec![read(process, say)],
        heat: Vec::new(),
    }];
    let rows = measured(&process.facts, say);
    if !rows.is_empty() {
        let title = named(say.say("runlog-title-measured"));
        let head = head(["runlog-head-figure", "runlog-head-value"]);
        sheets.push(Sheet { title, head, rows, remarks: Vec::new(), heat: Vec::new() });
    }
    sheets
}

/// How much was read, and of which releases of Go.
fn read(process: &RunlogProcess, say: &Messages) -> String {
    let facts = &process.facts;
    let go = match (process.go_from_minor, process.go_until_minor) {
        (Some(from), Some(until)) => format!("Go 1.{from}–1.{until}"),
        (Some(from), None) => format!("Go ≥ 1.{from}"),
        (None, Some(until)) => format!("Go ≤ 1.{until}"),
        (None, None) => "Go".to_owned(),
    };
    say.say_with(
        "runlog-read",
        &[
            ("collections", &thousands(facts.collections)),
            ("states", &thousands(facts.states)),
            ("time", &duration(facts.span_s.max(0.1))),
            ("go", &go),
        ],
    )
}

fn measured(facts: &RunlogFacts, say: &Messages) -> Vec<Vec<String>> {
    let collector = facts.collector.iter().flat_map(collected);
    let heap = facts.live_heap.iter().map(|heap| ("live-rise", format!("{} MB/min", figure(heap.late_per_min))));
    let scheduler = facts.scheduler.iter().flat_map(scheduled);
    let goroutines = facts.goroutines.iter().map(|count| ("goroutines", thousands(count.last.max(0.0).round() as u64)));
    let all = collector.chain(heap).chain(scheduler).chain(goroutines);
    all.map(|(key, value)| vec![say.say(&format!("runlog-figure-{key}")), value]).collect()
}

fn collected(gc: &CollectorFacts) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("interval", format!("{} s", figure(gc.interval_p50_s))),
        ("share", percent(gc.cpu_share)),
        ("busy", percent(gc.busy_share)),
        ("assist", percent(gc.assist_share)),
        ("forced", percent(gc.forced_share)),
        ("mark", format!("{} ms", figure(gc.mark_p50_ms))),
        ("pause", format!("{} / {} / {} ms", figure(gc.pause_p50_ms), figure(gc.pause_p99_ms), figure(gc.pause_max_ms))),
        ("live", format!("{} MB", thousands(gc.live_mb))),
    ];
    rows.extend(gc.goal_to_live_p50.map(|ratio| ("goal", figure(ratio))));
    rows
}

fn scheduled(sched: &SchedulerFacts) -> Vec<(&'static str, String)> {
    vec![
        ("procs", sched.procs.to_string()),
        ("queued", format!("{} / {}", thousands(sched.queued_p50), thousands(sched.queued_max))),
        ("idle", percent(sched.idle_share)),
        ("threads", thousands(u64::from(sched.threads))),
    ]
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
