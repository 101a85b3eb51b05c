//! Syntax trees of Go files: small plain enums in arenas of one file, joined by ids.
//!
//! The shape is that of go/ast (Go 1.27): the same nodes with the same parts, so that its documentation is this one's. Names differ where
//! Rust asks for it. A node's place is not in the node: [`File::expr_span`] and its like tell it at once, first to last byte as `Pos` and
//! `End` do in Go.
//!
//! An id belongs to the file that gave it. Trees are at most [`crate::parser::NESTING_MAX`] productions deep, but chains may be a hundred
//! thousand long: of operators, calls and selectors, which lean left, and of `else if`, which lean right. Follow them in a loop, as
//! [`crate::walk()`] does.

mod directive;
mod file;

use std::marker::PhantomData;
use std::num::NonZeroU32;

pub use directive::{Directive, DirectiveKind};
pub use file::{File, Listed, Node, Position};

use crate::intern::Symbol;
use crate::token::Token;

/// A place in a source: a byte offset. An optional one takes no more room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pos(NonZeroU32);

impl Pos {
    /// The place of a byte.
    #[inline]
    pub fn at(offset: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(offset))
    }

    /// Its byte offset.
    #[inline]
    pub fn offset(self) -> u32 {
        self.0.get() - 1
    }
}

/// From the first byte to behind the last one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// The first byte.
    pub start: Pos,
    /// Behind the last byte.
    pub end: Pos,
}

/// Ids of the same kind, side by side in an arena of the file; [`File::list`] gives them.
#[derive(Debug)]
pub struct List<T> {
    pub(crate) first: u32,
    pub(crate) len: u32,
    pub(crate) of: PhantomData<T>,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> List<T> {
    /// The list of nothing.
    pub const EMPTY: Self = Self { first: 0, len: 0, of: PhantomData };

    /// How many there are.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
            pub struct $name(NonZeroU32);

            impl $name {
                #[inline]
                pub(crate) fn of_index(index: usize) -> Self {
                    Self(NonZeroU32::MIN.saturating_add(index as u32))
                }

                /// Its place among all of its kind in the file, from 0: a key for tables beside the tree.
                #[inline]
                pub fn index(self) -> usize {
                    self.0.get() as usize - 1
                }
            }
        )*
    };
}

ids! {
    /// An expression or a type.
    ExprId,
    /// A statement.
    StmtId,
    /// A declaration.
    DeclId,
    /// One import, constant, variable or type declaration.
    SpecId,
    /// Parameters, results, type parameters, fields or methods.
    FieldListId,
    /// One of them, or several of one type.
    FieldId,
    /// Comments without an empty line or a token between them.
    CommentGroupId,
}

/// A name where it stands. [`File::ident_span`] tells where it ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ident {
    /// The name.
    pub name: Symbol,
    /// Its first byte.
    pub pos: Pos,
}

