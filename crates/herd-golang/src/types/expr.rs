//! Expressions: what each of them is.

use super::check::Checker;
use super::constant::{self, Value};
use super::lookup::{Found, Lookup, SelectionKind};
use super::objects::{Imported, ObjectId, ObjectKind};
use super::operand::{Generic, Mode, Operand};
use super::output::{Function, FunctionId, FunctionNode, Meaning};
use super::table::{Basic, Signature, Term, Type, TypeId};
use crate::ast::{Expr, ExprId, Ident, Literal, StmtId};
use crate::intern::Symbol;
use crate::token::Token;

/// Every so many levels down, chains of operators and selectors are looked at from their far end, so that they cost no thread's stack.
const CHAIN_STEP: usize = 64;

impl<'a> Checker<'a> {
    /// A single value; unknown where it is a type, nothing, or several.
    pub(super) fn expr(&mut self, id: ExprId) -> Operand {
        let op = self.raw(id, TypeId::UNKNOWN);
        self.single(id, op)
    }

    pub(super) fn single(&mut self, id: ExprId, op: Operand) -> Operand {
        if let Mode::Generic(_) = op.mode {
            self.lose(id);
            return Operand::UNKNOWN;
        }
        if !op.is_value() || matches!(self.t.get(op.ty), Type::Tuple(_)) { Operand::UNKNOWN } else { op }
    }

    /// Whatever it is: value, type, function of the language. `hint` is the type of an element that may leave out its own.
    pub(super) fn raw(&mut self, id: ExprId, hint: TypeId) -> Operand {
        if (self.progress.depth() as usize).is_multiple_of(CHAIN_STEP) {
            self.look_ahead(id);
        }
        if !self.ahead.is_empty()
            && let Some(op) = self.ahead.remove(&id)
        {
            return op;
        }
        if !self.progress.enter() {
            return Operand::UNKNOWN;
        }
        let op = self.by_kind(id, hint);
        self.progress.leave();
        self.record(id, &op);
        op
    }

    /// Looks at the inner parts of a long chain first.
    fn look_ahead(&mut self, id: ExprId) {
        let parts = || std::iter::successors(Some(id), |last| self.left_part(*last));
        if parts().take(CHAIN_STEP + 1).count() <= CHAIN_STEP {
            return;
        }
        let chain: Vec<ExprId> = parts().take_while(|part| !self.ahead.contains_key(part)).collect();
        // The far end is a leaf, which is looked at with what it is part of.
        let steps: Vec<ExprId> = chain.iter().rev().skip(CHAIN_STEP / 2).step_by(CHAIN_STEP / 2).copied().collect();
        for step in steps.into_iter().filter(|step| *step != id) {
            if !self.ahead.contains_key(&step) && self.progress.enter() {
                let op = self.by_kind(step, TypeId::UNKNOWN);
                self.progress.leave();
                self.record(step, &op);
                self.ahead.insert(step, op);
            }
        }
    }

    fn left_part(&self, id: ExprId) -> Option<ExprId> {
        match *self.file.expr(id) {
            Expr::Binary { x, .. }
            | Expr::Selector { x, .. }
            | Expr::Index { x, .. }
            | Expr::IndexList { x, .. }
            | Expr::Slice { x, .. }
            | Expr::TypeAssert { x, .. }
            | Expr::Call { fun: x, .. } => Some(x),
            _ => None,
        }
    }

