//! Goes through the files of a package and follows its channels.

use herd_golang::Token;
use herd_golang::acts::{ActKind, BodyId, Field, Owner, Unit};
use herd_golang::ast::{ChanDir, Decl, Expr, ExprId, List, Spec, SpecId, Stmt};
use herd_golang::types::{Builtin, Callee, CheckedFile, LocalKind, Meaning, ObjectKind, Selection, SelectionKind, Type, TypeId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Channels, Held, Node, NodeId, Open};
use crate::source_runs::{Runs, is_main};

/// Lists of lists deeper than this hold no channels, for all that is told.
const NESTING_MAX: usize = 3;

/// The channels of a package. Linear in its files, and in how far each channel goes.
pub fn channels<'u>(unit: &'u Unit<'_>, runs: impl FnOnce() -> &'u Runs) -> Channels {
    let does = |kind: &ActKind| matches!(kind, ActKind::Send(_) | ActKind::Receive(_) | ActKind::Close(_));
    if !unit.bodies.iter().any(|body| body.acts.iter().any(|act| does(&act.kind))) {
        return Channels::default();
    }
    let mut builder = Builder {
        unit,
        in_main: is_main(unit),
        runs: runs(),
        found: Channels::default(),
        carrying: FxHashMap::default(),
        handled: FxHashSet::default(),
        file: 0,
    };
    for number in 0..unit.files.len() {
        builder.file = number as u32;
        builder.statements();
        builder.expressions();
    }
    builder.bodies();
    for number in 0..unit.files.len() {
        builder.file = number as u32;
        builder.left_over();
    }
    builder.limits();
    builder.spread();
    builder.found
}

/// What an expression is.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Node(NodeId),
    Nil,
    Unknown,
    /// No channel, nor a list of any.
    None,
}

pub(super) struct Builder<'u, 't> {
    pub(super) unit: &'u Unit<'t>,
    pub(super) runs: &'u Runs,
    pub(super) in_main: bool,
    pub(super) found: Channels,
    pub(super) carrying: FxHashMap<TypeId, Option<ChanDir>>,
    pub(super) handled: FxHashSet<(u32, ExprId)>,
    pub(super) file: u32,
}

impl<'u, 't> Builder<'u, 't> {
    pub(super) fn checked(&self) -> &'u CheckedFile<'t> {
        &self.unit.files[self.file as usize].checked
    }

    /// What the channels of a type let one do, if it is a channel or a list or map of them.
    pub(super) fn dir(&mut self, ty: TypeId) -> Option<ChanDir> {
        if let Some(known) = self.carrying.get(&ty) {
            return *known;
        }
        let types = self.unit.types;
        let mut at = ty;
        let mut dir = None;
        for _ in 0..=NESTING_MAX {
            match *types.get(types.underlying(at)) {
                Type::Chan { dir: found, .. } => {
                    dir = Some(found);
                    break;
                }
                Type::Slice(element) | Type::Array { element, .. } => at = element,
                Type::Map { value, .. } => at = value,
                _ => break,
            }
        }
        self.carrying.insert(ty, dir);
        dir
    }

    pub(super) fn node(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.found.ids.get(&node) {
            return *id;
        }
        let id = NodeId(self.found.nodes.len() as u32);
        self.found.ids.insert(node, id);
        let (open, from_elsewhere) = self.outside(node);
        self.found.nodes.push(Held {
            node,
            to: Vec::new(),
            open,
            from_elsewhere,
            set_nil: false,
            compared: false,
            sets: 0,
            made: Vec::new(),
        });
        id
    }

