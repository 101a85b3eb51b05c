//! What graphs look like, form by form; and what cannot be relied on.

use std::fmt::Write as _;
use std::time::Instant;

use herd_golang::ast::{Expr, ExprId, File, Node};
use herd_golang::flow::{self, BitSet, BlockId, EdgeKind, Ends, Graph, Paths, Place, Step};
use herd_golang::{Interner, Mode, parse};

use crate::oracle;

/// The first function of a file that holds a body.
fn function(body: &str) -> (File, Graph) {
    let file = parse(format!("package p\nfunc f() {{\n{body}\n}}\n").into_bytes(), &Interner::new(), Mode::Full);
    let first = oracle::bodies(&file)[0];
    let graph = flow::graph(&file, first, &mut |call| match called(&file, call).as_str() {
        "panic" => Ends::Panics,
        "os.Exit" => Ends::Exits,
        _ => Ends::No,
    });
    (file, graph)
}

fn called(file: &File, call: ExprId) -> String {
    let Expr::Call { fun, .. } = *file.expr(call) else { return String::new() };
    file.text(file.expr_span(fun)).into_owned()
}

/// The blocks of a body: steps, then where each edge leads; `-` before a block that is never come to.
#[track_caller]
fn check(body: &str, expect: &str) {
    let (file, graph) = function(body);
    assert!(file.errors.is_empty() && graph.sound, "{:?}", file.errors);
    let mut text = String::new();
    for id in (0..graph.blocks.len() as u32 - 3).map(BlockId) {
        let steps: Vec<String> = graph.steps(id).iter().map(|step| written(&file, *step)).collect();
        let dead = if graph.is_reachable(id) { "" } else { "-" };
        write!(text, "{dead}{}: {}", id.0, steps.join("; ")).expect("memory");
        for edge in graph.edges(id) {
            let to = match edge.to {
                to if to == graph.exit => "exit".to_owned(),
                to if to == graph.panic => "panic".to_owned(),
                to if to == graph.gone => "gone".to_owned(),
                to => to.0.to_string(),
            };
            let kind = match edge.kind {
                EdgeKind::Next | EdgeKind::Return | EdgeKind::Panics | EdgeKind::Exits => String::new(),
                EdgeKind::True(_) => "T".to_owned(),
                EdgeKind::False(_) => "F".to_owned(),
                EdgeKind::Case(x) => format!("case {}", file.text(file.expr_span(x))),
                EdgeKind::NoCase(_) => "no case".to_owned(),
                EdgeKind::Default => "default".to_owned(),
                EdgeKind::Clause(number) => format!("clause {number}"),
                EdgeKind::RangeNext => "next".to_owned(),
                EdgeKind::RangeDone => "done".to_owned(),
            };
            write!(text, " {kind}{}{to}", if edge.back { "↑" } else { "→" }).expect("memory");
        }
        text.push('\n');
    }
    let expect: Vec<&str> = expect.lines().map(str::trim_start).collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), expect, "\n{text}");
}

fn written(file: &File, step: Step) -> String {
    let expr = |x| file.text(file.expr_span(x)).into_owned();
    let stmt = |stmt| file.text(file.stmt_span(stmt)).lines().next().unwrap_or_default().to_owned();
    match step {
        Step::Call(x) | Step::Receive(x) => expr(x),
        Step::Composite(x) => format!("new {}", expr(x)),
        Step::FuncLit(_) => "literal".to_owned(),
        Step::Condition(x) => format!("{}?", expr(x)),
        Step::Tag(x) => format!("tag {}", expr(x)),
        Step::CaseExpr(x) => format!("case {}", expr(x)),
        Step::Declare(spec) => format!("var {}", file.text(file.spec_span(spec))),
        Step::Send(x) | Step::Assign(x) | Step::IncDec(x) | Step::Go(x) | Step::Defer(x) | Step::Return(x) => stmt(x),
        Step::RangeHead(_) => "head".to_owned(),
        Step::RangeNext(_) => "next".to_owned(),
        Step::RangeAssign(_) => "set".to_owned(),
        Step::Select { default, .. } => format!("select{}", if default { " or not" } else { "" }),
        Step::Comm(x) => format!("done {}", stmt(x)),
        Step::TypeSwitch(_) => "type".to_owned(),
    }
}

