//! Types as numbers: each type is kept once, so that identical types have equal numbers.

use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::objects::{ObjectId, Scope};
use super::segments::Segments;
use crate::ast::ChanDir;
use crate::intern::Symbol;

/// A type. Of one [`super::Types`] two are equal exactly when the types are identical (Go specification, "Type identity"); but what is
/// [`Type::Unknown`], or holds something that is, equals what it need not be identical with: see [`super::Types::is_known`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub(super) u32);

/// What a type is made of. Aliases are what they stand for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// What could not be told, or is not valid.
    Unknown,
    /// Predeclared, and those of untyped constants.
    Basic(Basic),
    /// A declared type. A generic one without arguments is the declaration itself.
    Named {
        /// Its declaration.
        object: ObjectId,
        /// Type arguments.
        args: Box<[TypeId]>,
    },
    /// `*T`
    Pointer(TypeId),
    /// `[]T`
    Slice(TypeId),
    /// `[len]T`
    Array {
        /// What it holds.
        element: TypeId,
        /// How many; nothing where the length could not be told.
        len: Option<u64>,
    },
    /// `map[K]V`
    Map {
        /// `K`
        key: TypeId,
        /// `V`
        value: TypeId,
    },
    /// `chan T`
    Chan {
        /// What it lets one do.
        dir: ChanDir,
        /// `T`
        element: TypeId,
    },
    /// A function's, without the receiver.
    Signature(Signature),
    /// `struct { … }`, fields in order.
    Struct(Box<[Field]>),
    /// `interface { … }`
    Interface(Interface),
    /// What a call with several results gives, and `v, ok` forms; of none or at least two.
    Tuple(Box<[TypeId]>),
    /// A type parameter of a generic function, method or type.
    TypeParam {
        /// Whose. The type parameters of a method are those of its receiver, then its own.
        owner: ObjectId,
        /// Which, from 0.
        index: u32,
    },
    /// `A | ~B`, in constraints.
    Union(Box<[Term]>),
}

/// Parameters and results.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signature {
    /// Types of the parameters; the last of a variadic function is a slice.
    pub params: Box<[TypeId]>,
    /// Types of the results.
    pub results: Box<[TypeId]>,
    /// Whether the last parameter is written `...T`.
    pub variadic: bool,
}

/// A field of a struct.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    /// Its name; of an embedded field that of its type.
    pub name: Symbol,
    /// Its type.
    pub ty: TypeId,
    /// Whether it is embedded.
    pub embedded: bool,
    /// Where an unexported name belongs to: names of different packages differ.
    pub scope: Option<Scope>,
    /// Its tag as written, quotes and all; empty without.
    pub tag: Symbol,
}

/// An interface with all that it embeds.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Interface {
    /// All methods, in an order that holds for this run only.
    pub methods: Box<[Method]>,
    /// The types that satisfy it, where these are listed.
    pub terms: Option<Box<[Term]>>,
    /// Whether types must be comparable.
    pub comparable: bool,
    /// Whether something embedded could not be told.
    pub incomplete: bool,
}

/// A method of an interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Method {
    /// Its name.
    pub name: Symbol,
    /// Where an unexported name belongs to.
    pub scope: Option<Scope>,
    /// Its signature.
    pub signature: TypeId,
}

/// `T` or `~T` of a constraint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Term {
    /// Whether all types of that underlying type are meant.
    pub tilde: bool,
    /// The type.
    pub ty: TypeId,
}

