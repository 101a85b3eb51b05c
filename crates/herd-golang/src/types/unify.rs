//! Making types equal by finding out what the type parameters in them stand for (as the unifier of go/types, unify.go, Go 1.27).

use super::check::Checker;
use super::lookup::{Found, Lookup, View};
use super::objects::ObjectId;
use super::table::{HAS_PARAMS, Interface, Method, Signature, Type, TypeId};
use crate::ast::ChanDir;

/// Owner of the type parameters that are looked for: no declaration has it.
pub(super) const SOUGHT: ObjectId = ObjectId(u32::MAX);
/// Types within each other, as in go/types.
const DEPTH_MAX: u32 = 100;

/// How alike types must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// One may be assigned to the other.
    Assignable,
    /// As [`Likeness::Assignable`], for the parts too.
    Loose,
    /// Identical.
    Exact,
}

/// What type parameters were found to stand for.
pub(super) struct Unifier<'c, 'a> {
    pub(super) checker: &'c Checker<'a>,
    /// Of each: the first of those that must be equal to it, and what these stand for.
    pub(super) joined: Vec<usize>,
    pub(super) found: Vec<Option<TypeId>>,
    depth: u32,
}

impl<'c, 'a> Unifier<'c, 'a> {
    pub(super) fn new(checker: &'c Checker<'a>) -> Self {
        Self { checker, joined: Vec::new(), found: Vec::new(), depth: 0 }
    }

    /// One more type parameter to look for.
    pub(super) fn add(&mut self) -> usize {
        let index = self.found.len();
        self.found.push(None);
        self.joined.push(index);
        index
    }

    pub(super) fn sought(&self, index: usize) -> TypeId {
        self.checker.t.table.intern(Type::TypeParam { owner: SOUGHT, index: index as u32 })
    }

    fn index_of(&self, ty: TypeId) -> Option<usize> {
        match self.checker.t.get(ty) {
            Type::TypeParam { owner: SOUGHT, index } => self.joined.get(*index as usize).copied(),
            _ => None,
        }
    }

    pub(super) fn at(&self, index: usize) -> Option<TypeId> {
        let first = *self.joined.get(index)?;
        self.found.get(first).copied().flatten()
    }

    pub(super) fn set(&mut self, index: usize, ty: TypeId) {
        if let Some(first) = self.joined.get(index).copied()
            && let Some(cell) = self.found.get_mut(first)
        {
            *cell = Some(ty);
        }
    }

    /// Whether something looked for is part of a type.
    pub(super) fn has_sought(&self, ty: TypeId) -> bool {
        if !self.checker.t.table.has(ty, HAS_PARAMS) {
            return false;
        }
        if let Type::TypeParam { owner, .. } = self.checker.t.get(ty) {
            return *owner == SOUGHT;
        }
        let mut has = false;
        super::table::parts(self.checker.t.get(ty), &mut |part| has = has || self.has_sought(part));
        has
    }

    /// Makes two types equal; tells whether that is possible.
    pub(super) fn unify(&mut self, x: TypeId, y: TypeId, how: Likeness) -> bool {
        if x == y {
            return true;
        }
        if self.depth > DEPTH_MAX {
            return false;
        }
        self.depth += 1;
        let alike = self.unify_different(x, y, how);
        self.depth -= 1;
        alike
    }

    fn unify_different(&mut self, mut x: TypeId, mut y: TypeId, how: Likeness) -> bool {
        let checker = self.checker;
        let t = checker.t;
        let is_named = |ty: TypeId| matches!(t.get(ty), Type::Named { .. });
        if is_named(x) || self.index_of(y).is_some() {
            std::mem::swap(&mut x, &mut y);
        }
        let is_literal = |ty: TypeId| !matches!(t.get(ty), Type::Named { .. } | Type::TypeParam { .. });
        if how != Likeness::Exact && is_named(y) && is_literal(x) && !matches!(t.get(x), Type::Interface(_)) {
            y = checker.under(y);
            if x == y {
                return true;
            }
        }
        match (self.index_of(x), self.index_of(y)) {
            (Some(a), Some(b)) => return self.join(a, b, how),
            (Some(a), None) => return self.bind(a, y, how),
            (None, Some(b)) => return self.bind(b, x, how),
            (None, None) => {}
        }
        if how != Likeness::Exact {
            match (self.interface(x), self.interface(y)) {
                (Some(a), Some(b)) => return self.unify_interfaces(a, b),
                (Some(a), None) => return self.unify_methods(a, y),
                (None, Some(b)) => return self.unify_methods(b, x),
                (None, None) => {}
            }
        }
        if matches!(t.get(y), Type::TypeParam { .. }) {
            std::mem::swap(&mut x, &mut y);
        }
        self.unify_parts(x, y, how)
    }

    fn join(&mut self, a: usize, b: usize, how: Likeness) -> bool {
        if a == b {
            return true;
        }
        match (self.at(a), self.at(b)) {
            (Some(x), Some(y)) => self.unify(x, y, how),
            (x, y) => {
                for first in &mut self.joined {
                    if *first == b {
                        *first = a;
                    }
                }
                if let Some(ty) = x.or(y) {
                    self.set(a, ty);
                }
                true
            }
        }
    }

