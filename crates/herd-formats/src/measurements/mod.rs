//! Tables of measurements: CSV, JSON lines, and answers of Prometheus to range queries, to rows of one kind.

mod assemble;
mod columns;
mod csv;
mod json_lines;
mod prometheus;

use herd_model::{Measurement, Note};

use assemble::Assembly;
pub use columns::{Columns, MEASURES, Measure, Prefer};

/// Rows that are kept; a year of seconds is 31 million, of minutes half a million.
pub const ROWS_MAX: usize = 2_000_000;

/// One input.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// As messages name it; what a series without a name is called by.
    pub name: &'a str,
    /// Its text.
    pub bytes: &'a [u8],
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Rows in the order of the inputs; of Prometheus in the order of time.
    pub rows: Vec<Measurement>,
    /// Measures that have a column.
    pub measures: Vec<Measure>,
    /// What was left out.
    pub notes: Vec<Note>,
}

/// Why a table cannot be used. Messages name file, line and column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeasurementsError {
    /// Nothing in it.
    #[error("{name}: it is empty")]
    Empty {
        /// The input.
        name: String,
    },
    /// A measure has no column.
    #[error("{name}: line {line}: no column is `{}`; there are: {columns}", measure.as_str())]
    NoColumn {
        /// The input.
        name: String,
        /// Line of the header.
        line: u64,
        /// What is missing.
        measure: Measure,
        /// Columns there are.
        columns: String,
    },
    /// Several columns could be one measure.
    #[error("{name}: line {line}: several columns could be `{}`: {columns}", measure.as_str())]
    Ambiguous {
        /// The input.
        name: String,
        /// Line of the header.
        line: u64,
        /// What they could be.
        measure: Measure,
        /// The columns.
        columns: String,
    },
    /// A column was named that is not there.
    #[error("{name}: line {line}: there is no column `{column}`; there are: {columns}")]
    UnknownColumn {
        /// The input.
        name: String,
        /// Line of the header.
        line: u64,
        /// What was named.
        column: String,
        /// Columns there are.
        columns: String,
    },
    /// No row can be read; the first that could not.
    #[error("{name}: line {line}, column `{column}`: `{value}` is no number, and no other row can be read")]
    NoRow {
        /// The input.
        name: String,
        /// Line of the first row.
        line: u64,
        /// Its column.
        column: String,
        /// What stands there.
        value: String,
    },
    /// A header and no row.
    #[error("{name}: it has columns and no row with a figure")]
    NoFigures {
        /// The input.
        name: String,
    },
    /// No text of the forms that are read.
    #[error("{name}: line {line}: {why}")]
    Malformed {
        /// The input.
        name: String,
        /// Line.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// Prometheus answers something else than a matrix.
    #[error("{name}: Prometheus answers {what}")]
    Prometheus {
        /// The input.
        name: String,
        /// What it answers.
        what: String,
    },
}

/// Reads inputs of any of the forms into one table. Rows of CSV and JSON lines follow each other; series of Prometheus are joined by
/// time and labels, whichever input they stand in.
pub fn read(documents: &[Document<'_>], columns: &Columns) -> Result<Table, MeasurementsError> {
    let mut assembly = Assembly::default();
    let mut answers = Vec::new();
    for document in documents {
        let text = document.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document.bytes);
        let start = text.trim_ascii_start();
        if start.is_empty() {
            return Err(MeasurementsError::Empty { name: document.name.to_owned() });
        }
        match start[0] {
            b'{' | b'[' if prometheus::is_answer(start) => answers.push(prometheus::parse(document.name, start)?),
            b'{' | b'[' => json_lines::read(document.name, text, columns, &mut assembly)?,
            _ => csv::read(document.name, text, columns, &mut assembly)?,
        }
    }
    if !answers.is_empty() {
        prometheus::join(answers, columns, &mut assembly)?;
    }
    assembly.finish(documents)
}
