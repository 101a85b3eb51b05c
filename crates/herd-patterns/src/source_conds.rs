//! Waits on condition variables, and what their conditions ask for.

use herd_golang::Token;
use herd_golang::acts::{ActKind, BodyId, Field, Known, Owner, When};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt};
use herd_golang::types::{SelectionKind, Type};

use crate::source::{LockKey, Package, Scene};

/// A wait in a loop: the condition variable, and the fields its condition asks for.
pub struct Wait {
    /// Where.
    pub body: BodyId,
    /// The place.
    pub pos: Pos,
    /// The condition variable.
    pub cond: LockKey,
    /// What its loop asks for.
    pub asks: Vec<Ask>,
    /// Whether the condition is one field alone.
    pub single: bool,
}

/// A field in the condition of a wait.
pub struct Ask {
    /// Which.
    pub field: Field,
    /// What lets the wait end.
    pub wants: Wants,
}

/// How a field has to change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// It is to be set.
    True,
    /// It is to be taken back.
    False,
    /// It is to shrink.
    Less,
    /// It is to grow.
    More,
}

/// All waits of a package in loops whose conditions can be read.
pub fn waits(package: &Package<'_>) -> Vec<Wait> {
    let mut found = Vec::new();
    for (index, body) in package.unit.bodies.iter().enumerate() {
        let id = BodyId(index as u32);
        for act in &body.acts {
            let (ActKind::Known(Known::CondWait, Some(path)), When::Now) = (act.kind, act.when) else { continue };
            let scene = package.scene(id);
            let (Some(cond), Some(condition)) = (package.key(path), condition(&scene, act.pos)) else { continue };
            let mut asks = Vec::new();
            if read(&scene, condition, &mut asks) && !asks.is_empty() {
                let single = asks.len() == 1;
                found.push(Wait { body: id, pos: act.pos, cond, asks, single });
            }
        }
    }
    found
}

/// The condition of the innermost `for` around a place.
fn condition(scene: &Scene<'_, '_>, pos: Pos) -> Option<ExprId> {
    let file = scene.file().checked.file;
    let around = file.all_stmts().filter(|(id, stmt)| {
        let span = file.stmt_span(*id);
        matches!(stmt, Stmt::For { .. }) && span.start <= pos && pos < span.end
    });
    let (_, stmt) = around.max_by_key(|(id, _)| file.stmt_span(*id).start)?;
    match *stmt {
        Stmt::For { cond, .. } => cond,
        _ => None,
    }
}

/// Reads a condition that is a conjunction of questions for fields; each of them, not holding, ends the wait.
fn read(scene: &Scene<'_, '_>, x: ExprId, asks: &mut Vec<Ask>) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let x = file.unparen(x);
    let field = |x: ExprId| field_of(scene, file.unparen(x));
    match *file.expr(x) {
        Expr::Binary { op: Token::LogicalAnd, x, y, .. } => read(scene, x, asks) && read(scene, y, asks),
        Expr::Unary { op: Token::Not, x } => match field(x) {
            Some(field) => {
                asks.push(Ask { field, wants: Wants::True });
                true
            }
            None => false,
        },
        Expr::Selector { .. } => match field(x) {
            Some(field) => {
                asks.push(Ask { field, wants: Wants::False });
                true
            }
            None => false,
        },
        Expr::Binary { op, x, y, .. } => {
            let sized = |x: ExprId| match *file.expr(file.unparen(x)) {
                Expr::Call { fun, args, .. } if &*file.text(file.expr_span(fun)) == "len" => {
                    file.list(args).first().and_then(|x| field(*x))
                }
                _ => field(x),
            };
            let (left, right) = (sized(x), sized(y));
            let zero = &*file.text(file.expr_span(y)) == "0";
            match (op, left, right) {
                (Token::GreaterEqual | Token::Greater, Some(field), _) => asks.push(Ask { field, wants: Wants::Less }),
                (Token::LessEqual | Token::Less, Some(field), _) => asks.push(Ask { field, wants: Wants::More }),
                (Token::Equal, Some(field), None) if zero => asks.push(Ask { field, wants: Wants::More }),
                _ => return false,
            }
            true
        }
        _ => false,
    }
}

/// The field that an expression selects.
pub fn field_of(scene: &Scene<'_, '_>, x: ExprId) -> Option<Field> {
    let selection = scene.file().checked.selection(x).filter(|one| one.kind == SelectionKind::Field)?;
    let owner = match *scene.package.unit.types.get(selection.owner) {
        Type::Named { object, .. } => Owner::Declared(object),
        _ => Owner::Type(selection.owner),
    };
    Some(Field { owner, index: *selection.path.indices().last()? })
}
