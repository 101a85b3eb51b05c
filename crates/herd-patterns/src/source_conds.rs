//! Waits on condition variables, and what their conditions ask for.

use herd_golang::Token;
use herd_golang::acts::{ActKind, BodyId, Field, Known, Owner, When};
use herd_golang::ast::{Expr, ExprId, File, Pos, Span, Stmt};
use herd_golang::types::{SelectionKind, Type};
use rustc_hash::FxHashMap;

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

/// The waits of a package, and which of them ask for a field.
#[derive(Default)]
pub struct Waits {
    /// All.
    pub all: Vec<Wait>,
    /// By field, those that ask for it.
    pub by_field: FxHashMap<Field, Vec<usize>>,
}

/// All waits of a package in loops whose conditions can be read.
pub fn waits(package: &Package<'_>) -> Waits {
    let all = read_all(package);
    let mut by_field: FxHashMap<Field, Vec<usize>> = FxHashMap::default();
    for (index, wait) in all.iter().enumerate() {
        for ask in &wait.asks {
            by_field.entry(ask.field).or_default().push(index);
        }
    }
    Waits { all, by_field }
}

fn read_all(package: &Package<'_>) -> Vec<Wait> {
    let mut found = Vec::new();
    let mut loops: FxHashMap<u32, Vec<(Span, Option<ExprId>)>> = FxHashMap::default();
    for (index, body) in package.unit.bodies.iter().enumerate() {
        let id = BodyId(index as u32);
        for act in &body.acts {
            let (ActKind::Known(Known::CondWait, Some(path)), When::Now) = (act.kind, act.when) else { continue };
            let scene = package.scene(id);
            let (Some(cond), Some(condition)) = (
                package.key(path),
                condition(loops.entry(body.file).or_insert_with(|| loops_of(scene.file().checked.file)), act.pos),
            ) else {
                continue;
            };
            let mut asks = Vec::new();
            if read(&scene, condition, &mut asks) && !asks.is_empty() {
                let single = asks.len() == 1;
                found.push(Wait { body: id, pos: act.pos, cond, asks, single });
            }
        }
    }
    found
}

/// The `for` statements of a file: where they are, and their conditions.
fn loops_of(file: &File) -> Vec<(Span, Option<ExprId>)> {
    let loops = file.all_stmts().filter_map(|(id, stmt)| match *stmt {
        Stmt::For { cond, .. } => Some((file.stmt_span(id), cond)),
        _ => None,
    });
    loops.collect()
}

/// The condition of the innermost `for` around a place.
fn condition(loops: &[(Span, Option<ExprId>)], pos: Pos) -> Option<ExprId> {
    let around = loops.iter().filter(|(span, _)| span.start <= pos && pos < span.end);
    around.max_by_key(|(span, _)| span.start)?.1
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
