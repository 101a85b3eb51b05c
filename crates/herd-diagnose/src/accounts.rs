//! What a service of the Go module counts of itself, beside what its goroutines show: which endpoint or task a family runs for, and how
//! the number of those under way moved.
//!
//! Counters convict nobody: requests under way rise with load as with a leak. They name what was judged by other witnesses.

use herd_analysis::census::Group;
use herd_analysis::{Point, Series, census};
use herd_model::{Account, AccountKind, AccountName, AccountRow, Evidence, EvidenceKind, Note, Snapshot, worn};
use rustc_hash::FxHashMap;

use crate::judge::Judgement;

/// Looks from which on a rise at every look is told.
const LOOKS_MIN: usize = 3;
/// A rise of requests or tasks under way that is told where no family says whose they are.
const RISE_MIN: u64 = 10;
/// Ended requests or tasks from which a share is told.
const ENDED_MIN: u64 = 20;
/// Per cent that were cancelled or failed from which it is told.
const CANCELLED_PERCENT: u64 = 20;
/// Names told of one family.
const NAMES_MAX: usize = 2;
/// Rows told that belong to no family judged.
const ROWS_MAX: usize = 3;

/// Puts labels of a profile on the goroutines of a dump that prints none: stack by stack, where one group alone has the stack.
pub(crate) fn label(snapshot: &mut Snapshot, profile: &Snapshot) {
    let (own, others) = (census(snapshot), census(profile));
    let mut by_stack: FxHashMap<u64, Vec<&Group>> = FxHashMap::default();
    for group in &others.groups {
        by_stack.entry(group.frames_id).or_default().push(group);
    }
    let mut shared: FxHashMap<u64, u32> = FxHashMap::default();
    for group in &own.groups {
        *shared.entry(group.frames_id).or_default() += 1;
    }
    let mut builder = herd_model::LabelSets::of(snapshot);
    let mut put = Vec::new();
    for group in &own.groups {
        let alone = shared.get(&group.frames_id) == Some(&1);
        let (Some(cluster), Some(labelled)) = (group.clusters.first(), by_stack.get(&group.frames_id).filter(|_| alone)) else {
            continue;
        };
        let mut room = snapshot.clusters[cluster.0 as usize].count;
        for from in labelled.iter().flat_map(|group| &group.clusters).map(|id| &profile.clusters[id.0 as usize]) {
            let mut sets: Vec<_> = from.labels.iter().collect();
            sets.sort_unstable();
            for (set, count) in sets {
                let count = room.min(*count);
                room -= count;
                if count > 0 {
                    put.push((*cluster, builder.copy(profile, *set), count));
                }
            }
        }
    }
    builder.finish(snapshot);
    for (cluster, set, count) in put {
        *snapshot.clusters[cluster.0 as usize].labels.entry(set).or_default() += count;
    }
}

/// Names the endpoint and the task of what was judged, and tells what the counters show that no family does.
pub(crate) fn name(series: &Series, judgement: &mut Judgement, notes: &mut Vec<Note>) {
    let last = series.last();
    let mut told: Vec<AccountName> = Vec::new();
    // Who it is stands behind the first fact, how their number moved at the end.
    let mut facts = |family: Option<&str>, evidence: &mut Vec<Evidence>| {
        let Some(at) = family.and_then(|id| last.census.families.iter().position(|one| census::hex(one.id) == id)) else {
            return;
        };
        let (names, of) = (names(last, at), last.census.families[at].count);
        let first = evidence.len().min(1);
        evidence.splice(first..first, names.iter().map(|(name, count)| wears(name, *count, of)));
        evidence.extend(names.iter().filter_map(|(name, _)| moved(series, name)));
        told.extend(names.into_iter().map(|(name, _)| name));
    };
    for finding in &mut judgement.findings {
        facts(finding.family.as_deref(), &mut finding.evidence);
        finding.evidence.extend(heap(series));
    }
    for candidate in &mut judgement.candidates {
        facts(candidate.family.as_deref(), &mut candidate.evidence);
    }
    notes.extend(untold(series, &told));
}

/// Whose labels most goroutines of a family wear: an endpoint, a task, or both.
fn names(point: &Point, family: usize) -> Vec<(AccountName, u64)> {
    let of = &point.census.families[family];
    let clusters = of.groups.iter().flat_map(|group| &point.census.groups[*group].clusters);
    let worn = worn(&point.snapshot, clusters.copied());
    let mut kept: Vec<(AccountName, u64)> = Vec::new();
    for (name, count) in worn {
        if count * 2 >= of.count && kept.iter().all(|(other, _)| other.kind != name.kind) {
            kept.push((name, count));
        }
    }
    kept.truncate(NAMES_MAX);
    kept
}

