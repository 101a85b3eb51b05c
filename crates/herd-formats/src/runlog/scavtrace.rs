//! `scavtrace=1`: what was given back to the operating system (`printScavTrace`, runtime/mgcscavenge.go, Go 1.16 to 1.27).

use herd_model::ScavRecord;

use super::cursor::{Cursor, Read};

/// What every record begins with.
pub const ANCHOR: &[u8] = b"scav ";

/// Reads the record a text begins with. Go 1.16 to 1.18 print a generation first, up to 1.20 `KiB total` for `KiB now`.
pub fn read(text: &[u8]) -> Read<ScavRecord> {
    let mut cursor = Cursor::new(text);
    match record(&mut cursor) {
        Some(record) => Read::Whole(record, cursor.at),
        None => Read::Cut(cursor.at),
    }
}

/// Whether so long a beginning is no sentence of an application.
pub fn is_firm(head: &[u8]) -> bool {
    memchr::memmem::find(head, b" KiB work").is_some()
}

fn record(cursor: &mut Cursor<'_>) -> Option<ScavRecord> {
    cursor.literal(ANCHOR)?;
    let mut background_kb = cursor.number()?;
    if cursor.rest().first() == Some(&b' ') && cursor.rest().get(1).is_some_and(u8::is_ascii_digit) {
        cursor.literal(b" ")?;
        background_kb = cursor.number()?;
    }
    let mut record = ScavRecord { background_kb, ..ScavRecord::default() };
    if cursor.literal(b" KiB work (bg), ").is_some() {
        record.eager_kb = Some(cursor.number()?);
        cursor.literal(b" KiB work (eager), ")?;
    } else {
        cursor.literal(b" KiB work, ")?;
    }
    record.released_kb = cursor.number()?;
    cursor.literal(b" KiB now, ").or_else(|| cursor.literal(b" KiB total, "))?;
    record.util_percent = cursor.number_u32()?;
    cursor.literal(b"% util")?;
    record.forced = cursor.literal(b" (forced)").is_some();
    Some(record)
}
