//! Locks that are not given back: after a successful try, by a goroutine that they were left to, when a callee panics, by a slip of the pen.

use herd_golang::acts::{Act, ActKind, LockAct, LockWhat, Steps, Target, When};
use herd_golang::ast::{Expr, Pos, Span, Stmt};
use herd_golang::flow::{self, EdgeKind, Paths, Place, Step};

use crate::source::{Edit, Repair, Safety, Scene, Spotted, Stop};

/// `if !mu.TryLock() { return … }`, and a way out behind it on which the lock is kept.
pub fn tried_and_kept(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let graph = scene.graph();
    for tried in scene.locks.iter().filter(|act| act.what == LockWhat::Tries && act.when == When::Now) {
        let gives = |act: &&LockAct| act.path == tried.path && act.what == LockWhat::Gives;
        let others = scene
            .locks
            .iter()
            .any(|act| act.path == tried.path && act.step != tried.step && matches!(act.what, LockWhat::Takes | LockWhat::Tries));
        let all: Vec<&LockAct> = scene.locks.iter().filter(gives).collect();
        let meant = scene.package.key(tried.path).is_some_and(|key| scene.package.is_given_back(key));
        if !graph.sound
            || others
            || meant
            || all.is_empty()
            || all.iter().any(|act| act.when != When::Now || !act.certain)
            || !scene.is_steady(tried.path)
            || scene.is_given_back_elsewhere(tried.path)
            || all.iter().any(|act| scene.sets_flag(act.step))
            || scene.sets_flag(tried.step)
        {
            continue;
        }
        // The very call must decide.
        let Some(Step::Call(call)) = graph.steps.get(tried.step.index()).copied() else { continue };
        let block = graph.place(tried.step).block;
        let won = graph
            .edges(block)
            .iter()
            .find(|edge| matches!(edge.kind, EdgeKind::True(x) if scene.file().checked.file.unparen(x) == call));
        let Some(won) = won else { continue };
        let ends: Steps = all.iter().map(|act| act.step).collect();
        let start = graph.start(won.to);
        let is_given = |place: Place| ends.has(graph, place);
        if is_given(start) {
            continue;
        }
        let Some(way) = flow::path(graph, Paths::Consistent, start, |place| place.block == graph.exit, is_given) else {
            continue;
        };
        let name = scene.package.text(tried.path);
        let at = tried.via.first().map_or(scene.body_start(), |(_, pos)| *pos);
        let mut stops = vec![scene.stop(at, format!("takes {name}, where it is free"))];
        stops.extend(left(scene, &way, &name));
        found.push(Spotted::new(scene.body.file, at, format!("{name} is not given back on every way out"), stops));
    }
    found
}

/// The jumps of a way that ends a function with a lock held.
fn left(scene: &Scene<'_, '_>, way: &[Place], name: &str) -> Vec<Stop> {
    let jumps = scene.jumps(way);
    let jumps = if jumps.is_empty() { vec![scene.stop(scene.body_end(), "ends")] } else { jumps };
    jumps.into_iter().map(|stop| Stop { text: format!("{} with {name} held", stop.text), ..stop }).collect()
}

/// A lock that a goroutine is to give back which was started with it held, and that it keeps on some way out.
pub fn left_to_goroutine(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.graph().sound {
        return found;
    }
    for held in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now) {
        let given_here =
            scene.locks.iter().any(|act| act.path == held.path && act.what == LockWhat::Gives && act.when != When::Spawned);
        if given_here || !scene.is_steady(held.path) || scene.is_tried(held.path) {
            continue;
        }
        let spawned: Vec<&Act> = scene.body.acts.iter().filter(|act| act.when == When::Spawned).collect();
        let to: Vec<_> = spawned
            .iter()
            .filter_map(|act| match act.kind {
                ActKind::Call(Target::Literal(literal)) => Some((act, scene.package.scene(literal))),
                _ => None,
            })
            .filter(|(_, inner)| inner.locks.iter().any(|act| act.path == held.path && act.what == LockWhat::Gives))
            .collect();
        let [(start, inner)] = to.as_slice() else { continue };
        let gives = inner.steps(|act| act.path == held.path && act.what == LockWhat::Gives);
        let taken = inner.locks.iter().any(|act| act.path == held.path && act.what != LockWhat::Gives);
        // Literals within may give it back when nobody looks.
        let deeper = scene.package.unit.within.get(inner.id.0 as usize).is_some_and(|within| !within.is_empty());
        if taken || deeper || !inner.graph().sound {
            continue;
        }
        let graph = inner.graph();
        let Some(way) = inner.way_from_start(|place| place.block == graph.exit, &gives) else { continue };
        let name = scene.package.text(held.path);
        let at = held.via.first().map_or(scene.body_start(), |(_, pos)| *pos);
        let mut stops = scene.stops(held, &format!("takes {name}"));
        stops.push(scene.stop(start.pos, "leaves it to a goroutine"));
        stops.extend(left(inner, &way, &name));
        found.push(Spotted::new(scene.body.file, at, format!("{name} is not given back on every way out"), stops));
    }
    found
}

