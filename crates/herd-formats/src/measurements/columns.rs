//! Which column is what: by its name's words and unit, or as told.

use std::collections::BTreeMap;

use super::MeasurementsError;

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// When.
    Time,
    /// Goroutines.
    Goroutines,
    /// Memory.
    Memory,
    /// Requests a second.
    Qps,
    /// Latency.
    Latency,
    /// Pauses of the collector.
    GcPause,
    /// Requests of a window.
    Requests,
    /// Failed requests of a window.
    Failures,
    /// Share of a window's requests that succeeded.
    SuccessRate,
    /// Share of a window's requests that failed.
    FailureRate,
    /// HTTP status of one request; from 500 on it failed.
    Status,
    /// Whether one request succeeded.
    Ok,
}

/// Every measure with its word on the command line.
pub const MEASURES: &[(Measure, &str)] = &[
    (Measure::Time, "time"),
    (Measure::Goroutines, "goroutines"),
    (Measure::Memory, "memory"),
    (Measure::Qps, "qps"),
    (Measure::Latency, "latency"),
    (Measure::GcPause, "gc_pause"),
    (Measure::Requests, "requests"),
    (Measure::Failures, "failures"),
    (Measure::SuccessRate, "success_rate"),
    (Measure::FailureRate, "failure_rate"),
    (Measure::Status, "status"),
    (Measure::Ok, "ok"),
];

impl Measure {
    /// Its word on the command line.
    pub fn as_str(self) -> &'static str {
        MEASURES[self as usize].1
    }

    /// The measure of a word.
    pub fn of(word: &str) -> Option<Measure> {
        MEASURES.iter().find(|(_, name)| *name == word).map(|(measure, _)| *measure)
    }
}

/// Which of several columns of one measure is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// The 99th percentile.
    P99,
    /// The mean.
    Mean,
}

/// How to find columns.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Told: measure and the column's name.
    pub told: Vec<(Measure, String)>,
    /// When names leave a choice.
    pub prefer: Prefer,
    /// Measures that must be there.
    pub required: Vec<Measure>,
}

/// A column that is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pick {
    pub(crate) column: usize,
    pub(crate) measure: Measure,
    /// What makes bytes, milliseconds or seconds of its figures.
    pub(crate) scale: f64,
}

/// Finds the columns to read. `name` and `line` say where the header stands.
pub(crate) fn picks(name: &str, line: u64, header: &[String], columns: &Columns) -> Result<Vec<Pick>, MeasurementsError> {
    let mut found: BTreeMap<Measure, Vec<usize>> = BTreeMap::new();
    for (at, title) in header.iter().enumerate() {
        if let Some(measure) = measure_of(&words(title)) {
            found.entry(measure).or_default().push(at);
        }
    }
    for (measure, title) in &columns.told {
        let at = header.iter().position(|column| column.trim().eq_ignore_ascii_case(title.trim()));
        let unknown =
            || MeasurementsError::UnknownColumn { name: name.into(), line, column: title.clone(), columns: header.join(", ") };
        let at = at.ok_or_else(unknown)?;
        // A column told to be one thing is nothing else.
        for others in found.values_mut() {
            others.retain(|column| *column != at);
        }
        found.insert(*measure, vec![at]);
    }
    found.retain(|_, columns| !columns.is_empty());
    let mut picks = Vec::new();
    for (measure, candidates) in found {
        let column = preferred(&candidates, header, columns.prefer).ok_or_else(|| {
            let titles: Vec<&str> = candidates.iter().map(|at| header[*at].as_str()).collect();
            MeasurementsError::Ambiguous { name: name.into(), line, measure, columns: titles.join(", ") }
        })?;
        picks.push(Pick { column, measure, scale: scale(measure, &words(&header[column])) });
    }
    if let Some(missing) = columns.required.iter().find(|measure| picks.iter().all(|pick| pick.measure != **measure)) {
        let columns = header.join(", ");
        return Err(MeasurementsError::NoColumn { name: name.into(), line, measure: *missing, columns });
    }
    Ok(picks)
}

const P99: &[&str] = &["p99", "99"];
const MEAN: &[&str] = &["mean", "avg", "average"];
const OTHERS: &[&str] = &["p50", "p90", "p95", "p999", "min", "max", "median", "sd", "stddev"];

fn preferred(candidates: &[usize], header: &[String], prefer: Prefer) -> Option<usize> {
    let one = |fits: &dyn Fn(&[String]) -> bool| {
        let mut fitting = candidates.iter().filter(|at| fits(&words(&header[**at])));
        fitting.next().filter(|_| fitting.next().is_none()).copied()
    };
    let has = |title: &[String], any: &[&str]| title.iter().any(|word| any.contains(&word.as_str()));
    let wanted = if prefer == Prefer::P99 { P99 } else { MEAN };
    match candidates {
        [only] => Some(*only),
        _ => one(&|title| has(title, wanted))
            .or_else(|| one(&|title| !has(title, P99) && !has(title, MEAN) && !has(title, OTHERS))),
    }
}

