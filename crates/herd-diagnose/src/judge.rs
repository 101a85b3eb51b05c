//! Judges one process: what is proven, what is suspected, what only looks stuck, what is healthy.

use std::collections::BTreeMap;

use herd_analysis::census::{Fnv, hex};
use herd_analysis::facts::can_be_stuck;
use herd_analysis::series::{SUSTAINED_RISE, Sustained};
use herd_analysis::{Growth, Series, names};
use herd_model::{Candidate, Certainty, Evidence, EvidenceKind, Finding, Note, Place, StateClass, Target, WaitReason};
use herd_patterns::benign::is_main;
use herd_patterns::{CATALOGUE, Lang, Memory, NOT_READ, Pattern, Scene, Sighting, benign, memory};
use rustc_hash::FxHashMap;

use crate::judge_proof::Proofs;
use crate::judge_rules::{S3_COUNT, S3_SHARE_PERCENT};
use crate::looks::{self, Still};
use crate::remedy::Asked;
use crate::traced::TraceWitness;
use crate::{accounts, judge_broods, judge_held, judge_proof, judge_rules, load, remedy};

/// Patterns named for one family.
pub(crate) const PATTERNS_A_FAMILY: usize = 3;
/// Families listed as candidates.
const CANDIDATE_FAMILIES_MAX: usize = 20;
/// Share of a family that must outlive the window for growth to count: a queue that drains turns over.
const STAYED: f64 = 0.8;

/// Waiters on one lock that must not have moved for it to be a finding; fewer may be a lock held by design.
const QUEUE_MIN: u64 = 3;

/// What was judged of one process.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What looks stuck, most likely first.
    pub candidates: Vec<Candidate>,
    /// Goroutines passed over, by reason.
    pub hidden: BTreeMap<String, u64>,
    /// Something keeps the witnesses from saying that all is well: a dump that was cut, a leak no pattern describes.
    pub open: bool,
}

/// A family that looks stuck, before it is ranked.
pub(crate) struct Suspect {
    /// Index of the family.
    pub(crate) family: usize,
    score: f64,
    count: u64,
    candidates: Vec<Candidate>,
}

/// All that is known of one process.
pub(crate) struct Case<'a> {
    pub(crate) series: &'a Series,
    /// What the runtime's leak profile lists, by frames.
    leaked: FxHashMap<u64, u64>,
    proofs: &'a Proofs<'a>,
    pub(crate) target: &'a Target,
    pub(crate) memory: Memory,
    /// Which witnesses need not be asked any more.
    pub(crate) asked: Asked,
    /// What has not moved between two looks at a process that may not be copied.
    still: Option<Still>,
}

/// Judges a series of one process.
pub fn judge(series: &Series, proofs: &Proofs<'_>, target: &Target, notes: &mut Vec<Note>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut suspects: Vec<Suspect> = Vec::new();
    let case = Case {
        series,
        leaked: judge_proof::leaked_stacks(proofs.leaks, series.last()),
        proofs,
        target,
        memory: memory(series.last()),
        asked: Asked::of(series),
        still: looks::still(series),
    };
    judgement.open = series.points.iter().any(|point| point.snapshot.truncated.is_some());
    for family in 0..series.last().census.families.len() {
        let growth = (series.points.len() > 1).then(|| series.growth(series.last().census.families[family].id));
        let scene = Scene { point: series.last(), family, growth: growth.as_ref(), memory: &case.memory };
        judge_family(&scene, &case, &mut judgement, &mut suspects, notes);
    }
    judge_broods::judge(&case, &mut judgement, &mut suspects);
    suspects.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.count.cmp(&a.count)));
    if suspects.len() > CANDIDATE_FAMILIES_MAX {
        let left = &suspects[CANDIDATE_FAMILIES_MAX..];
        judgement.hidden.insert("candidate_families_not_listed".to_owned(), left.len() as u64);
        judgement.hidden.insert("candidate_goroutines_not_listed".to_owned(), left.iter().map(|suspect| suspect.count).sum());
        suspects.truncate(CANDIDATE_FAMILIES_MAX);
    }
    judgement.candidates = suspects.into_iter().flat_map(|suspect| suspect.candidates).collect();
    number(&mut judgement.candidates);
    accounts::name(series, &mut judgement, notes);
    note_short_series(series, &judgement, notes);
    note_vanished(series, &mut judgement, notes);
    judgement
}

