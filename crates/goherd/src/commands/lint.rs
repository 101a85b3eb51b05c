//! `goherd lint`: concurrency faults in Go source.

use std::path::{Path, PathBuf};

use herd_diagnose::lint;
use herd_golang::load::{Context, Tests};
use herd_sinks::Format;

use crate::args::GlobalArgs;
use crate::args_lint::LintArgs;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::output;

/// Goes through the packages and prints what was found.
pub fn run(args: &LintArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let folder = folder_of(&args.dir, "--dir")?;
    let mut context = Context::from_env();
    context.tests = if args.no_tests { Tests::None } else { Tests::Named };
    context.tags.extend(args.tags.iter().map(|tag| tag.as_str().into()));
    let all = ["./...".to_owned()];
    let packages = if args.packages.is_empty() { &all[..] } else { &args.packages };
    let patterns: Vec<&str> = packages.iter().map(String::as_str).collect();
    let mut envelope = lint::lint(&folder, &patterns, &context, args.spawns, env!("CARGO_PKG_VERSION"));
    let failing = |severity| global.fail_on.severity().is_some_and(|least| severity >= least);
    let is_read = envelope.lint.as_ref().is_some_and(|report| report.packages > 0);
    let exit = if !is_read {
        Exit::Target
    } else if args.spawns {
        // A list is no judgement.
        Exit::Healthy
    } else if envelope.findings.iter().any(|finding| failing(finding.severity)) {
        Exit::Findings
    } else {
        Exit::Healthy
    };
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}

/// A folder that is there, from the root on.
pub fn folder_of(folder: &Path, option: &'static str) -> Result<PathBuf, ExpectedError> {
    std::path::absolute(folder).ok().filter(|folder| folder.is_dir()).ok_or_else(|| ExpectedError::Option {
        option,
        why: format!("{} is no folder", folder.display()),
        next: "Give a folder of a Go module.".into(),
    })
}
