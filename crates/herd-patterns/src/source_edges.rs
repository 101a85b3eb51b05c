//! The facts of a package about locks that are taken while others are held.

use herd_golang::Token;
use herd_golang::acts::{
    self, ActKind, BodyId, Field, Known, LockAct, LockKey, LockWhat, Owner, PathId, Summaries, Target, When,
};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt};
use herd_golang::flow::{self, StepId};
use herd_golang::types::{CheckedFile, LocalId, LocalKind, Meaning, ObjectId, SelectionKind, Type, Types};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::source::{Package, Scene};
use crate::source_held::{Held, held, is_fresh, reached_with};
use crate::source_partners::is_handed_over;
use crate::source_program::{CallUnderLock, FieldValue, LockEdge, OrderKey, ProgramFacts, Unresolved};
use crate::source_spotted::Stop;

/// Facts of one function beyond these are left out.
const EDGES_MAX: usize = 4096;

/// Facts of a package. Tests are left out: what they do wrong hurts nobody's service.
pub fn of(package: &Package<'_>, known: &Summaries) -> ProgramFacts {
    let mut facts = ProgramFacts::default();
    let bodies = (0..package.unit.bodies.len()).map(|index| package.scene(BodyId(index as u32)));
    for scene in bodies {
        let takes = scene.locks.iter().any(|act| act.what == LockWhat::Takes && act.when == When::Now);
        let runs_once = scene.body.acts.iter().any(|act| matches!(act.kind, ActKind::Known(Known::OnceDo, _)));
        if runs_once && scene.graph().sound && !is_test_file(package, scene.file().checked.source) {
            edges_of_once(&scene, &mut facts);
        }
        if takes && scene.graph().sound && !is_test_file(package, scene.file().checked.source) {
            edges(&scene, known, &mut facts);
        }
    }
    if !facts.edges.is_empty() || !facts.calls.is_empty() {
        let always = package.held_by_callers();
        for edge in &mut facts.edges {
            edge.gates.extend(always.get(&edge.at.0).into_iter().flatten());
        }
        for call in &mut facts.calls {
            call.gates.extend(always.get(&call.at.0).into_iter().flatten());
        }
    }
    for file in &package.unit.files {
        if !is_test_file(package, file.checked.source) {
            field_values(package, file, &mut facts);
        }
    }
    methods(package, &mut facts);
    facts
}

/// How a lock is called: the type and its field, or the variable.
pub fn key_text(types: &Types<'_>, key: LockKey) -> String {
    let name = |object| types.names().text(types.name(object)).to_owned();
    match key {
        LockKey::Global(object) => name(object),
        LockKey::Field(field) => {
            let (ty, owner) = match field.owner {
                Owner::Declared(object) => (types.object_type(object), name(object)),
                Owner::Type(ty) => (ty, String::from("struct")),
            };
            let field = match types.get(types.underlying(ty)) {
                Type::Struct(fields) => fields.get(usize::from(field.index)).map(|field| types.names().text(field.name)),
                _ => None,
            };
            format!("{owner}.{}", field.unwrap_or("?"))
        }
    }
}

/// Whether a file is one of tests.
pub fn is_test_file(package: &Package<'_>, source: u32) -> bool {
    let own = package.unit.types.program().package(package.unit.package);
    own.and_then(|own| own.files.get(source as usize)).is_some_and(|file| file.name.ends_with("_test.go"))
}

/// The methods that a package declares.
fn methods(package: &Package<'_>, facts: &mut ProgramFacts) {
    let types = package.unit.types;
    for body in &package.unit.bodies {
        let (Some(method), Some(first)) = (body.object, body.params.first()) else { continue };
        let checked = &package.unit.files[body.file as usize].checked;
        let receiver = checked.locals.get(first.0 as usize).filter(|local| local.kind == LocalKind::Receiver);
        let Some(Type::Named { object, args }) = receiver.map(|local| types.get(types.pointed_at(local.ty))) else { continue };
        if args.is_empty() && !is_test_file(package, checked.source) {
            facts.methods.push((types.name(method), *object, method));
        }
    }
}

