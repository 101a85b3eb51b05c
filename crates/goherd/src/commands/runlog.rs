//! `goherd runlog`: what the Go runtime printed of itself, judged.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use herd_model::{Envelope, RuntimeLogs, Target as Looked, TargetKind};
use herd_sinks::Format;
use herd_sources::{Options, Target, runtime_log};

use crate::args::GlobalArgs;
use crate::args_runlog::RunlogArgs;
use crate::commands::doctor::exit;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output};

/// Time between two judgements of a log that is followed; a judgement takes milliseconds.
const JUDGE_EVERY: Duration = Duration::from_secs(1);

/// Reads, judges, prints.
pub fn run(args: &RunlogArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Concise)?;
    let target = Target::parse(&args.target).map_err(ExpectedError::from)?;
    let mut follower = args.follow.then(|| Follower::new(&target, global));
    let mut tell = |logs: &RuntimeLogs| {
        if let Some(follower) = &mut follower {
            follower.look(logs);
        }
    };
    let read = runtime_log(&target, &Options::default(), collect::cancel_flag(), &mut tell).map_err(ExpectedError::from)?;
    let mut envelope = Envelope::new("runlog", env!("CARGO_PKG_VERSION"));
    let looked = looked(&read.name, read.kind, read.logs.bytes);
    herd_diagnose::runlog(&read.logs, &looked, &mut envelope);
    envelope.targets.push(looked);
    let exit = exit(&envelope, global);
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    // Ctrl-C is how following ends; it says nothing of the answer.
    Ok(if read.interrupted && !args.follow { Exit::Interrupted } else { exit })
}

fn looked(name: &str, kind: TargetKind, bytes: u64) -> Looked {
    Looked { kind, name: name.to_owned(), go_version: None, witnesses: Vec::new(), bytes, looked_s: None, cost: None }
}

/// Tells each finding once, when it first shows.
struct Follower {
    looked: Looked,
    lang: herd_sinks::Lang,
    judged_at: Option<Instant>,
    told: BTreeSet<String>,
}

impl Follower {
    fn new(target: &Target, global: &GlobalArgs) -> Self {
        let looked = looked(&target.name, target.kind(), 0);
        Follower { looked, lang: output::lang(global), judged_at: None, told: BTreeSet::new() }
    }

    fn look(&mut self, logs: &RuntimeLogs) {
        if self.judged_at.is_some_and(|at| at.elapsed() < JUDGE_EVERY) {
            return;
        }
        self.judged_at = Some(Instant::now());
        let mut envelope = Envelope::new("runlog", env!("CARGO_PKG_VERSION"));
        herd_diagnose::runlog(logs, &self.looked, &mut envelope);
        let say = herd_sinks::messages(self.lang);
        let patterns = output::pattern_words();
        for finding in &envelope.findings {
            if !self.told.insert(finding.fingerprint.clone()) {
                continue;
            }
            let facts: Vec<String> = finding.evidence.iter().map(|fact| say.evidence(&finding.id, fact)).collect();
            let words = patterns.iter().find(|pattern| pattern.id == finding.id).map(|pattern| &pattern.words);
            let own = words.and_then(|words| words.iter().find(|(lang, _)| *lang == self.lang));
            let title = own.map_or(&finding.title, |(_, words)| &words.title);
            anstream::eprintln!("goherd: {} {title}: {}", finding.id, facts.join("; "));
        }
    }
}
