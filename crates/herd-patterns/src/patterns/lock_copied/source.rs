//! The source eye of LO001: values with locks in them are copied, as go vet's copylocks tells it, and where they are sent.

#![allow(clippy::wildcard_enum_match_arm, reason = "a few shapes of many copy something")]

use herd_golang::Token;
use herd_golang::ast::{Expr, ExprId, Pos, Span, Spec, Stmt, StmtId};
use herd_golang::flow::Step;
use herd_golang::load::Language;
use herd_golang::types::{Builtin, Callee, LocalKind, Meaning, ObjectKind, Type};

use crate::source::{Edit, Repair, Safety, Scene, Spotted};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    parameters(scene, &mut found);
    for step in &scene.graph().steps {
        match *step {
            Step::Assign(stmt) => assigned(scene, stmt, &mut found),
            Step::Comm(stmt) => communicated(scene, stmt, &mut found),
            Step::Declare(spec) => declared(scene, spec, &mut found),
            Step::RangeAssign(stmt) => ranged(scene, stmt, &mut found),
            Step::Return(stmt) => {
                if let Stmt::Return { results } = *scene.file().checked.file.stmt(stmt) {
                    for x in scene.file().checked.file.list(results) {
                        found.extend(copy(scene, *x, |lock| format!("returns {lock} by value")));
                    }
                }
            }
            Step::Composite(x) => literal(scene, x, &mut found),
            Step::Call(x) => arguments(scene, x, &mut found),
            Step::Go(stmt) | Step::Defer(stmt) => {
                if let Stmt::Go { call } | Stmt::Defer { call } = *scene.file().checked.file.stmt(stmt) {
                    arguments(scene, call, &mut found);
                }
            }
            Step::Send(stmt) => sent(scene, stmt, &mut found),
            Step::Receive(_)
            | Step::FuncLit(_)
            | Step::IncDec(_)
            | Step::RangeHead(_)
            | Step::RangeNext(_)
            | Step::Select { .. }
            | Step::Tag(_)
            | Step::CaseExpr(_)
            | Step::TypeSwitch(_)
            | Step::Condition(_) => {}
        }
    }
    found
}

/// Receivers and parameters by value.
fn parameters(scene: &Scene<'_, '_>, found: &mut Vec<Spotted>) {
    let (package, checked) = (scene.package, &scene.file().checked);
    for param in &scene.body.params {
        let Some(local) = checked.locals.get(param.0 as usize) else { continue };
        let Some(lock) = package.uncopied.lock_in(package.unit.types, local.ty) else { continue };
        let what = if local.kind == LocalKind::Receiver { "the receiver" } else { "a parameter" };
        let text = format!("{what} is a copy of a value that holds a {lock}");
        let spotted = Spotted::new(scene.body.file, local.pos, text, Vec::new());
        found.push(spotted.cured_by(by_pointer(scene, local.pos)));
    }
}

/// `*` before the type of a parameter that has one name.
fn by_pointer(scene: &Scene<'_, '_>, name: Pos) -> Option<Repair> {
    let file = scene.file().checked.file;
    let start = name.offset() as usize;
    let rest = file.source.get(start..)?;
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let blanks = rest.get(word..)?.iter().take_while(|byte| **byte == b' ').count();
    let next = *rest.get(word + blanks)?;
    if blanks == 0 || !(next.is_ascii_alphabetic() || next == b'_') {
        return None;
    }
    let at = Pos::at((start + word + blanks) as u32);
    let edits = vec![Edit { span: Span { start: at, end: at }, text: "*".to_owned() }];
    Some(Repair { safety: Safety::DisplayOnly, text: "pass a pointer; callers pass the address".to_owned(), edits })
}

fn assigned(scene: &Scene<'_, '_>, stmt: StmtId, found: &mut Vec<Spotted>) {
    let file = scene.file().checked.file;
    let Stmt::Assign { op, lhs, rhs, .. } = *file.stmt(stmt) else { return };
    for x in file.list(rhs) {
        found.extend(copy(scene, *x, |lock| format!("the value that is assigned holds a {lock}")));
    }
    // Since Go 1.22 each round of a loop has variables of its own, which are copied from those of the round before.
    let checked = &scene.file().checked;
    let is_header = || file.all_stmts().any(|(_, one)| matches!(*one, Stmt::For { init: Some(init), .. } if init == stmt));
    if op != Token::Define || checked.language < Language(22) {
        return;
    }
    let package = scene.package;
    for target in file.list(lhs) {
        let local = checked.local_at(file.expr_span(*target).start).and_then(|id| checked.locals.get(id.0 as usize));
        let lock = local.and_then(|local| package.uncopied.lock_in(package.unit.types, local.ty));
        if let Some(lock) = lock.filter(|_| is_header()) {
            let at = file.expr_span(*target).start;
            let text = format!("each round of the loop copies a {lock}");
            found.push(Spotted::new(scene.body.file, at, text, Vec::new()));
        }
    }
}

fn communicated(scene: &Scene<'_, '_>, stmt: StmtId, found: &mut Vec<Spotted>) {
    let file = scene.file().checked.file;
    let Stmt::Comm { comm: Some(comm), .. } = *file.stmt(stmt) else { return };
    match *file.stmt(comm) {
        Stmt::Assign { rhs, .. } => {
            for x in file.list(rhs) {
                found.extend(copy(scene, *x, |lock| format!("the value that is assigned holds a {lock}")));
            }
        }
        Stmt::Send { .. } => sent(scene, comm, found),
        _ => {}
    }
}

