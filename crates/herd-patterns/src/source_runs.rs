//! Who runs the functions of a package: calls, `go`, `defer`, groups, and whether anybody unknown may.

use herd_golang::acts::{ActKind, BodyId, Known, PathId, Target, Unit, When};
use herd_golang::ast::{Expr, ExprId, Pos};
use herd_golang::flow::StepId;
use herd_golang::types::{Meaning, ObjectId, ObjectKind, SelectionKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// Who runs what.
#[derive(Default)]
pub struct Runs {
    /// By body: where it is run.
    pub of: Vec<Vec<Run>>,
    /// By body: which bodies it runs.
    pub by: Vec<Vec<(BodyId, Run)>>,
    /// By body: whether somebody unknown may run it.
    pub open: Vec<bool>,
    /// By body: the literals that are written in it.
    pub literals: Vec<Vec<BodyId>>,
    /// The bodies that calls run, by file and call.
    pub callees: FxHashMap<(u32, ExprId), BodyId>,
}

/// A place where a body is run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// By which body.
    pub by: BodyId,
    /// Its step.
    pub step: StepId,
    /// The place.
    pub pos: Pos,
    /// The call, that of the group's method if it is one.
    pub call: ExprId,
    /// How.
    pub how: How,
}

/// How a body is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// It is waited for.
    Called,
    /// When the caller ends.
    Deferred,
    /// `go f()`
    Spawned,
    /// By `Go` of a wait group.
    Counted(Option<PathId>),
    /// By `Go` or `TryGo` of an errgroup.
    Grouped(Option<PathId>),
}

impl How {
    /// Whether in a goroutine of its own.
    pub fn is_goroutine(self) -> bool {
        match self {
            How::Spawned | How::Counted(_) | How::Grouped(_) => true,
            How::Called | How::Deferred => false,
        }
    }
}

impl Runs {
    /// Where a body is run.
    pub fn of(&self, body: BodyId) -> &[Run] {
        self.of.get(body.0 as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a body runs.
    pub fn by(&self, body: BodyId) -> &[(BodyId, Run)] {
        self.by.get(body.0 as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// The literals that are written in a body.
    pub fn literals(&self, body: BodyId) -> &[BodyId] {
        self.literals.get(body.0 as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether somebody unknown may run a body.
    pub fn is_open(&self, body: BodyId) -> bool {
        self.open.get(body.0 as usize).copied().unwrap_or(true)
    }
}

/// Looks through a package once. Linear.
pub fn runs(unit: &Unit<'_>) -> Runs {
    let count = unit.bodies.len();
    let mut runs = Runs {
        of: vec![Vec::new(); count],
        by: vec![Vec::new(); count],
        open: vec![true; count],
        literals: vec![Vec::new(); count],
        callees: FxHashMap::default(),
    };
    // Function values that are nothing but called.
    let mut called: Vec<FxHashSet<ExprId>> = vec![FxHashSet::default(); unit.files.len()];
    let mut interfaces = FxHashSet::default();
    for (index, body) in unit.bodies.iter().enumerate() {
        let by = BodyId(index as u32);
        if let Some(inner) = body.outer.and_then(|outer| runs.literals.get_mut(outer.0 as usize)) {
            inner.push(by);
        }
        let tree = unit.file_of(body).checked.file;
        for act in &body.acts {
            let Some(call) = act.call else { continue };
            let Expr::Call { fun, args, .. } = *tree.expr(call) else { continue };
            let (target, value, how) = match act.kind {
                ActKind::Call(target) => {
                    let how = match act.when {
                        When::Now => How::Called,
                        When::Deferred => How::Deferred,
                        When::Spawned => How::Spawned,
                    };
                    if let Target::Interface(_, name) = target {
                        interfaces.insert(name);
                    }
                    (body_of(unit, target), unit.file_of(body).checked.name_of(fun), how)
                }
                ActKind::Known(known, path) => {
                    let Some(param) = known.starts() else { continue };
                    let Some(arg) = tree.list(args).get(usize::from(param)) else { continue };
                    let how = if known == Known::GroupGo { How::Counted(path) } else { How::Grouped(path) };
                    let literal = unit.literal_arg(by, call, param + 1);
                    (literal.or_else(|| declared(unit, body.file, *arg)), unit.file_of(body).checked.name_of(*arg), how)
                }
                _ => continue,
            };
            let Some(target) = target else { continue };
            if let Some(called) = called.get_mut(body.file as usize) {
                called.insert(value);
            }
            if matches!(act.kind, ActKind::Call(_)) {
                runs.callees.insert((body.file, call), target);
            }
            let run = Run { by, step: act.step, pos: act.pos, call, how };
            if let Some(of) = runs.of.get_mut(target.0 as usize) {
                of.push(run);
            }
            if let Some(by) = runs.by.get_mut(index) {
                by.push((target, run));
            }
        }
    }
    let taken = taken(unit, &called);
    let in_main = is_main(unit);
    for (body, open) in unit.bodies.iter().zip(&mut runs.open) {
        *open = if let Some(object) = body.object {
            let name = unit.types.name(object);
            let exported = unit.types.names().text(name).chars().next().is_some_and(char::is_uppercase);
            let method = unit.types.kind(object) == Some(ObjectKind::Method);
            exported && (method || !in_main) || method && interfaces.contains(&name) || taken.contains(&object)
        } else {
            let node = unit.file_of(body).checked.functions.get(body.function.0 as usize).map(|function| function.node);
            let Some(herd_golang::types::FunctionNode::Literal(literal)) = node else { continue };
            !called.get(body.file as usize).is_some_and(|called| called.contains(&literal))
        };
    }
    runs
}

/// Whether a package is a program, which nobody imports.
pub fn is_main(unit: &Unit<'_>) -> bool {
    let package = unit.types.program().package(unit.package);
    package.is_some_and(|package| &*package.name == "main")
}

fn body_of(unit: &Unit<'_>, target: Target) -> Option<BodyId> {
    match target {
        Target::Object(object) => unit.body_of(object),
        Target::Literal(body) => Some(body),
        Target::Interface(..) | Target::Unknown => None,
    }
}

/// The declared function that an expression names.
fn declared(unit: &Unit<'_>, file: u32, x: ExprId) -> Option<BodyId> {
    let checked = &unit.files.get(file as usize)?.checked;
    let x = checked.file.unparen(x);
    match checked.meaning(x) {
        Meaning::Object(object) => unit.body_of(object),
        Meaning::Selection(_) => unit.body_of(checked.selection(x)?.object?),
        _ => None,
    }
}

/// Functions and methods that are values: whoever gets them may call them.
fn taken(unit: &Unit<'_>, called: &[FxHashSet<ExprId>]) -> FxHashSet<ObjectId> {
    let mut taken = FxHashSet::default();
    for (file, called) in unit.files.iter().zip(called) {
        let checked = &file.checked;
        for (id, expr) in checked.file.all_exprs() {
            let object = match (expr, checked.meaning(id)) {
                (Expr::Ident { .. } | Expr::Selector { .. }, Meaning::Object(object)) => Some(object),
                (Expr::Selector { .. }, Meaning::Selection(_)) => {
                    checked.selection(id).filter(|one| one.kind != SelectionKind::Field).and_then(|one| one.object)
                }
                _ => None,
            };
            let Some(object) = object else { continue };
            if unit.body_of(object).is_some() && !called.contains(&id) {
                taken.insert(object);
            }
        }
    }
    taken
}
