//! Real files with tokens and bytes lost, doubled, changed: nothing panics, everything ends, and Go's own parser agrees on what is still Go.

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use herd_golang::ast::{Decl, DeclId, File, Ident, Node, Spec, StmtId};
use herd_golang::lexer::Lexer;
use herd_golang::{Descend, Interner, Mode, Symbol, Token, parse, walk};
use support::{Oracle, Verdict, go_files, go_roots, own_verdict};

/// Mutants that the oracle judges too, unless `GOHERD_TEST_MUTANTS` names a number.
const MUTANTS: u64 = 2000;

#[test]
fn mutants_are_judged_as_go_does() {
    let count = std::env::var("GOHERD_TEST_MUTANTS").ok().and_then(|count| count.parse().ok()).unwrap_or(MUTANTS);
    let folder = tempfile::tempdir().expect("a folder");
    let oracle = Oracle::build(folder.path());
    let seeds = seeds();
    let mut random = Random(0x0067_6f68_6572_6400);
    let mut paths: Vec<PathBuf> = Vec::new();
    for number in 0..count {
        let source = std::fs::read(&seeds[random.below(seeds.len())]).expect("a file");
        let path = folder.path().join(format!("{number}.go"));
        std::fs::write(&path, mutant(&source, &mut random)).expect("a file");
        paths.push(path);
    }
    let names = Interner::new();
    let mut agreed = [0, 0];
    let mut first_errors = 0;
    let mut differences = Vec::new();
    for (path, theirs) in paths.iter().zip(oracle.judge(&paths)) {
        let source = std::fs::read(path).expect("a file");
        match (own_verdict(&parse(source.clone(), &names, Mode::Full)), theirs) {
            (Verdict::Broken { offset, .. }, Verdict::Broken { offset: other, .. }) => {
                agreed[1] += 1;
                first_errors += usize::from(offset == other);
            }
            (own @ Verdict::Whole { .. }, theirs @ Verdict::Whole { .. }) if own == theirs => agreed[0] += 1,
            (_, theirs) if oracle.is_too_old_for(&theirs) => agreed[1] += 1,
            (own, theirs) => {
                let text = String::from_utf8_lossy(&source).into_owned();
                differences.push(format!("{own:?}, but go/parser {theirs:?}, of\n{text}"));
            }
        }
    }
    println!(
        "of {count} mutants {} are whole and {} broken to both, {first_errors} of them first at one place",
        agreed[0], agreed[1]
    );
    assert!(differences.is_empty(), "{} of {count}:\n{}", differences.len(), differences.join("\n-----\n"));
    assert!(agreed.iter().all(|agreed| *agreed as u64 > count / 20), "one-sided: {agreed:?}");
}

/// Damage to one function, of so many.
const BROKEN_FUNCTIONS: usize = 3000;

#[test]
fn a_broken_function_costs_itself() {
    let names = Interner::new();
    let files: Vec<File> = seeds()
        .into_iter()
        .filter(|path| !path.components().any(|part| part.as_os_str() == "testdata"))
        .map(|path| parse(std::fs::read(path).expect("a file"), &names, Mode::Full))
        .collect();
    let mut random = Random(99);
    let (mut broken, mut lost) = (0, Vec::new());
    while broken < BROKEN_FUNCTIONS {
        let file = &files[random.below(files.len())];
        let functions: Vec<(Ident, StmtId)> = file.decls.iter().filter_map(|decl| function(file, *decl)).collect();
        if functions.is_empty() {
            continue;
        }
        let (victim, body) = functions[random.below(functions.len())];
        let span = file.stmt_span(body);
        let (start, end) = (span.start.offset() as usize, span.end.offset() as usize);
        let mut source = file.source[..start].to_vec();
        source.extend(damaged_body(&file.source[start..end], &mut random));
        source.extend(&file.source[end..]);
        let parsed = parse(source, &names, Mode::Full);
        if parsed.errors.is_empty() {
            continue;
        }
        broken += 1;
        let found = declared(&parsed);
        let gone: Vec<&str> = declared(file).difference(&found).map(|name| names.text(*name)).collect();
        if gone.iter().any(|name| *name != names.text(victim.name)) {
            lost.push(format!("{gone:?} beside {}:\n{}", names.text(victim.name), String::from_utf8_lossy(&parsed.source)));
        }
    }
    println!("of {broken} files with one broken function {} lose more", lost.len());
    assert!(lost.is_empty(), "{}", lost.first().map_or("", String::as_str));
}

