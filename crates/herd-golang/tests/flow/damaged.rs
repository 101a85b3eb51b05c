//! Functions of real and made-up files with tokens lost, doubled, changed: there is a graph all the same, and it holds together.

use std::collections::{BTreeMap, BTreeSet};

use herd_golang::ast::{File, Node, Stmt, StmtId};
use herd_golang::flow::{self, Graph, Step};
use herd_golang::lexer::Lexer;
use herd_golang::{Descend, Interner, Mode, Token, parse, walk};

use crate::computed::Random;
use crate::support::{go_files, go_roots};
use crate::{cfg, oracle};

#[test]
fn graphs_of_whole_files_hold_together() {
    let (_, root) = go_roots().pop().expect("a toolchain");
    let (mut functions, mut stmts) = (0, 0);
    let names = Interner::new();
    for path in go_files(&root.join("src")).into_iter().step_by(9) {
        let file = parse(std::fs::read(&path).expect("a file"), &names, Mode::Full);
        for body in oracle::bodies(&file) {
            let graph = cfg::graph(&file, body);
            holds_together(&file, body, &graph);
            functions += 1;
            stmts += graph.stmts.len();
        }
    }
    assert!(functions > 8_000 && stmts > 40_000, "{functions} {stmts}");
}

#[test]
fn mutants() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, root) = go_roots().pop().expect("a toolchain");
    let names = Interner::new();
    let mut seeds: Vec<Vec<u8>> = ["sync", "context", "net", "internal/types/testdata/check"]
        .iter()
        .flat_map(|folder| go_files(&root.join("src").join(folder)))
        .map(|path| std::fs::read(path).expect("a file"))
        .filter(|source| source.len() < 20_000)
        .collect();
    let odd = std::fs::read(oracle::source().join("traced/odd.go")).expect("a file");
    seeds.extend(std::iter::repeat_n(odd, seeds.len() / 2));
    seeds.extend((1..20).map(|seed| oracle::generated(folder.path(), seed, 3)));
    let mut random = Random(77);
    let mut sound = [0, 0];
    for _ in 0..2000 {
        let source = mutant(&seeds[random.below(seeds.len())], &mut random);
        let file = parse(source, &names, Mode::Full);
        for body in oracle::bodies(&file) {
            let graph = cfg::graph(&file, body);
            if graph.sound {
                holds_together(&file, body, &graph);
            }
            let before = flow::dominators(&graph);
            flow::loops(&graph, &before);
            flow::post_dominators(&graph);
            flow::forward(&graph, flow::Paths::Consistent, flow::BitSet::new(), |_, _| {}, |_, _| {});
            let start = graph.start(graph.entry);
            flow::path(&graph, flow::Paths::Consistent, start, |place| place.block == graph.exit, |_| false);
            sound[usize::from(graph.sound)] += 1;
        }
    }
    println!("graphs that are not sound, and that are: {sound:?}");
    assert!(sound[0] > 300 && sound[1] > 10_000, "{sound:?}");
}

/// Lists fit each other, every statement stands in one block and every step once.
fn holds_together(file: &File, body: StmtId, graph: &Graph) {
    let (mut steps, mut edges) = (0, 0);
    for (number, block) in (0..).zip(&graph.blocks) {
        assert_eq!((block.steps.start, block.edges.start), (steps, edges));
        (steps, edges) = (block.steps.end, block.edges.end);
        assert!(graph.edges(flow::BlockId(number)).iter().all(|edge| edge.from.0 == number));
        let listed = block.order.map(|place| graph.order[place as usize]);
        assert!(listed.is_none_or(|listed| listed.0 == number));
    }
    assert_eq!(graph.order.len(), graph.blocks.iter().filter(|block| block.order.is_some()).count());
    assert_eq!((steps as usize, edges as usize), (graph.steps.len(), graph.edges.len()));
    let into: usize = (0..graph.blocks.len() as u32).map(|id| graph.edges_into(flow::BlockId(id)).len()).sum();
    assert_eq!(into, graph.edges.len());
    for edge in &graph.edges {
        let place = |block| graph.block(block).order;
        if let (Some(from), Some(to)) = (place(edge.from), place(edge.to)) {
            assert_eq!(edge.back, to <= from, "an edge goes back exactly where the order does");
        }
    }
    let distinct: BTreeSet<String> = graph.steps.iter().map(|step| format!("{step:?}")).collect();
    assert_eq!(distinct.len(), graph.steps.len(), "no step twice");
    for (number, step) in (0..).zip(&graph.steps) {
        let defers = graph.defers.contains(&flow::StepId(number));
        assert_eq!(matches!(step, Step::Defer(_)), defers);
    }
    let mut entries: BTreeMap<StmtId, usize> = BTreeMap::new();
    for (stmt, _) in &graph.stmts {
        *entries.entry(*stmt).or_default() += 1;
    }
    for stmt in statements(file, body) {
        assert_eq!(entries.remove(&stmt), Some(1), "{:?} of {}", file.stmt(stmt), file.text(file.stmt_span(body)));
    }
    assert!(entries.is_empty());
}

