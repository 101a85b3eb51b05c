//! Locks that are asked for again by way of something that leads back: the owner of an element, a value's text.

use herd_golang::acts::{self, ActKind, LockAct, LockWhat, Owner, PathId, Root, Step, Target, When};
use herd_golang::ast::{Expr, ExprId, Literal};
use herd_golang::types::{Meaning, ObjectId, Type};

use crate::source::{Scene, Spotted};
use crate::source_edges::{self, mode};
use crate::source_held::{is_fresh, reached_with};

/// Of the kinds, whether for reading, that are wanted.
pub fn taken_again(scene: &Scene<'_, '_>, wanted: impl Fn(bool, bool) -> bool) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.graph().sound {
        return found;
    }
    for held in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now) {
        let Some(parent) = scene.package.unit.paths.parent(held.path) else { continue };
        if !scene.is_steady(held.path)
            || scene.is_tried(held.path)
            || scene.is_given_back_elsewhere(held.path)
            || is_fresh(scene, held.path)
        {
            continue;
        }
        by_owner(scene, held, parent, &wanted, &mut found);
        by_text(scene, held, parent, &wanted, &mut found);
    }
    found
}

/// An element of something asks for the lock of what it is in, through its field that points there.
fn by_owner(
    scene: &Scene<'_, '_>,
    held: &LockAct,
    parent: PathId,
    wanted: &impl Fn(bool, bool) -> bool,
    found: &mut Vec<Spotted>,
) {
    let (package, paths) = (scene.package, &scene.package.unit.paths);
    let Some(key) = package.key(held.path) else { return };
    let again = |act: &&LockAct| {
        act.when == When::Now
            // One call away: what lies further may have been asked before whether there is an owner.
            && act.via.len() == 2
            && matches!(act.what, LockWhat::Takes | LockWhat::Within)
            && act.certain
            && act.path != held.path
            && package.key(act.path) == Some(key)
            && wanted(held.read, act.read)
    };
    let asked: Vec<&LockAct> = scene.locks.iter().filter(again).collect();
    if asked.is_empty() {
        return;
    }
    let reached = reached_with(scene, held);
    for act in asked.into_iter().filter(|act| reached.contains(act.step)) {
        let Some(back) = paths.parent(act.path) else { continue };
        let Step::Field(element, field) = paths.last(back) else { continue };
        let (Step::Local(..), Step::Local(..)) = (paths.last(element), paths.last(parent)) else { continue };
        if !is_only_way_back(scene, field, key) || !source_edges::is_element_of(scene, element, parent) {
            continue;
        }
        let name = package.text(held.path);
        let Some((_, at)) = act.via.first() else { continue };
        let mut way = scene.stops(held, &format!("takes {name}{}", mode(held.read)));
        way.extend(scene.stops(act, &format!("asks for the same lock{}, as {}", mode(act.read), package.text(act.path))));
        found.push(Spotted::new(scene.body.file, *at, format!("{name} is asked for while it is held"), way));
    }
}

/// Whether a field is the only one of its struct that points to the type that has the lock.
fn is_only_way_back(scene: &Scene<'_, '_>, field: acts::Field, lock: acts::LockKey) -> bool {
    let types = scene.package.unit.types;
    let acts::LockKey::Field(acts::Field { owner: Owner::Declared(owner), .. }) = lock else { return false };
    let of = match field.owner {
        Owner::Declared(object) => types.object_type(object),
        Owner::Type(ty) => ty,
    };
    let Type::Struct(fields) = types.get(types.underlying(of)) else { return false };
    let points = |ty| matches!(types.get(ty), Type::Pointer(to) if matches!(types.get(*to), Type::Named { object, .. } if *object == owner));
    fields.get(usize::from(field.index)).is_some_and(|one| points(one.ty))
        && fields.iter().filter(|one| points(one.ty)).count() == 1
        && owner_of(field) != Some(owner)
}

fn owner_of(field: acts::Field) -> Option<ObjectId> {
    match field.owner {
        Owner::Declared(object) => Some(object),
        Owner::Type(_) => None,
    }
}