fn function(file: &File, decl: DeclId) -> Option<(Ident, StmtId)> {
    match *file.decl(decl) {
        Decl::Func { name, body: Some(body), .. } => Some((name, body)),
        Decl::Func { .. } | Decl::Gen { .. } | Decl::Bad => None,
    }
}

/// Names declared at the top.
fn declared(file: &File) -> BTreeSet<Symbol> {
    let mut names = BTreeSet::new();
    for decl in &file.decls {
        match *file.decl(*decl) {
            Decl::Bad => {}
            Decl::Func { name, .. } => drop(names.insert(name.name)),
            Decl::Gen { specs, .. } => {
                for spec in file.list(specs) {
                    match *file.spec(*spec) {
                        Spec::Import { .. } => {}
                        Spec::Value { names: values, .. } => names.extend(file.list(values).iter().map(|name| name.name)),
                        Spec::Type { name, .. } => drop(names.insert(name.name)),
                    }
                }
            }
        }
    }
    names
}

/// The body with one token taken away, doubled, or a bracket put in.
fn damaged_body(body: &[u8], random: &mut Random) -> Vec<u8> {
    let tokens = tokens(body);
    let (start, end) = tokens[random.below(tokens.len())];
    let brackets = [b"{", b"}", b"(", b")", b"[", b"]"];
    let instead: &[u8] = match random.below(4) {
        0 => b"",
        1 => &[&body[start..end], b" ", &body[start..end]].concat(),
        2 => &[brackets[random.below(6)], &b" "[..], &body[start..end]].concat(),
        _ => brackets[random.below(6)],
    };
    [&body[..start], instead, &body[end..]].concat()
}

#[test]
fn cut_anywhere() {
    let names = Interner::new();
    let seed = seeds().into_iter().find(|path| path.ends_with("sync/cond.go")).expect("it is small");
    let source = std::fs::read(seed).expect("a file");
    for end in 0..source.len() {
        for mode in [Mode::Full, Mode::Declarations, Mode::Imports] {
            let file = parse(source[..end].to_vec(), &names, mode);
            assert!(file.errors.iter().all(|error| error.offset as usize <= end), "{:?}", file.errors);
        }
    }
}

#[test]
fn bytes_changed_anywhere() {
    let names = Interner::new();
    let seeds = seeds();
    let mut random = Random(7);
    for _ in 0..3000 {
        let mut source = std::fs::read(&seeds[random.below(seeds.len())]).expect("a file");
        for _ in 0..=random.below(8) {
            let place = random.below(source.len());
            match random.below(4) {
                0 => source[place] = random.below(256) as u8,
                1 => source[place] ^= 1 << random.below(8),
                2 => drop(source.drain(place..(place + random.below(200)).min(source.len()))),
                _ => {
                    let copy = source[place..(place + random.below(200)).min(source.len())].to_vec();
                    source.splice(place..place, copy);
                }
            }
            if source.is_empty() {
                break;
            }
        }
        for mode in [Mode::Full, Mode::Declarations, Mode::Imports] {
            let file = parse(source.clone(), &names, mode);
            walk(&file, Node::File, |node| {
                if let Some(span) = file.span(node) {
                    assert!(span.start <= span.end && span.end.offset() as usize <= source.len() + 1, "{node:?} {span:?}");
                }
                Descend::Into
            });
            assert!(file.comments.is_sorted_by_key(|comment| comment.span.start));
        }
    }
}

