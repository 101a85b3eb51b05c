//! `gctrace=1`: one line a collection (`gcMarkTermination`, runtime/mgc.go, Go 1.16 to 1.27).

use herd_model::GcRecord;

use super::cursor::{Cursor, Read};

/// What every record begins with.
pub const ANCHOR: &[u8] = b"gc ";

/// Reads the record a text begins with.
pub fn read(text: &[u8]) -> Read<GcRecord> {
    let mut cursor = Cursor::new(text);
    match record(&mut cursor) {
        Some(record) => Read::Whole(record, cursor.at),
        None => Read::Cut(cursor.at),
    }
}

/// Whether so long a beginning is no sentence of an application: number and time are there.
pub fn is_firm(head: &[u8]) -> bool {
    let mut cursor = Cursor::new(head);
    cursor
        .literal(ANCHOR)
        .and_then(|()| cursor.number())
        .and_then(|_| cursor.literal(b" @"))
        .and_then(|()| cursor.decimal())
        .is_some()
}

fn record(cursor: &mut Cursor<'_>) -> Option<GcRecord> {
    cursor.literal(ANCHOR)?;
    let mut record = GcRecord { number: cursor.number()?, ..GcRecord::default() };
    cursor.literal(b" @")?;
    record.at_s = cursor.decimal()?;
    cursor.literal(b"s ")?;
    record.cpu_percent = cursor.number_u32()?;
    cursor.literal(b"%")?;
    record.leak_check = cursor.literal(b" (checking for goroutine leaks)").is_some();
    cursor.literal(b": ")?;
    times(cursor, &mut record)?;
    sizes(cursor, &mut record)?;
    record.procs = cursor.number_u32()?;
    cursor.literal(b" P")?;
    record.forced = cursor.literal(FORCED).is_some();
    Some(record)
}

/// What follows the record of a collection the program asked for.
pub const FORCED: &[u8] = b" (forced)";

fn times(cursor: &mut Cursor<'_>, record: &mut GcRecord) -> Option<()> {
    record.sweep_pause_ms = cursor.decimal()?;
    cursor.literal(b"+")?;
    record.mark_ms = cursor.decimal()?;
    cursor.literal(b"+")?;
    record.mark_pause_ms = cursor.decimal()?;
    cursor.literal(b" ms clock, ")?;
    record.sweep_pause_cpu_ms = cursor.decimal()?;
    cursor.literal(b"+")?;
    record.assist_cpu_ms = cursor.decimal()?;
    cursor.literal(b"/")?;
    record.worker_cpu_ms = cursor.decimal()?;
    cursor.literal(b"/")?;
    record.idle_cpu_ms = cursor.decimal()?;
    cursor.literal(b"+")?;
    record.mark_pause_cpu_ms = cursor.decimal()?;
    cursor.literal(b" ms cpu, ")
}

fn sizes(cursor: &mut Cursor<'_>, record: &mut GcRecord) -> Option<()> {
    record.heap_begin_mb = cursor.number()?;
    cursor.literal(b"->")?;
    record.heap_end_mb = cursor.number()?;
    cursor.literal(b"->")?;
    record.heap_live_mb = cursor.number()?;
    cursor.literal(b" MB, ")?;
    record.goal_mb = cursor.number()?;
    cursor.literal(b" MB goal, ")?;
    // Go 1.16 and 1.17 print neither stacks nor globals.
    let ahead = *cursor;
    let stacks_mb = cursor.number()?;
    if cursor.literal(b" MB stacks, ").is_none() {
        if cursor.rest().starts_with(b" P") {
            *cursor = ahead;
            return Some(());
        }
        return None;
    }
    record.stacks_mb = Some(stacks_mb);
    record.globals_mb = Some(cursor.number()?);
    cursor.literal(b" MB globals, ")
}
