//! Parses every Go file below folders and prints files, megabytes, seconds of CPU and failures.
//!
//! `parse_all [--mode full|declarations|imports] [--threads N] [--keep] [--no-testdata] [--oracle] FOLDER…`: `--keep` holds all trees until the
//! end, for the memory they take; `--no-testdata` leaves folders of that name out; `--oracle` holds every file against go/parser instead, and
//! exits with 1 where they differ.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "a bench talks to who runs it")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use herd_golang::{File, Interner, Mode, parse};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use support::{Oracle, Verdict, go_files, own_verdict};

fn main() -> ExitCode {
    let mut mode = Mode::Full;
    let (mut oracle, mut testdata, mut keep, mut threads) = (false, true, false, 1);
    let mut files: Vec<PathBuf> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--oracle" => oracle = true,
            "--no-testdata" => testdata = false,
            "--keep" => keep = true,
            "--threads" => threads = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1),
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
    if oracle { compare(&files) } else { measure(&files, mode, threads, keep) }
}

/// What one thread has done.
#[derive(Default)]
struct Done {
    kept: Vec<File>,
    failures: usize,
    exprs: usize,
    stmts: usize,
}

fn measure(files: &[PathBuf], mode: Mode, threads: usize, keep: bool) -> ExitCode {
    let sources: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let bytes: usize = sources.iter().map(Vec::len).sum();
    let resident = max_resident_mb();
    let names = Interner::new();
    let start = cpu_seconds();
    let queue = Mutex::new(sources.into_iter());
    let work = || {
        let mut done = Done::default();
        loop {
            let Some(source) = queue.lock().unwrap().next() else { return done };
            let file = parse(source, &names, mode);
            done.failures += usize::from(!file.errors.is_empty());
            done.exprs += file.expr_count();
            done.stmts += file.stmt_count();
            done.kept.extend(keep.then_some(file));
        }
    };
    let done: Vec<Done> = if threads == 1 {
        vec![work()]
    } else {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        })
    };
    let seconds = cpu_seconds() - start;
    let megabytes = bytes as f64 / 1e6;
    let sum = |figure: fn(&Done) -> usize| done.iter().map(figure).sum::<usize>();
    println!(
        "{} files, {megabytes:.1} MB, {seconds:.3} CPU s, {:.1} MB per CPU s, {} failures; {} expressions, {} statements, {} names; {:.0} MB resident at most, of which {resident:.0} before parsing",
        files.len(),
        megabytes / seconds,
        sum(|done| done.failures),
        sum(|done| done.exprs),
        sum(|done| done.stmts),
        names.count(),
        max_resident_mb(),
    );
    ExitCode::SUCCESS
}

fn max_resident_mb() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss() as f64 * 1024.0 / 1e6
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
