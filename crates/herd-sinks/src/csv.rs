//! An execution trace as one table: the first column says what a row is of, the others are the same figures as in JSON, seconds and bytes.
//!
//! Rows end with CR LF, and a field with a comma, a quote or a line's end is quoted (RFC 4180). A field that does not apply is empty.

use herd_model::{
    Envelope, Place, TraceCall, TraceOpen, TraceReason, TraceReport, TraceSite, TraceSpread, TraceStack, TraceStates,
    TraceUnfinished,
};

use crate::SinkError;

/// The columns, in their order.
const COLUMNS: [&str; 37] = [
    "table",
    "name",
    "func",
    "file",
    "line",
    "called",
    "created_by_func",
    "created_by_file",
    "created_by_line",
    "count",
    "total_s",
    "mean_s",
    "p50_s",
    "p90_s",
    "p99_s",
    "max_s",
    "share",
    "unfinished",
    "unfinished_total_s",
    "unfinished_max_s",
    "since_before",
    "before",
    "created",
    "ended",
    "alive",
    "running_s",
    "runnable_s",
    "waiting_s",
    "syscall_s",
    "waits_for",
    "waits_for_share",
    "at_s",
    "paused_s",
    "assisted_s",
    "heap_bytes",
    "goal_bytes",
    "goroutine",
];

/// The table of a trace.
pub fn csv(envelope: &Envelope) -> Result<String, SinkError> {
    let report = envelope.trace.as_ref().ok_or(SinkError::NoTable)?;
    let mut out = COLUMNS.join(",") + "\r\n";
    for row in rows(report) {
        let cells: Vec<String> = COLUMNS.iter().map(|column| cell(&row, column)).collect();
        out += &cells.join(",");
        out += "\r\n";
    }
    Ok(out)
}