/// An expression or a type.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "what is written shows the parts")]
pub enum Expr {
    /// What could not be read.
    Bad,
    /// `x`
    Ident { name: Symbol },
    /// `...T` of a parameter, `...` as the length of an array.
    Ellipsis { elt: Option<ExprId> },
    /// `1`, `"a"`; its text is that of its span.
    BasicLit { kind: Literal },
    /// `func() { … }`; the type is an [`Expr::FuncType`].
    FuncLit { ty: ExprId, body: StmtId },
    /// `T{a, b: c}`, or `{a}` within another. `}` is its last byte.
    CompositeLit { ty: Option<ExprId>, left_brace: Pos, elts: List<ExprId> },
    /// `(x)`
    Paren { x: ExprId },
    /// `x.sel`
    Selector { x: ExprId, sel: Ident },
    /// `x[index]`, which may be an instance of a generic function or type.
    Index { x: ExprId, left_bracket: Pos, index: ExprId },
    /// `x[A, B]`
    IndexList { x: ExprId, left_bracket: Pos, indices: List<ExprId> },
    /// `x[low:high:max]`
    Slice { x: ExprId, left_bracket: Pos, low: Option<ExprId>, high: Option<ExprId>, max: Option<ExprId> },
    /// `x.(T)`; no type for `x.(type)`.
    TypeAssert { x: ExprId, left_paren: Pos, ty: Option<ExprId> },
    /// `fun(a, b...)`, which may be a conversion.
    Call { fun: ExprId, left_paren: Pos, args: List<ExprId>, ellipsis: Option<Pos> },
    /// `*x`: a pointer type or what a pointer points at.
    Star { x: ExprId },
    /// `-x`, `!x`, `&x`, `<-x`, `~T` …
    Unary { op: Token, x: ExprId },
    /// `x + y`
    Binary { op: Token, op_pos: Pos, x: ExprId, y: ExprId },
    /// `key: value` in a composite literal.
    KeyValue { key: ExprId, colon: Pos, value: ExprId },
    /// `[len]T`; a slice has no length, `[...]T` has an [`Expr::Ellipsis`].
    ArrayType { len: Option<ExprId>, elt: ExprId },
    /// `struct { … }`
    StructType { fields: FieldListId },
    /// `func(…) …`; `func` is not written in an interface's methods.
    FuncType { func: Option<Pos>, type_params: Option<FieldListId>, params: FieldListId, results: Option<FieldListId> },
    /// `interface { … }`
    InterfaceType { methods: FieldListId },
    /// `map[K]V`
    MapType { key: ExprId, value: ExprId },
    /// `chan T`, `chan<- T`, `<-chan T`
    ChanType { dir: ChanDir, arrow: Option<Pos>, value: ExprId },
}

impl Expr {
    /// Whether it is a type that is written out, and no name of one.
    pub fn is_type_literal(&self) -> bool {
        matches!(
            self,
            Expr::ArrayType { .. }
                | Expr::StructType { .. }
                | Expr::FuncType { .. }
                | Expr::InterfaceType { .. }
                | Expr::MapType { .. }
                | Expr::ChanType { .. }
        )
    }
}

/// The kinds of literals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Literal {
    /// `42`
    Int,
    /// `4.2`
    Float,
    /// `4i`
    Imag,
    /// `'4'`
    Char,
    /// `"4"` and `` `4` ``
    String,
}

/// What a channel type lets one do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChanDir {
    /// `chan T`
    Both,
    /// `chan<- T`
    Send,
    /// `<-chan T`
    Receive,
}

/// A statement.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "what is written shows the parts")]
pub enum Stmt {
    /// What could not be read.
    Bad,
    /// A declaration of constants, variables or types among statements.
    Decl { decl: DeclId },
    /// A semicolon by itself, or the nothing between a label and `}`.
    Empty { implicit: bool },
    /// `label: stmt`
    Labeled { label: Ident, colon: Pos, stmt: StmtId },
    /// `f()`
    Expr { x: ExprId },
    /// `chan <- value`
    Send { chan: ExprId, arrow: Pos, value: ExprId },
    /// `x++`, `x--`
    IncDec { op: Token, x: ExprId },
    /// `a, b = c, d`, `a := b`, `a += b`
    Assign { op: Token, op_pos: Pos, lhs: List<ExprId>, rhs: List<ExprId> },
    /// `go f()`; the call is an [`Expr::Call`].
    Go { call: ExprId },
    /// `defer f()`; the call is an [`Expr::Call`].
    Defer { call: ExprId },
    /// `return a, b`
    Return { results: List<ExprId> },
    /// `break`, `continue`, `goto`, `fallthrough`
    Branch { op: Token, label: Option<Ident> },
    /// `{ … }`; [`File::block`] gives the statements of a body.
    Block { stmts: List<StmtId> },
    /// The body of a function that was passed over, in [`crate::Mode::Declarations`].
    SkippedBlock,
    /// `if init; cond { … } else …`
    If { init: Option<StmtId>, cond: ExprId, body: StmtId, els: Option<StmtId> },
    /// `case a, b:` and `default:` of both kinds of switch.
    Case { default: bool, exprs: List<ExprId>, colon: Pos, body: List<StmtId> },
    /// `switch init; tag { … }`; the body holds cases.
    Switch { init: Option<StmtId>, tag: Option<ExprId>, body: StmtId },
    /// `switch init; x := y.(type) { … }`; the body holds cases.
    TypeSwitch { init: Option<StmtId>, assign: StmtId, body: StmtId },
    /// `case a <- b:`, `case a := <-b:` and, without communication, `default:` of a select.
    Comm { comm: Option<StmtId>, colon: Pos, body: List<StmtId> },
    /// `select { … }`; the body holds [`Stmt::Comm`].
    Select { body: StmtId },
    /// `for init; cond; post { … }`
    For { init: Option<StmtId>, cond: Option<ExprId>, post: Option<StmtId>, body: StmtId },
    /// `for key, value := range x { … }`; no operator where there is no key.
    Range { op: Option<Token>, key: Option<ExprId>, value: Option<ExprId>, range: Pos, x: ExprId, body: StmtId },
}

