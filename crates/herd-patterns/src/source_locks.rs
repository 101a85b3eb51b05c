//! What several source eyes ask of the locks of a function.

use herd_golang::acts::{LockAct, LockWhat, Steps, When};
use herd_golang::ast::{ExprId, Pos, Stmt, StmtId};
use herd_golang::flow::{self, EdgeKind, Place};
use herd_golang::types::{LocalKind, Meaning, Type};

use crate::source::{Scene, Spotted, Stop};
use crate::source_held::is_fresh;
use crate::source_locks_cure::deferred_unlock;

/// Locks that are asked for on a way on which the function holds them; of the kinds, whether for reading, that are wanted.
pub fn taken_twice(scene: &Scene<'_, '_>, wanted: impl Fn(bool, bool) -> bool) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = Vec::new();
    let graph = scene.graph();
    if !graph.sound {
        return found;
    }
    for held in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now) {
        if !scene.is_steady(held.path)
            || scene.is_tried(held.path)
            || is_flagged(scene, held)
            || is_ticket(scene, held)
            || held.read && (!scene.package.is_written(held.path) || is_private(scene, held))
            || scene.is_given_back_elsewhere(held.path)
        {
            continue;
        }
        let mut gives = scene.steps(|act| act.path == held.path && act.what == LockWhat::Gives && act.when != When::Deferred);
        gives.extend(scene.resets(held.path).iter());
        let asks = |act: &LockAct| {
            act.path == held.path
                && act.when == When::Now
                && matches!(act.what, LockWhat::Takes | LockWhat::Within)
                && act.certain
                && wanted(held.read, act.read)
                // What a call keeps is held after it, not asked for again by it.
                && (act.step != held.step || act.what == LockWhat::Takes)
                && !gives.contains(act.step)
        };
        for asked in scene.locks.iter().filter(|act| asks(act)) {
            if scene.way(held.step, |place| scene.is_at(place, asked.step), &gives).is_none() {
                continue;
            }
            let name = scene.package.text(held.path);
            let at = asked.via.first().map_or(scene.body_start(), |(_, pos)| *pos);
            if found.iter().any(|one| one.at == at) {
                continue;
            }
            let mut way = scene.stops(held, &format!("takes {name}{}", for_reading(held.read)));
            way.extend(scene.stops(asked, &format!("asks for {name}{} while it is held", for_reading(asked.read))));
            let text = format!("{name} is asked for while it is held");
            found.push(Spotted::new(scene.body.file, at, text, way));
        }
    }
    for callback in scene.package.callbacks.iter().filter(|callback| callback.by == scene.id) {
        let (read, [taken, called]) = callback.held;
        if !wanted(read, callback.asked.read) || !callback.asked.certain || !scene.is_steady(callback.path) {
            continue;
        }
        let (name, inner) = (scene.package.text(callback.path), scene.package.scene(callback.literal));
        let at = callback.asked.via.first().map_or(callback.act.pos, |(_, pos)| *pos);
        let mut way = Vec::new();
        match callback.caller {
            Some(by) => {
                let caller_name = scene.package.object_name(by);
                way.push(scene.stop(callback.act.pos, format!("hands a function to {caller_name}")));
                way.push(Stop::within(by, taken, format!("takes the lock that is {name} here{}", for_reading(read))));
                way.push(Stop::within(by, called, "calls the function"));
            }
            None => way
                .push(scene.stop(callback.act.pos, format!("{name} runs a function, and lets nobody else in until it is done"))),
        }
        way.extend(
            inner.stops_of(&callback.asked.via, &format!("asks for {name}{} while it is held", for_reading(callback.asked.read))),
        );
        let text = format!("{name} is asked for while it is held");
        found.push(Spotted::new(inner.body.file, at, text, way));
    }
    found
}