#[test]
fn time_is_linear_in_what_is_hostile() {
    let names = Interner::new();
    let long = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
    let pieces = [
        "(",
        ")",
        "{",
        "}",
        "[",
        "f(",
        "x.",
        "a[",
        "<-",
        "chan ",
        "func(",
        "func() {",
        "if x {",
        "/*",
        "//",
        "\"",
        "`",
        "'",
        "\\",
        "\n",
        ";",
        ",",
        "x, ",
        "...",
        "a:=",
        "case x:",
        "switch{",
        "type T[P ",
        "P|",
        "import ",
        "\0",
        "\u{feff}",
        "é",
        "func f()\n",
        "0x",
        "1_",
        "x+",
        "func (T) m() {\n",
        "<<<<<<< HEAD\n",
        "var x = [",
        "struct{",
        "interface{",
        "map[",
        "\nfunc (x) {",
        "go ",
        "L:",
        "type T[P *",
        "T[",
        "x aaaaaaaa",
        "//line a:1\n",
        "/*line a:1*/",
        "for range ",
        "x,y :=",
        "var x = func() {\n",
        "type T int\n",
        "func f() {\ntype T int\n",
    ];
    for piece in pieces {
        for prefix in
            ["package p\n", "package p\nfunc f() {\n", "package p\nvar x = ", "package p\ntype T ", "package p\nfunc f("]
        {
            let time = |bytes: usize| {
                let source = format!("{prefix}{}", long(piece, bytes)).into_bytes();
                let start = Instant::now();
                let file = parse(source, &names, Mode::Full);
                assert!(file.errors.len() <= 4000);
                start.elapsed()
            };
            // Sixteen times the source; more than a hundred times the time is not linear, unless both are next to nothing, or the machine
            // was busy elsewhere three times.
            let linear = || time(640_000) < (time(40_000) * 100).max(Duration::from_millis(500));
            assert!((0..3).any(|_| linear()), "{prefix:?} {piece:?}");
        }
    }
}

#[test]
fn fifty_megabytes() {
    let names = Interner::new();
    let mut source = b"package p\n".to_vec();
    let mut number = 0;
    while source.len() < 50_000_000 {
        source
            .extend_from_slice(format!("func f{number}(a, b int) (c string) {{ return g(a+b, \"text\") /* c */ }}\n").as_bytes());
        number += 1;
    }
    let file = parse(source, &names, Mode::Full);
    assert_eq!((file.errors.len(), file.decls.len()), (0, number));
}

/// Small files of the standard library that hold much of the grammar.
fn seeds() -> Vec<PathBuf> {
    let (_, root) = go_roots().pop().expect("a toolchain");
    let folders = [
        "sync",
        "go/types/testdata",
        "internal/types/testdata/fixedbugs",
        "slices",
        "context",
        "iter",
        "container",
        "errors",
        "time",
    ];
    let mut files: Vec<PathBuf> = folders.iter().flat_map(|folder| go_files(&root.join("src").join(folder))).collect();
    files.retain(|path| path.metadata().is_ok_and(|file| (200..20_000).contains(&file.len())));
    files
}

/// The source with one to three tokens taken away, doubled, exchanged or replaced.
fn mutant(source: &[u8], random: &mut Random) -> Vec<u8> {
    let tokens = tokens(source);
    let mut texts: Vec<&[u8]> = Vec::new();
    let mut end = 0;
    for (start, stop) in &tokens {
        texts.push(&source[end..*start]);
        texts.push(&source[*start..*stop]);
        end = *stop;
    }
    texts.push(&source[end..]);
    for _ in 0..=random.below(3) {
        let place = 2 * random.below(tokens.len().max(1)) + 1;
        let other = 2 * random.below(tokens.len().max(1)) + 1;
        if place.max(other) >= texts.len() {
            continue;
        }
        match random.below(6) {
            0 => texts[place] = b"",
            1 => texts.insert(place, texts[place]),
            2 => texts.swap(place, other),
            3 => texts[place] = texts[other],
            4 => texts[place] = MORE[random.below(MORE.len())],
            _ => texts[place - 1] = [&b" "[..], b"\n", b"", b" /* */ ", b" // x\n", b"/*\n*/"][random.below(6)],
        }
    }
    texts.concat()
}

/// Tokens that one file alone seldom holds.
const MORE: [&[u8]; 26] = [
    b"...",
    b"<-",
    b":=",
    b"~",
    b"|",
    b"func",
    b"type",
    b"chan",
    b"range",
    b"goto",
    b"[",
    b"]",
    b"(",
    b")",
    b"{",
    b"}",
    b",",
    b";",
    b":",
    b".",
    b"=",
    b"*",
    b"0x1p-2",
    b"'a'",
    b"interface",
    b"x.(type)",
];

/// First and last byte of each token but comments.
fn tokens(source: &[u8]) -> Vec<(usize, usize)> {
    let mut lexer = Lexer::new(source);
    let mut tokens = Vec::new();
    loop {
        lexer.scan();
        match lexer.token == Token::Eof {
            true => return tokens,
            false if lexer.token != Token::Comment && !(lexer.token == Token::Semicolon && lexer.implicit) => {
                tokens.push((lexer.start as usize, lexer.end as usize));
            }
            false => {}
        }
    }
}

/// Xorshift: the same mutants each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}