/// The declared function that a body is or is written in.
pub fn declared(package: &Package<'_>, id: BodyId) -> Option<ObjectId> {
    let mut at = Some(id);
    while let Some(id) = at {
        let body = package.unit.body(id);
        if body.object.is_some() {
            return body.object;
        }
        at = body.outer;
    }
    None
}

fn edges(scene: &Scene<'_, '_>, known: &Summaries, facts: &mut ProgramFacts) {
    let package = scene.package;
    let types = package.unit.types;
    let Some(function) = declared(package, scene.id) else { return };
    let surely = held(scene);
    let before = facts.edges.len() + facts.calls.len();
    for first in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now) {
        if facts.edges.len() + facts.calls.len() > before + EDGES_MAX {
            return;
        }
        let Some(key) = order_key(package, first.path) else { continue };
        if !scene.is_steady(first.path)
            || scene.is_tried(first.path)
            || is_fresh(scene, first.path)
            || is_handed_over(scene, first.path)
        {
            continue;
        }
        let reached = reached_with(scene, first);
        let name = package.text(first.path);
        let roots = roots_of_path(scene, first.path);
        let here = |step: StepId, pos: Pos, taken: (OrderKey, bool), text: &str, via: &[(Option<ObjectId>, Pos)]| {
            let mut way = Stop::along(types, function, &first.via, &format!("takes {name}{}", mode(first.read)));
            let text = format!("asks for {text}{} while {name} is held", mode(taken.1));
            way.extend(Stop::along(types, function, via, &text));
            let gates = gates(package, &surely, step, first.path);
            LockEdge { held: (key, first.read), taken, gates, at: (function, pos), way }
        };
        let asked = |act: &&LockAct| {
            matches!(act.what, LockWhat::Takes | LockWhat::Within)
                && act.when == When::Now
                && act.path != first.path
                && reached.contains(act.step)
        };
        for second in scene.locks.iter().filter(asked) {
            let Some(taken) = order_key(package, second.path).filter(|taken| *taken != key) else { continue };
            let Some((_, pos)) = second.via.first() else { continue };
            if is_dropped(scene, known, second, key.key) {
                continue;
            }
            if !is_fresh(scene, second.path) && belong(&roots, &roots_of_path(scene, second.path)) {
                let edge = here(second.step, *pos, (taken, second.read), &package.text(second.path), &second.via);
                facts.edges.push(edge);
            }
        }
        for act in scene.body.acts.iter().filter(|act| act.when == When::Now && reached.contains(act.step)) {
            let ActKind::Call(target) = act.kind else { continue };
            let callee = match target {
                Target::Object(object) => Some(object),
                Target::Literal(_) | Target::Interface(..) | Target::Unknown => None,
            };
            let called_on = roots_of_call(scene, act.call);
            let unknown = match target {
                Target::Interface(ty, name) => Some(Unresolved::Interface(ty, name)),
                Target::Unknown => called_field(scene, act.call).map(Unresolved::Field),
                Target::Object(_) | Target::Literal(_) => None,
            };
            if let Some(callee) = unknown.filter(|_| belong(&roots, &called_on)) {
                let way = Stop::along(types, function, &first.via, &format!("takes {name}{}", mode(first.read)));
                let gates = gates(package, &surely, act.step, first.path);
                let (given, on_field) = given(scene, act.call, first.path);
                facts.calls.push(CallUnderLock {
                    held: (key, first.read),
                    gates,
                    callee,
                    given,
                    on_field,
                    at: (function, act.pos),
                    way,
                });
            }
            let summary = known.of(&package.unit, &package.summaries, target);
            for taken in summary.map(|summary| &*summary.takes).unwrap_or_default() {
                // What can be named here is told above.
                let named = scene
                    .locks
                    .iter()
                    .any(|one| one.step == act.step && one.what != LockWhat::Gives && package.key(one.path) == Some(taken.key));
                let unlike = taken.key == key.key || taken.without.contains(&key.key);
                if !named && !unlike && (belong(&roots, &called_on) || matches!(taken.key, LockKey::Global(_))) {
                    let via: Vec<_> = std::iter::once((callee, act.pos)).chain(taken.via.iter().copied()).collect();
                    let asked = OrderKey { key: taken.key, within: None };
                    facts.edges.push(here(act.step, act.pos, (asked, taken.read), &key_text(types, taken.key), &via));
                }
            }
        }
    }
}

