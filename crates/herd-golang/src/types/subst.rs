//! Types with type arguments in the place of type parameters.

use super::Types;
use super::objects::ObjectId;
use super::table::{Field, HAS_PARAMS, Interface, Method, Signature, Term, Type, TypeId};

impl Types<'_> {
    /// A type with the type parameters of an object replaced; those beyond `args` stay. Linear in the size of the type, which is bounded.
    pub fn subst(&self, id: TypeId, owner: ObjectId, args: &[TypeId]) -> TypeId {
        if args.is_empty() {
            return id;
        }
        self.replace(id, &|of, index| (of == owner).then(|| args.get(index as usize).copied()).flatten())
    }

    /// A type with some of its type parameters replaced.
    pub(super) fn replace(&self, id: TypeId, by: &dyn Fn(ObjectId, u32) -> Option<TypeId>) -> TypeId {
        if !self.table.has(id, HAS_PARAMS) {
            return id;
        }
        let list = |types: &[TypeId]| -> Box<[TypeId]> { types.iter().map(|ty| self.replace(*ty, by)).collect() };
        let new = match self.get(id) {
            Type::Unknown | Type::Basic(_) => return id,
            Type::TypeParam { owner, index } => return by(*owner, *index).unwrap_or(id),
            Type::Named { object, args } => Type::Named { object: *object, args: list(args) },
            Type::Pointer(to) => return self.pointer_to(self.replace(*to, by)),
            Type::Slice(of) => return self.slice_of(self.replace(*of, by)),
            Type::Array { element, len } => Type::Array { element: self.replace(*element, by), len: *len },
            Type::Map { key, value } => Type::Map { key: self.replace(*key, by), value: self.replace(*value, by) },
            Type::Chan { dir, element } => Type::Chan { dir: *dir, element: self.replace(*element, by) },
            Type::Signature(Signature { params, results, variadic }) => {
                Type::Signature(Signature { params: list(params), results: list(results), variadic: *variadic })
            }
            Type::Struct(fields) => {
                Type::Struct(fields.iter().map(|field| Field { ty: self.replace(field.ty, by), ..*field }).collect())
            }
            Type::Tuple(types) => Type::Tuple(list(types)),
            Type::Union(terms) => Type::Union(self.replace_terms(terms, by)),
            Type::Interface(interface) => {
                let mut methods: Vec<Method> = interface.methods.to_vec();
                for method in &mut methods {
                    method.signature = self.replace(method.signature, by);
                }
                Type::Interface(Interface {
                    methods: methods.into(),
                    terms: interface.terms.as_deref().map(|terms| self.replace_terms(terms, by)),
                    ..*interface
                })
            }
        };
        self.table.intern(new)
    }

    fn replace_terms(&self, terms: &[Term], by: &dyn Fn(ObjectId, u32) -> Option<TypeId>) -> Box<[Term]> {
        let mut terms: Vec<Term> = terms.iter().map(|term| Term { ty: self.replace(term.ty, by), ..*term }).collect();
        terms.sort_unstable();
        terms.dedup();
        terms.into()
    }

    /// `[]T`
    pub(super) fn slice_of(&self, of: TypeId) -> TypeId {
        if of.is_unknown() { TypeId::UNKNOWN } else { self.table.slice(of) }
    }
}
