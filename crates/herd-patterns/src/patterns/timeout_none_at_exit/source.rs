//! The source eye of TO003: ways out of the process, and into it, that nothing bounds.
//!
//! Silent in tests and, but for servers, in commands; where a limit may be set elsewhere; where a context is at hand, which is CX004's to tell.

use herd_golang::Token;
use herd_golang::acts::{BodyId, When};
use herd_golang::ast::{Expr, ExprId, Stmt};
use herd_golang::flow::Step;
use herd_golang::types::{Constant, LocalId, TypeId};

use crate::source::{Scene, Spotted};
use crate::source_calls::{Library, declared};
use crate::source_contexts::at_hand;

const CLIENT: (&str, &str) = ("net/http", "Client");
const SERVER: (&str, &str) = ("net/http", "Server");
const TRANSPORT: (&str, &str) = ("net/http", "Transport");

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    if !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (act, library) in scene.library() {
        let (Some(call), true) = (act.call, act.when != When::Deferred) else { continue };
        found.extend(call_without(scene, call, *library));
    }
    for step in &scene.graph().steps {
        let Step::Composite(literal) = *step else { continue };
        let ty = scene.file().checked.type_of(literal);
        match declared(&scene.package.unit, ty) {
            Some(SERVER) => found.extend(server(scene, literal)),
            Some(CLIENT) if !scene.is_command() => found.extend(client(scene, literal)),
            _ => {}
        }
    }
    found
}

/// Calls that wait as long as the other side likes, whatever they are given.
fn call_without(scene: &Scene<'_, '_>, call: ExprId, library: Library) -> Option<Spotted> {
    let file = scene.file().checked.file;
    let name = scene.callee(call)?;
    let written = match *file.expr(call) {
        Expr::Call { fun, .. } => scene.written(fun),
        _ => name.name.to_owned(),
    };
    let text = match library {
        Library::Serve if is_near(scene, call) => return None,
        Library::Serve => format!("{written} sets no limit: a client may take for ever to send its request"),
        Library::HttpShortcut | Library::Dial if scene.is_command() || at_hand(scene).is_some() || is_near(scene, call) => {
            return None;
        }
        Library::HttpShortcut => format!("{written} uses the default client, which waits for ever"),
        Library::Dial if starts(scene, call, "tcp") => {
            format!("{written} has no limit but that of the kernel, which is minutes")
        }
        _ => return None,
    };
    Some(Spotted::new(scene.body.file, file.expr_span(call).start, text, Vec::new()))
}

/// Whether the other side is this machine, as it is written: its address, or that of a listener.
fn is_near(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    scene.args(call).iter().any(|x| {
        let made = scene.local(*x).and_then(|local| scene.made_from(local)).unwrap_or(*x);
        is_near_text(&scene.written(made))
    })
}

fn is_near_text(text: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]", ".Addr()"].iter().any(|near| text.contains(near))
}

fn starts(scene: &Scene<'_, '_>, call: ExprId, with: &str) -> bool {
    let first = scene.args(call).first().and_then(|x| scene.file().checked.constant(scene.package.unit.types, *x));
    matches!(first, Some(Constant::String(text)) if scene.package.unit.types.names().text(text).starts_with(with))
}

/// A server that waits for headers as long as a client likes.
fn server(scene: &Scene<'_, '_>, literal: ExprId) -> Option<Spotted> {
    for field in ["ReadHeaderTimeout", "ReadTimeout"] {
        if scene.field_of(literal, SERVER, field)?.is_some() || is_set_somewhere(scene, SERVER, field) {
            return None;
        }
    }
    let is_far = |address: ExprId| !is_near_text(&scene.written(address));
    if !scene.field_of(literal, SERVER, "Addr")?.is_none_or(is_far) {
        return None;
    }
    // Who gets it may set the limits.
    if gives_away(scene, literal) {
        return None;
    }
    let at = scene.file().checked.file.expr_span(literal).start;
    let text = "the server has neither ReadHeaderTimeout nor ReadTimeout: a client may take for ever to send its request";
    Some(Spotted::new(scene.body.file, at, text, Vec::new()))
}