    fn by_kind(&mut self, id: ExprId, hint: TypeId) -> Operand {
        match *self.file.expr(id) {
            Expr::Bad | Expr::Ellipsis { .. } | Expr::KeyValue { .. } => Operand::UNKNOWN,
            Expr::Ident { name } => self.ident(id, name),
            Expr::BasicLit { kind } => self.literal(id, kind),
            Expr::FuncLit { ty, body } => self.function_literal(id, ty, body),
            Expr::CompositeLit { ty, elts, .. } => self.composite(ty, elts, hint),
            Expr::Paren { x } => self.raw(x, hint),
            Expr::Selector { x, sel } => self.selector(id, x, sel),
            Expr::Index { x, index, .. } => self.index(id, x, index),
            Expr::IndexList { x, indices, .. } => self.index_list(id, x, indices),
            Expr::Slice { x, low, high, max, .. } => self.slice(x, [low, high, max]),
            Expr::TypeAssert { x, ty, .. } => {
                self.expr(x);
                let ty = ty.map_or(TypeId::UNKNOWN, |ty| self.typ(ty));
                Operand::new(Mode::CommaOk, ty)
            }
            Expr::Call { fun, args, ellipsis, .. } => self.call(id, fun, args, ellipsis.is_some()),
            Expr::Star { x } => self.star(x),
            Expr::Unary { op, x } => self.unary(op, x),
            Expr::Binary { op, x, y, .. } => self.binary(op, x, y),
            Expr::ArrayType { len, elt } => Operand::of_type(self.array_type(len, elt)),
            Expr::StructType { fields } => Operand::of_type(self.struct_type(fields)),
            Expr::FuncType { params, results, .. } => Operand::of_type(self.func_type(params, results)),
            Expr::InterfaceType { methods } => Operand::of_type(self.interface_type(methods)),
            Expr::MapType { key, value } => Operand::of_type(self.map_type(key, value)),
            Expr::ChanType { dir, value, .. } => Operand::of_type(self.chan_type(dir, value)),
        }
    }

    fn ident(&mut self, id: ExprId, name: Symbol) -> Operand {
        let meaning = self.meaning_of(name);
        self.record_meaning(id, meaning);
        match meaning {
            Meaning::None | Meaning::Import(_) | Meaning::Selection(_) | Meaning::Field(_) => Operand::UNKNOWN,
            Meaning::Local(local) => {
                let ty = self.out.locals.get(local.0 as usize).map_or(TypeId::UNKNOWN, |local| local.ty);
                Operand::new(Mode::Variable, ty)
            }
            Meaning::Object(object) => self.object_operand(object),
            Meaning::TypeParam(ty) => Operand::of_type(ty),
            Meaning::Builtin(builtin) => Operand { mode: Mode::Builtin(builtin), ..Operand::UNKNOWN },
            Meaning::Nil => Operand { mode: Mode::Nil, ty: Basic::UntypedNil.id(), value: None },
        }
    }

    pub(super) fn object_operand(&mut self, id: ObjectId) -> Operand {
        let Some(object) = self.t.object(id) else { return Operand::UNKNOWN };
        if id == self.t.universe.iota {
            let Some(iota) = self.iota else { return Operand::UNKNOWN };
            return Operand::constant(Basic::UntypedInt, Some(Value::Int(i128::from(iota))));
        }
        let ty = self.t.object_type_of(id, self.progress);
        if ty.is_unknown() {
            return Operand::UNKNOWN;
        }
        match object.kind {
            ObjectKind::Const => Operand { mode: Mode::Constant, ty, value: self.t.const_value(id, self.progress) },
            ObjectKind::Type => Operand::of_type(ty),
            ObjectKind::Alias => match self.generic_alias(Meaning::Object(id)) {
                Some(id) => Operand { mode: Mode::GenericAlias(id), ty, value: None },
                None => Operand::of_type(ty),
            },
            ObjectKind::Var => Operand::new(Mode::Variable, ty),
            ObjectKind::Func | ObjectKind::Method => {
                if self.t.type_params(id).is_empty() {
                    Operand::value(ty)
                } else {
                    self.generic(id, Vec::new(), ty)
                }
            }
        }
    }

    /// A function that lacks type arguments behind these.
    fn generic(&mut self, object: ObjectId, args: Vec<TypeId>, ty: TypeId) -> Operand {
        let at = self.generics.len() as u32;
        let receiver = args.len();
        self.generics.push(Generic { object, args, receiver, signature: ty });
        Operand { mode: Mode::Generic(at), ty, value: None }
    }

    fn literal(&mut self, id: ExprId, kind: Literal) -> Operand {
        let basic = match kind {
            Literal::Int => Basic::UntypedInt,
            Literal::Float => Basic::UntypedFloat,
            Literal::Imag => Basic::UntypedComplex,
            Literal::Char => Basic::UntypedRune,
            Literal::String => Basic::UntypedString,
        };
        Operand::constant(basic, constant::of_literal(self.file, id, kind))
    }