/// `mu.RLock()` with `defer mu.RLock()` right behind it: the lock is held twice over when the function has ended, and no writer gets it again.
/// Of a lock for writing the second one waits for itself, which is DL001.
pub fn taken_again_at_end(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let (graph, file) = (scene.graph(), scene.file().checked.file);
    let reads = |act: &&LockAct, when: When| act.what == LockWhat::Takes && act.read && act.when == when && act.via.len() == 1;
    for held in scene.locks.iter().filter(|act| reads(act, When::Now)) {
        let Some(again) = scene.locks.iter().filter(|act| reads(act, When::Deferred)).find(|act| act.path == held.path) else {
            continue;
        };
        let given = scene.locks.iter().any(|act| act.path == held.path && act.what == LockWhat::Gives);
        // A literal of its own may do more.
        let Some(Step::Defer(stmt)) = graph.steps.get(again.step.index()).copied() else { continue };
        let Stmt::Defer { call } = *file.stmt(stmt) else { continue };
        let Expr::Call { fun, .. } = *file.expr(call) else { continue };
        let Expr::Selector { .. } = *file.expr(file.unparen(fun)) else { continue };
        if given || !graph.sound || graph.place(again.step).block != graph.place(held.step).block || !scene.is_steady(held.path) {
            continue;
        }
        let (name, end) = (scene.package.text(held.path), file.expr_span(fun).end);
        let (from, at) = (held.via.first().map_or(scene.body_start(), |(_, pos)| *pos), file.stmt_span(stmt).start);
        let way = vec![
            scene.stop(from, format!("takes {name} for reading")),
            scene.stop(at, format!("takes {name} once more when the function ends, and gives none of it back")),
        ];
        let span = Span { start: Pos::at(end.offset().saturating_sub("RLock".len() as u32)), end };
        let repair = (&*file.text(span) == "RLock").then(|| Repair {
            safety: Safety::Unsafe,
            text: "give it back when the function ends".to_owned(),
            edits: vec![Edit { span, text: "RUnlock".to_owned() }],
        });
        let text = format!("{name} is taken again by the defer that was to give it back");
        found.push(Spotted::new(scene.body.file, at, text, way).cured_by(repair));
    }
    found
}

/// A lock that is given back by a plain call, where a callee panics in between and a caller recovers: the lock stays held.
pub fn kept_by_panic(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let graph = scene.graph();
    if !graph.sound || !scene.package.recovered().contains(&scene.id) || !graph.defers.is_empty() {
        return found;
    }
    for held in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now) {
        let gives = scene.steps(|act| act.path == held.path && act.what == LockWhat::Gives);
        if gives.is_empty() || !scene.is_steady(held.path) || scene.is_tried(held.path) {
            continue;
        }
        let panics = scene.body.acts.iter().filter(|act| act.when == When::Now).find_map(|act| {
            let ActKind::Call(Target::Object(object)) = act.kind else { return None };
            let callee = scene.package.scene(scene.package.unit.body_of(object)?);
            // One that says so itself, and does not recover.
            let graph = callee.graph();
            let panic = callee.panics_at()?;
            let reached = graph.defers.is_empty() && scene.way(held.step, |place| scene.is_at(place, act.step), &gives).is_some();
            reached.then_some((act.pos, callee, panic))
        });
        let Some((pos, callee, panic)) = panics else { continue };
        let name = scene.package.text(held.path);
        let at = held.via.first().map_or(scene.body_start(), |(_, pos)| *pos);
        let mut stops = scene.stops(held, &format!("takes {name}"));
        stops.push(scene.stop(pos, "calls what may panic"));
        stops.push(callee.stop(panic, format!("panics, a caller recovers, and {name} stays held")));
        found.push(Spotted::new(scene.body.file, at, format!("{name} is not given back where a callee panics"), stops));
    }
    found
}
