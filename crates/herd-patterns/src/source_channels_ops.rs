//! What the functions of a package do to channels, and how far each channel goes.

use herd_golang::Token;
use herd_golang::acts::{ActKind, BodyId, When};
use herd_golang::ast::{Expr, ExprId, Stmt, StmtId};
use herd_golang::flow::{Step, StepId};
use herd_golang::types::{
    Builtin, Callee, CheckedFile, Constant, FunctionId, LocalId, LocalKind, Meaning, ObjectKind, Type, TypeId,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::build::{Builder, Source};
use super::{Capacity, Held, Made, MadeId, Node, NodeId, Op, OpKind, Open};
use herd_golang::acts::Unit;

impl Builder<'_, '_> {
    /// What functions do to channels and what they return.
    pub(super) fn bodies(&mut self) {
        let mut selects: FxHashMap<(u32, StmtId), (StmtId, u32, bool)> = FxHashMap::default();
        let results = self.named_results();
        for (index, body) in self.unit.bodies.iter().enumerate() {
            self.file = body.file;
            let id = BodyId(index as u32);
            let checked = self.checked();
            let file = checked.file;
            let start = self.found.ops.len();
            for step in &body.graph.steps {
                if let Step::Select { stmt, default } = *step
                    && let Stmt::Select { body: clauses } = *file.stmt(stmt)
                {
                    let clauses = file.block(clauses);
                    let waits = clauses.iter().filter(|clause| matches!(file.stmt(**clause), Stmt::Comm { comm: Some(_), .. }));
                    let count = waits.count() as u32;
                    for clause in clauses {
                        selects.insert((body.file, *clause), (stmt, count, default));
                        if let Stmt::Comm { comm: Some(comm), .. } = *file.stmt(*clause) {
                            selects.insert((body.file, comm), (stmt, count, default));
                        }
                    }
                }
            }
            let mut acts = body.acts.iter().peekable();
            for (number, step) in body.graph.steps.iter().enumerate() {
                let at = StepId(number as u32);
                match *step {
                    Step::Return(stmt) => self.returns(id, stmt),
                    Step::Call(call) => self.made(id, at, call),
                    _ => {}
                }
                while let Some(act) = acts.next_if(|act| act.step == at) {
                    self.op(id, act, &selects);
                }
            }
            let named = results.get(&(body.file, body.function)).map(Vec::as_slice).unwrap_or_default();
            for (position, local) in named.iter().enumerate().filter(|_| body.graph.sound) {
                let ty = checked.locals.get(local.0 as usize).map_or(TypeId::UNKNOWN, |local| local.ty);
                if self.dir(ty).is_some() {
                    let from = self.node(Node::Local(body.file, *local));
                    let to = self.node(Node::Result(id, position as u16));
                    self.flow(Source::Node(from), to);
                }
            }
            self.found.of.push(start..self.found.ops.len());
        }
    }

    /// The results that have names, by function.
    fn named_results(&self) -> FxHashMap<(u32, FunctionId), Vec<LocalId>> {
        let mut found: FxHashMap<(u32, FunctionId), Vec<LocalId>> = FxHashMap::default();
        for (number, file) in (0..).zip(&self.unit.files) {
            for (id, local) in (0..).map(LocalId).zip(&file.checked.locals) {
                if let (LocalKind::Result, Some(function)) = (local.kind, local.function) {
                    found.entry((number, function)).or_default().push(id);
                }
            }
        }
        found
    }

    fn returns(&mut self, body: BodyId, stmt: StmtId) {
        let checked = self.checked();
        let Stmt::Return { results } = *checked.file.stmt(stmt) else { return };
        let results = checked.file.list(results);
        let signature = checked.functions.get(self.unit.body(body).function.0 as usize).map(|function| function.signature);
        let types = self.unit.types;
        let Some(Type::Signature(signature)) = signature.map(|ty| types.get(ty)) else { return };
        if let ([only], true) = (results, signature.results.len() > 1) {
            for (index, ty) in signature.results.iter().enumerate() {
                if self.dir(*ty).is_some() {
                    let from = self.result(*only, index);
                    let to = self.node(Node::Result(body, index as u16));
                    self.flow(from, to);
                }
            }
            return;
        }
        for (index, (x, ty)) in results.iter().zip(&signature.results).enumerate() {
            if self.dir(*ty).is_some() {
                let from = self.source(*x);
                let to = self.node(Node::Result(body, index as u16));
                self.flow(from, to);
            } else if self.dir(checked.type_of(*x)).is_some() {
                let from = self.source(*x);
                self.leak(from, None);
            }
        }
    }

    fn made(&mut self, body: BodyId, step: StepId, call: ExprId) {
        let checked = self.checked();
        let types = self.unit.types;
        let Expr::Call { args, .. } = *checked.file.expr(call) else { return };
        let is_make = checked.callee(call) == Callee::Builtin(Builtin::Make);
        if !is_make || !matches!(types.get(types.underlying(checked.type_of(call))), Type::Chan { .. }) {
            return;
        }
        let capacity = match checked.file.list(args) {
            [_, size] => match checked.constant(types, *size) {
                Some(Constant::Int(size)) => Capacity::Known(size),
                _ => Capacity::Of(*size),
            },
            _ => Capacity::Known(0),
        };
        self.node(Node::Made(self.file, call));
        let id = MadeId(self.found.made.len() as u32);
        let pos = checked.file.expr_span(call).start;
        let by = Some((body, step));
        let open = Open::default();
        self.found.made.push(Made { file: self.file, at: call, pos, by, capacity, nodes: Vec::new(), open, ops: Vec::new() });
        self.found.made_in.entry(body).or_default().push(id);
    }

    fn op(&mut self, body: BodyId, act: &herd_golang::acts::Act, selects: &FxHashMap<(u32, StmtId), (StmtId, u32, bool)>) {
        let tree = self.checked().file;
        let step = self.unit.body(body).graph.steps.get(act.step.index()).copied();
        let mut select = None;
        let found = match (act.kind, step) {
            (ActKind::Close(_), _) => act.call.and_then(|call| match *tree.expr(call) {
                Expr::Call { args, .. } => Some((*tree.list(args).first()?, OpKind::Close)),
                _ => None,
            }),
            (ActKind::Send(_), Some(Step::Send(stmt))) => sent(tree, stmt),
            (ActKind::Receive(_), Some(Step::Receive(x))) => received(tree, x),
            (ActKind::Receive(_), Some(Step::RangeNext(stmt))) => match *tree.stmt(stmt) {
                Stmt::Range { x, .. } => Some((x, OpKind::Range)),
                _ => None,
            },
            (ActKind::Send(_) | ActKind::Receive(_), Some(Step::Comm(stmt))) => {
                select = selects.get(&(self.file, stmt)).copied();
                let comm = match *tree.stmt(stmt) {
                    Stmt::Comm { comm: Some(comm), .. } => comm,
                    _ => stmt,
                };
                match *tree.stmt(comm) {
                    Stmt::Send { .. } => sent(tree, comm),
                    Stmt::Expr { x } => received(tree, tree.unparen(x)),
                    Stmt::Assign { rhs, .. } => tree.list(rhs).first().and_then(|x| received(tree, tree.unparen(*x))),
                    _ => None,
                }
            }
            _ => None,
        };
        let Some((channel, kind)) = found else { return };
        let node = match self.source(channel) {
            Source::Node(node) => Some(node),
            Source::Nil | Source::Unknown | Source::None => None,
        };
        if let Some(node) = node {
            self.found.held.insert((self.file, channel), node);
        }
        self.found.ops.push(Op {
            body,
            step: act.step,
            pos: act.pos,
            kind,
            deferred: act.when == When::Deferred,
            channel,
            node,
            select: select.map(|(stmt, clauses, _)| (stmt, clauses)),
            default: select.is_some_and(|(_, _, default)| default),
        });
    }

    /// Channels that are named where nothing of the above looked: they go who knows where.
    pub(super) fn left_over(&mut self) {
        let checked = self.checked();
        let file = checked.file;
        let targets: FxHashSet<ExprId> = file
            .all_stmts()
            .filter_map(|(_, stmt)| if let Stmt::Range { key, value, .. } = *stmt { Some([key, value]) } else { None })
            .flatten()
            .flatten()
            .collect();
        for (id, expr) in file.all_exprs() {
            if self.handled.contains(&(self.file, id)) || targets.contains(&id) {
                continue;
            }
            let seen = match *expr {
                Expr::Ident { .. } => matches!(checked.meaning(id), Meaning::Local(_) | Meaning::Object(_)),
                Expr::Selector { .. } => matches!(checked.meaning(id), Meaning::Selection(_) | Meaning::Object(_)),
                Expr::Call { .. } => !matches!(checked.callee(id), Callee::Conversion),
                Expr::CompositeLit { .. } => true,
                _ => false,
            };
            let ty = checked.type_of(id);
            if seen && self.dir(ty).is_some() && !is_type(self.unit, checked, id) && !is_declared_here(checked, id) {
                let from = self.source(id);
                self.leak(from, Some(ty));
            }
        }
    }

    /// Who else gives arguments and takes results.
    pub(super) fn limits(&mut self) {
        for index in 0..self.unit.bodies.len() {
            if !self.runs.open.get(index).copied().unwrap_or(true) {
                continue;
            }
            let body = &self.unit.bodies[index];
            let checked = &self.unit.files[body.file as usize].checked;
            for local in &body.params {
                if let Some(id) = self.found.ids.get(&Node::Local(body.file, *local)).copied() {
                    let held = &mut self.found.nodes[id.0 as usize];
                    held.from_elsewhere = true;
                }
            }
            let signature = checked.functions.get(body.function.0 as usize).map(|function| function.signature);
            let types = self.unit.types;
            let Some(Type::Signature(signature)) = signature.map(|ty| types.get(ty)) else { continue };
            for (position, ty) in signature.results.iter().enumerate() {
                if let Some(id) = self.found.ids.get(&Node::Result(BodyId(index as u32), position as u16)).copied() {
                    self.leak(Source::Node(id), Some(*ty));
                }
            }
        }
    }

    /// Follows each channel, and what comes from elsewhere.
    pub(super) fn spread(&mut self) {
        let found = &mut self.found;
        let mut ops: Vec<Vec<usize>> = vec![Vec::new(); found.nodes.len()];
        for (index, op) in found.ops.iter().enumerate() {
            if let Some(node) = op.node {
                ops[node.0 as usize].push(index);
            }
        }
        for index in 0..found.made.len() {
            let made = &found.made[index];
            let Some(start) = found.ids.get(&Node::Made(made.file, made.at)).copied() else { continue };
            let nodes = reached(&found.nodes, vec![start]);
            let mut open = Open::default();
            let mut all = Vec::new();
            for node in &nodes {
                let held = &mut found.nodes[node.0 as usize];
                held.made.push(MadeId(index as u32));
                open.send |= held.open.send;
                open.receive |= held.open.receive;
                all.extend(ops[node.0 as usize].iter().copied());
            }
            all.sort_unstable();
            let made = &mut found.made[index];
            (made.nodes, made.open, made.ops) = (nodes, open, all);
        }
        let elsewhere: Vec<NodeId> =
            (0..found.nodes.len() as u32).map(NodeId).filter(|id| found.nodes[id.0 as usize].from_elsewhere).collect();
        for node in reached(&found.nodes, elsewhere) {
            found.nodes[node.0 as usize].from_elsewhere = true;
        }
    }
}

fn reached(nodes: &[Held], from: Vec<NodeId>) -> Vec<NodeId> {
    let mut seen: FxHashSet<NodeId> = from.iter().copied().collect();
    let (mut open, mut all) = (from.clone(), from);
    while let Some(node) = open.pop() {
        for to in nodes.get(node.0 as usize).map(|held| held.to.as_slice()).unwrap_or_default() {
            if seen.insert(*to) {
                open.push(*to);
                all.push(*to);
            }
        }
    }
    all
}

fn sent(tree: &herd_golang::ast::File, stmt: StmtId) -> Option<(ExprId, OpKind)> {
    match *tree.stmt(stmt) {
        Stmt::Send { chan, .. } => Some((chan, OpKind::Send)),
        _ => None,
    }
}

fn received(tree: &herd_golang::ast::File, x: ExprId) -> Option<(ExprId, OpKind)> {
    match *tree.expr(x) {
        Expr::Unary { op: Token::Arrow, x } => Some((x, OpKind::Receive)),
        _ => None,
    }
}

/// Whether a name is that of a type.
fn is_type(unit: &Unit<'_>, checked: &CheckedFile<'_>, id: ExprId) -> bool {
    matches!(checked.meaning(id), Meaning::Object(object) if unit.types.kind(object) != Some(ObjectKind::Var))
}

/// Whether a name is where its variable is declared.
fn is_declared_here(checked: &CheckedFile<'_>, id: ExprId) -> bool {
    match checked.meaning(id) {
        Meaning::Local(local) => {
            checked.locals.get(local.0 as usize).is_some_and(|local| local.pos == checked.file.expr_span(id).start)
        }
        _ => false,
    }
}
