//! The source eye of LK003: sends and receives on channels that were never made, and loops that wait for nil channels alone.

use herd_golang::acts::{Field, Owner, Steps};
use herd_golang::ast::{Expr, Pos, Stmt, StmtId};
use herd_golang::flow::Step;
use herd_golang::types::{LocalId, LocalKind, Meaning, Type};

use crate::source::{Scene, Spotted};
use crate::source_channels::{Node, Op, OpKind};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let channels = scene.package.channels();
    if channels.is_empty() || !scene.is_followed() {
        return Vec::new();
    }
    let mut found: Vec<Spotted> = Vec::new();
    for op in channels.ops_of(scene.id) {
        let spotted = never_made(scene, op).or_else(|| all_nil(scene, op));
        if let Some(one) = spotted.filter(|one| !found.iter().any(|known| known.at == one.at)) {
            found.push(one);
        }
    }
    found
}

/// A channel variable that nothing is ever put into.
fn never_made(scene: &Scene<'_, '_>, op: &Op) -> Option<Spotted> {
    let channels = scene.package.channels();
    let held = channels.held(op.node?)?;
    let never = held.sets == 0 && !held.from_elsewhere && !held.compared && !held.open.send && !held.open.receive;
    if !never || !op.is_alone() || op.deferred {
        return None;
    }
    let name = scene.written(op.channel);
    let does = match op.kind {
        OpKind::Send => "sends on it",
        OpKind::Receive | OpKind::Range => "receives from it",
        OpKind::Close => return None,
    };
    let mut way = Vec::new();
    let at = match held.node {
        Node::Local(file, local) => {
            let of = scene.package.unit.files.get(file as usize)?;
            let declared = of.checked.locals.get(local.0 as usize)?;
            if declared.kind != LocalKind::Var || file != scene.body.file {
                return None;
            }
            way.push(scene.stop(declared.pos, format!("{name} is declared, and is nil")));
            way.extend(shadow(scene, local).map(|pos| scene.stop(pos, format!("this is another {name}, which hides it"))));
            declared.pos
        }
        Node::Field(field) if is_constructed(scene, field) => op.pos,
        Node::Global(_) => op.pos,
        Node::Field(_) | Node::Result(..) | Node::Made(..) => return None,
    };
    way.push(scene.stop(op.pos, format!("{does}, and waits for ever")));
    Some(Spotted::new(scene.body.file, at, format!("{name} is never made: it is nil"), way))
}

/// Whether some value of a field's struct is written down in the package.
fn is_constructed(scene: &Scene<'_, '_>, field: Field) -> bool {
    let types = scene.package.unit.types;
    scene.package.unit.files.iter().any(|file| {
        file.checked.file.all_exprs().any(|(id, expr)| {
            let is_literal = matches!(expr, Expr::CompositeLit { .. });
            let owner = || match *types.get(types.pointed_at(file.checked.type_of(id))) {
                Type::Named { object, .. } => Owner::Declared(object),
                _ => Owner::Type(types.pointed_at(file.checked.type_of(id))),
            };
            is_literal && owner() == field.owner
        })
    })
}

/// Another variable of the same name and type within the function that declares one.
fn shadow(scene: &Scene<'_, '_>, hidden: LocalId) -> Option<Pos> {
    let locals = &scene.file().checked.locals;
    let of = locals.get(hidden.0 as usize)?;
    let mut others = locals.iter().filter(|one| one.name == of.name && one.function == of.function && one.pos > of.pos);
    others.find(|one| one.ty == of.ty).map(|one| one.pos)
}

/// A loop around a select all of whose channels are set to nil when they are closed, and which nothing ends.
fn all_nil(scene: &Scene<'_, '_>, op: &Op) -> Option<Spotted> {
    let (select, clauses) = op.select?;
    if op.default || scene.can_end() || !op.is_receive() {
        return None;
    }
    let channels = scene.package.channels();
    let ops: Vec<&Op> = channels.ops_of(scene.id).iter().filter(|one| one.select.is_some_and(|(of, _)| of == select)).collect();
    if ops.len() != clauses as usize {
        return None;
    }
    let mut nils = Vec::new();
    for one in &ops {
        nils.push(set_to_nil(scene, one)?);
    }
    let at = scene.file().checked.file.stmt_span(select).start;
    let mut way: Vec<_> = ops
        .iter()
        .zip(nils)
        .map(|(one, pos)| {
            let name = scene.written(one.channel);
            scene.stop(pos, format!("{name} is set to nil"))
        })
        .collect();
    way.push(scene.stop(at, "waits for nil channels alone, for ever"));
    Some(Spotted::new(
        scene.body.file,
        at,
        "once all of its channels are nil the select waits for ever, and nothing ends the loop",
        way,
    ))
}

/// Where a clause sets its own channel to nil, a variable that is set to nothing else.
fn set_to_nil(scene: &Scene<'_, '_>, op: &Op) -> Option<Pos> {
    let local = scene.local(op.channel)?;
    let uses = scene.file().uses.get(local.0 as usize)?;
    if uses.address_taken || uses.set_elsewhere || uses.captured {
        return None;
    }
    let graph = scene.graph();
    let mut found = None;
    let own = |step| scene.comes_behind(op.step, &Steps::from_iter([step]));
    for step in scene.body.sets_of(local) {
        let Some(Step::Assign(stmt)) = graph.steps.get(step.index()).copied() else { continue };
        match nil_set(scene, stmt, local) {
            Some(pos) if own(step) => found = Some(pos),
            // Made anew behind the wait, it may be another one.
            None if scene.comes_behind(op.step, &Steps::from_iter([step])) => return None,
            Some(_) | None => {}
        }
    }

    found
}

fn nil_set(scene: &Scene<'_, '_>, stmt: StmtId, local: LocalId) -> Option<Pos> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { return None };
    let mut pairs = file.list(lhs).iter().zip(file.list(rhs));
    let pair = pairs.find(|(to, _)| scene.local(**to) == Some(local))?;
    let is_nil =
        matches!(file.expr(file.unparen(*pair.1)), Expr::Ident { .. }) && checked.meaning(file.unparen(*pair.1)) == Meaning::Nil;
    is_nil.then(|| file.stmt_span(stmt).start)
}
