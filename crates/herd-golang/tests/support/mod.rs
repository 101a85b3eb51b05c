//! Go's own parser beside goherd's: the oracle of `testbed/go-oracle`, and the same figures from this side.
#![allow(dead_code, reason = "each test binary and example uses a part of it")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use herd_golang::ast::{File, Node};
use herd_golang::{Descend, walk};

/// What a parser makes of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is whole: its nodes, and a hash over their kinds and places.
    Whole { nodes: usize, hash: u64 },
    /// It is not: the first error.
    Broken { offset: i64, message: String },
}

/// The oracle, built by a Go toolchain.
pub struct Oracle {
    binary: PathBuf,
    /// Minor of the toolchain, `1.27`.
    pub minor: String,
}

/// GOROOTs by minor: those `GOHERD_TEST_GOROOTS` names (`1.21=PATH:1.22=PATH`, set by `cargo xtask test`), else the one of the `go` on the
/// PATH.
pub fn go_roots() -> Vec<(String, PathBuf)> {
    if let Ok(list) = std::env::var("GOHERD_TEST_GOROOTS") {
        let pairs = list.split(':').filter_map(|item| item.split_once('='));
        return pairs.map(|(minor, root)| (minor.to_owned(), PathBuf::from(root))).collect();
    }
    let output = Command::new("go").args(["env", "GOVERSION", "GOROOT"]).output().expect("go on the PATH");
    let text = String::from_utf8(output.stdout).expect("a version and a path");
    let (version, root) = text.trim().split_once('\n').expect("two lines");
    let minor = version.trim_start_matches("go").rsplit_once('.').map_or("", |(minor, _)| minor);
    vec![(minor.to_owned(), PathBuf::from(root))]
}

impl Oracle {
    /// Builds it with the newest toolchain there is, into a folder.
    pub fn build(folder: &Path) -> Self {
        let (minor, root) = go_roots().pop().expect("a toolchain");
        let binary = folder.join(format!("go-oracle-{minor}"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/go-oracle");
        let mut go = Command::new(root.join("bin/go"));
        go.args(["build", "-trimpath", "-o"]).arg(&binary).arg(".").current_dir(source);
        go.env("GOROOT", &root).env("GOTOOLCHAIN", "local").env("GOFLAGS", "-buildvcs=false");
        assert!(go.status().expect("go starts").success(), "the oracle does not build with Go {minor}");
        Self { binary, minor }
    }

    /// Whether it refuses only what its release does not know yet: methods with type parameters are Go 1.27.
    pub fn is_too_old_for(&self, theirs: &Verdict) -> bool {
        let known = self.minor.strip_prefix("1.").and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor >= 27);
        !known && matches!(theirs, Verdict::Broken { message, .. } if message == "method must have no type parameters")
    }

    /// What go/parser makes of files, in order.
    pub fn judge(&self, paths: &[PathBuf]) -> Vec<Verdict> {
        let text = self.run(&[], paths);
        let verdicts: Vec<Verdict> = text.lines().map(verdict).collect();
        assert_eq!(verdicts.len(), paths.len(), "a line for each file");
        verdicts
    }

    /// Every node of a file, a line each.
    pub fn nodes(&self, path: &Path) -> String {
        self.run(&["-full"], &[path.to_owned()])
    }

    /// What it prints when run with arguments, given paths.
    pub fn run(&self, arguments: &[&str], paths: &[PathBuf]) -> String {
        let mut oracle = Command::new(&self.binary);
        let mut child = oracle.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the oracle starts");
        let mut stdin = child.stdin.take().expect("piped");
        let list: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let writer = std::thread::spawn(move || stdin.write_all(list.join("\n").as_bytes()));
        let output = child.wait_with_output().expect("the oracle ends");
        writer.join().expect("no panic").expect("the oracle reads its list");
        assert!(output.status.success(), "the oracle failed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn verdict(line: &str) -> Verdict {
    let mut words = line.splitn(3, ' ');
    let (kind, number, rest) = (words.next(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match kind {
        Some("ok") => {
            let hash = u64::from_str_radix(rest, 16).expect("a hash");
            Verdict::Whole { nodes: number.parse().expect("a count"), hash }
        }
        _ => Verdict::Broken { offset: number.parse().expect("an offset"), message: rest.to_owned() },
    }
}

/// The same of a file that goherd has read.
pub fn own_verdict(file: &File) -> Verdict {
    if let Some(error) = file.errors.first() {
        return Verdict::Broken { offset: i64::from(error.offset), message: error.message.to_string() };
    }
    let text = own_nodes(file);
    let hash =
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Verdict::Whole { nodes: text.lines().count(), hash }
}

/// Every node, as the oracle prints them.
pub fn own_nodes(file: &File) -> String {
    let mut text = String::with_capacity(file.source.len() * 2);
    let mut print = |node: Node| {
        let span = file.span(node).expect("a whole file");
        let end = match node {
            Node::CommentGroup(id) => {
                let last = file.comment_indices(id).last().expect("no group is empty");
                comment_end(file, last)
            }
            Node::Comment(index) => comment_end(file, index),
            Node::File
            | Node::Decl(_)
            | Node::Spec(_)
            | Node::FieldList(_)
            | Node::Field(_)
            | Node::Stmt(_)
            | Node::Expr(_)
            | Node::Ident(_)
            | Node::ImportPath(_) => span.end.offset(),
        };
        writeln!(text, "{} {} {end}", walk::go_name(file, node), span.start.offset()).expect("memory");
        Descend::Into
    };
    walk(file, Node::File, &mut print);
    for group in file.all_comment_groups() {
        walk(file, Node::CommentGroup(group), &mut print);
    }
    text
}

/// Its end; 0 where it holds carriage returns, of which go/ast loses count.
fn comment_end(file: &File, index: u32) -> u32 {
    let span = file.comments[index as usize].span;
    if file.bytes(span).contains(&b'\r') { 0 } else { span.end.offset() }
}

/// Every `.go` file below a folder, in order; folders that are links are not entered.
pub fn go_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(_) if path.extension().is_some_and(|extension| extension == "go") && path.is_file() => files.push(path),
                Ok(_) | Err(_) => {}
            }
        }
    }
    files.sort();
    files
}
