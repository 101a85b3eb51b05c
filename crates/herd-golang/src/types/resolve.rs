//! What declarations come to, worked out when first asked for.
//!
//! Nothing is locked while a declaration is worked out: threads that ask for the same do the same work, and the first answer stays. A
//! declaration that depends on itself is unknown, with all on the way from it to itself, whoever asks first. So is what is too deep: types
//! that are declared by each other in chains of hundreds.

use std::cell::{Cell, RefCell};

use super::Types;
use super::check::Checker;
use super::constant::{Constant, Value};
use super::objects::{Object, ObjectId, ObjectKind, Receiver, Scope, Source};
use super::table::{Interface, Type, TypeId};
use crate::ast::{Decl, Expr, FieldListId, File, Spec};
use crate::intern::{Symbol, known};

/// What is being worked out, outermost first, and how deep expressions within are.
#[derive(Default)]
pub(super) struct Progress {
    stack: RefCell<Vec<(ObjectId, Wanted, bool)>>,
    depth: Cell<u32>,
    /// Whether all of a file is being worked out, which happens within itself at no time.
    whole_file: Cell<bool>,
}

/// What of an object is worked out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Type,
    Underlying,
    Constraints,
}

/// Productions within each other, over all declarations underway. Threads have 2 MiB.
const DEPTH_MAX: u32 = 800;
/// Of which a declaration counts as so many.
const DECLARATION_DEPTH: u32 = 3;
/// Declarations within each other beyond which others of their file are worked out first.
const LONG_WAY: usize = 60;

impl Progress {
    /// Tells whether one more production is too deep; [`Progress::leave`] follows where it is not.
    pub(super) fn enter(&self) -> bool {
        self.enter_by(1)
    }

    fn enter_by(&self, count: u32) -> bool {
        let depth = self.depth.get() + count;
        if depth > DEPTH_MAX {
            return false;
        }
        self.depth.set(depth);
        true
    }

    pub(super) fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth.get()
    }

    fn declarations(&self) -> usize {
        self.stack.borrow().len()
    }

    fn is_underway(&self, object: ObjectId) -> bool {
        self.stack.borrow().iter().any(|(on, ..)| *on == object)
    }

    /// Works something out, or tells that it is being worked out already, or too deep.
    fn work<T>(&self, object: ObjectId, wanted: Wanted, compute: impl FnOnce() -> T) -> Option<T> {
        {
            let mut stack = self.stack.borrow_mut();
            if let Some(from) = stack.iter().position(|(on, of, _)| (*on, *of) == (object, wanted)) {
                stack.iter_mut().skip(from).for_each(|(_, _, circular)| *circular = true);
                return None;
            }
            if !self.enter_by(DECLARATION_DEPTH) {
                return None;
            }
            stack.push((object, wanted, false));
        }
        let result = compute();
        self.depth.set(self.depth.get().saturating_sub(DECLARATION_DEPTH));
        let circular = self.stack.borrow_mut().pop().is_some_and(|(_, _, circular)| circular);
        (!circular).then_some(result)
    }
}

