//! Who allocates, and what profiles given beside a trace add to it, in tables.

use herd_model::{
    TraceAllocating, TraceAllocator, TraceAllocators, TraceBesideCpu, TraceBesideLabel, TraceBesideStack, TraceCpuStack,
    TraceHot, TracePaid, TracePlaced,
};

use crate::{
    figure::thousands,
    gate::{Sheet, bytes},
    layout::Align,
    locks::share,
    messages::Messages,
    name::{clean, func_tail},
    trace::{call, said, seconds, sheet},
};

/// Labels told.
const LABELS_TOLD: usize = 5;

/// Samples taken inside the allocator, by who called it.
pub fn allocating(allocating: &TraceAllocating, of: u64, say: &Messages) -> Sheet {
    let keys = ["samples", "share", "goroutines", "after", "line"];
    let cells = |stack: &TraceCpuStack| {
        let after = stack.after.first().map(|after| after.name.clone()).unwrap_or_default();
        vec![
            thousands(stack.samples),
            share(stack.samples as f64 / of.max(1) as f64),
            thousands(stack.goroutines),
            after,
            call(&stack.call, &stack.frames),
        ]
    };
    let facts = [("samples", thousands(allocating.samples)), ("assisting", thousands(allocating.assisting))];
    let remarks = vec![said(say, "trace-allocating", &facts)];
    let mut sheet = sheet("trace-title-allocating", &keys, allocating.stacks.iter().map(cells).collect(), remarks, say);
    sheet.head[3].1 = Align::Left;
    sheet
}

/// What a hot interval was made of besides its stacks.
pub fn hot(hot: &TraceHot, say: &Messages) -> Vec<String> {
    let goroutine = hot.goroutines.first().map(|first| {
        let mut facts = vec![
            ("goroutine", first.goroutine.to_string()),
            ("samples", thousands(first.samples)),
            ("stack", call(&first.call, &first.frames)),
        ];
        let Some(after) = &first.after else { return said(say, "trace-hot-goroutine", &facts) };
        facts.push(("after", after.clone()));
        said(say, "trace-hot-goroutine-after", &facts)
    });
    let meanwhile = hot.meanwhile.as_ref().map(|meanwhile| {
        let facts = [
            ("share", share(meanwhile.marking_share)),
            ("pauses", thousands(meanwhile.pauses)),
            ("paused", seconds(meanwhile.paused_s)),
            ("assists", thousands(meanwhile.assists)),
            ("assisted", seconds(meanwhile.assisted_s)),
        ];
        said(say, "trace-hot-meanwhile", &facts)
    });
    goroutine.into_iter().chain(meanwhile).collect()
}

/// A CPU profile given beside the trace.
pub fn cpu(beside: &TraceBesideCpu, say: &Messages) -> Sheet {
    let keys = ["samples", "cpu", "in-trace", "line"];
    let cells = |stack: &TraceBesideStack| {
        vec![thousands(stack.samples), seconds(stack.cpu_s), thousands(stack.in_trace), call(&stack.call, &stack.frames)]
    };
    let mut remarks = vec![placed(beside, say)];
    let both =
        [("samples", thousands(beside.samples)), ("trace", thousands(beside.trace_samples)), ("both", thousands(beside.in_both))];
    remarks.push(said(say, "trace-beside-both", &both));
    remarks.extend(beside.labels.iter().take(LABELS_TOLD).map(|label| labelled(label, say)));
    sheet("trace-title-beside-cpu", &keys, beside.stacks.iter().map(cells).collect(), remarks, say)
}

fn placed(beside: &TraceBesideCpu, say: &Messages) -> String {
    let moment = |s: Option<f64>| s.map(|s| format!("{s:.3} s")).unwrap_or_default();
    let facts = [
        ("cpu", seconds(beside.cpu_s)),
        ("from", moment(beside.from_s)),
        ("to", moment(beside.to_s)),
        ("share", share(beside.inside_share.unwrap_or_default())),
    ];
    let key = match beside.placed {
        TracePlaced::Inside => "trace-beside-inside",
        TracePlaced::Partly => "trace-beside-partly",
        TracePlaced::Apart => "trace-beside-apart",
        TracePlaced::Unknown => "trace-beside-unknown",
    };
    said(say, key, &facts)
}

fn labelled(label: &TraceBesideLabel, say: &Messages) -> String {
    let facts = [
        ("label", format!("{}={}", clean(&label.key), clean(&label.value))),
        ("samples", thousands(label.samples)),
        ("cpu", seconds(label.cpu_s)),
    ];
    said(say, "trace-beside-label", &facts)
}

/// Who allocates by a profile given beside the trace, and who of them pays for it.
pub fn allocators(allocators: &TraceAllocators, say: &Messages) -> Vec<Sheet> {
    let keys = ["bytes", "share", "rate", "objects", "line"];
    let cells = |row: &TraceAllocator| {
        let rate = row.bytes_per_s.map(|rate| format!("{}/s", bytes(rate))).unwrap_or_default();
        vec![bytes(row.bytes as f64), share(row.share), rate, thousands(row.objects), call(&row.call, &row.frames)]
    };
    let total = bytes(allocators.bytes as f64);
    let told = match (allocators.over_s, allocators.bytes_per_s) {
        (Some(over), Some(rate)) => {
            let facts = [("bytes", total), ("time", seconds(over)), ("rate", format!("{}/s", bytes(rate)))];
            said(say, "trace-allocators-over", &facts)
        }
        _ => said(say, "trace-allocators-whole", &[("bytes", total)]),
    };
    let rows = allocators.stacks.iter().map(cells).collect();
    let mut sheets = vec![sheet("trace-title-allocators", &keys, rows, vec![told], say)];
    if allocators.functions.iter().any(|row| row.assists > 0) {
        sheets.push(paid(&allocators.functions, say));
    }
    sheets
}

fn paid(functions: &[TracePaid], say: &Messages) -> Sheet {
    let keys = ["assisted", "of-assists", "count", "samples", "bytes", "of-bytes", "function"];
    let cells = |row: &TracePaid| {
        vec![
            seconds(row.assisted_s),
            share(row.assisted_share),
            thousands(row.assists),
            thousands(row.samples),
            bytes(row.bytes as f64),
            share(row.share),
            func_tail(&row.func).to_string(),
        ]
    };
    let remarks = vec![say.say("trace-paid-legend")];
    sheet("trace-title-paid", &keys, functions.iter().map(cells).collect(), remarks, say)
}
