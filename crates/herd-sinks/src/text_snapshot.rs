//! One snapshot as text: totals, states, families, blocking points.

use herd_model::{Envelope, FamilyReport, SnapshotReport, Spread};

use crate::{
    Detail, Look,
    figure::{duration, thousands},
    layout::{Align, Role, paint, table, wrap},
    messages::Messages,
    name::{clean, func_tail},
    text::{dot, input_lines},
};

/// Rows of a table before the rest is counted.
const ROWS_SHOWN: usize = 20;
/// Blocking points before the rest is counted.
const POINTS_SHOWN: usize = 10;

/// The lines between the targets and the notes.
pub fn body(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let Some(report) = &envelope.snapshot else { return vec![say.say("verdict-undecidable")] };
    let mut lines = input_lines(envelope, look, say);
    let goroutines = say.count("goroutines", report.goroutines);
    let families_count = say.count("families", report.families.len() as u64);
    let clusters = report.clusters.len() as u64 + envelope.hidden.get("clusters_not_listed").copied().unwrap_or(0);
    let clusters = say.count("clusters", clusters);
    let title =
        say.say_with("snapshot-title", &[("goroutines", &goroutines), ("families", &families_count), ("clusters", &clusters)]);
    lines.push(paint(Role::Strong, &title, look));
    lines.extend(states(report, look));
    if look.detail == Detail::Brief {
        return lines;
    }
    lines.push(String::new());
    lines.extend(families(report, envelope, look, say));
    lines.push(String::new());
    lines.extend(blocking_points(report, look, say));
    let depth = format!("{:.1}", report.mean_depth);
    let entropy = format!("{:.2}", report.module_entropy);
    let stacks = thousands(report.distinct_stacks);
    let measures = say.say_with("snapshot-measures", &[("depth", &depth), ("entropy", &entropy), ("stacks", &stacks)]);
    lines.push(String::new());
    lines.push(paint(Role::Faint, &measures.replace(" · ", &dot(look)), look));
    lines
}

fn states(report: &SnapshotReport, look: &Look<'_>) -> Vec<String> {
    let mut states: Vec<(&String, &u64)> = report.states.iter().collect();
    states.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let parts: Vec<String> = states.iter().map(|(state, count)| format!("{} {}", clean(state), thousands(**count))).collect();
    wrap(&parts.join(&dot(look)), look.width)
}

/// The families table, largest first; known long waiters only where asked for.
pub fn families(report: &SnapshotReport, envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let rates = rates(envelope);
    let asked: Vec<&FamilyReport> = report.families.iter().filter(|family| look.benign || family.benign.is_none()).collect();
    let shown = if look.detail == Detail::Full { asked.len() } else { ROWS_SHOWN.min(asked.len()) };
    let rows: Vec<Vec<String>> = asked
        .iter()
        .take(shown)
        .map(|family| {
            let mut row = vec![thousands(family.count)];
            if let Some(rates) = &rates {
                row.push(rates.iter().find(|(id, _)| *id == family.id).map_or_else(String::new, |(_, rate)| rate.clone()));
            }
            row.push(clean(&family.state).into_owned());
            row.push(family.wait_s.as_ref().map_or_else(|| "-".to_owned(), short_spread));
            row.push(place_cell(&family.at));
            row.push(family.created_by.as_ref().map_or_else(|| "-".to_owned(), place_cell));
            row
        })
        .collect();
    let mut head = vec![("column-count", Align::Right)];
    head.extend(rates.is_some().then_some(("column-rate", Align::Right)));
    head.extend([
        ("column-state", Align::Left),
        ("column-wait", Align::Right),
        ("column-at", Align::Tail),
        ("column-started-by", Align::Tail),
    ]);
    let titles: Vec<(String, Align)> = head.into_iter().map(|(key, align)| (say.say(key), align)).collect();
    let head: Vec<(&str, Align)> = titles.iter().map(|(title, align)| (title.as_str(), *align)).collect();
    let mut lines = table(&head, &rows, look);
    lines.extend(more(asked[shown..].iter().map(|family| family.count), look, say));
    lines
}

/// Rows left out, with what they hold, so that nothing is missing from the sum.
pub(crate) fn more(left: impl ExactSizeIterator<Item = u64>, look: &Look<'_>, say: &Messages) -> Option<String> {
    let rows = left.len();
    let goroutines = left.sum();
    let facts = [("rows", &*thousands(rows as u64)), ("goroutines", &*say.count("goroutines", goroutines))];
    (rows > 0).then(|| paint(Role::Faint, &say.say_with("table-more", &facts), look))
}

/// Growth per second of each family over the series, where its times are known.
fn rates(envelope: &Envelope) -> Option<Vec<(String, String)>> {
    let series = envelope.series.as_ref()?;
    let seconds = series.seconds.as_ref()?;
    let span = seconds.last()? - seconds.first()?;
    if span <= 0.0 {
        return None;
    }
    let rate = |counts: &[u64]| match (counts.first(), counts.last()) {
        (Some(first), Some(last)) => crate::figure::rate((*last as f64 - *first as f64) / span).unwrap_or_default(),
        _ => String::new(),
    };
    Some(series.families.iter().map(|family| (family.id.clone(), rate(&family.counts))).collect())
}

fn short_spread(spread: &Spread) -> String {
    if spread.p50.to_bits() == spread.max.to_bits() {
        return duration(spread.max);
    }
    format!("{} / {}", duration(spread.p50), duration(spread.max))
}

fn place_cell(place: &herd_model::Place) -> String {
    let func = clean(func_tail(&place.func)).into_owned();
    if place.line == 0 { func } else { format!("{func}:{}", place.line) }
}

fn blocking_points(report: &SnapshotReport, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let all = report.blocking_points.len();
    let shown = if look.detail == Detail::Full { all } else { POINTS_SHOWN.min(all) };
    let rows: Vec<Vec<String>> = report
        .blocking_points
        .iter()
        .take(shown)
        .map(|point| vec![thousands(point.count), clean(&point.state).into_owned(), place_cell(&point.at)])
        .collect();
    let titles = [say.say("column-count"), say.say("column-state"), say.say("column-blocking")];
    let head = [(titles[0].as_str(), Align::Right), (titles[1].as_str(), Align::Left), (titles[2].as_str(), Align::Tail)];
    let mut lines = table(&head, &rows, look);
    // The report itself lists the most frequent points only.
    let listed: u64 = report.blocking_points[..shown].iter().map(|point| point.count).sum();
    let left = report.goroutines.saturating_sub(listed);
    if left > 0 {
        lines.push(paint(Role::Faint, &say.with_count("points-more", "goroutines", left), look));
    }
    lines
}
