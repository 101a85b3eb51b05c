//! The source eye of LK006: what is counted in a wait group and not counted down, and waits that cannot end.

use herd_golang::acts::{Act, ActKind, Steps, Target, When};
use herd_golang::ast::{Expr, ExprId, Span, Stmt};
use herd_golang::flow::{self, Paths, Place, Step, StepId};
use herd_golang::types::{Builtin, Callee, Type};

use crate::source::{Edit, Repair, Safety, Scene, Spotted};
use crate::source_abandoned::end_of;
use crate::source_edits::{indent, line_of};
use crate::source_groups::{self as groups, Does, Group, acts, count, group, is_own, may_count_down, within};
use crate::source_runs::How;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = Vec::new();
    if !scene.is_followed() {
        return found;
    }
    if scene.body.acts.iter().any(|act| groups::does(scene, act).is_some()) {
        found.extend(by_value(scene));
        found.extend(not_done(scene));
        found.extend(skipped_by_panic(scene));
        found.extend(waits_for_itself(scene));
        found.extend(done_twice(scene));
        found.extend(skipped(scene));
        found.extend(waits_in_loop(scene));
    }
    found
}

/// A group that is copied into a parameter: who counts the copy down leaves the group as it is.
fn by_value(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let types = scene.package.unit.types;
    let (act, path) = acts(scene).find_map(|(act, does, path)| (does == Does::Done).then_some((act, path)))?;
    let Group::Local(file, local) = group(scene.package, path)? else { return None };
    if file != scene.body.file || !scene.body.params.contains(&local) {
        return None;
    }
    let declared = scene.file().checked.locals.get(local.0 as usize)?;
    if matches!(types.get(declared.ty), Type::Pointer(_)) {
        return None;
    }
    let name = scene.name_of(local);
    let way = vec![
        scene.stop(declared.pos, format!("{name} is a copy of the caller's group")),
        scene.stop(act.pos, "counts the copy down, and not the group that is waited for"),
    ];
    Some(Spotted::new(file, declared.pos, format!("{name} is a wait group by value"), way))
}

/// A goroutine that is counted and says on some ways only that it is done.
fn not_done(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let package = scene.package;
    let graph = scene.graph();
    let (done, path) =
        acts(scene).find_map(|(act, does, path)| (does == Does::Done && act.when == When::Now).then_some((act, path)))?;
    let mut runs = package.runs().of(scene.id).iter().filter(|run| run.how.is_goroutine());
    let run = *runs.next()?;
    let of = group(package, path)?;
    // Whoever calls it as well may count otherwise.
    if package.runs().is_open(scene.id) && scene.body.object.is_some()
        || package.runs().of(scene.id).iter().any(|run| !run.how.is_goroutine())
    {
        return None;
    }
    let waits = package.groups_waited_for().contains(&of);
    // Whoever hands the group on may have it counted down elsewhere.
    let counted_down = may_count_down(scene, of);
    let calls_literals = scene.body.acts.iter().any(|act| matches!(act.kind, ActKind::Call(Target::Literal(_))));
    let is_param = matches!(of, Group::Local(file, local) if file == scene.body.file && scene.body.params.contains(&local));
    if !waits && !is_param || calls_literals {
        return None;
    }
    let dones: Steps =
        acts(scene).filter(|(_, does, one)| *does == Does::Done && *one == path).map(|(act, ..)| act.step).collect();
    let mut barrier = dones;
    if scene.body.object.is_none() {
        barrier.extend(
            counted_down
                .iter()
                .filter(|step| matches!(graph.steps.get(step.index()), Some(Step::FuncLit(_) | Step::Go(_) | Step::Defer(_)))),
        );
    } else {
        barrier.extend(counted_down.iter());
    }
    let way = scene.way_from_start(|place| place.block == graph.exit, &barrier)?;
    // A loop that is done when it is told may have no other end, whatever is written at its head.
    let returns = scene.jumps(&way).last().is_some_and(|stop| stop.text == "returns");
    let by = package.scene(run.by);
    let counted = acts(&by).any(|(act, does, path)| {
        does == Does::Add && group(package, path).map(|of| within(package, of, &run, scene.id)) == Some(of) && {
            by.way(act.step, |place| by.is_at(place, run.step), &Steps::default()).is_some()
        }
    });
    // What is counted down in each round are the rounds, not the goroutine.
    let rounds = scene.is_repeated(&scene.loops(), done.step, None);
    if rounds || !counted || !returns && barrier.iter().any(|step| is_in_loop(scene, step)) {
        return None;
    }
    let name = package.text(path);
    let mut stops = vec![package.scene(run.by).stop(run.pos, "starts the goroutine")];
    stops.extend(end_of(scene, &way, &format!("and {name} is not done")));
    let text = format!("{name}.Done is not called on every way out");
    Some(Spotted::new(scene.body.file, done.pos, text, stops).cured_by(deferred(scene, done, path)))
}

