//! What Prometheus answers to `/api/v1/query_range` (prometheus.io, HTTP API: a matrix of series, each with labels and [time, "value"]).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::MeasurementsError;
use super::assemble::{Assembly, Cell, Spot};
use super::columns::{Columns, picks};

/// Bytes looked at to tell an answer from JSON lines.
const HEAD_BYTES: usize = 4096;

/// One answer, parsed.
pub(crate) struct Answer {
    name: String,
    series: Vec<Series>,
}

#[derive(Deserialize)]
struct Envelope {
    status: String,
    error: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    result_type: String,
    result: serde_json::Value,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// Whether a text starts as an answer does.
pub(crate) fn is_answer(text: &[u8]) -> bool {
    let head = &text[..text.len().min(HEAD_BYTES)];
    let has = |word: &[u8]| memchr::memmem::find(head, word).is_some();
    head.first() == Some(&b'{') && has(b"\"status\"") && (has(b"\"resultType\"") || has(b"\"errorType\""))
}

/// Parses an answer.
pub(crate) fn parse(name: &str, text: &[u8]) -> Result<Answer, MeasurementsError> {
    let says = |what: String| MeasurementsError::Prometheus { name: name.to_owned(), what };
    let malformed = |error: &serde_json::Error| MeasurementsError::Malformed {
        name: name.to_owned(),
        line: error.line() as u64,
        why: format!("this is no whole answer of Prometheus: {error}"),
    };
    let envelope: Envelope = serde_json::from_slice(text).map_err(|error| malformed(&error))?;
    let data = match envelope.data {
        Some(data) if envelope.status == "success" => data,
        _ => return Err(says(format!("an error: {}", envelope.error.unwrap_or(envelope.status)))),
    };
    if data.result_type != "matrix" {
        return Err(says(format!("a {}, not a matrix: ask /api/v1/query_range", data.result_type)));
    }
    let series: Vec<Series> = serde_json::from_value(data.result).map_err(|error| malformed(&error))?;
    if series.iter().all(|series| series.values.is_empty()) {
        return Err(says("no series: the query matches nothing in this time".to_owned()));
    }
    Ok(Answer { name: name.to_owned(), series })
}

/// A row in the making: cells by column.
type Joined = BTreeMap<(i64, Vec<(String, String)>), BTreeMap<usize, String>>;

/// Joins the series of all answers into rows by time and labels. A series is called by its `__name__`, else by its input.
pub(crate) fn join(answers: Vec<Answer>, columns: &Columns, assembly: &mut Assembly) -> Result<(), MeasurementsError> {
    let name = answers.iter().map(|answer| answer.name.as_str()).collect::<Vec<_>>().join(" ");
    let mut titles: Vec<String> = Vec::new();
    let mut joined = Joined::new();
    for answer in answers {
        for mut series in answer.series {
            let title = series.metric.remove("__name__").unwrap_or_else(|| stem(&answer.name));
            let column = titles.iter().position(|known| *known == title).unwrap_or_else(|| {
                titles.push(title.clone());
                titles.len() - 1
            });
            let labels: Vec<(String, String)> = series.metric.into_iter().collect();
            for (time, value) in series.values {
                let at = (time * 1000.0).round() as i64;
                joined.entry((at, labels.clone())).or_default().insert(column, value);
            }
        }
    }
    let picks = picks(&name, 1, &titles, columns)?;
    assembly.measures(&picks);
    let clock = super::columns::Pick { column: titles.len(), measure: super::Measure::Time, scale: 1.0 };
    for ((at, _), cells) in &joined {
        let value = |column: usize| match cells.get(&column) {
            Some(text) => Cell::Text(text),
            None => Cell::Missing,
        };
        let named = picks.iter().map(|pick| (*pick, titles[pick.column].as_str(), value(pick.column)));
        let when = std::iter::once((clock, "time", Cell::Number(*at as f64)));
        assembly.row(Spot { name: &name, line: 1, offset: 0 }, when.chain(named));
    }
    Ok(())
}

/// `p99_memory` of `load/p99_memory.json`.
fn stem(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.split('.').next().unwrap_or(file).to_owned()
}
