//! Figures as people read them: grouped digits, short durations, shares.

use herd_model::Spread;

use crate::Charset;

/// `118204` as `118,204`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Seconds in at most two units: `59s`, `1.2s`, `1m20s`, `41m`, `3h09m`, `2d04h`. Dumps tell whole minutes, so zero reads `<1m`.
pub fn duration(seconds: f64) -> String {
    if seconds <= 0.0 {
        return "<1m".to_owned();
    }
    let whole = seconds.round() as u64;
    match whole {
        0..=9 if (seconds - seconds.round()).abs() >= 0.05 => format!("{seconds:.1}s"),
        0..=59 => format!("{whole}s"),
        // Dumps tell whole minutes; what was measured here keeps its seconds while they matter.
        60..=599 if !whole.is_multiple_of(60) => format!("{}m{:02}s", whole / 60, whole % 60),
        60..=3599 => format!("{}m", whole / 60),
        3600..=86_399 => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
        _ => format!("{}d{:02}h", whole / 86_400, whole % 86_400 / 3600),
    }
}

/// `12m–3h09m, p50 1h11m`; one figure when all are alike.
pub fn spread(spread: &Spread, charset: Charset) -> String {
    let (min, p50, max) = (duration(spread.min), duration(spread.p50), duration(spread.max));
    if min == max {
        return min;
    }
    let to = match charset {
        Charset::Unicode => "–",
        Charset::Ascii => "..",
    };
    format!("{min}{to}{max}, p50 {p50}")
}

/// `+412/s`, `+1.7/s`, `-3/s`, `+0.02/s`; nothing for what stands still.
pub fn rate(per_s: f64) -> Option<String> {
    let size = per_s.abs();
    let sign = if per_s < 0.0 { '-' } else { '+' };
    Some(match size {
        _ if size < 0.005 => return None,
        _ if size >= 10.0 => format!("{sign}{}/s", thousands(size.round() as u64)),
        _ if size >= 0.1 => format!("{sign}{size:.1}/s"),
        _ => format!("{sign}{size:.2}/s"),
    })
}

/// A share in per cent: `99.8 %`, `<0.1 %`.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let share = part as f64 / whole as f64 * 100.0;
    match share {
        _ if part == 0 => "0 %".to_owned(),
        _ if part == whole => "100 %".to_owned(),
        _ if share < 0.1 => "<0.1 %".to_owned(),
        // Rounding must not claim all of them.
        _ => format!("{:.1} %", share.min(99.9)),
    }
}

/// Bytes with a binary unit: `812 B`, `1.9 MiB`.
pub fn bytes(value: u64) -> String {
    let mut size = value as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if unit == "B" { format!("{value} B") } else { format!("{size:.1} {unit}") }
}

/// A weight of a profile with its unit: `1.28s`, `3.4 MiB`, `118,204 goroutines`, `12`.
pub fn weight(value: i64, unit: &str) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let size = value.unsigned_abs();
    match unit {
        "nanoseconds" => format!("{sign}{}", span(size as f64 / 1e9)),
        "microseconds" => format!("{sign}{}", span(size as f64 / 1e6)),
        "milliseconds" => format!("{sign}{}", span(size as f64 / 1e3)),
        "seconds" => format!("{sign}{}", span(size as f64)),
        "bytes" => format!("{sign}{}", bytes(size)),
        "" | "count" => format!("{sign}{}", thousands(size)),
        other => format!("{sign}{} {}", thousands(size), crate::name::clean(other)),
    }
}

/// A measured time in one unit, three digits of it.
fn span(seconds: f64) -> String {
    let of = |value: f64, unit: &str| match value {
        _ if value >= 99.95 => format!("{value:.0}{unit}"),
        _ if value >= 9.995 => format!("{value:.1}{unit}"),
        _ => format!("{value:.2}{unit}"),
    };
    match seconds {
        _ if seconds <= 0.0 => "0s".to_owned(),
        _ if seconds < 9.995e-7 => format!("{:.0}ns", seconds * 1e9),
        _ if seconds < 9.995e-4 => of(seconds * 1e6, "µs"),
        _ if seconds < 0.9995 => of(seconds * 1e3, "ms"),
        _ if seconds < 600.0 => of(seconds, "s"),
        _ if seconds < 36_000.0 => of(seconds / 60.0, "min"),
        _ => of(seconds / 3600.0, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(["0", "999", "1,000", "2,048,192"], [0, 999, 1000, 2_048_192].map(thousands).each_ref().map(String::as_str));
        assert_eq!(duration(0.0), "<1m");
        assert_eq!(duration(1.23), "1.2s");
        assert_eq!(duration(59.0), "59s");
        assert_eq!(duration(60.4), "1m");
        assert_eq!(duration(80.0), "1m20s");
        assert_eq!(duration(2460.0), "41m");
        assert_eq!(duration(11_340.0), "3h09m");
        assert_eq!(duration(187_200.0), "2d04h");
        assert_eq!(rate(412.3).as_deref(), Some("+412/s"));
        assert_eq!(rate(-1.25).as_deref(), Some("-1.2/s"));
        assert_eq!(rate(0.017).as_deref(), Some("+0.02/s"));
        assert_eq!(rate(0.0), None);
        assert_eq!(percent(1_203, 1_204), "99.9 %");
        assert_eq!(percent(1, 119_408), "<0.1 %");
        assert_eq!(bytes(67_108_864), "64.0 MiB");
        assert_eq!(weight(1_280_000_000, "nanoseconds"), "1.28s");
        assert_eq!(weight(-12_345_678, "nanoseconds"), "-12.3ms");
        assert_eq!(weight(999_999, "nanoseconds"), "1.00ms");
        assert_eq!(weight(7_200_000, "milliseconds"), "120min");
        assert_eq!(weight(42, "goroutines"), "42 goroutines");
        assert_eq!(weight(12_000, "count"), "12,000");
        assert_eq!(spread(&Spread { min: 720.0, p50: 4260.0, max: 11_340.0 }, Charset::Ascii), "12m..3h09m, p50 1h11m");
        assert_eq!(spread(&Spread { min: 60.0, p50: 60.0, max: 60.0 }, Charset::Unicode), "1m");
    }
}
