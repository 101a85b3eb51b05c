//! House tasks: `cargo xtask test | tidy | fixtures | docs | ui | bench | soak`.

mod bench;
mod bench_diff;
mod bench_flame;
mod bench_live;
mod bench_live_proof;
mod bench_profiles;
mod bench_runlog;
mod bench_store;
mod bench_timeline;
mod bench_traces;
mod docs;
mod fixtures;
mod fixtures_beside;
mod fixtures_costs;
mod fixtures_diff;
mod fixtures_profiles;
mod fixtures_runlog;
mod fixtures_runtime;
mod fixtures_services;
mod fixtures_traces;
mod fuzz;
mod go_module;
mod kernels;
mod offsets;
mod reference;
mod soak;
mod soak_live;
mod soak_services;
mod soak_tests;
mod summary;
mod test;
mod tidy;
mod told;
mod ui;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>
  test      everything a change must pass, installing what it needs
  tidy      house rules: crate arrows, pattern folders, file sizes
  fixtures  record dumps from the kernels and services on every Go version
  fixtures-beside  record a trace with CPU profiles and profiles of allocations taken beside it, on three Go versions
  fixtures-costs  record what the compiler and the profiler say of a program whose costs are known, on every Go version
  fixtures-diff  record pairs that `goherd diff` is tested with; with --traces the execution traces only
  fixtures-profiles  record profiles of every kind on every Go version
  fixtures-runlog  record what the runtime prints of itself in healthy and sick scenarios, on three Go versions, and old forms
  fixtures-runtime  record the runtime's log and allocation profiles of the kernels that show in those, on three Go versions
  fixtures-services  record the testbed's services and the demo's incident
  fixtures-traces  record execution traces on every Go version since 1.22
  kernels   build and vet the kernels that source alone shows, on every Go version
  offsets   where each Go version's runtime keeps what, for reading live processes
  reference  figures of scipy and statsmodels that statistics are held against; with --check compare only
  std       the declarations of the standard library that goherd carries; with --check fail when they are stale
  docs      schema and pattern pages, written from the code
  ui        build the viewer into ui/dist; with --check test it and fail when ui/dist is stale
  fuzz      fuzz each format for some seconds
  bench     measure against peers, write bench/RESULTS.md: dumps, or with profiles, flame, traces, timeline, runlog, store, live and proof those
  soak      long runs, write bench/SOAK.md: fuzz, traces, runlog, churn, kill, delivery, services, live
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = args.split_first().map_or(("", &[][..]), |(task, rest)| (task.as_str(), rest));
    let done = match task {
        "bench" => bench::run(rest),
        "docs" => docs::run(rest),
        "fuzz" => fuzz::run(rest),
        "kernels" => kernels::run(rest),
        "offsets" => offsets::run(rest),
        "reference" => reference::run(rest),
        "soak" => soak::run(rest),
        "std" => summary::run(rest),
        "test" => test::run(rest),
        "tidy" => tidy::run(rest),
        "ui" => ui::run(rest),
        "fixtures" => fixtures::run(rest),
        "fixtures-beside" => fixtures_beside::run(rest),
        "fixtures-costs" => fixtures_costs::run(rest),
        "fixtures-diff" => fixtures_diff::run(rest),
        "fixtures-profiles" => fixtures_profiles::run(rest),
        "fixtures-runlog" => fixtures_runlog::run(rest),
        "fixtures-runtime" => fixtures_runtime::run(rest),
        "fixtures-services" => fixtures_services::run(rest),
        "fixtures-traces" => fixtures_traces::run(rest),
        _ => {
            anstream::eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("xtask {task}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
