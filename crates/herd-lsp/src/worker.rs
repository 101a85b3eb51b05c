//! A thread that lints, so that the editor is answered meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use herd_diagnose::lint::{Options, lint_with};
use herd_diagnose::lint_rules::{Choice, Rules};
use herd_golang::load::{Context, Tests};
use herd_model::Finding;

use crate::documents::Documents;

/// Types nest deeper than the stack of a thread is by default.
const STACK_BYTES: usize = 16 << 20;

/// A package to lint.
pub struct Job {
    /// Its folder.
    pub folder: PathBuf,
    /// Buffers that stand for files.
    pub buffers: Documents,
}

/// A package that was linted.
pub struct Linted {
    /// Its folder, from which files are named.
    pub folder: PathBuf,
    /// The buffers it was linted with.
    pub buffers: Documents,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// The thread, from outside.
pub struct Worker {
    /// Version of goherd.
    pub version: String,
    /// Whether it lints.
    pub is_busy: bool,
    /// What comes of it: a package, or why there is none.
    pub done: Receiver<Result<Linted, String>>,
    jobs: Sender<Job>,
}

impl Worker {
    /// Starts the thread; it ends once the worker is dropped and nothing is left to do.
    pub fn start(version: String) -> std::io::Result<Self> {
        let (jobs, asked) = bounded::<Job>(1);
        let (tell, done) = bounded(1);
        let own = version.clone();
        thread::Builder::new().name("lint".to_owned()).stack_size(STACK_BYTES).spawn(move || {
            for job in asked {
                let folder = job.folder.display().to_string();
                // A fault of goherd's own must not take the editor's server away.
                let linted = catch_unwind(AssertUnwindSafe(|| lint(job, &own)));
                let linted = linted.unwrap_or_else(|_| Err(format!("{folder} could not be linted: a fault in goherd")));
                if tell.send(linted).is_err() {
                    return;
                }
            }
        })?;
        Ok(Worker { version, is_busy: false, done, jobs })
    }

    /// Hands over a package.
    pub fn lint(&mut self, job: Job) {
        self.is_busy = self.jobs.send(job).is_ok();
    }
}

fn lint(job: Job, version: &str) -> Result<Linted, String> {
    let Job { folder, buffers } = job;
    let file = herd_config::find(&folder);
    let config = file.as_deref().map(herd_config::read).transpose().map_err(|error| error.to_string())?.unwrap_or_default();
    let rules = Rules::of(&Choice::of(&config)).map_err(|unknown| format!("no rule is called `{}`", unknown.name))?;
    let mut context = Context::from_env();
    context.tests = if config.lint.tests.unwrap_or(true) { Tests::Named } else { Tests::None };
    context.tags.extend(config.lint.tags.iter().map(|tag| tag.as_str().into()));
    context.overlay = buffers.overlay.clone();
    let options = Options { context: &context, rules: &rules, unused: false, spawns: false, deadlines: false, version };
    let findings = lint_with(&folder, &["."], &options).findings;
    Ok(Linted { folder, buffers, findings })
}
