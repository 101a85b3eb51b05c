//! What locks that remember who took them show of a family that waits for them: rings, locks taken twice, holders that have ended or
//! stand elsewhere.
//!
//! Go's own locks remember nobody; those of goherd's Go module do, and its fuse reports them.

use herd_model::{Evidence, EvidenceKind, GoroutineId, Held, Side, StateClass, Waits};

use crate::memory::{RingOf, Seen, noun};
use crate::scene::Scene;

/// What a lock's own record says of those who wait for it.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// They wait for each other: each lock of a ring says that the next one holds it.
    Ring,
    /// One waits for a lock that it holds itself.
    Itself(Evidence),
    /// Who took it has ended without an unlock.
    Ended(Evidence),
    /// Who holds it waits for a channel.
    OnChannel(Evidence),
    /// Who holds it runs, or waits for something else.
    Elsewhere(Evidence),
}

impl Scene<'_> {
    /// What the locks say that most of this family waits for; the strongest of it.
    pub fn recorded(&self) -> Option<Recorded> {
        let seen = self.seen().filter(|seen| seen.waits().recorded)?;
        let ring = [RingOf::Locks, RingOf::Both].into_iter().filter_map(|of| self.find_ring(of));
        let known = |ring: &&herd_model::WaitCycle| {
            ring.steps.len() > 1 && ring.steps.iter().all(|step| step.holder_known && step.kind.is_lock())
        };
        if ring.into_iter().any(|ring| known(&ring)) {
            return Some(Recorded::Ring);
        }
        let waits = seen.waits();
        let objects = || seen.own_waiters().filter_map(|one| one.on.first().map(|(object, _)| *object));
        if let Some((object, (one, side))) = objects().find_map(|object| Some((object, seen.waits_for_itself(object)?))) {
            return Some(Recorded::Itself(itself_fact(waits, one, object, side)));
        }
        let held = || objects().filter_map(|object| waits.holders(object).first());
        if let Some(held) = held().find(|held| held.cluster.is_none()) {
            return Some(Recorded::Ended(ended_fact(waits, held)));
        }
        self.stands(waits, held().next()?)
    }

    fn stands(&self, waits: &Waits, held: &Held) -> Option<Recorded> {
        let object = held.object;
        let snapshot = self.snapshot();
        let cluster = snapshot.clusters.get(held.cluster?.0 as usize)?;
        let frames = &snapshot.stack(cluster).frames;
        let at = herd_analysis::census::blocking_frame(snapshot, frames).map_or("?", |frame| snapshot.func(frame));
        let state = cluster.state.as_str();
        let waiters = waits.waiters.iter().filter(|one| one.on.iter().any(|(own, _)| *own == object)).count();
        let text = format!(
            "goroutine {} holds the {} at {} and stands in `{state}` at {at}; {waiters} goroutines wait for it",
            held.goroutine.0,
            of(waits, object),
            address(waits, object),
        );
        let fact = Evidence::new(EvidenceKind::LockRecord, text)
            .with("address", &address(waits, object))
            .with("func", &at)
            .with("holder", &held.goroutine.0)
            .with("state", &state)
            .with("waiters", &waiters);
        let on_channel = cluster.state.class().is_channel() || cluster.state.class() == StateClass::Select;
        Some(if on_channel { Recorded::OnChannel(fact) } else { Recorded::Elsewhere(fact) })
    }
}

fn itself_fact(waits: &Waits, one: GoroutineId, object: u32, side: Side) -> Evidence {
    let again = if side == Side::ReadLock { "to read" } else { "to lock" };
    let text = format!(
        "goroutine {} waits {again} the {} at {}, which it holds itself",
        one.0,
        of(waits, object),
        address(waits, object)
    );
    let name = if side == Side::ReadLock { "reader" } else { "itself" };
    Evidence::new(EvidenceKind::LockRecord, text).with("address", &address(waits, object)).with(name, &one.0)
}

fn ended_fact(waits: &Waits, held: &Held) -> Evidence {
    let object = held.object;
    let text = format!(
        "goroutine {} locked the {} at {} and has ended; nobody has unlocked it",
        held.goroutine.0,
        of(waits, object),
        address(waits, object)
    );
    Evidence::new(EvidenceKind::LockRecord, text).with("address", &address(waits, object)).with("ended", &held.goroutine.0)
}

fn of(waits: &Waits, object: u32) -> &'static str {
    waits.objects.get(object as usize).map_or("lock", |object| noun(object.what))
}

fn address(waits: &Waits, object: u32) -> String {
    let address = waits.objects.get(object as usize).and_then(|object| object.address);
    address.map(herd_analysis::graph::hex).unwrap_or_default()
}

impl Recorded {
    /// The fact, where one stands behind a ring's own.
    pub fn fact(self) -> Option<Evidence> {
        match self {
            Recorded::Ring => None,
            Recorded::Itself(fact) | Recorded::Ended(fact) | Recorded::OnChannel(fact) | Recorded::Elsewhere(fact) => Some(fact),
        }
    }
}

/// It waits to lock for itself alone what it holds.
pub fn locks_its_own(scene: &Scene<'_>) -> Option<Evidence> {
    let Some(Recorded::Itself(fact)) = scene.recorded() else { return None };
    fact.args.contains_key("itself").then_some(fact)
}

/// It waits to read what it reads already, behind a writer.
pub fn reads_its_own(scene: &Scene<'_>) -> Option<Evidence> {
    let Some(Recorded::Itself(fact)) = scene.recorded() else { return None };
    fact.args.contains_key("reader").then_some(fact)
}

/// Who took the lock has ended.
pub fn holder_ended(scene: &Scene<'_>) -> Option<Evidence> {
    let Some(Recorded::Ended(fact)) = scene.recorded() else { return None };
    Some(fact)
}

/// Who holds the lock waits for a channel.
pub fn holder_on_channel(scene: &Scene<'_>) -> Option<Evidence> {
    let Some(Recorded::OnChannel(fact)) = scene.recorded() else { return None };
    Some(fact)
}

/// Who holds the lock runs, or waits for something else.
pub fn holder_elsewhere(scene: &Scene<'_>) -> Option<Evidence> {
    let Some(Recorded::Elsewhere(fact)) = scene.recorded() else { return None };
    Some(fact)
}

impl Seen<'_> {
    /// Stacks were searched for addresses: that one is on none is known.
    pub(crate) fn stacks_searched(&self) -> bool {
        self.waits().searched
    }
}
