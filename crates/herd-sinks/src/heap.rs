//! A heap in words and tables.

use herd_model::{
    EscapeReport, EscapeRow, EscapeShown, HeapChange, HeapFigures, HeapGrowth, HeapReport, HeapRow, Place, Resident,
};

use crate::{
    diff::amount,
    figure::{percent, thousands},
    gate::{Sheet, figure},
    heap_holders,
    layout::Align,
    messages::Messages,
    name::{func_tail, short_place},
};

/// Calls of a resident's stack that are told.
const CALLS_SHOWN: usize = 6;
/// Characters of a line's escapes in a table.
const WHAT_SHOWN: usize = 48;

/// What is in use, and what grows or allocates most.
pub fn sentence(report: &HeapReport, say: &Messages) -> String {
    let HeapFigures { alloc_bytes, inuse_bytes, inuse_objects, .. } = report.total;
    let (inuse, objects, alloc) = (bytes(inuse_bytes), thousands(inuse_objects.max(0) as u64), bytes(alloc_bytes));
    let facts = [("inuse", &*inuse), ("objects", &*objects), ("alloc", &*alloc)];
    let whole = match report.over_s {
        Some(seconds) => {
            let seconds = figure(seconds);
            say.say_with("heap-over", &[&facts[..], &[("seconds", &*seconds)]].concat())
        }
        None => say.say_with("heap-whole", &facts),
    };
    let grows = |growth: &HeapGrowth| {
        let rows = growth.rows.iter().filter(|row| row.change == HeapChange::Grows);
        rows.max_by_key(|row| row.after_bytes - row.before_bytes).map(|row| {
            let by = bytes(row.after_bytes - row.before_bytes);
            say.say_with("heap-grows", &[("line", &line(&row.at)), ("bytes", &by)])
        })
    };
    let told = match &report.growth {
        Some(growth) => Some(grows(growth).unwrap_or_else(|| say.say("heap-still"))),
        None => report.functions.first().map(|row| {
            say.say_with("heap-most", &[("function", func_tail(&row.at.func)), ("alloc", &bytes(row.figures.alloc_bytes))])
        }),
    };
    std::iter::once(whole).chain(told).collect::<Vec<_>>().join(&say.say("heap-parts"))
}

/// Growth, residents, allocators, escapes.
pub fn sheets(report: &HeapReport, say: &Messages) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = report.growth.iter().map(|growth| grown(growth, say)).collect();
    sheets.push(residents(report, say));
    sheets.extend(report.holders.iter().flat_map(|holders| heap_holders::sheets(holders, say)));
    sheets.extend(report.escapes.iter().map(|escapes| escaped(escapes, say)));
    sheets.push(allocators("heap-by-bytes", report, |row| row.figures.alloc_bytes, say));
    sheets.push(allocators("heap-by-objects", report, |row| row.figures.alloc_objects, say));
    if let Some(last) = sheets.last_mut() {
        last.remarks.extend(legend(report, say));
    }
    sheets.retain(|sheet| !sheet.rows.is_empty() || !sheet.remarks.is_empty());
    sheets
}

fn heads(keys: &[&str], say: &Messages) -> Vec<(String, Align)> {
    let last = keys.len().saturating_sub(1);
    let align = |at: usize| if at == last { Align::Tail } else { Align::Right };
    keys.iter().enumerate().map(|(at, key)| (say.say(&format!("heap-head-{key}")), align(at))).collect()
}

fn allocators(title: &str, report: &HeapReport, weight: impl Fn(&HeapRow) -> i64, say: &Messages) -> Sheet {
    let mut rows: Vec<&HeapRow> = report.functions.iter().filter(|row| weight(row) > 0).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(weight(row)));
    // The table in the report holds the first of three orders together.
    rows.truncate(report.shown as usize);
    let cells = |row: &&HeapRow| {
        vec![
            bytes(row.figures.alloc_bytes),
            count(row.figures.alloc_objects),
            row.mean_bytes.map_or_else(|| "-".to_owned(), |mean| amount(mean, "bytes")),
            bytes(row.figures.inuse_bytes),
            survives(row),
            function(&row.at, row.called_from.as_ref(), say),
        ]
    };
    let most = |of: fn(&HeapRow) -> i64| rows.iter().map(|row| of(row)).max().unwrap_or(1).max(1) as f64;
    let (alloc, objects, inuse) =
        (most(|row| row.figures.alloc_bytes), most(|row| row.figures.alloc_objects), most(|row| row.figures.inuse_bytes));
    let heat = |row: &&HeapRow| {
        let of = |value: i64, most: f64| Some(value as f64 / most);
        let figures = &row.figures;
        let (alloc, objects) = (of(figures.alloc_bytes, alloc), of(figures.alloc_objects, objects));
        vec![alloc, objects, None, of(figures.inuse_bytes, inuse), None, None]
    };
    Sheet {
        title: say.say(title),
        head: heads(&["alloc", "objects", "mean", "inuse", "survives", "function"], say),
        rows: rows.iter().map(cells).collect(),
        remarks: Vec::new(),
        heat: rows.iter().map(heat).collect(),
    }
}

