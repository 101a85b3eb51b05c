//! A file's tree: the arenas, and what is asked of them.

use std::borrow::Cow;

use super::{
    Comment, CommentGroupId, Decl, DeclId, Expr, ExprId, Field, FieldId, FieldList, FieldListId, Ident, List, Pos, Span, Spanned,
    Spec, SpecId, Stmt, StmtId,
};
use crate::lexer::SyntaxError;

/// What a Go file says, as far as it could be read.
#[derive(Debug)]
pub struct File {
    /// The text, as it was given.
    pub source: Vec<u8>,
    /// What is wrong with it, by offset. A file that Go's own parser accepts has none.
    pub errors: Vec<SyntaxError>,
    /// The `package` keyword; absent where there is none.
    pub package: Option<Pos>,
    /// The package's name.
    pub name: Option<Ident>,
    /// The comment above the package clause.
    pub doc: Option<CommentGroupId>,
    /// What stands at the top, in order.
    pub decls: Vec<DeclId>,
    /// Every import, in order; each is a [`Spec::Import`].
    pub imports: Vec<SpecId>,
    /// Every comment, in order.
    pub comments: Vec<Comment>,
    /// Whether a `//line` comment names other places. Nothing here heeds it.
    pub has_line_directives: bool,
    /// Offsets at which lines start, the first being 0.
    pub lines: Vec<u32>,
    pub(crate) exprs: Vec<Spanned<Expr>>,
    pub(crate) stmts: Vec<Spanned<Stmt>>,
    pub(crate) all_decls: Vec<Spanned<Decl>>,
    pub(crate) specs: Vec<Spanned<Spec>>,
    pub(crate) fields: Vec<Spanned<Field>>,
    pub(crate) field_lists: Vec<Spanned<FieldList>>,
    /// First comment of each group, and how many it has.
    pub(crate) comment_groups: Vec<(u32, u32)>,
    pub(crate) expr_lists: Vec<ExprId>,
    pub(crate) stmt_lists: Vec<StmtId>,
    pub(crate) spec_lists: Vec<SpecId>,
    pub(crate) field_id_lists: Vec<FieldId>,
    pub(crate) idents: Vec<Ident>,
}

/// A line and a column, both from 1; the column counts bytes, as Go does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in bytes.
    pub column: u32,
}

/// Any node of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node {
    /// All of it.
    File,
    /// A declaration.
    Decl(DeclId),
    /// One import, constant, variable or type declaration.
    Spec(SpecId),
    /// Parameters, fields, methods.
    FieldList(FieldListId),
    /// One of them, or several of one type.
    Field(FieldId),
    /// A statement.
    Stmt(StmtId),
    /// An expression or a type, names among them.
    Expr(ExprId),
    /// A name that is no expression: of what is declared, selected, jumped to.
    Ident(Ident),
    /// The path of an import.
    ImportPath(Span),
    /// A comment that belongs to a node.
    CommentGroup(CommentGroupId),
    /// One comment of a group, by its place in [`File::comments`].
    Comment(u32),
}

/// What lists hold.
pub trait Listed: Sized {
    /// All lists of a kind, one behind the other.
    fn all(file: &File) -> &[Self];
}

macro_rules! listed {
    ($($of:ident in $arena:ident,)*) => {
        $(impl Listed for $of {
            fn all(file: &File) -> &[Self] {
                &file.$arena
            }
        })*
    };
}

listed! {
    ExprId in expr_lists,
    StmtId in stmt_lists,
    SpecId in spec_lists,
    FieldId in field_id_lists,
    Ident in idents,
}

