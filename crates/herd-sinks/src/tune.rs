//! The effects of settings in words and tables.

use herd_model::{Spread, TuneChange, TuneDoubt, TuneMeasure, TuneReport, TuneRow, TuneSetting};

use crate::{
    gate::{Sheet, bytes, figure},
    layout::Align,
    messages::Messages,
};

/// A change that is named; a smaller one is about the same.
const NAMED_MIN: f64 = 0.005;

/// The advice with its reasons and its cost, or that there is none.
pub fn sentence(report: &TuneReport, say: &Messages) -> String {
    let Some(advice) = report.advice else { return say.say("tune-refused") };
    let (Some(row), Some(base)) = (report.settings.get(advice.setting as usize), report.settings.get(report.base as usize))
    else {
        return say.say("tune-refused");
    };
    let (name, from) = (called(&row.setting, say), called(&base.setting, say));
    let Some(compared) = row.against_base else { return say.say_with("tune-keep", &[("setting", &name)]) };
    let measure = say.say(&format!("tune-measure-{}", report.judged_by.as_str()));
    let (change, memory) = (changed(&compared.measure, say), changed(&compared.rss, say));
    let (rss, base_rss) = (bytes(row.rss_bytes.p50), bytes(base.rss_bytes.p50));
    let facts = [
        ("setting", name.as_str()),
        ("base", &from),
        ("measure", &measure),
        ("change", &change),
        ("memory", &memory),
        ("rss", &rss),
        ("baserss", &base_rss),
    ];
    say.say_with(&format!("tune-{}", advice.kind.as_str()), &facts)
}

/// The table of effects, that of their spread, and the reserves.
pub fn sheets(report: &TuneReport, say: &Messages) -> Vec<Sheet> {
    let served = report.settings.iter().any(|row| row.served.is_some()).then(|| served(report, say));
    [effects(report, say)].into_iter().chain(served).chain([spreads(report, say)]).collect()
}

/// What the command served of its runtime.
fn served(report: &TuneReport, say: &Messages) -> Sheet {
    let keys = ["setting", "answers", "heap", "goroutines", "gc-cpu-served", "pause-mean", "limited"];
    let told = |spread: Option<Spread>, show: &dyn Fn(f64) -> String| spread.map_or_else(String::new, |spread| show(spread.p50));
    let rows = report.settings.iter().filter_map(|row| {
        let served = row.served.as_ref()?;
        Some(vec![
            called(&row.setting, say),
            figure(served.answers.p50),
            told(served.heap_bytes, &bytes),
            told(served.goroutines, &figure),
            told(served.gc_cpu_percent, &|value| format!("{value:.1}")),
            told(served.pause_mean_ms, &|value| format!("{value:.3}")),
            served.limited.map_or_else(String::new, |runs| format!("{runs}/{}", row.runs)),
        ])
    });
    let remarks = vec![say.say("tune-served-legend")];
    Sheet { title: say.say("tune-served"), head: head(&keys, say), rows: rows.collect(), remarks, heat: Vec::new() }
}

fn effects(report: &TuneReport, say: &Messages) -> Sheet {
    let throughput = report.judged_by == TuneMeasure::Throughput;
    let mut keys = vec![
        "setting",
        "cpu",
        "collections",
        "gc-cpu",
        "assist",
        "pause-p99",
        "pause-max",
        "rss",
        "wall",
        "measure-change",
        "rss-change",
    ];
    if throughput {
        keys.insert(1, "throughput");
    }
    let rows = report.settings.iter().enumerate().map(|(at, row)| {
        let mut cells = vec![
            called(&row.setting, say),
            figure(row.cpu_s.p50),
            figure(row.collections.p50),
            format!("{:.1}", row.gc_cpu_percent.p50),
            format!("{:.1}", row.assist_percent.p50),
            format!("{:.3}", row.pause_p99_ms.p50),
            format!("{:.3}", row.pause_max_ms.p50),
            bytes(row.rss_bytes.p50),
            figure(row.wall_s.p50),
        ];
        if throughput {
            cells.insert(1, row.throughput.map_or_else(String::new, |spread| figure(spread.p50)));
        }
        cells.extend(comparison(row, at as u64 == report.base, say));
        cells
    });
    let mut remarks = vec![
        say.say_with(
            "tune-runs",
            &[("command", &report.command.join(" ")), ("runs", &report.runs.to_string()), ("seed", &report.seed.to_string())],
        ),
        say.say("tune-legend"),
    ];
    remarks.extend(report.doubts.iter().map(|doubt| doubted(doubt, say)));
    Sheet { title: say.say("tune-title"), head: head(&keys, say), rows: rows.collect(), remarks, heat: Vec::new() }
}

/// Changes against the base; a question mark where chance explains them.
fn comparison(row: &TuneRow, is_base: bool, say: &Messages) -> [String; 2] {
    match &row.against_base {
        Some(compared) => [&compared.measure, &compared.rss].map(|change| {
            let text = format!("{:+.1} %", 100.0 * change.share);
            if change.differs { text } else { format!("{text} ?") }
        }),
        None if is_base => [say.say("tune-base"), String::new()],
        None => [String::new(), String::new()],
    }
}

fn spreads(report: &TuneReport, say: &Messages) -> Sheet {
    let keys = ["setting", "runs", "cpu", "collections", "pause-p99", "rss", "wall"];
    let rows = report.settings.iter().map(|row| {
        vec![
            called(&row.setting, say),
            row.runs.to_string(),
            range(&row.cpu_s, figure),
            range(&row.collections, figure),
            range(&row.pause_p99_ms, |value| format!("{value:.3}")),
            range(&row.rss_bytes, bytes),
            range(&row.wall_s, figure),
        ]
    });
    Sheet { title: say.say("tune-spread"), head: head(&keys, say), rows: rows.collect(), remarks: Vec::new(), heat: Vec::new() }
}

fn head(keys: &[&str], say: &Messages) -> Vec<(String, Align)> {
    let mut head: Vec<(String, Align)> = keys.iter().map(|key| (say.say(&format!("tune-head-{key}")), Align::Right)).collect();
    head[0].1 = Align::Left;
    head
}

fn range(spread: &Spread, show: impl Fn(f64) -> String) -> String {
    let (min, max) = (show(spread.min), show(spread.max));
    if min == max { min } else { format!("{min} … {max}") }
}

fn called(setting: &TuneSetting, say: &Messages) -> String {
    let maxprocs = setting.maxprocs.map(|procs| procs.to_string());
    let all = [("GOGC", &setting.gogc), ("GOMEMLIMIT", &setting.memlimit), ("GOMAXPROCS", &maxprocs)];
    let words: Vec<String> =
        all.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}"))).collect();
    if words.is_empty() { say.say("tune-as-is") } else { words.join(" ") }
}

fn changed(change: &TuneChange, say: &Messages) -> String {
    let percent = format!("{:.0}", (100.0 * change.share).abs());
    if change.share.abs() < NAMED_MIN {
        return say.say("tune-same");
    }
    say.say_with(if change.share < 0.0 { "tune-less" } else { "tune-more" }, &[("percent", &percent)])
}

fn doubted(doubt: &TuneDoubt, say: &Messages) -> String {
    let text = say.say_with(&format!("tune-doubt-{}", doubt.kind.as_str()), &[("count", &doubt.count.to_string())]);
    if doubt.refuses { say.say_with("doubt-refuses", &[("doubt", &text)]) } else { text }
}
