//! Programs written to break a checker: cycles, growth without end, chains beyond every stack. All end soon, on threads of two MiB.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use herd_golang::Interner;
use herd_golang::load::{Context, PackageId, program};
use herd_golang::types::{Types, Unit, check};

/// Longer than any of them takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Checks a package and tells how many expressions it has and how many of them are unknown.
#[track_caller]
fn survive(name: &str, source: String) -> (u32, u32) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module example.com/hostile\n\ngo 1.27\n").expect("a file");
    std::fs::write(folder.path().join("x.go"), source).expect("a file");
    let start = Instant::now();
    let path = folder.path().to_owned();
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || run(&path)).expect("a thread");
    let counts = thread.join().unwrap_or_else(|_| panic!("{name} panics"));
    let took = start.elapsed();
    assert!(took < LIMIT, "{name} takes {took:?}");
    counts
}

fn run(folder: &Path) -> (u32, u32) {
    let mut context = Context::from_env();
    context.cgo = false;
    let loaded = program(folder, &["./..."], &context);
    assert_eq!(loaded.packages[0].files.len(), 1);
    let names = Interner::new();
    let types = Types::new(&loaded, &names);
    let checked = check(&types, PackageId(0), Unit::Package);
    // Whatever was recorded has a text.
    for file in &checked.files {
        for (id, _) in file.file.all_exprs() {
            let ty = file.type_of(id);
            if types.is_known(ty) && id.index() % 100 == 0 {
                assert!(!types.text(ty).is_empty());
            }
        }
    }
    checked.files.iter().fold((0, 0), |sum, file| (sum.0 + file.coverage.expressions, sum.1 + file.coverage.unknown))
}

#[test]
fn declarations_in_circles() {
    let source = r#"package p

import "unsafe"

type T [len(T{})]int
type A = A
type B = C
type C = B
type D = []E
type E = []D
type F struct{ G }
type G struct{ F }
type P *P
type Q []Q
type R func(R) R
type I interface{ J }
type J interface{ I; m() }
type K interface{ m() interface{ K } }
type L[X L[X]] struct{ x X }
type M[X interface{ *X }] []X
type N N
type O1 O2
type O2 O3
type O3 O1
type S [unsafe.Sizeof(S{})]byte
type U interface{ U | int }
type V[X any] struct{ V[*X] }
type W[X any] W[[]X]
type Y[X any] = Y[X]
type Z[X any] = []Z[*X]

const c1 = c2 + 1
const c2 = len([c1]int{})

var v1 = v2
var v2 = v1
var f1 = func() int { return f2() }
var f2 = func() int { return f1() }
var w = w.x.y.z[w](w)

func (F) x() {}
func (F) x() {}
func (Missing) y() {}
func (*P) z() {}
func g[X g[X]](x X) X { return g(g(g(x))) }

func f() {
	_ = F{}.a.b.c
	_ = G{}.x
	_ = T{}[0]
	_ = V[int]{}.V.V.V.V.V.q
	var y W[int]
	_ = y[0]
	var z Z[int]
	_ = z[0][0][0]
	var i I
	i.m()
	var k K
	k.m().m().m()
	type T T
	type U = U
	type X struct{ X }
	var q Q
	q[0][0][0] = q
	for range f {
	}
	x := x
	x, x := x, x
	goto L
	f(f)(f...)
}
"#;
    let (expressions, unknown) = survive("circles", source.to_owned());
    assert!(expressions > 150 && unknown > 20, "{expressions}, {unknown}");
}

