//! What is told of a file: tables beside its tree, by the indices of its nodes.

use super::lookup::{Path, SelectionKind};
use super::objects::ObjectId;
use super::table::TypeId;
use super::universe::Builtin;
use crate::ast::{DeclId, ExprId, Pos, StmtId};
use crate::intern::Symbol;

/// A variable of a function: parameters, results, receivers and what is declared in bodies. Dense in a file, in the order of declaration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocalId(pub u32);

/// A function with a body, or a function literal. Dense in a file; outer ones before inner ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FunctionId(pub u32);

/// A variable of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Local {
    /// Its name; `_` and the empty one of nameless parameters too.
    pub name: Symbol,
    /// Where its name stands; that of the `x` for each clause of `switch x := y.(type)`.
    pub pos: Pos,
    /// Its type.
    pub ty: TypeId,
    /// The function that declares it: a use in another one is a capture. Nothing never occurs in a whole file.
    pub function: Option<FunctionId>,
    /// How it is declared.
    pub kind: LocalKind,
}

/// How a variable is declared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LocalKind {
    /// A method's receiver.
    Receiver,
    /// A parameter.
    Param,
    /// A result.
    Result,
    /// `var x`
    Var,
    /// `x := …`, of an assignment, a select case or the header of a statement.
    Define,
    /// `for x := range …`
    Range,
    /// `switch x := y.(type)`, as it is in this clause.
    TypeSwitch(StmtId),
}

/// A function with a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Function {
    /// Its place in the tree.
    pub node: FunctionNode,
    /// The function it is written in.
    pub outer: Option<FunctionId>,
    /// Its declaration, where it is no literal.
    pub object: Option<ObjectId>,
    /// A [`super::Type::Signature`], or unknown.
    pub signature: TypeId,
}

/// Where a function is in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FunctionNode {
    /// A [`crate::ast::Decl::Func`].
    Decl(DeclId),
    /// An [`crate::ast::Expr::FuncLit`].
    Literal(ExprId),
}

/// What a name refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// Unknown, or no reference: `_`, a label, a broken one.
    None,
    /// A variable of a function.
    Local(LocalId),
    /// What is declared in a package, or a constant or type within a function.
    Object(ObjectId),
    /// A type parameter.
    TypeParam(TypeId),
    /// A package: an index into [`super::CheckedFile::imports`].
    Import(u32),
    /// A function of the language.
    Builtin(Builtin),
    /// `nil`
    Nil,
    /// A field or method: an index into [`super::CheckedFile::selections`].
    Selection(u32),
    /// The key of a composite literal that names a field of its struct, by the index; one of a promoted field is a [`Meaning::Selection`].
    Field(u32),
}

/// What a call calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    /// Unknown.
    None,
    /// `T(x)`
    Conversion,
    /// A function of the language.
    Builtin(Builtin),
    /// A function, or a method of a type that is no interface; by name, so that it is this one that runs.
    Static(ObjectId),
    /// A method of an interface: an index into [`super::CheckedFile::selections`].
    Interface(u32),
    /// A value: variables of function types, literals, results of calls.
    Dynamic,
}

/// A field or method as it was selected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Selection {
    /// What was selected.
    pub kind: SelectionKind,
    /// The type of what stands before the dot.
    pub receiver: TypeId,
    /// The type that has it, reached through embedded fields, pointers taken off. With the last index of the path it tells which field it
    /// is, for all packages.
    pub owner: TypeId,
    /// The way there.
    pub path: Path,
    /// Whether a pointer is followed on the way.
    pub indirect: bool,
    /// The declaration, of a method that has one.
    pub object: Option<ObjectId>,
    /// Its name.
    pub name: Symbol,
    /// The type of the whole.
    pub ty: TypeId,
}

/// A meaning or callee in 32 bits: the kind in the upper four.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Packed(u32);

const SHIFT: u32 = 28;
const MASK: u32 = (1 << SHIFT) - 1;

impl Packed {
    fn new(kind: u32, index: u32) -> Self {
        if index > MASK { Self(0) } else { Self(kind << SHIFT | index) }
    }

    pub(super) fn of_meaning(meaning: Meaning) -> Self {
        match meaning {
            Meaning::None => Self(0),
            Meaning::Local(id) => Self::new(1, id.0),
            Meaning::Object(id) => Self::new(2, id.0),
            Meaning::TypeParam(id) => Self::new(3, id.0),
            Meaning::Import(index) => Self::new(4, index),
            Meaning::Builtin(builtin) => Self::new(5, builtin as u32),
            Meaning::Nil => Self::new(6, 0),
            Meaning::Selection(index) => Self::new(7, index),
            Meaning::Field(index) => Self::new(8, index),
        }
    }

    pub(super) fn of_callee(callee: Callee) -> Self {
        match callee {
            Callee::None => Self(0),
            Callee::Conversion => Self::new(9, 0),
            Callee::Builtin(builtin) => Self::new(10, builtin as u32),
            Callee::Static(id) => Self::new(11, id.0),
            Callee::Interface(index) => Self::new(12, index),
            Callee::Dynamic => Self::new(13, 0),
        }
    }

    pub(super) fn meaning(self) -> Meaning {
        let index = self.0 & MASK;
        match self.0 >> SHIFT {
            1 => Meaning::Local(LocalId(index)),
            2 => Meaning::Object(ObjectId(index)),
            3 => Meaning::TypeParam(TypeId(index)),
            4 => Meaning::Import(index),
            5 => Builtin::ALL.get(index as usize).map_or(Meaning::None, |builtin| Meaning::Builtin(*builtin)),
            6 => Meaning::Nil,
            7 => Meaning::Selection(index),
            8 => Meaning::Field(index),
            _ => Meaning::None,
        }
    }

    pub(super) fn callee(self) -> Callee {
        let index = self.0 & MASK;
        match self.0 >> SHIFT {
            9 => Callee::Conversion,
            10 => Builtin::ALL.get(index as usize).map_or(Callee::None, |builtin| Callee::Builtin(*builtin)),
            11 => Callee::Static(ObjectId(index)),
            12 => Callee::Interface(index),
            13 => Callee::Dynamic,
            _ => Callee::None,
        }
    }
}

/// Tables of a file while it is checked.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) types: Vec<TypeId>,
    pub(super) meanings: Vec<Packed>,
    pub(super) constants: Vec<(ExprId, super::constant::Value)>,
    /// Which expressions are constant, whether or not their values are known.
    pub(super) constant_bits: Vec<u64>,
    /// Which may be constant, for all that is known.
    pub(super) vague_bits: Vec<u64>,
    pub(super) selections: Vec<Selection>,
    pub(super) instances: Vec<(ExprId, Box<[TypeId]>)>,
    pub(super) locals: Vec<Local>,
    pub(super) functions: Vec<Function>,
}

impl Tables {
    /// For a file of so many expressions.
    pub(super) fn of(exprs: usize) -> Self {
        Self {
            types: vec![TypeId::UNKNOWN; exprs],
            meanings: vec![Packed::default(); exprs],
            constant_bits: vec![0; exprs.div_ceil(64)],
            vague_bits: vec![0; exprs.div_ceil(64)],
            ..Self::default()
        }
    }
}
