//! The source eye of DL003: a lock is held over a wait, and whoever lets that go on needs the lock first.
//!
//! All who send to, receive from or close the channel must be known, and all of them must be kept from it by the lock.

use herd_golang::acts::{ActKind, BodyId, LockAct, LockKey, LockWhat, Target, When};

use crate::source::{Scene, Spotted};
use crate::source_blocked::{Needed, Wait, needed_before, needed_between, waits};
use crate::source_held::{is_fresh, reached_with};
use crate::source_partners::{Channel, Use, UseKind, is_handed_over};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = Vec::new();
    let takes = |act: &&LockAct| act.what == LockWhat::Takes && act.when == When::Now;
    if !scene.package.waiting.contains(&scene.id) || !scene.graph().sound || !scene.locks.iter().any(|act| takes(&act)) {
        return found;
    }
    let waits = waits(scene);
    if waits.is_empty() {
        return found;
    }
    for lock in scene.locks.iter().filter(takes) {
        let Some(key) = scene.package.key(lock.path) else { continue };
        if !scene.is_steady(lock.path)
            || scene.is_tried(lock.path)
            || is_fresh(scene, lock.path)
            || is_handed_over(scene, lock.path)
        {
            continue;
        }
        let reached = reached_with(scene, lock);
        for wait in waits.iter().filter(|wait| reached.contains(wait.step)) {
            if found.iter().any(|one| one.at == wait.pos) {
                continue;
            }
            let Some((needed, what)) = kept_back(scene, wait, key) else { continue };
            let name = scene.package.text(lock.path);
            let mut way = scene.stops(lock, &format!("takes {name}"));
            way.extend(scene.stops_of(&wait.via, &format!("{what} while {name} is held")));
            let other = scene.package.scene(needed.body);
            way.extend(other.stops_of(&needed.via, &format!("whoever is waited for asks for {name} first")));
            let text = format!("{name} is held over a wait for someone who needs it");
            found.push(Spotted::new(scene.body.file, wait.pos, text, way));
        }
    }
    found
}

/// Who is kept from letting a wait go on by a lock; nothing where somebody else may.
fn kept_back(scene: &Scene<'_, '_>, wait: &Wait, lock: LockKey) -> Option<(Needed, &'static str)> {
    if wait.gives.contains(&lock) {
        return None;
    }
    let mut first = None;
    let mut what = "waits";
    for (kind, channel) in &wait.on {
        let (needed, text) = match kind {
            UseKind::Send => {
                // What fits into the channel waits for nobody, unless there is more of it each time.
                let room = scene.package.partners().room(*channel);
                if room != Some(0) && (wait.renewed || !is_in_rounds(scene, wait)) {
                    return None;
                }
                (all_kept(scene, wait, *channel, lock, &[UseKind::Receive], true)?, "sends")
            }
            UseKind::Receive => {
                let in_rounds = is_in_rounds(scene, wait);
                (all_kept(scene, wait, *channel, lock, &[UseKind::Send, UseKind::Close], in_rounds)?, "receives")
            }
            UseKind::Wait => (one_kept(scene, *channel, lock)?, "waits for a group"),
            UseKind::CondWait => (all_kept(scene, wait, *channel, lock, &[UseKind::Signal], false)?, "waits to be woken"),
            UseKind::Close | UseKind::Done | UseKind::Signal => return None,
        };
        what = text;
        first.get_or_insert(needed);
    }
    first.map(|needed| (needed, what))
}

/// Where all who could do one of some things to a channel are kept from it.
fn all_kept(scene: &Scene<'_, '_>, wait: &Wait, channel: Channel, lock: LockKey, by: &[UseKind], rounds: bool) -> Option<Needed> {
    let uses = scene.package.partners().known_uses(channel)?;
    let partners: Vec<&Use> = uses.iter().filter(|one| by.contains(&one.kind)).collect();
    let mut first = None;
    for partner in partners {
        if partner.body == scene.id && partner.act.step == wait.step {
            continue;
        }
        let between = || rounds.then(|| needed_between(scene.package, partner, lock)).flatten();
        // Who asked for the lock before and does so no more may be past it by the time it is held.
        let comes_after = partner.kind == UseKind::Close || partner.kind == UseKind::Signal || is_started(scene, partner.body);
        let before = || comes_after.then(|| needed_before(scene.package, partner, lock)).flatten();
        let kept = between().or_else(before)?;
        first.get_or_insert(kept);
    }
    first
}

/// Where one of the goroutines that the function started before, and that a group counts, cannot end without a lock.
fn one_kept(scene: &Scene<'_, '_>, group: Channel, lock: LockKey) -> Option<Needed> {
    let uses = scene.package.partners().uses(group);
    let mut done = uses.iter().filter(|one| one.kind == UseKind::Done && is_started(scene, one.body));
    done.find_map(|one| needed_before(scene.package, one, lock))
}

/// Whether a function starts a body as a goroutine.
fn is_started(scene: &Scene<'_, '_>, body: BodyId) -> bool {
    scene.body.acts.iter().any(|act| {
        let callee = match act.kind {
            ActKind::Call(Target::Object(object)) => scene.package.unit.body_of(object),
            ActKind::Call(Target::Literal(literal)) => Some(literal),
            _ => None,
        };
        act.when == When::Spawned && callee == Some(body)
    })
}

/// Whether a wait may come again while the lock is held.
fn is_in_rounds(scene: &Scene<'_, '_>, wait: &Wait) -> bool {
    let gives = scene.steps(|act| act.what == LockWhat::Gives && act.when == When::Now);
    scene.way(wait.step, |place| scene.is_at(place, wait.step), &gives).is_some()
}
