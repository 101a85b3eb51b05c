//! House tasks: `cargo xtask test | tidy | fixtures | docs | ui | bench | soak`.

mod bench;
mod bench_live;
mod bench_live_proof;
mod docs;
mod fixtures;
mod fixtures_services;
mod fuzz;
mod offsets;
mod soak;
mod soak_live;
mod soak_services;
mod soak_tests;
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
  fixtures-services  record the testbed's services and the demo's incident
  offsets   where each Go version's runtime keeps what, for reading live processes
  docs      schema and pattern pages, written from the code
  ui        build the viewer into ui/dist; with --check test it and fail when ui/dist is stale
  fuzz      fuzz each format for some seconds
  bench     measure against peers, write bench/RESULTS.md: dumps, or with live and proof processes
  soak      long runs, write bench/SOAK.md: fuzz, churn, kill, services, live
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = args.split_first().map_or(("", &[][..]), |(task, rest)| (task.as_str(), rest));
    let done = match task {
        "bench" => bench::run(rest),
        "docs" => docs::run(rest),
        "fuzz" => fuzz::run(rest),
        "offsets" => offsets::run(rest),
        "soak" => soak::run(rest),
        "test" => test::run(rest),
        "tidy" => tidy::run(rest),
        "ui" => ui::run(rest),
        "fixtures" => fixtures::run(rest),
        "fixtures-services" => fixtures_services::run(rest),
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