/// Waits that nothing can end do not end: where an earlier snapshot shows one and the last does not, the process was restarted, or
/// the snapshots are of several.
fn note_vanished(series: &Series, judgement: &mut Judgement, notes: &mut Vec<Note>) {
    let still = |id: u64| series.last().census.families.iter().any(|family| family.id == id);
    for point in &series.points {
        for (at, family) in point.census.families.iter().enumerate() {
            let scene = Scene { point, family: at, growth: None, memory: &NOT_READ };
            let endless =
                matches!(family.class, StateClass::ChanNil | StateClass::SelectNone) && !is_main(&point.snapshot, scene.group());
            if endless && !still(family.id) {
                judgement.open = true;
                notes.push(crate::advice(format!(
                    "{} goroutines in `{}` at {} stand in an earlier snapshot and not in the last: such a wait cannot end, so the process \
                     was restarted or the snapshots are of several; judge them one by one",
                    family.count,
                    scene.group().state.as_str(),
                    scene.at().func
                )));
                return;
            }
        }
    }
}

/// Numbers candidates in their order, from 1.
pub(crate) fn number(candidates: &mut [Candidate]) {
    for (rank, candidate) in (1u32..).zip(candidates) {
        candidate.rank = rank;
    }
}

fn judge_family(
    scene: &Scene<'_>,
    case: &Case<'_>,
    judgement: &mut Judgement,
    suspects: &mut Vec<Suspect>,
    notes: &mut Vec<Note>,
) {
    let series = case.series;
    let main = is_main(scene.snapshot(), scene.group());
    let proof = if main { 0 } else { judge_proof::leaked_count(scene, &case.leaked) };
    let untold = if main || proof > 0 { 0 } else { judge_proof::leaked_somewhere(scene, &case.leaked) };
    let mut sightings = sightings(scene);
    if main || !can_be_stuck(scene.class()) && proof == 0 {
        sightings.retain(|(_, sighting)| scene.class() == StateClass::Lock && !sighting.structural);
    }
    if let (Some((_, sighting)), true) = (sightings.first_mut(), untold > 0) {
        sighting.evidence.insert(0, judge_proof::shared(untold));
    }
    if proof > 0 && sightings.is_empty() {
        judgement.open = true;
        notes.push(crate::advice(format!(
            "the runtime says that {proof} goroutines at {} ({}) are leaked; no pattern describes them",
            scene.at().func,
            scene.group().state.as_str()
        )));
    }
    if proof > 0 {
        let mut proven = sightings.clone();
        let facts = judge_proof::facts(scene, case.proofs, proof);
        proven.iter_mut().take(1).for_each(|(_, sighting)| drop(sighting.evidence.splice(0..0, facts.iter().cloned())));
        push_finding(judgement, scene, case.target, &proven, Certainty::Proven, proof);
        if proof >= scene.count() {
            return;
        }
    }
    if sightings.first().is_some_and(|(_, sighting)| sighting.structural) {
        return push_finding(judgement, scene, case.target, &sightings, Certainty::Proven, scene.count());
    }
    if let Some(certainty) = judge_held::certainty(scene).filter(|_| !sightings.is_empty() && proof == 0) {
        return push_finding(judgement, scene, case.target, &sightings, certainty, scene.count());
    }
    let sustained =
        scene.growth.and_then(|growth| growth.sustained.filter(|_| outlives(growth)).map(|stretch| (growth, stretch)));
    let mut load_fact = None;
    if let Some((growth, stretch)) = sustained
        && !sightings.is_empty()
    {
        load_fact = load::explains(scene, series, growth, stretch);
        if load_fact.is_none() {
            for (_, sighting) in sightings.iter_mut().take(PATTERNS_A_FAMILY) {
                sighting.evidence.extend(growth_facts(scene, growth, stretch));
            }
            // The series tells that they pile up, the proof of some, or the runtime's list of their stack, that they do not end.
            let certainty = if proof > 0 || untold > 0 { Certainty::Confirmed } else { Certainty::Suspected };
            return push_finding(judgement, scene, case.target, &sightings, certainty, scene.count() - proof);
        }
    }
    if proof > 0 {
        return;
    }
    if let Some(fact) = queue_that_never_moves(scene, series) {
        sightings
            .iter_mut()
            .take(1)
            .for_each(|(_, sighting)| sighting.evidence.extend([Some(fact.clone()), age_fact(scene)].into_iter().flatten()));
        return push_finding(judgement, scene, case.target, &sightings, Certainty::Suspected, scene.count());
    }
    let traced = case.proofs.trace.map(|trace| (trace, trace.of(scene)));
    if let (Some((_, sighting)), Some((trace, traced))) = (sightings.first_mut(), &traced) {
        sighting.evidence.extend(trace.facts(traced));
    }
    // The dump tells where they stand and why, the trace that they come and never go.
    if let Some(certainty) = traced.and_then(|(trace, traced)| trace.leak(scene, &traced)).filter(|_| !sightings.is_empty()) {
        return push_finding(judgement, scene, case.target, &sightings, certainty, scene.count());
    }
    if traced.is_some_and(|(_, traced)| TraceWitness::moved_on(&traced)) {
        *judgement.hidden.entry("goroutines_that_moved".to_owned()).or_default() += scene.count();
        return;
    }
    let unmoved = case.still.as_ref().and_then(|still| still.fact(scene));
    if let Some((_, sighting)) = sightings.first_mut() {
        sighting.evidence.extend(unmoved);
    }
    if case.still.as_ref().is_some_and(|still| still.is_stuck(scene)) {
        return push_finding(judgement, scene, case.target, &sightings, Certainty::Suspected, scene.count());
    }
    let undecided = load_fact.is_some() || untold > 0 && !sightings.is_empty();
    if let Some(hidden) = why_not_a_candidate(scene, series, sightings.is_empty(), undecided) {
        *judgement.hidden.entry(hidden.to_owned()).or_default() += scene.count();
        return;
    }
    suspects.push(suspect(scene, case, &sightings, load_fact.as_ref()));
}

