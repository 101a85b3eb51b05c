//! Contention in words and tables: a row a line, and of every row in words who waits for whom.

use herd_model::{LockKind, LockProfile, LockRow, LocksReport};

use crate::{
    diff::amount,
    figure::thousands,
    gate::{Sheet, figure},
    heap::line,
    layout::Align,
    messages::Messages,
    svg_locks::heat,
};

/// Callers that are told.
const CALLERS_SHOWN: usize = 3;

/// How long goroutines waited, and which line has most of it.
pub fn sentence(report: &LocksReport, say: &Messages) -> String {
    let told = |kind: LockKind| {
        let profiles = report.profiles.iter().filter(move |profile| profile.kind == kind);
        let (count, delay) = profiles.fold((0u64, 0u64), |(count, delay), profile| {
            (count.saturating_add(profile.contentions), delay.saturating_add(profile.delay_ns))
        });
        let most = report.rows.iter().find(|row| row.kind == kind)?;
        let facts =
            [("delay", time(delay as f64)), ("count", thousands(count)), ("line", line(&most.at)), ("share", share(most.share))];
        let facts: Vec<(&str, &str)> = facts.iter().map(|(name, fact)| (*name, fact.as_str())).collect();
        Some(say.say_with(&format!("locks-most-{}", kind.as_str()), &facts))
    };
    let parts: Vec<String> = [LockKind::Mutex, LockKind::Block, LockKind::Contention].into_iter().filter_map(told).collect();
    if parts.is_empty() { say.say("locks-none") } else { parts.join(&say.say("heap-parts")) }
}

/// A table a kind, the runtime's own apart.
pub fn sheets(report: &LocksReport, say: &Messages) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for kind in [LockKind::Mutex, LockKind::Block, LockKind::Contention] {
        let rows: Vec<&LockRow> = report.rows.iter().filter(|row| row.kind == kind).collect();
        let profiles: Vec<&LockProfile> = report.profiles.iter().filter(|profile| profile.kind == kind).collect();
        if profiles.is_empty() {
            continue;
        }
        let mut sheet = table(&say.say(&format!("locks-title-{}", kind.as_str())), &rows, say);
        sheet.remarks = rows.iter().map(|row| told(row, say)).collect();
        if rows.is_empty() {
            sheet.remarks.push(say.say(&format!("locks-empty-{}", kind.as_str())));
        }
        sheet.remarks.push(say.say(&format!("locks-legend-{}", kind.as_str())));
        if profiles.len() > 1 {
            sheet.remarks.push(say.say_with("locks-sums", &[("profiles", &profiles.len().to_string())]));
        }
        sheet.remarks.extend(profiles.iter().filter_map(|profile| taken(profile, say)));
        sheets.push(sheet);
    }
    if !report.runtime.is_empty() {
        let mut sheet = table(&say.say("locks-title-runtime"), &report.runtime.iter().collect::<Vec<_>>(), say);
        sheet.remarks.push(say.say("locks-legend-runtime"));
        sheets.push(sheet);
    }
    sheets
}

fn table(title: &str, rows: &[&LockRow], say: &Messages) -> Sheet {
    let keys = ["delay", "share", "count", "mean", "role", "line"];
    let mut head: Vec<(String, Align)> = keys.iter().map(|key| (say.say(&format!("locks-head-{key}")), Align::Right)).collect();
    head[4].1 = Align::Left;
    head[5].1 = Align::Tail;
    let cells = |row: &&LockRow| {
        vec![
            time(row.delay_ns as f64),
            share(row.share),
            thousands(row.contentions),
            time(row.mean_ns),
            say.say(&format!("locks-role-{}", row.role.as_str())),
            line(&row.at),
        ]
    };
    // As the drawing has it: each column against its own most.
    let most = |value: fn(&LockRow) -> f64| rows.iter().map(|row| value(row)).fold(0.0, f64::max);
    let values: [fn(&LockRow) -> f64; 3] = [|row| row.delay_ns as f64, |row| row.contentions as f64, |row| row.mean_ns];
    let tops = values.map(most);
    let colour = |row: &&LockRow| {
        let of = |at: usize| Some(heat(values[at](row), tops[at]));
        vec![of(0), None, of(1), of(2), None, None]
    };
    let colours = rows.iter().map(colour).collect();
    Sheet { title: title.to_owned(), head, rows: rows.iter().map(cells).collect(), remarks: Vec::new(), heat: colours }
}

/// Who waits for whom at a line.
fn told(row: &LockRow, say: &Messages) -> String {
    let facts = [
        ("line", line(&row.at)),
        ("operation", row.operation.clone()),
        ("delay", time(row.delay_ns as f64)),
        ("mean", time(row.mean_ns)),
        ("count", thousands(row.contentions)),
    ];
    let facts: Vec<(&str, &str)> = facts.iter().map(|(name, fact)| (*name, fact.as_str())).collect();
    let words = say.say_with(&format!("locks-told-{}", row.role.as_str()), &facts);
    let callers: Vec<String> = row.callers.iter().take(CALLERS_SHOWN).map(line).collect();
    if callers.is_empty() {
        return words;
    }
    say.say_with("locks-called-from", &[("words", &words), ("callers", &callers.join(" ← "))])
}

fn taken(profile: &LockProfile, say: &Messages) -> Option<String> {
    let seconds = figure(profile.over_s?);
    Some(say.say_with("locks-over", &[("target", &profile.target), ("seconds", &seconds)]))
}

/// Nanoseconds with a unit.
pub(crate) fn time(ns: f64) -> String {
    if ns >= 120e9 { crate::figure::duration(ns / 1e9) } else { amount(ns, "nanoseconds") }
}

/// A share of 1 in per cent.
pub(crate) fn share(share: f64) -> String {
    match share {
        share if share <= 0.0 => "0 %".to_owned(),
        share if share < 0.001 => "<0.1 %".to_owned(),
        share => format!("{:.1} %", 100.0 * share),
    }
}