#[test]
fn expressions_in_order() {
    check(
        "a[f()], *g() = h(i(), <-c), T{k: j()}",
        "0: f(); g(); i(); <-c; h(i(), <-c); j(); new T{k: j()}; a[f()], *g() = h(i(), <-c), T{k: j()} →exit",
    );
    check(
        "x := []byte(f()).m(unsafe.Sizeof(g()), func() { h() })",
        "0: f(); literal; []byte(f()).m(unsafe.Sizeof(g()), func() { h() }); x := []byte(f()).m(unsafe.Sizeof(g()), func() { h() }) →exit",
    );
    check("go a(b()).c(d())\ndefer e()", "0: b(); a(b()); d(); go a(b()).c(d()); defer e() →exit");
    check("var a, b = f(), 1\nconst c = 2\ntype t int\nvar d int", "0: f(); var a, b = f(), 1; var d int →exit");
    check("c() <- d()\nx()[y()]++\nreturn z()", "0: c(); d(); c() <- d(); x(); y(); x()[y()]++; z(); return z() →exit");
}

#[test]
fn conditions_are_edges() {
    check(
        "if a && !(b() || c) {\nd()\n}",
        "0: a? T→1 F→4
         1: b(); b()? T→4 F→2
         2: c? T→4 F→3
         3: d() →4
         4:  →exit",
    );
    check(
        "x = a && f() || b\ny()",
        "0: a? T→1 F→2
         1: f(); f()? T→3 F→2
         2:  →3
         3: x = a && f() || b; y() →exit",
    );
    check(
        "if x := f(); x {\nreturn\n} else if y() {\npanic(1)\n} else {\nos.Exit(1)\n}",
        "0: f(); x := f(); x? T→1 F→2\n1: return →exit\n2: y(); y()? T→3 F→4\n3: panic(1) →panic\n4: os.Exit(1) →gone",
    );
}

#[test]
fn loops() {
    check(
        "for i := 0; i < n(); i++ {\nif a {\ncontinue\n}\nif b {\nbreak\n}\n}",
        "0: i := 0 →1\n1: n(); i < n()? T→2 F→8\n2: a? T→3 F→4\n3:  →7\n4: b? T→5 F→6\n5:  →8\n6:  →7\n7: i++ ↑1\n8:  →exit",
    );
    check("for {\nf()\n}\ng()", "0:  →1\n1: f() ↑1\n-2: g() →exit");
    check("for a[f()] = range g() {\nh()\n}", "0: g(); head →1\n1: next next→2 done→3\n2: f(); set; h() ↑1\n3:  →exit");
    check(
        "L:\nfor {\nfor range c {\ncontinue L\n}\nbreak L\n}",
        "0:  →1\n1:  →2\n2: head →3\n3: next next→4 done→5\n4:  ↑2\n5:  →6\n6:  →exit",
    );
}

#[test]
fn switches() {
    check(
        "switch f() {\ncase 1, g():\na()\nfallthrough\ndefault:\nb()\ncase 2:\nbreak\n}",
        "0: f(); tag f(); case 1 case 1→3 no case→1\n1: g(); case g() case g()→3 no case→2\n2: case 2 case 2→5 no case→4\n3: a() →4\n4: b() →6\n5:  →6\n6:  →exit",
    );
    check("switch {\ncase a && b():\nf()\n}", "0: a? T→1 F→3\n1: b(); b()? T→2 F→3\n2: f() →3\n3:  →exit");
    check(
        "switch x := f().(type) {\ncase int, nil:\ng()\n}",
        "0: f(); type case int→1 case nil→1 default→2\n1: g() →2\n2:  →exit",
    );
    check("switch f(); {\ndefault:\n}", "0: f() default→1\n1:  →2\n2:  →exit");
}

#[test]
fn selects() {
    check(
        "select {\ncase a() <- b():\nc()\ncase x[d()], ok = <-e():\ndefault:\ng()\n}",
        "0: a(); b(); e(); select or not clause 0→1 clause 1→2 default→3\n1: done a() <- b(); c() →4\n2: d(); done x[d()], ok = <-e() →4\n3: g() →4\n4:  →exit",
    );
    check("select {\ncase <-a:\nreturn\n}\nb()", "0: select clause 0→1\n1: done <-a; return →exit\n-2: b() →exit");
    check("select {}\nf()", "0: select\n-1: f() →exit");
}

#[test]
fn jumps() {
    check("goto B\nA:\na()\nB:\nb()\nif c {\ngoto A\n}", "0:  →2\n1: a() ↑2\n2: b(); c? T→3 F→4\n3:  →1\n4:  →exit");
    check("return\nf()\nreturn\ng()", "0: return →exit\n-1: f(); return →exit\n-2: g() →exit");
    check("panic(f())\ng()", "0: f(); panic(f()) →panic\n-1: g() →exit");
}

