//! From trees to acts: graphs of all functions, what each step does, which functions never return.

use rustc_hash::{FxHashMap, FxHashSet};

use super::known::{Known, KnownNames};
use super::paths::{Origins, PathId, Paths};
use super::summary::Summaries;
use super::{Act, ActKind, Body, BodyId, Target, Unit, UnitFile, When, block_of, params_of};
use crate::ast::{Expr, ExprId, Pos, Spec, Stmt, StmtId};
use crate::flow::{self, Ends, Graph, Step, StepId};
use crate::token::Token;
use crate::types::{Builtin, Callee, FunctionId, LocalId, Meaning, ObjectId, Type};

/// Rounds in which functions that do not return, as they call others that do not, are found.
const ROUNDS_MAX: usize = 4;

/// Puts the bodies of all functions into a unit.
pub(super) fn bodies(unit: &mut Unit<'_>, known: &KnownNames, callees: &Summaries) {
    let mut ends: FxHashMap<ObjectId, Ends> = FxHashMap::default();
    graphs(unit, known, &|object| callees.ends(object));
    for _ in 0..ROUNDS_MAX {
        let found = unit.bodies.iter().filter_map(|body| Some((body.object?, never_returns(&body.graph)?)));
        let found: Vec<_> = found.filter(|(object, _)| !ends.contains_key(object)).collect();
        if found.is_empty() {
            break;
        }
        ends.extend(found);
        let Unit { types, files, bodies, .. } = &mut *unit;
        for body in bodies {
            let file = &files[body.file as usize];
            let called = |call| callee(types, file, known, call);
            let calls_one = body.graph.steps.iter().any(|step| {
                matches!(step, Step::Call(call) if matches!(called(*call), Called::Object(object) if ends.contains_key(&object)))
            });
            if calls_one {
                let of = |object| ends.get(&object).copied().unwrap_or_else(|| callees.ends(object));
                body.graph = flow::graph(file.checked.file, body.block, &mut |call| ends_of(called(call), &of));
            }
        }
    }
    let Unit { types, files, bodies, paths, .. } = unit;
    for body in bodies.iter_mut() {
        let file = &files[body.file as usize];
        let origins = Origins { types, checked: &file.checked, number: body.file, uses: &file.uses };
        let mut lowering = Lowering { file, known, origins, paths, acts: Vec::new() };
        for (index, step) in body.graph.steps.iter().enumerate() {
            lowering.step(StepId(index as u32), *step);
        }
        body.acts = lowering.acts;
        body.sets = sets(file, &body.graph);
    }
    unit.handed_on = handed_on(unit, known);
}

