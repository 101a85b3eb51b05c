//! Statements: scopes, and what they declare.

use super::check::Checker;
use super::objects::{Object, ObjectId, ObjectKind, Source};
use super::operand::{Mode, Operand};
use super::output::{LocalKind, Meaning};
use super::table::{Basic, Signature, Type, TypeId};
use crate::ast::{Decl, DeclId, Expr, ExprId, Ident, List, Spec, SpecId, Stmt, StmtId};
use crate::token::Token;

impl Checker<'_> {
    /// The statements of a function, in the scope of its parameters.
    pub(super) fn body(&mut self, body: StmtId) {
        for stmt in self.file.block(body) {
            self.stmt(*stmt);
        }
    }

    fn block(&mut self, block: StmtId) {
        let open = self.open();
        self.body(block);
        self.close(open);
    }

    fn stmt(&mut self, id: StmtId) {
        if self.progress.enter() {
            self.by_stmt(id);
            self.progress.leave();
        }
    }

    fn optional(&mut self, id: Option<StmtId>) {
        if let Some(id) = id {
            self.stmt(id);
        }
    }

    fn by_stmt(&mut self, id: StmtId) {
        match *self.file.stmt(id) {
            Stmt::Bad | Stmt::Empty { .. } | Stmt::SkippedBlock | Stmt::Branch { .. } | Stmt::Case { .. } | Stmt::Comm { .. } => {
            }
            Stmt::Decl { decl } => self.local_declaration(decl),
            Stmt::Labeled { stmt, .. } => self.stmt(stmt),
            Stmt::Expr { x } => {
                self.raw(x, TypeId::UNKNOWN);
            }
            Stmt::Send { chan, value, .. } => {
                let chan = self.expr(chan);
                let element = match self.core_type(chan.ty) {
                    Some(Type::Chan { element, .. }) => *element,
                    _ => TypeId::UNKNOWN,
                };
                let op = self.raw(value, TypeId::UNKNOWN);
                self.assign_to(value, op, element);
            }
            Stmt::IncDec { x, .. } => {
                self.expr(x);
            }
            Stmt::Assign { op: Token::Define, lhs, rhs, .. } => self.define(lhs, rhs),
            Stmt::Assign { op: Token::Assign, lhs, rhs, .. } => self.assign(lhs, rhs),
            Stmt::Assign { op, lhs, rhs, .. } => self.assign_with(op, lhs, rhs),
            Stmt::Go { call } | Stmt::Defer { call } => {
                self.raw(call, TypeId::UNKNOWN);
            }
            Stmt::Return { results } => self.return_values(self.file.list(results)),
            Stmt::Block { .. } => self.block(id),
            Stmt::If { .. } => self.ifs(id),
            Stmt::Switch { init, tag, body } => self.switch(init, tag, body),
            Stmt::TypeSwitch { init, assign, body } => self.type_switch(init, assign, body),
            Stmt::Select { body } => self.select_stmt(body),
            Stmt::For { init, cond, post, body } => {
                let open = self.open();
                self.optional(init);
                if let Some(cond) = cond {
                    self.expr(cond);
                }
                self.optional(post);
                self.block(body);
                self.close(open);
            }
            Stmt::Range { op, key, value, x, body, .. } => self.range(op, [key, value], x, body),
        }
    }

    /// `x += y`
    fn assign_with(&mut self, op: Token, lhs: List<ExprId>, rhs: List<ExprId>) {
        let file = self.file;
        if let ([left], [right]) = (file.list(lhs), file.list(rhs)) {
            self.binary(plain_operator(op), *left, *right);
        }
    }

    /// A chain of `else if` is as long as it likes.
    fn ifs(&mut self, id: StmtId) {
        let mut opened = Vec::new();
        let mut at = Some(id);
        while let Some(stmt) = at {
            let Stmt::If { init, cond, body, els } = *self.file.stmt(stmt) else {
                self.stmt(stmt);
                break;
            };
            opened.push(self.open());
            self.optional(init);
            self.expr(cond);
            self.block(body);
            at = els;
        }
        while let Some(open) = opened.pop() {
            self.close(open);
        }
    }

    fn switch(&mut self, init: Option<StmtId>, tag: Option<ExprId>, body: StmtId) {
        let file = self.file;
        let open = self.open();
        self.optional(init);
        let tested = match tag {
            Some(tag) => {
                let op = self.expr(tag);
                self.assign_default(tag, op)
            }
            None => Operand { mode: Mode::Constant, ty: Basic::Bool.id(), value: None },
        };
        for clause in file.block(body) {
            let Stmt::Case { exprs, body, .. } = *file.stmt(*clause) else { continue };
            for expr in file.list(exprs) {
                let op = self.expr(*expr);
                self.combine(Token::Equal, (*expr, op), (tag.unwrap_or(*expr), tested));
            }
            let open = self.open();
            for stmt in file.list(body) {
                self.stmt(*stmt);
            }
            self.close(open);
        }
        self.close(open);
    }

    fn type_switch(&mut self, init: Option<StmtId>, assign: StmtId, body: StmtId) {
        let file = self.file;
        let open = self.open();
        self.optional(init);
        let (name, assertion) = match *file.stmt(assign) {
            Stmt::Expr { x } => (None, Some(x)),
            Stmt::Assign { lhs, rhs, .. } => (file.list(lhs).first().copied(), file.list(rhs).first().copied()),
            _ => (None, None),
        };
        let tested = match assertion.map(|id| *file.expr(file.unparen(id))) {
            Some(Expr::TypeAssert { x, .. }) => self.expr(x).ty,
            _ => TypeId::UNKNOWN,
        };
        let ident = name.and_then(|id| match *file.expr(id) {
            Expr::Ident { name } => Some(Ident { name, pos: file.expr_span(id).start }),
            _ => None,
        });
        for clause in file.block(body) {
            let Stmt::Case { exprs, body, .. } = *file.stmt(*clause) else { continue };
            let types: Vec<TypeId> = file.list(exprs).iter().map(|expr| self.case_type(*expr, tested)).collect();
            let open = self.open();
            if let Some(ident) = ident {
                let ty = if let [one] = *types { one } else { tested };
                self.declare_local(ident, ty, LocalKind::TypeSwitch(*clause));
            }
            for stmt in file.list(body) {
                self.stmt(*stmt);
            }
            self.close(open);
        }
        self.close(open);
    }

    /// The type a variable has behind `case T:`; behind `case nil:` it is that of the value itself.
    fn case_type(&mut self, id: ExprId, tested: TypeId) -> TypeId {
        if self.is_nil(id) {
            self.raw(id, TypeId::UNKNOWN);
            return tested;
        }
        self.typ(id)
    }

    fn select_stmt(&mut self, body: StmtId) {
        let file = self.file;
        for clause in file.block(body) {
            let Stmt::Comm { comm, body, .. } = *file.stmt(*clause) else { continue };
            let open = self.open();
            self.optional(comm);
            for stmt in file.list(body) {
                self.stmt(*stmt);
            }
            self.close(open);
        }
    }

    fn range(&mut self, op: Option<Token>, vars: [Option<ExprId>; 2], x: ExprId, body: StmtId) {
        let of = self.expr(x);
        let types = self.range_types(of.ty);
        let open = self.open();
        let over_int = self.is_integer(of.ty);
        if op == Some(Token::Define) {
            for (index, var) in vars.into_iter().enumerate() {
                let Some(var) = var else { continue };
                let mut ty = types.get(index).copied().flatten().unwrap_or(TypeId::UNKNOWN);
                if over_int && index == 0 {
                    ty = self.assign_default(x, of).ty;
                }
                self.define_one(var, ty, false, LocalKind::Range);
            }
        } else if vars.iter().any(Option::is_some) {
            for (index, var) in vars.into_iter().enumerate() {
                let Some(var) = var else { continue };
                let target = self.variable(var);
                if over_int && index == 0 {
                    match target {
                        Some(target) => self.assign_to(x, of, target),
                        None => self.assign_default(x, of),
                    };
                }
            }
        } else if over_int {
            self.assign_default(x, of);
        }
        self.block(body);
        self.close(open);
    }

    /// Types of both iteration variables.
    fn range_types(&self, of: TypeId) -> [Option<TypeId>; 2] {
        let int = Some(Basic::Int.id());
        let Some(core) = self.core_type(of) else { return [None, None] };
        match core {
            Type::Basic(basic) if basic.is_string() => [int, Some(Basic::Int32.id())],
            Type::Basic(basic) if basic.is_integer() => [Some(of), None],
            Type::Array { element, .. } | Type::Slice(element) => [int, Some(*element)],
            Type::Pointer(to) => match self.under_type(*to) {
                Type::Array { element, .. } => [int, Some(*element)],
                _ => [None, None],
            },
            Type::Map { key, value } => [Some(*key), Some(*value)],
            Type::Chan { element, .. } => [Some(*element), None],
            Type::Signature(Signature { params, .. }) => {
                let yields = params.first().and_then(|param| self.core_type(*param));
                match yields {
                    Some(Type::Signature(Signature { params, .. })) => [params.first().copied(), params.get(1).copied()],
                    _ => [None, None],
                }
            }
            _ => [None, None],
        }
    }

    fn local_declaration(&mut self, decl: DeclId) {
        let file = self.file;
        let Decl::Gen { keyword, specs, .. } = *file.decl(decl) else { return };
        let mut from: Option<SpecId> = None;
        for (iota, spec) in file.list(specs).iter().enumerate() {
            match *file.spec(*spec) {
                Spec::Import { .. } => {}
                Spec::Value { names, ty, values, .. } => {
                    if keyword == Token::Const {
                        if from.is_none() || ty.is_some() || !values.is_empty() {
                            from = Some(*spec);
                        }
                        self.local_constants(file.list(names), from.unwrap_or(*spec), iota as u32);
                        continue;
                    }
                    let declared = ty.map(|ty| self.typ(ty));
                    let values = file.list(values);
                    let types = if values.is_empty() {
                        vec![declared.unwrap_or(TypeId::UNKNOWN); names.len()]
                    } else {
                        self.initialise(names.len(), values, &|_| declared)
                    };
                    for (name, ty) in file.list(names).iter().zip(types) {
                        self.declare_local(*name, ty, LocalKind::Var);
                    }
                }
                Spec::Type { .. } => self.local_type(*spec),
            }
        }
    }

    fn local_constants(&mut self, names: &[Ident], from: SpecId, iota: u32) {
        let file = self.file;
        let Spec::Value { ty, values, .. } = *file.spec(from) else { return };
        let before = self.iota.replace(iota);
        let declared = ty.map(|ty| self.typ(ty));
        let mut found = Vec::new();
        for value in file.list(values) {
            let op = self.expr(*value);
            found.push(match declared {
                Some(ty) => self.assign_to(*value, op, ty),
                None => op,
            });
        }
        self.iota = before;
        for (index, name) in names.iter().enumerate() {
            let op = found.get(index).copied().unwrap_or(Operand::UNKNOWN);
            let id = self.local_object(ObjectKind::Const, *name);
            if let Some(object) = self.t.object(id) {
                object.ty.get_or_init(|| if op.is_constant() { op.ty } else { TypeId::UNKNOWN });
                let value = op.value.and_then(|value| value.settle(file, self.t.names)).map(Into::into);
                object.more().value.get_or_init(|| value);
            }
            self.bind(name.name, Meaning::Object(id));
        }
    }

    fn local_type(&mut self, spec: SpecId) {
        let file = self.file;
        let Spec::Type { name, type_params, assign, ty, .. } = *file.spec(spec) else { return };
        let alias = assign.is_some();
        let id = self.local_object(if alias { ObjectKind::Alias } else { ObjectKind::Type }, name);
        let types = self.t;
        let Some(object) = types.object(id) else { return };
        if !alias {
            object.ty.get_or_init(|| types.table.intern(Type::Named { object: id, args: Box::default() }));
            self.bind(name.name, Meaning::Object(id));
        }
        let open = self.open();
        if let Some(list) = type_params {
            let names = file.fields(list).flat_map(|field| file.list(field.names)).map(|name| name.name).collect();
            object.more().params.get_or_init(|| names);
            self.bind_params(id);
            let mut constraints = Vec::new();
            for field in file.fields(list) {
                let constraint = self.constraint_type(field.ty);
                constraints.extend(file.list(field.names).iter().map(|_| constraint));
            }
            object.more().constraints.get_or_init(|| constraints.into());
        }
        let right = self.typ(ty);
        self.close(open);
        if alias {
            object.ty.get_or_init(|| right);
            self.bind(name.name, Meaning::Object(id));
        } else {
            let parameter = matches!(types.get(right), Type::TypeParam { .. });
            let under = if parameter { TypeId::UNKNOWN } else { self.under(right) };
            object.more().underlying.get_or_init(|| under);
        }
    }

    fn local_object(&mut self, kind: ObjectKind, name: Ident) -> ObjectId {
        let object = Object::new(kind, name, Some(self.scope), self.file_index, Source::None);
        ObjectId(self.t.objects.push(object))
    }
}

/// `+` of `+=`
fn plain_operator(op: Token) -> Token {
    match op {
        Token::AddAssign => Token::Add,
        Token::SubAssign => Token::Sub,
        Token::MulAssign => Token::Mul,
        Token::QuoAssign => Token::Quo,
        Token::RemAssign => Token::Rem,
        Token::AndAssign => Token::And,
        Token::OrAssign => Token::Or,
        Token::XorAssign => Token::Xor,
        Token::ShlAssign => Token::Shl,
        Token::ShrAssign => Token::Shr,
        Token::AndNotAssign => Token::AndNot,
        other => other,
    }
}
