//! Metrics as values, and the forms in which monitoring reads them: Prometheus text 0.0.4 and OpenMetrics 1.0 where it asks, remote write 1.0
//! and OTLP where it is told.

mod budget;
mod otlp;
mod push;
mod remote_write;
mod text;

use std::collections::BTreeMap;

use crate::clock::At;

pub use budget::{Budget, OVERFLOW, within_budget};
pub use otlp::otlp_metrics;
pub use push::{Push, PushForm};
pub use remote_write::{Series, encode_write_request, write_requests};
pub use text::{OPENMETRICS_TYPE, TEXT_TYPE, openmetrics, prometheus_text};

/// A metric and its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Name; of a counter with `_total` at its end.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// One sentence.
    pub help: String,
    /// Series; no two with the same labels.
    pub samples: Vec<Sample>,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It goes up and down. One whose name ends in `_total` is told as `unknown` in OpenMetrics, which keeps that ending for counters.
    Gauge,
    /// It only goes up, from 0 at each start.
    Counter,
    /// Nobody knows.
    Unknown,
}

/// A value of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Labels, without the metric's name; an empty value is no label.
    pub labels: BTreeMap<String, String>,
    /// Value; may be infinite or not a number.
    pub value: f64,
    /// When it was measured; when it is read, where that is not told.
    pub at: Option<At>,
}

impl Family {
    /// A metric without series.
    pub fn new(name: &str, kind: Kind, help: &str) -> Family {
        Family { name: name.to_owned(), kind, help: help.to_owned(), samples: Vec::new() }
    }

    /// The metric with one more series.
    #[must_use]
    pub fn with(mut self, labels: &[(&str, &str)], value: f64) -> Family {
        self.samples.push(Sample::new(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), value));
        self
    }
}

impl Sample {
    /// A value without a time.
    pub fn new(labels: impl IntoIterator<Item = (String, String)>, value: f64) -> Sample {
        Sample { labels: labels.into_iter().collect(), value, at: None }
    }
}

/// A name as every form takes it: letters, digits and `_`, no digit first; `:` in names of metrics.
pub(crate) fn fit_name(name: &str, metric: bool) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || metric && c == ':';
    let mut fit: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    if fit.is_empty() || fit.starts_with(|c: char| c.is_ascii_digit()) {
        fit.insert(0, '_');
    }
    fit
}