/// Which variables the steps of a graph set.
fn sets(file: &UnitFile<'_>, graph: &Graph) -> Vec<(LocalId, StepId)> {
    let tree = file.checked.file;
    let mut found = Vec::new();
    for (index, step) in graph.steps.iter().enumerate() {
        let id = StepId(index as u32);
        let mut target = |x: ExprId| {
            if let Meaning::Local(local) = file.checked.meaning(tree.unparen(x)) {
                found.push((local, id));
            }
        };
        match *step {
            Step::Assign(stmt) | Step::IncDec(stmt) | Step::RangeAssign(stmt) | Step::Comm(stmt) => {
                let stmt = match *tree.stmt(stmt) {
                    Stmt::Comm { comm: Some(comm), .. } => comm,
                    _ => stmt,
                };
                match *tree.stmt(stmt) {
                    Stmt::Assign { lhs, .. } => tree.list(lhs).iter().for_each(|x| target(*x)),
                    Stmt::IncDec { x, .. } => target(x),
                    Stmt::Range { key, value, .. } => [key, value].into_iter().flatten().for_each(target),
                    _ => {}
                }
            }
            Step::Declare(spec) => {
                if let Spec::Value { names, .. } = *tree.spec(spec) {
                    let locals = tree.list(names).iter().filter_map(|name| file.index.local(name.pos));
                    found.extend(locals.map(|local| (local, id)));
                }
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found
}

/// Methods that give locks back, as values.
fn handed_on(unit: &mut Unit<'_>, known: &KnownNames) -> Vec<PathId> {
    let Unit { types, files, paths, .. } = unit;
    let mut found = Vec::new();
    for (number, file) in (0..).zip(&*files) {
        let tree = file.checked.file;
        let gives = |selector: ExprId| {
            let selection = file.checked.selection(selector)?;
            let known = known.method(types, selection.owner, selection.name)?;
            matches!(known, Known::Unlock | Known::ReadUnlock).then_some(())
        };
        let selectors = tree.all_exprs().filter(|(id, expr)| matches!(expr, Expr::Selector { .. }) && gives(*id).is_some());
        let selectors: Vec<ExprId> = selectors.map(|(id, _)| id).collect();
        if selectors.is_empty() {
            continue;
        }
        let called: FxHashSet<ExprId> = tree
            .all_exprs()
            .filter_map(|(_, expr)| if let Expr::Call { fun, .. } = *expr { Some(tree.unparen(fun)) } else { None })
            .collect();
        let origins = Origins { types, checked: &file.checked, number, uses: &file.uses };
        let values = selectors.into_iter().filter(|selector| !called.contains(selector));
        found.extend(values.filter_map(|selector| origins.receiver(paths, selector)));
    }
    found
}

/// Finds the functions with bodies, outer ones before inner ones.
fn graphs(unit: &mut Unit<'_>, known: &KnownNames, of: &dyn Fn(ObjectId) -> Ends) {
    let Unit { types, files, bodies, by_object, .. } = unit;
    for (number, file) in (0..).zip(files) {
        let mut params = params_of(&file.checked);
        for (id, function) in (0..).map(FunctionId).zip(&file.checked.functions) {
            let Some(block) = block_of(&file.checked, function.node) else { continue };
            let body = BodyId(bodies.len() as u32);
            let outer = function.outer.and_then(|outer| *file.bodies.get(outer.0 as usize)?);
            let graph = flow::graph(file.checked.file, block, &mut |call| ends_of(callee(types, file, known, call), of));
            let object = function.object;
            let params = params.get_mut(id.0 as usize).map(std::mem::take).unwrap_or_default();
            bodies.push(Body {
                file: number,
                function: id,
                object,
                outer,
                params,
                block,
                graph,
                acts: Vec::new(),
                sets: Vec::new(),
            });
            if let Some(slot) = file.bodies.get_mut(id.0 as usize) {
                *slot = Some(body);
            }
            if let Some(object) = object {
                by_object.insert(object, body);
            }
        }
    }
}

/// Whether control comes back from a function with this graph; nothing where it may.
pub(super) fn never_returns(graph: &Graph) -> Option<Ends> {
    let panics = graph.is_reachable(graph.panic);
    // A deferred function may recover.
    if !graph.sound || graph.is_reachable(graph.exit) || panics && !graph.defers.is_empty() {
        return None;
    }
    Some(if panics { Ends::Panics } else { Ends::Exits })
}

fn ends_of(called: Called, of: &dyn Fn(ObjectId) -> Ends) -> Ends {
    match called {
        Called::Panic | Called::Known(Known::Goexit | Known::TestEnds) => Ends::Panics,
        Called::Known(Known::Exit) => Ends::Exits,
        Called::Object(object) => of(object),
        Called::Known(_) | Called::Close | Called::Interface(..) | Called::Literal(_) | Called::Nothing | Called::Unknown => {
            Ends::No
        }
    }
}

/// What a call calls, as far as rules tell apart.
#[derive(Clone, Copy)]
enum Called {
    Panic,
    Close,
    Known(Known),
    Object(ObjectId),
    Interface(crate::types::TypeId, crate::Symbol),
    Literal(ExprId),
    /// Conversions and functions of the language that do nothing here.
    Nothing,
    Unknown,
}

fn callee(types: &crate::types::Types<'_>, file: &UnitFile<'_>, known: &KnownNames, call: ExprId) -> Called {
    let checked = &file.checked;
    let Expr::Call { fun, .. } = *checked.file.expr(call) else { return Called::Unknown };
    match checked.callee(call) {
        Callee::None => Called::Unknown,
        Callee::Builtin(Builtin::Panic) => Called::Panic,
        Callee::Builtin(Builtin::Close) => Called::Close,
        Callee::Conversion | Callee::Builtin(_) => Called::Nothing,
        Callee::Static(object) => {
            let by_name = match checked.selection(checked.file.unparen(fun)) {
                Some(selection) => known.method(types, selection.owner, selection.name),
                None => known.function(types, object),
            };
            by_name.map_or(Called::Object(object), Called::Known)
        }
        Callee::Interface(index) => match checked.selections.get(index as usize) {
            Some(selection) => {
                let by_name = known.method(types, selection.owner, selection.name);
                by_name.map_or(Called::Interface(selection.owner, selection.name), Called::Known)
            }
            None => Called::Unknown,
        },
        Callee::Dynamic => literal_of(file, fun).map_or(Called::Unknown, Called::Literal),
    }
}

/// The function literal that a value is: written there, or the only one its variable ever has.
pub(super) fn literal_of(file: &UnitFile<'_>, fun: ExprId) -> Option<ExprId> {
    let fun = file.checked.file.unparen(fun);
    match *file.checked.file.expr(fun) {
        Expr::FuncLit { .. } => Some(fun),
        Expr::Ident { .. } => {
            let crate::types::Meaning::Local(local) = file.checked.meaning(fun) else { return None };
            let origin = file.uses.get(local.0 as usize)?.only()?;
            let from = file.checked.file.unparen(origin.expr);
            (origin.result.is_none() && matches!(file.checked.file.expr(from), Expr::FuncLit { .. })).then_some(from)
        }
        _ => None,
    }
}

struct Lowering<'a, 'c> {
    file: &'a UnitFile<'c>,
    known: &'a KnownNames,
    origins: Origins<'a, 'c>,
    paths: &'a mut Paths,
    acts: Vec<Act>,
}

impl Lowering<'_, '_> {
    fn step(&mut self, id: StepId, step: Step) {
        let file = self.file.checked.file;
        match step {
            Step::Call(call) => self.call(id, call, When::Now),
            Step::Go(stmt) => {
                if let Stmt::Go { call } = *file.stmt(stmt) {
                    self.call(id, call, When::Spawned);
                }
            }
            Step::Defer(stmt) => {
                if let Stmt::Defer { call } = *file.stmt(stmt) {
                    self.call(id, call, When::Deferred);
                }
            }
            Step::Receive(x) => self.receive(id, x),
            Step::Send(stmt) => self.send(id, stmt),
            Step::RangeNext(stmt) => self.range(id, stmt),
            Step::Select { stmt, default } => {
                self.push(id, When::Now, file.stmt_span(stmt).start, None, ActKind::Select { stmt, default });
            }
            Step::Comm(stmt) => self.comm(id, stmt),
            Step::Composite(_)
            | Step::FuncLit(_)
            | Step::Assign(_)
            | Step::IncDec(_)
            | Step::Declare(_)
            | Step::Return(_)
            | Step::RangeHead(_)
            | Step::RangeAssign(_)
            | Step::Tag(_)
            | Step::CaseExpr(_)
            | Step::TypeSwitch(_)
            | Step::Condition(_) => {}
        }
    }

    fn push(&mut self, step: StepId, when: When, pos: Pos, call: Option<ExprId>, kind: ActKind) {
        self.acts.push(Act { step, when, pos, call, kind });
    }

    fn path(&mut self, x: ExprId) -> Option<PathId> {
        self.origins.path(self.paths, x)
    }

    fn call(&mut self, id: StepId, call: ExprId, when: When) {
        let tree = self.file.checked.file;
        let Expr::Call { fun, args, .. } = *tree.expr(call) else { return };
        let fun = tree.unparen(fun);
        let kind = match callee(self.origins.types, self.file, self.known, call) {
            Called::Nothing | Called::Panic => return,
            Called::Close => ActKind::Close(tree.list(args).first().and_then(|x| self.path(*x))),
            Called::Known(known) => ActKind::Known(known, self.origins.receiver(self.paths, fun)),
            Called::Object(object) => ActKind::Call(Target::Object(object)),
            Called::Interface(ty, name) => ActKind::Call(Target::Interface(ty, name)),
            Called::Literal(literal) => ActKind::Call(self.file.literal(literal).map_or(Target::Unknown, Target::Literal)),
            Called::Unknown => ActKind::Call(Target::Unknown),
        };
        let pos = match *tree.expr(fun) {
            Expr::Selector { sel, .. } => sel.pos,
            _ => tree.expr_span(call).start,
        };
        self.push(id, when, pos, Some(call), kind);
    }

    fn receive(&mut self, id: StepId, x: ExprId) {
        let file = self.file.checked.file;
        if let Expr::Unary { op: Token::Arrow, x: channel } = *file.expr(x) {
            let kind = ActKind::Receive(self.path(channel));
            self.push(id, When::Now, file.expr_span(x).start, None, kind);
        }
    }

    fn send(&mut self, id: StepId, stmt: StmtId) {
        let file = self.file.checked.file;
        if let Stmt::Send { chan, arrow, .. } = *file.stmt(stmt) {
            let kind = ActKind::Send(self.path(chan));
            self.push(id, When::Now, arrow, None, kind);
        }
    }

    /// The next value of a channel; other kinds of `range` do nothing here.
    fn range(&mut self, id: StepId, stmt: StmtId) {
        let file = self.file.checked.file;
        let Stmt::Range { x, range, .. } = *file.stmt(stmt) else { return };
        let types = self.origins.types;
        if let Type::Chan { .. } = types.get(types.underlying(self.file.checked.type_of(x))) {
            let kind = ActKind::Receive(self.path(x));
            self.push(id, When::Now, range, None, kind);
        }
    }

    /// What a clause of a select did.
    fn comm(&mut self, id: StepId, stmt: StmtId) {
        let file = self.file.checked.file;
        let comm = match *file.stmt(stmt) {
            Stmt::Comm { comm: Some(comm), .. } => comm,
            _ => stmt,
        };
        let received = match *file.stmt(comm) {
            Stmt::Send { .. } => return self.send(id, comm),
            Stmt::Expr { x } => Some(x),
            Stmt::Assign { rhs, .. } => file.list(rhs).first().copied(),
            _ => None,
        };
        if let Some(x) = received {
            self.receive(id, file.unparen(x));
        }
    }
}
