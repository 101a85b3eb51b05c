//! Type arguments that are not written: from arguments, from constraints, from constants (as go/types, infer.go, Go 1.27).

use super::check::Checker;
use super::operand::{Generic, Mode, Operand};
use super::table::{Basic, Interface, Type, TypeId};
use super::unify::{Likeness, Unifier};
use crate::ast::{Expr, ExprId};

/// Type arguments of the function that is called, and those of generic functions among its arguments by their place.
pub(super) struct Inferred {
    pub(super) args: Vec<TypeId>,
    pub(super) of_arguments: Vec<(usize, Vec<TypeId>)>,
}

impl<'a> Checker<'a> {
    /// Finds the type arguments of a generic function from the arguments of a call, of which each has its parameter's type beside it.
    pub(super) fn infer(&self, callee: &Generic, params: &[TypeId], args: &[(ExprId, Operand)]) -> Option<Inferred> {
        let mut unifier = Unifier::new(self);
        let of_callee = self.seek(&mut unifier, callee);
        let mut functions = Vec::new();
        let (mut types, mut untyped) = (Vec::new(), Vec::new());
        for (at, (_, op)) in args.iter().enumerate() {
            let ty = match op.mode {
                Mode::Generic(generic) => {
                    let generic = self.generics.get(generic as usize)?;
                    let sought = self.seek(&mut unifier, generic);
                    let signature = self.t.subst(generic.signature, generic.object, &sought);
                    functions.push((at, generic.object, sought));
                    signature
                }
                _ => op.ty,
            };
            types.push(ty);
        }
        let params: Vec<TypeId> = params.iter().map(|param| self.t.subst(*param, callee.object, &of_callee)).collect();
        for ((param, ty), (_, op)) in params.iter().zip(&types).zip(args) {
            if !unifier.has_sought(*param) && !unifier.has_sought(*ty) {
                continue;
            }
            if ty.is_unknown() || !self.t.is_known(*ty) {
                return None;
            }
            if !ty.is_untyped() {
                if !unifier.unify(*param, *ty, Likeness::Assignable) {
                    return None;
                }
            } else if !op.is_nil()
                && let Type::TypeParam { index, .. } = self.t.get(*param)
            {
                untyped.push((*index as usize, ty.basic()?));
            }
        }
        let mut owners = vec![(callee.object, of_callee)];
        owners.extend(functions.iter().map(|(_, object, sought)| (*object, sought.clone())));
        self.use_constraints(&mut unifier, &owners)?;
        let mut largest: Vec<(usize, Basic)> = Vec::new();
        for (index, basic) in untyped.into_iter().filter(|(index, _)| unifier.at(*index).is_none()) {
            let first = unifier.joined.get(index).copied()?;
            match largest.iter_mut().find(|(known, _)| *known == first) {
                Some((_, known)) if known.is_numeric() && basic.is_numeric() => *known = basic.max(*known),
                Some((_, known)) if *known == basic => {}
                Some(_) => return None,
                None => largest.push((first, basic)),
            }
        }
        for (index, basic) in largest {
            unifier.set(index, basic.default_type().id());
        }
        let mut settled = owners.iter().map(|(_, sought)| self.settle(&unifier, sought));
        let args = settled.next()??;
        let mut of_arguments = Vec::new();
        for (found, (at, ..)) in settled.zip(&functions) {
            of_arguments.push((*at, found?));
        }
        Some(Inferred { args, of_arguments })
    }

    /// Arguments of a generic function: those that are given, and type parameters to look for in the place of the others.
    fn seek(&self, unifier: &mut Unifier<'_, 'a>, generic: &Generic) -> Vec<TypeId> {
        let mut sought = generic.args.clone();
        while sought.len() < self.t.type_params(generic.object).len() {
            let index = unifier.add();
            sought.push(unifier.sought(index));
        }
        sought
    }

    /// Looks at constraints as long as they tell something new.
    fn use_constraints(&self, unifier: &mut Unifier<'_, 'a>, owners: &[(super::ObjectId, Vec<TypeId>)]) -> Option<()> {
        loop {
            let unknown = unifier.found.iter().flatten().count();
            for (owner, sought) in owners {
                for (at, param) in sought.iter().enumerate() {
                    let constraint = self.t.constraint(*owner, at as u32, self.progress);
                    let constraint = self.t.subst(constraint, *owner, sought);
                    let under = self.under(constraint);
                    let Type::Interface(interface) = self.t.get(under) else { continue };
                    self.use_constraint(unifier, *param, interface)?;
                }
            }
            if unifier.found.iter().flatten().count() == unknown {
                return Some(());
            }
        }
    }

