//! What differs between execution traces, in words and tables.

use herd_model::{
    GateVerdict, TraceDiff, TraceDiffChange, TraceDiffDoubt, TraceDiffFigures, TraceDiffRow, TraceDiffSide, TraceDiffWhat,
};

use crate::{
    figure::thousands,
    gate::{Sheet, figure},
    heap::line,
    layout::Align,
    locks::{share, time},
    messages::Messages,
    name::func_tail,
};

/// The verdict, with what decides it.
pub fn sentence(report: &TraceDiff, say: &Messages) -> String {
    let culprits: Vec<&TraceDiffRow> = report.rows.iter().filter(|row| row.culprit).collect();
    let first = culprits.first().map(|row| told(row, say)).unwrap_or_default();
    match report.verdict {
        GateVerdict::Fail if culprits.len() > 1 => {
            say.say_with("diff-fail-more", &[("first", &first), ("more", &(culprits.len() - 1).to_string())])
        }
        GateVerdict::Fail => say.say_with("diff-fail", &[("first", &first)]),
        GateVerdict::Pass => say.say("trace-diff-pass"),
        GateVerdict::Inconclusive => {
            let why = report.doubts.first().map(|doubt| doubted(*doubt, report, say)).unwrap_or_default();
            say.say_with("diff-inconclusive", &[("why", &why)])
        }
    }
}

/// Culprits, other changes, what did not change and is told all the same, and what was compared.
pub fn sheets(report: &TraceDiff, say: &Messages) -> Vec<Sheet> {
    let (culprits, others): (Vec<&TraceDiffRow>, Vec<&TraceDiffRow>) = report.rows.iter().partition(|row| row.culprit);
    let (same, changed): (Vec<&TraceDiffRow>, Vec<&TraceDiffRow>) =
        others.into_iter().partition(|row| row.change == TraceDiffChange::Same);
    let mut sheets = Vec::new();
    let mut table = |title: &str, of: &[&TraceDiffRow], remarks: Vec<String>| {
        if !of.is_empty() {
            sheets.push(Sheet { remarks, ..rows(&say.say(title), of, say) });
        }
    };
    table("diff-culprits", &culprits, Vec::new());
    table("diff-others", &changed, vec![say.say("trace-diff-others-legend")]);
    table("trace-diff-same", &same, vec![say.say("trace-diff-same-legend")]);
    sheets.push(compared(report, say));
    sheets
}

fn told(row: &TraceDiffRow, say: &Messages) -> String {
    let ratio = row.ratio.map(times).unwrap_or_default();
    let (before, after) = (amount(row, &row.before), amount(row, &row.after));
    let key = format!("trace-diff-told-{}", change(row.change));
    say.say_with(&key, &[("what", &named(row, say)), ("ratio", &ratio), ("before", &before), ("after", &after)])
}

/// What a row is of, with its place.
fn named(row: &TraceDiffRow, say: &Messages) -> String {
    let what = say.say_with(&format!("trace-diff-what-{}", kind(row.what)), &[("name", &name(row))]);
    match place(row) {
        Some(at) => say.say_with("trace-diff-at", &[("what", &what), ("at", &at)]),
        None => what,
    }
}

/// The same in a table, where a wait's reason tells that it is one.
fn cell(row: &TraceDiffRow, say: &Messages) -> String {
    let is_wait = matches!(row.what, TraceDiffWhat::Wait | TraceDiffWhat::Event);
    let told = || say.say_with(&format!("trace-diff-what-{}", kind(row.what)), &[("name", &name(row))]);
    let what = if is_wait { row.name.clone() } else { told() };
    place(row).map_or_else(|| what.clone(), |at| format!("{what} ← {at}"))
}

fn name(row: &TraceDiffRow) -> String {
    let of_goroutines = matches!(row.what, TraceDiffWhat::Created | TraceDiffWhat::Life);
    if of_goroutines { func_tail(&row.name).to_string() } else { row.name.clone() }
}

/// The line of the program, with what is called there where the name does not say it already.
fn place(row: &TraceDiffRow) -> Option<String> {
    let called = row.called.as_ref().filter(|called| **called != row.name).map(|called| func_tail(called).to_string());
    match (&row.at, called) {
        (Some(at), Some(called)) => Some(format!("{called} ← {}", line(at))),
        (Some(at), None) => Some(line(at)),
        (None, called) => called,
    }
}

fn rows(title: &str, of: &[&TraceDiffRow], say: &Messages) -> Sheet {
    let heads =
        ["diff-head-change", "diff-head-before", "diff-head-after", "diff-head-ratio", "diff-head-q", "trace-diff-head-what"];
    let mut head: Vec<(String, Align)> = heads.iter().map(|key| (say.say(key), Align::Right)).collect();
    head[0].1 = Align::Left;
    head[5].1 = Align::Tail;
    let cells = |row: &&TraceDiffRow| {
        let q = if row.what == TraceDiffWhat::Utilization { "-".to_owned() } else { chance(row.q) };
        vec![
            say.say(&format!("trace-diff-change-{}", change(row.change))),
            amount(row, &row.before),
            amount(row, &row.after),
            row.ratio.map_or_else(|| "-".to_owned(), times),
            q,
            cell(row, say),
        ]
    };
    let colours = |row: &&TraceDiffRow| {
        const WHOLE: f64 = 4.0;
        let ratio = row.ratio.map_or(1.0, |ratio| (ratio.max(f64::MIN_POSITIVE).log2() / WHOLE.log2()).clamp(-1.0, 1.0));
        vec![None, None, None, Some(ratio), None, None]
    };
    Sheet {
        title: title.to_owned(),
        head,
        rows: of.iter().map(cells).collect(),
        remarks: Vec::new(),
        heat: of.iter().map(colours).collect(),
    }
}

