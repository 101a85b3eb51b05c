//! RFC 3339 times in log lines, to nanoseconds since 1970 and back.

use memchr::{memchr_iter, memmem};

/// Finds the first RFC 3339 time in a line; also answers whether the line holds nothing else.
pub fn find(line: &[u8]) -> Option<(i64, bool)> {
    memchr_iter(b'T', line).find_map(|at| {
        let start = at.checked_sub(10)?;
        let (ns, len) = parse(&line[start..])?;
        let alone = line[..start].iter().chain(&line[start + len..]).all(u8::is_ascii_whitespace);
        Some((ns, alone))
    })
}

/// Keys under which records hold a time since 1970.
const KEYS: &[&[u8]] = &[
    b"\"ts\"",
    b"\"time\"",
    b"\"timestamp\"",
    b"\"@timestamp\"",
    b"\"date\"",
    b"\"_SOURCE_REALTIME_TIMESTAMP\"",
    b"\"__REALTIME_TIMESTAMP\"",
];

/// Finds the time of a log record: RFC 3339 anywhere, or a time since 1970 as the JSON value of a key such as `ts`.
pub fn find_in_record(line: &[u8]) -> Option<i64> {
    let found = find(line).map(|(ns, _)| ns);
    if found.is_some() || line.trim_ascii_start().first() != Some(&b'{') {
        return found;
    }
    KEYS.iter().find_map(|key| {
        let value = line[memmem::find(line, key)? + key.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        since_1970(value.strip_prefix(b"\"").unwrap_or(value))
    })
}

/// The time in a line of journald's export format.
pub fn of_journal(line: &[u8]) -> Option<i64> {
    since_1970(line.strip_prefix(b"__REALTIME_TIMESTAMP=")?)
}

/// Seconds, milliseconds, microseconds or nanoseconds, told apart by their digits: the years 2001 to 2286.
pub fn since_1970(text: &[u8]) -> Option<i64> {
    let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unit = match whole {
        10 => 1_000_000_000,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    let fraction = text[whole..].strip_prefix(b".").unwrap_or_default();
    // Digits below the nanosecond count for nothing.
    let add = |(sum, unit): (i64, i64), byte: &u8| (sum + unit * i64::from(byte - b'0'), unit / 10);
    let (fraction, _) = fraction.iter().take_while(|byte| byte.is_ascii_digit()).fold((0, unit / 10), add);
    let whole = std::str::from_utf8(&text[..whole]).ok()?.parse::<i64>().ok()?;
    whole.checked_mul(unit)?.checked_add(fraction)
}

/// Reads a time at the start of `text`; answers it with its length. Zones `Z`, `+hh:mm` and `+hhmm` (journald) are taken.
fn parse(text: &[u8]) -> Option<(i64, usize)> {
    let two = |at: usize| -> Option<i64> { digits(text.get(at..at + 2)?) };
    let is = |at: usize, byte: u8| text.get(at) == Some(&byte);
    if !(is(4, b'-') && is(7, b'-') && is(13, b':') && is(16, b':')) {
        return None;
    }
    let (year, month, day) = (digits(text.get(0..4)?)?, two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0;
    if is(at, b'.') {
        at += 1;
        let fraction = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if fraction == 0 {
            return None;
        }
        nanos = (0..9).fold(0, |sum, i| sum * 10 + if i < fraction { i64::from(text[at + i] - b'0') } else { 0 });
        at += fraction;
    }
    let offset_s = match text.get(at)? {
        b'Z' => {
            at += 1;
            0
        }
        sign @ (b'+' | b'-') => {
            let hours = two(at + 1)?;
            let colon = usize::from(is(at + 3, b':'));
            let minutes = two(at + 3 + colon)?;
            at += 5 + colon;
            (hours * 3600 + minutes * 60) * if *sign == b'+' { 1 } else { -1 }
        }
        _ => return None,
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset_s;
    Some((seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?, at))
}

/// `2026-11-21T11:02:03.123456789Z`, the fraction left out when zero.
pub fn format(ns: i64) -> String {
    let seconds = ns.div_euclid(1_000_000_000);
    let nanos = ns.rem_euclid(1_000_000_000);
    let (year, month, day) = date_of(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    if nanos != 0 {
        text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Days of the proleptic Gregorian calendar; years start in March so that the leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: Option<(&str, bool)>) {
        assert_eq!(find(line.as_bytes()).map(|(ns, alone)| (format(ns), alone)), expect.map(|(t, a)| (t.to_owned(), a)));
    }

    #[test]
    fn times_are_found_in_lines() {
        check("2026-11-21T11:02:03.123Z", Some(("2026-11-21T11:02:03.123Z", true)));
        check("2024-02-29T23:59:59+01:00 stderr F goroutine", Some(("2024-02-29T22:59:59Z", false)));
        check("THE TIME=1969-12-31T23:59:59.5-0000 x", Some(("1969-12-31T23:59:59.5Z", false)));
        check("2026-13-21T11:02:03Z", None);
        check("2026-11-21T11:02:03", None);
        check("2026-11-21T11:02", None);
    }
}
