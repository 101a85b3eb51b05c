//! A runtime log as plots over time: the heap with its goal, pauses, the collector's CPU, what waits to run.

use std::fmt::Write as _;

use herd_model::{Envelope, RunlogProcess, RunlogReport};

use crate::{
    Look, SinkError,
    gate::{figure, sentence},
    messages::messages,
    name::clean,
    svg::xml,
};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 80.0;
const PLOT: f64 = 850.0;
const TALL: f64 = 130.0;
const STEP: f64 = 190.0;
const TOP: f64 = 70.0;
/// Okabe and Ito's colours, told apart with any colour vision.
const BLUE: &str = "#0072b2";
const VERMILION: &str = "#d55e00";
const GREEN: &str = "#009e73";

struct Panel<'a> {
    title: String,
    unit: &'a str,
    at_s: &'a [f64],
    lines: Vec<(String, &'a str, Vec<f64>)>,
}

/// The drawing of the process with most points.
pub fn svg_runlog(report: &RunlogReport, envelope: &Envelope, look: &Look<'_>) -> Result<String, SinkError> {
    let points = |process: &RunlogProcess| process.collections.at_s.len() + process.states.at_s.len();
    let process = report.processes.iter().max_by_key(|process| points(process)).filter(|process| points(process) > 1);
    let process = process.ok_or(SinkError::NoRecords)?;
    let say = messages(look.lang);
    let panels = panels(process, &|key| say.say(key));
    let height = TOP + STEP * panels.len() as f64;
    let title = format!("goherd runlog {}", crate::format::name(envelope));
    let mut text = String::new();
    let _ = writeln!(
        text,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" font-family="ui-sans-serif, system-ui, sans-serif" font-size="11" fill="#222222">"##
    );
    let _ = writeln!(text, "<title>{}</title>", xml(&title));
    let _ = writeln!(text, r##"<rect width="100%" height="100%" fill="#ffffff"/>"##);
    let source = process.source.as_deref().map(|source| format!(" ({})", clean(source))).unwrap_or_default();
    let head = sentence(envelope, &say).unwrap_or(title) + &source;
    let _ = writeln!(text, r#"<text x="10" y="22" font-size="14" font-weight="600">{}</text>"#, xml(&head));
    for (at, panel) in panels.iter().enumerate() {
        let _ = writeln!(text, r#"<g transform="translate({LEFT},{})">"#, TOP + at as f64 * STEP);
        draw(&mut text, panel);
        text.push_str("</g>\n");
    }
    text.push_str("</svg>\n");
    Ok(text)
}

fn panels<'a>(process: &'a RunlogProcess, say: &dyn Fn(&str) -> String) -> Vec<Panel<'a>> {
    let (gcs, states) = (&process.collections, &process.states);
    let whole = |values: &[u64]| values.iter().map(|value| *value as f64).collect::<Vec<f64>>();
    let narrow = |values: &[u32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
    let mut panels = Vec::new();
    if gcs.at_s.len() > 1 {
        panels.push(Panel {
            title: say("runlog-plot-heap"),
            unit: "MB",
            at_s: &gcs.at_s,
            lines: vec![
                (say("runlog-plot-goal"), VERMILION, whole(&gcs.goal_mb)),
                (say("runlog-plot-begin"), GREEN, whole(&gcs.begin_mb)),
                (say("runlog-plot-live"), BLUE, whole(&gcs.live_mb)),
            ],
        });
        panels.push(Panel {
            title: say("runlog-plot-pause"),
            unit: "ms",
            at_s: &gcs.at_s,
            lines: vec![(String::new(), BLUE, gcs.pause_ms.clone())],
        });
        panels.push(Panel {
            title: say("runlog-plot-share"),
            unit: "%",
            at_s: &gcs.at_s,
            lines: vec![(String::new(), VERMILION, gcs.cpu_percent.clone())],
        });
    }
    if states.at_s.len() > 1 {
        panels.push(Panel {
            title: say("runlog-plot-queue"),
            unit: "",
            at_s: &states.at_s,
            lines: vec![
                (say("runlog-plot-queued"), BLUE, whole(&states.queued)),
                (say("runlog-plot-threads"), GREEN, narrow(&states.threads)),
            ],
        });
        if !states.goroutines.is_empty() {
            let lines = vec![(String::new(), BLUE, whole(&states.goroutines))];
            panels.push(Panel { title: say("runlog-plot-goroutines"), unit: "", at_s: &states.at_s, lines });
        }
    }
    panels
}

fn draw(text: &mut String, panel: &Panel<'_>) {
    let (begin, end) = (panel.at_s.first().copied().unwrap_or(0.0), panel.at_s.last().copied().unwrap_or(1.0));
    let span = (end - begin).max(f64::MIN_POSITIVE);
    let most = panel.lines.iter().flat_map(|(_, _, values)| values).copied().fold(0.0, f64::max).max(1e-3) * 1.05;
    let _ = writeln!(text, r#"<text x="0" y="-10" font-weight="600">{}</text>"#, xml(&panel.title));
    let _ = writeln!(text, r##"<rect width="{PLOT}" height="{TALL}" fill="none" stroke="#999999"/>"##);
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let time = format!("{} s", figure(begin + share * span));
        let _ = writeln!(text, r#"<text x="{:.1}" y="{}" text-anchor="middle">{}</text>"#, share * PLOT, TALL + 16.0, xml(&time));
        if step % 2 == 0 {
            let value = format!("{} {}", figure(share * most), panel.unit);
            let y = TALL - share * TALL + 4.0;
            let _ = writeln!(text, r#"<text x="-6" y="{y:.1}" text-anchor="end">{}</text>"#, xml(value.trim_end()));
        }
    }
    for (at, (name, colour, values)) in panel.lines.iter().enumerate() {
        let corner =
            |(at_s, value): (&f64, &f64)| format!("{:.1},{:.1}", (at_s - begin) / span * PLOT, TALL - value / most * TALL);
        let corners: Vec<String> = panel.at_s.iter().zip(values).map(corner).collect();
        let _ = writeln!(text, r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="1.3"/>"#, corners.join(" "));
        if !name.is_empty() {
            let x = PLOT - 110.0 * (panel.lines.len() - at) as f64;
            let _ = writeln!(text, r#"<text x="{x}" y="-10" fill="{colour}">{}</text>"#, xml(name));
        }
    }
}
