//! What differs between two profiles, in words and tables.

use herd_model::{DiffChange, DiffDoubt, DiffReport, DiffRow, DiffRule, DiffSide, ExposureFrom, GateVerdict};

use crate::{
    gate::{Sheet, figure},
    layout::Align,
    messages::Messages,
    name,
};

/// The verdict, with what decides it.
pub fn sentence(report: &DiffReport, say: &Messages) -> String {
    let culprits: Vec<&DiffRow> = report.rows.iter().filter(|row| row.culprit).collect();
    let doubt = report.doubts.iter().find(|doubt| **doubt != DiffDoubt::FewFunctions);
    let first = culprits.first().map(|row| told(row, report, say)).unwrap_or_default();
    let more = culprits.len().saturating_sub(1).to_string();
    match (report.verdict, culprits.len()) {
        (GateVerdict::Fail, 0 | 1) => say.say_with("diff-fail", &[("first", &first)]),
        (GateVerdict::Fail, _) => say.say_with("diff-fail-more", &[("first", &first), ("more", &more)]),
        (GateVerdict::Pass, _) => say.say("diff-pass"),
        (GateVerdict::Inconclusive, _) => {
            say.say_with("diff-inconclusive", &[("why", &doubt.map(|doubt| doubted(*doubt, report, say)).unwrap_or_default())])
        }
    }
}

/// Culprits, other changes, renames, and what was compared.
pub fn sheets(report: &DiffReport, say: &Messages) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    let (culprits, others): (Vec<&DiffRow>, Vec<&DiffRow>) = report.rows.iter().partition(|row| row.culprit);
    if !culprits.is_empty() {
        let remarks = culprits.iter().filter_map(|row| path(row, say)).collect();
        sheets.push(Sheet { remarks, ..rows(&say.say("diff-culprits"), &culprits, report, say) });
    }
    if !others.is_empty() {
        let remarks = vec![say.say("diff-others-legend")];
        sheets.push(Sheet { remarks, ..rows(&say.say("diff-others"), &others, report, say) });
    }
    let structure = structure(report, say);
    if !structure.is_empty() {
        let title = say.say("diff-structure");
        sheets.push(Sheet::told(title, structure));
    }
    sheets.push(compared(report, say));
    sheets
}

fn told(row: &DiffRow, report: &DiffReport, say: &Messages) -> String {
    let function = name::func_tail(&row.function);
    let key = format!("diff-told-{}", change(row.change));
    let ratio = row.ratio.map(times).unwrap_or_default();
    let (before, after) = values(row, report);
    say.say_with(&key, &[("function", function), ("ratio", &ratio), ("before", &before), ("after", &after)])
}

fn rows(title: &str, of: &[&DiffRow], report: &DiffReport, say: &Messages) -> Sheet {
    let keys = [
        "diff-head-function",
        "diff-head-change",
        "diff-head-before",
        "diff-head-after",
        "diff-head-ratio",
        "diff-head-depth",
        "diff-head-q",
    ];
    let mut head: Vec<(String, Align)> = keys.iter().map(|key| (say.say(key), Align::Right)).collect();
    head[0].1 = Align::Left;
    head[1].1 = Align::Left;
    let line = |row: &&DiffRow| {
        let function = match &row.renamed_from {
            Some(before) => {
                say.say_with("diff-renamed", &[("after", name::func_tail(&row.function)), ("before", name::func_tail(before))])
            }
            None => name::func_tail(&row.function).to_string(),
        };
        let (before, after) = values(row, report);
        let depth = row.depth_after - row.depth_before;
        let depth =
            if row.before > 0.0 && row.after > 0.0 && depth.abs() >= 0.05 { format!("{depth:+.1}") } else { "-".to_owned() };
        let q = if report.rule == DiffRule::Thresholds { "-".to_owned() } else { chance(row.q) };
        let ratio = row.ratio.map_or_else(|| "-".to_owned(), times);
        vec![function, say.say(&format!("diff-change-{}", change(row.change))), before, after, ratio, depth, q]
    };
    let colours = of.iter().map(|row| heat(row)).collect();
    Sheet { title: title.to_owned(), head, rows: of.iter().map(line).collect(), remarks: Vec::new(), heat: colours }
}

/// Colours of a row's cells: shares by how much they are, the ratio and the depth by how much worse.
fn heat(row: &DiffRow) -> Vec<Option<f64>> {
    const WHOLE: f64 = 4.0;
    let ratio = row.ratio.map_or(1.0, |ratio| (ratio.max(f64::MIN_POSITIVE).log2() / WHOLE.log2()).clamp(-1.0, 1.0));
    let depth = ((row.depth_after - row.depth_before) / WHOLE).clamp(-1.0, 1.0);
    let both = row.before > 0.0 && row.after > 0.0;
    vec![None, None, Some(row.share_before), Some(row.share_after), Some(ratio), both.then_some(depth), None]
}

/// What a row had and has: of delays the mean, of all else the measure with its share.
fn values(row: &DiffRow, report: &DiffReport) -> (String, String) {
    let delays = matches!(report.kind.as_str(), "block" | "mutex" | "contention");
    let of = |value: f64, count: f64, share: f64| match count {
        count if delays && count > 0.0 => format!("{} × {}", figure(count), amount(value / count, &report.unit)),
        _ => format!("{} ({:.1} %)", amount(value, &report.unit), 100.0 * share),
    };
    (of(row.before, row.count_before, row.share_before), of(row.after, row.count_after, row.share_after))
}

