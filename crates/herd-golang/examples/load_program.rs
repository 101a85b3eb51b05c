//! Loads a program and prints what was found and what it cost.
//!
//! `load_program [--tests] [--graph] [--times N] [--compare] FOLDER PATTERN…`: `--times` loads it N times and prints the median of CPU seconds;
//! `--compare` holds the load against `go list -e -deps` instead, and panics where they differ.
#![allow(clippy::print_stdout, clippy::unwrap_used, dead_code, reason = "a bench talks to who runs it")]

#[path = "../tests/load/go.rs"]
mod go;

use std::path::PathBuf;
use std::time::Instant;

use herd_golang::load::{Context, Graph, Program, Tests, program};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

fn main() {
    let mut context = Context::from_env();
    let (mut times, mut compare) = (1, false);
    let mut words: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--tests" => context.tests = Tests::Named,
            "--graph" => context.graph = Graph::Always,
            "--compare" => compare = true,
            "--times" => times = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1),
            _ => words.push(argument),
        }
    }
    let folder = PathBuf::from(words.first().expect("a folder"));
    let patterns: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    if compare {
        let mut question = go::Question::new(&folder, &patterns);
        question.tests = context.tests == Tests::Named;
        let (packages, files) = go::compare(&question);
        let modules = if context.graph == Graph::Always { go::compare_modules(&question) } else { 0 };
        println!("{packages} packages, {files} files, {modules} modules: as go list has them");
        return;
    }
    let mut costs: Vec<(f64, f64)> = (0..times).map(|_| measured(&folder, &patterns, &context).1).collect();
    costs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (loaded, _) = measured(&folder, &patterns, &context);
    tell(&loaded);
    if let Some((cpu, wall)) = costs.get(costs.len() / 2) {
        println!("{cpu:.3} CPU s, {wall:.3} s on the clock, the median of {times}");
    }
}

fn measured(folder: &std::path::Path, patterns: &[&str], context: &Context) -> (Program, (f64, f64)) {
    let (cpu, clock) = (cpu_seconds(), Instant::now());
    let loaded = program(folder, patterns, context);
    (loaded, (cpu_seconds() - cpu, clock.elapsed().as_secs_f64()))
}

/// User and system time of the process.
fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
}

fn tell(loaded: &Program) {
    println!("{:?}", loaded.coverage());
    println!("{} packages named, {} modules known, graph read: {}", loaded.named, loaded.modules.len(), loaded.modules_complete);
    for note in loaded.notes.iter().take(20) {
        println!("{}:{}: {} ({})", note.file.display(), note.line, note.text, note.next);
    }
    println!("{} notes", loaded.notes.len());
}
