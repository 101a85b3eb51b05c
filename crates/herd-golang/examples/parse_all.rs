//! Parses every Go file below folders: `parse_all [--mode full|declarations|imports] [--oracle] FOLDER…` prints files, megabytes, seconds of
//! CPU of one thread and failures; with `--oracle` it holds every file against go/parser instead, and exits with 1 where they differ.
//! `--no-testdata` leaves folders of that name out.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "a bench talks to who runs it")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use herd_golang::{Interner, Mode, parse};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use support::{Oracle, Verdict, go_files, own_verdict};

fn main() -> ExitCode {
    let mut mode = Mode::Full;
    let (mut oracle, mut testdata) = (false, true);
    let mut files: Vec<PathBuf> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--oracle" => oracle = true,
            "--no-testdata" => testdata = false,
            "--mode" => {
                mode = match arguments.next().as_deref() {
                    Some("declarations") => Mode::Declarations,
                    Some("imports") => Mode::Imports,
                    _ => Mode::Full,
                }
            }
            folder => files.extend(go_files(folder.as_ref())),
        }
    }
    if !testdata {
        files.retain(|path| !path.components().any(|part| part.as_os_str() == "testdata"));
    }
    if oracle { compare(&files) } else { measure(&files, mode) }
}

fn measure(files: &[PathBuf], mode: Mode) -> ExitCode {
    let sources: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let bytes: usize = sources.iter().map(Vec::len).sum();
    let names = Interner::new();
    let (mut failures, mut exprs, mut stmts) = (0, 0, 0);
    let start = cpu_seconds();
    for source in sources {
        let file = parse(source, &names, mode);
        failures += usize::from(!file.errors.is_empty());
        exprs += file.expr_count();
        stmts += file.stmt_count();
    }
    let seconds = cpu_seconds() - start;
    let megabytes = bytes as f64 / 1e6;
    println!(
        "{} files, {megabytes:.1} MB, {seconds:.3} CPU s, {:.1} MB per CPU s, {failures} failures; {exprs} expressions, {stmts} statements, {} names",
        files.len(),
        megabytes / seconds,
        names.count()
    );
    ExitCode::SUCCESS
}

/// User and system time of the process.
fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
}

fn compare(files: &[PathBuf]) -> ExitCode {
    let folder = std::env::temp_dir();
    let oracle = Oracle::build(&folder);
    let names = Interner::new();
    let (mut whole, mut broken, mut nodes, mut verdicts, mut places, mut first_errors) = (0, 0, 0, 0, 0, 0);
    for (path, theirs) in files.iter().zip(oracle.judge(files)) {
        let file = parse(std::fs::read(path).unwrap(), &names, Mode::Full);
        match (own_verdict(&file), theirs) {
            (Verdict::Whole { nodes: own, hash }, Verdict::Whole { nodes: count, hash: other }) => {
                whole += 1;
                nodes += count;
                if (own, hash) != (count, other) {
                    places += 1;
                    println!("{}: other nodes or places", path.display());
                }
            }
            (Verdict::Broken { offset, .. }, Verdict::Broken { offset: other, .. }) => {
                broken += 1;
                first_errors += usize::from(offset == other);
            }
            (own, theirs) => {
                verdicts += 1;
                println!("{}: {own:?}, but go/parser {theirs:?}", path.display());
            }
        }
    }
    println!(
        "against go/parser of Go {}: {} files; {whole} whole in both, {nodes} nodes, {places} differ in places; {broken} refused by both, {first_errors} with the first error at one place; {verdicts} judged otherwise",
        oracle.minor,
        files.len(),
    );
    if places + verdicts == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