#[test]
fn growth_without_end() {
    for (name, declaration) in [
        ("lists", "type T[P any] struct{ f *T[[]P] }"),
        ("pairs", "type T[P any] struct{ f *T[struct{ a, b P }] }"),
        ("functions", "type T[P any] struct{ f *T[func(P, P) (P, P)] }"),
        ("maps", "type T[P comparable] struct{ f *T[map[[1]P]P] }"),
        ("embedded", "type T[P any] struct{ *T[[]P]; *U[P] }\ntype U[P any] struct{ *T[[]P]; *T[*P]; f *T[P] }"),
    ] {
        let chain = ".f".repeat(5_000);
        survive(
            name,
            format!("package p\n\n{declaration}\n\nvar x T[int]\n\nvar y = x{chain}\n\nfunc f() {{ _ = x{chain}.g; x.h() }}\n"),
        );
    }
    let mut source = "package p\n\ntype T0[P any] struct{ a, b P }\n".to_owned();
    for level in 1..200 {
        writeln!(source, "type T{level}[P any] struct{{ a, b T{}[struct{{ x, y P }}] }}", level - 1).expect("memory");
    }
    source.push_str("var x T199[int]\nvar s [len([1]int{})]int\nfunc f() { _ = x");
    source.push_str(&".a".repeat(199));
    source.push_str(" }\n");
    survive("levels", source);
    let mut source = "package p\n\nimport \"unsafe\"\n\ntype A0 struct{ x, y int }\n".to_owned();
    for level in 1..100 {
        writeln!(source, "type A{level} struct{{ x, y A{} }}", level - 1).expect("memory");
    }
    source.push_str("var x [unsafe.Sizeof(A99{})]int\nvar y [unsafe.Sizeof(A20{})]int\nfunc f() { _ = x[0] + y[0] }\n");
    survive("sizes", source);
}

#[test]
fn constants_beyond_measure() {
    let mut source = "package p\n\nconst c0 = 3\n".to_owned();
    for number in 1..3_000 {
        writeln!(source, "const c{number} = c{0} * c{0} + c{0}", number - 1).expect("memory");
    }
    source.push_str(
        "const big = 1 << 100000\nconst bigger = big << 100000\nconst f = 1e1000000 * 1e1000000\nconst g = -1 >> 5000\n",
    );
    source.push_str("const s = \"a\" + \"b\"\nconst z = 1 / 0 + 1 % 0 + 1.0 / 0.0\nvar x [big]int\nvar y [-1]int\nvar a [1 << 62][1 << 62]int\n");
    source.push_str("const r = 'a' << big >> bigger << -1\nvar w = [...]int{1 << 62: 1, 2}\nfunc h() { _ = c2999; _ = a[0][0]; _ = len(a) * len(w) }\n");
    let (expressions, _) = survive("constants", source);
    assert!(expressions > 10_000);
    let doubled = (0..60).fold("\"x\"".to_owned(), |_, _| "\"x\"".to_owned());
    let mut source = format!("package p\n\nconst s0 = {doubled}\n");
    for number in 1..60 {
        writeln!(source, "const s{number} = s{0} + s{0}", number - 1).expect("memory");
    }
    source.push_str("var x [len(s59)]int\n");
    survive("strings", source);
}

