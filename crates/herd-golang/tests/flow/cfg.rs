//! Which statements can be reached, whether the end can, whether anything returns: every function of the standard library against
//! golang.org/x/tools/go/cfg.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use herd_golang::ast::{Expr, ExprId, File, Stmt, StmtId};
use herd_golang::flow::{self, EdgeKind, Ends, Graph, Step};
use herd_golang::{Interner, Mode, known, parse};

use crate::oracle;
use crate::support::{go_files, go_roots};

/// Of the standard library every so many-th file is read, unless `GOHERD_TEST_FLOW_SAMPLE` names a number.
const SAMPLE: usize = 2;

#[test]
fn the_standard_library() {
    let sample = std::env::var("GOHERD_TEST_FLOW_SAMPLE").ok().and_then(|number| number.parse().ok()).unwrap_or(SAMPLE);
    let folder = tempfile::tempdir().expect("a folder");
    let (_, root) = go_roots().pop().expect("a toolchain");
    let mut paths = go_files(&root.join("src"));
    paths.retain(|path| !path.components().any(|part| part.as_os_str() == "testdata"));
    assert!(paths.len() > 5000);
    let paths: Vec<PathBuf> = paths.into_iter().step_by(sample).collect();
    let (functions, _) = compare(folder.path(), &paths);
    assert!(functions > 80_000 / sample, "{functions}");
}

/// Functions of odd control flow, much of which cannot be reached.
#[test]
fn functions_made_up_at_random() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("generated.go");
    std::fs::write(&path, oracle::generated(folder.path(), 11, 1000)).expect("a file");
    let (functions, dead) = compare(folder.path(), &[path]);
    assert!(functions > 3000 && dead > 1000, "{functions} {dead}");
}

/// Holds every function of files against go/cfg; tells how many there are, and how many statements cannot be reached.
fn compare(folder: &Path, paths: &[PathBuf]) -> (usize, usize) {
    let theirs = go_cfg(folder, paths);
    let names = Interner::new();
    let (mut functions, mut dead) = (0, 0);
    let mut differences = Vec::new();
    for path in paths {
        let file = parse(std::fs::read(path).expect("a file"), &names, Mode::Full);
        assert!(file.errors.is_empty());
        let theirs = &theirs[path.to_str().expect("a name")];
        let bodies = oracle::bodies(&file);
        assert_eq!(bodies.len(), theirs.len(), "{}", path.display());
        for (body, theirs) in bodies.into_iter().zip(theirs) {
            functions += 1;
            let graph = graph(&file, body);
            assert!(graph.sound, "{}:{}", path.display(), file.line(file.stmt_span(body).start));
            let own = summary(&file, body, &graph);
            dead += own.split(' ').count() - 5;
            if own != *theirs {
                differences.push(format!("{}: {own}, but go/cfg {theirs}", path.display()));
            }
        }
    }
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.join("\n"));
    (functions, dead)
}

/// The lines of each file.
fn go_cfg(folder: &Path, paths: &[PathBuf]) -> BTreeMap<String, Vec<String>> {
    let binary = oracle::built(folder);
    let mut child = Command::new(binary).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    let list: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let writer = std::thread::spawn(move || stdin.write_all(list.join("\n").as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads its list");
    assert!(output.status.success());
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut file = String::new();
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        match line.strip_prefix("file ") {
            Some(path) => {
                path.clone_into(&mut file);
                files.insert(file.clone(), Vec::new());
            }
            None => files.get_mut(&file).expect("a file comes first").push(line.to_owned()),
        }
    }
    files
}

/// Only a statement that calls `panic` does not return, as the oracle has it.
pub fn graph(file: &File, body: StmtId) -> Graph {
    let panics = |call: ExprId| matches!(*file.expr(call), Expr::Call { fun, .. } if is_panic(file, fun));
    flow::graph(file, body, &mut |call| if panics(call) { Ends::Panics } else { Ends::No })
}

fn is_panic(file: &File, fun: ExprId) -> bool {
    matches!(*file.expr(fun), Expr::Ident { name: known::PANIC })
}

/// The same line of this graph.
fn summary(file: &File, body: StmtId, graph: &Graph) -> String {
    let (mut live, mut dead) = (Vec::new(), Vec::new());
    // A clause's communication belongs to its `select`.
    let communications: Vec<StmtId> = graph
        .stmts
        .iter()
        .filter_map(|(stmt, _)| if let Stmt::Select { body } = *file.stmt(*stmt) { Some(file.block(body)) } else { None })
        .flatten()
        .filter_map(|clause| if let Stmt::Comm { comm, .. } = *file.stmt(*clause) { comm } else { None })
        .collect();
    for (stmt, block) in &graph.stmts {
        let simple = matches!(
            file.stmt(*stmt),
            Stmt::Expr { .. }
                | Stmt::Send { .. }
                | Stmt::IncDec { .. }
                | Stmt::Assign { .. }
                | Stmt::Go { .. }
                | Stmt::Defer { .. }
                | Stmt::Return { .. }
        );
        if simple && !communications.contains(stmt) {
            let offset = file.stmt_span(*stmt).start.offset();
            if graph.is_reachable(*block) { live.push(offset) } else { dead.push(offset) }
        }
    }
    live.sort_unstable();
    dead.sort_unstable();
    let falls = graph.edges_into(graph.exit).any(|edge| {
        let returns = matches!(graph.steps(edge.from).last(), Some(Step::Return(_)));
        assert_eq!(edge.kind, EdgeKind::Return);
        graph.is_reachable(edge.from) && !returns
    });
    let mut text = String::new();
    for offset in &live {
        writeln!(text, "{offset}").expect("memory");
    }
    let hash =
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut told = format!(
        "{} {} {} {} {hash:x}",
        file.stmt_span(body).start.offset(),
        i32::from(falls),
        i32::from(graph.is_reachable(graph.exit)),
        live.len()
    );
    for offset in dead {
        write!(told, " {offset}").expect("memory");
    }
    told
}