/// What a function takes that a `sync.Once` runs: whoever comes meanwhile waits for it as for a lock.
fn edges_of_once(scene: &Scene<'_, '_>, facts: &mut ProgramFacts) {
    let package = scene.package;
    let types = package.unit.types;
    let Some(function) = declared(package, scene.id) else { return };
    for act in &scene.body.acts {
        let (ActKind::Known(Known::OnceDo, Some(once)), When::Now) = (act.kind, act.when) else { continue };
        let Some(key) = order_key(package, once).filter(|_| !is_fresh(scene, once)) else { continue };
        for asked in scene.locks.iter().filter(|one| one.step == act.step && one.path != once && one.what == LockWhat::Within) {
            let Some(taken) = order_key(package, asked.path).filter(|taken| *taken != key) else { continue };
            let (once, name) = (package.text(once), package.text(asked.path));
            let text = format!("asks for {name}{} while {once} runs it", mode(asked.read));
            facts.edges.push(LockEdge {
                held: (key, false),
                taken: (taken, asked.read),
                gates: Vec::new(),
                at: (function, act.pos),
                way: Stop::along(types, function, &asked.via, &text),
            });
        }
    }
}

/// Whether the callee that takes a lock may give another one back before, on behalf of its caller.
fn is_dropped(scene: &Scene<'_, '_>, known: &Summaries, taken: &LockAct, held: LockKey) -> bool {
    let unit = &scene.package.unit;
    let calls = scene.body.acts.iter().filter(|act| act.step == taken.step);
    calls.into_iter().any(|act| match act.kind {
        ActKind::Call(target) => {
            known.of(unit, &scene.package.summaries, target).is_some_and(|callee| callee.drops.contains(&held))
        }
        _ => false,
    })
}

/// A lock as orders tell it apart.
fn order_key(package: &Package<'_>, path: PathId) -> Option<OrderKey> {
    let key = package.key(path)?;
    let (paths, types) = (&package.unit.paths, package.unit.types);
    let within = paths.parent(path).and_then(|parent| match paths.last(parent) {
        acts::Step::Field(_, field) => Some(field),
        _ => None,
    });
    // Only one of several of a type needs to be told apart.
    let within = within.filter(|field| {
        let owner = match field.owner {
            Owner::Declared(object) => types.object_type(object),
            Owner::Type(ty) => ty,
        };
        let Type::Struct(fields) = types.get(types.underlying(owner)) else { return false };
        let Some(ty) = fields.get(usize::from(field.index)).map(|field| field.ty) else { return false };
        !matches!(types.get(ty), Type::Pointer(_)) && fields.iter().filter(|other| other.ty == ty).count() > 1
    });
    Some(OrderKey { key, within })
}

/// What something is reached from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum From {
    Local(u32, LocalId),
    Global(ObjectId),
}

/// Whether two things are reached from the same one, or one of them is there once in the program.
fn belong(one: &[From], other: &[From]) -> bool {
    let is_global = |roots: &[From]| roots.iter().any(|root| matches!(root, From::Global(_)));
    is_global(one) || is_global(other) || one.iter().any(|root| other.contains(root))
}

