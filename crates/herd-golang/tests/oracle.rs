//! Every verdict, node and place against go/parser, over sources of every Go release at hand and over the texts Go's own parsers are tested
//! with. Whole corpora: `cargo run --release -p herd-golang --example parse_all -- --oracle FOLDER`.

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;

use herd_golang::ast::{Decl, Expr, File, Node};
use herd_golang::{Descend, Interner, Mode, parse, unicode, walk};
use support::{Oracle, Verdict, go_files, go_roots, own_nodes, own_verdict};

/// Of the standard library every so many-th file is read.
const SAMPLE: usize = 16;

#[test]
fn the_standard_library() {
    let mut files = Vec::new();
    for (_, root) in go_roots() {
        let all = go_files(&root.join("src"));
        assert!(all.len() > 5000, "the standard library is missing below {}", root.display());
        files.extend(all.into_iter().filter(|path| !is_testdata(path)).step_by(SAMPLE));
    }
    let (whole, broken) = compare(&files);
    assert_eq!(broken, 0);
    assert!(whole > 5000 / SAMPLE);
}

#[test]
fn declarations_are_those_of_the_whole_file() {
    let names = Interner::new();
    let (_, root) = go_roots().pop().expect("a toolchain");
    for path in go_files(&root.join("src")).into_iter().filter(|path| !is_testdata(path)).step_by(SAMPLE) {
        let source = std::fs::read(&path).expect("a file");
        let whole = parse(source.clone(), &names, Mode::Full);
        let declared = parse(source.clone(), &names, Mode::Declarations);
        let header = parse(source, &names, Mode::Imports);
        assert!(declared.errors.is_empty() && header.errors.is_empty(), "{}", path.display());
        assert_eq!(outside_bodies(&declared), outside_bodies(&whole), "{}", path.display());
        assert_eq!(declared.lines, whole.lines, "{}", path.display());
        let imports = |file: &File| file.imports.iter().map(|spec| format!("{:?}", file.spec(*spec))).collect::<Vec<_>>();
        assert_eq!(imports(&header), imports(&whole), "{}", path.display());
        assert_eq!(header.package, whole.package);
    }
}

/// Kinds and places of all nodes but those within bodies of functions, and what comments say.
fn outside_bodies(file: &File) -> Vec<String> {
    let mut bodies = BTreeSet::new();
    let mut nodes = Vec::new();
    walk(file, Node::File, |node| {
        nodes.push(match node {
            Node::Comment(index) => file.text(file.comments[index as usize].span).into_owned(),
            Node::CommentGroup(_) => String::new(),
            Node::File
            | Node::Decl(_)
            | Node::Spec(_)
            | Node::FieldList(_)
            | Node::Field(_)
            | Node::Stmt(_)
            | Node::Expr(_)
            | Node::Ident(_)
            | Node::ImportPath(_) => format!("{} {:?}", walk::go_name(file, node), file.span(node)),
        });
        if let Node::Decl(id) = node
            && let Decl::Func { body: Some(body), .. } = *file.decl(id)
        {
            bodies.insert(body);
        }
        if let Node::Expr(id) = node
            && let Expr::FuncLit { body, .. } = *file.expr(id)
        {
            bodies.insert(body);
        }
        if matches!(node, Node::Stmt(id) if bodies.contains(&id)) { Descend::Over } else { Descend::Into }
    });
    nodes
}

#[test]
fn the_texts_of_gos_own_tests() {
    let mut files = Vec::new();
    for (_, root) in go_roots() {
        files.extend(go_files(&root.join("src/internal/types/testdata")));
        files.extend(go_files(&root.join("src/cmd/compile/internal/syntax/testdata")));
        files.extend(go_files(&root.join("src/cmd/compile/internal/types2/testdata")));
        files.extend(go_files(&root.join("src/go/parser/testdata")));
        files.extend(go_files(&root.join("src/go/printer/testdata")));
        files.extend(go_files(&root.join("test")));
    }
    let (whole, broken) = compare(&files);
    assert!(whole > 300 && broken > 20, "{whole} {broken}");
}

#[test]
fn letters() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = Oracle::build(folder.path()).run(&["-unicode"], &[]);
    let (version, lines) = text.split_once('\n').expect("a version");
    if version != unicode::UNICODE_VERSION {
        println!("Go knows Unicode {version}, the tables {}", unicode::UNICODE_VERSION);
    }
    let theirs: BTreeSet<&str> = lines.lines().collect();
    for character in ('\u{80}'..=char::MAX).filter(|character| *character as u32 >= 0x80) {
        let code = u32::from(character);
        let (letter, digit) = (format!("L {code:x}"), format!("N {code:x}"));
        // A newer version adds characters and takes none away.
        if version == unicode::UNICODE_VERSION || theirs.contains(letter.as_str()) || theirs.contains(digit.as_str()) {
            assert_eq!(unicode::is_letter(character), theirs.contains(letter.as_str()), "U+{code:04X}");
            assert_eq!(unicode::is_digit(character), theirs.contains(digit.as_str()), "U+{code:04X}");
        }
    }
}

/// Holds files against the oracle; tells how many both take and both refuse.
#[track_caller]
fn compare(files: &[PathBuf]) -> (usize, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let oracle = Oracle::build(folder.path());
    let names = Interner::new();
    let mut counts = (0, 0);
    let mut differences = Vec::new();
    for (path, theirs) in files.iter().zip(oracle.judge(files)) {
        let file = parse(std::fs::read(path).expect("a file"), &names, Mode::Full);
        match (own_verdict(&file), theirs) {
            (Verdict::Broken { .. }, Verdict::Broken { .. }) => counts.1 += 1,
            (own @ Verdict::Whole { .. }, theirs @ Verdict::Whole { .. }) => {
                counts.0 += 1;
                if own != theirs {
                    differences.push(first_difference(path, &own_nodes(&file), &oracle.nodes(path)));
                }
            }
            (_, theirs) if oracle.is_too_old_for(&theirs) => {}
            (own, theirs) => differences.push(format!("{}: {own:?}, but go/parser {theirs:?}", path.display())),
        }
    }
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), files.len(), differences.join("\n"));
    counts
}

fn first_difference(path: &std::path::Path, own: &str, theirs: &str) -> String {
    let place = own.lines().zip(theirs.lines()).find(|(own, theirs)| own != theirs);
    format!("{}: first node that differs: {place:?}", path.display())
}

fn is_testdata(path: &std::path::Path) -> bool {
    path.components().any(|part| part.as_os_str() == "testdata")
}
