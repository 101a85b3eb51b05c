//! Answers that are figures: capacity, the worth of a change, a rollout, a heap, locks, a runtime log, a trace, settings of the runtime. One
//! verdict sentence and a few tables each, which every format for people prints.

use herd_model::{Envelope, GateVerdict};
use serde_json::{Value, json};

use crate::{
    Lang, Look, SinkError, capacity, diff, guard, heap,
    layout::{Align, Role, Sign, paint, sign, table, wrap},
    locks,
    markdown::prose,
    messages::{Messages, messages},
    name::clean,
    roi, runlog, spawns,
    svg_capacity::svg_capacity,
    svg_runlog::svg_runlog,
    trace, trace_diff, tune,
};

/// A table with its heading and remarks.
pub struct Sheet {
    /// Heading.
    pub title: String,
    /// Column heads; empty where there are remarks only.
    pub head: Vec<(String, Align)>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
    /// Sentences under it.
    pub remarks: Vec<String>,
    /// A colour a cell, where colour says something: from -1, the largest change for the better, to 1, the largest for the worse, or
    /// from 0 to 1 for how much. Empty where none has one.
    pub heat: Vec<Vec<Option<f64>>>,
}

impl Sheet {
    /// A heading with sentences under it.
    pub fn told(title: String, remarks: Vec<String>) -> Sheet {
        Sheet { title, head: Vec::new(), rows: Vec::new(), remarks, heat: Vec::new() }
    }
}

/// What the viewer shows of such an answer, in every language: the sentence, the sheets, and a drawing where there is one.
pub fn answer(envelope: &Envelope, look: &Look<'_>) -> Result<Option<Value>, SinkError> {
    let mut words = serde_json::Map::new();
    for lang in Lang::ALL {
        let say = messages(lang);
        let Some(sentence) = sentence(envelope, &say) else { return Ok(None) };
        // Tables are all this page shows of an answer.
        let judged = is_judged(envelope).then(|| runlog::judged(envelope, &look_in(look, lang), &say)).into_iter().flatten();
        let sheets: Vec<Value> = judged.chain(sheets(envelope, &say)).map(|sheet| sheet_json(&sheet)).collect();
        words.insert(lang.tag().to_owned(), json!({ "sentence": sentence, "sheets": sheets }));
    }
    let verdict = match mark(envelope).map(|(_, role)| role) {
        Some(Role::Good) => "pass",
        Some(Role::Critical) => "fail",
        Some(_) => "inconclusive",
        None => "",
    };
    let model = envelope.capacity.as_ref().map(|report| svg_capacity(report, envelope, look)).transpose()?;
    let drawing = match &envelope.runlog {
        Some(report) if report.processes.iter().any(|process| process.collections.at_s.len() + process.states.at_s.len() > 1) => {
            Some(svg_runlog(report, envelope, look)?)
        }
        _ => model,
    };
    Ok(Some(json!({ "verdict": verdict, "words": words, "drawing": drawing })))
}

/// Whether there may be findings beside the figures.
pub fn is_judged(envelope: &Envelope) -> bool {
    envelope.heap.is_some() || envelope.runlog.is_some() || envelope.trace.is_some()
}

fn look_in<'a>(look: &Look<'a>, lang: Lang) -> Look<'a> {
    Look { lang, ..*look }
}

fn sheet_json(sheet: &Sheet) -> Value {
    let head: Vec<Value> =
        sheet.head.iter().map(|(text, align)| json!({ "text": text, "right": *align == Align::Right })).collect();
    json!({ "title": sheet.title, "head": head, "rows": sheet.rows, "remarks": sheet.remarks, "heat": sheet.heat })
}

/// The verdict in one sentence, where the answer is of this kind.
pub fn sentence(envelope: &Envelope, say: &Messages) -> Option<String> {
    let diff = envelope.diff.as_ref().map(|report| diff::sentence(report, say));
    let trace_diff = || envelope.trace_diff.as_ref().map(|report| trace_diff::sentence(report, say));
    let capacity = || envelope.capacity.as_ref().map(|report| capacity::sentence(report, say));
    let roi = || envelope.roi.as_ref().map(|report| roi::sentence(report, say));
    let guard = || envelope.guard.as_ref().map(|report| guard::sentence(report, say));
    let heap = || envelope.heap.as_ref().map(|report| heap::sentence(report, say));
    let locks = || envelope.locks.as_ref().map(|report| locks::sentence(report, say));
    let runlog = || envelope.runlog.as_ref().map(|report| runlog::sentence(report, envelope, say));
    let trace = || envelope.trace.as_ref().map(|report| trace::sentence(report, say));
    let tune = || envelope.tune.as_ref().map(|report| tune::sentence(report, say));
    let spawns = || spawns::sentence_of(envelope, say);
    diff.or_else(trace_diff)
        .or_else(capacity)
        .or_else(roi)
        .or_else(guard)
        .or_else(heap)
        .or_else(locks)
        .or_else(runlog)
        .or_else(trace)
        .or_else(tune)
        .or_else(spawns)
}