/// What a path starts with, and what that was taken from: an element, a result of a method, a field.
fn roots_of_path(scene: &Scene<'_, '_>, path: PathId) -> Vec<From> {
    match scene.package.unit.paths.root(path) {
        acts::Step::Global(object) => vec![From::Global(object)],
        acts::Step::Local(file, local) => roots(scene, From::Local(file, local)),
        acts::Step::Field(..) | acts::Step::Element(_) | acts::Step::Call(..) => Vec::new(),
    }
}

/// Whether a variable was taken from something that is reached from another one: an element of it.
pub fn is_element_of(scene: &Scene<'_, '_>, element: PathId, of: PathId) -> bool {
    let paths = &scene.package.unit.paths;
    let (acts::Step::Local(file, local), acts::Step::Local(owner_file, owner)) = (paths.last(element), paths.last(of)) else {
        return false;
    };
    element != of && roots(scene, From::Local(file, local)).contains(&From::Local(owner_file, owner))
}

/// The same of what a method or the function in a field is called on.
fn roots_of_call(scene: &Scene<'_, '_>, call: Option<ExprId>) -> Vec<From> {
    let tree = scene.file().checked.file;
    let Some(Expr::Call { fun, .. }) = call.map(|call| *tree.expr(call)) else { return Vec::new() };
    let Expr::Selector { x, .. } = *tree.expr(tree.unparen(fun)) else { return Vec::new() };
    root_of(scene, x).map(|root| roots(scene, root)).unwrap_or_default()
}

fn roots(scene: &Scene<'_, '_>, from: From) -> Vec<From> {
    let mut found = vec![from];
    while let Some(From::Local(file, local)) = found.last().copied()
        && file == scene.body.file
        && found.len() < 6
    {
        let of = scene.file();
        let kind = of.checked.locals.get(local.0 as usize).map(|local| local.kind);
        let next = match kind {
            Some(LocalKind::Range) => ranged(scene, local),
            Some(LocalKind::Define | LocalKind::Var) => {
                of.uses.get(local.0 as usize).and_then(acts::Uses::only).map(|one| one.expr)
            }
            _ => None,
        };
        match next.and_then(|x| root_of(scene, x)) {
            Some(next) if !found.contains(&next) => found.push(next),
            _ => break,
        }
    }
    found
}

/// What a variable's values are the elements of.
fn ranged(scene: &Scene<'_, '_>, local: LocalId) -> Option<ExprId> {
    let checked = &scene.file().checked;
    scene.graph().steps.iter().find_map(|step| {
        let flow::Step::RangeAssign(stmt) = *step else { return None };
        let Stmt::Range { key, value, x, .. } = *checked.file.stmt(stmt) else { return None };
        let is_it = |target: ExprId| {
            let pos = checked.file.expr_span(target).start;
            checked.local_at(pos) == Some(local) || checked.meaning(target) == Meaning::Local(local)
        };
        [key, value].into_iter().flatten().any(is_it).then_some(x)
    })
}

/// What an expression starts with.
fn root_of(scene: &Scene<'_, '_>, mut x: ExprId) -> Option<From> {
    let checked = &scene.file().checked;
    loop {
        match *checked.file.expr(x) {
            Expr::Paren { x: inner }
            | Expr::Star { x: inner }
            | Expr::Unary { op: Token::And, x: inner }
            | Expr::Index { x: inner, .. }
            | Expr::TypeAssert { x: inner, .. } => x = inner,
            Expr::Selector { x: inner, .. } => match checked.meaning(x) {
                Meaning::Object(object) => return Some(From::Global(object)),
                _ => x = inner,
            },
            // What depends on arguments may be anything.
            Expr::Call { fun, args, .. } if args.is_empty() => {
                let fun = checked.file.unparen(fun);
                checked.selection(fun)?;
                x = fun;
            }
            Expr::Ident { .. } => {
                return match checked.meaning(x) {
                    Meaning::Local(local) => Some(From::Local(scene.body.file, local)),
                    Meaning::Object(object) => Some(From::Global(object)),
                    _ => None,
                };
            }
            _ => return None,
        }
    }
}