fn wears(name: &AccountName, count: u64, of: u64) -> Evidence {
    let (whose, what) = (&name.of, &name.name);
    match name.kind {
        AccountKind::Endpoint => {
            let text = format!("{count} of {of} run for requests of `{what}` of service `{whose}`, by their labels");
            Evidence::new(EvidenceKind::Account, text).with("endpoint", what).with("service", whose)
        }
        AccountKind::Task => {
            let text = format!("{count} of {of} run for task `{what}` of runner `{whose}`, by their labels");
            Evidence::new(EvidenceKind::Account, text).with("task", what).with("runner", whose)
        }
    }
    .with("count", &count)
    .with("of", &of)
}

/// How many are under way there, and how that moved between the first look and the last.
fn moved(series: &Series, name: &AccountName) -> Option<Evidence> {
    let (first, last) = (account(series.points.first()?)?, account(series.last())?);
    let now = last.row(name)?;
    let text_ended = format!(
        "of {} that have ended, {} were cancelled, {} failed and {} panicked",
        now.ended, now.cancelled, now.failed, now.panicked
    );
    let whole = |fact: Evidence| {
        fact.with("cancelled", &now.cancelled)
            .with("ended", &now.ended)
            .with("failed", &now.failed)
            .with("panicked", &now.panicked)
    };
    let what = &name.name;
    let before = first.row(name).map_or(0, |row| row.live);
    let seconds = series.span_s().filter(|_| series.points.len() > 1);
    Some(
        match seconds {
            Some(seconds) => whole(Evidence::new(
                EvidenceKind::Account,
                format!(
                    "the service counts {before} under way at `{what}` at first and {} after {seconds:.0} s; {text_ended}",
                    now.live
                ),
            ))
            .with("from", &before)
            .with("seconds", &seconds.round()),
            None => whole(Evidence::new(
                EvidenceKind::Account,
                format!("the service counts {} under way at `{what}`; {text_ended}", now.live),
            )),
        }
        .with("live", &now.live)
        .with("what", what),
    )
}

/// What the collector left alive and what it took, where it was seen twice.
fn heap(series: &Series) -> Option<Evidence> {
    let (first, last) = (account(series.points.first()?)?.runtime, account(series.last())?.runtime);
    let (from, to) = (first.heap_live_bytes?, last.heap_live_bytes?);
    let seconds = series.span_s().filter(|_| series.points.len() > 1)?.round();
    let cycles = last.gc_cycles?.checked_sub(first.gc_cycles?)?;
    let text = format!(
        "the service counts {from} bytes of live heap at first and {to} after {seconds} s, {cycles} collections between them"
    );
    let fact = Evidence::new(EvidenceKind::Account, text).with("from", &from).with("to", &to);
    Some(fact.with("seconds", &seconds).with("cycles", &cycles))
}

/// Rows that rose at every look and belong to no family judged, rows of which many were cancelled or panicked, and what is not counted.
fn untold(series: &Series, told: &[AccountName]) -> Vec<Note> {
    let Some(last) = account(series.last()) else { return Vec::new() };
    let accounts: Vec<&Account> = series.points.iter().filter_map(account).collect();
    let mut notes = Vec::new();
    let mut add = |text: String| notes.push(crate::advice(text));
    let rising = last.rows.iter().filter(|row| !told.contains(&row.name)).filter_map(|row| {
        let live: Vec<u64> = accounts.iter().map(|account| account.row(&row.name).map_or(0, |row| row.live)).collect();
        let rises = live.len() >= LOOKS_MIN && live.windows(2).all(|pair| pair[0] < pair[1]);
        let from = *live.first()?;
        (rises && row.live >= from + RISE_MIN).then_some((row, from))
    });
    for (row, from) in rising.take(ROWS_MAX) {
        add(format!(
            "{} has more under way at every look, {from} at first and {} at last: load does that, and so does what never ends; watch it \
             under even load",
            place(&row.name),
            row.live
        ));
    }
    let share = |row: &&AccountRow| {
        let bad = row.cancelled.max(row.failed) * 100 >= row.ended * CANCELLED_PERCENT;
        row.ended >= ENDED_MIN && bad || row.panicked > 0
    };
    for row in last.rows.iter().filter(share).take(ROWS_MAX) {
        add(format!(
            "{}: of {} that have ended, {} were cancelled, {} failed and {} panicked",
            place(&row.name),
            row.ended,
            row.cancelled,
            row.failed,
            row.panicked
        ));
    }
    if last.refused > 0 {
        let refused = last.refused;
        add(format!("{refused} requests came with names above the limit of the service's table and are counted as other"));
    }
    if last.rows_left_out > 0 {
        add(format!("{} rows of the service's account were not read", last.rows_left_out));
    }
    notes
}

fn account(point: &Point) -> Option<&Account> {
    point.snapshot.account.as_deref()
}

fn place(name: &AccountName) -> String {
    match name.kind {
        AccountKind::Endpoint => format!("endpoint `{}` of service `{}`", name.name, name.of),
        AccountKind::Task => format!("task `{}` of runner `{}`", name.name, name.of),
    }
}
