//! Interfaces put together from their methods and all that they embed, so that identical ones are equal.

use super::Types;
use super::resolve::Progress;
use super::table::{Interface, Method, Term, Type, TypeId};

/// An interface on the way.
#[derive(Default)]
pub(super) struct Building {
    pub(super) methods: Vec<Method>,
    terms: Option<Vec<Term>>,
    comparable: bool,
    incomplete: bool,
    /// Pairs of terms that were compared.
    compared: usize,
}

/// Methods, and terms, of an interface beyond which it is unknown: each level of embedding can multiply them.
const MEMBERS_MAX: usize = 20_000;
/// Pairs of terms that are compared for one interface.
const COMPARED_MAX: usize = 1_000_000;

impl Types<'_> {
    /// The interface that was put together. Sorts its methods, once each.
    pub(super) fn built(&self, mut built: Building) -> TypeId {
        built.methods.sort_unstable();
        built.methods.dedup();
        // Two of one name and different types are a mistake.
        let conflict = built.methods.windows(2).any(|pair| match pair {
            [a, b] => (a.name, a.scope) == (b.name, b.scope),
            _ => false,
        });
        self.table.intern(Type::Interface(Interface {
            methods: built.methods.into(),
            terms: built.terms.map(Into::into),
            comparable: built.comparable,
            incomplete: built.incomplete || conflict,
        }))
    }

    /// Narrows an interface down by what it embeds.
    pub(super) fn embed(&self, built: &mut Building, element: TypeId, progress: &Progress) {
        if let Type::TypeParam { .. } = self.get(element) {
            built.incomplete = true;
            return;
        }
        match self.get(self.underlying_of(element, progress)) {
            Type::Unknown => built.incomplete = true,
            Type::Interface(other) => {
                if built.methods.len() + other.methods.len() > MEMBERS_MAX {
                    built.incomplete = true;
                    return;
                }
                built.methods.extend(&other.methods);
                built.comparable |= other.comparable;
                built.incomplete |= other.incomplete;
                if let Some(terms) = &other.terms {
                    self.narrow(built, terms, progress);
                }
            }
            Type::Union(terms) => self.embed_union(built, terms, progress),
            _ => self.narrow(built, &[Term { tilde: false, ty: element }], progress),
        }
    }

    /// A union with an interface in it has all types of that interface.
    fn embed_union(&self, built: &mut Building, terms: &[Term], progress: &Progress) {
        let mut all: Option<Vec<Term>> = Some(Vec::new());
        for term in terms {
            let part = match self.get(term.ty) {
                Type::TypeParam { .. } => None,
                _ => Some(self.get(self.underlying_of(term.ty, progress))),
            };
            let Some(Type::Interface(inner)) = part else {
                built.incomplete |= matches!(part, Some(Type::Unknown));
                if let Some(all) = &mut all {
                    all.push(*term);
                }
                continue;
            };
            built.incomplete |= inner.comparable || !inner.methods.is_empty() || inner.incomplete;
            match (&mut all, &inner.terms) {
                (Some(all), Some(terms)) if all.len() + terms.len() <= MEMBERS_MAX => all.extend(terms.iter().copied()),
                (Some(_), Some(_)) => {
                    built.incomplete = true;
                    return;
                }
                (all, _) => *all = None,
            }
        }
        if let Some(all) = all {
            self.narrow(built, &all, progress);
        }
    }

    fn narrow(&self, built: &mut Building, terms: &[Term], progress: &Progress) {
        let mut narrowed = match &built.terms {
            None => terms.to_vec(),
            Some(before) => {
                built.compared = built.compared.saturating_add(before.len().saturating_mul(terms.len()));
                if built.compared > COMPARED_MAX {
                    built.incomplete = true;
                    return;
                }
                let pairs = before.iter().flat_map(|a| terms.iter().map(move |b| (*a, *b)));
                pairs.filter_map(|(a, b)| self.common(a, b, progress)).collect()
            }
        };
        narrowed.sort_unstable();
        narrowed.dedup();
        built.terms = Some(narrowed);
    }

    /// The types that are in both terms.
    fn common(&self, a: Term, b: Term, progress: &Progress) -> Option<Term> {
        match (a.tilde, b.tilde) {
            (false, false) | (true, true) => (a.ty == b.ty).then_some(a),
            (true, false) => (self.underlying_of(b.ty, progress) == a.ty).then_some(b),
            (false, true) => (self.underlying_of(a.ty, progress) == b.ty).then_some(a),
        }
    }
}
