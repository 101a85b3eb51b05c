//! Text that Prometheus scrapes: its own format 0.0.4, and OpenMetrics 1.0. Families by name and series by labels, so that two scrapes of
//! the same values are the same bytes.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::clock::At;
use crate::exposition::{Family, Kind, Sample, fit_name};

/// The content type of [`prometheus_text`].
pub const TEXT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The content type of [`openmetrics`].
pub const OPENMETRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Prometheus's text format 0.0.4. Linear in what is written, but for sorting.
pub fn prometheus_text(families: &[Family]) -> String {
    let mut text = String::new();
    for (name, family) in by_name(families) {
        let kind = match family.kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Unknown => "untyped",
        };
        head(&mut text, &name, kind, &escaped(&family.help, false));
        for (labels, sample) in by_labels(&family) {
            line(&mut text, &name, &labels, sample, |at| at.0.to_string());
        }
    }
    text
}

/// OpenMetrics 1.0, with its end.
pub fn openmetrics(families: &[Family]) -> String {
    let mut text = String::new();
    for (name, family) in by_name(families) {
        // A family of a counter is named without the ending its series have.
        let (name, series, kind) = match (family.kind, name.strip_suffix("_total")) {
            (Kind::Counter, Some(stem)) => (stem.to_owned(), name.clone(), "counter"),
            (Kind::Counter, None) => (name.clone(), format!("{name}_total"), "counter"),
            (Kind::Gauge, None) => (name.clone(), name.clone(), "gauge"),
            (Kind::Gauge, Some(_)) | (Kind::Unknown, _) => (name.clone(), name.clone(), "unknown"),
        };
        head(&mut text, &name, kind, &escaped(&family.help, true));
        for (labels, sample) in by_labels(&family) {
            line(&mut text, &series, &labels, sample, seconds);
        }
    }
    text.push_str("# EOF\n");
    text
}

/// Families of one name are one: the first says what it is.
fn by_name(families: &[Family]) -> BTreeMap<String, Family> {
    let mut named: BTreeMap<String, Family> = BTreeMap::new();
    for family in families {
        let name = fit_name(&family.name, true);
        match named.get_mut(&name) {
            Some(there) => there.samples.extend(family.samples.iter().cloned()),
            None => drop(named.insert(name, family.clone())),
        }
    }
    named
}

/// Of series with the same labels the last stands: a page with two is refused as a whole.
fn by_labels(family: &Family) -> BTreeMap<Vec<(String, String)>, &Sample> {
    let sorted = |sample: &Sample| -> Vec<(String, String)> {
        let labels = sample.labels.iter().filter(|(_, value)| !value.is_empty());
        let labels: BTreeMap<String, String> = labels.map(|(name, value)| (fit_name(name, false), value.clone())).collect();
        labels.into_iter().collect()
    };
    family.samples.iter().map(|sample| (sorted(sample), sample)).collect()
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _never_fails = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn line(text: &mut String, name: &str, labels: &[(String, String)], sample: &Sample, stamp: impl Fn(At) -> String) {
    text.push_str(name);
    for (at, (label, value)) in labels.iter().enumerate() {
        let _never_fails = write!(text, "{}{label}=\"{}\"", if at == 0 { '{' } else { ',' }, escaped(value, true));
    }
    if !labels.is_empty() {
        text.push('}');
    }
    let _never_fails = write!(text, " {}", number(sample.value));
    if let Some(at) = sample.at {
        let _never_fails = write!(text, " {}", stamp(at));
    }
    text.push('\n');
}

/// Backslash and line feed, and quotes where they would end something; OpenMetrics asks for that in help as well.
fn escaped(text: &str, quotes: bool) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => plain.push_str("\\\\"),
            '\n' => plain.push_str("\\n"),
            '"' if quotes => plain.push_str("\\\""),
            c => plain.push(c),
        }
    }
    plain
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

fn seconds(at: At) -> String {
    format!("{}.{:03}", at.0 / 1_000, at.0 % 1_000)
}
