//! What the tree of a small source says; the whole grammar is held against Go's own parser in `tests/oracle.rs`.

use crate::ast::{Decl, DirectiveKind, Expr, File, Node, Spec, Stmt};
use crate::{Interner, Mode, parse};

#[track_caller]
fn whole(source: &str, names: &Interner, mode: Mode) -> File {
    let file = parse(source.as_bytes().to_vec(), names, mode);
    assert_eq!(file.errors, [], "{source}");
    file
}

/// Names of the functions at the top, `!` behind those that have no body.
fn functions(file: &File, names: &Interner) -> Vec<String> {
    let mut found = Vec::new();
    for decl in &file.decls {
        if let Decl::Func { name, body, .. } = file.decl(*decl) {
            found.push(format!("{}{}", names.text(name.name), if body.is_none() { "!" } else { "" }));
        }
    }
    found
}

#[test]
fn header() {
    let names = Interner::new();
    let source = "//go:build linux && !cgo\n// +build linux\n\n// Package p.\npackage p // p\n\nimport (\n\t\"a/b\"\n\t. `c`\n\td \"\\x64\"\n)\nimport _ \"e\"\n\nfunc ) {";
    let file = whole(source, &names, Mode::Imports);
    let imports: Vec<(Option<&str>, &str)> = file
        .imports
        .iter()
        .filter_map(|spec| match file.spec(*spec) {
            Spec::Import { name, path, .. } => Some((name.map(|name| names.text(name.name)), names.text(*path))),
            Spec::Value { .. } | Spec::Type { .. } => None,
        })
        .collect();
    assert_eq!(imports, [(None, "a/b"), (Some("."), "c"), (Some("d"), "d"), (Some("_"), "e")]);
    assert_eq!(file.name.map(|name| names.text(name.name)), Some("p"));
    assert_eq!(file.package.map(|pos| file.position(pos)).map(|at| (at.line, at.column)), Some((5, 1)));
    let directives: Vec<(DirectiveKind<'_>, &str)> = file.directives().map(|found| (found.kind, found.arguments)).collect();
    assert_eq!(directives, [(DirectiveKind::Build, "linux && !cgo"), (DirectiveKind::PlusBuild, "linux")]);
    let doc = file.doc.expect("a comment above the package clause");
    assert_eq!(file.comment_group(doc).len(), 1);
}

#[test]
fn bodies_are_passed_over() {
    let names = Interner::new();
    let source = "package p\nfunc f() { if { } /* } */ \"}\" }\nfunc g()\nvar x = func() int { ))) }\ntype T struct{ a int }\n";
    let file = whole(source, &names, Mode::Declarations);
    assert_eq!(functions(&file, &names), ["f", "g!"]);
    assert_eq!(file.decls.len(), 4);
    assert!(file.all_stmts().all(|(_, stmt)| matches!(stmt, Stmt::SkippedBlock)));
}

#[test]
fn a_broken_declaration_costs_itself() {
    let names = Interner::new();
    let broken = [
        "func b() { if x {\n",
        "func b() { f((((( \n}\n",
        "func b( {\n}\n",
        "func b() {\n<<<<<<< HEAD\n\tx := 1\n=======\n\tx := 2\n>>>>>>> other\n}\n",
        "<<<<<<< HEAD\nfunc b() {}\n=======\nfunc b() int {}\n>>>>>>> other\n",
        "func b() { s := \"open\n}\n",
        "func b() {\n\tswitch {\n\tcase\n",
        "func (b *) () { x.. }\n",
        "type b struct { x ) }\n",
        "var b = []int{1, 2\n",
        "func b() { if x {\n\nfunc (T) e() {\n\tx := 1\n}\n",
        "func b() {\n\tf(func() {\n\n// E.\nfunc (t *T) e(int) (a, b int) {\n\tx := 1 // x\n}\n",
    ];
    for text in broken {
        let source =
            format!("package p\n\nfunc a() {{}}\n\n{text}\nfunc c() int {{ return 1 }}\n\ntype T int\n\nfunc (T) d() {{}}\n");
        let file = parse(source.clone().into_bytes(), &names, Mode::Full);
        assert!(!file.errors.is_empty(), "{source}");
        let found = functions(&file, &names);
        let e = text.contains("e(").then_some("e");
        for name in ["a", "c", "d"].into_iter().chain(e) {
            assert!(found.iter().any(|found| found == name), "{name} is lost: {found:?} in\n{source}\n{:?}", file.errors);
        }
    }
}

#[test]
fn comments_are_kept_once() {
    let names = Interner::new();
    let source = "package p\n\nfunc b() { if x {\n\n// T.\ntype T struct { // t\n\t// A.\n\ta int // a\n}\n\n// Last.\nfunc last() {} // l\n\n/* end */\n";
    let file = parse(source.as_bytes().to_vec(), &names, Mode::Full);
    let comments: Vec<_> = file.comments.iter().map(|comment| file.text(comment.span).into_owned()).collect();
    assert_eq!(comments, ["// T.", "// t", "// A.", "// a", "// Last.", "// l", "/* end */"]);
    assert_eq!(functions(&file, &names), ["b", "last"]);
    let docs: Vec<_> = file
        .decls
        .iter()
        .filter_map(|decl| match *file.decl(*decl) {
            Decl::Gen { doc, .. } | Decl::Func { doc, .. } => doc,
            Decl::Bad => None,
        })
        .map(|doc| file.text(file.span(Node::CommentGroup(doc)).expect("it has comments")).into_owned())
        .collect();
    assert_eq!(docs, ["// T.", "// Last."]);
}

#[test]
fn names_are_shared() {
    let names = Interner::new();
    let one = whole("package p\nvar averylongname, x = 1, averylongname\n", &names, Mode::Full);
    let other = whole("package q\nfunc averylongname() { averylongname() }\n", &names, Mode::Full);
    let wanted = names.get("averylongname").expect("it was met");
    for file in [&one, &other] {
        assert_eq!(file.all_exprs().filter(|(_, expr)| matches!(expr, Expr::Ident { name } if *name == wanted)).count(), 1);
    }
}

#[test]
fn directives() {
    use DirectiveKind::{Build, Generated, Go, Goherd, Lint, NoLint, PlusBuild};
    let names = Interner::new();
    let check = |comment: &str, expected: Option<(DirectiveKind<'_>, &str)>| {
        let file = whole(&format!("{comment}\npackage p\n"), &names, Mode::Full);
        assert_eq!(file.directives().next().map(|found| (found.kind, found.arguments)), expected, "{comment}");
    };
    check("//go:build a || b", Some((Build, "a || b")));
    check("// +build a,b c", Some((PlusBuild, "a,b c")));
    check("//go:noinline", Some((Go("noinline"), "")));
    check("//go:linkname a b\r", Some((Go("linkname"), "a b")));
    check("//nolint:errcheck,noctx // why", Some((NoLint, ":errcheck,noctx // why")));
    check("// nolint", Some((NoLint, "")));
    check("//nolintlint", None);
    check("//lint:ignore SA1015 why", Some((Lint("ignore"), "SA1015 why")));
    check("//goherd:ignore LK001 why", Some((Goherd("ignore"), "LK001 why")));
    check("// Code generated by stringer. DO NOT EDIT.", Some((Generated, "by stringer.")));
    check("// go:build a", None);
    check("/*go:build a*/", None);
}

#[test]
fn generated_files() {
    let names = Interner::new();
    let generated = |source: &str| whole(source, &names, Mode::Imports).is_generated();
    assert!(generated("// x\n\n// Code generated by x. DO NOT EDIT.\r\n\npackage p\n"));
    assert!(!generated("package p\n// Code generated by x. DO NOT EDIT.\n"));
    assert!(!generated("// Code generated by x. Please edit.\npackage p\n"));
}

/// The deepest trees are read with a quarter of the smallest stack that threads have as a rule.
const STACK_BYTES: usize = 1 << 19;

#[test]
fn depth_is_bounded() {
    let deep = || {
        let names = Interner::new();
        let values = [
            ("(", ")"),
            ("[", "]"),
            ("{", "}"),
            ("f(", ")"),
            ("func() { return ", "}"),
            ("-", ""),
            ("<-", ""),
            ("*", ""),
            ("[]", ""),
        ];
        let types =
            [("struct { a ", "}"), ("interface { m(", ") }"), ("map[", "]int"), ("func(", ")"), ("T[", "]"), ("chan ", "")];
        for (open, close) in values.into_iter().chain(types) {
            let (open, close) = (open.repeat(100_000), close.repeat(100_000));
            let source = format!("package p\n\nvar x = {open}1{close}\n\nvar y {open}T{close}\n\nfunc last() {{}}\n");
            let file = parse(source.into_bytes(), &names, Mode::Full);
            assert_eq!(file.errors.len(), 2, "{:.20} {:?}", open, file.errors);
            assert_eq!(functions(&file, &names), ["last"], "{open:.20}");
        }
        let nested = ["if x { ", "for { ", "switch { case x: ", "L: ", "func() { ", "select { case <-c: ", "{"];
        for open in nested {
            let source = format!("package p\n\nfunc f() {{ {}\n}}\n\nfunc last() {{}}\n", open.repeat(100_000));
            let file = parse(source.into_bytes(), &names, Mode::Full);
            assert_eq!(file.errors.len(), 1, "{open} {:?}", file.errors);
            assert_eq!(functions(&file, &names), ["f", "last"], "{open}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(deep).expect("a thread");
    thread.join().expect("the assertions hold");
}

#[test]
fn chains_are_long() {
    let names = Interner::new();
    let source = format!("package p\n\nvar x = \"a\"{}\nvar y = a{}\n", " + \"b\"".repeat(50_000), ".f()".repeat(20_000));
    let file = whole(&source, &names, Mode::Full);
    assert_eq!(file.expr_count(), 100_001 + 40_001);
    let source = format!("package p\n\nfunc f() {{ {}{{ }}\n}}\n", "if x { } else ".repeat(50_000));
    assert_eq!(whole(&source, &names, Mode::Full).stmt_count(), 100_002);
}

#[test]
fn nodes_are_small() {
    assert!(size_of::<Expr>() <= 24 && size_of::<Stmt>() <= 24, "{} {}", size_of::<Expr>(), size_of::<Stmt>());
}