#[test]
fn long_chains() {
    let many = 100_000;
    let operators = format!("package p\n\nfunc f(x int) int {{ return x{} }}\n", " + x".repeat(many));
    let (expressions, unknown) = survive("operators", operators);
    assert!(expressions >= 200_000 && unknown == 0, "{expressions}, {unknown}");
    let untyped = format!("package p\n\nfunc f(x int) {{ var b bool = x == 1{}; _ = b }}\n", " && x == 1".repeat(many / 2));
    assert_eq!(survive("comparisons", untyped).1, 0);
    let constant = format!("package p\n\nconst c = 1{}\n\nvar x float64 = c + 1{}\n", " + 1".repeat(many), " + 1".repeat(many));
    assert_eq!(survive("constants", constant).1, 0);
    let calls = format!("package p\n\ntype F func() F\n\nfunc f(x F) {{ x{} }}\n", "()".repeat(many));
    assert_eq!(survive("calls", calls).1, 0);
    let selectors = format!("package p\n\ntype T struct{{ t *T }}\n\nfunc f(x T) {{ _ = x{} }}\n", ".t".repeat(many));
    assert_eq!(survive("selectors", selectors).1, 0);
    let indices = format!("package p\n\ntype S []S\n\nfunc f(x S) {{ _ = x{} }}\n", "[0]".repeat(many));
    assert_eq!(survive("indices", indices).1, 0);
    let methods = format!(
        "package p\n\ntype T int\n\nfunc (T) m(int) T {{ return 0 }}\n\nfunc f(x T) {{ x{} }}\n",
        ".m(1 + 2)".repeat(many / 2)
    );
    assert_eq!(survive("methods", methods).1, 0);
    let ifs =
        format!("package p\n\nfunc f(x int) {{ if x := x; x == 0 {{}}{} }}\n", " else if y := x; y == 1 {}".repeat(many / 2));
    assert_eq!(survive("else if", ifs).1, 0);
    let terms = format!("package p\n\ntype C interface{{ int{} }}\n\nfunc f[T C](x T) {{ _ = x + 1 }}\n", " | int".repeat(many));
    survive("unions", terms);
    let fields = format!("package p\n\ntype T struct{{ {} }}\n\nfunc f(x T) {{ _ = x.zz }}\n", "a int; ".repeat(many));
    survive("fields", fields);
}

#[test]
fn long_ways_between_declarations() {
    for (name, first, each, last) in [
        ("constants", "const n0 = 1", "const n# = n@ + 1", "n"),
        ("variables", "var n0 = 1", "var n# = n@ + 1", "n"),
        ("aliases", "type N0 = int", "type N# = []N@", "new(N"),
        ("types", "type N0 struct{ x int }", "type N# N@", "new(N"),
        ("interfaces", "type N0 interface{ m() }", "type N# interface { N@; m#() }", "new(N"),
        ("embedded", "type N0 struct{ x int }", "type N# struct{ N@ }", "new(N"),
        ("constraints", "type N0[T any] interface{ m(T) }", "type N#[T N@[T]] interface { N@[T]; m#() }", "new(N"),
        ("functions", "func n0() int { return 0 }", "func n#() (x [n@()]int) { return }", "n"),
    ] {
        for turned in [false, true] {
            // The last one is asked for first.
            let (mut source, count) = (String::new(), 5_000);
            for number in 1..count {
                let number = if turned { count - number } else { number };
                let line = each.replace('#', &number.to_string()).replace('@', &(number - 1).to_string());
                writeln!(source, "{line}").expect("memory");
            }
            let call = if last == "n" { format!("n{}", count - 1) } else { format!("{last}{})", count - 1) };
            let (_, unknown) = survive(name, format!("package p\n\nfunc f() {{ _ = {call} }}\n\n{source}{first}\n"));
            // As generators write them.
            assert!(unknown == 0 || !matches!(name, "constants" | "variables"), "{name}: {unknown}");
        }
    }
}

#[test]
fn deep_nests() {
    for (name, open, inside, close) in [
        ("parentheses", "_ = ", "(", ")"),
        ("literals", "_ = ", "func() { _ = ", "}"),
        ("composites", "_ = ", "[]any{", "}"),
        ("calls", "_ = ", "f(", ")"),
        ("pointers", "var _ ", "*", ""),
        ("structs", "var _ ", "struct{ x ", "}"),
        ("signs", "_ = ", "-", ""),
        ("blocks", "", "{", "}"),
        ("loops", "", "for x := range x { ", "}"),
        ("switches", "", "switch x := x.(type) { case int: ", "}"),
        ("indices", "_ = ", "x[", "]"),
    ] {
        for depth in [90, 190, 300, 400, 990] {
            let inner = if matches!(name, "blocks" | "loops" | "switches") {
                ""
            } else if open == "var _ " {
                "int"
            } else {
                "0"
            };
            let nest = format!("{open}{}{inner}{}", inside.repeat(depth), close.repeat(depth));
            survive(name, format!("package p\n\nfunc f(x any) {{ {nest} }}\n"));
        }
    }
}
