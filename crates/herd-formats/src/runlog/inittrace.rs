//! `inittrace=1`: what package initialisers cost (`doInit1`, runtime/proc.go, Go 1.16 to 1.27).

use herd_model::InitRecord;

use super::cursor::{Cursor, Read};

/// What every record begins with.
pub const ANCHOR: &[u8] = b"init ";
/// Longest name of a package.
const MAX_PACKAGE_BYTES: usize = 1024;

/// Reads the record a text begins with.
pub fn read(text: &[u8]) -> Read<InitRecord> {
    let mut cursor = Cursor::new(text);
    match record(&mut cursor) {
        Some(record) => Read::Whole(record, cursor.at),
        None => Read::Cut(cursor.at),
    }
}

/// Whether so long a beginning is no sentence of an application.
pub fn is_firm(head: &[u8]) -> bool {
    memchr::memmem::find(head, b" ms, ").is_some() || head.ends_with(b" ms,")
}

fn record(cursor: &mut Cursor<'_>) -> Option<InitRecord> {
    cursor.literal(ANCHOR)?;
    let package = cursor.word(|byte| byte.is_ascii_graphic()).filter(|word| word.len() <= MAX_PACKAGE_BYTES)?;
    cursor.literal(b" @")?;
    let at_ms = cursor.decimal()?;
    cursor.literal(b" ms, ")?;
    let clock_ms = cursor.decimal()?;
    cursor.literal(b" ms clock, ")?;
    let bytes = cursor.number()?;
    cursor.literal(b" bytes, ")?;
    let allocs = cursor.number()?;
    cursor.literal(b" allocs")?;
    Some(InitRecord { offset: 0, package: String::from_utf8_lossy(package).into(), at_ms, clock_ms, bytes, allocs })
}
