//! Where the functions of a package name the functions that variables hold: what source eyes ask of variables.

use herd_golang::acts::{BodyId, Unit, UnitFile};
use herd_golang::ast::{Expr, ExprId, Stmt};
use herd_golang::flow::{self, Step, StepId};
use herd_golang::types::{LocalId, Meaning, Type};
use rustc_hash::FxHashMap;

/// A variable of a package: its file, and which.
pub type Variable = (u32, LocalId);

/// What becomes of variables.
#[derive(Default)]
pub struct Values {
    /// The steps at which functions are named, called or captured, by the variables that hold them.
    pub named: FxHashMap<Variable, Vec<(BodyId, StepId)>>,
}

/// Looks through a package once. Linear.
pub fn values(unit: &Unit<'_>) -> Values {
    let mut values = Values::default();
    named(unit, &mut values);
    values
}

fn named(unit: &Unit<'_>, values: &mut Values) {
    let mut made: FxHashMap<BodyId, (BodyId, StepId)> = FxHashMap::default();
    let mut found: Vec<(Variable, BodyId, StepId)> = Vec::new();
    for (index, body) in unit.bodies.iter().enumerate() {
        let id = BodyId(index as u32);
        let file = unit.file_of(body);
        for (step_index, step) in body.graph.steps.iter().enumerate() {
            let at = StepId(step_index as u32);
            if let Step::FuncLit(literal) = *step
                && let Some(inner) = unit.literal(body.file, literal)
            {
                made.insert(inner, (id, at));
            }
            flow::own_exprs(file.checked.file, *step, |x| {
                let (Expr::Ident { .. }, Meaning::Local(local)) = (file.checked.file.expr(x), file.checked.meaning(x)) else {
                    return;
                };
                let Some(declared) = file.checked.locals.get(local.0 as usize) else { return };
                let is_function = matches!(unit.types.get(unit.types.underlying(declared.ty)), Type::Signature(_));
                if is_function && !is_target(file, *step, x) {
                    found.push(((body.file, local), id, at));
                }
            });
        }
    }
    for (variable, body, step) in found {
        let steps = values.named.entry(variable).or_default();
        steps.push((body, step));
        // Whoever makes a literal that names it names it, too.
        let mut at = body;
        while let Some((outer, step)) = made.get(&at) {
            steps.push((*outer, *step));
            at = *outer;
        }
    }
}

/// Whether an expression is what a step sets.
fn is_target(file: &UnitFile<'_>, step: Step, x: ExprId) -> bool {
    let tree = file.checked.file;
    match step {
        Step::Assign(stmt) => match *tree.stmt(stmt) {
            Stmt::Assign { lhs, .. } => tree.list(lhs).iter().any(|target| tree.unparen(*target) == x),
            _ => false,
        },
        _ => false,
    }
}