    fn function_literal(&mut self, id: ExprId, ty: ExprId, body: StmtId) -> Operand {
        let signature = self.typ(ty);
        if self.recording
            && let Expr::FuncType { params, results, .. } = *self.file.expr(ty)
        {
            let function = FunctionId(self.out.functions.len() as u32);
            let node = FunctionNode::Literal(id);
            self.out.functions.push(Function { node, outer: self.function, object: None, signature });
            let own_results = self.results_of(signature);
            let results_before = std::mem::replace(&mut self.results, own_results);
            let function_before = self.function.replace(function);
            let met_call = self.met_call;
            let open = self.open();
            self.params(signature, params, results);
            self.body(body);
            self.close(open);
            (self.results, self.function) = (results_before, function_before);
            self.met_call = met_call;
        }
        Operand::value(signature)
    }

    fn selector(&mut self, id: ExprId, x: ExprId, sel: Ident) -> Operand {
        if let Expr::Ident { name } = *self.file.expr(x)
            && let meaning @ Meaning::Import(index) = self.meaning_of(name)
        {
            self.record_meaning(x, meaning);
            return self.qualified(id, index, sel.name);
        }
        let op = self.raw(x, TypeId::UNKNOWN);
        let is_type = op.mode == Mode::Type;
        let op = if is_type { op } else { self.single(x, op) };
        if op.ty.is_unknown() {
            return Operand::UNKNOWN;
        }
        let Lookup::Found(mut found) = self.t.find(op.ty, sel.name, self.view()) else { return Operand::UNKNOWN };
        let own_params = self.own_params(&found);
        let signature = found.ty;
        if is_type {
            found.kind = match found.kind {
                SelectionKind::Method => SelectionKind::MethodExpression,
                SelectionKind::InterfaceMethod => SelectionKind::InterfaceMethodExpression,
                SelectionKind::Field | SelectionKind::MethodExpression | SelectionKind::InterfaceMethodExpression => {
                    return Operand::UNKNOWN;
                }
            };
            found.ty = self.with_receiver(op.ty, signature);
        }
        self.select(id, op.ty, sel.name, &found);
        if let Some(object) = found.object {
            let receiver: Vec<TypeId> = match self.t.get(found.owner) {
                Type::Named { args, .. } => args.to_vec(),
                _ => Vec::new(),
            };
            if own_params {
                return self.generic(object, receiver, found.ty);
            }
            if self.recording && !receiver.is_empty() {
                self.out.instances.push((id, receiver.into()));
            }
        }
        match found.kind {
            SelectionKind::Field if op.mode == Mode::Variable || found.indirect => Operand::new(Mode::Variable, found.ty),
            SelectionKind::Field
            | SelectionKind::Method
            | SelectionKind::InterfaceMethod
            | SelectionKind::MethodExpression
            | SelectionKind::InterfaceMethodExpression => Operand::value(found.ty),
        }
    }

    /// Whether a method has type parameters beside its receiver's.
    fn own_params(&self, found: &Found) -> bool {
        let Some(object) = found.object else { return false };
        let receiver = match self.t.get(found.owner) {
            Type::Named { args, .. } => args.len(),
            _ => 0,
        };
        self.t.type_params(object).len() > receiver
    }

    fn with_receiver(&self, receiver: TypeId, signature: TypeId) -> TypeId {
        let Type::Signature(signature) = self.t.get(signature) else { return TypeId::UNKNOWN };
        let params = std::iter::once(receiver).chain(signature.params.iter().copied()).collect();
        self.t.table.intern(Type::Signature(Signature { params, results: signature.results.clone(), ..*signature }))
    }

    pub(super) fn select(&mut self, id: ExprId, receiver: TypeId, name: Symbol, found: &Found) {
        if self.recording {
            let index = self.out.selections.len() as u32;
            self.out.selections.push(found.selection(receiver, name));
            self.record_meaning(id, Meaning::Selection(index));
        }
    }

