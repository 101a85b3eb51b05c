//! Fields and methods by name: promoted ones by depth, ambiguity, receivers (Go specification, "Selectors" and "Method sets").

use super::Types;
use super::objects::{ObjectId, Scope, Source};
use super::output::Selection;
use super::resolve::Progress;
use super::table::{Field, Interface, Method, Type, TypeId};
use crate::intern::{Symbol, known};

/// What a selector picks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SelectionKind {
    /// A field of a struct.
    Field,
    /// A method that is declared.
    Method,
    /// A method of an interface.
    InterfaceMethod,
    /// `T.Method`: a method as a function whose first parameter is the receiver.
    MethodExpression,
    /// The same of an interface's method.
    InterfaceMethodExpression,
}

/// Indices of fields from the outermost struct on; the last is that of the field or method itself. Those of methods are 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Path {
    items: [u16; PATH_MAX],
    len: u8,
}

/// Structs embedded within each other deeper than this are unknown.
const PATH_MAX: usize = 8;
/// Embedded types that one look-up goes through.
const VISITS_MAX: usize = 4096;

impl Path {
    /// The indices.
    pub fn indices(&self) -> &[u16] {
        self.items.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn with(mut self, index: usize) -> Option<Self> {
        *self.items.get_mut(usize::from(self.len))? = u16::try_from(index).ok()?;
        self.len += 1;
        Some(self)
    }
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) kind: SelectionKind,
    pub(super) path: Path,
    /// Whether a pointer was followed on the way.
    pub(super) indirect: bool,
    pub(super) ty: TypeId,
    pub(super) object: Option<ObjectId>,
    /// The type that has it, pointers taken off.
    pub(super) owner: TypeId,
    /// Of a method, whether its receiver is a pointer.
    pub(super) pointer: bool,
}

impl Found {
    pub(super) fn selection(&self, receiver: TypeId, name: Symbol) -> Selection {
        Selection {
            kind: self.kind,
            receiver,
            owner: self.owner,
            path: self.path,
            indirect: self.indirect,
            object: self.object,
            name,
            ty: self.ty,
        }
    }
}

/// How a look-up ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lookup {
    Found(Found),
    /// There is no such name, or more than one at the same depth.
    None,
    /// Something on the way is unknown.
    Unknown,
}

/// From where and how names are seen.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// The package that asks.
    pub(super) from: Option<Scope>,
    /// The package whose inner tests are seen.
    pub(super) tests: Option<Scope>,
    pub(super) progress: &'a Progress,
}

#[derive(Clone, Copy)]
struct Embedded {
    ty: TypeId,
    path: Path,
    indirect: bool,
    multiple: bool,
}

