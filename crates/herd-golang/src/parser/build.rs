//! Growing a tree: nodes into arenas, lists through a stack, names through a table of the file.

use std::marker::PhantomData;

use super::{Mode, Parser};
use crate::ast::{
    Decl, DeclId, Expr, ExprId, Field, FieldId, FieldList, FieldListId, File, Ident, List, Pos, Span, Spanned, Spec, SpecId,
    Stmt, StmtId,
};

/// Members of lists that are not at their end yet, those of inner lists above those of outer ones.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) exprs: Vec<ExprId>,
    pub(super) stmts: Vec<StmtId>,
    pub(super) specs: Vec<SpecId>,
    pub(super) fields: Vec<FieldId>,
}

/// A file of which nothing was read, with room for what Go files of such a length hold as a rule.
pub(super) fn empty_file(source_len: usize, mode: Mode) -> File {
    let room = match mode {
        Mode::Full => source_len,
        Mode::Declarations => source_len / 4,
        Mode::Imports => 0,
    };
    File {
        source: Vec::new(),
        errors: Vec::new(),
        package: None,
        name: None,
        doc: None,
        decls: Vec::new(),
        imports: Vec::new(),
        comments: Vec::new(),
        has_line_directives: false,
        lines: Vec::new(),
        exprs: Vec::with_capacity(room / 10),
        stmts: Vec::with_capacity(room / 50),
        all_decls: Vec::new(),
        specs: Vec::new(),
        fields: Vec::new(),
        field_lists: Vec::new(),
        comment_groups: Vec::new(),
        expr_lists: Vec::with_capacity(room / 40),
        stmt_lists: Vec::with_capacity(room / 60),
        spec_lists: Vec::new(),
        field_id_lists: Vec::new(),
        idents: Vec::new(),
    }
}

/// Gives back the room that was not needed.
pub(super) fn give_back(file: &mut File) {
    file.exprs.shrink_to_fit();
    file.stmts.shrink_to_fit();
    file.expr_lists.shrink_to_fit();
    file.stmt_lists.shrink_to_fit();
    file.lines.shrink_to_fit();
    file.comments.shrink_to_fit();
    file.comment_groups.shrink_to_fit();
    file.idents.shrink_to_fit();
    file.fields.shrink_to_fit();
    file.field_lists.shrink_to_fit();
    file.field_id_lists.shrink_to_fit();
    file.specs.shrink_to_fit();
    file.spec_lists.shrink_to_fit();
    file.all_decls.shrink_to_fit();
}

/// Appends to an arena; tells the list that was appended.
fn append<T: Copy>(arena: &mut Vec<T>, stack: &mut Vec<T>, from: usize) -> List<T> {
    let first = arena.len();
    match stack.get(from..) {
        Some(&[one]) => arena.push(one),
        Some([]) | None => {}
        Some(several) => arena.extend_from_slice(several),
    }
    stack.truncate(from);
    List { first: first as u32, len: (arena.len() - first) as u32, of: PhantomData }
}

impl Parser<'_> {
    /// Where the last token that was taken ends.
    #[inline]
    pub(super) fn taken_end(&self) -> Pos {
        Pos::at(self.taken_end)
    }

    /// From a place to the end of what was taken, which is before it where something is missing.
    #[inline]
    pub(super) fn span_from(&self, start: Pos) -> Span {
        Span { start, end: self.taken_end().max(start) }
    }

    /// An expression from a place to the end of what was taken.
    #[inline]
    pub(super) fn add_expr(&mut self, start: Pos, node: Expr) -> ExprId {
        let span = self.span_from(start);
        self.add_expr_at(span, node)
    }

    #[inline]
    pub(super) fn add_expr_at(&mut self, span: Span, node: Expr) -> ExprId {
        let id = ExprId::of_index(self.file.exprs.len());
        self.file.exprs.push(Spanned { node, span });
        id
    }

    /// What could not be read, from a place to the next token.
    pub(super) fn add_bad_expr(&mut self, start: Pos) -> ExprId {
        let span = Span { start, end: self.pos() };
        self.add_expr_at(span, Expr::Bad)
    }

    #[inline]
    pub(super) fn add_ident_expr(&mut self, ident: Ident) -> ExprId {
        self.add_expr(ident.pos, Expr::Ident { name: ident.name })
    }

    #[inline]
    pub(super) fn add_stmt(&mut self, start: Pos, node: Stmt) -> StmtId {
        let span = self.span_from(start);
        self.add_stmt_at(span, node)
    }

    #[inline]
    pub(super) fn add_stmt_at(&mut self, span: Span, node: Stmt) -> StmtId {
        let id = StmtId::of_index(self.file.stmts.len());
        self.file.stmts.push(Spanned { node, span });
        id
    }

    pub(super) fn add_decl(&mut self, span: Span, node: Decl) -> DeclId {
        let id = DeclId::of_index(self.file.all_decls.len());
        self.file.all_decls.push(Spanned { node, span });
        id
    }

    pub(super) fn add_spec(&mut self, span: Span, node: Spec) -> SpecId {
        let id = SpecId::of_index(self.file.specs.len());
        self.file.specs.push(Spanned { node, span });
        id
    }

    pub(super) fn add_field(&mut self, span: Span, node: Field) -> FieldId {
        let id = FieldId::of_index(self.file.fields.len());
        self.file.fields.push(Spanned { node, span });
        id
    }

    /// A list of fields; it stands from its brackets, or from the first field to the last, or where nothing is.
    pub(super) fn add_field_list(&mut self, opening: Option<Pos>, fields: List<FieldId>, closing: Option<Pos>) -> FieldListId {
        let members = self.file.list(fields);
        let first = members.first().map(|field| self.file.field_span(*field).start);
        let last = members.last().map(|field| self.file.field_span(*field).end);
        let start = opening.or(first).unwrap_or_else(|| self.taken_end());
        let end = closing.map(|closing| Pos::at(closing.offset() + 1)).or(last).unwrap_or(start);
        let id = FieldListId::of_index(self.file.field_lists.len());
        self.file.field_lists.push(Spanned { node: FieldList { opening, fields, closing }, span: Span { start, end } });
        id
    }

    /// Makes a list of the expressions above `from` on the stack.
    #[inline]
    pub(super) fn expr_list(&mut self, from: usize) -> List<ExprId> {
        append(&mut self.file.expr_lists, &mut self.scratch.exprs, from)
    }

    #[inline]
    pub(super) fn stmt_list(&mut self, from: usize) -> List<StmtId> {
        append(&mut self.file.stmt_lists, &mut self.scratch.stmts, from)
    }

    pub(super) fn spec_list(&mut self, from: usize) -> List<SpecId> {
        append(&mut self.file.spec_lists, &mut self.scratch.specs, from)
    }

    pub(super) fn field_list(&mut self, from: usize) -> List<FieldId> {
        append(&mut self.file.field_id_lists, &mut self.scratch.fields, from)
    }

    /// The names that were added since there were `first`.
    pub(super) fn idents_since(&self, first: usize) -> List<Ident> {
        List { first: first as u32, len: (self.file.idents.len() - first) as u32, of: PhantomData }
    }

    /// A list of one name.
    pub(super) fn one_ident(&mut self, ident: Ident) -> List<Ident> {
        let first = self.file.idents.len();
        self.file.idents.push(ident);
        self.idents_since(first)
    }
}
