//! Comma-separated values (RFC 4180), also with semicolons or tabs: a header, then one row a line; quotes, CRLF and blank lines are taken.

use std::borrow::Cow;

use super::MeasurementsError;
use super::assemble::{Assembly, Cell, Spot};
use super::columns::{Columns, picks};

/// Separators, the likeliest first.
const SEPARATORS: &[u8] = b",;\t";
/// Bytes of a header: longer ones are no header.
const HEADER_BYTES_MAX: usize = 64 << 10;

/// Adds the rows of a text. Lines that start with `#` are comments.
pub(crate) fn read(name: &str, text: &[u8], columns: &Columns, assembly: &mut Assembly) -> Result<(), MeasurementsError> {
    let mut records = Records { text, at: 0, line: 1 };
    let malformed = |line, why: &str| MeasurementsError::Malformed { name: name.to_owned(), line, why: why.to_owned() };
    let Some(header) = records.next_record() else { return Err(MeasurementsError::Empty { name: name.to_owned() }) };
    if header.text.len() > HEADER_BYTES_MAX || std::str::from_utf8(header.text).is_err() {
        return Err(malformed(header.line, "this is no header of CSV, and no JSON"));
    }
    let separator = separator(header.text);
    let titles: Vec<String> = fields(header.text, separator).into_iter().map(|field| field.trim().to_owned()).collect();
    let picks = picks(name, header.line, &titles, columns)?;
    if picks.is_empty() {
        let known = super::MEASURES.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(", ");
        return Err(malformed(header.line, &format!("no column of it is known ({known}); its first line is the header")));
    }
    assembly.measures(&picks);
    while let Some(record) = records.next_record() {
        let fields = fields(record.text, separator);
        let spot = Spot { name, line: record.line, offset: record.offset };
        let cells = picks.iter().map(|pick| {
            let text = fields.get(pick.column).map_or("", |field| field.as_ref());
            let missing = text.trim().is_empty();
            (*pick, titles[pick.column].as_str(), if missing { Cell::Missing } else { Cell::Text(text) })
        });
        assembly.row(spot, cells);
    }
    Ok(())
}

struct Records<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

struct Record<'t> {
    text: &'t [u8],
    line: u64,
    offset: u64,
}

impl<'t> Records<'t> {
    /// The next record that is neither blank nor a comment; its line end taken off. A quoted field may hold line ends.
    fn next_record(&mut self) -> Option<Record<'t>> {
        loop {
            let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
            let mut quoted = false;
            let end = rest.iter().position(|byte| {
                quoted ^= *byte == b'"' && rest[0] != b'#';
                *byte == b'\n' && !quoted
            });
            let whole = &rest[..end.unwrap_or(rest.len())];
            let record = Record { text: whole.trim_ascii_end(), line: self.line, offset: self.at as u64 };
            self.line += 1 + memchr::memchr_iter(b'\n', whole).count() as u64;
            self.at += whole.len() + 1;
            if !record.text.is_empty() && record.text[0] != b'#' {
                // Tabs at the end are empty fields, not space.
                let text = whole.strip_suffix(b"\r").unwrap_or(whole);
                return Some(Record { text, ..record });
            }
        }
    }
}

fn separator(header: &[u8]) -> u8 {
    let count = |separator: u8| memchr::memchr_iter(separator, header).count();
    SEPARATORS.iter().copied().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// The fields of a record, quotes taken off. What is no UTF-8 is replaced, and then is no number.
fn fields(record: &[u8], separator: u8) -> Vec<Cow<'_, str>> {
    let mut fields = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in record.iter().enumerate() {
        quoted ^= *byte == b'"';
        if *byte == separator && !quoted {
            fields.push(field(&record[start..at]));
            start = at + 1;
        }
    }
    fields.push(field(&record[start..]));
    fields
}

fn field(raw: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(raw);
    let trimmed = text.trim();
    match trimmed.strip_prefix('"').map(|inner| inner.strip_suffix('"').unwrap_or(inner)) {
        Some(inner) => Cow::Owned(inner.replace("\"\"", "\"")),
        None => text,
    }
}