impl Types<'_> {
    /// The field or method that `x.name` picks, of an `x` of a type and seen from a package. As `types.LookupFieldOrMethod` of go/types;
    /// nothing where there is none, or it cannot be told.
    pub fn select(&self, of: TypeId, name: Symbol, from: Option<Scope>) -> Option<Selection> {
        let Lookup::Found(found) = self.find(of, name, View { from, tests: None, progress: &Progress::default() }) else {
            return None;
        };
        Some(found.selection(of, name))
    }

    /// A field or method of a type or of a pointer to it. Linear in what is embedded, as a rule one or two steps.
    pub(super) fn find(&self, of: TypeId, name: Symbol, view: View<'_>) -> Lookup {
        if name == known::BLANK {
            return Lookup::None;
        }
        // A declared type that is a pointer has fields but no methods.
        if let Type::Named { .. } = self.get(of) {
            let under = self.underlying_of(of, view.progress);
            if let Type::Pointer(_) = self.get(under) {
                return match self.find_from(under, name, view) {
                    Lookup::Found(found) if found.kind != SelectionKind::Field => Lookup::None,
                    lookup => lookup,
                };
            }
        }
        self.find_from(of, name, view)
    }

    fn find_from(&self, of: TypeId, name: Symbol, view: View<'_>) -> Lookup {
        let exported = self.is_exported(name);
        let (start, pointer) = self.deref(of);
        if pointer && matches!(self.get(self.underlying_of(start, view.progress)), Type::Interface(_)) {
            return Lookup::None;
        }
        let first = Embedded { ty: start, path: Path::default(), indirect: pointer, multiple: false };
        if let Some(found) = self.own(&first, name, exported, view) {
            return Lookup::Found(found);
        }
        let mut level = vec![first];
        let mut seen: Vec<TypeId> = Vec::new();
        while !level.is_empty() {
            let mut next: Vec<Embedded> = Vec::new();
            let mut found: Option<Found> = None;
            let (mut collision, mut unknown) = (false, false);
            for at in &level {
                if let Type::Named { .. } = self.get(at.ty) {
                    if seen.contains(&at.ty) {
                        continue;
                    }
                    seen.push(at.ty);
                    if seen.len() > VISITS_MAX {
                        return Lookup::Unknown;
                    }
                }
                if let Some(one) = self.own(at, name, exported, view) {
                    collision |= found.is_some() || at.multiple;
                    found = Some(one);
                    continue;
                }
                match self.get(self.underlying_of(at.ty, view.progress)) {
                    Type::Unknown | Type::Interface(Interface { incomplete: true, .. }) => unknown = true,
                    Type::Struct(fields) => {
                        for (index, field) in fields.iter().enumerate().filter(|(_, field)| field.embedded) {
                            let (ty, pointer) = self.deref(field.ty);
                            // One index more is that of what is found there.
                            let path = at.path.with(index).filter(|path| usize::from(path.len) < PATH_MAX);
                            let Some(path) = path else { return Lookup::Unknown };
                            next.push(Embedded { ty, path, indirect: at.indirect || pointer, multiple: at.multiple });
                        }
                    }
                    _ => {}
                }
            }
            if unknown {
                return Lookup::Unknown;
            }
            if let Some(found) = found {
                return if collision { Lookup::None } else { Lookup::Found(found) };
            }
            if next.len() > VISITS_MAX {
                return Lookup::Unknown;
            }
            level = merge(next);
        }
        Lookup::None
    }

    /// What a type has itself, which hides all that it embeds: most look-ups end here.
    fn own(&self, at: &Embedded, name: Symbol, exported: bool, view: View<'_>) -> Option<Found> {
        if let Some((object, pointer)) = self.declared_method(at.ty, name, exported, view) {
            return Some(Found {
                kind: SelectionKind::Method,
                path: at.path.with(0)?,
                indirect: at.indirect,
                ty: self.method_type(at.ty, object, view.progress),
                object: Some(object),
                owner: at.ty,
                pointer,
            });
        }
        let (kind, index, ty) = match self.get(self.underlying_of(at.ty, view.progress)) {
            Type::Struct(fields) => {
                let seen = |field: &Field| field.name == name && (exported || field.scope == view.from);
                let index = fields.iter().position(seen)?;
                (SelectionKind::Field, index, fields.get(index)?.ty)
            }
            Type::Interface(interface) => {
                let seen = |method: &&Method| method.name == name && (exported || method.scope == view.from);
                (SelectionKind::InterfaceMethod, 0, interface.methods.iter().find(seen)?.signature)
            }
            _ => return None,
        };
        let path = at.path.with(index)?;
        Some(Found { kind, path, indirect: at.indirect, ty, object: None, owner: at.ty, pointer: false })
    }

    /// A method of a declared type, by name, and whether its receiver is a pointer.
    fn declared_method(&self, ty: TypeId, name: Symbol, exported: bool, view: View<'_>) -> Option<(ObjectId, bool)> {
        let Type::Named { object, .. } = self.get(ty) else { return None };
        let object = self.object(*object)?;
        // Types within functions have no methods, whatever they are called.
        if !matches!(object.source, Source::Type { .. }) {
            return None;
        }
        let scope = object.scope?;
        if !exported && Some(scope) != view.from {
            return None;
        }
        let declared = self.declared(scope)?;
        let method = declared.methods.get(&(object.name, name)).or_else(|| {
            let tests = view.tests == Some(scope);
            tests.then(|| declared.test_methods.get(&(object.name, name))).flatten()
        })?;
        let pointer = matches!(self.object(*method)?.source, Source::Method { pointer: true, .. })
            || declared.by_pointer_alias.contains(method);
        Some((*method, pointer))
    }

    /// The signature of a method of a type that may have type arguments.
    fn method_type(&self, of: TypeId, method: ObjectId, progress: &Progress) -> TypeId {
        let signature = self.object_type_of(method, progress);
        match self.get(of) {
            Type::Named { args, .. } => self.subst(signature, method, args),
            _ => signature,
        }
    }

    /// What a pointer type points to, and whether it is one. A declared pointer type is none.
    pub(super) fn deref(&self, id: TypeId) -> (TypeId, bool) {
        match self.get(id) {
            Type::Pointer(to) => (*to, true),
            _ => (id, false),
        }
    }

    /// Whether other packages see a name.
    pub(super) fn is_exported(&self, name: Symbol) -> bool {
        self.names.text(name).chars().next().is_some_and(char::is_uppercase)
    }

    /// Whether a type has all methods of an interface, with these very signatures; type sets are not looked at. Nothing where something on
    /// the way is unknown. `from` is the package whose unexported names are meant.
    pub fn has_methods(&self, ty: TypeId, interface: TypeId) -> Option<bool> {
        self.has_methods_seen(ty, interface, None, &Progress::default())
    }

    pub(super) fn has_methods_seen(
        &self,
        ty: TypeId,
        interface: TypeId,
        tests: Option<Scope>,
        progress: &Progress,
    ) -> Option<bool> {
        let Type::Interface(Interface { methods, incomplete: false, .. }) = self.get(self.underlying_of(interface, progress))
        else {
            return None;
        };
        for method in methods {
            match self.find(ty, method.name, View { from: method.scope, tests, progress }) {
                Lookup::Unknown => return None,
                Lookup::None => return Some(false),
                Lookup::Found(found) => {
                    if !self.is_known(found.ty) || !self.is_known(method.signature) {
                        return None;
                    }
                    let in_set = match found.kind {
                        SelectionKind::InterfaceMethod => true,
                        // A method of the pointer is one of the value only where the way to it leads through a pointer.
                        SelectionKind::Method => !found.pointer || found.indirect,
                        SelectionKind::Field | SelectionKind::MethodExpression | SelectionKind::InterfaceMethodExpression => {
                            false
                        }
                    };
                    if !in_set || found.ty != method.signature {
                        return Some(false);
                    }
                }
            }
        }
        Some(true)
    }

    /// All methods declared for a type of a package, with those of its inner tests; promoted ones apart.
    pub fn methods_of(&self, ty: ObjectId) -> &[ObjectId] {
        let Some(object) = self.object(ty) else { return &[] };
        let declared =
            object.scope.filter(|_| matches!(object.source, Source::Type { .. })).and_then(|scope| self.declared(scope));
        declared.and_then(|declared| declared.methods_of.get(&object.name)).map_or(&[], |methods| methods)
    }
}

/// Types that are reached twice at one depth hide what they have from each other.
fn merge(embedded: Vec<Embedded>) -> Vec<Embedded> {
    let mut merged: Vec<Embedded> = Vec::with_capacity(embedded.len());
    for item in embedded {
        match merged.iter_mut().find(|known| known.ty == item.ty) {
            Some(known) => known.multiple = true,
            None => merged.push(item),
        }
    }
    merged
}
