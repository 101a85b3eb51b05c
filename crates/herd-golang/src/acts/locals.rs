//! What becomes of the variables of functions: how often each is set, from what, whether others may set it.

use rustc_hash::FxHashMap;

use crate::ast::{Expr, ExprId, Node, Pos, Spec, SpecId, Stmt, StmtId};
use crate::token::Token;
use crate::types::{CheckedFile, FunctionId, FunctionNode, LocalId, LocalKind, Meaning};
use crate::walk::{Descend, walk};

/// What is known of a variable.
#[derive(Clone, Copy, Default, Debug)]
pub struct Uses {
    /// How often it is set: its declaration with a value, assignments, `++`, iterations. Parameters are set once by the call.
    pub sets: u32,
    /// The last expression it was set from.
    pub from: Option<Origin>,
    /// Whether its address is taken, which lets others set it. Calls of methods on it do not count.
    pub address_taken: bool,
    /// Whether a function literal within its function uses it.
    pub captured: bool,
    /// Whether such a literal sets it.
    pub set_elsewhere: bool,
}

/// What a variable is set from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The expression.
    pub expr: ExprId,
    /// Which of its results, where it has several.
    pub result: Option<u32>,
}

impl Uses {
    /// The expression it has its only value from.
    pub fn only(&self) -> Option<Origin> {
        (self.sets == 1 && !self.address_taken).then_some(self.from).flatten()
    }

    /// Whether it keeps one value from its declaration on.
    pub fn is_constant(&self) -> bool {
        self.sets <= 1 && !self.address_taken
    }
}

/// Functions and variables of a file by their places in the tree.
pub(super) struct Index {
    functions: FxHashMap<FunctionNode, FunctionId>,
    locals: FxHashMap<Pos, LocalId>,
}

impl Index {
    pub(super) fn new(checked: &CheckedFile<'_>) -> Self {
        let functions = (0..).map(FunctionId).zip(&checked.functions).map(|(id, function)| (function.node, id)).collect();
        let mut locals = FxHashMap::default();
        for (id, local) in (0..).map(LocalId).zip(&checked.locals) {
            locals.entry(local.pos).or_insert(id);
        }
        Self { functions, locals }
    }

    pub(super) fn function(&self, node: FunctionNode) -> Option<FunctionId> {
        self.functions.get(&node).copied()
    }

    /// The variable that is declared at a place.
    pub(super) fn local(&self, pos: Pos) -> Option<LocalId> {
        self.locals.get(&pos).copied()
    }
}

/// Of all variables of a file, by [`LocalId`]. Linear.
pub(super) fn uses(checked: &CheckedFile<'_>, index: &Index) -> Vec<Uses> {
    let mut all = vec![Uses::default(); checked.locals.len()];
    for (local, uses) in checked.locals.iter().zip(&mut all) {
        if matches!(local.kind, LocalKind::Param | LocalKind::Receiver | LocalKind::TypeSwitch(_)) {
            uses.sets = 1;
        }
    }
    let mut collector = Collector { checked, index, all };
    let mut open: Vec<Node> = checked.file.decls.iter().map(|decl| Node::Decl(*decl)).collect();
    let mut own = Vec::new();
    while let Some(root) = open.pop() {
        let function = match root {
            Node::Decl(id) => index.function(FunctionNode::Decl(id)),
            Node::Expr(id) => index.function(FunctionNode::Literal(id)),
            _ => None,
        };
        own.clear();
        walk(checked.file, root, |node| {
            if let Node::Expr(id) = node
                && node != root
                && matches!(checked.file.expr(id), Expr::FuncLit { .. })
            {
                open.push(node);
                return Descend::Over;
            }
            own.push(node);
            Descend::Into
        });
        for node in &own {
            match *node {
                Node::Stmt(id) => collector.stmt(id, function),
                Node::Spec(id) => collector.spec(id, function),
                Node::Expr(id) => collector.expr(id, function),
                _ => {}
            }
        }
    }
    collector.all
}

struct Collector<'a, 'c> {
    checked: &'a CheckedFile<'c>,
    index: &'a Index,
    all: Vec<Uses>,
}

impl Collector<'_, '_> {
    fn stmt(&mut self, id: StmtId, function: Option<FunctionId>) {
        let file = self.checked.file;
        match *file.stmt(id) {
            Stmt::Assign { op, lhs, rhs, .. } => {
                let (lhs, rhs) = (file.list(lhs), file.list(rhs));
                let plain = matches!(op, Token::Assign | Token::Define);
                for (index, target) in lhs.iter().enumerate() {
                    let origin = match rhs {
                        [only] if lhs.len() > 1 => Some(Origin { expr: *only, result: Some(index as u32) }),
                        _ => rhs.get(index).map(|expr| Origin { expr: *expr, result: None }),
                    };
                    self.set(*target, origin.filter(|_| plain), function);
                }
            }
            Stmt::IncDec { x, .. } => self.set(x, None, function),
            Stmt::Range { key, value, .. } => {
                for target in [key, value].into_iter().flatten() {
                    // More than one value, as a rule.
                    self.set(target, None, function);
                    self.set(target, None, function);
                }
            }
            _ => {}
        }
    }

    fn spec(&mut self, id: SpecId, function: Option<FunctionId>) {
        let file = self.checked.file;
        let Spec::Value { names, values, .. } = *file.spec(id) else { return };
        if function.is_none() {
            return;
        }
        let values = file.list(values);
        for (index, name) in file.list(names).iter().enumerate() {
            let origin = match values {
                [only] if names.len() > 1 => Some(Origin { expr: *only, result: Some(index as u32) }),
                _ => values.get(index).map(|expr| Origin { expr: *expr, result: None }),
            };
            // A declaration without a value leaves the zero value, which is no set.
            let (Some(origin), Some(local)) = (origin, self.index.local(name.pos)) else { continue };
            self.count(local, Some(origin), function);
        }
    }

    fn expr(&mut self, id: ExprId, function: Option<FunctionId>) {
        let file = self.checked.file;
        match *file.expr(id) {
            Expr::Unary { op: Token::And, x } => {
                if let Some(local) = self.base(x) {
                    self.all[local.0 as usize].address_taken = true;
                }
            }
            Expr::Ident { .. } => {
                if let Meaning::Local(local) = self.checked.meaning(id) {
                    let owner = self.checked.locals.get(local.0 as usize).and_then(|local| local.function);
                    if owner != function {
                        self.all[local.0 as usize].captured = true;
                    }
                }
            }
            _ => {}
        }
    }

    /// The variable whose own memory an expression is part of.
    fn base(&self, mut x: ExprId) -> Option<LocalId> {
        let file = self.checked.file;
        loop {
            match *file.expr(x) {
                Expr::Paren { x: inner } => x = inner,
                Expr::Ident { .. } => {
                    let Meaning::Local(local) = self.checked.meaning(x) else { return None };
                    return Some(local);
                }
                _ => return None,
            }
        }
    }

    fn set(&mut self, target: ExprId, origin: Option<Origin>, function: Option<FunctionId>) {
        if let Some(local) = self.base(target) {
            self.count(local, origin, function);
        }
    }

    fn count(&mut self, local: LocalId, origin: Option<Origin>, function: Option<FunctionId>) {
        let owner = self.checked.locals.get(local.0 as usize).and_then(|local| local.function);
        let Some(uses) = self.all.get_mut(local.0 as usize) else { return };
        uses.sets += 1;
        uses.from = origin;
        uses.set_elsewhere |= owner != function;
    }
}
