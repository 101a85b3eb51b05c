//! Going through a tree, outer nodes before inner ones, in the order of the source as go/ast's Walk keeps it (go/ast, walk.go, Go 1.27).

use crate::ast::{CommentGroupId, Decl, Expr, Field, FieldId, FieldListId, File, Node, Spec, Stmt};

/// Whether a visit goes on to the parts of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Descend {
    /// To its parts.
    Into,
    /// Past them.
    Over,
}

/// Visits a node, then its parts. Linear; keeps its own stack, so that depth costs no thread's.
pub fn walk(file: &File, root: Node, mut visit: impl FnMut(Node) -> Descend) {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if visit(node) == Descend::Over {
            continue;
        }
        let parts_from = open.len();
        parts(file, node, &mut open);
        if let Some(parts) = open.get_mut(parts_from..) {
            parts.reverse();
        }
    }
}

/// Appends the parts of a node, in order.
pub fn parts(file: &File, node: Node, parts: &mut Vec<Node>) {
    match node {
        Node::File => {
            parts.extend(file.doc.map(Node::CommentGroup));
            parts.extend(file.name.map(Node::Ident));
            parts.extend(file.decls.iter().map(|decl| Node::Decl(*decl)));
        }
        Node::Decl(id) => decl_parts(file, *file.decl(id), parts),
        Node::Spec(id) => spec_parts(file, *file.spec(id), parts),
        Node::FieldList(id) => {
            parts.extend(file.list(file.field_list(id).fields).iter().map(|field: &FieldId| Node::Field(*field)));
        }
        Node::Field(id) => {
            let Field { doc, names, ty, tag, comment } = *file.field(id);
            parts.extend(doc.map(Node::CommentGroup));
            parts.extend(file.list(names).iter().map(|name| Node::Ident(*name)));
            parts.push(Node::Expr(ty));
            parts.extend(tag.map(Node::Expr));
            parts.extend(comment.map(Node::CommentGroup));
        }
        Node::Stmt(id) => stmt_parts(file, *file.stmt(id), parts),
        Node::Expr(id) => expr_parts(file, *file.expr(id), parts),
        Node::CommentGroup(id) => comment_parts(file, id, parts),
        Node::Ident(_) | Node::ImportPath(_) | Node::Comment(_) => {}
    }
}

/// The name go/ast has for a node.
pub fn go_name(file: &File, node: Node) -> &'static str {
    match node {
        Node::File => "File",
        Node::Decl(id) => match file.decl(id) {
            Decl::Bad => "BadDecl",
            Decl::Gen { .. } => "GenDecl",
            Decl::Func { .. } => "FuncDecl",
        },
        Node::Spec(id) => match file.spec(id) {
            Spec::Import { .. } => "ImportSpec",
            Spec::Value { .. } => "ValueSpec",
            Spec::Type { .. } => "TypeSpec",
        },
        Node::FieldList(_) => "FieldList",
        Node::Field(_) => "Field",
        Node::Stmt(id) => stmt_name(file.stmt(id)),
        Node::Expr(id) => expr_name(file.expr(id)),
        Node::Ident(_) => "Ident",
        Node::ImportPath(_) => "BasicLit",
        Node::CommentGroup(_) => "CommentGroup",
        Node::Comment(_) => "Comment",
    }
}

fn decl_parts(file: &File, decl: Decl, parts: &mut Vec<Node>) {
    match decl {
        Decl::Bad => {}
        Decl::Gen { doc, specs, .. } => {
            parts.extend(doc.map(Node::CommentGroup));
            parts.extend(file.list(specs).iter().map(|spec| Node::Spec(*spec)));
        }
        Decl::Func { doc, recv, name, ty, body } => {
            parts.extend(doc.map(Node::CommentGroup));
            parts.extend(recv.map(Node::FieldList));
            parts.extend([Node::Ident(name), Node::Expr(ty)]);
            parts.extend(body.map(Node::Stmt));
        }
    }
}

