//! What goherd's own Go module would do about a finding: said as one more way where the program requires the module already, and never
//! otherwise. A linter that sells its author's library is not believed.

use herd_golang::load::Program;
use herd_model::{Finding, Step};

/// The module's path.
const MODULE: &str = "github.com/goherd/goherd/go";

/// What is cured by starting the goroutine through a Runner: nobody stops it, nobody counts it, its panic ends the process.
const BY_RUNNER: &[&str] = &["LK005", "LO003", "LO005"];
/// What is cured by a pool that can be shut down.
const BY_POOL: &[&str] = &["LK012"];

/// Adds the way through the module to findings that it cures. Cost: linear in findings.
pub(crate) fn alternatives(findings: &mut [Finding], program: &Program) {
    // One that the program itself is, as the module's own packages, is no requirement.
    let required =
        program.modules.iter().any(|module| &*module.path == MODULE && module.kind != herd_golang::load::ModuleKind::Main);
    if !required {
        return;
    }
    for finding in findings {
        let id = &*finding.id.0;
        let words = if BY_RUNNER.contains(&id) {
            "or start it with Go of a runner.Runner, which the module requires already: its context ends with the Runner, a panic is an error, \
             and WaitTimeout names who does not stop"
        } else if BY_POOL.contains(&id) {
            "or hand the tasks to a pool.Pool, which the module requires already: Shutdown runs what it has and ends its workers"
        } else {
            continue;
        };
        let step = Step::words(words);
        finding.next.push(step.text());
        finding.steps.push(step);
    }
}