/// The call put off at the start, where it is the only one and stands on a line of its own.
fn deferred(scene: &Scene<'_, '_>, done: &Act, path: herd_golang::acts::PathId) -> Option<Repair> {
    if acts(scene).filter(|(_, does, one)| *does == Does::Done && *one == path).count() != 1 {
        return None;
    }
    let file = scene.file().checked.file;
    let call = file.expr_span(done.call?);
    let first = file.stmt_span(*file.block(scene.body.block).first()?).start;
    let line = line_of(file, call)?;
    if first >= call.start {
        return None;
    }
    let indent = indent(file, first);
    let added = Edit { span: Span { start: first, end: first }, text: format!("defer {}\n{indent}", file.text(call)) };
    let gone = Edit { span: line, text: String::new() };
    Some(Repair { safety: Safety::Unsafe, text: "put the call off at the start".to_owned(), edits: vec![added, gone] })
}

/// A literal that says that it is done behind a call of what it does not know, run by a function that recovers: a panic passes the word over.
fn skipped_by_panic(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let package = scene.package;
    let (done, path) =
        acts(scene).find_map(|(act, does, path)| (does == Does::Done && act.when == When::Now).then_some((act, path)))?;
    let calls = scene.body.acts.iter().find(|act| {
        matches!(act.kind, ActKind::Call(Target::Unknown | Target::Interface(..)))
            && act.when == When::Now
            && scene.way(act.step, |place| scene.is_at(place, done.step), &Steps::default()).is_some()
    })?;
    let outer = scene.body.outer.filter(|_| !scene.body.graph.steps.iter().any(|step| matches!(step, Step::Defer(_))))?;
    let by = package.scene(outer);
    let checked = &by.file().checked;
    // The call that is given the literal.
    let given = by.body.acts.iter().find_map(|act| {
        let ActKind::Call(Target::Object(object)) = act.kind else { return None };
        let Expr::Call { args, .. } = *checked.file.expr(act.call?) else { return None };
        let is_it = |arg: &ExprId| package.unit.literal(by.body.file, checked.file.unparen(*arg)) == Some(scene.id);
        checked.file.list(args).iter().any(is_it).then_some((act, package.unit.body_of(object)?))
    })?;
    let (call, callee) = given;
    let recovering = package.scene(callee);
    let recover = recovers(&recovering)?;
    let name = package.text(path);
    let way = vec![
        by.stop(call.pos, format!("hands the literal to {}", package.object_name(package.unit.body(callee).object?))),
        recovering.stop(recover, "which recovers from a panic and goes on"),
        scene.stop(calls.pos, "calls what may panic"),
        scene.stop(done.pos, format!("then {name} is not done, and who waits for it waits for ever")),
    ];
    Some(Spotted::new(scene.body.file, done.pos, format!("{name}.Done is passed over by a panic that is recovered from"), way))
}

/// Where a function defers a literal that recovers.
fn recovers(scene: &Scene<'_, '_>) -> Option<herd_golang::ast::Pos> {
    scene.package.runs().by(scene.id).iter().filter(|(_, run)| run.how == How::Deferred).find_map(|(literal, run)| {
        let inner = scene.package.scene(*literal);
        let checked = &inner.file().checked;
        let recovers = inner
            .graph()
            .steps
            .iter()
            .any(|step| matches!(*step, Step::Call(call) if checked.callee(call) == Callee::Builtin(Builtin::Recover)));
        recovers.then_some(run.pos)
    })
}

/// Whether a step is written within a loop, whether or not it leads back.
fn is_in_loop(scene: &Scene<'_, '_>, step: StepId) -> bool {
    let file = scene.file().checked.file;
    let Some(step) = scene.graph().steps.get(step.index()) else { return false };
    let pos = flow::pos(file, *step);
    let own = file.stmt_span(scene.body.block);
    file.all_stmts().any(|(id, stmt)| {
        let span = file.stmt_span(id);
        matches!(stmt, Stmt::For { .. } | Stmt::Range { .. })
            && own.start <= span.start
            && span.end <= own.end
            && span.start <= pos
            && pos < span.end
    })
}