    fn bind(&mut self, index: usize, y: TypeId, how: Likeness) -> bool {
        let Some(x) = self.at(index) else {
            self.set(index, y);
            return true;
        };
        if !self.unify(x, y, how) {
            return false;
        }
        let t = self.checker.t;
        let is_named = |ty: TypeId| matches!(t.get(ty), Type::Named { .. });
        match (self.interface(x), self.interface(y)) {
            (Some(_), Some(_)) if is_named(x) && is_named(y) => return x == y,
            (Some(a), Some(b)) => {
                if a.methods.len() != b.methods.len() {
                    return false;
                }
            }
            (None, None) => {}
            _ => return false,
        }
        if how != Likeness::Exact && !is_named(x) {
            let directed = matches!(t.get(self.checker.under(y)), Type::Chan { dir, .. } if *dir != ChanDir::Both);
            if is_named(y) || directed {
                self.set(index, y);
            }
        }
        true
    }

    fn interface(&self, ty: TypeId) -> Option<&'a Interface> {
        if let Type::TypeParam { .. } = self.checker.t.get(ty) {
            return None;
        }
        match self.checker.under_type(ty) {
            Type::Interface(interface) => Some(interface),
            _ => None,
        }
    }

    fn unify_interfaces(&mut self, a: &Interface, b: &Interface) -> bool {
        if a.comparable != b.comparable || a.terms != b.terms || a.incomplete || b.incomplete {
            return false;
        }
        let (few, many) = if a.methods.len() <= b.methods.len() { (a, b) } else { (b, a) };
        few.methods.iter().all(|method| {
            let same = many.methods.iter().find(|other| other.name == method.name && other.scope == method.scope);
            same.is_some_and(|other| self.unify(method.signature, other.signature, Likeness::Exact))
        })
    }

    /// A type must have all methods of an interface.
    pub(super) fn unify_methods(&mut self, interface: &Interface, ty: TypeId) -> bool {
        interface.methods.iter().all(|method| match self.method(ty, method) {
            Some(found) => self.unify(method.signature, found.ty, Likeness::Exact),
            None => false,
        })
    }

    fn method(&self, ty: TypeId, method: &Method) -> Option<Found> {
        // Whose unexported names are meant the interface tells.
        let view = View { from: method.scope.or(Some(self.checker.scope)), ..self.checker.view() };
        match self.checker.t.find(ty, method.name, view) {
            Lookup::Found(found) if found.kind != super::SelectionKind::Field => Some(found),
            Lookup::Found(_) | Lookup::None | Lookup::Unknown => None,
        }
    }

    fn unify_lists(&mut self, x: &[TypeId], y: &[TypeId], how: Likeness) -> bool {
        x.len() == y.len() && x.iter().zip(y).all(|(x, y)| self.unify(*x, *y, how))
    }

    fn unify_parts(&mut self, x: TypeId, y: TypeId, how: Likeness) -> bool {
        let t = self.checker.t;
        let within = if how == Likeness::Assignable { Likeness::Exact } else { how };
        match (t.get(x), t.get(y)) {
            (Type::Array { element: a, len: m }, Type::Array { element: b, len: n }) => m == n && self.unify(*a, *b, within),
            (Type::Slice(a), Type::Slice(b)) | (Type::Pointer(a), Type::Pointer(b)) => self.unify(*a, *b, within),
            (Type::Struct(a), Type::Struct(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| {
                        (a.name, a.embedded, a.scope) == (b.name, b.embedded, b.scope) && self.unify(a.ty, b.ty, within)
                    })
            }
            (Type::Tuple(a), Type::Tuple(b)) => self.unify_lists(a, b, how),
            (
                Type::Signature(Signature { params: a, results: c, variadic: v }),
                Type::Signature(Signature { params: b, results: d, variadic: w }),
            ) => v == w && self.unify_lists(a, b, within) && self.unify_lists(c, d, within),
            (Type::Interface(a), Type::Interface(b)) => a.methods.len() == b.methods.len() && self.unify_interfaces(a, b),
            (Type::Map { key: a, value: c }, Type::Map { key: b, value: d }) => {
                self.unify(*a, *b, within) && self.unify(*c, *d, within)
            }
            (Type::Chan { dir: a, element: x }, Type::Chan { dir: b, element: y }) => {
                (how != Likeness::Exact || a == b) && self.unify(*x, *y, within)
            }
            (Type::Named { object: a, args: x }, Type::Named { object: b, args: y }) => a == b && self.unify_lists(x, y, how),
            // Of a type parameter of the function at hand only what all its types come to is known.
            (Type::TypeParam { .. }, _) => match self.checker.core_of(x) {
                Some(core) => self.unify(core, y, Likeness::Assignable),
                None => false,
            },
            _ => false,
        }
    }
}