/// Locks that are not given back on some way out, in a function that gives them back on others.
pub fn kept(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = Vec::new();
    if !scene.graph().sound {
        return found;
    }
    for held in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now) {
        let same = |act: &LockAct| act.path == held.path && act.what == LockWhat::Gives;
        let given = scene.locks.iter().any(|act| same(act) && act.read == held.read);
        let meant = scene.package.key(held.path).is_some_and(|key| scene.package.is_given_back(key));
        // A callee that always keeps the lock keeps it for this one, which gives it back on other ways.
        let meant = meant && !(held.via.len() > 1 && given && is_kept_for_this(scene, held));
        let is_for_caller = scene.root(held.path).is_some_and(|root| scene.is_returned(root)) || is_of_caller(scene, held);
        if !given
            || meant
            || is_for_caller
            || is_flagged(scene, held)
            || !scene.is_steady(held.path)
            || scene.is_tried(held.path)
            || scene.is_given_back_elsewhere(held.path)
        {
            continue;
        }
        let resets = scene.resets(held.path);
        let ends = if is_lost_with(scene, held) { resets.clone() } else { Steps::default() };
        let Some(way) = herd_golang::acts::kept_way(scene.graph(), scene.locks, held, &resets, &ends) else { continue };
        if falls_out_of_cases(scene, held, &way) {
            continue;
        }
        let name = scene.package.text(held.path);
        let at = held.via.first().map_or(scene.body_start(), |(_, pos)| *pos);
        let mut stops = scene.stops(held, &format!("takes {name}{}", for_reading(held.read)));
        let jumps = scene.jumps(&way);
        let at_end = if jumps.is_empty() { vec![scene.stop(scene.body_end(), "ends")] } else { jumps };
        stops.extend(at_end.into_iter().map(|stop| Stop { text: format!("{} with {name} held", stop.text), ..stop }));
        stops.extend(returns_error(scene, held).map(|stop| Stop { text: format!("{} with {name} held", stop.text), ..stop }));
        let in_loop = !scene.loop_heads(&Steps::from_iter([held.step]), scene.first_step()).is_empty();
        let cure = if in_loop { None } else { deferred_unlock(scene, held) };
        let text = format!("{name} is not given back on every way out");
        found.push(Spotted::new(scene.body.file, at, text, stops).cured_by(cure));
    }
    found
}

/// Whether a way leaves a `switch` over a declared type by none of its cases, each of which gives the lock back: they are all that there is.
fn falls_out_of_cases(scene: &Scene<'_, '_>, held: &LockAct, way: &[Place]) -> bool {
    let (graph, checked) = (scene.graph(), &scene.file().checked);
    let (file, types) = (checked.file, scene.package.unit.types);
    let gives: Vec<Pos> = scene
        .locks
        .iter()
        .filter(|act| act.path == held.path && act.what == LockWhat::Gives)
        .filter_map(|act| act.via.first().map(|(_, pos)| *pos))
        .collect();
    way.windows(2).any(|pair| {
        let [from, to] = pair else { return false };
        let last = graph.edges(from.block).iter().find_map(|edge| match edge.kind {
            EdgeKind::NoCase(x) if edge.to == to.block => Some(x),
            _ => None,
        });
        let Some(last) = last.map(|x| file.expr_span(x).start) else { return false };
        file.all_stmts().any(|(_, stmt)| {
            let Stmt::Switch { tag: Some(tag), body, .. } = *stmt else { return false };
            let clauses = file.block(body);
            let holds = |stmt: StmtId, pos: Pos| (file.stmt_span(stmt).start..file.stmt_span(stmt).end).contains(&pos);
            clauses.len() > 1
                && matches!(types.get(checked.type_of(tag)), Type::Named { .. })
                && clauses.last().is_some_and(|clause| holds(*clause, last))
                && clauses.iter().all(|clause| gives.iter().any(|pos| holds(*clause, *pos)))
        })
    })
}

/// Whether a lock is in a variable of the function that no other one sees.
fn is_private(scene: &Scene<'_, '_>, held: &LockAct) -> bool {
    let uses = scene.root(held.path).and_then(|root| scene.file().uses.get(root.0 as usize));
    uses.is_some_and(|uses| !uses.captured && !uses.address_taken) && is_fresh(scene, held.path)
}

/// Whether a lock was taken by a callee of the package that returns an error, so that it is to be given back where there is none only.
fn is_kept_for_this(scene: &Scene<'_, '_>, held: &LockAct) -> bool {
    returns_error(scene, held).is_some()
}

/// Where the callee that takes a lock for this function returns something else than no error.
fn returns_error(scene: &Scene<'_, '_>, held: &LockAct) -> Option<Stop> {
    let [(Some(callee), _), _] = held.via.as_slice() else { return None };
    let inner = scene.package.scene(scene.package.unit.body_of(*callee)?);
    let checked = &inner.file().checked;
    let last = |step: &flow::Step| match *step {
        flow::Step::Return(stmt) => match *checked.file.stmt(stmt) {
            Stmt::Return { results } => checked.file.list(results).last().map(|x| (stmt, checked.file.unparen(*x))),
            _ => None,
        },
        _ => None,
    };
    let returns: Vec<_> = inner.graph().steps.iter().filter_map(last).collect();
    let is_nil = |x: ExprId| checked.meaning(x) == Meaning::Nil;
    let error = scene.package.unit.types.error();
    let failed = returns.iter().find(|(_, x)| !is_nil(*x) && checked.type_of(*x) == error)?;
    returns.iter().any(|(_, x)| is_nil(*x)).then(|| inner.stop(checked.file.stmt_span(failed.0).start, "returns an error"))
}