/// A member of a group that waits for all its members.
fn waits_for_itself(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let package = scene.package;
    let (wait, path) =
        acts(scene).find_map(|(act, does, path)| (does == Does::Wait && act.when == When::Now).then_some((act, path)))?;
    let of = group(package, path)?;
    let run = package.runs().of(scene.id).iter().find(|run| run.how.is_goroutine())?;
    let member = match run.how {
        How::Counted(Some(counted)) => counted == path && is_own_of_outer(scene, of),
        _ => false,
    };
    let put_off = acts(scene).find(|(act, does, one)| *does == Does::Done && act.when == When::Deferred && *one == path);
    let before =
        put_off.filter(|(act, ..)| scene.way(act.step, |place| scene.is_at(place, wait.step), &Steps::default()).is_some());
    let adds = acts(scene).any(|(_, does, one)| does == Does::Add && one == path);
    if adds || !member && before.is_none() {
        return None;
    }
    let name = package.text(path);
    let mut way = vec![package.scene(run.by).stop(run.pos, format!("starts a goroutine that is counted in {name}"))];
    way.extend(before.map(|(act, ..)| scene.stop(act.pos, "is done only when it ends")));
    way.push(scene.stop(wait.pos, "waits for all that are counted, itself among them"));
    Some(Spotted::new(scene.body.file, wait.pos, format!("a goroutine that {name} counts waits for {name}"), way))
}

fn is_own_of_outer(scene: &Scene<'_, '_>, of: Group) -> bool {
    matches!(of, Group::Local(..) | Group::Field(_)) && scene.body.object.is_none()
}

/// What is done at the end anyway is done before as well, on some ways; or by hand where `Go` does it.
fn done_twice(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let package = scene.package;
    let counted = package.runs().of(scene.id).iter().find_map(|run| match run.how {
        How::Counted(Some(path)) => Some((run, path)),
        _ => None,
    });
    if let Some((run, path)) = counted
        && let Some((act, ..)) = acts(scene).find(|(_, does, one)| *does == Does::Done && *one == path)
        && !acts(scene).any(|(_, does, _)| does == Does::Add)
    {
        let name = package.text(path);
        let way = vec![
            package.scene(run.by).stop(run.pos, format!("{name}.Go counts the goroutine, up and down")),
            scene.stop(act.pos, "counts down once more"),
        ];
        return Some(Spotted::new(scene.body.file, act.pos, format!("{name} is counted down twice for one goroutine"), way));
    }
    let graph = scene.graph();
    let (put_off, path) =
        acts(scene).find_map(|(act, does, path)| (does == Does::Done && act.when == When::Deferred).then_some((act, path)))?;
    let of = group(package, path)?;
    // Who counts more than once where it starts may count for two.
    let counts_for_two = package.runs().of(scene.id).iter().any(|run| {
        let by = package.scene(run.by);
        acts(&by).filter(|(_, does, one)| *does == Does::Add && group(package, *one) == Some(of)).count() > 1
    });
    if counts_for_two || acts(scene).any(|(_, does, one)| does == Does::Add && one == path) {
        return None;
    }
    let again = acts(scene).find(|(act, does, one)| {
        *does == Does::Done
            && act.when == When::Now
            && *one == path
            && scene.way(put_off.step, |place| scene.is_at(place, act.step), &Steps::default()).is_some()
            // Where it is so on all ways, two may be counted.
            && scene.way(put_off.step, |place| place.block == graph.exit, &Steps::from_iter([act.step])).is_some()
    })?;
    let name = package.text(path);
    let way = vec![
        scene.stop(put_off.pos, format!("{name} is counted down when the function ends")),
        scene.stop(again.0.pos, "counts down as well, on some ways"),
    ];
    Some(Spotted::new(scene.body.file, again.0.pos, format!("{name} is counted down twice on some ways"), way))
}