    /// Whether others see a node.
    fn outside(&mut self, node: Node) -> (Open, bool) {
        let all = (Open { send: true, receive: true }, true);
        let nobody = (Open::default(), false);
        let types = self.unit.types;
        let is_own = |object| types.scope_of(object).is_some_and(|scope| scope.package() == self.unit.package);
        match node {
            Node::Global(object) => {
                let exported = types.names().text(types.name(object)).chars().next().is_some_and(char::is_uppercase);
                if !is_own(object) || exported && !self.in_main { all } else { nobody }
            }
            Node::Field(field) => {
                let owner = match field.owner {
                    Owner::Declared(object) if !is_own(object) => return all,
                    Owner::Declared(object) => types.object_type(object),
                    Owner::Type(ty) => ty,
                };
                let Type::Struct(fields) = types.get(types.underlying(owner)) else { return all };
                match fields.get(usize::from(field.index)) {
                    Some(field) if field.scope.is_none() && !self.in_main => all,
                    Some(_) => nobody,
                    None => all,
                }
            }
            Node::Local(file, local) => {
                let locals = self.unit.files.get(file as usize).map(|file| &file.checked.locals);
                let kind = locals.and_then(|locals| locals.get(local.0 as usize)).map(|local| local.kind);
                (Open::default(), matches!(kind, None | Some(LocalKind::TypeSwitch(_))))
            }
            Node::Result(..) | Node::Made(..) => nobody,
        }
    }

    /// What an expression is; what it is made of is looked at.
    pub(super) fn source(&mut self, expr: ExprId) -> Source {
        let checked = self.checked();
        let file = checked.file;
        let mut at = expr;
        loop {
            self.handled.insert((self.file, at));
            match *file.expr(at) {
                Expr::Paren { x } | Expr::Slice { x, .. } => at = x,
                Expr::Index { x, .. } if checked.instance(file.unparen(x)).is_empty() => {
                    // What a map or list holds is what it is.
                    if self.dir(checked.type_of(x)).is_none() {
                        return self.unless_none(expr);
                    }
                    at = x;
                }
                _ => break,
            }
        }
        let ty = checked.type_of(at);
        let source = match *file.expr(at) {
            Expr::Ident { .. } => match checked.meaning(at) {
                Meaning::Local(local) => Source::Node(self.node(Node::Local(self.file, local))),
                Meaning::Object(object) => self.global(object),
                Meaning::Nil => return Source::Nil,
                _ => Source::Unknown,
            },
            Expr::Selector { .. } => match checked.meaning(at) {
                Meaning::Object(object) => self.global(object),
                _ => match checked.selection(at).and_then(|selection| self.field(selection)) {
                    Some(field) => Source::Node(self.node(Node::Field(field))),
                    None => Source::Unknown,
                },
            },
            Expr::Call { args, .. } => match checked.callee(at) {
                Callee::Builtin(Builtin::Make | Builtin::Append) => Source::Node(self.node(Node::Made(self.file, at))),
                Callee::Conversion => match file.list(args) {
                    [x] => return self.source(*x),
                    _ => Source::Unknown,
                },
                _ => match self.runs.callees.get(&(self.file, at)).copied() {
                    Some(body) if self.dir(ty).is_some() => Source::Node(self.node(Node::Result(body, 0))),
                    _ => Source::Unknown,
                },
            },
            Expr::CompositeLit { .. } => Source::Node(self.node(Node::Made(self.file, at))),
            _ => Source::Unknown,
        };
        if self.dir(ty).is_none() { self.unless_none(at) } else { source }
    }

    /// Unknown where it may be a channel.
    fn unless_none(&mut self, x: ExprId) -> Source {
        let ty = self.checked().type_of(x);
        let types = self.unit.types;
        let vague = matches!(types.get(types.underlying(ty)), Type::Unknown | Type::Interface(_) | Type::TypeParam { .. });
        if self.dir(ty).is_some() || vague { Source::Unknown } else { Source::None }
    }

    fn global(&mut self, object: herd_golang::types::ObjectId) -> Source {
        match self.unit.types.kind(object) {
            Some(ObjectKind::Var) => Source::Node(self.node(Node::Global(object))),
            _ => Source::Unknown,
        }
    }

    /// The field at the end of a selection.
    fn field(&self, selection: &Selection) -> Option<Field> {
        if selection.kind != SelectionKind::Field {
            return None;
        }
        let index = *selection.path.indices().last()?;
        Some(Field { owner: self.owner(selection.owner), index })
    }