/// Whether a literal is returned from what others can call, or handed to a function of another package.
fn gives_away(scene: &Scene<'_, '_>, literal: ExprId) -> bool {
    let file = scene.file().checked.file;
    let types = scene.package.unit.types;
    let is_exported =
        scene.body.object.is_some_and(|object| types.names().text(types.name(object)).starts_with(char::is_uppercase));
    let holder = held_by(scene, literal);
    let is_it = |x: ExprId| is_literal(scene, x, literal) || holder.is_some() && scene.local(x) == holder;
    let returned = file.all_stmts().any(|(_, stmt)| match *stmt {
        Stmt::Return { results } => file.list(results).iter().any(|x| is_it(*x)),
        _ => false,
    });
    let handed = file.all_exprs().any(|(id, expr)| match *expr {
        Expr::Call { args, .. } => {
            let own = scene.callee(id).is_some_and(|name| Some(name.package) == own_path(scene));
            file.list(args).iter().any(|x| is_it(*x)) && !own
        }
        _ => false,
    });
    handed || returned && is_exported
}

fn own_path<'a>(scene: &'a Scene<'_, '_>) -> Option<&'a str> {
    let unit = &scene.package.unit;
    unit.types.program().package(unit.package).map(|package| &*package.path)
}

/// Whether an expression is a literal, or its address.
fn is_literal(scene: &Scene<'_, '_>, x: ExprId, literal: ExprId) -> bool {
    let file = scene.file().checked.file;
    let x = file.unparen(x);
    x == literal || matches!(*file.expr(x), Expr::Unary { op: Token::And, x } if file.unparen(x) == literal)
}

/// The variable that a literal is put into.
fn held_by(scene: &Scene<'_, '_>, literal: ExprId) -> Option<LocalId> {
    let file = scene.file().checked.file;
    file.all_stmts().find_map(|(_, stmt)| match *stmt {
        Stmt::Assign { lhs, rhs, .. } => {
            let at = file.list(rhs).iter().position(|x| is_literal(scene, *x, literal))?;
            scene.local(*file.list(lhs).get(at)?)
        }
        _ => None,
    })
}

/// Whether a field is set by an assignment anywhere in the package.
fn is_set_somewhere(scene: &Scene<'_, '_>, of: (&str, &str), field: &str) -> bool {
    let unit = &scene.package.unit;
    unit.files.iter().any(|file| {
        let tree = file.checked.file;
        tree.all_stmts().any(|(_, stmt)| match *stmt {
            Stmt::Assign { lhs, .. } => tree.list(lhs).iter().any(|x| match *tree.expr(tree.unparen(*x)) {
                Expr::Selector { x, sel } => {
                    unit.types.names().text(sel.name) == field && declared(unit, file.checked.type_of(x)) == Some(of)
                }
                _ => false,
            }),
            _ => false,
        })
    })
}

/// Where a client is kept: in a variable, or in a field of a declared struct.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder<'a> {
    Local(u32, LocalId),
    Field(TypeId, &'a str),
}

/// A client without a limit, with a call that has none either.
fn client(scene: &Scene<'_, '_>, literal: ExprId) -> Option<Spotted> {
    if scene.field_of(literal, CLIENT, "Timeout")?.is_some() || is_set_somewhere(scene, CLIENT, "Timeout") {
        return None;
    }
    if let Some(transport) = scene.field_of(literal, CLIENT, "Transport")? {
        // One that is made elsewhere may have limits, or be none of the network.
        scene.field_of(transport, TRANSPORT, "ResponseHeaderTimeout").filter(Option::is_none)?;
    }
    let holder = holder(scene, literal)?;
    if let Holder::Field(ty, field) = holder {
        let others = literals_of(scene, ty, field);
        if others != 1 || field.starts_with(char::is_uppercase) {
            return None;
        }
    }
    let unit = &scene.package.unit;
    let call = (0..unit.bodies.len()).map(|index| scene.package.scene(BodyId(index as u32))).find_map(|user| {
        user.library().iter().find_map(|(act, library)| {
            let call = act.call?;
            let on = user.called_on(call)?;
            let same = self_or_field(&user, on) == Some(holder);
            let unbounded = match library {
                Library::ClientShortcut => true,
                Library::ClientDo => is_plain_request(&user, call),
                _ => false,
            };
            (same && unbounded && !user.is_test()).then(|| user.stop(act.pos, "waits for an answer, however long"))
        })
    })?;
    let at = scene.file().checked.file.expr_span(literal).start;
    let way = vec![scene.stop(at, "the client has no Timeout"), call];
    Some(Spotted::new(scene.body.file, at, "the client waits for ever: it has no Timeout, and its calls have no deadline", way))
}