/// What is counted and passed over before anything starts that could count down.
fn skipped(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let graph = scene.graph();
    let loops = scene.loops();
    for (add, does, path) in acts(scene) {
        let (Does::Add, When::Now, Some(of)) = (does, add.when, group(scene.package, path)) else { continue };
        if !scene.is_steady(path) {
            continue;
        }
        let barrier = may_count_down(scene, of);
        // Who starts nothing here counts for somebody else.
        if !scene.comes_behind(add.step, &barrier) {
            continue;
        }
        let waits: Steps = acts(scene)
            .filter(|(act, does, one)| *does == Does::Wait && *one == path && act.when == When::Now)
            .map(|(act, ..)| act.step)
            .collect();
        let (way, name) = if scene.is_repeated(&loops, add.step, None) {
            let again = |place: Place| scene.is_at(place, add.step) || waits.has(graph, place);
            (scene.way(add.step, again, &barrier), scene.package.text(path))
        } else {
            (skipped_in_loop(scene, add, &barrier), scene.package.text(path))
        };
        let waited = is_own(scene, of) && waits.is_empty();
        let Some(way) = way.filter(|_| !waited) else { continue };
        let jumps = scene.jumps(&way);
        let Some(last) = jumps.last().filter(|stop| stop.text == "goes on with the next round") else { continue };
        let mut stops = vec![scene.stop(add.pos, format!("counts in {name}"))];
        let mut last = last.clone();
        last.text = format!("{}, and nothing is started that counts {name} down", last.text);
        stops.push(last);
        found.push(Spotted::new(scene.body.file, add.pos, format!("{name} counts what is passed over"), stops));
    }
    found
}

/// `Add(len(xs))`, and a loop over `xs` that starts nothing for some of them.
fn skipped_in_loop(scene: &Scene<'_, '_>, add: &Act, barrier: &Steps) -> Option<Vec<Place>> {
    let graph = scene.graph();
    let over = counted_list(scene, add)?;
    let (next, _) = ranges(scene).find(|(_, x)| scene.written(*x) == scene.written(over))?;
    let start = scene.with_value(next)?;
    if barrier.has(graph, start) || scene.way(add.step, |place| scene.is_at(place, next), &Steps::default()).is_none() {
        return None;
    }
    flow::path(graph, Paths::Consistent, start, |place| scene.is_at(place, next), |place| barrier.has(graph, place))
}

/// The list that `Add(len(list))` counts.
fn counted_list(scene: &Scene<'_, '_>, add: &Act) -> Option<ExprId> {
    let file = scene.file().checked.file;
    let Expr::Call { fun, args, .. } = *file.expr(file.unparen(count(scene, add)?)) else { return None };
    (&*file.text(file.expr_span(fun)) == "len").then(|| file.list(args).first().copied()).flatten()
}

fn ranges(scene: &Scene<'_, '_>) -> impl Iterator<Item = (StepId, ExprId)> {
    let file = scene.file().checked.file;
    scene.graph().steps.iter().enumerate().filter_map(|(index, step)| match *step {
        Step::RangeNext(stmt) => match *file.stmt(stmt) {
            Stmt::Range { x, .. } => Some((StepId(index as u32), x)),
            _ => None,
        },
        _ => None,
    })
}

/// A wait within the loop that starts what was counted before the loop.
fn waits_in_loop(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let package = scene.package;
    let loops = scene.loops();
    let graph = scene.graph();
    acts(scene).find_map(|(add, does, path)| {
        if does != Does::Add || add.when != When::Now || scene.is_repeated(&loops, add.step, None) {
            return None;
        }
        let over = counted_list(scene, add)?;
        let (next, _) = ranges(scene).find(|(_, x)| scene.written(*x) == scene.written(over))?;
        let of = group(package, path)?;
        let (wait, ..) = acts(scene).find(|(act, does, one)| {
            *does == Does::Wait && *one == path && act.when == When::Now && {
                let around = loops.innermost.get(graph.place(next).block.index()).copied().flatten();
                around.is_some_and(|id| loops.contains(id, graph.place(act.step).block))
            }
        })?;
        // It is reached in each round, with one more started.
        scene.way(wait.step, |place| scene.is_at(place, next), &Steps::default())?;
        let started = package.runs().by(scene.id).iter().find(|(callee, run)| {
            run.how.is_goroutine() && {
                let inner = within(package, of, run, *callee);
                acts(&package.scene(*callee)).any(|(_, does, path)| does == Does::Done && group(package, path) == Some(inner))
            }
        });
        let (_, run) = started?;
        let name = package.text(path);
        let way = vec![
            scene.stop(add.pos, format!("counts all in {name}")),
            scene.stop(run.pos, "starts one of them"),
            scene.stop(wait.pos, "waits for all of them before the next one starts"),
        ];
        Some(Spotted::new(scene.body.file, wait.pos, format!("{name} is waited for before all that it counts have started"), way))
    })
}