/// Its tables.
pub fn sheets(envelope: &Envelope, say: &Messages) -> Vec<Sheet> {
    let diff = envelope.diff.iter().flat_map(|report| diff::sheets(report, say));
    let trace_diff = envelope.trace_diff.iter().flat_map(|report| trace_diff::sheets(report, say));
    let capacity = envelope.capacity.iter().flat_map(|report| capacity::sheets(report, say));
    let roi = envelope.roi.iter().flat_map(|report| roi::sheets(report, say));
    let guard = envelope.guard.iter().flat_map(|report| guard::sheets(report, say));
    let heap = envelope.heap.iter().flat_map(|report| heap::sheets(report, say));
    let locks = envelope.locks.iter().flat_map(|report| locks::sheets(report, say));
    let runlog = envelope.runlog.iter().flat_map(|report| runlog::sheets(report, say));
    let trace = envelope.trace.iter().flat_map(|report| trace::sheets(report, say));
    let tune = envelope.tune.iter().flat_map(|report| tune::sheets(report, say));
    let starts = envelope.lint.iter().filter_map(|report| report.spawns.as_ref());
    let spawns = starts.flat_map(|starts| spawns::sheets(starts, say));
    diff.chain(trace_diff)
        .chain(capacity)
        .chain(roi)
        .chain(guard)
        .chain(heap)
        .chain(locks)
        .chain(runlog)
        .chain(trace)
        .chain(tune)
        .chain(spawns)
        .collect()
}

/// The lines of a sheet in a terminal.
pub fn lines(sheet: &Sheet, look: &Look<'_>) -> Vec<String> {
    let mut lines = vec![String::new(), paint(Role::Strong, &sheet.title, look)];
    if !sheet.rows.is_empty() {
        let head: Vec<(&str, Align)> = sheet.head.iter().map(|(title, align)| (title.as_str(), *align)).collect();
        let rows: Vec<Vec<String>> =
            sheet.rows.iter().map(|row| row.iter().map(|cell| clean(cell).into_owned()).collect()).collect();
        lines.extend(table(&head, &rows, look).iter().map(|line| format!("  {line}")));
    }
    for remark in &sheet.remarks {
        let bullet = sign(Sign::Dot, look.charset);
        let heads = std::iter::once(bullet).chain(std::iter::repeat(" "));
        let wrapped = wrap(&clean(remark), look.width.saturating_sub(4));
        lines.extend(heads.zip(wrapped).map(|(head, line)| format!("  {head} {line}")));
    }
    lines
}

/// A sheet as Markdown.
pub fn markdown(sheet: &Sheet) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("\n## {}\n\n", prose(&sheet.title));
    if !sheet.rows.is_empty() {
        text += &line(sheet.head.iter().map(|(title, _)| prose(title)).collect());
        let rule = |align: &Align| if *align == Align::Right { "---:" } else { "---" }.to_owned();
        text += &line(sheet.head.iter().map(|(_, align)| rule(align)).collect());
        for row in &sheet.rows {
            text += &line(row.iter().map(|cell| prose(cell)).collect());
        }
        text.push('\n');
    }
    text.extend(sheet.remarks.iter().map(|remark| format!("- {}\n", prose(remark))));
    text
}

/// The sign and colour of a gate's answer.
pub fn mark(envelope: &Envelope) -> Option<(Sign, Role)> {
    let of = |verdict| match verdict {
        GateVerdict::Pass => (Sign::Check, Role::Good),
        GateVerdict::Fail => (Sign::Cross, Role::Critical),
        GateVerdict::Inconclusive => (Sign::Question, Role::Strong),
    };
    let capacity = envelope.capacity.as_ref().and_then(|report| report.verdict);
    let diff = envelope.diff.as_ref().map(|report| report.verdict);
    let diff = diff.or(envelope.trace_diff.as_ref().map(|report| report.verdict));
    capacity.or(diff).or(envelope.guard.as_ref().map(|report| report.verdict)).map(of)
}

/// A figure with four significant digits, grouped where it is large.
pub fn figure(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        _ if size <= 0.0 => "0".to_owned(),
        _ if !(1e-3..1e15).contains(&size) => format!("{value:.3e}"),
        _ if size >= 1000.0 => {
            let sign = if value < 0.0 { "-" } else { "" };
            return format!("{sign}{}", crate::figure::thousands(size.round() as u64));
        }
        _ => format!("{value:.*}", (3 - size.log10().floor() as i32).max(0) as usize),
    };
    if text.contains('.') && !text.contains('e') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Bytes with a unit; nothing below zero.
pub fn bytes(value: f64) -> String {
    crate::figure::bytes(value.max(0.0).round() as u64)
}
