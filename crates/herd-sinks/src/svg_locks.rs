//! Contention as a heat map: a row a line, columns contentions, delay and mean delay, and with several profiles the delay in each. Each
//! cell says its figure, so that colour is never the only sign.

use std::fmt::Write as _;

use herd_model::{Envelope, LockRow, LocksReport};

use crate::{Look, SinkError, figure::thousands, gate::sentence, heap::line, locks::time, messages::messages, svg::xml};

const CELL_WIDTH: f64 = 110.0;
const CELL_HEIGHT: f64 = 24.0;
const LABEL_WIDTH: f64 = 430.0;
const TOP: f64 = 76.0;
/// Characters of a label that fit.
const LABEL_SHOWN: usize = 60;
/// Columns of single profiles that are drawn.
const PROFILES_SHOWN: usize = 12;
/// Light to dark in one hue (Cividis-like yellow to blue is told apart with any colour vision); text turns white on the dark half.
const LIGHT: [f64; 3] = [255.0, 247.0, 205.0];
const DARK: [f64; 3] = [0.0, 60.0, 110.0];

/// A column: its heading, and of each row a value and its text.
struct Column {
    title: String,
    values: Vec<(f64, String)>,
}

/// The drawing.
pub fn svg_locks(report: &LocksReport, envelope: &Envelope, look: &Look<'_>) -> Result<String, SinkError> {
    let rows: Vec<&LockRow> = report.rows.iter().chain(&report.runtime).collect();
    if rows.is_empty() {
        return Err(SinkError::NoLocks);
    }
    let say = messages(look.lang);
    let of = |key: &str, value: &dyn Fn(&LockRow) -> (f64, String)| Column {
        title: say.say(key),
        values: rows.iter().map(|row| value(row)).collect(),
    };
    let delay = |ns: u64| (ns as f64, time(ns as f64));
    let mut columns = vec![
        of("locks-head-count", &|row| (row.contentions as f64, thousands(row.contentions))),
        of("locks-head-delay", &|row| delay(row.delay_ns)),
        of("locks-head-mean", &|row| (row.mean_ns, time(row.mean_ns))),
    ];
    if report.profiles.len() > 1 {
        let shown = report.profiles.iter().enumerate().take(PROFILES_SHOWN);
        columns.extend(shown.map(|(at, profile)| Column {
            title: tail(&profile.target, 16),
            values: rows.iter().map(|row| delay(row.by_profile.get(at).map_or(0, |both| both.1))).collect(),
        }));
    }
    let width = LABEL_WIDTH + CELL_WIDTH * columns.len() as f64 + 10.0;
    let height = TOP + CELL_HEIGHT * rows.len() as f64 + 10.0;
    let title = format!("goherd locks {}", crate::format::name(envelope));
    let mut text = String::new();
    let _ = writeln!(
        text,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11" fill="#222222">"##
    );
    let _ = writeln!(text, "<title>{}</title>", xml(&title));
    let _ = writeln!(text, r##"<rect width="100%" height="100%" fill="#ffffff"/>"##);
    let _ = writeln!(text, r#"<text x="10" y="20" font-size="14" font-weight="600">{}</text>"#, xml(&title));
    let head = sentence(envelope, &say).unwrap_or_default();
    let _ = writeln!(text, r##"<text x="10" y="40" fill="#444444">{}</text>"##, xml(&head));
    for (at, row) in rows.iter().enumerate() {
        let y = TOP + CELL_HEIGHT * at as f64;
        let words = format!("{} · {}", say.say(&format!("locks-role-{}", row.role.as_str())), line(&row.at));
        let _ = writeln!(
            text,
            r#"<text x="10" y="{:.1}"><title>{}</title>{}</text>"#,
            y + 16.0,
            xml(&format!("{} ({})", words, row.operation)),
            xml(&tail(&words, LABEL_SHOWN))
        );
    }
    for (at, column) in columns.iter().enumerate() {
        draw(&mut text, column, LABEL_WIDTH + CELL_WIDTH * at as f64);
    }
    text.push_str("</svg>\n");
    Ok(text)
}

fn draw(text: &mut String, column: &Column, x: f64) {
    let _ = writeln!(text, r#"<text x="{:.1}" y="{:.1}" font-weight="600">{}</text>"#, x + 6.0, TOP - 8.0, xml(&column.title));
    let most = column.values.iter().map(|(value, _)| *value).fold(0.0, f64::max);
    for (at, (value, shown)) in column.values.iter().enumerate() {
        let y = TOP + CELL_HEIGHT * at as f64;
        let heat = heat(*value, most);
        let ink = if heat > 0.5 { "#ffffff" } else { "#222222" };
        let _ = writeln!(
            text,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{:.1}" height="{:.1}" fill="{}"/><text x="{:.1}" y="{:.1}" text-anchor="end" fill="{ink}">{}</text>"#,
            CELL_WIDTH - 2.0,
            CELL_HEIGHT - 2.0,
            colour(heat),
            x + CELL_WIDTH - 8.0,
            y + 16.0,
            xml(shown)
        );
    }
}

/// From 0 to 1; four orders of magnitude below the most are told apart.
pub(crate) fn heat(value: f64, most: f64) -> f64 {
    if value <= 0.0 || most <= 0.0 { 0.0 } else { (1.0 + (value / most).log10() / 4.0).clamp(0.05, 1.0) }
}

fn colour(heat: f64) -> String {
    let part = |at: usize| (LIGHT[at] + heat * (DARK[at] - LIGHT[at])).round() as u8;
    format!("#{:02x}{:02x}{:02x}", part(0), part(1), part(2))
}

/// The last characters, as they tell most.
fn tail(text: &str, shown: usize) -> String {
    let length = text.chars().count();
    if length <= shown { text.to_owned() } else { std::iter::once('…').chain(text.chars().skip(length + 1 - shown)).collect() }
}
