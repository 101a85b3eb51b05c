//! The source eye of LK004: a `select` without clauses in a goroutine that has more to do, a `break` that leaves nothing but the `select`,
//! and loops whose only way out waits for what nobody does.

use herd_golang::Token;
use herd_golang::acts::Steps;
use herd_golang::ast::{Stmt, StmtId};
use herd_golang::flow::{self, Step};

use crate::source::{Scene, Spotted};
use crate::source_channels::{Op, OpKind};
use crate::source_ways::only_run;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let graph = scene.graph();
    if !scene.is_followed() || !graph.steps.iter().any(|step| matches!(step, Step::Select { .. })) || scene.is_in_tests() {
        return found;
    }
    let file = scene.file().checked.file;
    for step in &graph.steps {
        let Step::Select { stmt, .. } = *step else { continue };
        let Stmt::Select { body } = *file.stmt(stmt) else { continue };
        if file.block(body).is_empty() {
            found.extend(parked(scene, stmt));
        }
        for clause in file.block(body) {
            found.extend(idle_break(scene, stmt, *clause));
        }
    }
    found.extend(scene.package.channels().ops_of(scene.id).iter().filter_map(|op| dead_exit(scene, op)));
    found
}

/// `select {}` in a goroutine that put something off: it never comes to it.
fn parked(scene: &Scene<'_, '_>, select: StmtId) -> Option<Spotted> {
    let run = only_run(scene.package, scene.id).filter(|run| run.how.is_goroutine())?;
    let put_off = *scene.graph().defers.first()?;
    let file = scene.file().checked.file;
    let at = file.stmt_span(select).start;
    let deferred = flow::pos(file, *scene.graph().steps.get(put_off.index())?);
    let way = vec![
        scene.package.scene(run.by).stop(run.pos, "starts the goroutine"),
        scene.stop(deferred, "puts off a call until it ends"),
        scene.stop(at, "waits for ever: a select without clauses never goes on"),
    ];
    Some(Spotted::new(scene.body.file, at, "the goroutine waits for ever, and what it put off never runs", way))
}

/// `break` as all that a clause does, within a loop that nothing ends.
fn idle_break(scene: &Scene<'_, '_>, select: StmtId, clause: StmtId) -> Option<Spotted> {
    let graph = scene.graph();
    let file = scene.file().checked.file;
    let Stmt::Comm { comm: Some(comm), body, .. } = *file.stmt(clause) else { return None };
    let last = *file.list(body).last()?;
    if !matches!(*file.stmt(last), Stmt::Branch { op: Token::Break, label: None }) {
        return None;
    }
    // What was meant to go on may say so by a break as well; where nothing else ends the loop it was meant to end it.
    if scene.can_end() || graph.is_reachable(graph.panic) || graph.is_reachable(graph.gone) {
        return None;
    }
    let step = graph.steps.iter().position(|step| matches!(*step, Step::Comm(stmt) if stmt == clause || stmt == comm))?;
    let block = graph.place(flow::StepId(step as u32)).block;
    let loops = scene.loops();
    let around = loops.innermost.get(block.index()).copied().flatten()?;
    if loops.exits(graph, around).next().is_some() || !is_word(scene, comm) {
        return None;
    }
    let at = file.stmt_span(last).start;
    let way = vec![
        scene.stop(file.stmt_span(select).start, "the select, which the break leaves"),
        scene.stop(at, "leaves the select, not the loop around it, which nothing else ends"),
    ];
    Some(Spotted::new(scene.body.file, at, "break leaves the select and not the loop", way))
}

/// Whether a clause receives a word and no value: its channel holds none, or whether.
fn is_word(scene: &Scene<'_, '_>, comm: StmtId) -> bool {
    let checked = &scene.file().checked;
    let types = scene.package.unit.types;
    let Stmt::Expr { x } = *checked.file.stmt(comm) else { return false };
    let ty = types.get(types.underlying(checked.type_of(x)));
    let is_bool = matches!(ty, herd_golang::types::Type::Basic(basic) if basic.is_boolean());
    is_bool || matches!(ty, herd_golang::types::Type::Struct(fields) if fields.is_empty())
}

/// A clause that is passed on every way out of the function and whose channel nobody sends on or closes.
fn dead_exit(scene: &Scene<'_, '_>, op: &Op) -> Option<Spotted> {
    if !op.is_receive() || op.is_alone() || op.default {
        return None;
    }
    let channels = scene.package.channels();
    let made = channels.only(op.node?)?;
    let given = channels.ops_on(made).any(|op| matches!(op.kind, OpKind::Send | OpKind::Close));
    if made.open.send || given {
        return None;
    }
    let (select, _) = op.select?;
    let graph = scene.graph();
    let file = scene.file().checked.file;
    let start = graph.start(graph.entry);
    // Every way out passes it, and the function goes on otherwise.
    let past = scene.way_out(start, &Steps::from_iter([op.step]));
    if past.is_some() || !scene.can_end() {
        return None;
    }
    let name = scene.written(op.channel);
    let maker = made.by.map(|(body, _)| scene.package.scene(body));
    let mut way: Vec<_> = maker.iter().map(|maker| maker.stop(made.pos, format!("{name} is made"))).collect();
    way.push(scene.stop(file.stmt_span(select).start, "waits, each round"));
    way.push(scene.stop(op.pos, format!("the only way out waits for {name}, which nobody sends on or closes")));
    Some(Spotted::new(
        scene.body.file,
        op.pos,
        format!("nobody sends on {name} or closes it, and nothing else ends the loop"),
        way,
    ))
}