    fn owner(&self, ty: TypeId) -> Owner {
        match *self.unit.types.get(ty) {
            Type::Named { object, .. } => Owner::Declared(object),
            _ => Owner::Type(ty),
        }
    }

    /// A value becomes that of a node.
    pub(super) fn flow(&mut self, from: Source, to: NodeId) {
        let target = &mut self.found.nodes[to.0 as usize];
        match from {
            Source::Node(node) => {
                target.sets += 1;
                if node != to {
                    self.found.nodes[node.0 as usize].to.push(to);
                }
            }
            Source::Nil => target.set_nil = true,
            Source::Unknown | Source::None => {
                target.sets += 1;
                target.from_elsewhere = true;
            }
        }
    }

    /// A value becomes that of an expression.
    fn assign(&mut self, target: ExprId, from: Source) {
        match self.source(target) {
            Source::Node(node) => self.flow(from, node),
            Source::Nil | Source::Unknown | Source::None => self.leak(from, None),
        }
    }

    /// A value goes to who knows where, as a type, or as it is.
    pub(super) fn leak(&mut self, from: Source, ty: Option<TypeId>) {
        let Source::Node(node) = from else { return };
        let dir = ty.and_then(|ty| self.dir(ty)).unwrap_or(ChanDir::Both);
        let open = &mut self.found.nodes[node.0 as usize].open;
        open.send |= dir != ChanDir::Receive;
        open.receive |= dir != ChanDir::Send;
    }

    fn statements(&mut self) {
        let file = self.checked().file;
        for (_, stmt) in file.all_stmts() {
            match *stmt {
                Stmt::Assign { op: Token::Assign | Token::Define, lhs, rhs, .. } => self.assignment(lhs, rhs),
                Stmt::Range { x, key, value, .. } => self.range(x, key, value),
                Stmt::Decl { decl } => self.declaration(decl),
                Stmt::Expr { x } => {
                    self.handled.insert((self.file, file.unparen(x)));
                }
                Stmt::Go { call } | Stmt::Defer { call } => {
                    self.handled.insert((self.file, call));
                }
                Stmt::Send { chan, value, .. } => {
                    self.source(chan);
                    let value_type = self.checked().type_of(value);
                    if self.dir(value_type).is_some() {
                        let from = self.source(value);
                        self.leak(from, Some(value_type));
                    }
                }
                _ => {}
            }
        }
        for decl in &file.decls {
            self.declaration(*decl);
        }
    }

    fn assignment(&mut self, lhs: List<ExprId>, rhs: List<ExprId>) {
        let checked = self.checked();
        let (lhs, rhs) = (checked.file.list(lhs), checked.file.list(rhs));
        if let ([only], true) = (rhs, lhs.len() > 1) {
            for (index, target) in lhs.iter().enumerate() {
                if self.dir(self.target_type(*target)).is_some() {
                    let from = self.result(*only, index);
                    self.assign(*target, from);
                }
            }
            return;
        }
        for (target, value) in lhs.iter().zip(rhs) {
            let carries = self.dir(self.target_type(*target)).is_some() || self.dir(checked.type_of(*value)).is_some();
            if carries {
                let from = self.source(*value);
                self.assign(*target, from);
            }
        }
    }

    fn target_type(&self, target: ExprId) -> TypeId {
        let checked = self.checked();
        match checked.meaning(checked.file.unparen(target)) {
            Meaning::Local(local) => checked.locals.get(local.0 as usize).map_or(TypeId::UNKNOWN, |local| local.ty),
            _ => checked.type_of(target),
        }
    }

    /// One of several values of an expression.
    pub(super) fn result(&mut self, x: ExprId, index: usize) -> Source {
        let checked = self.checked();
        let x = checked.file.unparen(x);
        match *checked.file.expr(x) {
            Expr::Call { .. } => {
                self.handled.insert((self.file, x));
                match self.runs.callees.get(&(self.file, x)).copied() {
                    Some(body) => Source::Node(self.node(Node::Result(body, index as u16))),
                    None => Source::Unknown,
                }
            }
            Expr::Index { .. } if index == 0 => match self.source(x) {
                Source::None => Source::Unknown,
                from => from,
            },
            _ => Source::Unknown,
        }
    }

