//! A capacity model as three plots: memory over goroutines with the fit, studentised residuals over the fit, and their normal quantiles.

use std::fmt::Write as _;

use herd_model::{CapacityReport, Envelope};

use crate::{
    Look, SinkError,
    gate::{bytes, figure, sentence},
    messages::messages,
    svg::xml,
};

const PANEL: f64 = 380.0;
const PLOT: f64 = 290.0;
const LEFT: f64 = 74.0;
const TOP: f64 = 70.0;
const HEIGHT: f64 = 430.0;
/// Okabe and Ito's blue and vermilion, told apart with any colour vision.
const POINT: &str = "#0072b2";
const FIT: &str = "#d55e00";

struct Panel<'a> {
    title: String,
    x: &'a [f64],
    y: &'a [f64],
    line: Line<'a>,
    show_x: fn(f64) -> String,
    show_y: fn(f64) -> String,
}

enum Line<'a> {
    Through(&'a [f64]),
    Zero,
    Diagonal,
}

/// The drawing.
pub fn svg_capacity(report: &CapacityReport, envelope: &Envelope, look: &Look<'_>) -> Result<String, SinkError> {
    let points = &report.points;
    if points.fitted_bytes.is_empty() {
        return Err(SinkError::NoModel);
    }
    let say = messages(look.lang);
    let panels = [
        Panel {
            title: say.say("capacity-plot-fit"),
            x: &points.goroutines,
            y: &points.memory_bytes,
            line: Line::Through(&points.fitted_bytes),
            show_x: figure,
            show_y: bytes,
        },
        Panel {
            title: say.say("capacity-plot-residuals"),
            x: &points.fitted_bytes,
            y: &points.studentised,
            line: Line::Zero,
            show_x: bytes,
            show_y: figure,
        },
        Panel {
            title: say.say("capacity-plot-quantiles"),
            x: &points.qq_normal,
            y: &points.qq_values,
            line: Line::Diagonal,
            show_x: figure,
            show_y: figure,
        },
    ];
    let width = PANEL * panels.len() as f64;
    let title = format!("goherd capacity {}", crate::format::name(envelope));
    let mut text = String::new();
    let _ = writeln!(
        text,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" role="img" font-family="ui-sans-serif, system-ui, sans-serif" font-size="11" fill="#222222">"##
    );
    let _ = writeln!(text, "<title>{}</title>", xml(&title));
    let _ = writeln!(text, r##"<rect width="100%" height="100%" fill="#ffffff"/>"##);
    let head = sentence(envelope, &say).unwrap_or(title);
    let _ = writeln!(text, r#"<text x="10" y="22" font-size="14" font-weight="600">{}</text>"#, xml(&head));
    for (at, panel) in panels.iter().enumerate() {
        let _ = writeln!(text, r#"<g transform="translate({},{TOP})">"#, LEFT + at as f64 * PANEL);
        draw(&mut text, panel);
        text.push_str("</g>\n");
    }
    text.push_str("</svg>\n");
    Ok(text)
}

fn draw(text: &mut String, panel: &Panel<'_>) {
    let through = if let Line::Through(line) = panel.line { line } else { &[] };
    let (x_low, x_high) = range(panel.x.iter());
    let (y_low, y_high) = range(panel.y.iter().chain(through));
    let across = |value: f64| (value - x_low) / (x_high - x_low) * PLOT;
    let up = |value: f64| PLOT - (value - y_low) / (y_high - y_low) * PLOT;
    let _ = writeln!(text, r#"<text x="0" y="-12" font-weight="600">{}</text>"#, xml(&panel.title));
    let _ = writeln!(text, r##"<rect width="{PLOT}" height="{PLOT}" fill="none" stroke="#999999"/>"##);
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let (x, y) = (share * PLOT, PLOT - share * PLOT);
        let (x_text, y_text) =
            ((panel.show_x)(x_low + share * (x_high - x_low)), (panel.show_y)(y_low + share * (y_high - y_low)));
        let _ = writeln!(text, r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#, PLOT + 16.0, xml(&x_text));
        let _ = writeln!(text, r#"<text x="-6" y="{:.1}" text-anchor="end">{}</text>"#, y + 4.0, xml(&y_text));
    }
    for (x, y) in panel.x.iter().zip(panel.y) {
        let _ =
            writeln!(text, r#"<circle cx="{:.1}" cy="{:.1}" r="2.5" fill="{POINT}" fill-opacity="0.7"/>"#, across(*x), up(*y));
    }
    let corners: Vec<(f64, f64)> = match panel.line {
        Line::Through(line) => panel.x.iter().zip(line).map(|(x, y)| (*x, *y)).collect(),
        Line::Zero => vec![(x_low, 0.0), (x_high, 0.0)],
        Line::Diagonal => {
            let (low, high) = (x_low.max(y_low), x_high.min(y_high));
            vec![(low, low), (high, high)]
        }
    };
    let corners: Vec<String> = corners.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y))).collect();
    let _ = writeln!(text, r#"<polyline points="{}" fill="none" stroke="{FIT}" stroke-width="1.5"/>"#, corners.join(" "));
}

/// Least and most with a margin; never empty.
fn range<'a>(values: impl Iterator<Item = &'a f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let margin = ((high - low) * 0.04).max(f64::MIN_POSITIVE + high.abs() * 1e-6);
    if low.is_finite() && high.is_finite() { (low - margin, high + margin) } else { (0.0, 1.0) }
}