impl File {
    /// An expression or a type.
    #[inline]
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()].node
    }

    /// Where it stands.
    #[inline]
    pub fn expr_span(&self, id: ExprId) -> Span {
        self.exprs[id.index()].span
    }

    /// A statement.
    #[inline]
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.index()].node
    }

    /// Where it stands.
    #[inline]
    pub fn stmt_span(&self, id: StmtId) -> Span {
        self.stmts[id.index()].span
    }

    /// A declaration.
    pub fn decl(&self, id: DeclId) -> &Decl {
        &self.all_decls[id.index()].node
    }

    /// Where it stands.
    pub fn decl_span(&self, id: DeclId) -> Span {
        self.all_decls[id.index()].span
    }

    /// One import, constant, variable or type declaration.
    pub fn spec(&self, id: SpecId) -> &Spec {
        &self.specs[id.index()].node
    }

    /// Where it stands.
    pub fn spec_span(&self, id: SpecId) -> Span {
        self.specs[id.index()].span
    }

    /// Parameters, fields, methods.
    pub fn field_list(&self, id: FieldListId) -> &FieldList {
        &self.field_lists[id.index()].node
    }

    /// Where they stand.
    pub fn field_list_span(&self, id: FieldListId) -> Span {
        self.field_lists[id.index()].span
    }

    /// One of them, or several of one type.
    pub fn field(&self, id: FieldId) -> &Field {
        &self.fields[id.index()].node
    }

    /// Where it stands, comments apart.
    pub fn field_span(&self, id: FieldId) -> Span {
        self.fields[id.index()].span
    }

    /// The members of a list.
    #[inline]
    pub fn list<T: Listed>(&self, list: List<T>) -> &[T] {
        T::all(self).get(list.first as usize..list.first as usize + list.len()).unwrap_or_default()
    }

    /// The statements of a [`Stmt::Block`]; none for every other statement.
    pub fn block(&self, id: StmtId) -> &[StmtId] {
        if let Stmt::Block { stmts } = *self.stmt(id) { self.list(stmts) } else { &[] }
    }

    /// The fields of a list.
    pub fn fields(&self, id: FieldListId) -> impl ExactSizeIterator<Item = &Field> {
        self.list(self.field_list(id).fields).iter().map(|field| self.field(*field))
    }

    /// How many expressions there are; their ids' indices are below it.
    pub fn expr_count(&self) -> usize {
        self.exprs.len()
    }

    /// How many statements there are.
    pub fn stmt_count(&self) -> usize {
        self.stmts.len()
    }

    /// Every expression, inner ones before those they are part of; with those few that were given up while reading and belong to nothing.
    pub fn all_exprs(&self) -> impl ExactSizeIterator<Item = (ExprId, &Expr)> {
        self.exprs.iter().enumerate().map(|(index, expr)| (ExprId::of_index(index), &expr.node))
    }

    /// Every statement, inner ones before those they are part of.
    pub fn all_stmts(&self) -> impl ExactSizeIterator<Item = (StmtId, &Stmt)> {
        self.stmts.iter().enumerate().map(|(index, stmt)| (StmtId::of_index(index), &stmt.node))
    }

    /// An expression without the parentheses around it.
    pub fn unparen(&self, mut id: ExprId) -> ExprId {
        while let Expr::Paren { x } = *self.expr(id) {
            id = x;
        }
        id
    }

    /// Where a name stands. Reads it again: linear in its length.
    pub fn ident_span(&self, ident: Ident) -> Span {
        let rest = self.source.get(ident.pos.offset() as usize..).unwrap_or_default();
        // A byte beyond ASCII in a name that was read is part of one of its letters, unless a sign beyond ASCII follows, which is an error.
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_' || **byte >= 0x80).count();
        // Where a name is missing, and of `import . "x"`, one byte stands for it.
        Span { start: ident.pos, end: Pos::at(ident.pos.offset() + len.max(1) as u32) }
    }

    /// The bytes of a place.
    pub fn bytes(&self, span: Span) -> &[u8] {
        self.source.get(span.start.offset() as usize..span.end.offset() as usize).unwrap_or_default()
    }

    /// The text of a place; copied only where it is not well formed.
    pub fn text(&self, span: Span) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(span))
    }

    /// The comments of a group.
    pub fn comment_group(&self, id: CommentGroupId) -> &[Comment] {
        let (first, len) = self.comment_groups[id.index()];
        self.comments.get(first as usize..(first + len) as usize).unwrap_or_default()
    }

    /// The places of a group's comments in [`File::comments`].
    pub fn comment_indices(&self, id: CommentGroupId) -> std::ops::Range<u32> {
        let (first, len) = self.comment_groups[id.index()];
        first..first + len
    }

    /// Every group of comments, in order.
    pub fn all_comment_groups(&self) -> impl ExactSizeIterator<Item = CommentGroupId> + use<> {
        (0..self.comment_groups.len()).map(CommentGroupId::of_index)
    }

    /// Line and column of a place. Binary search.
    pub fn position(&self, pos: Pos) -> Position {
        let line = self.line_index(pos.offset());
        let start = self.lines.get(line).copied().unwrap_or(0);
        Position { line: line as u32 + 1, column: pos.offset() - start + 1 }
    }

    /// The line of a place, from 1. Binary search.
    pub fn line(&self, pos: Pos) -> u32 {
        self.line_index(pos.offset()) as u32 + 1
    }

    fn line_index(&self, offset: u32) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// Where any node stands, as `Pos` and `End` of go/ast tell it. Nothing for the file of which not even the package clause could be read.
    pub fn span(&self, node: Node) -> Option<Span> {
        Some(match node {
            Node::File => {
                let name = self.ident_span(self.name?);
                let end = self.decls.last().map_or(name.end, |decl| self.decl_span(*decl).end);
                Span { start: self.package?, end }
            }
            Node::Decl(id) => self.decl_span(id),
            Node::Spec(id) => self.spec_span(id),
            Node::FieldList(id) => self.field_list_span(id),
            Node::Field(id) => self.field_span(id),
            Node::Stmt(id) => self.stmt_span(id),
            Node::Expr(id) => self.expr_span(id),
            Node::Ident(ident) => self.ident_span(ident),
            Node::ImportPath(span) => span,
            Node::CommentGroup(id) => {
                let comments = self.comment_group(id);
                Span { start: comments.first()?.span.start, end: comments.last()?.span.end }
            }
            Node::Comment(index) => self.comments.get(index as usize)?.span,
        })
    }
}