    fn range(&mut self, x: ExprId, key: Option<ExprId>, value: Option<ExprId>) {
        let checked = self.checked();
        let types = self.unit.types;
        let over = checked.type_of(x);
        // The values of a channel are others than it.
        let is_list = self.dir(over).is_some() && !matches!(types.get(types.underlying(over)), Type::Chan { .. });
        let from = if self.dir(over).is_some() { self.source(x) } else { Source::Unknown };
        for (target, from) in [(key, Source::Unknown), (value, if is_list { from } else { Source::Unknown })] {
            if let Some(target) = target
                && self.dir(self.target_type(target)).is_some()
            {
                self.assign(target, from);
            }
        }
    }

    fn declaration(&mut self, decl: herd_golang::ast::DeclId) {
        let file = self.checked().file;
        let Decl::Gen { keyword: Token::Var, specs, .. } = *file.decl(decl) else { return };
        for spec in file.list(specs) {
            self.variables(*spec);
        }
    }

    fn variables(&mut self, spec: SpecId) {
        let checked = self.checked();
        let file = checked.file;
        let Spec::Value { names, values, .. } = *file.spec(spec) else { return };
        let (names, values) = (file.list(names), file.list(values));
        for (index, name) in names.iter().enumerate() {
            let node = match (checked.local_at(name.pos), checked.object_at(name.pos)) {
                (Some(local), _) => Node::Local(self.file, local),
                (None, Some(object)) => Node::Global(object),
                (None, None) => continue,
            };
            let ty = match node {
                Node::Local(_, local) => checked.locals.get(local.0 as usize).map_or(TypeId::UNKNOWN, |local| local.ty),
                Node::Global(object) => self.unit.types.object_type(object),
                Node::Field(_) | Node::Result(..) | Node::Made(..) => continue,
            };
            let from = match values {
                [only] if names.len() > 1 => self.dir(ty).map(|_| self.result(*only, index)),
                _ => match values.get(index) {
                    Some(value) if self.dir(ty).is_some() || self.dir(checked.type_of(*value)).is_some() => {
                        Some(self.source(*value))
                    }
                    _ => None,
                },
            };
            let Some(from) = from else { continue };
            if self.dir(ty).is_some() {
                let node = self.node(node);
                self.flow(from, node);
            } else {
                self.leak(from, None);
            }
        }
    }