/// Lower-case words of a title: split at signs, and where a capital begins a word (`goroutineCount`, but not `MiB`).
fn words(title: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut inside = false;
    let mut chars = title.chars().peekable();
    while let Some(c) = chars.next() {
        let begins = inside && c.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase());
        if !c.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        inside = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

const UNITS: &[&str] = &["s", "sec", "secs", "second", "seconds", "ms", "us", "µs", "ns"];

fn measure_of(words: &[String]) -> Option<Measure> {
    let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
    let only = |all: &[&str]| !words.is_empty() && words.iter().all(|word| all.contains(&word.as_str()));
    let rate = has(&["rate", "ratio", "percent", "pct", "share"]);
    let rules: [(bool, Measure); 14] = [
        (has(&["time", "timestamp", "ts", "date", "datetime"]) && only(&[TIMES, UNITS].concat()), Measure::Time),
        (has(&["gc", "stw"]) && has(&["pause", "pauses", "stw"]), Measure::GcPause),
        (has(&["goroutine", "goroutines", "concurrency"]) || only(&["c"]), Measure::Goroutines),
        (has(&["memory", "mem", "rss", "heap", "resident"]) && !rate, Measure::Memory),
        (has(&["qps", "rps", "tps", "throughput"]) || has(&["per"]) && has(&["requests", "request"]), Measure::Qps),
        (has(&["latency", "duration", "rt", "elapsed"]) || has(&["response"]) && has(&["time"]), Measure::Latency),
        (has(&["availability"]) || rate && has(&["success", "successful", "ok"]), Measure::SuccessRate),
        (rate && has(FAILURES), Measure::FailureRate),
        (has(FAILURES), Measure::Failures),
        (only(&["http", "status", "code"]), Measure::Status),
        (only(&["ok", "success", "succeeded"]), Measure::Ok),
        (has(&["requests"]) && !rate, Measure::Requests),
        (only(&["request", "count"]) && has(&["count"]), Measure::Requests),
        (only(&["n", "total"]), Measure::Requests),
    ];
    rules.iter().find(|(holds, _)| *holds).map(|(_, measure)| *measure)
}

const TIMES: &[&str] = &["time", "timestamp", "ts", "date", "datetime", "at", "unix", "utc", "start", "end", "window"];
const FAILURES: &[&str] = &["failures", "failure", "failed", "errors", "error", "5xx"];

/// Bytes where a memory column names no unit, milliseconds where a duration names none.
fn scale(measure: Measure, words: &[String]) -> f64 {
    let units: &[(&str, f64)] = match measure {
        Measure::Memory => {
            &[("kb", 1e3), ("kib", 1024.0), ("mb", 1e6), ("mib", 1_048_576.0), ("gb", 1e9), ("gib", 1_073_741_824.0)]
        }
        Measure::Latency | Measure::GcPause => &[
            ("s", 1e3),
            ("sec", 1e3),
            ("secs", 1e3),
            ("second", 1e3),
            ("seconds", 1e3),
            ("us", 1e-3),
            ("µs", 1e-3),
            ("ns", 1e-6),
        ],
        Measure::SuccessRate | Measure::FailureRate => &[("percent", 0.01), ("pct", 0.01)],
        Measure::Time
        | Measure::Goroutines
        | Measure::Qps
        | Measure::Requests
        | Measure::Failures
        | Measure::Status
        | Measure::Ok => &[],
    };
    let unit = words.iter().rev().find_map(|word| units.iter().find(|(unit, _)| unit == word));
    unit.map_or(1.0, |(_, scale)| *scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(title: &str, expected: Option<(Measure, f64)>) {
        let words = words(title);
        assert_eq!(measure_of(&words).map(|measure| (measure, scale(measure, &words))), expected, "{title}");
    }

    #[test]
    fn titles_as_tools_write_them() {
        check("C", Some((Measure::Goroutines, 1.0)));
        check("goroutineCount", Some((Measure::Goroutines, 1.0)));
        check("go_goroutines", Some((Measure::Goroutines, 1.0)));
        check("P99 memory (MiB)", Some((Measure::Memory, 1_048_576.0)));
        check("process_resident_memory_bytes", Some((Measure::Memory, 1.0)));
        check("http_request_duration_seconds", Some((Measure::Latency, 1e3)));
        check("p99LatencyMs", Some((Measure::Latency, 1.0)));
        check("response_time", Some((Measure::Latency, 1.0)));
        check("gc_pause_us", Some((Measure::GcPause, 1e-3)));
        check("requests_per_second", Some((Measure::Qps, 1.0)));
        check("http_requests_total", Some((Measure::Requests, 1.0)));
        check("errors_total", Some((Measure::Failures, 1.0)));
        check("error_rate", Some((Measure::FailureRate, 1.0)));
        check("success rate pct", Some((Measure::SuccessRate, 0.01)));
        check("status_code", Some((Measure::Status, 1.0)));
        check("timestamp", Some((Measure::Time, 1.0)));
        check("uptime", None);
        check("memory_percent", None);
        check("", None);
    }
}
