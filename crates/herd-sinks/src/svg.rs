//! The call tree as one static SVG, from the columns the viewer draws: root on top, width is weight, colour is package.

use std::fmt::Write as _;

use herd_model::{Envelope, Flame};

use crate::{
    Look, SinkError,
    figure::{percent, weight},
    messages::messages,
    name::clean,
    text_profile::shown_type,
    tree::{Row, folded_note, label, rows},
};

const WIDTH: f64 = 1200.0;
const ROW_HEIGHT: f64 = 18.0;
const HEAD: f64 = 48.0;
const MARGIN: f64 = 10.0;
/// Frames narrower than this are not drawn but counted.
const WIDTH_MIN: f64 = 0.25;
/// Width of a character of the 11 px monospace font.
const CHARACTER: f64 = 6.7;

/// Okabe and Ito's colours, lightened so that black text keeps a contrast of 7:1.
const PALETTE: [&str; 7] = ["#f3c66b", "#9ed4f3", "#7fd1b6", "#f5ec8a", "#8fbfe6", "#eda56a", "#dfb0cc"];
const STATE_COLOUR: &str = "#d9d9d9";

/// The drawing.
pub fn svg(envelope: &Envelope, look: &Look<'_>) -> Result<String, SinkError> {
    let flame = shown(envelope).ok_or(SinkError::NoTree)?;
    let say = messages(look.lang);
    let rows = rows(flame);
    let whole = rows.first().map_or(0, |row| row.total);
    let scale = if whole == 0 { 0.0 } else { (WIDTH - 2.0 * MARGIN) / whole as f64 };
    let (drawn, narrow): (Vec<&Row<'_>>, Vec<&Row<'_>>) = rows.iter().partition(|row| row.total as f64 * scale >= WIDTH_MIN);
    let deepest = drawn.iter().map(|row| row.depth).max().unwrap_or(0);
    let height = HEAD + (deepest + 2) as f64 * ROW_HEIGHT;
    let title = format!("goherd flame {}", crate::format::name(envelope));
    let mut text = String::new();
    let _ = writeln!(
        text,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">"#
    );
    let _ = writeln!(text, "<title>{}</title>", xml(&title));
    let _ = writeln!(text, r##"<rect width="100%" height="100%" fill="#ffffff"/>"##);
    let _ = writeln!(text, r#"<text x="{MARGIN}" y="20" font-size="14" font-weight="600">{}</text>"#, xml(&title));
    let mut notes = vec![match shown_type(envelope) {
        Some(kind) => format!("{} {}", clean(&kind.name), weight(whole.cast_signed(), &kind.unit)),
        None => weight(whole.cast_signed(), &flame.unit),
    }];
    notes.extend(folded_note(flame, &say));
    if !narrow.is_empty() {
        let share = percent(narrow.iter().map(|row| row.own).sum(), whole);
        notes.push(say.say_with("flame-folded", &[("frames", &say.count("frames", narrow.len() as u64)), ("share", &share)]));
    }
    let _ = writeln!(text, r##"<text x="{MARGIN}" y="38" fill="#444444">{}</text>"##, xml(&notes.join(" · ")));
    for row in drawn {
        draw(&mut text, row, whole, scale, &flame.unit);
    }
    text.push_str("</svg>\n");
    Ok(text)
}

/// The call tree to draw: of a profile, that of the type shown.
fn shown(envelope: &Envelope) -> Option<&Flame> {
    shown_type(envelope).and_then(|kind| kind.flame.as_ref()).or(envelope.flame.as_ref())
}

fn draw(text: &mut String, row: &Row<'_>, whole: u64, scale: f64, unit: &str) {
    let x = MARGIN + row.start as f64 * scale;
    let y = HEAD + row.depth as f64 * ROW_HEIGHT;
    let width = row.total as f64 * scale;
    let hint = format!("{}: {} ({})", row.name, weight(row.total.cast_signed(), unit), percent(row.total, whole));
    let _ = write!(
        text,
        r##"<g><title>{}</title><rect x="{x:.2}" y="{y}" width="{width:.2}" height="{}" fill="{}" stroke="#ffffff" stroke-width="0.5"/>"##,
        xml(&hint),
        ROW_HEIGHT - 1.0,
        colour(row.name)
    );
    if let Some(words) = fitting(row.name, width) {
        let _ = write!(text, r#"<text x="{:.2}" y="{:.2}">{}</text>"#, x + 3.0, y + 12.5, xml(&words));
    }
    text.push_str("</g>\n");
}

/// The label if it fits; its head gives way, as the tail tells most.
fn fitting(name: &str, width: f64) -> Option<String> {
    let room = ((width - 6.0) / CHARACTER).floor();
    if room < 3.0 {
        return None;
    }
    let label = label(name);
    let room = room as usize;
    let length = label.chars().count();
    if length <= room {
        return Some(label.into_owned());
    }
    Some(std::iter::once('…').chain(label.chars().skip(length + 1 - room)).collect())
}

fn colour(name: &str) -> &'static str {
    let name = name.strip_prefix("created by ").unwrap_or(name);
    if name.starts_with('[') {
        return STATE_COLOUR;
    }
    let package_end = name.rfind('/').unwrap_or(0);
    let package = name[package_end..].find('.').map_or(name, |dot| &name[..package_end + dot]);
    let hash =
        package.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    PALETTE[(hash % PALETTE.len() as u64) as usize]
}

/// Escapes text; characters XML cannot carry become a replacement character.
pub(crate) fn xml(text: &str) -> String {
    crate::name::clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