/// A value in its unit.
pub fn amount(value: f64, unit: &str) -> String {
    let size = value.abs();
    match unit {
        "nanoseconds" if size >= 1e9 => format!("{} s", figure(value / 1e9)),
        "nanoseconds" if size >= 1e6 => format!("{} ms", figure(value / 1e6)),
        "nanoseconds" if size >= 1e3 => format!("{} µs", figure(value / 1e3)),
        "nanoseconds" => format!("{} ns", figure(value)),
        "bytes" if value >= 0.0 => crate::gate::bytes(value),
        "bytes" => format!("-{}", crate::gate::bytes(-value)),
        _ => figure(value),
    }
}

/// The stack a culprit's change is on, innermost first.
fn path(row: &DiffRow, say: &Messages) -> Option<String> {
    const SHOWN: usize = 6;
    if row.path.len() < 2 {
        return None;
    }
    let at = row.path.iter().position(|call| *call == row.function).unwrap_or(0);
    let calls: Vec<String> = row.path[at..].iter().take(SHOWN).map(|call| name::func_tail(call).to_string()).collect();
    let rest = if row.path.len() - at > SHOWN { " ← …" } else { "" };
    Some(say.say_with("diff-path", &[("calls", &(calls.join(" ← ") + rest))]))
}

fn structure(report: &DiffReport, say: &Messages) -> Vec<String> {
    let renames = report.renames.iter().map(|rename| {
        let (before, after, score) =
            (name::func_tail(&rename.before), name::func_tail(&rename.after), format!("{:.2}", rename.score));
        say.say_with("diff-rename", &[("before", before), ("after", after), ("score", &score)])
    });
    let wrappers = report.wrappers.iter().map(|wrapper| {
        let key = if wrapper.added { "diff-wrapper" } else { "diff-unwrapped" };
        say.say_with(key, &[("function", name::func_tail(&wrapper.function)), ("around", name::func_tail(&wrapper.around))])
    });
    renames.chain(wrappers).collect()
}

fn compared(report: &DiffReport, say: &Messages) -> Sheet {
    let side = |key: &str, side: &DiffSide| {
        let seconds = side.duration_s.map(|seconds| say.say_with("diff-seconds", &[("seconds", &figure(seconds))]));
        let runs = (side.runs > 1).then(|| say.say_with("diff-runs", &[("runs", &side.runs.to_string())]));
        let (total, count, stacks) =
            (amount(side.total, &report.unit), figure(side.count), crate::figure::thousands(side.stacks));
        let depth = format!("{:.1}", side.depth);
        let told = say.say_with(key, &[("total", &total), ("count", &count), ("stacks", &stacks), ("depth", &depth)]);
        [Some(told), seconds, runs].into_iter().flatten().collect::<Vec<_>>().join(&say.say("diff-parts"))
    };
    let mut remarks = vec![side("diff-before", &report.before), side("diff-after", &report.after)];
    let exposure = match report.exposure_from {
        ExposureFrom::MedianOfFunctions => "diff-exposure-median",
        ExposureFrom::Durations => "diff-exposure-durations",
        ExposureFrom::Totals => "diff-exposure-totals",
        ExposureFrom::Counted => "diff-exposure-counted",
    };
    remarks.push(say.say_with(exposure, &[("times", &times(report.exposure))]));
    let share = |value: f64| format!("{:.1} %", 100.0 * value);
    let matched = &report.matched;
    let (exact, renamed, near, alone) = (share(matched.exact), share(matched.renamed), share(matched.near), share(matched.alone));
    let cosine = format!("{:.4}", report.cosine);
    remarks.push(say.say_with(
        "diff-matched",
        &[("exact", &exact), ("renamed", &renamed), ("near", &near), ("alone", &alone), ("cosine", &cosine)],
    ));
    if let Some(ratio) = report.detectable {
        remarks.push(say.say_with("diff-detectable", &[("times", &times(ratio))]));
    }
    if report.rule == DiffRule::Thresholds {
        remarks.push(say.say("diff-thresholds"));
    }
    remarks.extend(report.doubts.iter().map(|doubt| doubted(*doubt, report, say)));
    let title = say.say_with("diff-compared", &[("kind", &report.kind), ("measure", &report.measure)]);
    Sheet::told(title, remarks)
}

fn doubted(doubt: DiffDoubt, report: &DiffReport, say: &Messages) -> String {
    let key = match doubt {
        DiffDoubt::Empty => "diff-doubt-empty",
        DiffDoubt::FewSamples => "diff-doubt-samples",
        DiffDoubt::FewContentions => "diff-doubt-contentions",
        DiffDoubt::LoadsDiffer => "diff-doubt-loads",
        DiffDoubt::LoadUnclear => "diff-doubt-load-unclear",
        DiffDoubt::NoApplication => "diff-doubt-application",
        DiffDoubt::FewFunctions => "diff-doubt-functions",
    };
    let least = figure(report.before.count.min(report.after.count));
    let of_load = matches!(doubt, DiffDoubt::LoadsDiffer | DiffDoubt::LoadUnclear);
    let ratio = report.detectable.filter(|_| !of_load).unwrap_or(report.exposure);
    say.say_with(key, &[("count", &least), ("times", &times(ratio))])
}

fn change(change: DiffChange) -> &'static str {
    match change {
        DiffChange::New => "new",
        DiffChange::Gone => "gone",
        DiffChange::More => "more",
        DiffChange::Less => "less",
        DiffChange::Longer => "longer",
        DiffChange::Shorter => "shorter",
        DiffChange::Deeper => "deeper",
        DiffChange::Shallower => "shallower",
        DiffChange::Moved => "moved",
    }
}

fn times(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0}×") } else { format!("{ratio:.2}×") }
}

fn chance(q: f64) -> String {
    if q < 0.0001 { "<0.0001".to_owned() } else { format!("{q:.4}") }
}
