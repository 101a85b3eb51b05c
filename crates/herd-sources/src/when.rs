//! When a dump was taken, if its text does not say: from the name of its file, or from a series of modification times.

use std::path::Path;
use std::time::UNIX_EPOCH;

use herd_formats::stamp;
use herd_model::{Note, NoteKind, TargetKind};
use time::{Date, Month, PrimitiveDateTime, Time};

use crate::Testimony;

/// What the time of a testimony rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFrom {
    /// The dump itself: a line before it, or the profile's time.
    Text,
    /// The name of its file, read as UTC where it names no zone.
    FileName,
    /// Modification times that rise along the series.
    Modified,
    /// The collector's clock, or the recording that answered.
    Asked,
    /// Nothing says.
    Unknown,
}

/// Dates files that neither text nor name dates, in the order given: by modification times if these strictly rise, else not at all
/// (a copy sets them anew, in any order). Cost: linear.
pub fn date_series(testimonies: &mut [Testimony]) {
    let files = |testimony: &Testimony| testimony.kind == TargetKind::File && testimony.taken_at_ns.is_none();
    let rising = testimonies.windows(2).all(|pair| pair[0].modified_at_ns < pair[1].modified_at_ns);
    if testimonies.len() < 2
        || !rising
        || !testimonies.iter().all(|testimony| files(testimony) && testimony.modified_at_ns.is_some())
    {
        return;
    }
    for testimony in testimonies {
        testimony.taken_at_ns = testimony.modified_at_ns;
        testimony.snapshot.taken_at_ns = testimony.modified_at_ns;
        testimony.taken_at_from = TimeFrom::Modified;
        testimony.notes.push(Note {
            kind: NoteKind::Advice,
            offset: None,
            text: format!("{} is dated by its modification time: these rise along the series", testimony.witness),
        });
    }
}

/// When a file was last written, nanoseconds since 1970.
pub(crate) fn modified_at_ns(path: &Path) -> Option<i64> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    i64::try_from(modified.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

/// The time a file's name carries: RFC 3339, `20261121-110203`, `2026-11-21_11-02-03` and the like, or a Unix time. UTC unless it says.
pub(crate) fn from_name(path: &Path) -> Option<i64> {
    let name = path.file_name()?.to_string_lossy();
    let bytes = name.as_bytes();
    if let Some((ns, _)) = stamp::find(bytes) {
        return Some(ns);
    }
    let starts = || (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit() && (*at == 0 || !bytes[at - 1].is_ascii_digit()));
    starts().find_map(|at| civil(&bytes[at..])).or_else(|| starts().find_map(|at| unix(&bytes[at..])))
}

/// Year, month, day, hour, minute, second; at most one separator between two of them.
fn civil(text: &[u8]) -> Option<i64> {
    let mut at = 0;
    let mut field = |width: usize, separators: &[u8]| -> Option<u16> {
        let value = number(text.get(at..at + width)?)?;
        at += width;
        if text.get(at).is_some_and(|byte| separators.contains(byte)) {
            at += 1;
        }
        u16::try_from(value).ok()
    };
    let year = field(4, b"-_.")?;
    let month = Month::try_from(u8::try_from(field(2, b"-_.")?).ok()?).ok()?;
    let day = u8::try_from(field(2, b"-_.T ")?).ok()?;
    let hour = u8::try_from(field(2, b"-_.:h")?).ok()?;
    let minute = u8::try_from(field(2, b"-_.:m")?).ok()?;
    let second = u8::try_from(field(2, b"")?).ok()?;
    if !(2001..2100).contains(&year) || text.get(at).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let date = Date::from_calendar_date(i32::from(year), month, day).ok()?;
    let time = Time::from_hms(hour, minute, second).ok()?;
    i64::try_from(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp_nanos()).ok()
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their length; years 2001 to 2099.
fn unix(text: &[u8]) -> Option<i64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let scale = match digits {
        10 => 1_000_000_000,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    let ns = number(&text[..digits])?.checked_mul(scale)?;
    (1_000_000_000_000_000_000..4_070_908_800_000_000_000).contains(&ns).then_some(ns)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_carry_a_time() {
        let at = 1_795_258_923; // 2026-11-21T11:02:03Z
        for name in [
            "dump-20261121-110203",
            "dump-20261121-110203.txt.gz",
            "orders.20261121T110203Z.txt",
            "20261121110203",
            "2026-11-21T11:02:03Z",
            "dump_2026-11-21T12:02:03+01:00.txt",
            "2026-11-21_11-02-03.stacks",
            "go1.26.2026.11.21.11.02.03",
            "dump-1795258923.txt",
            "dump-1795258923000.txt",
            "host7-1795258923000000000",
        ] {
            assert_eq!(from_name(Path::new(name)), Some(at * 1_000_000_000), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_so() {
        for name in ["dump.txt", "dump-7.txt", "20261321-110203", "20261121", "dump-12345678901", "0000000000", "202611211102031"]
        {
            assert_eq!(from_name(Path::new(name)), None, "{name}");
        }
    }
}
