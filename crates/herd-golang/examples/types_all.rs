//! Finds out the types of all expressions of a program and prints what it cost and how much is known.
//!
//! `types_all [--tests] [--threads N] [--compare] [--hide N] [--goroot PATH] FOLDER PATTERN…`: `--compare` holds the answers against go/types instead, and
//! exits with 1 where they differ; `--hide` then lets one import of N lead nowhere, and `--goroot` names another standard
//! library than that of the toolchain go/types is taken from.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench talks to who runs it")]

#[path = "../tests/types/oracle.rs"]
mod oracle;
#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use herd_golang::Interner;
use herd_golang::load::{Context, PackageId, Tests, program};
use herd_golang::types::{Types, Unit, check};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use rayon::prelude::*;

fn main() -> ExitCode {
    let (mut tests, mut against, mut threads, mut hide_one_in, mut goroot) = (false, false, 1, None, None);
    let mut words: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--tests" => tests = true,
            "--compare" => against = true,
            "--hide" => hide_one_in = arguments.next().and_then(|count| count.parse().ok()),
            "--goroot" => goroot = arguments.next().map(PathBuf::from),
            "--threads" => threads = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1),
            _ => words.push(argument),
        }
    }
    let folder = PathBuf::from(words.first().expect("a folder"));
    let patterns: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    if against {
        let goroot = goroot.or_else(|| Some(oracle::go_roots().pop()?.1)).expect("a toolchain");
        let question =
            oracle::Question { folder: &folder, patterns: &patterns, tests, goroot: &goroot, hide_one_in, system: None };
        return compare(&question);
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().unwrap();
    measure(&folder, &patterns, tests);
    ExitCode::SUCCESS
}

fn compare(question: &oracle::Question<'_>) -> ExitCode {
    let answer = oracle::compare(question);
    for line in answer.wrong.iter().take(200) {
        println!("{line}");
    }
    for line in answer.examples.iter().take(200) {
        println!("unknown: {line}");
    }
    println!(
        "{} packages, {} files; {} expressions, {} unknown ({:.3} %); {} names, {} unknown; {} selections; {} instances, {} unknown; {} constants, {} unknown; {} differ",
        answer.packages,
        answer.files,
        answer.expressions,
        answer.unknown,
        answer.unknown as f64 * 100.0 / answer.expressions.max(1) as f64,
        answer.names,
        answer.names_unknown,
        answer.selections,
        answer.instances,
        answer.instances_unknown,
        answer.constants,
        answer.constants_unknown,
        answer.wrong.len(),
    );
    if answer.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(folder: &std::path::Path, patterns: &[&str], tests: bool) {
    let mut context = Context::from_env();
    context.tests = if tests { Tests::Named } else { Tests::None };
    let (start, clock) = (cpu_seconds(), Instant::now());
    let loaded = program(folder, patterns, &context);
    let names = Interner::new();
    let types = Types::new(&loaded, &names);
    println!("{} packages, {} named: {:.3} CPU s to load", loaded.packages.len(), loaded.named, cpu_seconds() - start);
    let packages: Vec<PackageId> = (0..loaded.named).map(|index| PackageId(index as u32)).collect();
    let read = cpu_seconds();
    packages.par_iter().for_each(|id| types.read(*id));
    let reading = cpu_seconds() - read;
    println!("{reading:.3} CPU s to read the named packages");
    let start = cpu_seconds();
    let units: &[Unit] = if tests { &[Unit::WithTests, Unit::ExternalTests] } else { &[Unit::Package] };
    let one = |id: &PackageId| {
        let mut sums = (0_usize, 0_usize, 0_usize);
        for file in units.iter().flat_map(|unit| check(&types, *id, *unit).files) {
            sums.0 += file.file.source.len();
            sums.1 += file.coverage.expressions as usize;
            sums.2 += file.coverage.unknown as usize;
        }
        sums
    };
    let add = |a: (usize, usize, usize), b: (usize, usize, usize)| (a.0 + b.0, a.1 + b.1, a.2 + b.2);
    let (bytes, expressions, unknown) = packages.par_iter().map(one).reduce(|| (0, 0, 0), add);
    let checking = cpu_seconds() - start;
    let again = cpu_seconds();
    packages.par_iter().map(one).reduce(|| (0, 0, 0), add);
    let again = cpu_seconds() - again;
    let (dependencies, dependency_bytes) = types.read_so_far(loaded.named);
    println!(
        "{:.1} MB, {expressions} expressions, {:.3} % known; {checking:.3} CPU s for types with {dependencies} dependencies ({:.1} MB), {again:.3} once these are known; {:?} types and declarations, {} names; {:.3} s on the clock, {:.0} MB resident at most",
        bytes as f64 / 1e6,
        100.0 - unknown as f64 * 100.0 / expressions.max(1) as f64,
        dependency_bytes as f64 / 1e6,
        types.counts(),
        names.count(),
        clock.elapsed().as_secs_f64(),
        getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss() as f64 * 1024.0 / 1e6,
    );
}

/// User and system time of the process.
fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
}