fn legend(report: &HeapReport, say: &Messages) -> Vec<String> {
    let mut remarks = vec![match report.sampled_every_bytes {
        0 => say.say("heap-rate-unknown"),
        1 => say.say("heap-rate-all"),
        rate => say.say_with("heap-rate", &[("rate", &amount(rate as f64, "bytes"))]),
    }];
    let HeapFigures { alloc_bytes, inuse_bytes, .. } = report.profiler;
    if alloc_bytes > 0 {
        remarks.push(say.say_with("heap-profiler", &[("alloc", &bytes(alloc_bytes)), ("inuse", &bytes(inuse_bytes))]));
    }
    if report.over_s.is_some() {
        remarks.push(say.say("heap-difference"));
    }
    remarks
}

fn residents(report: &HeapReport, say: &Messages) -> Sheet {
    let cells = |resident: &Resident| {
        let row = &resident.row;
        vec![
            bytes(row.figures.inuse_bytes),
            give_or_take(row.inuse_error_bytes),
            count(row.figures.inuse_objects),
            survives(row),
            at(&row.at, row.called_from.as_ref(), say),
        ]
    };
    let told = |resident: &Resident| {
        let at = resident.stack.iter().position(|place| *place == resident.row.at).map_or(0, |at| at + 1);
        let mut callers: Vec<String> = resident.stack[at..].iter().take(CALLS_SHOWN).map(line).collect();
        if resident.stack.len() > at + CALLS_SHOWN {
            callers.push("…".to_owned());
        }
        // Nobody calls what a goroutine begins with.
        let key = match (resident.uncertain, callers.is_empty()) {
            (true, true) => "heap-resident-uncertain-first",
            (true, false) => "heap-resident-uncertain",
            (false, true) => return None,
            (false, false) => "heap-resident",
        };
        let (line, bytes, callers) = (line(&resident.row.at), bytes(resident.stack_bytes), callers.join(" ← "));
        Some(say.say_with(key, &[("line", &line), ("bytes", &bytes), ("calls", &callers)]))
    };
    let mut remarks: Vec<String> = report.residents.iter().filter_map(told).collect();
    let title = say.say("heap-residents");
    let head = heads(&["inuse", "error", "objects", "survives", "line"], say);
    if report.residents.is_empty() {
        remarks.push(say.say("heap-no-resident"));
    } else if report.holders.is_none() {
        remarks.push(say.say("heap-holder"));
    }
    Sheet { title, head, rows: report.residents.iter().map(cells).collect(), remarks, heat: Vec::new() }
}

fn grown(growth: &HeapGrowth, say: &Messages) -> Sheet {
    let rows = growth.rows.iter().map(|row| {
        let change = row.after_bytes - row.before_bytes;
        vec![
            bytes(row.before_bytes),
            bytes(row.after_bytes),
            signed(change),
            give_or_take(row.error_bytes),
            say.say(&format!("heap-{}-row", row.change.as_str())),
            at(&row.at, row.called_from.as_ref(), say),
        ]
    });
    let mut remarks = Vec::new();
    if let Some(seconds) = growth.seconds {
        let key = if seconds < 0.0 { "heap-reversed" } else { "heap-between" };
        remarks.push(say.say_with(key, &[("seconds", &figure(seconds.abs()))]));
    }
    remarks.push(say.say(if growth.one_process { "heap-one-process" } else { "heap-two-processes" }));
    remarks.push(say.say_with("heap-growth-legend", &[("lines", &thousands(growth.compared))]));
    let head = heads(&["before", "after", "change", "error", "verdict", "line"], say);
    Sheet { title: say.say("heap-growth"), head, rows: rows.collect(), remarks, heat: Vec::new() }
}

