//! What a detector looks at, and what it answers.

use herd_analysis::census::{Family, Group};
use herd_analysis::facts::FamilyFacts;
use herd_analysis::{Growth, Point, names};
use herd_model::{Evidence, EvidenceKind, Place, Snapshot, StateClass};

use crate::memory::Memory;

/// One family in the latest snapshot, with its growth where there is a series.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The latest snapshot, measured.
    pub point: &'a Point,
    /// Index of the family in [`Point::census`].
    pub family: usize,
    /// How the family moves; absent for one snapshot.
    pub growth: Option<&'a Growth>,
    /// What the memory shows of what each family waits on; [`crate::NOT_READ`] where it was not read.
    pub memory: &'a Memory,
}

/// Which witness would decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Witness {
    /// More snapshots of the same process.
    Series,
    /// `debug=2` text: states, ages, creators.
    Stacks,
    /// The runtime's goroutine leak profile (Go 1.27).
    LeakProfile,
    /// Text with runtime frames and exact channel addresses (SIGQUIT, `GOTRACEBACK=system`).
    SystemDump,
    /// The process's memory, by PID or core.
    Memory,
    /// An execution trace.
    Trace,
    /// Allocations over a known time: a profile with `?seconds=`, or two of them.
    AllocationRate,
    /// The source.
    Source,
}

/// A family that fits a pattern.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// How well it fits, 1 to 100; only orders patterns of one family.
    pub fit: u8,
    /// The wait can by its structure never end.
    pub structural: bool,
    /// Facts that speak for it.
    pub evidence: Vec<Evidence>,
    /// Witnesses that would decide, best first.
    pub decide_by: Vec<Witness>,
}

impl Sighting {
    /// A family whose state and frames fit.
    pub fn shape(fit: u8, text: impl Into<String>) -> Self {
        Sighting {
            fit,
            structural: false,
            evidence: vec![Evidence::new(EvidenceKind::Shape, text)],
            decide_by: vec![Witness::Series, Witness::Memory, Witness::Source],
        }
    }

    /// A wait that can by its structure never end.
    pub fn structure(text: impl Into<String>) -> Self {
        Sighting {
            fit: 100,
            structural: true,
            evidence: vec![Evidence::new(EvidenceKind::Structure, text)],
            decide_by: Vec::new(),
        }
    }

    /// Fits better by `points` if there is a fact for it.
    #[must_use]
    pub fn and(mut self, points: u8, fact: Option<Evidence>) -> Self {
        if let Some(fact) = fact {
            self.fit = (self.fit + points).min(99);
            self.evidence.push(fact);
        }
        self
    }

    /// Fits worse by `points` if there is a fact against it.
    #[must_use]
    pub fn unless(mut self, points: u8, against: Option<Evidence>) -> Self {
        if let Some(fact) = against {
            self.fit = self.fit.saturating_sub(points).max(1);
            self.evidence.push(fact);
        }
        self
    }

    /// Names the deciding witnesses.
    #[must_use]
    pub fn decided_by(mut self, witnesses: &[Witness]) -> Self {
        self.decide_by = witnesses.to_vec();
        self
    }
}