/// A declaration.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "what is written shows the parts")]
pub enum Decl {
    /// What could not be read.
    Bad,
    /// `import`, `const`, `var` or `type`, with or without parentheses.
    Gen { keyword: Token, doc: Option<CommentGroupId>, left_paren: Option<Pos>, specs: List<SpecId> },
    /// A function or a method. The type is an [`Expr::FuncType`], which holds the type parameters. A body that lacks so much that it ran into
    /// the next declaration is [`Stmt::Bad`].
    Func { doc: Option<CommentGroupId>, recv: Option<FieldListId>, name: Ident, ty: ExprId, body: Option<StmtId> },
}

/// One import, constant, variable or type declaration.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "what is written shows the parts")]
pub enum Spec {
    /// `name "path"`; the path is without its quotes, and empty where it could not be read.
    Import { doc: Option<CommentGroupId>, name: Option<Ident>, path: Symbol, path_span: Span, comment: Option<CommentGroupId> },
    /// `a, b T = c, d` of `const` and `var`.
    Value {
        doc: Option<CommentGroupId>,
        names: List<Ident>,
        ty: Option<ExprId>,
        values: List<ExprId>,
        comment: Option<CommentGroupId>,
    },
    /// `Name[P any] T`, with `=` an alias.
    Type {
        doc: Option<CommentGroupId>,
        name: Ident,
        type_params: Option<FieldListId>,
        assign: Option<Pos>,
        ty: ExprId,
        comment: Option<CommentGroupId>,
    },
}

/// Parameters, results, type parameters, fields or methods. A lone result has neither of the brackets.
#[derive(Clone, Copy, Debug)]
pub struct FieldList {
    /// `(`, `[` or `{`
    pub opening: Option<Pos>,
    /// What is between them.
    pub fields: List<FieldId>,
    /// `)`, `]` or `}`
    pub closing: Option<Pos>,
}

/// `a, b T "tag"`: a field, a method, parameters; without names an embedded type or a parameter of a type alone.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The comment above.
    pub doc: Option<CommentGroupId>,
    /// The names, all of one type.
    pub names: List<Ident>,
    /// Their type; an [`Expr::FuncType`] for a method of an interface.
    pub ty: ExprId,
    /// A field's tag: an [`Expr::BasicLit`].
    pub tag: Option<ExprId>,
    /// The comment behind, on the same line.
    pub comment: Option<CommentGroupId>,
}

/// One `//` or `/* */` comment, without the newline that ends it and a carriage return before that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comment {
    /// Where it stands.
    pub span: Span,
}

/// A node and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) node: T,
    pub(crate) span: Span,
}
