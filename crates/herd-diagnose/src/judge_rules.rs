//! Rules of thumb kept for those who ask for them by number. They give candidates and nothing else: each states its weakness, none
//! changes a verdict or an exit code.

use std::collections::BTreeSet;

use herd_analysis::census::Group;
use herd_analysis::series::WINDOWS;
use herd_analysis::{Series, report};
use herd_model::{Candidate, Evidence, EvidenceKind, Note, Target};
use herd_patterns::Witness;
use herd_patterns::benign::is_main;

use crate::{judge, remedy};

/// A rule, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// One stack holds 50 goroutines or more and stands in 70 % or more of the last ten snapshots.
    S3,
}

/// S3: goroutines one stack must hold in the latest snapshot.
pub(crate) const S3_COUNT: u64 = 50;
/// S3: share of the windows that must hold the stack, in per cent.
pub(crate) const S3_SHARE_PERCENT: usize = 70;

const S3_WEAKNESS: &str =
    "the rule alone flags every healthy server: idle connections, pools and long polls stand in one stack all the time";

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 1] = [Rule::S3];

    /// Its number.
    pub fn id(self) -> &'static str {
        match self {
            Rule::S3 => "S3",
        }
    }

    /// The rule with this number, upper or lower case.
    pub fn by_id(id: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.id().eq_ignore_ascii_case(id))
    }
}

/// Whether a candidate was named by a rule of thumb.
pub fn is_of_rule(candidate: &Candidate) -> bool {
    Rule::by_id(&candidate.id.0).is_some()
}

/// What the rules name in a series, most goroutines first.
pub fn candidates(rules: &BTreeSet<Rule>, series: &Series, target: &Target) -> Vec<Candidate> {
    let named = rules.iter().flat_map(|rule| match rule {
        Rule::S3 => same_stack(series, target),
    });
    named.collect()
}

fn same_stack(series: &Series, target: &Target) -> Vec<Candidate> {
    let windows = &series.points[series.points.len().saturating_sub(WINDOWS)..];
    let last = series.last();
    let many = last.census.groups.iter().filter(|group| group.count >= S3_COUNT && !is_main(&last.snapshot, group));
    many.filter_map(|group| {
        let holds = |stack: &Group| stack.id == group.id;
        let present = windows.iter().filter(|point| point.census.groups.iter().any(holds)).count();
        (present * 100 >= windows.len() * S3_SHARE_PERCENT).then(|| candidate(series, group, present, windows.len(), target))
    })
    .collect()
}

fn candidate(series: &Series, group: &Group, present: usize, windows: usize, target: &Target) -> Candidate {
    let snapshot = &series.last().snapshot;
    let (at, started_by) = (report::at_place(snapshot, group), report::started_by(snapshot, group));
    let steps =
        remedy::decide_by(&[Witness::LeakProfile, Witness::Series, Witness::Source], target, remedy::Asked::of(series), &at);
    Candidate {
        id: herd_model::PatternId::new(Rule::S3.id()),
        target: target.name.clone(),
        title: "One stack holds many goroutines all the time".to_owned(),
        rank: 0,
        family_rank: 1,
        count: group.count,
        rate_per_s: None,
        fingerprint: judge::fingerprint(Rule::S3.id(), &at, started_by.as_ref()),
        waits_on: group.state.as_str().to_owned(),
        since_s: None,
        evidence: vec![presence(group.count, present, windows), Evidence::new(EvidenceKind::WitnessLimit, S3_WEAKNESS)],
        why: "a leak piles goroutines up in one stack; so does every healthy server, which is the weakness of this rule"
            .to_owned(),
        fix: "nothing by this rule alone: see whether the stack's own count rises, and what the other candidates say".to_owned(),
        decide_by: remedy::texts(&steps),
        steps,
        // A stack, not a family: it stands apart from what the patterns name.
        family: None,
        at,
        started_by,
    }
}

/// What whoever asked for the rules should know before believing them.
pub(crate) fn weaknesses(rules: &BTreeSet<Rule>) -> impl Iterator<Item = Note> {
    rules.iter().map(|rule| match rule {
        Rule::S3 => crate::advice(format!("{}: {S3_WEAKNESS}", rule.id())),
    })
}

/// How many goroutines one place holds, and how often it holds some.
pub(crate) fn presence(count: u64, present: usize, windows: usize) -> Evidence {
    let text = format!("the same place holds {count} goroutines, and holds some in {present} of the last {windows} snapshots");
    Evidence::new(EvidenceKind::Presence, text).with("count", &count).with("present", &present).with("windows", &windows)
}

#[cfg(test)]
mod tests {
    use herd_model::Place;

    use super::*;

    #[test]
    fn a_rule_is_chosen_by_its_number() {
        assert_eq!(["S3", "s3", "S4"].map(Rule::by_id), [Some(Rule::S3), Some(Rule::S3), None]);
        let at = Place::default();
        assert_ne!(judge::fingerprint("S3", &at, None), judge::fingerprint("LK001", &at, None));
    }
}