/// Goroutines that wait for a lock through the whole window, three and more of them for a minute at a stretch. A Go mutex is handed
/// to its oldest waiter once that has waited for a millisecond (`sync/mutex.go`, starvation mode), so nobody has let go of it.
fn queue_that_never_moves(scene: &Scene<'_>, series: &Series) -> Option<Evidence> {
    if scene.class() != StateClass::Lock || !series.can_judge_growth() {
        return None;
    }
    let (held, of) = series.held(scene.family().id)?;
    (held == of && of >= QUEUE_MIN).then(|| {
        Evidence::new(
            EvidenceKind::Persistence,
            format!(
                "all {of} that waited for the lock at the start of the window have waited there ever since, for a minute and more"
            ),
        )
        .with("of", &of)
        .with("waited", &held)
    })
}

/// Why a family that is not a finding is not even a candidate, as a key of `hidden`.
fn why_not_a_candidate(scene: &Scene<'_>, series: &Series, fits_nothing: bool, undecided: bool) -> Option<&'static str> {
    let known = |at: &usize| benign(scene.snapshot(), &scene.point.census.groups[*at], Lang::En).is_some();
    if !undecided && scene.family().groups.iter().all(known) {
        return Some("benign_goroutines");
    }
    if fits_nothing {
        return Some("goroutines_that_fit_no_pattern");
    }
    let rises = scene.growth.is_some_and(|growth| {
        let never_falls = growth.counts.is_sorted();
        let everyone_stays = growth.stayed.map_or(never_falls, |(still, of)| still == of);
        let in_bursts = growth.rise >= SUSTAINED_RISE.cast_signed() && everyone_stays;
        in_bursts || growth.rise > 0 && growth.rising.0 * 2 >= growth.rising.1
    });
    if !series.can_judge_growth() || undecided || rises || stands_still(scene) {
        return None;
    }
    Some("steady_goroutines")
}

/// The same goroutines have stood at a lock, a send, a WaitGroup or a semaphore through the whole window.
fn stands_still(scene: &Scene<'_>) -> bool {
    let waits_for_another =
        matches!(scene.class(), StateClass::Lock | StateClass::ChanSend | StateClass::WaitGroup | StateClass::Semaphore);
    let all_stayed = scene.growth.and_then(|growth| growth.stayed).is_some_and(|(still, of)| of > 0 && still == of);
    waits_for_another && all_stayed && scene.facts().aged > 0
}

fn outlives(growth: &Growth) -> bool {
    growth.stayed.is_none_or(|(still, of)| still as f64 >= STAYED * of as f64)
}

/// Patterns that fit the family, best first.
pub(crate) fn sightings(scene: &Scene<'_>) -> Vec<(&'static Pattern, Sighting)> {
    let mut found: Vec<(&'static Pattern, Sighting)> =
        CATALOGUE.iter().filter_map(|pattern| pattern.look(scene).map(|sighting| (pattern, sighting))).collect();
    found.sort_by(|a, b| b.1.fit.cmp(&a.1.fit).then(a.0.id.cmp(b.0.id)));
    found
}

pub(crate) fn growth_facts(scene: &Scene<'_>, growth: &Growth, stretch: Sustained) -> Vec<Evidence> {
    let (from, to) = (growth.counts[stretch.from], growth.counts.last().copied().unwrap_or_default());
    let how = if stretch.every_step { "at every one of" } else { "never falling in" };
    let mut facts = vec![
        Evidence::new(
            EvidenceKind::Growth,
            format!("rose from {from} to {to} in {:.0} s, {how} {} steps", stretch.span_s, stretch.steps),
        )
        .with("from", &from)
        .with("to", &to)
        .with("seconds", &stretch.span_s.round())
        .with("steps", &stretch.steps),
    ];
    if let Some((still, of)) = growth.stayed {
        facts.push(
            Evidence::new(EvidenceKind::Persistence, format!("{still} of the {of} at the start of the window are still alive"))
                .with("still", &still)
                .with("of", &of),
        );
    }
    facts.extend(presence_fact(scene, growth));
    facts.extend(age_fact(scene));
    facts
}

/// S3: one piece of evidence; alone it is true of every healthy server.
fn presence_fact(scene: &Scene<'_>, growth: &Growth) -> Option<Evidence> {
    let (present, windows) = growth.presence;
    let holds = scene.count() >= S3_COUNT && present * 100 >= windows * S3_SHARE_PERCENT;
    holds.then(|| judge_rules::presence(scene.count(), present, windows))
}

fn age_fact(scene: &Scene<'_>) -> Option<Evidence> {
    let wait = scene.facts().wait_s.filter(|_| scene.facts().aged > 0)?;
    let minutes = |seconds: f64| (seconds / 60.0).round();
    let half = if wait.p50 < 60.0 { String::new() } else { format!(", half of them for {} min or more", minutes(wait.p50)) };
    Some(
        Evidence::new(EvidenceKind::AgeSpread, format!("the oldest waits for {} min{half}", minutes(wait.max)))
            .with("min", &minutes(wait.min))
            .with("p50", &minutes(wait.p50))
            .with("max", &minutes(wait.max)),
    )
}

pub(crate) fn push_finding(
    judgement: &mut Judgement,
    scene: &Scene<'_>,
    target: &Target,
    sightings: &[(&'static Pattern, Sighting)],
    certainty: Certainty,
    count: u64,
) {
    let Some(((pattern, sighting), others)) = sightings.split_first() else { return };
    let page = pattern.page(Lang::En);
    let (at, started_by) = (scene.at(), scene.started_by());
    let mut evidence = sighting.evidence.clone();
    // Where even the direction is hidden, every pattern of channels is as good as the next.
    let named = if scene.class() == StateClass::Channel {
        others.len()
    } else if sighting.structural {
        0
    } else {
        PATTERNS_A_FAMILY - 1
    };
    let also: Vec<_> = others.iter().take(named).map(|(other, _)| other.pattern_id()).collect();
    if !also.is_empty() {
        let list = also.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        evidence.push(
            Evidence::new(EvidenceKind::AlsoFits, format!("the stack alone would also fit {list}")).with("patterns", &list),
        );
    }
    let steps = remedy::next(&pattern.pattern_id(), target);
    judgement.findings.push(Finding {
        id: pattern.pattern_id(),
        target: target.name.clone(),
        title: page.title.to_owned(),
        severity: pattern.severity,
        certainty,
        count,
        rate_per_s: rate(scene).filter(|_| certainty != Certainty::Proven || count == scene.count()),
        fingerprint: fingerprint(pattern.id, &at, started_by.as_ref()),
        waits_on: waits_on(scene),
        since_s: scene.facts().wait_s.filter(|_| scene.snapshot().origin.tells_state()),
        evidence,
        why: page.why.to_owned(),
        fix: page.fix.to_owned(),
        next: remedy::texts(&steps),
        steps,
        also,
        family: Some(hex(scene.family().id)),
        position: None,
        repair: None,
        at,
        started_by,
    });
}

fn rate(scene: &Scene<'_>) -> Option<f64> {
    let growth = scene.growth?;
    let rate = growth.sustained.map(|stretch| stretch.rate_per_s).or(growth.rate_per_s)?;
    Some((rate * 100.0).round() / 100.0)
}

fn suspect(
    scene: &Scene<'_>,
    case: &Case<'_>,
    sightings: &[(&'static Pattern, Sighting)],
    load_fact: Option<&Evidence>,
) -> Suspect {
    let score = score(scene, sightings, load_fact.is_some());
    let candidates = sightings
        .iter()
        .take(PATTERNS_A_FAMILY)
        .zip(1u32..)
        .map(|((pattern, sighting), family_rank)| candidate(scene, case, pattern, sighting, family_rank, load_fact))
        .collect();
    Suspect { family: scene.family, score, count: scene.count(), candidates }
}

fn candidate(
    scene: &Scene<'_>,
    case: &Case<'_>,
    pattern: &Pattern,
    sighting: &Sighting,
    family_rank: u32,
    load_fact: Option<&Evidence>,
) -> Candidate {
    let page = pattern.page(Lang::En);
    let (at, started_by) = (scene.at(), scene.started_by());
    let mut evidence = sighting.evidence.clone();
    evidence.extend(age_fact(scene));
    evidence.extend(load_fact.cloned());
    evidence.extend(scene.growth.and_then(|growth| presence_fact(scene, growth)));
    if !scene.snapshot().origin.tells_state() {
        evidence.push(Evidence::new(
            EvidenceKind::WitnessLimit,
            "the profile carries no state, age or creator; the state is inferred from frames",
        ));
    }
    let steps = remedy::decide_by(&sighting.decide_by, case.target, case.asked, &at);
    Candidate {
        id: pattern.pattern_id(),
        target: case.target.name.clone(),
        title: page.title.to_owned(),
        rank: 0,
        family_rank,
        count: scene.count(),
        rate_per_s: rate(scene),
        fingerprint: fingerprint(pattern.id, &at, started_by.as_ref()),
        waits_on: waits_on(scene),
        since_s: scene.facts().wait_s.filter(|_| scene.snapshot().origin.tells_state()),
        evidence,
        why: page.why.to_owned(),
        fix: page.fix.to_owned(),
        decide_by: remedy::texts(&steps),
        steps,
        family: Some(hex(scene.family().id)),
        at,
        started_by,
    }
}

/// How much a family looks stuck: its best pattern, how many, how long, whether it rises; orders candidates and nothing else.
fn score(scene: &Scene<'_>, sightings: &[(&'static Pattern, Sighting)], follows_load: bool) -> f64 {
    let fit = sightings.first().map_or(0.0, |(_, sighting)| f64::from(sighting.fit));
    let many = (scene.count() as f64).log2() * 4.0;
    let long = scene.facts().wait_s.map_or(0.0, |wait| (wait.p50 / 60.0 + 1.0).log2() * 6.0);
    let rising = scene.growth.map_or(0.0, |growth| {
        let (up, of) = growth.rising;
        if growth.rise > 0 && of > 0 { 30.0 * up as f64 / of as f64 } else { 0.0 }
    });
    let rarely_healthy = matches!(scene.class(), StateClass::Lock | StateClass::ChanSend | StateClass::WaitGroup);
    fit + many + long + rising + if rarely_healthy { 20.0 } else { 0.0 } - if follows_load { 40.0 } else { 0.0 }
}

fn waits_on(scene: &Scene<'_>) -> String {
    let state = scene.group().state.as_str();
    let inferred = matches!(scene.group().state, WaitReason::Unknown);
    match scene.facts().shared_object {
        Some((_, address, _)) if scene.facts().objects.len() == 1 => format!("{state} {:#x}", address.0),
        _ if inferred => "not told by the witness".to_owned(),
        _ => state.to_owned(),
    }
}

/// Identity across runs and versions: id of the pattern, blocked function, starter; no lines, which move with every edit.
pub(crate) fn fingerprint(id: &str, at: &Place, started_by: Option<&Place>) -> String {
    let mut hash = Fnv::new();
    hash.text(id);
    hash.text(&names::normal(&at.func));
    if let Some(starter) = started_by {
        hash.text(&names::normal(&starter.func));
    }
    hex(hash.0)
}

/// A series too short to judge growth says so, once, when something is left undecided.
fn note_short_series(series: &Series, judgement: &Judgement, notes: &mut Vec<Note>) {
    if series.points.len() < 2 || series.can_judge_growth() || judgement.candidates.is_empty() {
        return;
    }
    let span = series.span_s().map_or("no times".to_owned(), |span| format!("{span:.0} s"));
    notes.push(crate::advice(format!(
        "{} snapshots over {span} are too few to judge growth: seven or more over 60 s decide",
        series.points.len()
    )));
}