/// The statements of a body but those of literals, the blocks of control clauses and clauses themselves.
fn statements(file: &File, body: StmtId) -> BTreeSet<StmtId> {
    let mut found = BTreeSet::new();
    let mut parts = BTreeSet::from([body]);
    walk(file, Node::Stmt(body), |node| {
        match node {
            Node::Expr(_) => return Descend::Over,
            Node::Stmt(id) => {
                if !parts.contains(&id) {
                    found.insert(id);
                }
                match *file.stmt(id) {
                    Stmt::If { body, els, .. } => {
                        parts.insert(body);
                        parts.extend(els.filter(|els| matches!(file.stmt(*els), Stmt::Block { .. })));
                    }
                    Stmt::For { body, .. } | Stmt::Range { body, .. } => drop(parts.insert(body)),
                    Stmt::Switch { body, .. } | Stmt::TypeSwitch { body, .. } | Stmt::Select { body } => {
                        parts.insert(body);
                        parts.extend(file.block(body));
                    }
                    _ => {}
                }
            }
            Node::Decl(_)
            | Node::File
            | Node::Spec(_)
            | Node::FieldList(_)
            | Node::Field(_)
            | Node::Ident(_)
            | Node::ImportPath(_)
            | Node::CommentGroup(_)
            | Node::Comment(_) => {}
        }
        Descend::Into
    });
    found
}

/// The source with one to three tokens taken away, doubled, exchanged or replaced by one that control hangs on.
fn mutant(source: &[u8], random: &mut Random) -> Vec<u8> {
    let mut lexer = Lexer::new(source);
    let mut tokens = Vec::new();
    loop {
        lexer.scan();
        match lexer.token == Token::Eof {
            true => break,
            false if lexer.token != Token::Comment && !(lexer.token == Token::Semicolon && lexer.implicit) => {
                tokens.push((lexer.start as usize, lexer.end as usize));
            }
            false => {}
        }
    }
    let words: [&[u8]; 14] = [
        b"break",
        b"continue",
        b"goto L",
        b"fallthrough",
        b"return",
        b"{",
        b"}",
        b"case",
        b"default:",
        b"L:",
        b"select",
        b"for",
        b";",
        b"<-",
    ];
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut end = 0;
    for (start, stop) in &tokens {
        texts.push(source[end..*start].to_vec());
        texts.push(source[*start..*stop].to_vec());
        end = *stop;
    }
    texts.push(source[end..].to_vec());
    for _ in 0..=random.below(3) {
        let (place, other) = (2 * random.below(tokens.len().max(1)) + 1, 2 * random.below(tokens.len().max(1)) + 1);
        if place.max(other) >= texts.len() {
            continue;
        }
        match random.below(5) {
            0 => texts[place].clear(),
            1 => texts.swap(place, other),
            2 => texts[place] = texts.get(other).cloned().unwrap_or_default(),
            3 => texts[place] = [b" ", words[random.below(words.len())], b" "].concat(),
            _ => texts[place - 1] = [b"\n", words[random.below(words.len())], b"\n"].concat(),
        }
    }
    texts.concat()
}