    fn use_constraint(&self, unifier: &mut Unifier<'_, 'a>, param: TypeId, interface: &Interface) -> Option<()> {
        let index = match self.t.get(param) {
            Type::TypeParam { owner: super::unify::SOUGHT, index } => Some(*index as usize),
            _ => None,
        };
        let known = match index {
            Some(index) => unifier.at(index),
            None => Some(param),
        };
        if let Some((core, single, tilde)) = self.core_term(interface) {
            match (known, index) {
                (Some(known), _) => {
                    if !unifier.unify(known, core, Likeness::Loose) {
                        return None;
                    }
                }
                (None, Some(index)) if single && !tilde => unifier.set(index, core),
                (None, _) => {}
            }
        }
        if let Some(known) = known.filter(|known| !unifier.has_sought(*known))
            && !interface.methods.is_empty()
            && !unifier.unify_methods(interface, known)
        {
            return None;
        }
        Some(())
    }

    /// The one type that a constraint's types come to, whether it is the only term, and whether terms have a tilde.
    fn core_term(&self, interface: &Interface) -> Option<(TypeId, bool, bool)> {
        let terms = interface.terms.as_deref()?;
        if let [term] = terms {
            return Some((term.ty, true, term.tilde));
        }
        let core = self.core_of_terms(terms)?;
        Some((core, false, terms.iter().any(|term| term.tilde)))
    }

    /// Puts what was found into each other, until nothing looked for is left.
    fn settle(&self, unifier: &Unifier<'_, 'a>, sought: &[TypeId]) -> Option<Vec<TypeId>> {
        sought
            .iter()
            .map(|ty| {
                let mut ty = *ty;
                for _ in 0..=unifier.found.len() {
                    if !unifier.has_sought(ty) {
                        return Some(ty);
                    }
                    ty = self.t.replace(ty, &|owner, index| {
                        (owner == super::unify::SOUGHT).then(|| unifier.at(index as usize)).flatten()
                    });
                }
                (!unifier.has_sought(ty)).then_some(ty)
            })
            .collect()
    }

    /// Gives a generic function its type arguments: `id` is the expression that stands for it.
    pub(super) fn finish_generic(&mut self, id: ExprId, generic: &Generic, args: Vec<TypeId>) -> Operand {
        let signature = self.t.subst(generic.signature, generic.object, &args);
        if self.recording {
            let mut at = id;
            loop {
                match *self.file.expr(at) {
                    Expr::Paren { x } => {
                        self.correct(at, signature);
                        at = x;
                    }
                    Expr::Index { x, .. } | Expr::IndexList { x, .. } => {
                        self.correct(at, signature);
                        at = self.file.unparen(x);
                        break;
                    }
                    _ => {
                        self.correct(at, signature);
                        break;
                    }
                }
            }
            self.out.instances.push((at, args.into()));
        }
        Operand::value(signature)
    }

    /// Sets a type anew without counting the expression twice.
    pub(super) fn correct(&mut self, id: ExprId, ty: TypeId) {
        if let Some(cell) = self.out.types.get_mut(id.index()) {
            *cell = ty;
        }
    }

    /// Type arguments of a function in brackets; those that are missing come from its use.
    pub(super) fn instantiate_function(&mut self, id: ExprId, _of: ExprId, at: u32, indices: &[ExprId]) -> Operand {
        let args: Vec<TypeId> = indices.iter().map(|index| self.typ(*index)).collect();
        let Some(generic) = self.generics.get_mut(at as usize) else { return Operand::UNKNOWN };
        generic.args.truncate(generic.receiver);
        generic.args.extend(args);
        let generic = generic.clone();
        let count = self.t.type_params(generic.object).len();
        if generic.args.len() > count || generic.args.iter().any(|arg| arg.is_unknown()) {
            return Operand::UNKNOWN;
        }
        if generic.args.len() == count {
            let args = generic.args.clone();
            return self.finish_generic(id, &generic, args);
        }
        // Constraints alone may tell the others.
        match self.infer(&generic, &[], &[]) {
            Some(inferred) => self.finish_generic(id, &generic, inferred.args),
            None => Operand { mode: Mode::Generic(at), ty: generic.signature, value: None },
        }
    }

    /// A generic function that is put into a variable of a function type.
    pub(super) fn assign_generic(&mut self, id: ExprId, at: u32, target: TypeId) -> Operand {
        let Some(generic) = self.generics.get(at as usize).cloned() else { return Operand::UNKNOWN };
        let signature = generic.signature;
        let fits = matches!(self.core_type(target), Some(Type::Signature(_)));
        let value = Operand::value(target);
        let inferred = if fits { self.infer(&generic, &[signature], &[(id, value)]) } else { None };
        if let Some(inferred) = inferred {
            return self.finish_generic(id, &generic, inferred.args);
        }
        self.lose(id);
        Operand::UNKNOWN
    }
}