/// A value whose lock is held is printed, and its text asks for the lock.
fn by_text(
    scene: &Scene<'_, '_>,
    held: &LockAct,
    parent: PathId,
    wanted: &impl Fn(bool, bool) -> bool,
    found: &mut Vec<Spotted>,
) {
    let package = scene.package;
    let Step::Local(file, local) = package.unit.paths.last(parent) else { return };
    if file != scene.body.file {
        return;
    }
    let checked = &scene.file().checked;
    let is_it = |x: ExprId| checked.meaning(checked.file.unparen(x)) == Meaning::Local(local);
    let mut reached = None;
    for act in scene.body.acts.iter().filter(|act| act.when == When::Now) {
        let (ActKind::Call(Target::Object(object)), Some(call)) = (act.kind, act.call) else { continue };
        let Expr::Call { args, .. } = *checked.file.expr(call) else { continue };
        let args = checked.file.list(args);
        if !args.iter().any(|x| is_it(*x)) || !is_printed(scene, object, args, &is_it) {
            continue;
        }
        let reached = reached.get_or_insert_with(|| reached_with(scene, held));
        let Some(text) = text_method(scene, local).filter(|_| reached.contains(act.step)) else { continue };
        let Some(summary) = package.unit.body_of(text).and_then(|body| package.summaries.get(body.0 as usize)) else { continue };
        let asked = summary.acquires.iter().find(|one| {
            let field = match (one.path.root, one.path.fields.as_slice()) {
                (Root::Param(0), [field]) => Some(acts::LockKey::Field(*field)),
                _ => None,
            };
            field.is_some() && field == package.key(held.path) && one.certain && wanted(held.read, one.read)
        });
        let Some(asked) = asked else { continue };
        let name = package.text(held.path);
        let via: Vec<_> = std::iter::once((Some(text), act.pos)).chain(asked.via.iter().copied()).collect();
        let mut way = scene.stops(held, &format!("takes {name}{}", mode(held.read)));
        way.extend(scene.stops_of(&via, &format!("asks for {name}{} while it is held", mode(asked.read))));
        found.push(Spotted::new(scene.body.file, act.pos, format!("{name} is asked for while it is held"), way));
    }
}

/// The method that prints a variable's value: `Error` or `String`, of its package.
fn text_method(scene: &Scene<'_, '_>, local: herd_golang::types::LocalId) -> Option<ObjectId> {
    let types = scene.package.unit.types;
    let ty = scene.file().checked.locals.get(local.0 as usize)?.ty;
    let names = types.names();
    ["Error", "String"].iter().find_map(|name| types.select(ty, names.get(name)?, None)?.object)
}

/// Whether a function of fmt asks an argument for its text: by `%v`, `%s` or `%q` where there is a format.
fn is_printed(scene: &Scene<'_, '_>, callee: ObjectId, args: &[ExprId], is_it: &impl Fn(ExprId) -> bool) -> bool {
    let (types, file) = (scene.package.unit.types, scene.file().checked.file);
    let package = types.scope_of(callee).and_then(|scope| types.program().package(scope.package()));
    if package.is_none_or(|package| &*package.path != "fmt") {
        return false;
    }
    let name = types.names().text(types.name(callee));
    let first = match name {
        "Sprint" | "Sprintln" | "Print" | "Println" => return true,
        "Fprint" | "Fprintln" => return args.iter().skip(1).any(|x| is_it(*x)),
        "Sprintf" | "Printf" | "Errorf" => 0,
        "Fprintf" => 1,
        _ => return false,
    };
    let Some(format) = args.get(first).filter(|x| matches!(file.expr(**x), Expr::BasicLit { kind: Literal::String })) else {
        return false;
    };
    let text = file.text(file.expr_span(*format));
    // Positions and widths from arguments are rare, and not followed.
    if text.contains('[') || text.contains('*') {
        return false;
    }
    let verbs = verbs(&text);
    args.iter().skip(first + 1).zip(verbs).any(|(x, verb)| is_it(*x) && matches!(verb, 'v' | 's' | 'q'))
}

/// The verbs of a format, in order.
fn verbs(format: &str) -> Vec<char> {
    let mut found = Vec::new();
    let mut chars = format.chars();
    while let Some(one) = chars.next() {
        if one != '%' {
            continue;
        }
        let mut sharp = false;
        let verb = chars.by_ref().find(|next| {
            sharp |= *next == '#';
            !matches!(next, '+' | '-' | '#' | ' ' | '.') && !next.is_ascii_digit()
        });
        // `%#v` writes the value as Go has it, and asks no method for its text but `GoString`.
        found.extend(verb.filter(|verb| *verb != '%').map(|verb| if sharp { '#' } else { verb }));
    }
    found
}
