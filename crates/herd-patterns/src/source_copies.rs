//! Which types must not be copied: those that have locks in them, as go vet's copylocks has it.

use std::cell::{OnceCell, RefCell};

use herd_golang::load::PackageId;
use herd_golang::types::{Type, TypeId, Types};
use rustc_hash::FxHashMap;

/// Deeper types are taken to have none.
const DEPTH_MAX: u32 = 16;

/// What was found out about types so far.
#[derive(Default)]
pub struct Uncopied {
    locker: OnceCell<Option<TypeId>>,
    known: RefCell<FxHashMap<TypeId, Option<String>>>,
}

impl Uncopied {
    /// The lock that is copied with a value of a type, as the way to it is written: `counter.mu` …; nothing where there is none.
    pub fn lock_in(&self, types: &Types<'_>, ty: TypeId) -> Option<String> {
        // Most are told by their shape.
        if !matches!(types.get(ty), Type::Named { .. } | Type::Struct(_) | Type::Array { .. } | Type::TypeParam { .. }) {
            return None;
        }
        if let Some(known) = self.known.borrow().get(&ty) {
            return known.clone();
        }
        let locker = self.locker(types)?;
        let found = lock_in(types, locker, ty, 0);
        self.known.borrow_mut().insert(ty, found.clone());
        found
    }

    /// `sync.Locker`
    fn locker(&self, types: &Types<'_>) -> Option<TypeId> {
        *self.locker.get_or_init(|| {
            let sync = types.program().packages.iter().position(|package| &*package.path == "sync");
            let locker = sync.and_then(|index| types.lookup(PackageId(index as u32), "Locker"));
            locker.map(|locker| types.object_type(locker))
        })
    }
}

fn lock_in(types: &Types<'_>, locker: TypeId, ty: TypeId, depth: u32) -> Option<String> {
    if depth > DEPTH_MAX {
        return None;
    }
    match types.get(ty) {
        Type::Array { element, .. } => return lock_in(types, locker, *element, depth + 1),
        Type::TypeParam { .. } => {
            let Type::Interface(constraint) = types.get(types.underlying(ty)) else { return None };
            let terms = constraint.terms.as_ref()?;
            return terms.iter().find_map(|term| lock_in(types, locker, term.ty, depth + 1));
        }
        _ => {}
    }
    let under = types.underlying(ty);
    match types.get(under) {
        Type::Interface(_) => return None,
        Type::Array { element, .. } => return lock_in(types, locker, *element, depth + 1),
        _ => {}
    }
    if let Type::Named { object, .. } = types.get(ty)
        && types.has_methods(types.pointer_to(ty), locker) == Some(true)
        && types.has_methods(ty, locker) == Some(false)
    {
        return Some(package_and_name(types, *object));
    }
    let Type::Struct(fields) = types.get(under) else { return None };
    fields.iter().find_map(|field| lock_in(types, locker, field.ty, depth + 1))
}

fn package_and_name(types: &Types<'_>, object: herd_golang::types::ObjectId) -> String {
    let text = types.object_text(object);
    text.rsplit('/').next().unwrap_or(&text).to_owned()
}