fn spec_parts(file: &File, spec: Spec, parts: &mut Vec<Node>) {
    match spec {
        Spec::Import { doc, name, path_span, comment, .. } => {
            parts.extend(doc.map(Node::CommentGroup));
            parts.extend(name.map(Node::Ident));
            parts.push(Node::ImportPath(path_span));
            parts.extend(comment.map(Node::CommentGroup));
        }
        Spec::Value { doc, names, ty, values, comment } => {
            parts.extend(doc.map(Node::CommentGroup));
            parts.extend(file.list(names).iter().map(|name| Node::Ident(*name)));
            parts.extend(ty.map(Node::Expr));
            parts.extend(file.list(values).iter().map(|value| Node::Expr(*value)));
            parts.extend(comment.map(Node::CommentGroup));
        }
        Spec::Type { doc, name, type_params, ty, comment, .. } => {
            parts.extend(doc.map(Node::CommentGroup));
            parts.push(Node::Ident(name));
            parts.extend(type_params.map(Node::FieldList));
            parts.push(Node::Expr(ty));
            parts.extend(comment.map(Node::CommentGroup));
        }
    }
}

fn stmt_parts(file: &File, stmt: Stmt, parts: &mut Vec<Node>) {
    match stmt {
        Stmt::Bad | Stmt::Empty { .. } | Stmt::SkippedBlock => {}
        Stmt::Decl { decl } => parts.push(Node::Decl(decl)),
        Stmt::Labeled { label, stmt, .. } => parts.extend([Node::Ident(label), Node::Stmt(stmt)]),
        Stmt::Expr { x } | Stmt::IncDec { x, .. } => parts.push(Node::Expr(x)),
        Stmt::Send { chan, value, .. } => parts.extend([chan, value].map(Node::Expr)),
        Stmt::Assign { lhs, rhs, .. } => {
            parts.extend(file.list(lhs).iter().chain(file.list(rhs)).map(|x| Node::Expr(*x)));
        }
        Stmt::Go { call } | Stmt::Defer { call } => parts.push(Node::Expr(call)),
        Stmt::Return { results } => parts.extend(file.list(results).iter().map(|x| Node::Expr(*x))),
        Stmt::Branch { label, .. } => parts.extend(label.map(Node::Ident)),
        Stmt::Block { stmts } => parts.extend(file.list(stmts).iter().map(|stmt| Node::Stmt(*stmt))),
        Stmt::If { init, cond, body, els } => {
            parts.extend(init.map(Node::Stmt));
            parts.extend([Node::Expr(cond), Node::Stmt(body)]);
            parts.extend(els.map(Node::Stmt));
        }
        Stmt::Case { exprs, body, .. } => {
            parts.extend(file.list(exprs).iter().map(|x| Node::Expr(*x)));
            parts.extend(file.list(body).iter().map(|stmt| Node::Stmt(*stmt)));
        }
        Stmt::Switch { init, tag, body } => {
            parts.extend(init.map(Node::Stmt));
            parts.extend(tag.map(Node::Expr));
            parts.push(Node::Stmt(body));
        }
        Stmt::TypeSwitch { init, assign, body } => {
            parts.extend(init.map(Node::Stmt));
            parts.extend([assign, body].map(Node::Stmt));
        }
        Stmt::Comm { comm, body, .. } => {
            parts.extend(comm.map(Node::Stmt));
            parts.extend(file.list(body).iter().map(|stmt| Node::Stmt(*stmt)));
        }
        Stmt::Select { body } => parts.push(Node::Stmt(body)),
        Stmt::For { init, cond, post, body } => {
            parts.extend(init.map(Node::Stmt));
            parts.extend(cond.map(Node::Expr));
            parts.extend(post.map(Node::Stmt));
            parts.push(Node::Stmt(body));
        }
        Stmt::Range { key, value, x, body, .. } => {
            parts.extend([key, value].into_iter().flatten().map(Node::Expr));
            parts.extend([Node::Expr(x), Node::Stmt(body)]);
        }
    }
}

