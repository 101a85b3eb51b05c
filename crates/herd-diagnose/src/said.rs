//! What a witness other than a dump says of a program, as findings and candidates: of places, not of goroutines that stand somewhere.

use herd_model::{Candidate, Certainty, Evidence, Finding, Place, Step, Target};
use herd_patterns::{Lang, Pattern};

use crate::{judge, remedy};

/// A pattern that was seen at a place.
pub(crate) struct Said {
    /// Which.
    pub(crate) pattern: &'static Pattern,
    /// Where; empty where no line shows it.
    pub(crate) at: Place,
    /// Goroutines concerned, where the witness counts them.
    pub(crate) count: u64,
    /// The facts.
    pub(crate) evidence: Vec<Evidence>,
    /// What to do next, or what would decide.
    pub(crate) steps: Vec<Step>,
}

impl Said {
    /// By one kind of witness alone: suspected.
    pub(crate) fn finding(self, target: &Target) -> Finding {
        let page = self.pattern.page(Lang::En);
        Finding {
            id: self.pattern.pattern_id(),
            target: target.name.clone(),
            title: page.title.to_owned(),
            severity: self.pattern.severity,
            certainty: Certainty::Suspected,
            count: self.count,
            rate_per_s: None,
            fingerprint: judge::fingerprint(self.pattern.id, &self.at, None),
            at: self.at,
            started_by: None,
            waits_on: String::new(),
            since_s: None,
            evidence: self.evidence,
            why: page.why.to_owned(),
            fix: page.fix.to_owned(),
            next: remedy::texts(&self.steps),
            steps: self.steps,
            also: Vec::new(),
            family: None,
            position: None,
            repair: None,
        }
    }

    /// What another witness must decide.
    pub(crate) fn candidate(self, target: &Target) -> Candidate {
        let page = self.pattern.page(Lang::En);
        Candidate {
            id: self.pattern.pattern_id(),
            target: target.name.clone(),
            title: page.title.to_owned(),
            rank: 0,
            family_rank: 1,
            count: self.count,
            rate_per_s: None,
            fingerprint: judge::fingerprint(self.pattern.id, &self.at, None),
            at: self.at,
            started_by: None,
            waits_on: String::new(),
            since_s: None,
            evidence: self.evidence,
            why: page.why.to_owned(),
            fix: page.fix.to_owned(),
            decide_by: remedy::texts(&self.steps),
            steps: self.steps,
            family: None,
        }
    }
}
