//! Cells to rows: units, shares and statuses brought to one kind; what is no number is left out, counted and noted.

use herd_model::{Measurement, Note, NoteKind};

use super::columns::Pick;
use super::{Document, Measure, MeasurementsError, ROWS_MAX, Table};
use crate::stamp;

/// Notes about single cells before the rest is counted.
const NOTES_MAX: u64 = 10;
/// From it on a status is the server's fault.
const SERVER_ERROR: f64 = 500.0;
/// Characters of a cell that are quoted.
const QUOTED_MAX: usize = 40;

/// Rows so far.
#[derive(Default)]
pub(crate) struct Assembly {
    table: Table,
    /// Rows with a rate above 1 make a column one of per cents.
    rates: Vec<(usize, Measure, f64)>,
    left_out: u64,
    beyond: u64,
    undated: u64,
    first: Option<MeasurementsError>,
}

/// Where a row stands.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: u64,
    pub(crate) offset: u64,
}

/// A cell: nothing, a figure, or text.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'a> {
    Missing,
    Number(f64),
    Text(&'a str),
}

impl Assembly {
    /// Says that a measure has a column.
    pub(crate) fn measures(&mut self, picks: &[Pick]) {
        for pick in picks {
            if !self.table.measures.contains(&pick.measure) {
                self.table.measures.push(pick.measure);
            }
        }
    }

    /// Adds a row, given each picked column with its title and cell.
    pub(crate) fn row<'a>(&mut self, spot: Spot<'_>, cells: impl Iterator<Item = (Pick, &'a str, Cell<'a>)>) {
        if self.table.rows.len() >= ROWS_MAX {
            self.beyond += 1;
            return;
        }
        let mut row = Measurement::default();
        let mut rates = Vec::new();
        for (pick, title, cell) in cells {
            let value = match (pick.measure, cell) {
                (_, Cell::Missing) => continue,
                (Measure::Time, cell) => {
                    row.time_s = time(cell);
                    self.undated += u64::from(row.time_s.is_none());
                    continue;
                }
                (Measure::Ok, Cell::Text(text)) => truth(text),
                (_, Cell::Text(text)) => number(text),
                (_, Cell::Number(number)) => Some(number),
            };
            let Some(value) = value else {
                self.reject(spot, title, cell);
                return;
            };
            if value.is_finite() {
                fill(&mut row, pick, value, &mut rates);
            }
        }
        if row != Measurement::default() || !rates.is_empty() {
            let at = self.table.rows.len();
            self.rates.extend(rates.into_iter().map(|(measure, rate)| (at, measure, rate)));
            self.table.rows.push(row);
        }
    }

    fn reject(&mut self, spot: Spot<'_>, title: &str, cell: Cell<'_>) {
        let text = match cell {
            Cell::Text(text) => text.chars().filter(|c| !c.is_control()).take(QUOTED_MAX).collect(),
            Cell::Number(number) => number.to_string(),
            Cell::Missing => String::new(),
        };
        self.left_out += 1;
        let Spot { name, line, offset } = spot;
        if self.left_out <= NOTES_MAX {
            let text = format!("{name}: line {line}, column `{title}`: `{text}` is no number; the row is left out");
            self.table.notes.push(Note { kind: NoteKind::Malformed, offset: Some(offset), text });
        }
        let (name, column) = (name.to_owned(), title.to_owned());
        self.first.get_or_insert(MeasurementsError::NoRow { name, line, column, value: text });
    }

    /// Turns rates into failures and tells what was left out.
    pub(crate) fn finish(mut self, documents: &[Document<'_>]) -> Result<Table, MeasurementsError> {
        let per_cent = self.rates.iter().any(|(_, _, rate)| *rate > 1.0);
        for (at, measure, rate) in &self.rates {
            let rate = if per_cent { rate / 100.0 } else { *rate };
            let failed = if *measure == Measure::SuccessRate { 1.0 - rate } else { rate };
            let row = &mut self.table.rows[*at];
            row.failures = row.failures.or(row.requests.map(|requests| requests * failed.clamp(0.0, 1.0)));
        }
        if self.table.rows.is_empty() {
            let name = documents.first().map(|document| document.name.to_owned()).unwrap_or_default();
            return Err(self.first.unwrap_or(MeasurementsError::NoFigures { name }));
        }
        let mut note = |kind, text| self.table.notes.push(Note { kind, offset: None, text });
        if self.left_out > NOTES_MAX {
            note(
                NoteKind::Malformed,
                format!("{} more rows are left out, as a figure in them is none", self.left_out - NOTES_MAX),
            );
        }
        if self.beyond > 0 {
            note(NoteKind::Limit, format!("{} rows beyond the limit of {ROWS_MAX} are not read", self.beyond));
        }
        if self.undated > 0 {
            note(NoteKind::Malformed, format!("{} rows have a time that cannot be read", self.undated));
        }
        Ok(self.table)
    }
}

fn fill(row: &mut Measurement, pick: Pick, value: f64, rates: &mut Vec<(Measure, f64)>) {
    let scaled = value * pick.scale;
    let mut request = |failed: bool| {
        row.requests = Some(1.0);
        row.failures = Some(f64::from(u8::from(failed)));
    };
    match pick.measure {
        Measure::Time => {}
        Measure::Goroutines => row.goroutines = Some(scaled),
        Measure::Memory => row.memory_bytes = Some(scaled),
        Measure::Qps => row.qps = Some(scaled),
        Measure::Latency => row.latency_ms = Some(scaled),
        Measure::GcPause => row.gc_pause_ms = Some(scaled),
        Measure::Requests => row.requests = Some(scaled),
        Measure::Failures => row.failures = Some(scaled),
        // A title that says per cent has settled it.
        Measure::SuccessRate | Measure::FailureRate => rates.push((pick.measure, scaled)),
        Measure::Status => request(value >= SERVER_ERROR),
        Measure::Ok => request(value <= 0.0),
    }
}

/// The figure of a text; NaN for what stands for none.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let none = ["na", "n/a", "nan", "null", "none", "-"];
    if text.is_empty() || none.iter().any(|none| none.eq_ignore_ascii_case(text)) {
        return Some(f64::NAN);
    }
    text.parse().ok()
}

fn truth(text: &str) -> Option<f64> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "ok" => Some(1.0),
        "false" | "no" => Some(0.0),
        _ => number(text),
    }
}

/// Seconds since 1970. A time without a zone is UTC's.
fn time(cell: Cell<'_>) -> Option<f64> {
    let text = match cell {
        Cell::Missing => return None,
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.trim().to_owned(),
    };
    let seconds = |ns: i64| ns as f64 / 1e9;
    let read = |text: &str| stamp::find(text.as_bytes()).map(|(ns, _)| ns).or_else(|| stamp::since_1970(text.as_bytes()));
    read(&text).or_else(|| read(&format!("{}Z", text.replacen(' ', "T", 1)))).map(seconds)
}
