//! The worth of a change in words and a table.

use herd_model::{RoiDoubt, RoiDoubtKind, RoiPartKind, RoiReport};

use crate::{
    figure::duration,
    gate::{Sheet, figure},
    layout::Align,
    messages::Messages,
};

/// The score, or that there is none.
pub fn sentence(report: &RoiReport, say: &Messages) -> String {
    let Some(score) = &report.score else { return say.say("roi-refused") };
    let figures = [score.value, score.low, score.high].map(|value| format!("{value:.3}"));
    let [value, low, high] = figures.each_ref().map(String::as_str);
    let confidence = format!("{} %", figure(100.0 * report.confidence));
    say.say_with("roi-score", &[("score", value), ("low", low), ("high", high), ("confidence", &confidence)])
}

/// The parts and the periods.
pub fn sheets(report: &RoiReport, say: &Messages) -> Vec<Sheet> {
    let heads = ["roi-head-part", "roi-head-before", "roi-head-after", "roi-head-gain", "roi-head-bounds", "roi-head-adds"];
    let mut head: Vec<(String, Align)> = heads.iter().map(|key| (say.say(key), Align::Right)).collect();
    head[0].1 = Align::Left;
    let rows = report.parts.iter().map(|part| {
        let unit = |value: f64| match part.kind {
            RoiPartKind::GcPause => format!("{value:.1} ms"),
            RoiPartKind::Latency | RoiPartKind::Goroutines => format!("{:.1} %", 100.0 * value),
        };
        let gain = &part.gain;
        vec![
            say.say(&format!("roi-part-{}", part.kind.as_str())),
            figure(part.before),
            figure(part.after),
            unit(gain.value),
            format!("{} … {}", unit(gain.low), unit(gain.high)),
            format!("{:.4}", part.adds),
        ]
    });
    let mut remarks: Vec<String> = [("roi-period-before", &report.before), ("roi-period-after", &report.after)]
        .iter()
        .filter_map(|(key, period)| {
            let (from, time) = (period.from.as_deref()?, duration(period.seconds?));
            Some(say.say_with(key, &[("rows", &period.rows.to_string()), ("from", from), ("time", &time)]))
        })
        .collect();
    remarks.extend(report.doubts.iter().map(|doubt| doubted(doubt, say)));
    if report.score.is_some() {
        remarks.push(say.say_with("roi-legend", &[("resamples", &report.resamples.to_string())]));
    }
    vec![Sheet { title: say.say("roi-title"), head, rows: rows.collect(), remarks, heat: Vec::new() }]
}

fn doubted(doubt: &RoiDoubt, say: &Messages) -> String {
    let show = |value: f64| match doubt.kind {
        RoiDoubtKind::Weekday => say.say(&format!("weekday-{value:.0}")),
        RoiDoubtKind::Hour => {
            let minutes = (value * 60.0).round() as u64 % 1440;
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
        }
        RoiDoubtKind::Length => duration(value.max(0.1)),
        RoiDoubtKind::NoTime | RoiDoubtKind::FewRows | RoiDoubtKind::Coverage | RoiDoubtKind::Traffic => figure(value),
    };
    let (before, after) = (show(doubt.before), show(doubt.after));
    let text = say.say_with(&format!("roi-doubt-{}", doubt.kind.as_str()), &[("before", &before), ("after", &after)]);
    if doubt.refuses { say.say_with("doubt-refuses", &[("doubt", &text)]) } else { text }
}