macro_rules! basics {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Types without parts; `byte` is `uint8`, `rune` is `int32`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Basic {
            $($(#[$doc])* #[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Basic {
            /// Its name, as go/types has it.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

basics! {
    Bool = "bool",
    Int = "int",
    Int8 = "int8",
    Int16 = "int16",
    Int32 = "int32",
    Int64 = "int64",
    Uint = "uint",
    Uint8 = "uint8",
    Uint16 = "uint16",
    Uint32 = "uint32",
    Uint64 = "uint64",
    Uintptr = "uintptr",
    Float32 = "float32",
    Float64 = "float64",
    Complex64 = "complex64",
    Complex128 = "complex128",
    String = "string",
    UnsafePointer = "unsafe.Pointer",
    UntypedBool = "untyped bool",
    UntypedInt = "untyped int",
    UntypedRune = "untyped rune",
    UntypedFloat = "untyped float",
    UntypedComplex = "untyped complex",
    UntypedString = "untyped string",
    UntypedNil = "untyped nil",
}

impl Basic {
    /// Whether it is that of a constant without a type, of a comparison, or of nil.
    pub fn is_untyped(self) -> bool {
        self >= Self::UntypedBool
    }

    /// Whether it is of integers.
    pub fn is_integer(self) -> bool {
        (Self::Int..=Self::Uintptr).contains(&self) || matches!(self, Self::UntypedInt | Self::UntypedRune)
    }

    /// Whether it is of integers that are not negative.
    pub fn is_unsigned(self) -> bool {
        (Self::Uint..=Self::Uintptr).contains(&self)
    }

    /// Whether it is of numbers.
    pub fn is_numeric(self) -> bool {
        (Self::Int..=Self::Complex128).contains(&self) || (Self::UntypedInt..=Self::UntypedComplex).contains(&self)
    }

    /// Whether it is of strings.
    pub fn is_string(self) -> bool {
        matches!(self, Self::String | Self::UntypedString)
    }

    /// Whether it is of truth values.
    pub fn is_boolean(self) -> bool {
        matches!(self, Self::Bool | Self::UntypedBool)
    }

    /// What an untyped one becomes where nothing asks for another; itself if it is typed, or that of nil.
    #[must_use]
    pub fn default_type(self) -> Self {
        match self {
            Self::UntypedBool => Self::Bool,
            Self::UntypedInt => Self::Int,
            Self::UntypedRune => Self::Int32,
            Self::UntypedFloat => Self::Float64,
            Self::UntypedComplex => Self::Complex128,
            Self::UntypedString => Self::String,
            _ => self,
        }
    }

    /// Its type.
    pub const fn id(self) -> TypeId {
        TypeId(self as u32 + 1)
    }
}

impl TypeId {
    /// The type that could not be told.
    pub const UNKNOWN: Self = Self(0);
    /// The empty tuple: what a call without results gives.
    pub const NOTHING: Self = Self(Basic::UntypedNil as u32 + 2);
    /// `interface{}`
    pub const ANY: Self = Self(Basic::UntypedNil as u32 + 3);

    /// The predeclared type it is.
    pub fn basic(self) -> Option<Basic> {
        Basic::ALL.get((self.0 as usize).wrapping_sub(1)).copied()
    }

    /// Whether it is that of a constant without a type, of a comparison, or of nil.
    pub fn is_untyped(self) -> bool {
        (Basic::UntypedBool.id()..=Basic::UntypedNil.id()).contains(&self)
    }

    pub(super) fn is_unknown(self) -> bool {
        self == Self::UNKNOWN
    }
}

/// A type and what is known of it.
pub(super) struct Entry {
    pub(super) ty: Type,
    flags: u8,
    depth: u16,
    /// Parts, those of parts and so on, as often as they occur.
    size: u32,
    pointer: AtomicU32,
    slice: AtomicU32,
    /// Of a type declared with type parameters: that with these arguments. Its number and one; 0 until asked for.
    pub(super) underlying: AtomicU32,
}

/// Holds a type parameter.
pub(super) const HAS_PARAMS: u8 = 1;
/// Holds something unknown.
pub(super) const HAS_UNKNOWN: u8 = 2;

/// Types are parts of types no deeper than this; those that would be are unknown. Recursions over types need not count.
const DEPTH_MAX: u16 = 250;
/// Parts that a type may have: interfaces of generated clients have thousands of methods.
const SIZE_MAX: u32 = 100_000;
/// Parts that type arguments may have, which generic types can multiply without end.
const ARGUMENTS_SIZE_MAX: u32 = 2_000;
/// Parts of all types together, beyond which new types are unknown. Kubernetes has half a million; interfaces that embed each other in a
/// chain have as many as the square of its length.
const PARTS_MAX: u64 = 10_000_000;
/// Power of two.
const SHARDS: usize = 64;

/// All types.
pub(super) struct Table {
    entries: Segments<Entry>,
    shards: Box<[Mutex<HashTable<u32>>]>,
    unknown: Entry,
    /// Parts of all types, each type's own.
    parts: AtomicU64,
}

impl Table {
    pub(super) fn new() -> Self {
        let entry = || Entry {
            ty: Type::Unknown,
            flags: HAS_UNKNOWN,
            depth: 0,
            size: 1,
            pointer: AtomicU32::new(0),
            slice: AtomicU32::new(0),
            underlying: AtomicU32::new(0),
        };
        let shards = (0..SHARDS).map(|_| Mutex::new(HashTable::new())).collect();
        let table = Self { entries: Segments::new(), shards, unknown: entry(), parts: AtomicU64::new(0) };
        table.entries.push(entry());
        for basic in Basic::ALL {
            table.intern(Type::Basic(*basic));
        }
        table.intern(Type::Tuple(Box::default()));
        table.intern(Type::Interface(Interface::default()));
        table
    }

    #[inline]
    pub(super) fn entry(&self, id: TypeId) -> &Entry {
        self.entries.get(id.0).unwrap_or(&self.unknown)
    }

    #[inline]
    pub(super) fn get(&self, id: TypeId) -> &Type {
        &self.entry(id).ty
    }

    pub(super) fn has(&self, id: TypeId, flag: u8) -> bool {
        self.entry(id).flags & flag != 0
    }

    pub(super) fn count(&self) -> u32 {
        self.entries.count()
    }

    pub(super) fn pointer(&self, to: TypeId) -> TypeId {
        self.cached(&self.entry(to).pointer, || Type::Pointer(to))
    }

    pub(super) fn slice(&self, of: TypeId) -> TypeId {
        self.cached(&self.entry(of).slice, || Type::Slice(of))
    }

    fn cached(&self, cell: &AtomicU32, ty: impl FnOnce() -> Type) -> TypeId {
        match cell.load(Ordering::Acquire) {
            0 => {
                let id = self.intern(ty());
                cell.store(id.0 + 1, Ordering::Release);
                id
            }
            known => TypeId(known - 1),
        }
    }

    /// The number of a type. Types that are too deep or too large are unknown.
    pub(super) fn intern(&self, ty: Type) -> TypeId {
        let mut entry = Entry {
            flags: 0,
            depth: 0,
            size: 1,
            pointer: AtomicU32::new(0),
            slice: AtomicU32::new(0),
            underlying: AtomicU32::new(0),
            ty,
        };
        let (mut flags, mut depth, mut size, mut own) = (0, 0, 1_u32, 0);
        parts(&entry.ty, &mut |part| {
            own += 1;
            let part = self.entry(part);
            flags |= part.flags;
            depth = depth.max(part.depth + 1);
            size = size.saturating_add(part.size);
        });
        if matches!(entry.ty, Type::TypeParam { .. }) {
            flags |= HAS_PARAMS;
        }
        if matches!(entry.ty, Type::Unknown | Type::Array { len: None, .. } | Type::Interface(Interface { incomplete: true, .. }))
        {
            flags |= HAS_UNKNOWN;
        }
        let size_max = if matches!(entry.ty, Type::Named { .. }) { ARGUMENTS_SIZE_MAX } else { SIZE_MAX };
        if depth > DEPTH_MAX || size > size_max || matches!(entry.ty, Type::Unknown) {
            return TypeId::UNKNOWN;
        }
        (entry.flags, entry.depth, entry.size) = (flags, depth, size);
        let mut hasher = FxHasher::default();
        entry.ty.hash(&mut hasher);
        let hash = hasher.finish();
        let Some(shard) = self.shards.get((hash >> 40) as usize % SHARDS) else { return TypeId::UNKNOWN };
        // Nothing panics while it holds a shard, and a table is whole after each step.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shard.find(hash, |id| *self.get(TypeId(*id)) == entry.ty) {
            return TypeId(*known);
        }
        if self.parts.fetch_add(own, Ordering::Relaxed) > PARTS_MAX {
            return TypeId::UNKNOWN;
        }
        let id = self.entries.push(entry);
        let rehash = |id: &u32| {
            let mut hasher = FxHasher::default();
            self.get(TypeId(*id)).hash(&mut hasher);
            hasher.finish()
        };
        shard.insert_unique(hash, id, rehash);
        TypeId(id)
    }
}

/// Tells of each part of a type.
pub(super) fn parts(ty: &Type, tell: &mut dyn FnMut(TypeId)) {
    match ty {
        Type::Unknown | Type::Basic(_) | Type::TypeParam { .. } => {}
        Type::Named { args, .. } => args.iter().for_each(|arg| tell(*arg)),
        Type::Pointer(part) | Type::Slice(part) | Type::Array { element: part, .. } | Type::Chan { element: part, .. } => {
            tell(*part);
        }
        Type::Map { key, value } => {
            tell(*key);
            tell(*value);
        }
        Type::Signature(signature) => signature.params.iter().chain(&signature.results).for_each(|part| tell(*part)),
        Type::Struct(fields) => fields.iter().for_each(|field| tell(field.ty)),
        Type::Interface(interface) => {
            interface.methods.iter().for_each(|method| tell(method.signature));
            interface.terms.iter().flatten().for_each(|term| tell(term.ty));
        }
        Type::Tuple(types) => types.iter().for_each(|part| tell(*part)),
        Type::Union(terms) => terms.iter().for_each(|term| tell(term.ty)),
    }
}