/// Which parameters of a call are what a lock is in; the receiver's is true where it is called on a field of that, which is told apart.
fn given(scene: &Scene<'_, '_>, call: Option<ExprId>, lock: PathId) -> (Vec<bool>, bool) {
    let checked = &scene.file().checked;
    let paths = &scene.package.unit.paths;
    let (Some(Expr::Call { fun, args, .. }), Some(acts::Step::Local(file, owner))) =
        (call.map(|call| *checked.file.expr(call)), paths.parent(lock).map(|parent| paths.last(parent)))
    else {
        return (Vec::new(), false);
    };
    let is_owner = |x: ExprId| file == scene.body.file && checked.meaning(checked.file.unparen(x)) == Meaning::Local(owner);
    let on_field = match *checked.file.expr(checked.file.unparen(fun)) {
        Expr::Selector { x, .. } => match *checked.file.expr(checked.file.unparen(x)) {
            Expr::Selector { x, .. } => is_owner(x),
            _ => false,
        },
        _ => false,
    };
    let args = checked.file.list(args).iter().map(|x| is_owner(*x));
    (std::iter::once(on_field).chain(args).collect(), on_field)
}

/// The field whose function is called.
fn called_field(scene: &Scene<'_, '_>, call: Option<ExprId>) -> Option<Field> {
    let checked = &scene.file().checked;
    let Expr::Call { fun, .. } = *checked.file.expr(call?) else { return None };
    field_of(checked, scene.package.unit.types, checked.file.unparen(fun))
}

/// The field that a selector picks.
fn field_of(checked: &CheckedFile<'_>, types: &Types<'_>, selector: ExprId) -> Option<Field> {
    let selection = checked.selection(selector).filter(|selection| selection.kind == SelectionKind::Field)?;
    let owner = match types.get(selection.owner) {
        Type::Named { object, .. } => Owner::Declared(*object),
        _ => Owner::Type(selection.owner),
    };
    Some(Field { owner, index: *selection.path.indices().last()? })
}

/// Locks other than one that surely are held at a step.
fn gates(package: &Package<'_>, surely: &Held, step: StepId, but: acts::PathId) -> Vec<LockKey> {
    surely.at(step).filter(|path| *path != but).filter_map(|path| package.key(path)).collect()
}

/// As a sentence goes on.
pub fn mode(read: bool) -> &'static str {
    if read { " for reading" } else { "" }
}

/// The locks that all callers of a function hold, for functions that only their package can call.
pub fn held_by_callers(package: &Package<'_>) -> FxHashMap<ObjectId, Vec<LockKey>> {
    let types = package.unit.types;
    let is_own = |object: ObjectId| {
        let name = types.names().text(types.name(object));
        !name.starts_with(char::is_uppercase) && name != "init" && name != "main"
    };
    let as_values = used_as_values(package);
    let mut calls: Vec<(Option<ObjectId>, ObjectId, Vec<LockKey>)> = Vec::new();
    for index in 0..package.unit.bodies.len() {
        let scene = package.scene(BodyId(index as u32));
        let own = |act: &&acts::Act| matches!(act.kind, ActKind::Call(Target::Object(object)) if package.unit.body_of(object).is_some() && is_own(object));
        if !scene.body.acts.iter().any(|act| own(&act)) {
            continue;
        }
        let takes = scene.locks.iter().any(|act| act.what == LockWhat::Takes && act.when == When::Now);
        let surely = takes.then(|| held(&scene));
        // What a literal is called with is not known.
        let by = scene.body.object;
        for act in scene.body.acts.iter().filter(own) {
            let ActKind::Call(Target::Object(callee)) = act.kind else { continue };
            let spawned = act.when == When::Spawned;
            let locks =
                surely.as_ref().filter(|_| !spawned).map(|held| held.at(act.step).filter_map(|path| package.key(path)).collect());
            calls.push((by.filter(|_| !spawned), callee, locks.unwrap_or_default()));
        }
    }
    // Those of one call at first, fewer with each round.
    let mut all: FxHashMap<ObjectId, Option<FxHashSet<LockKey>>> = FxHashMap::default();
    for _ in 0..4 {
        let mut next: FxHashMap<ObjectId, Option<FxHashSet<LockKey>>> = FxHashMap::default();
        for (caller, callee, locks) in &calls {
            let mut here: FxHashSet<LockKey> = locks.iter().copied().collect();
            if let Some(Some(above)) = caller.and_then(|caller| all.get(&caller)) {
                here.extend(above);
            }
            let entry = next.entry(*callee).or_insert(None);
            *entry = Some(match entry.take() {
                Some(before) => before.intersection(&here).copied().collect(),
                None => here,
            });
        }
        all = next;
    }
    let known = all.into_iter().filter(|(function, _)| !as_values.contains(function));
    known.filter_map(|(function, locks)| Some((function, locks?.into_iter().collect()))).collect()
}