fn declared(scene: &Scene<'_, '_>, spec: herd_golang::ast::SpecId, found: &mut Vec<Spotted>) {
    let file = scene.file().checked.file;
    let Spec::Value { values, .. } = *file.spec(spec) else { return };
    for x in file.list(values) {
        found.extend(copy(scene, *x, |lock| format!("the value that is assigned holds a {lock}")));
    }
}

fn ranged(scene: &Scene<'_, '_>, stmt: StmtId, found: &mut Vec<Spotted>) {
    let (package, checked) = (scene.package, &scene.file().checked);
    let file = checked.file;
    let Stmt::Range { key, value, .. } = *file.stmt(stmt) else { return };
    for target in [key, value].into_iter().flatten() {
        let at = file.expr_span(target).start;
        if &*file.text(file.expr_span(target)) == "_" {
            continue;
        }
        let ty = match checked.local_at(at) {
            Some(local) => checked.locals.get(local.0 as usize).map(|local| local.ty),
            None => Some(checked.type_of(target)),
        };
        if let Some(lock) = ty.and_then(|ty| package.uncopied.lock_in(package.unit.types, ty)) {
            let text = format!("each round of the loop copies a value that holds a {lock}");
            found.push(Spotted::new(scene.body.file, at, text, Vec::new()));
        }
    }
}

fn literal(scene: &Scene<'_, '_>, x: ExprId, found: &mut Vec<Spotted>) {
    let file = scene.file().checked.file;
    let Expr::CompositeLit { elts, .. } = *file.expr(x) else { return };
    for elt in file.list(elts) {
        let value = if let Expr::KeyValue { value, .. } = *file.expr(*elt) { value } else { *elt };
        found.extend(copy(scene, value, |lock| format!("the value that is put into the literal holds a {lock}")));
    }
}

fn arguments(scene: &Scene<'_, '_>, call: ExprId, found: &mut Vec<Spotted>) {
    let checked = &scene.file().checked;
    let Expr::Call { args, .. } = *checked.file.expr(call) else { return };
    // These look at a type or a length and copy no value.
    let looks = [Builtin::Len, Builtin::Cap, Builtin::UnsafeSizeof, Builtin::UnsafeOffsetof, Builtin::UnsafeAlignof];
    if matches!(checked.callee(call), Callee::Builtin(builtin) if looks.contains(&builtin)) {
        return;
    }
    for x in checked.file.list(args) {
        found.extend(copy(scene, *x, |lock| format!("the argument is a copy of a value that holds a {lock}")));
    }
}

fn sent(scene: &Scene<'_, '_>, stmt: StmtId, found: &mut Vec<Spotted>) {
    if let Stmt::Send { value, .. } = *scene.file().checked.file.stmt(stmt) {
        found.extend(copy(scene, value, |lock| format!("the value that is sent holds a {lock}")));
    }
}

/// A value that is copied and holds a lock. What is new copies nothing: literals, and what calls return.
fn copy(scene: &Scene<'_, '_>, x: ExprId, text: impl Fn(&str) -> String) -> Option<Spotted> {
    let (package, checked) = (scene.package, &scene.file().checked);
    let file = checked.file;
    let value = file.unparen(x);
    match *file.expr(value) {
        Expr::Ident { .. }
        | Expr::Selector { .. }
        | Expr::Index { .. }
        | Expr::TypeAssert { .. }
        | Expr::Unary { op: Token::Arrow, .. } => {}
        Expr::Star { x } if !matches!(file.expr(file.unparen(x)), Expr::Call { .. }) => {}
        _ => return None,
    }
    if !is_value(scene, value) {
        return None;
    }
    let ty = match package.unit.types.get(checked.type_of(value)) {
        // `v, ok` forms.
        Type::Tuple(parts) => parts.first().copied()?,
        _ => checked.type_of(value),
    };
    let lock = package.uncopied.lock_in(package.unit.types, ty)?;
    let at = file.expr_span(x).start;
    Some(Spotted::new(scene.body.file, at, text(&lock), Vec::new()))
}

/// Whether an expression is no type: `new(sync.Mutex)`, `T(x)`.
fn is_value(scene: &Scene<'_, '_>, x: ExprId) -> bool {
    let checked = &scene.file().checked;
    match (checked.file.expr(x), checked.meaning(x)) {
        (Expr::Ident { .. } | Expr::Selector { .. }, Meaning::Object(object)) => {
            scene.package.unit.types.kind(object) == Some(ObjectKind::Var)
        }
        (Expr::Ident { .. }, meaning) => matches!(meaning, Meaning::Local(_)),
        (Expr::Selector { .. }, meaning) => matches!(meaning, Meaning::Selection(_)),
        // An instance of a generic type, or a pointer to one.
        (Expr::Index { x, .. } | Expr::Star { x }, _) => {
            let inner = checked.file.unparen(*x);
            !matches!(
                (checked.file.expr(inner), checked.meaning(inner)),
                (Expr::Ident { .. } | Expr::Selector { .. }, Meaning::Object(object))
                    if scene.package.unit.types.kind(object) != Some(ObjectKind::Var)
            )
        }
        _ => true,
    }
}