#[test]
fn what_is_wrong_is_told() {
    let wrong = [
        "break",
        "continue",
        "goto L",
        "L: f()\nL: g()",
        "for {\nbreak L\n}",
        "L: f()\nfor {\nbreak L\n}",
        "switch {\ncase a:\ncontinue\n}",
        "fallthrough",
        "switch {\ncase a:\nif b {\nfallthrough\n}\ncase c:\n}",
        "switch {\ncase a:\nfallthrough\n}",
        "switch x.(type) {\ncase a:\nfallthrough\ncase b:\n}",
        "goto L\n{\nL:\n}",
        "switch {\ndefault:\ndefault:\n}",
        "select {\ncase f():\n}",
        "x = ]",
        "if {\n}",
        "else",
    ];
    for body in wrong {
        assert!(!function(body).1.sound, "{body}");
    }
    for body in
        ["L: for {\nbreak L\n}", "switch {\ncase a:\nL: fallthrough;;\ncase b:\n}", "{\ngoto L\n}\nL:", "L:\n{\ngoto L\n}"]
    {
        assert!(function(body).1.sound, "{body}");
    }
    let file = parse(b"package p\nfunc f() { g() }".to_vec(), &Interner::new(), Mode::Declarations);
    assert!(!flow::graph(&file, oracle::bodies(&file)[0], &mut |_| Ends::No).sound);
}

/// Whether a way leads from a call of `lock` to the end without one of `unlock`: on all paths, and on those that do not contradict themselves.
fn forgets(body: &str) -> [bool; 2] {
    let (file, graph) = function(body);
    assert!(file.errors.is_empty() && graph.sound, "{body} {:?}", file.errors);
    let at = |name: &str, place: Place| matches!(graph.step(place), Some(Step::Call(call)) if called(&file, call) == name);
    let lock = graph.places().find(|place| at("lock", *place)).expect("it is called");
    [Paths::All, Paths::Consistent]
        .map(|paths| flow::path(&graph, paths, lock, |place| place.block == graph.exit, |place| at("unlock", place)).is_some())
}

#[test]
fn one_condition_twice() {
    for agreeing in [
        "if a { lock() }\nb()\nif a { unlock() }",
        "if a { lock() }\nif !a { return }\nunlock()",
        "if a != nil { lock() }\nif nil == a { return }\nunlock()",
        "if s.on { lock() }\ns.mu.wait()\nif s.on { unlock() }",
        "if n == 3 { lock() }\nswitch n {\ncase 3:\nunlock()\n}",
        "if a && b { lock() }\nif b { if a { unlock() } }",
        "if true { lock() }\nif false { return }\nunlock()",
        "if a { lock() }\nfor range c { if !a { return } }\nif a { unlock() }",
        "if a != nil { lock(); a.use() }\nif a != nil { unlock() }",
        "a := f()\nif a { lock() }\n{\na := g()\nif a { h() }\n}\nif a { unlock() }",
    ] {
        assert_eq!(forgets(agreeing), [true, false], "{agreeing}");
    }
    for other in [
        "if a { lock() }\na = b()\nif a { unlock() }",
        "if a { lock() }\nif b { unlock() }",
        "if a { lock() }\nfunc() { a = b() }()\nif a { unlock() }",
        "p := &a\nif a { lock() }\n*p = false\nif a { unlock() }",
        "if s.on { lock() }\ns.stop()\nif s.on { unlock() }",
        "if s.on { lock() }\nstop(s)\nif s.on { unlock() }",
        "if s.on { lock() }\nt.on = b\nif s.on { unlock() }",
        "if f() { lock() }\nif f() { unlock() }",
        "if n > 3 { lock() }\nn++\nif n > 3 { unlock() }",
        "if a { lock() }\n{\na := g()\nif a { unlock() }\n}",
        "if a { lock(); a.flip() }\nif a { unlock() }",
        "for a = range c { if a { lock() }\nif b { break } }\nif a { d() }",
    ] {
        assert_eq!(forgets(other), [true, true], "{other}");
    }
    for never in [
        "lock()\nunlock()",
        "lock()\nif a { unlock() } else { unlock() }",
        "lock()\nfor {}",
        "lock()\nif a { panic(1) }\nunlock()",
    ] {
        assert_eq!(forgets(never), [false, false], "{never}");
    }
}

