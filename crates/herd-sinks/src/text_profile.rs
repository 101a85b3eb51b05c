//! A weighted profile as a table: what each function, or each line, costs by itself and with all it calls.

use herd_model::{Envelope, ProfileReport, ProfileType, TopFunction};

use crate::{
    Detail, Look,
    figure::{duration, percent, weight},
    layout::{Role, paint, table},
    messages::Messages,
    name::{clean, file_tail, func_tail},
    text::dot,
    text_flame::head,
};

/// Rows before the rest is counted.
const ROWS_SHOWN: usize = 30;

/// The lines between the targets and the notes.
pub fn body(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let (Some(report), Some(kind)) = (&envelope.profile, shown_type(envelope)) else { return vec![say.say("flame-empty")] };
    let shown = if look.detail == Detail::Full { kind.top.len() } else { ROWS_SHOWN.min(kind.top.len()) };
    let total = kind.total.unsigned_abs();
    let rows: Vec<Vec<String>> = kind.top.iter().take(shown).map(|row| cells(row, kind, total, report.by_line)).collect();
    let titles = [say.say("column-flat"), say.say("column-cum"), say.say("column-function")];
    let mut lines = vec![title(report, kind, look, say)];
    lines.extend(table(&head(&titles), &rows, look));
    let left = kind.top.len() - shown;
    if left > 0 {
        let flat: u64 = kind.top[shown..].iter().fold(0, |sum: u64, row| sum.saturating_add(row.flat.unsigned_abs()));
        let facts = [("rows", &*crate::figure::thousands(left as u64)), ("share", &*percent(flat, total))];
        lines.push(paint(Role::Faint, &say.say_with("profile-more", &facts), look));
    }
    let others: Vec<String> = report.types.iter().map(|other| clean(&other.name).into_owned()).collect();
    if others.len() > 1 && look.detail > Detail::Brief {
        lines.push(paint(Role::Faint, &say.say_with("profile-types", &[("types", &others.join(", "))]), look));
    }
    lines
}

/// The values that are shown first.
pub(crate) fn shown_type(envelope: &Envelope) -> Option<&ProfileType> {
    let report = envelope.profile.as_ref()?;
    report.types.get(report.shown as usize)
}

fn title(report: &ProfileReport, kind: &ProfileType, look: &Look<'_>, say: &Messages) -> String {
    let mut facts = vec![format!("{} {}", clean(&kind.name), weight(kind.total, &kind.unit)), clean(&report.kind).into_owned()];
    facts.extend(report.duration_s.map(|seconds| say.say_with("profile-over", &[("time", &duration(seconds))])));
    paint(Role::Strong, &facts.join(&dot(look)), look)
}

fn cells(row: &TopFunction, kind: &ProfileType, total: u64, by_line: bool) -> Vec<String> {
    let name = clean(func_tail(&row.func)).into_owned();
    let place = match (by_line, row.file.as_str(), row.line) {
        (false, _, _) | (_, "", _) => name,
        (true, file, 0) => format!("{name} {}", clean(file_tail(file, &row.func))),
        (true, file, line) => format!("{name} {}:{line}", clean(file_tail(file, &row.func))),
    };
    vec![
        weight(row.flat, &kind.unit),
        percent(row.flat.unsigned_abs(), total),
        weight(row.cum, &kind.unit),
        percent(row.cum.unsigned_abs(), total),
        place,
    ]
}