/// One row: columns with what stands in them.
type Row = Vec<(&'static str, String)>;

fn cell(row: &Row, column: &str) -> String {
    let text = row.iter().find(|(name, _)| *name == column).map_or("", |(_, text)| text.as_str());
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn rows(report: &TraceReport) -> Vec<Row> {
    let collector = &report.collector;
    let mut rows = vec![
        [of("trace", &report.format), vec![number("count", report.events), seconds("total_s", report.span_s)], census(report)]
            .concat(),
        [of("states", ""), states(&report.states)].concat(),
    ];
    for reason in &report.reasons {
        rows.push(waits(reason));
        rows.extend(reason.stacks.iter().map(|at| stack("reason_stack", &reason.reason, at)));
    }
    rows.extend(report.unfinished.iter().map(left));
    rows.extend(report.sites.iter().map(site));
    rows.push([of("latency", ""), spread(&report.latency)].concat());
    let calls = &report.syscalls;
    rows.push([of("syscalls", ""), spread(&calls.finished), open(&calls.unfinished)].concat());
    rows.extend(calls.stacks.iter().map(|at| stack("syscall_stack", "", at)));
    let procs = &report.procs;
    let count = procs.gomaxprocs.unwrap_or(procs.seen);
    rows.push(
        [of("procs", ""), vec![number("count", count), seconds("total_s", procs.busy_s), share(procs.utilization)]].concat(),
    );
    rows.push([of("collections", ""), vec![number("count", collector.cycles), seconds("total_s", collector.marking_s)]].concat());
    let workers = [
        ("dedicated", collector.workers.dedicated_s),
        ("fractional", collector.workers.fractional_s),
        ("idle", collector.workers.idle_s),
    ];
    rows.extend(workers.map(|(mode, s)| [of("mark_workers", mode), vec![seconds("total_s", s)]].concat()));
    rows.extend(collector.slowest.iter().map(|cycle| {
        let what = vec![
            seconds("total_s", cycle.marking_s),
            seconds("at_s", cycle.at_s),
            seconds("paused_s", cycle.paused_s),
            seconds("assisted_s", cycle.assisted_s),
        ];
        let sizes = [("heap_bytes", cycle.heap_bytes), ("goal_bytes", cycle.goal_bytes)];
        let sizes = sizes.into_iter().filter_map(|(name, bytes)| Some(number(name, bytes?))).collect();
        [of("collection", ""), what, sizes, place(cycle.by.first())].concat()
    }));
    rows.extend(collector.pauses.iter().map(|row| [of("pauses", &row.kind), spread(&row.pauses)].concat()));
    rows.extend(collector.longest.iter().map(|stop| {
        let mut what = vec![seconds("total_s", stop.pause_s), seconds("at_s", stop.at_s)];
        what.extend(stop.heap_bytes.map(|bytes| number("heap_bytes", bytes)));
        what.extend(stop.delayed_by.as_ref().map(|delay| number("goroutine", delay.goroutine)));
        [of("pause", &stop.kind), what, place(stop.by.first())].concat()
    }));
    rows.push([of("assists", ""), spread(&collector.assists)].concat());
    rows.extend(collector.assist_stacks.iter().map(|at| stack("assist_stack", "", at)));
    rows.push([of("sweeps", ""), spread(&collector.sweeps)].concat());
    for (table, users) in [("task", &report.tasks), ("region", &report.regions)] {
        rows.extend(users.iter().map(|user| [of(table, &user.name), spread(&user.finished), open(&user.unfinished)].concat()));
    }
    rows.extend(report.logs.iter().map(|log| [of("log", &log.name), vec![number("count", log.count)]].concat()));
    for row in report.cpu.iter().flat_map(|cpu| &cpu.stacks) {
        rows.push([of("cpu_stack", ""), vec![number("count", row.samples)], call(&row.call, &row.frames)].concat());
    }
    rows.extend(report.kinds.iter().map(|kind| [of("events", &kind.name), vec![number("count", kind.count)]].concat()));
    rows
}

fn waits(reason: &TraceReason) -> Row {
    [of("reason", &reason.reason), vec![share(reason.share)], spread(&reason.finished), open(&reason.unfinished)].concat()
}

fn stack(table: &str, name: &str, at: &TraceStack) -> Row {
    let figures = vec![
        number("count", at.count),
        seconds("total_s", at.total_s),
        seconds("max_s", at.max_s),
        number("unfinished", at.unfinished),
    ];
    [of(table, name), figures, call(&at.call, &at.frames)].concat()
}

fn left(row: &TraceUnfinished) -> Row {
    let figures = vec![
        number("unfinished", row.count),
        number("since_before", row.since_before),
        number("created", row.created),
        seconds("unfinished_max_s", row.max_s),
    ];
    [of("unfinished", &row.reason), figures, call(&row.call, &row.frames), created_by(row.created_by.as_ref())].concat()
}

fn site(row: &TraceSite) -> Row {
    let mut counts = vec![
        number("before", row.before),
        number("created", row.created),
        number("ended", row.ended),
        number("alive", row.alive),
    ];
    if let Some(reason) = &row.waits_for {
        counts.extend([("waits_for", reason.clone()), seconds("waits_for_share", row.waits_for_share)]);
    }
    let created_by = created_by(row.created_by.as_ref());
    [of("site", ""), place(Some(&row.entry)), created_by, counts, states(&row.states), spread(&row.lived)].concat()
}

fn census(report: &TraceReport) -> Row {
    let all = &report.goroutines;
    [("before", all.before), ("created", all.created), ("ended", all.ended), ("alive", all.alive)]
        .map(|(name, count)| number(name, count))
        .to_vec()
}

fn of(table: &str, name: &str) -> Row {
    vec![("table", table.to_owned()), ("name", name.to_owned())]
}

fn spread(spread: &TraceSpread) -> Row {
    vec![
        number("count", spread.count),
        seconds("total_s", spread.total_s),
        seconds("mean_s", spread.mean_s),
        seconds("p50_s", spread.p50_s),
        seconds("p90_s", spread.p90_s),
        seconds("p99_s", spread.p99_s),
        seconds("max_s", spread.max_s),
    ]
}

fn open(open: &TraceOpen) -> Row {
    vec![number("unfinished", open.count), seconds("unfinished_total_s", open.total_s), seconds("unfinished_max_s", open.max_s)]
}

fn states(states: &TraceStates) -> Row {
    vec![
        seconds("running_s", states.running_s),
        seconds("runnable_s", states.runnable_s),
        seconds("waiting_s", states.waiting_s),
        seconds("syscall_s", states.syscall_s),
    ]
}

/// The program's line, or the innermost frame where none is the program's.
fn call(call: &TraceCall, frames: &[Place]) -> Row {
    let mut cells = place(call.at.as_ref().or(frames.first()));
    cells.extend(call.called.as_ref().map(|called| ("called", called.clone())));
    cells
}

fn place(place: Option<&Place>) -> Row {
    let Some(place) = place else { return Row::new() };
    vec![("func", place.func.clone()), ("file", place.file.clone()), number("line", u64::from(place.line))]
}

fn created_by(place: Option<&Place>) -> Row {
    let Some(place) = place else { return Row::new() };
    vec![
        ("created_by_func", place.func.clone()),
        ("created_by_file", place.file.clone()),
        number("created_by_line", u64::from(place.line)),
    ]
}

fn number(column: &'static str, value: u64) -> (&'static str, String) {
    (column, value.to_string())
}

fn share(value: f64) -> (&'static str, String) {
    seconds("share", value)
}

/// As JSON has it: the shortest text that is the same number.
fn seconds(column: &'static str, value: f64) -> (&'static str, String) {
    (column, value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let row = [of("task", "a \"b\", c\r\nd"), vec![number("count", 3)]].concat();
        assert_eq!(cell(&row, "name"), "\"a \"\"b\"\", c\r\nd\"");
        assert_eq!(cell(&row, "count"), "3");
        assert_eq!(cell(&row, "p99_s"), "");
    }

    #[test]
    fn every_column_that_is_filled_has_a_head() {
        let place = Place { func: "main.f".to_owned(), file: "a.go".to_owned(), line: 7 };
        let report = TraceReport {
            reasons: vec![TraceReason { stacks: vec![TraceStack::default()], ..TraceReason::default() }],
            unfinished: vec![TraceUnfinished { created_by: Some(place.clone()), ..TraceUnfinished::default() }],
            sites: vec![TraceSite { waits_for: Some("select".to_owned()), created_by: Some(place), ..TraceSite::default() }],
            ..TraceReport::default()
        };
        let filled = rows(&report);
        let unknown = filled.iter().flatten().find(|(column, _)| !COLUMNS.contains(column));
        assert_eq!(unknown, None);
    }
}