/// Whether a callee took the lock and what it returned may give it back, as transactions do: some function gives it back untaken, and it is not
/// this one that has it done.
fn is_ticket(scene: &Scene<'_, '_>, held: &LockAct) -> bool {
    let given_here = scene.locks.iter().any(|act| act.path == held.path && act.what == LockWhat::Gives);
    held.via.len() > 1 && !given_here && scene.package.key(held.path).is_some_and(|key| scene.package.is_given_back(key))
}

/// Whether the lock is the caller's: given back before the function took it.
fn is_of_caller(scene: &Scene<'_, '_>, held: &LockAct) -> bool {
    let takes = scene.steps(|act| act.path == held.path && matches!(act.what, LockWhat::Takes | LockWhat::Tries));
    let gives = scene.locks.iter().filter(|act| act.path == held.path && act.what == LockWhat::Gives && act.when == When::Now);
    gives.into_iter().any(|give| scene.way_from_start(|place| scene.is_at(place, give.step), &takes).is_some())
}

/// Whether a flag or a repeated condition may tell whether the lock is held, which is not followed: a variable is set to `true` or `false` where it
/// is taken or given back, or both happen under conditions that read the same.
fn is_flagged(scene: &Scene<'_, '_>, of: &LockAct) -> bool {
    let acts = scene.locks.iter().filter(|act| act.path == of.path && act.when == When::Now);
    let mut conditions: Vec<(&LockAct, &[u8])> = Vec::new();
    for act in acts {
        if scene.sets_flag(act.step) {
            return true;
        }
        // What a callee does meanwhile decides nothing.
        if act.what != LockWhat::Within {
            conditions.extend(scene.condition_of(act.step).map(|text| (act, text)));
        }
    }
    // What stands in one block is one condition, asked once.
    let block = |act: &LockAct| scene.graph().place(act.step).block;
    let gives = |act: &LockAct| act.what == LockWhat::Gives;
    conditions.iter().any(|(one, text)| {
        conditions.iter().any(|(other, same)| gives(one) && !gives(other) && text == same && block(one) != block(other))
    })
}

/// Whether nobody can give a lock back any more once the variable it is reached by has its next value: that of a `range` whose value goes
/// nowhere else.
fn is_lost_with(scene: &Scene<'_, '_>, held: &LockAct) -> bool {
    let Some(local) = scene.root(held.path) else { return false };
    let file = &scene.file().checked;
    let is_range = file.locals.get(local.0 as usize).is_some_and(|local| local.kind == LocalKind::Range);
    is_range && !scene.goes_elsewhere(local)
}

/// Locks that are given back though they are not held on some way there.
pub fn given_untaken(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = Vec::new();
    let graph = scene.graph();
    if !graph.sound {
        return found;
    }
    for given in scene.locks.iter().filter(|act| act.what == LockWhat::Gives && act.when == When::Now && act.certain) {
        let known = found.iter().any(|one| given.via.first().is_some_and(|(_, pos)| *pos == one.at));
        if known
            || is_flagged(scene, given)
            || !scene.is_steady(given.path)
            || scene.is_tried(given.path)
            || !graph.is_reachable(graph.place(given.step).block)
        {
            continue;
        }
        found.extend(untaken(scene, given));
    }
    found
}