/// The deferred calls that run on some way to the end, and on every way.
#[test]
fn defers_at_the_end() {
    #[derive(Clone)]
    struct Always(BitSet);
    impl flow::State for Always {
        fn join(&mut self, other: &Self) -> bool {
            self.0.intersect(&other.0)
        }

        fn height(&self) -> usize {
            self.0.len()
        }
    }
    let (_, graph) = function("defer a()\nif x {\ndefer b()\n}\nfor y {\ndefer c()\nif z {\npanic(1)\n}\n}\ndefer d()");
    let number = |step: &Step| graph.defers.iter().position(|defer| graph.steps[defer.index()] == *step);
    let push = |set: &mut BitSet, step: &Step| {
        number(step).map(|number| set.insert(number));
    };
    let some = flow::forward(&graph, Paths::Consistent, BitSet::new(), push, |_, _| {});
    let all = flow::forward(&graph, Paths::Consistent, Always(BitSet::new()), |set, step| push(&mut set.0, step), |_, _| {});
    let at = |end: BlockId| {
        let some: Vec<usize> = some[end.index()].iter().flat_map(BitSet::iter).collect();
        let all: Vec<usize> = all[end.index()].iter().flat_map(|set| set.0.iter()).collect();
        (some, all)
    };
    assert_eq!(at(graph.exit), (vec![0, 1, 2, 3], vec![0, 3]));
    assert_eq!(at(graph.panic), (vec![0, 1, 2], vec![0, 2]));
    assert_eq!(at(graph.gone), (vec![], vec![]));
}

#[test]
fn a_step_sees_its_own() {
    let (file, graph) = function("x.y = a && f(b, g(c), T{d}) + <-e.f[h]");
    let own = |step: &Step| {
        let mut names = Vec::new();
        flow::own_exprs(&file, *step, |x| {
            if matches!(file.expr(x), Expr::Ident { .. }) {
                names.push(file.text(file.expr_span(x)).into_owned());
            }
        });
        names.join(" ")
    };
    let seen: Vec<String> = graph.steps.iter().map(own).collect();
    assert_eq!(seen, ["a", "g c", "T d", "f b", "e h", "x"]);
}

/// Chains that a recursion would not survive, in a thread's usual two MiB and less.
#[test]
fn long_and_deep() {
    let long = |start: &str, piece: &str, end: &str| format!("{start}{}{end}", piece.repeat(90_000));
    let bodies = [
        long("if a { b() }", " else if a { b() }", ""),
        long("x = a", " && b", ""),
        long("if a", " || b", " { c() }"),
        long("x = a", " + b()", ""),
        "x".to_owned() + &".a()".repeat(45_000),
        long("x = a", "[b()]", ""),
        long("", "lock()\n", ""),
        long("", "if a { b() }\n", ""),
        long("", "for a { b() }\n", ""),
        long("switch {\n", "case a():\nb()\n", "}"),
        long("switch a {\n", "case 1:\nb()\nfallthrough\n", "default:\n}"),
        long("select {\n", "case <-a:\nb()\n", "}"),
        long("", "L: if a { goto L }\n", "").lines().enumerate().fold(String::new(), |mut text, (number, line)| {
            writeln!(text, "{}", line.replace('L', &format!("L{number}"))).expect("memory");
            text
        }),
        format!("{}a(){}", "for a {".repeat(490), "}".repeat(490)),
        format!("{}a(){}", "if a { for { switch {\ncase b:\n".repeat(160), "}}}".repeat(160)),
        format!("x = {}a{}", "!(b && (".repeat(300), "))".repeat(300)),
        format!("x = {}a{}", "f(".repeat(900), ")".repeat(900)),
    ];
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let checks = move || {
        for body in bodies {
            let (file, graph) = function(&body);
            let head = body.get(..60).unwrap_or(&body).to_owned();
            assert!(file.errors.is_empty() && graph.sound, "{head} {:?}", file.errors);
            let start = Instant::now();
            let again = flow::graph(&file, oracle::bodies(&file)[0], &mut |_| Ends::No);
            let before = flow::dominators(&again);
            let behind = flow::post_dominators(&again);
            let loops = flow::loops(&again, &before);
            assert!(behind.dominates(again.exit, again.entry));
            let states = flow::forward(
                &again,
                Paths::Consistent,
                flow::BitSet::new(),
                |_, _| {},
                |set, edge| {
                    set.insert(edge.from.index() % 50);
                },
            );
            assert!(states[again.exit.index()].is_some());
            let end = again.start(again.exit);
            assert!(flow::path(&again, Paths::Consistent, again.start(again.entry), |place| place == end, |_| false).is_some());
            println!("{:?} for {} blocks, {} loops: {head:?}", start.elapsed(), again.blocks.len(), loops.loops.len());
            assert!(start.elapsed().as_secs() < 20, "{head}");
        }
    };
    small.spawn(checks).expect("a thread").join().expect("no panic");
}

#[test]
fn places_know_their_blocks() {
    let (file, graph) = function("if a {\nb()\n}\nfor {\nc()\nif d {\nreturn\n}\n}");
    for place in graph.places() {
        assert_eq!(graph.place(place.step), place);
        let stood = flow::pos(&file, graph.step(place).expect("a step"));
        assert!(file.span(Node::File).is_some_and(|span| span.start < stood));
    }
}