fn escaped(report: &EscapeReport, say: &Messages) -> Sheet {
    let timed = report.rows.iter().any(|row| row.alloc_bytes_per_s.is_some());
    let cells = |row: &EscapeRow| {
        let per_s = row.alloc_bytes_per_s.map_or_else(|| "-".to_owned(), |rate| format!("{}/s", amount(rate, "bytes")));
        let mut cells = vec![bytes(row.figures.alloc_bytes), count(row.figures.alloc_objects)];
        cells.extend(timed.then_some(per_s));
        cells.extend([bytes(row.figures.inuse_bytes), what(&row.escapes, say), line(&row.at)]);
        cells
    };
    let keys: &[&str] = if timed {
        &["alloc", "objects", "per-s", "inuse", "what", "line"]
    } else {
        &["alloc", "objects", "inuse", "what", "line"]
    };
    let mut remarks: Vec<String> = report.rows.iter().flat_map(|row| whys(row, say)).collect();
    let whole = (report.joined_bytes + report.other_lines_bytes + report.other_files_bytes).max(0) as u64;
    let share = |bytes: i64| percent(bytes.max(0) as u64, whole);
    let (joined, lines, files) = (share(report.joined_bytes), share(report.other_lines_bytes), share(report.other_files_bytes));
    remarks.push(say.say_with("heap-joined", &[("joined", &joined), ("lines", &lines), ("files", &files)]));
    let (seen, all) = (thousands(report.seen), thousands(report.escapes));
    remarks.push(say.say_with("heap-escapes-seen", &[("seen", &seen), ("all", &all)]));
    if report.ambiguous_files > 0 {
        remarks.push(say.count("heap-ambiguous", report.ambiguous_files));
    }
    Sheet {
        title: say.say("heap-escapes"),
        head: heads(keys, say),
        rows: report.rows.iter().map(cells).collect(),
        remarks,
        heat: Vec::new(),
    }
}

fn what(escapes: &[EscapeShown], say: &Messages) -> String {
    let named = |escape: &EscapeShown| {
        if escape.what.is_empty() { say.say("heap-unnamed") } else { escape.what.clone() }
    };
    let all = escapes.iter().map(named).collect::<Vec<_>>().join(", ");
    if all.chars().count() <= WHAT_SHOWN { all } else { all.chars().take(WHAT_SHOWN - 1).chain(['…']).collect() }
}

fn whys(row: &EscapeRow, say: &Messages) -> Vec<String> {
    let place = line(&row.at);
    let why = |escape: &EscapeShown| {
        let why = escape.why.as_deref()?;
        Some(say.say_with("heap-why", &[("line", &place), ("what", &escape.what), ("why", why)]))
    };
    let inlined = row.inlined_from.as_ref();
    let inlined = inlined.map(|inner| say.say_with("heap-inlined", &[("line", &place), ("inner", &line(inner))]));
    row.escapes.iter().filter_map(why).chain(inlined).collect()
}

fn bytes(value: i64) -> String {
    amount(value as f64, "bytes")
}

fn signed(value: i64) -> String {
    if value > 0 { format!("+{}", bytes(value)) } else { bytes(value) }
}

fn count(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", thousands(value.unsigned_abs()))
}

fn give_or_take(error: f64) -> String {
    if error < 0.5 { "±0".to_owned() } else { format!("±{}", amount(error, "bytes")) }
}

fn survives(row: &HeapRow) -> String {
    row.survival
        .map_or_else(|| "-".to_owned(), |_| percent(row.figures.inuse_bytes.max(0) as u64, row.figures.alloc_bytes as u64))
}

/// `store.(*Cache).Put store/store.go:28`.
pub(crate) fn line(place: &Place) -> String {
    [func_tail(&place.func).to_owned(), short_place(place)].join(" ").trim_end().to_owned()
}

fn at(place: &Place, called_from: Option<&Place>, say: &Messages) -> String {
    match called_from {
        Some(caller) => say.say_with("heap-called-from", &[("line", &line(place)), ("caller", &line(caller))]),
        None => line(place),
    }
}

fn function(place: &Place, called_from: Option<&Place>, say: &Messages) -> String {
    let func = func_tail(&place.func).to_owned();
    match called_from {
        Some(caller) => say.say_with("heap-called-from", &[("line", &func), ("caller", &line(caller))]),
        None => func,
    }
}
