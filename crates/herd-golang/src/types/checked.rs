//! What is told of a file that was gone through.

use super::Types;
use super::constant::{Constant, Value};
use super::lookup::SelectionKind;
use super::objects::{DeclaredFile, Import, ObjectId};
use super::output::{Callee, Function, Local, LocalId, Meaning, Packed, Selection, Tables};
use super::table::TypeId;
use crate::ast::{Expr, ExprId, File, Pos};
use crate::load::Language;

/// What was found out about the files of a package.
pub struct Checked<'t> {
    /// By name.
    pub files: Vec<CheckedFile<'t>>,
}

/// A file with the types of its expressions and the meanings of its names.
pub struct CheckedFile<'t> {
    /// The tree.
    pub file: &'t File,
    /// Its place in [`crate::load::Package::files`].
    pub source: u32,
    /// The language it is written in.
    pub language: Language,
    /// What it imports, in order.
    pub imports: &'t [Import],
    /// Functions with bodies and function literals, by [`super::FunctionId`].
    pub functions: Vec<Function>,
    /// Variables of functions, by [`super::LocalId`].
    pub locals: Vec<Local>,
    /// Fields and methods as they were selected.
    pub selections: Vec<Selection>,
    /// How much of the file is known.
    pub coverage: Coverage,
    types: Vec<TypeId>,
    meanings: Vec<Packed>,
    constants: Vec<(ExprId, Value)>,
    instances: Vec<(ExprId, Box<[TypeId]>)>,
    /// Variables by the place of their names.
    places: Vec<(Pos, LocalId)>,
    objects: &'t [(Pos, ObjectId)],
}

/// How many expressions are known.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Coverage {
    /// Expressions that have a type; names of packages and of functions of the language have none.
    pub expressions: u32,
    /// Of these, those of which it is unknown.
    pub unknown: u32,
}

impl<'t> CheckedFile<'t> {
    pub(super) fn new(mut out: Tables, coverage: Coverage, of: &'t DeclaredFile) -> Self {
        // Inner expressions come first as a rule; of one that was looked at again the last value counts.
        out.constants.sort_by_key(|(id, _)| *id);
        out.instances.sort_by_key(|(id, _)| *id);
        let mut places: Vec<(Pos, LocalId)> =
            out.locals.iter().enumerate().map(|(index, local)| (local.pos, LocalId(index as u32))).collect();
        places.sort_unstable();
        Self {
            file: &of.file,
            source: of.source,
            language: of.language,
            imports: &of.imports.list,
            functions: out.functions,
            locals: out.locals,
            selections: out.selections,
            coverage,
            types: out.types,
            meanings: out.meanings,
            constants: out.constants,
            instances: out.instances,
            places,
            objects: &of.objects,
        }
    }

    /// The type of an expression, or the type that a type's expression denotes; unknown for names of packages and functions of the language.
    /// A `v, ok` form that is used as such is a [`super::Type::Tuple`].
    #[inline]
    pub fn type_of(&self, id: ExprId) -> TypeId {
        self.types.get(id.index()).copied().unwrap_or(TypeId::UNKNOWN)
    }

    /// What an identifier or selector refers to.
    #[inline]
    pub fn meaning(&self, id: ExprId) -> Meaning {
        self.meanings.get(id.index()).map_or(Meaning::None, |packed| packed.meaning())
    }

    /// What a call calls.
    #[inline]
    pub fn callee(&self, call: ExprId) -> Callee {
        self.meanings.get(call.index()).map_or(Callee::None, |packed| packed.callee())
    }

    /// The selection of a selector that picks a field or method.
    pub fn selection(&self, selector: ExprId) -> Option<&Selection> {
        match self.meaning(selector) {
            Meaning::Selection(index) => self.selections.get(index as usize),
            _ => None,
        }
    }

    /// Whether what is called takes what stands before the dot as its first parameter: a method, of an interface or not.
    pub fn has_receiver(&self, fun: ExprId) -> bool {
        let selection = self.selection(self.file.unparen(fun));
        selection.is_some_and(|one| matches!(one.kind, SelectionKind::Method | SelectionKind::InterfaceMethod))
    }

    /// The type arguments of a generic function, by the identifier or selector that names it; of a method those of its receiver come first.
    pub fn instance(&self, name: ExprId) -> &[TypeId] {
        let at = self.instances.partition_point(|(id, _)| *id <= name);
        match at.checked_sub(1).and_then(|at| self.instances.get(at)) {
            Some((id, args)) if *id == name => args,
            _ => &[],
        }
    }

    /// The value of a constant expression, where it could be told. Binary search.
    pub fn constant(&self, types: &Types<'_>, id: ExprId) -> Option<Constant> {
        let at = self.constants.partition_point(|(at, _)| *at <= id);
        let (of, value) = self.constants.get(at.checked_sub(1)?)?;
        (*of == id).then(|| value.settle(self.file, types.names)).flatten()
    }

    /// The variable whose name stands at a place, where it is declared; of `switch x := y.(type)` that of the first clause. Binary search.
    pub fn local_at(&self, pos: Pos) -> Option<LocalId> {
        let at = self.places.partition_point(|(known, _)| *known < pos);
        self.places.get(at).filter(|(known, _)| *known == pos).map(|(_, id)| *id)
    }

    /// What the package declares under the name at a place: constants, types, variables, functions and methods. Binary search.
    pub fn object_at(&self, pos: Pos) -> Option<ObjectId> {
        let at = self.objects.binary_search_by_key(&pos, |(pos, _)| *pos).ok()?;
        self.objects.get(at).map(|(_, id)| *id)
    }

    /// The identifier or selector that names what is called or instantiated, behind parentheses and type arguments.
    pub fn name_of(&self, fun: ExprId) -> ExprId {
        let mut at = self.file.unparen(fun);
        while let Expr::Index { x, .. } | Expr::IndexList { x, .. } = *self.file.expr(at) {
            let inner = self.file.unparen(x);
            if self.instance(inner).is_empty() {
                break;
            }
            at = inner;
        }
        at
    }
}