/// What an expression is as a place where a client is kept.
fn self_or_field<'a>(scene: &'a Scene<'_, '_>, x: ExprId) -> Option<Holder<'a>> {
    let checked = &scene.file().checked;
    let mut x = checked.file.unparen(x);
    if let Expr::Unary { op: Token::And, x: inner } = *checked.file.expr(x) {
        x = checked.file.unparen(inner);
    }
    match *checked.file.expr(x) {
        Expr::Selector { sel, .. } => {
            let selection = checked.selection(x)?;
            Some(Holder::Field(selection.owner, scene.package.unit.types.names().text(sel.name)))
        }
        _ => Some(Holder::Local(scene.body.file, scene.local(x)?)),
    }
}

fn holder<'a>(scene: &'a Scene<'_, '_>, literal: ExprId) -> Option<Holder<'a>> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let types = scene.package.unit.types;
    for (id, expr) in file.all_exprs() {
        let Expr::CompositeLit { elts, .. } = *expr else { continue };
        for element in file.list(elts) {
            let Expr::KeyValue { key, value, .. } = *file.expr(*element) else { continue };
            if is_literal(scene, value, literal) {
                let name = types.names().get(&file.text(file.expr_span(key)))?;
                return Some(Holder::Field(types.pointed_at(checked.type_of(id)), types.names().text(name)));
            }
        }
    }
    file.all_stmts().find_map(|(_, stmt)| match *stmt {
        Stmt::Assign { lhs, rhs, .. } => {
            let at = file.list(rhs).iter().position(|x| is_literal(scene, *x, literal))?;
            let holder = self_or_field(scene, *file.list(lhs).get(at)?)?;
            match holder {
                // Of a variable that goes elsewhere nobody knows who sets what.
                Holder::Local(_, local) if scene.goes_elsewhere(local) || !is_only_used_for_calls(scene, local) => None,
                Holder::Local(..) | Holder::Field(..) => Some(holder),
            }
        }
        _ => None,
    })
}

fn is_only_used_for_calls(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    let file = scene.file().checked.file;
    !file.all_exprs().any(|(_, expr)| match *expr {
        Expr::Call { args, .. } => file.list(args).iter().any(|x| {
            let x = file.unparen(*x);
            let x = if let Expr::Unary { op: Token::And, x } = *file.expr(x) { x } else { x };
            scene.local(x) == Some(local)
        }),
        _ => false,
    })
}

/// How often a field gets a value in the package, by literals and assignments.
fn literals_of(scene: &Scene<'_, '_>, ty: TypeId, field: &str) -> usize {
    let unit = &scene.package.unit;
    let names = unit.types.names();
    let of_file = |file: &herd_golang::acts::UnitFile<'_>| {
        let tree = file.checked.file;
        let by_literal = tree.all_exprs().filter_map(|(id, expr)| match *expr {
            Expr::CompositeLit { elts, .. } if unit.types.pointed_at(file.checked.type_of(id)) == ty => {
                let sets = |x: &&ExprId| match *tree.expr(**x) {
                    Expr::KeyValue { key, .. } => tree.bytes(tree.expr_span(key)) == field.as_bytes(),
                    // Without keys all fields are set.
                    _ => true,
                };
                Some(tree.list(elts).iter().filter(sets).count())
            }
            _ => None,
        });
        let by_stmt = tree.all_stmts().filter_map(|(_, stmt)| match *stmt {
            Stmt::Assign { lhs, .. } => Some(
                tree.list(lhs)
                    .iter()
                    .filter(|x| match *tree.expr(tree.unparen(**x)) {
                        Expr::Selector { sel, .. } => {
                            names.text(sel.name) == field
                                && file.checked.selection(tree.unparen(**x)).is_some_and(|one| one.owner == ty)
                        }
                        _ => false,
                    })
                    .count(),
            ),
            _ => None,
        });
        by_literal.sum::<usize>() + by_stmt.sum::<usize>()
    };
    unit.files.iter().map(of_file).sum()
}

/// Whether the request of `client.Do` was made here without a context, and gets none.
fn is_plain_request(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    let Some(request) = scene.args(call).first().and_then(|x| scene.local(*x)) else { return false };
    let Some(made) = scene.made_from(request) else { return false };
    let plain = scene.library().iter().any(|(act, library)| act.call == Some(made) && *library == Library::NewRequest);
    let file = scene.file().checked.file;
    let replaced = file.all_exprs().any(|(_, expr)| match *expr {
        Expr::Selector { x, sel } => {
            let name = scene.package.unit.types.names().text(sel.name);
            matches!(name, "WithContext" | "Clone" | "Cancel") && scene.local(x) == Some(request)
        }
        _ => false,
    });
    plain && !replaced
}