/// How often a second and how long each time; of what is counted how many; of Ps their share.
fn amount(row: &TraceDiffRow, side: &TraceDiffFigures) -> String {
    match row.what {
        TraceDiffWhat::Utilization => share(side.total_per_s),
        TraceDiffWhat::Left => thousands(side.count),
        TraceDiffWhat::Created => format!("{}/s", figure(side.per_s)),
        TraceDiffWhat::Wait
        | TraceDiffWhat::Syscall
        | TraceDiffWhat::Assist
        | TraceDiffWhat::Event
        | TraceDiffWhat::Task
        | TraceDiffWhat::Region
        | TraceDiffWhat::Life
        | TraceDiffWhat::Collection
        | TraceDiffWhat::Pause
        | TraceDiffWhat::Latency => {
            if side.count == 0 {
                return "-".to_owned();
            }
            format!("{}/s × {}", figure(side.per_s), time(side.mean_s * 1e9))
        }
    }
}

fn compared(report: &TraceDiff, say: &Messages) -> Sheet {
    let side = |key: &str, side: &TraceDiffSide| {
        let facts = [
            ("runs", thousands(side.runs)),
            ("span", time(side.span_s * 1e9)),
            ("waits", thousands(side.waits)),
            ("created", thousands(side.created)),
        ];
        let facts: Vec<(&str, &str)> = facts.iter().map(|(name, fact)| (*name, fact.as_str())).collect();
        say.say_with(key, &facts)
    };
    let mut remarks = vec![side("trace-diff-before", &report.before), side("trace-diff-after", &report.after)];
    if let (Some(load), Some(pace), Some(computing)) = (report.load, report.pace, report.computing) {
        let facts = [("load", &times(load)), ("pace", &times(pace)), ("computing", &times(computing))];
        remarks.push(say.say_with("trace-diff-load", &facts.map(|(name, fact)| (name, fact.as_str()))));
    }
    if let Some(ratio) = report.detectable {
        remarks.push(say.say_with("trace-diff-detectable", &[("times", &times(ratio))]));
    }
    remarks.extend(report.doubts.iter().map(|doubt| doubted(*doubt, report, say)));
    Sheet::told(say.say("trace-diff-compared"), remarks)
}

fn doubted(doubt: TraceDiffDoubt, report: &TraceDiff, say: &Messages) -> String {
    let key = match doubt {
        TraceDiffDoubt::Empty => "trace-diff-doubt-empty",
        TraceDiffDoubt::FewWaits => "trace-diff-doubt-few",
        TraceDiffDoubt::Damaged => "trace-diff-doubt-damaged",
        TraceDiffDoubt::LoadsDiffer => "trace-diff-doubt-loads",
        TraceDiffDoubt::MoreComputing => "trace-diff-doubt-computing",
        TraceDiffDoubt::Busy => "trace-diff-doubt-busy",
        TraceDiffDoubt::AllSlower => "trace-diff-doubt-slower",
    };
    let waits = thousands(report.before.waits.min(report.after.waits));
    let of = match doubt {
        TraceDiffDoubt::LoadsDiffer => report.load,
        TraceDiffDoubt::AllSlower => report.pace,
        TraceDiffDoubt::MoreComputing => report.computing,
        TraceDiffDoubt::Busy | TraceDiffDoubt::Empty | TraceDiffDoubt::FewWaits | TraceDiffDoubt::Damaged => report.detectable,
    };
    let busy = share(report.before.busy.max(report.after.busy));
    say.say_with(key, &[("waits", &waits), ("times", &times(of.unwrap_or(1.0))), ("busy", &busy)])
}

fn kind(what: TraceDiffWhat) -> &'static str {
    match what {
        TraceDiffWhat::Wait | TraceDiffWhat::Event => "wait",
        TraceDiffWhat::Syscall => "syscall",
        TraceDiffWhat::Assist => "assist",
        TraceDiffWhat::Left => "left",
        TraceDiffWhat::Task => "task",
        TraceDiffWhat::Region => "region",
        TraceDiffWhat::Life => "life",
        TraceDiffWhat::Created => "created",
        TraceDiffWhat::Collection => "collection",
        TraceDiffWhat::Pause => "pause",
        TraceDiffWhat::Latency => "latency",
        TraceDiffWhat::Utilization => "utilization",
    }
}

fn change(change: TraceDiffChange) -> &'static str {
    match change {
        TraceDiffChange::New => "new",
        TraceDiffChange::Gone => "gone",
        TraceDiffChange::Longer => "longer",
        TraceDiffChange::Shorter => "shorter",
        TraceDiffChange::More => "more",
        TraceDiffChange::Fewer => "fewer",
        TraceDiffChange::Same => "same",
    }
}

fn times(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0}×") } else { format!("{ratio:.2}×") }
}

fn chance(q: f64) -> String {
    if q < 0.0001 { "<0.0001".to_owned() } else { format!("{q:.4}") }
}