impl<'a> Scene<'a> {
    /// The snapshot.
    pub fn snapshot(&self) -> &'a Snapshot {
        &self.point.snapshot
    }

    /// The family.
    pub fn family(&self) -> &'a Family {
        &self.point.census.families[self.family]
    }

    /// Its facts.
    pub fn facts(&self) -> &'a FamilyFacts {
        &self.point.facts[self.family]
    }

    /// Its largest group.
    pub fn group(&self) -> &'a Group {
        &self.point.census.groups[self.family().groups[0]]
    }

    /// State class.
    pub fn class(&self) -> StateClass {
        self.family().class
    }

    /// Goroutines.
    pub fn count(&self) -> u64 {
        self.family().count
    }

    /// Function names of the largest group, innermost first.
    pub fn funcs(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let snapshot = self.snapshot();
        self.group().frames.iter().map(move |frame| snapshot.func(*frame))
    }

    /// Whether a function (without closure parts) is on the stack.
    pub fn calls(&self, func: &str) -> bool {
        self.funcs().any(|name| name == func || names::normal(name).strip_suffix(".func") == Some(func))
    }

    /// The main goroutine stands in it.
    pub fn is_main(&self) -> bool {
        self.calls("main.main") && self.group().created_by.is_none()
    }

    /// The frame that blocks.
    pub fn at(&self) -> Place {
        herd_analysis::report::at_place(self.snapshot(), self.group())
    }

    /// Who started it.
    pub fn started_by(&self) -> Option<Place> {
        herd_analysis::report::started_by(self.snapshot(), self.group())
    }

    /// User frames: those outside the standard library.
    pub fn user_frames(&self) -> Vec<&'a str> {
        let snapshot = self.snapshot();
        let outside = |frame: &&herd_model::FrameId| !names::is_std(snapshot.func(**frame), snapshot.file(**frame));
        self.group().frames.iter().filter(outside).map(|frame| snapshot.func(*frame)).collect()
    }

    /// The witness carries creators and ids.
    pub fn tells_creators(&self) -> bool {
        self.snapshot().origin.tells_creators()
    }

    /// The starting function is no longer on its goroutine's stack for every sampled goroutine.
    pub fn starters_left(&self) -> Option<Evidence> {
        let starters = self.facts().starters;
        let left = starters.gone + starters.moved_on;
        (starters.sampled > 0 && left == starters.sampled).then(|| {
            Evidence::new(
                EvidenceKind::CreatorReturned,
                format!("the function that started them has returned for all {} looked at", starters.sampled),
            )
            .with("count", &starters.sampled)
        })
    }

    /// The starting function still runs for at least one sampled goroutine.
    pub fn starter_lives(&self) -> Option<Evidence> {
        let starters = self.facts().starters;
        let live = starters.sampled - starters.gone - starters.moved_on;
        (live > 0).then(|| {
            Evidence::new(
                EvidenceKind::CreatorReturned,
                format!("the function that started them still runs for {live} of {} looked at", starters.sampled),
            )
            .with("live", &live)
            .with("count", &starters.sampled)
        })
    }

    /// Other families (index, family) that share a starter goroutine with this one.
    pub fn sisters(&self) -> Vec<(usize, &'a Family)> {
        let mut families: Vec<usize> =
            self.facts().parents.iter().filter_map(|parent| self.point.started.get(parent)).flatten().copied().collect();
        families.sort_unstable();
        families.dedup();
        families.into_iter().filter(|at| *at != self.family).map(|at| (at, &self.point.census.families[at])).collect()
    }

    /// Other families that share a starter goroutine with this one, or whose blocked method is one of the same type.
    pub fn kin(&self) -> impl Iterator<Item = Scene<'a>> + use<'a> {
        let (scene, own) = (*self, self.own_type());
        let mut kin: Vec<usize> = self.sisters().iter().map(|(at, _)| *at).collect();
        let alike = own.and_then(|own| self.point.methods.get(own)).into_iter().flatten();
        kin.extend(alike.filter(|at| Scene { family: **at, ..scene }.own_type() == own));
        kin.sort_unstable();
        kin.dedup();
        kin.into_iter().filter(move |at| *at != scene.family).map(move |family| Scene { family, ..scene })
    }

    /// Package and receiver of the method that blocks.
    pub fn own_type(&self) -> Option<&'a str> {
        names::receiver(self.user_frames().first()?)
    }

    /// The blocked function is a closure right inside the function that started it.
    pub fn is_closure_of_starter(&self) -> bool {
        let (snapshot, group) = (self.snapshot(), self.group());
        let (Some(at), Some(creator)) = (group.at, group.created_by) else { return false };
        names::normal(snapshot.func(at)).strip_suffix(".func")
            == Some(names::normal(snapshot.func(creator)).trim_end_matches(".func"))
    }

    /// The form carries states: text of stacks, not a profile.
    pub fn tells_state(&self) -> bool {
        self.snapshot().origin.tells_state()
    }

    /// The function that holds the `go` statement.
    pub fn creator(&self) -> Option<&'a str> {
        self.creator_of(self.family)
    }

    /// The same of another family, by index.
    pub fn creator_of(&self, family: usize) -> Option<&'a str> {
        let group = &self.point.census.groups[self.point.census.families[family].groups[0]];
        group.created_by.map(|frame| self.snapshot().func(frame))
    }

    /// The blocked method was called by another method of the same type: the usual way to lock twice.
    pub fn nested_methods(&self) -> Option<Evidence> {
        let user = self.user_frames();
        let (inner, outer) = (user.first()?, user.get(1)?);
        let receiver = names::receiver(inner)?;
        (names::receiver(outer) == Some(receiver)).then(|| {
            let (inner, outer) = (names::short(inner), names::short(outer));
            Evidence::new(EvidenceKind::Shape, format!("{inner} was called by {outer}, a method of the same type"))
                .with("inner", &inner)
                .with("outer", &outer)
        })
    }

    /// The receive is `v, ok := <-ch` or `range ch` (`runtime.chanrecv2`), where the witness shows runtime frames.
    pub fn ranges(&self) -> Option<Evidence> {
        self.runtime_calls("runtime.chanrecv2").then(|| {
            Evidence::new(EvidenceKind::Shape, "the receive is that of a range loop, or asks whether the channel is closed")
        })
    }

    /// The receive is a plain `<-ch` (`runtime.chanrecv1`), where the witness shows runtime frames.
    pub fn receives_once(&self) -> Option<Evidence> {
        self.runtime_calls("runtime.chanrecv1")
            .then(|| Evidence::new(EvidenceKind::Shape, "the receive is a single `<-`, not a range loop"))
    }

    /// Whether a runtime function, hidden from the group's frames, stands on the stack.
    fn runtime_calls(&self, func: &str) -> bool {
        let snapshot = self.snapshot();
        let cluster = &snapshot.clusters[self.group().clusters[0].0 as usize];
        snapshot.stack(cluster).frames.iter().take(4).any(|frame| snapshot.func(*frame) == func)
    }

    /// Package and receiver of the method the goroutines were started with.
    pub fn entry_type(&self) -> Option<&'a str> {
        names::receiver(self.snapshot().func(self.group().entry?))
    }

    /// The profile hides whether the goroutines send or receive.
    pub fn direction_hidden(&self) -> Option<Evidence> {
        (self.class() == StateClass::Channel).then(|| {
            Evidence::new(
                EvidenceKind::WitnessLimit,
                "debug=1 text does not say whether they send or receive; debug=0 and debug=2 do",
            )
        })
    }
}