impl Types<'_> {
    pub(super) fn object_type_of(&self, id: ObjectId, progress: &Progress) -> TypeId {
        let Some(object) = self.object(id) else { return TypeId::UNKNOWN };
        if let Some(known) = object.ty.get() {
            return *known;
        }
        if object.kind == ObjectKind::Type {
            return *object.ty.get_or_init(|| self.table.intern(Type::Named { object: id, args: Box::default() }));
        }
        if progress.declarations() == LONG_WAY && matches!(object.kind, ObjectKind::Const | ObjectKind::Var) {
            self.work_out_file(object, progress);
        }
        let found = progress.work(id, Wanted::Type, || self.work_out(id, object, progress));
        let (ty, value) = found.unwrap_or((TypeId::UNKNOWN, None));
        if object.kind == ObjectKind::Const {
            object.more().value.get_or_init(|| value);
        }
        *object.ty.get_or_init(|| ty)
    }

    /// Works out all constants and variables of a file from both ends: generated ones may each depend on the one before, or behind, in
    /// their thousands.
    fn work_out_file(&self, of: &Object, progress: &Progress) {
        let Some(objects) = self.declared_file(of).map(|file| &*file.objects) else { return };
        if progress.whole_file.replace(true) {
            return;
        }
        let (before, behind) = objects.split_at(objects.partition_point(|(pos, _)| *pos <= of.pos));
        for (_, id) in before.iter().chain(behind.iter().rev()) {
            let waits = self.object(*id).is_some_and(|object| {
                matches!(object.kind, ObjectKind::Const | ObjectKind::Var) && object.ty.get().is_none() && object.pos != of.pos
            });
            if waits && !progress.is_underway(*id) {
                self.object_type_of(*id, progress);
            }
        }
        progress.whole_file.set(false);
    }

    fn work_out(&self, id: ObjectId, object: &Object, progress: &Progress) -> (TypeId, Option<Value>) {
        let Some(declared) = self.declared_file(object) else { return (TypeId::UNKNOWN, None) };
        let Some(mut checker) = Checker::of_object(self, object, progress) else { return (TypeId::UNKNOWN, None) };
        match object.source {
            Source::None => (TypeId::UNKNOWN, None),
            Source::Value { spec, index, iota, from } => {
                let (ty, value) = checker.package_value(object.kind, spec, index as usize, iota, from);
                let value = value.and_then(|value| value.settle(&declared.file, self.names)).map(Value::from);
                (ty, value)
            }
            Source::Type { spec } => {
                let Spec::Type { ty, .. } = *declared.file.spec(spec) else { return (TypeId::UNKNOWN, None) };
                checker.bind_params(id);
                (checker.typ(ty), None)
            }
            Source::Func { decl } | Source::Method { decl, .. } => {
                let Decl::Func { ty, .. } = *declared.file.decl(decl) else { return (TypeId::UNKNOWN, None) };
                checker.bind_params(id);
                (checker.typ(ty), None)
            }
        }
    }

    pub(super) fn const_value(&self, id: ObjectId, progress: &Progress) -> Option<Value> {
        self.object_type_of(id, progress);
        self.object(id)?.more.get()?.value.get().copied().flatten()
    }

    /// The value of a constant that is declared.
    pub fn constant(&self, id: ObjectId) -> Option<Constant> {
        match self.const_value(id, &Progress::default())? {
            Value::Int(value) => Some(Constant::Int(value)),
            Value::Float(value) => Some(Constant::Float(value)),
            Value::Bool(value) => Some(Constant::Bool(value)),
            Value::String(value) => Some(Constant::String(value)),
            Value::Literal(_) => None,
        }
    }

    pub(super) fn underlying_of(&self, id: TypeId, progress: &Progress) -> TypeId {
        match self.get(id) {
            Type::Named { object, args } if args.is_empty() => self.declared_underlying(*object, progress),
            Type::Named { object, args } => {
                let cell = &self.table.entry(id).underlying;
                match cell.load(std::sync::atomic::Ordering::Acquire) {
                    0 => {
                        let origin = self.declared_underlying(*object, progress);
                        let found = self.subst(origin, *object, args);
                        if !found.is_unknown() {
                            cell.store(found.0 + 1, std::sync::atomic::Ordering::Release);
                        }
                        found
                    }
                    known => TypeId(known - 1),
                }
            }
            Type::TypeParam { owner, index } => {
                let constraint = self.constraint(*owner, *index, progress);
                if matches!(self.get(constraint), Type::TypeParam { .. }) {
                    return TypeId::UNKNOWN;
                }
                self.underlying_of(constraint, progress)
            }
            Type::Unknown
            | Type::Basic(_)
            | Type::Pointer(_)
            | Type::Slice(_)
            | Type::Array { .. }
            | Type::Map { .. }
            | Type::Chan { .. }
            | Type::Signature(_)
            | Type::Struct(_)
            | Type::Interface(_)
            | Type::Tuple(_)
            | Type::Union(_) => id,
        }
    }

    fn declared_underlying(&self, id: ObjectId, progress: &Progress) -> TypeId {
        let Some(object) = self.object(id) else { return TypeId::UNKNOWN };
        if let Some(known) = object.more.get().and_then(|more| more.underlying.get()) {
            return *known;
        }
        let Source::Type { spec } = object.source else { return TypeId::UNKNOWN };
        let found = progress.work(id, Wanted::Underlying, || {
            let declared = self.declared_file(object)?;
            let Spec::Type { ty, .. } = *declared.file.spec(spec) else { return None };
            let mut checker = Checker::of_object(self, object, progress)?;
            checker.bind_params(id);
            let right = checker.typ(ty);
            let under = if matches!(self.get(right), Type::TypeParam { .. }) { TypeId::UNKNOWN } else { right };
            Some(self.underlying_of(under, progress))
        });
        *object.more().underlying.get_or_init(|| found.flatten().unwrap_or(TypeId::UNKNOWN))
    }

    /// Names of the type parameters of a type or function; of a method those of its receiver come first.
    pub fn type_params(&self, id: ObjectId) -> &[Symbol] {
        let Some(object) = self.object(id) else { return &[] };
        if let Some(known) = object.more.get().and_then(|more| more.params.get()) {
            return known;
        }
        if !object.generic {
            return &[];
        }
        object.more().params.get_or_init(|| self.find_params(object).into())
    }

    fn find_params(&self, object: &Object) -> Vec<Symbol> {
        let mut names = Vec::new();
        let Some(file) = self.declared_file(object).map(|declared| &declared.file) else { return names };
        let mut list = |list: Option<FieldListId>| {
            for field in list.into_iter().flat_map(|list| file.fields(list)) {
                names.extend(file.list(field.names).iter().map(|name| name.name));
            }
        };
        match object.source {
            Source::None | Source::Value { .. } => {}
            Source::Type { spec } => {
                if let Spec::Type { type_params, .. } = *file.spec(spec) {
                    list(type_params);
                }
            }
            Source::Func { decl } => list(own_params(file, decl)),
            Source::Method { decl, .. } => {
                let own = own_params(file, decl);
                if let Decl::Func { recv: Some(recv), .. } = *file.decl(decl)
                    && let Some(field) = file.fields(recv).next()
                {
                    let params = Receiver::of(file, field.ty).params;
                    names.extend(params.iter().map(|param| param.map_or(known::BLANK, |(_, ident)| ident.name)));
                }
                for field in own.into_iter().flat_map(|list| file.fields(list)) {
                    names.extend(file.list(field.names).iter().map(|name| name.name));
                }
            }
        }
        names
    }

    /// What a type parameter must satisfy: an interface, or a declared type that is one.
    pub(super) fn constraint(&self, owner: ObjectId, index: u32, progress: &Progress) -> TypeId {
        let Some(object) = self.object(owner) else { return TypeId::UNKNOWN };
        let nth = |all: &[TypeId]| all.get(index as usize).copied().unwrap_or(TypeId::UNKNOWN);
        if let Some(known) = object.more.get().and_then(|more| more.constraints.get()) {
            return nth(known);
        }
        let found = progress.work(owner, Wanted::Constraints, || self.find_constraints(owner, object, progress));
        nth(object.more().constraints.get_or_init(|| found.flatten().unwrap_or_default()))
    }

    fn find_constraints(&self, owner: ObjectId, object: &Object, progress: &Progress) -> Option<Box<[TypeId]>> {
        let file = &self.declared_file(object)?.file;
        let mut checker = Checker::of_object(self, object, progress)?;
        checker.bind_params(owner);
        let mut found = Vec::new();
        let list = match object.source {
            Source::None | Source::Value { .. } => None,
            Source::Type { spec } => match *file.spec(spec) {
                Spec::Type { type_params, .. } => type_params,
                Spec::Import { .. } | Spec::Value { .. } => None,
            },
            Source::Func { decl } => own_params(file, decl),
            Source::Method { decl, base, .. } => {
                found.extend(self.receiver_constraints(owner, object.scope?, base, progress));
                own_params(file, decl)
            }
        };
        for field in list.into_iter().flat_map(|list| file.fields(list)) {
            let constraint = checker.constraint_type(field.ty);
            found.extend(file.list(field.names).iter().map(|_| constraint));
        }
        Some(found.into())
    }

    /// Those of the receiver's type, in the names of a method.
    fn receiver_constraints(&self, method: ObjectId, scope: Scope, base: Symbol, progress: &Progress) -> Vec<TypeId> {
        let declared = self.declared(scope);
        let base = declared.and_then(|declared| declared.names.get(&base).or_else(|| declared.test_names.get(&base)));
        let Some(base) = base.copied() else { return Vec::new() };
        let count = self.type_params(base).len() as u32;
        let own: Vec<TypeId> = (0..count).map(|index| self.table.intern(Type::TypeParam { owner: method, index })).collect();
        (0..count).map(|index| self.subst(self.constraint(base, index, progress), base, &own)).collect()
    }

    /// The interface of a type parameter.
    pub(super) fn param_interface(&self, id: TypeId, progress: &Progress) -> Option<&Interface> {
        match self.get(self.underlying_of(id, progress)) {
            Type::Interface(interface) => Some(interface),
            _ => None,
        }
    }
}

/// Type parameters that are written at a function or method.
fn own_params(file: &File, decl: crate::ast::DeclId) -> Option<FieldListId> {
    let Decl::Func { ty, .. } = *file.decl(decl) else { return None };
    match *file.expr(ty) {
        Expr::FuncType { type_params, .. } => type_params,
        _ => None,
    }
}