    /// `package.Name`
    fn qualified(&mut self, id: ExprId, import: u32, name: Symbol) -> Operand {
        let target = self.imports.list.get(import as usize).map(|import| import.target);
        match target {
            Some(Imported::Package(package)) => {
                let Some(object) = self.member(package, name).filter(|_| self.t.is_exported(name)) else {
                    return Operand::UNKNOWN;
                };
                self.record_meaning(id, Meaning::Object(object));
                self.object_operand(object)
            }
            Some(Imported::Unsafe) => match self.t.universe.lookup_unsafe(name) {
                Meaning::Builtin(builtin) => {
                    self.record_meaning(id, Meaning::Builtin(builtin));
                    Operand { mode: Mode::Builtin(builtin), ..Operand::UNKNOWN }
                }
                Meaning::Object(object) => {
                    self.record_meaning(id, Meaning::Object(object));
                    self.object_operand(object)
                }
                _ => Operand::UNKNOWN,
            },
            Some(Imported::Cgo | Imported::Unknown) | None => Operand::UNKNOWN,
        }
    }

    fn star(&mut self, x: ExprId) -> Operand {
        let op = self.raw(x, TypeId::UNKNOWN);
        if op.mode == Mode::Type {
            return Operand::of_type(self.t.pointer_to(op.ty));
        }
        let op = self.single(x, op);
        match self.core_type(op.ty) {
            Some(Type::Pointer(to)) => Operand::new(Mode::Variable, *to),
            _ => Operand::UNKNOWN,
        }
    }

    fn unary(&mut self, token: Token, x: ExprId) -> Operand {
        let op = self.raw(x, TypeId::UNKNOWN);
        if token == Token::And {
            let op = self.single(x, op);
            return Operand::value(self.t.pointer_to(op.ty));
        }
        let op = self.single(x, op);
        if token == Token::Arrow {
            self.met_call = true;
            return match self.core_type(op.ty) {
                Some(Type::Chan { element, .. }) => Operand::new(Mode::CommaOk, *element),
                _ => Operand::UNKNOWN,
            };
        }
        if op.ty.is_unknown() || !matches!(token, Token::Add | Token::Sub | Token::Not | Token::Xor) {
            return Operand::UNKNOWN;
        }
        if op.is_constant() {
            let bits = match self.under_type(op.ty) {
                Type::Basic(basic) if basic.is_unsigned() => self.t.size_of(op.ty, self.progress).map(|bytes| bytes as u32 * 8),
                _ => None,
            };
            return Operand { value: op.value.and_then(|value| constant::unary(token, value, bits)), ..op };
        }
        Operand { value: None, ..Operand::made_of(&[op], op.ty) }
    }

    /// What a type comes to; of a type parameter what all its types come to, where that is one type. Channels of several directions are
    /// the narrower one.
    pub(super) fn core_type(&self, id: TypeId) -> Option<&'a Type> {
        let core = self.core_of(id)?;
        Some(self.t.get(core))
    }

    pub(super) fn core_of(&self, id: TypeId) -> Option<TypeId> {
        if !matches!(self.t.get(id), Type::TypeParam { .. }) {
            return Some(self.under(id)).filter(|under| !under.is_unknown());
        }
        self.core_of_terms(self.t.param_interface(id, self.progress)?.terms.as_deref()?)
    }

    pub(super) fn core_of_terms(&self, terms: &[Term]) -> Option<TypeId> {
        let mut core: Option<TypeId> = None;
        for term in terms {
            let under = self.under(term.ty);
            core = match core {
                None => Some(under),
                Some(known) if known == under => core,
                Some(known) => Some(self.narrower_channel(known, under)?),
            };
        }
        core.filter(|under| !under.is_unknown())
    }

    fn narrower_channel(&self, a: TypeId, b: TypeId) -> Option<TypeId> {
        use crate::ast::ChanDir::Both;
        let (Type::Chan { dir: x, element: of }, Type::Chan { dir: y, element }) = (self.t.get(a), self.t.get(b)) else {
            return None;
        };
        match (x, y) {
            _ if of != element => None,
            (Both, _) => Some(b),
            (_, Both) => Some(a),
            _ => None,
        }
    }
}