/// Functions that are named without being called.
fn used_as_values(package: &Package<'_>) -> FxHashSet<ObjectId> {
    let mut found = FxHashSet::default();
    for file in &package.unit.files {
        let tree = file.checked.file;
        let mut called = FxHashSet::default();
        for (_, expr) in tree.all_exprs() {
            if let Expr::Call { fun, .. } = *expr {
                called.insert(file.checked.name_of(fun));
            }
        }
        for (id, expr) in tree.all_exprs() {
            if !called.contains(&id) && matches!(expr, Expr::Ident { .. } | Expr::Selector { .. }) {
                found.extend(function_named(&file.checked, id));
            }
        }
    }
    found
}

/// The declared function or method that an expression names.
fn function_named(checked: &CheckedFile<'_>, x: ExprId) -> Option<ObjectId> {
    match checked.meaning(x) {
        Meaning::Object(object) => Some(object),
        Meaning::Selection(_) => checked.selection(x).filter(|one| one.kind == SelectionKind::Method).and_then(|one| one.object),
        _ => None,
    }
}

/// Fields that are set to declared functions.
fn field_values(package: &Package<'_>, file: &acts::UnitFile<'_>, facts: &mut ProgramFacts) {
    let (checked, types) = (&file.checked, package.unit.types);
    let tree = checked.file;
    for (_, stmt) in tree.all_stmts() {
        let Stmt::Assign { lhs, rhs, .. } = *stmt else { continue };
        for (to, from) in tree.list(lhs).iter().zip(tree.list(rhs)) {
            let Expr::Selector { .. } = *tree.expr(tree.unparen(*to)) else { continue };
            if let (Some(function), Some(field)) = (function_value(checked, *from), field_of(checked, types, tree.unparen(*to))) {
                facts.field_values.push((field, function));
            }
        }
    }
    for (id, expr) in tree.all_exprs() {
        let Expr::CompositeLit { elts, .. } = *expr else { continue };
        for elt in tree.list(elts) {
            let Expr::KeyValue { key, value, .. } = *tree.expr(*elt) else { continue };
            let (Meaning::Field(index), Some(function)) = (checked.meaning(key), function_value(checked, value)) else {
                continue;
            };
            let ty = types.pointed_at(checked.type_of(id));
            let owner = match types.get(ty) {
                Type::Named { object, .. } => Owner::Declared(*object),
                _ => Owner::Type(ty),
            };
            facts.field_values.extend(u16::try_from(index).ok().map(|index| (Field { owner, index }, function)));
        }
    }
}

/// The declared function that a value is.
fn function_value(checked: &CheckedFile<'_>, x: ExprId) -> Option<FieldValue> {
    let x = checked.file.unparen(x);
    match *checked.file.expr(x) {
        Expr::Ident { .. } | Expr::Selector { .. } => {}
        // A literal does what its own body does, which nobody calls by name.
        Expr::FuncLit { .. } => return Some(FieldValue::Literal),
        _ => return None,
    }
    function_named(checked, x).map(FieldValue::Function)
}