fn untaken(scene: &Scene<'_, '_>, unlock: &LockAct) -> Option<Spotted> {
    let graph = scene.graph();
    let name = scene.package.text(unlock.path);
    let at = unlock.via.first()?.1;
    let resets = scene.resets(unlock.path);
    let here = |place| scene.is_at(place, unlock.step);
    let same = |act: &&LockAct| act.path == unlock.path;
    let locked: Vec<&LockAct> =
        scene.locks.iter().filter(same).filter(|act| act.what == LockWhat::Takes && act.when == When::Now).collect();
    let unlocks: Vec<&LockAct> = scene.locks.iter().filter(same).filter(|act| act.what == LockWhat::Gives).collect();
    // Whoever takes a lock at last and keeps it holds one for its caller.
    let mut barriers: Steps = scene.steps(|act| {
        act.path == unlock.path && matches!(act.what, LockWhat::Takes | LockWhat::Tries)
            || act.path == unlock.path && act.when == When::Deferred && act.what == LockWhat::Within
    });
    let unlock_steps: Steps = unlocks.iter().map(|act| act.step).collect();
    let kept = |take: &&LockAct| scene.way(take.step, |place| place.block == graph.exit, &unlock_steps).is_some();
    let is_of_caller = |take: &&LockAct| {
        unlocks.iter().any(|give| scene.way(give.step, |place| scene.is_at(place, take.step), &resets).is_some()) && kept(take)
    };
    if locked.is_empty() || locked.iter().any(is_of_caller) {
        return None;
    }
    barriers.extend(resets.iter());
    let spotted = |text: String, mut way: Vec<Stop>, last: String| {
        way.push(scene.stop(at, last));
        Some(Spotted::new(scene.body.file, at, text, way))
    };
    let others: Steps = unlock_steps.iter().filter(|step| *step != unlock.step).collect();
    let reaching = |take: &&&LockAct| scene.way(take.step, here, &others).is_some();
    // Given back before, and not taken since.
    for before in unlocks.iter().filter(|act| act.when == When::Now && act.certain && act.step != unlock.step) {
        // Where it was given back already, a check that follows may be known to fail: `if err != nil { mu.Unlock(); check(t, err) }`.
        let mut past = barriers.clone();
        past.extend(scene.package.may_end.get(scene.id.0 as usize).into_iter().flat_map(Steps::iter));
        let way = scene.way(before.step, here, &past);
        let first = locked.iter().any(|take| scene.way(take.step, |place| scene.is_at(place, before.step), &resets).is_some());
        if let (Some(_), Some((_, pos)), true) = (way, before.via.first(), first) {
            let stop = scene.stop(*pos, format!("gives {name} back"));
            return spotted(format!("{name} is given back twice"), vec![stop], format!("gives {name} back again"));
        }
    }
    // Put off before, so that it is given back again at the end.
    for put_off in unlocks.iter().filter(|act| act.when == When::Deferred && act.read == unlock.read) {
        let always = scene.way_from_start(here, &Steps::from_iter([put_off.step])).is_none();
        let to_end = scene.way(unlock.step, |place| place.block == graph.exit, &barriers);
        if let (true, Some(_), Some((_, pos))) = (always, to_end, put_off.via.first()) {
            let stop = scene.stop(*pos, format!("{name} is given back when the function ends"));
            return spotted(format!("{name} is given back twice"), vec![stop], format!("gives {name} back as well"));
        }
    }
    let by: Vec<&&LockAct> = locked.iter().filter(reaching).collect();
    let untaken = scene.way_from_start(here, &barriers);
    if let (Some(_), Some(take)) = (&untaken, by.first())
        && scene.root(unlock.path).is_none_or(|root| scene.body.params.contains(&root))
    {
        let stop = scene.stops(take, &format!("{name} is taken on another way"));
        return spotted(format!("{name} is given back on a way on which it was not taken"), stop, format!("gives {name} back"));
    }
    if untaken.is_none() && !by.is_empty() && by.iter().all(|take| take.read != unlock.read) {
        let stop = scene.stops(by[0], &format!("takes {name}{}", for_reading(by[0].read)));
        let last = format!(
            "gives {name} back{}",
            if unlock.read { " as if it was taken for reading" } else { " as if it was taken for writing" }
        );
        return spotted(format!("{name} is given back the other way than it was taken"), stop, last);
    }
    None
}

/// Locks that are asked for when the function ends, before they are given back.
pub fn asked_for_at_the_end(scene: &Scene<'_, '_>, wanted: impl Fn(bool, bool) -> bool) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.graph().sound {
        return found;
    }
    for held in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now) {
        if !scene.is_steady(held.path) || scene.is_tried(held.path) || scene.is_given_back_elsewhere(held.path) {
            continue;
        }
        let mut gives = scene.steps(|act| act.path == held.path && act.what == LockWhat::Gives && act.when != When::Deferred);
        gives.extend(scene.resets(held.path).iter());
        let deferred = |what: LockWhat| {
            scene.locks.iter().filter(move |act| act.path == held.path && act.when == When::Deferred && act.what == what)
        };
        let asks =
            deferred(LockWhat::Within).chain(deferred(LockWhat::Takes)).filter(|act| act.certain && wanted(held.read, act.read));
        for asked in asks {
            let here = |place| scene.is_at(place, asked.step);
            let comes = scene.way(held.step, here, &gives).is_some();
            let stays = scene.way(asked.step, |place| place.block == scene.graph().exit, &gives).is_some();
            // What was put off last runs first.
            let mut put_off = deferred(LockWhat::Gives);
            let first = put_off.all(|give| {
                give.step != asked.step && scene.way(asked.step, |place| scene.is_at(place, give.step), &gives).is_none()
            });
            if !comes || !stays || !first {
                continue;
            }
            let name = scene.package.text(held.path);
            let Some((_, at)) = asked.via.first().copied() else { continue };
            let mut way = scene.stops(held, &format!("takes {name}{}", for_reading(held.read)));
            way.extend(scene.stops(
                asked,
                &format!("when the function ends, asks for {name}{} before it is given back", for_reading(asked.read)),
            ));
            found.push(Spotted::new(scene.body.file, at, format!("{name} is asked for at the end, while it is held"), way));
        }
    }
    found
}

fn for_reading(read: bool) -> &'static str {
    if read { " for reading" } else { "" }
}