fn expr_parts(file: &File, expr: Expr, parts: &mut Vec<Node>) {
    match expr {
        Expr::Bad | Expr::Ident { .. } | Expr::BasicLit { .. } => {}
        Expr::Ellipsis { elt } => parts.extend(elt.map(Node::Expr)),
        Expr::FuncLit { ty, body } => parts.extend([Node::Expr(ty), Node::Stmt(body)]),
        Expr::CompositeLit { ty, elts, .. } => {
            parts.extend(ty.map(Node::Expr));
            parts.extend(file.list(elts).iter().map(|x| Node::Expr(*x)));
        }
        Expr::Paren { x } | Expr::Star { x } | Expr::Unary { x, .. } => parts.push(Node::Expr(x)),
        Expr::Selector { x, sel } => parts.extend([Node::Expr(x), Node::Ident(sel)]),
        Expr::Index { x, index, .. } => parts.extend([x, index].map(Node::Expr)),
        Expr::IndexList { x, indices, .. } => {
            parts.push(Node::Expr(x));
            parts.extend(file.list(indices).iter().map(|x| Node::Expr(*x)));
        }
        Expr::Slice { x, low, high, max, .. } => {
            parts.push(Node::Expr(x));
            parts.extend([low, high, max].into_iter().flatten().map(Node::Expr));
        }
        Expr::TypeAssert { x, ty, .. } => {
            parts.push(Node::Expr(x));
            parts.extend(ty.map(Node::Expr));
        }
        Expr::Call { fun, args, .. } => {
            parts.push(Node::Expr(fun));
            parts.extend(file.list(args).iter().map(|x| Node::Expr(*x)));
        }
        Expr::Binary { x, y, .. } => parts.extend([x, y].map(Node::Expr)),
        Expr::KeyValue { key, value, .. } | Expr::MapType { key, value } => parts.extend([key, value].map(Node::Expr)),
        Expr::ArrayType { len, elt } => {
            parts.extend(len.map(Node::Expr));
            parts.push(Node::Expr(elt));
        }
        Expr::StructType { fields: list } | Expr::InterfaceType { methods: list } => parts.push(Node::FieldList(list)),
        Expr::FuncType { type_params, params, results, .. } => {
            let lists: [Option<FieldListId>; 3] = [type_params, Some(params), results];
            parts.extend(lists.into_iter().flatten().map(Node::FieldList));
        }
        Expr::ChanType { value, .. } => parts.push(Node::Expr(value)),
    }
}

fn comment_parts(file: &File, id: CommentGroupId, parts: &mut Vec<Node>) {
    parts.extend(file.comment_indices(id).map(Node::Comment));
}

fn stmt_name(stmt: &Stmt) -> &'static str {
    match stmt {
        Stmt::Bad => "BadStmt",
        Stmt::Decl { .. } => "DeclStmt",
        Stmt::Empty { .. } => "EmptyStmt",
        Stmt::Labeled { .. } => "LabeledStmt",
        Stmt::Expr { .. } => "ExprStmt",
        Stmt::Send { .. } => "SendStmt",
        Stmt::IncDec { .. } => "IncDecStmt",
        Stmt::Assign { .. } => "AssignStmt",
        Stmt::Go { .. } => "GoStmt",
        Stmt::Defer { .. } => "DeferStmt",
        Stmt::Return { .. } => "ReturnStmt",
        Stmt::Branch { .. } => "BranchStmt",
        Stmt::Block { .. } | Stmt::SkippedBlock => "BlockStmt",
        Stmt::If { .. } => "IfStmt",
        Stmt::Case { .. } => "CaseClause",
        Stmt::Switch { .. } => "SwitchStmt",
        Stmt::TypeSwitch { .. } => "TypeSwitchStmt",
        Stmt::Comm { .. } => "CommClause",
        Stmt::Select { .. } => "SelectStmt",
        Stmt::For { .. } => "ForStmt",
        Stmt::Range { .. } => "RangeStmt",
    }
}

fn expr_name(expr: &Expr) -> &'static str {
    match expr {
        Expr::Bad => "BadExpr",
        Expr::Ident { .. } => "Ident",
        Expr::Ellipsis { .. } => "Ellipsis",
        Expr::BasicLit { .. } => "BasicLit",
        Expr::FuncLit { .. } => "FuncLit",
        Expr::CompositeLit { .. } => "CompositeLit",
        Expr::Paren { .. } => "ParenExpr",
        Expr::Selector { .. } => "SelectorExpr",
        Expr::Index { .. } => "IndexExpr",
        Expr::IndexList { .. } => "IndexListExpr",
        Expr::Slice { .. } => "SliceExpr",
        Expr::TypeAssert { .. } => "TypeAssertExpr",
        Expr::Call { .. } => "CallExpr",
        Expr::Star { .. } => "StarExpr",
        Expr::Unary { .. } => "UnaryExpr",
        Expr::Binary { .. } => "BinaryExpr",
        Expr::KeyValue { .. } => "KeyValueExpr",
        Expr::ArrayType { .. } => "ArrayType",
        Expr::StructType { .. } => "StructType",
        Expr::FuncType { .. } => "FuncType",
        Expr::InterfaceType { .. } => "InterfaceType",
        Expr::MapType { .. } => "MapType",
        Expr::ChanType { .. } => "ChanType",
    }
}
