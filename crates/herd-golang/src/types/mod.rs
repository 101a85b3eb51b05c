//! Types of every expression of a Go program, and what its names mean; right, or unknown.
//!
//! [`Types`] holds all declarations of a program, each worked out when first asked for; [`check()`] goes through the bodies of one package.
//! Nothing reports what is wrong with a program: what cannot be told is [`TypeId::UNKNOWN`] and leaves all else as it is. What is told is
//! what go/types records (Go 1.27); constants without a type have the one their context gives them.
//!
//! ```
//! use herd_golang::Interner;
//! use herd_golang::load::{Context, PackageId, program};
//! use herd_golang::types::{Types, Unit, check};
//!
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("go.mod"), "module example.com/shop\n\ngo 1.26\n")?;
//! std::fs::write(folder.path().join("shop.go"), "package shop\n\nvar stock = map[string][]int{\"a\": {1, 2}}\n")?;
//! let (loaded, names) = (program(folder.path(), &["./..."], &Context::from_env()), Interner::new());
//! let types = Types::new(&loaded, &names);
//! let stock = types.lookup(PackageId(0), "stock").expect("declared");
//! assert_eq!(types.text(types.object_type(stock)), "map[string][]int");
//! let checked = check(&types, PackageId(0), Unit::Package);
//! assert_eq!(checked.files[0].coverage.unknown, 0);
//! # Ok::<(), std::io::Error>(())
//! ```
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "what asks a type or expression for one form takes every other one for unknown"
)]
#![allow(clippy::many_single_char_names, reason = "x and y are what operators and unification have")]

mod assign;
mod builtin;
mod call;
mod check;
mod checked;
mod composite;
mod constant;
mod convert;
mod expr;
mod index;
mod infer;
mod interfaces;
mod lookup;
mod objects;
mod operand;
mod operators;
mod output;
mod resolve;
mod segments;
mod sizes;
mod stmt;
mod subst;
mod table;
mod text;
mod typexpr;
mod unify;
mod universe;

use std::sync::OnceLock;

use crate::intern::Interner;
use crate::load::Program;

pub use check::{Unit, check};
pub use checked::{Checked, CheckedFile, Coverage};
pub use constant::Constant;
pub use lookup::{Path, SelectionKind};
pub use objects::{Import, Imported, ObjectId, ObjectKind, Scope};
pub use output::{Callee, Function, FunctionId, FunctionNode, Local, LocalId, LocalKind, Meaning, Selection};
pub use table::{Basic, Field, Interface, Method, Signature, Term, Type, TypeId};
pub use universe::Builtin;

use objects::{Declared, Object};
use segments::Segments;
use table::Table;
use universe::Universe;

/// All declarations and types of a program. Shared by reference among threads; it only grows, and says the same whoever asks first. Numbers of
/// types and objects alone differ from run to run.
///
/// Files of packages that nothing was asked of are not read; those of dependencies are read without the bodies of functions.
pub struct Types<'p> {
    pub(super) program: &'p Program,
    pub(super) names: &'p Interner,
    table: Table,
    objects: Segments<Object>,
    /// By [`Scope`].
    declared: Box<[OnceLock<Box<Declared>>]>,
    universe: Universe,
}

impl<'p> Types<'p> {
    /// Nothing is read yet.
    pub fn new(program: &'p Program, names: &'p Interner) -> Self {
        let (table, objects) = (Table::new(), Segments::new());
        let universe = Universe::new(&table, &objects, names);
        let declared = (0..program.packages.len() * 2).map(|_| OnceLock::new()).collect();
        Self { program, names, table, objects, declared, universe }
    }

    /// The names of all files.
    pub fn names(&self) -> &'p Interner {
        self.names
    }

    /// The program whose types these are.
    pub fn program(&self) -> &'p Program {
        self.program
    }

    /// What a type is made of.
    pub fn get(&self, id: TypeId) -> &Type {
        self.table.get(id)
    }

    /// The type a pointer leads to; any other as it is.
    pub fn pointed_at(&self, id: TypeId) -> TypeId {
        self.deref(id).0
    }

    /// Whether nothing in a type is unknown.
    pub fn is_known(&self, id: TypeId) -> bool {
        !self.table.has(id, table::HAS_UNKNOWN)
    }

    /// Whether a type parameter is part of a type.
    pub fn has_params(&self, id: TypeId) -> bool {
        self.table.has(id, table::HAS_PARAMS)
    }

    /// `*T`
    pub fn pointer_to(&self, to: TypeId) -> TypeId {
        if to.is_unknown() { TypeId::UNKNOWN } else { self.table.pointer(to) }
    }

    /// The predeclared type `error`.
    pub fn error(&self) -> TypeId {
        self.universe.error
    }

    /// Types and declarations so far.
    pub fn counts(&self) -> (u32, u32) {
        (self.table.count(), self.objects.count())
    }

    /// The type a declared type is in the end: never a [`Type::Named`]; of a type parameter the interface it must satisfy.
    pub fn underlying(&self, id: TypeId) -> TypeId {
        self.underlying_of(id, &resolve::Progress::default())
    }

    /// The type of a constant, variable or function; that which the name of a type denotes.
    pub fn object_type(&self, id: ObjectId) -> TypeId {
        self.object_type_of(id, &resolve::Progress::default())
    }
}