    fn expressions(&mut self) {
        let checked = self.checked();
        let file = checked.file;
        for (id, expr) in file.all_exprs() {
            match *expr {
                Expr::CompositeLit { elts, .. } => self.literal(id, elts),
                Expr::Call { fun, args, .. } => self.call(id, fun, args),
                Expr::Unary { op: Token::Arrow, x } => {
                    self.source(x);
                }
                Expr::Binary { op: Token::Equal | Token::NotEqual, x, y, .. } => {
                    for one in [x, y] {
                        if self.dir(checked.type_of(one)).is_some()
                            && let Source::Node(node) = self.source(one)
                        {
                            self.found.nodes[node.0 as usize].compared = true;
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn literal(&mut self, id: ExprId, elts: List<ExprId>) {
        let checked = self.checked();
        let file = checked.file;
        let types = self.unit.types;
        let ty = types.pointed_at(checked.type_of(id));
        if self.dir(ty).is_some() {
            let to = self.node(Node::Made(self.file, id));
            for elt in file.list(elts) {
                let value = match *file.expr(*elt) {
                    Expr::KeyValue { value, .. } => value,
                    _ => *elt,
                };
                let from = self.source(value);
                self.flow(from, to);
            }
            return;
        }
        let Type::Struct(fields) = types.get(types.underlying(ty)) else {
            return;
        };
        for (index, elt) in file.list(elts).iter().enumerate() {
            let (value, field) = match *file.expr(*elt) {
                Expr::KeyValue { key, value, .. } => {
                    let field = match checked.meaning(key) {
                        Meaning::Field(at) => Some(Field { owner: self.owner(ty), index: at as u16 }),
                        Meaning::Selection(_) => checked.selection(key).and_then(|selection| self.field(selection)),
                        _ => None,
                    };
                    (value, field)
                }
                _ => (*elt, Some(Field { owner: self.owner(ty), index: index as u16 })),
            };
            let declared = field.and_then(|field| fields.get(usize::from(field.index))).map_or(TypeId::UNKNOWN, |field| field.ty);
            if self.dir(checked.type_of(value)).is_none() && self.dir(declared).is_none() {
                continue;
            }
            let from = self.source(value);
            match field.filter(|_| self.dir(declared).is_some()) {
                Some(field) => {
                    let node = self.node(Node::Field(field));
                    self.flow(from, node);
                }
                None => self.leak(from, None),
            }
        }
    }

    fn call(&mut self, id: ExprId, fun: ExprId, args: List<ExprId>) {
        let checked = self.checked();
        let file = checked.file;
        let args = file.list(args);
        match checked.callee(id) {
            Callee::Builtin(Builtin::Close | Builtin::Len | Builtin::Cap | Builtin::Delete | Builtin::Clear) => {
                for arg in args {
                    if self.dir(checked.type_of(*arg)).is_some() {
                        self.source(*arg);
                    }
                }
            }
            Callee::Builtin(Builtin::Append) if self.dir(checked.type_of(id)).is_some() => {
                let to = self.node(Node::Made(self.file, id));
                for arg in args {
                    let from = self.source(*arg);
                    self.flow(from, to);
                }
            }
            Callee::Builtin(Builtin::Copy) => {
                if let [to, from] = args
                    && self.dir(checked.type_of(*from)).is_some()
                {
                    let from = self.source(*from);
                    self.assign(*to, from);
                }
            }
            Callee::Conversion | Callee::Builtin(_) => {}
            Callee::None | Callee::Static(_) | Callee::Interface(_) | Callee::Dynamic => {
                let target = self.runs.callees.get(&(self.file, id)).copied();
                let is_method = checked.has_receiver(fun);
                if let (true, Expr::Selector { x, .. }) = (is_method, *file.expr(file.unparen(fun)))
                    && self.dir(checked.type_of(x)).is_some()
                {
                    self.argument(target, 0, x, None);
                }
                let types = self.unit.types;
                let signature = match types.get(types.underlying(checked.type_of(fun))) {
                    Type::Signature(signature) => Some(signature),
                    _ => None,
                };
                for (index, arg) in args.iter().enumerate() {
                    if self.dir(checked.type_of(*arg)).is_none() {
                        continue;
                    }
                    let rest = signature.is_some_and(|one| one.variadic && index + 1 >= one.params.len());
                    let declared = signature.and_then(|one| one.params.get(index.min(one.params.len().saturating_sub(1))));
                    let param = match signature {
                        Some(one) if rest => one.params.len() - 1,
                        _ => index,
                    };
                    self.argument(target, param + usize::from(is_method), *arg, declared.copied());
                }
            }
        }
    }

    fn argument(&mut self, target: Option<BodyId>, param: usize, arg: ExprId, declared: Option<TypeId>) {
        let from = self.source(arg);
        if let Source::Node(node) = from {
            self.found.held.insert((self.file, arg), node);
        }
        let known = target.and_then(|body| {
            let body = self.unit.body(body);
            Some((body.file, *body.params.get(param)?))
        });
        let Some((file, local)) = known else { return self.leak(from, declared) };
        let ty = self.unit.files[file as usize].checked.locals.get(local.0 as usize).map_or(TypeId::UNKNOWN, |local| local.ty);
        if self.dir(ty).is_some() {
            let to = self.node(Node::Local(file, local));
            self.flow(from, to);
        } else {
            self.leak(from, declared);
        }
    }
}
