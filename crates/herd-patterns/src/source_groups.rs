//! What several source eyes ask of wait groups: who counts up, who counts down, who waits.

use herd_golang::acts::{Act, ActKind, BodyId, Field, Known, PathId, Steps, Target, When};
use herd_golang::ast::{Expr, ExprId};
use herd_golang::flow::Step;
use herd_golang::types::{Constant, LocalId, ObjectId};
use rustc_hash::FxHashSet;

use crate::source::{Package, Scene};
use crate::source_runs::Run;

/// A wait group by its variable or field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Group {
    /// A variable of a function.
    Local(u32, LocalId),
    /// A field, of all values.
    Field(Field),
    /// A variable of a package.
    Global(ObjectId),
}

/// What is done to a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Does {
    /// `Add(n)`
    Add,
    /// `Done()`, `Add(-1)`
    Done,
    /// `Wait()`
    Wait,
    /// `Go(f)`
    Go,
}

/// Which group a path leads to.
pub fn group(package: &Package<'_>, path: PathId) -> Option<Group> {
    match package.unit.paths.last(path) {
        herd_golang::acts::Step::Local(file, local) => Some(Group::Local(file, local)),
        herd_golang::acts::Step::Field(_, field) => Some(Group::Field(field)),
        herd_golang::acts::Step::Global(object) => Some(Group::Global(object)),
        herd_golang::acts::Step::Element(_) | herd_golang::acts::Step::Call(..) => None,
    }
}

/// What an act does to which group.
pub fn does(scene: &Scene<'_, '_>, act: &Act) -> Option<(Does, PathId)> {
    let ActKind::Known(known, Some(path)) = act.kind else { return None };
    let does = match known {
        Known::GroupAdd if is_negative(scene, act.call?) => Does::Done,
        Known::GroupAdd => Does::Add,
        Known::GroupDone => Does::Done,
        Known::GroupWait => Does::Wait,
        Known::GroupGo => Does::Go,
        _ => return None,
    };
    Some((does, path))
}

/// What a body does to groups.
pub fn acts<'a>(scene: &'a Scene<'a, '_>) -> impl Iterator<Item = (&'a Act, Does, PathId)> {
    scene.body.acts.iter().filter_map(|act| does(scene, act).map(|(does, path)| (act, does, path)))
}

/// The argument of a call of `Add`.
pub fn count(scene: &Scene<'_, '_>, act: &Act) -> Option<ExprId> {
    let file = scene.file().checked.file;
    match *file.expr(act.call?) {
        Expr::Call { args, .. } => file.list(args).first().copied(),
        _ => None,
    }
}

fn is_negative(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    let checked = &scene.file().checked;
    let Expr::Call { args, .. } = *checked.file.expr(call) else { return false };
    let Some(arg) = checked.file.list(args).first() else { return false };
    let minus = matches!(*checked.file.expr(checked.file.unparen(*arg)), Expr::Unary { op: herd_golang::Token::Sub, .. });
    minus || matches!(checked.constant(scene.package.unit.types, *arg), Some(Constant::Int(n)) if n < 0)
}

/// What a group of a function is called in one that it runs: the same variable or field, or the parameter that it is given as.
pub fn within(package: &Package<'_>, group: Group, run: &Run, callee: BodyId) -> Group {
    let unit = &package.unit;
    let by = package.scene(run.by);
    let checked = &by.file().checked;
    let Expr::Call { fun, args, .. } = *checked.file.expr(run.call) else { return group };
    let method = checked.has_receiver(fun);
    let at = checked.file.list(args).iter().position(|arg| {
        let mut x = checked.file.unparen(*arg);
        if let Expr::Unary { op: herd_golang::Token::And, x: inner } = *checked.file.expr(x) {
            x = checked.file.unparen(inner);
        }
        is_named(&by, x, group)
    });
    let body = unit.body(callee);
    let param = at.and_then(|at| body.params.get(at + usize::from(method)));
    param.map_or(group, |param| Group::Local(body.file, *param))
}

/// Whether an expression names a group.
pub fn is_named(scene: &Scene<'_, '_>, x: ExprId, group: Group) -> bool {
    let checked = &scene.file().checked;
    match group {
        Group::Local(file, local) => file == scene.body.file && scene.local(x) == Some(local),
        Group::Field(field) => checked.selection(x).is_some_and(|one| {
            one.path.indices().last() == Some(&field.index)
                && match *scene.package.unit.types.get(one.owner) {
                    herd_golang::types::Type::Named { object, .. } => field.owner == herd_golang::acts::Owner::Declared(object),
                    _ => field.owner == herd_golang::acts::Owner::Type(one.owner),
                }
        }),
        Group::Global(object) => checked.meaning(checked.file.unparen(x)) == herd_golang::types::Meaning::Object(object),
    }
}

