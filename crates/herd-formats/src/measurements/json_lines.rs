//! JSON: one object a line, or an array of objects.

use serde_json::{Map, Value};

use super::MeasurementsError;
use super::assemble::{Assembly, Cell, Spot};
use super::columns::{Columns, Pick, picks};

/// Adds the objects of a text; the keys of the first are the columns.
pub(crate) fn read(name: &str, text: &[u8], columns: &Columns, assembly: &mut Assembly) -> Result<(), MeasurementsError> {
    let mut reader = Reader { name, columns, assembly, header: None };
    if text.trim_ascii_start().first() == Some(&b'[') {
        let objects: Vec<Map<String, Value>> = serde_json::from_slice(text).map_err(|error| malformed(name, 1, &error))?;
        // Of an array only the element's number is known.
        for (at, object) in objects.iter().enumerate() {
            reader.object(object, at as u64 + 1, 0)?;
        }
        return reader.finish();
    }
    let mut offset = 0;
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            let number = at as u64 + 1;
            let object = serde_json::from_slice(line).map_err(|error| malformed(name, number, &error))?;
            reader.object(&object, number, offset)?;
        }
        offset += line.len() as u64 + 1;
    }
    reader.finish()
}

fn malformed(name: &str, line: u64, error: &serde_json::Error) -> MeasurementsError {
    MeasurementsError::Malformed { name: name.to_owned(), line, why: format!("this is no JSON object: {error}") }
}

struct Reader<'a> {
    name: &'a str,
    columns: &'a Columns,
    assembly: &'a mut Assembly,
    header: Option<(Vec<String>, Vec<Pick>)>,
}

impl Reader<'_> {
    fn object(&mut self, object: &Map<String, Value>, line: u64, offset: u64) -> Result<(), MeasurementsError> {
        if self.header.is_none() {
            let titles: Vec<String> = object.keys().cloned().collect();
            let picks = picks(self.name, line, &titles, self.columns)?;
            self.assembly.measures(&picks);
            self.header = Some((titles, picks));
        }
        let Some((titles, picks)) = &self.header else { return Ok(()) };
        let spot = Spot { name: self.name, line, offset };
        let cells = picks.iter().map(|pick| {
            let title = titles[pick.column].as_str();
            (*pick, title, object.get(title).map_or(Cell::Missing, cell))
        });
        self.assembly.row(spot, cells);
        Ok(())
    }

    fn finish(self) -> Result<(), MeasurementsError> {
        match self.header {
            Some(_) => Ok(()),
            None => Err(MeasurementsError::Empty { name: self.name.to_owned() }),
        }
    }
}

fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Missing,
        Value::Bool(truth) => Cell::Number(f64::from(u8::from(*truth))),
        Value::Number(number) => number.as_f64().map_or(Cell::Missing, Cell::Number),
        Value::String(text) if text.trim().is_empty() => Cell::Missing,
        Value::String(text) => Cell::Text(text),
        Value::Array(_) | Value::Object(_) => Cell::Text("a list or an object"),
    }
}