/// Whether a group is a variable of the function itself.
pub fn is_own(scene: &Scene<'_, '_>, group: Group) -> bool {
    let Group::Local(file, local) = group else { return false };
    let declared = scene.file().checked.locals.get(local.0 as usize);
    file == scene.body.file
        && !scene.body.params.contains(&local)
        && declared.is_some_and(|local| local.function == Some(scene.body.function))
}

/// The steps of a function behind which somebody may count a group down: a goroutine, a literal that does, who is given the group, and, where
/// others can reach the group, whatever is called or sent.
pub fn may_count_down(scene: &Scene<'_, '_>, group: Group) -> Steps {
    let unit = &scene.package.unit;
    // Nobody else has a variable of the function, nor, as far as this function goes, what it was given.
    let own = matches!(group, Group::Local(file, _) if file == scene.body.file);
    let mut steps = Steps::default();
    for act in &scene.body.acts {
        let counts = match act.kind {
            ActKind::Known(Known::GroupWait, _) => false,
            ActKind::Known(known, Some(path)) if self::group(scene.package, path) == Some(group) => {
                known == Known::GroupDone
                    || known == Known::GroupGo
                    || does(scene, act).is_some_and(|(does, _)| does == Does::Done)
            }
            ActKind::Known(..) | ActKind::Receive(_) | ActKind::Select { .. } | ActKind::Close(_) => act.when == When::Spawned,
            ActKind::Send(_) => !own,
            ActKind::Call(target) => {
                act.when == When::Spawned
                    || !own
                    || is_given(scene, act, group)
                    || literal_does(scene, target, group)
                    || target == Target::Unknown && is_own_value(scene, act)
            }
        };
        if counts {
            steps.insert(act.step);
        }
    }
    // A literal that is made may run at any time.
    for (index, step) in scene.graph().steps.iter().enumerate() {
        let Step::FuncLit(literal) = *step else { continue };
        let body = unit.literal(scene.body.file, literal);
        if body.is_none_or(|body| names(scene.package, body, group)) {
            steps.insert(herd_golang::flow::StepId(index as u32));
        }
    }
    steps
}

fn literal_does(scene: &Scene<'_, '_>, target: Target, group: Group) -> bool {
    match target {
        Target::Literal(body) => names(scene.package, body, group),
        Target::Object(_) | Target::Interface(..) | Target::Unknown => false,
    }
}

/// Whether what is called is a variable of the function, which may be a literal of its own.
fn is_own_value(scene: &Scene<'_, '_>, act: &Act) -> bool {
    let file = scene.file().checked.file;
    let Some(Expr::Call { fun, .. }) = act.call.map(|call| *file.expr(call)) else { return true };
    match scene.local(fun) {
        Some(local) => {
            let declared = scene.file().checked.locals.get(local.0 as usize);
            let is_param = declared.is_some_and(|local| local.kind == herd_golang::types::LocalKind::Param);
            !is_param
        }
        None => false,
    }
}

/// Whether a group is an argument of a call, or what it is called on.
fn is_given(scene: &Scene<'_, '_>, act: &Act, group: Group) -> bool {
    let checked = &scene.file().checked;
    let Some(Expr::Call { args, .. }) = act.call.map(|call| *checked.file.expr(call)) else { return true };
    checked.file.list(args).iter().any(|arg| {
        let mut x = checked.file.unparen(*arg);
        if let Expr::Unary { x: inner, .. } = *checked.file.expr(x) {
            x = checked.file.unparen(inner);
        }
        is_named(scene, x, group) || matches!(*checked.file.expr(x), Expr::FuncLit { .. })
    })
}

/// Whether a literal, or one within it, does anything to a group.
pub fn names(package: &Package<'_>, body: BodyId, group: Group) -> bool {
    let of = |id: BodyId| {
        let scene = package.scene(id);
        let acts = scene.body.acts.iter();
        acts.filter_map(|act| if let ActKind::Known(_, Some(path)) = act.kind { Some(path) } else { None })
            .any(|path| self::group(package, path) == Some(group))
            || scene.body.acts.iter().any(|act| matches!(act.kind, ActKind::Call(_)) && is_given(&scene, act, group))
    };
    let mut open = vec![body];
    while let Some(id) = open.pop() {
        if of(id) {
            return true;
        }
        open.extend(package.runs().literals(id));
    }
    false
}

/// The groups that somebody waits for.
pub fn waited_for(package: &Package<'_>) -> FxHashSet<Group> {
    let acts = package.unit.bodies.iter().flat_map(|body| &body.acts);
    let waits = acts.filter_map(|act| match act.kind {
        ActKind::Known(Known::GroupWait, Some(path)) => group(package, path),
        _ => None,
    });
    waits.collect()
}
