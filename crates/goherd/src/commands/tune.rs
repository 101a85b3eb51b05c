//! `goherd tune`: what settings of the Go runtime do to a command, and which is worth it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use herd_analysis::tune::{Run, collections, order, tune};
use herd_model::{Envelope, RuntimeMetrics, TuneSetting, Verdict};
use herd_sinks::Format;
use herd_sources::SourceError;
use regex_lite::Regex;

use crate::args::GlobalArgs;
use crate::args_tune::TuneArgs;
use crate::child::{self, Asked, Ended};
use crate::error::{ExpectedError, printable};
use crate::exit::Exit;
use crate::poll::{self, Polled};
use crate::progress::Progress;
use crate::{collect, output};

/// Settings that are tried at most: each takes some runs.
const SETTINGS_MAX: usize = 64;
/// Values of GOGC where nothing is asked for.
const GOGC: [&str; 4] = ["50", "100", "200", "400"];

/// Runs the command under every setting, in an order of chance, and advises.
pub fn run(args: &TuneArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let settings = settings(args)?;
    let figure = match &args.throughput {
        Some(text) => Some(Regex::new(text).map_err(|why| ExpectedError::Option {
            option: "--throughput",
            why: format!("`{text}` is no regular expression: {why}"),
            next: "Write one with a group around the number: `([0-9.]+) req/s`.".into(),
        })?),
        None => None,
    };
    if let Some(folder) = &args.keep {
        std::fs::create_dir_all(folder).map_err(|why| ExpectedError::Output { path: folder.clone(), why })?;
    }
    let url = args.url.as_deref().map(served_at).transpose()?;
    let order = order(settings.len(), args.runs as usize, args.seed);
    let progress = Progress::start(global.quiet || global.redact, output::lang(global));
    let mut runs = Vec::with_capacity(order.len());
    for (at, setting) in order.iter().enumerate() {
        if collect::cancel_flag().is_cancelled() {
            return Err(ExpectedError::Source(SourceError::Interrupted).into());
        }
        progress.running(&called(&settings[*setting]), at + 1, order.len());
        let keep = args.keep.as_ref().map(|folder| kept(folder, at + 1, &settings[*setting]));
        let environment = environment(&settings[*setting]);
        let asked = Asked {
            command: &args.command,
            environment: &environment,
            span: args.span,
            grace: args.grace,
            figure: figure.as_ref(),
            keep: keep.as_deref(),
        };
        let asking = url.as_ref().map(poll::start);
        let ended = child::run(&asked, collect::cancel_flag());
        let polled = asking.map(poll::Poller::finish).transpose()?;
        let ended = ended.map_err(|why| not_run(args, &why))?.ok_or(ExpectedError::Source(SourceError::Interrupted))?;
        let mut run = measured(args, &settings[*setting], *setting, ended, global)?;
        run.served = polled.map(|polled| served(args, &settings[*setting], polled)).transpose()?;
        runs.push(run);
    }
    progress.clear();
    let mut envelope = Envelope::new("tune", env!("CARGO_PKG_VERSION"));
    let report = tune(&args.command, &settings, base(&settings)?, args.runs as usize, args.seed, &runs);
    envelope.verdict = if report.advice.is_some() { Verdict::Healthy } else { Verdict::Inconclusive };
    envelope.tune = Some(report);
    let exit = output::gate_exit(envelope.verdict, global);
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}

/// Where the command will serve its runtime; nobody may be there before it.
fn served_at(url: &str) -> Result<poll::Asked, ExpectedError> {
    let refused = |why: String, next: &str| ExpectedError::Option { option: "--url", why, next: next.into() };
    let asked = poll::asked(url)?;
    if !poll::is_live(&asked) {
        return Err(refused(format!("`{url}` is no address of a service"), "Give one such as http://127.0.0.1:8080/debug/vars."));
    }
    if poll::answers(&asked) {
        let why = format!("{url} answers before the command runs: another process serves it");
        return Err(refused(why, "End that process, or let the command serve at another port."));
    }
    Ok(asked)
}

/// What a run served of its runtime.
fn served(args: &TuneArgs, setting: &TuneSetting, polled: Polled) -> Result<Vec<RuntimeMetrics>, ExpectedError> {
    if !polled.answers.is_empty() {
        return Ok(polled.answers);
    }
    let silence = polled.silence.unwrap_or_else(|| "it ended before it was asked".to_owned());
    Err(ExpectedError::Command {
        why: format!("{} served nothing of its runtime under {}: {silence}", args.command[0], called(setting)),
        next: "Give the address at which the command itself serves /debug/vars or /metrics, and let it run for a second or more."
            .into(),
    })
}

/// Every combination of the values given.
fn settings(args: &TuneArgs) -> Result<Vec<TuneSetting>, ExpectedError> {
    let nothing = args.gogc.is_empty() && args.memlimit.is_empty() && args.maxprocs.is_empty();
    let gogc: Vec<String> = if nothing { GOGC.map(str::to_owned).to_vec() } else { args.gogc.clone() };
    let mut settings: Vec<TuneSetting> = Vec::new();
    for gogc in some_or_none(&gogc) {
        for memlimit in some_or_none(&args.memlimit) {
            for maxprocs in some_or_none(&args.maxprocs) {
                let setting = TuneSetting { gogc: gogc.clone(), memlimit: memlimit.clone(), maxprocs };
                if !settings.contains(&setting) {
                    settings.push(setting);
                }
            }
        }
    }
    if settings.len() > SETTINGS_MAX {
        return Err(ExpectedError::Option {
            option: "--gogc, --memlimit, --maxprocs",
            why: format!("there are {} combinations, more than {SETTINGS_MAX}", settings.len()),
            next: "Try few values of each first, and more around the best.".into(),
        });
    }
    Ok(settings)
}

/// Each value, or once that there is none.
fn some_or_none<T: Clone>(values: &[T]) -> Vec<Option<T>> {
    if values.is_empty() { vec![None] } else { values.iter().cloned().map(Some).collect() }
}

/// The setting the command runs under by itself: that of goherd's own environment, else of the runtime; the first where none is.
fn base(settings: &[TuneSetting]) -> anyhow::Result<usize> {
    let cpus = std::thread::available_parallelism().context("count the CPUs")?;
    let own = |name: &str, or: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| or.to_owned());
    let (gogc, memlimit) = (own("GOGC", "100"), own("GOMEMLIMIT", "off"));
    let maxprocs = own("GOMAXPROCS", &cpus.to_string());
    let is_own = |setting: &TuneSetting| {
        setting.gogc.as_ref().is_none_or(|value| *value == gogc)
            && setting.memlimit.as_ref().is_none_or(|value| *value == memlimit)
            && setting.maxprocs.is_none_or(|value| value.to_string() == maxprocs)
    };
    Ok(settings.iter().position(is_own).unwrap_or_default())
}

/// What a run has in its environment on top of goherd's own. Of settings given twice in GODEBUG the last counts (`runtime/runtime1.go`,
/// `parsegodebug`).
fn environment(setting: &TuneSetting) -> Vec<(&'static str, String)> {
    let godebug = std::env::var("GODEBUG").ok().filter(|value| !value.is_empty());
    let mut environment = vec![("GODEBUG", godebug.map_or_else(|| "gctrace=1".to_owned(), |own| format!("{own},gctrace=1")))];
    environment.extend(variables(setting));
    environment
}

fn variables(setting: &TuneSetting) -> Vec<(&'static str, String)> {
    let maxprocs = setting.maxprocs.map(|procs| procs.to_string());
    let all = [("GOGC", setting.gogc.clone()), ("GOMEMLIMIT", setting.memlimit.clone()), ("GOMAXPROCS", maxprocs)];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn called(setting: &TuneSetting) -> String {
    let words: Vec<String> = variables(setting).iter().map(|(name, value)| format!("{name}={value}")).collect();
    words.join(" ")
}

/// `DIR/03-GOGC=50`, without an ending.
fn kept(folder: &Path, number: usize, setting: &TuneSetting) -> PathBuf {
    folder.join(format!("{number:02}-{}.", called(setting).replace(' ', "-")))
}

fn measured(
    args: &TuneArgs,
    setting: &TuneSetting,
    index: usize,
    ended: Ended,
    global: &GlobalArgs,
) -> Result<Run, ExpectedError> {
    if !ended.status.success() && !ended.stopped {
        if !global.redact {
            ended.last_lines.iter().for_each(|line| anstream::eprintln!("  {}", printable(line)));
        }
        let why = format!("{} ended under {} with {}", args.command[0], called(setting), ended.status);
        return Err(ExpectedError::Command { why, next: "Run it by itself with the same variables to see why.".into() });
    }
    if args.throughput.is_some() && ended.figure.is_none() {
        return Err(ExpectedError::Command {
            why: format!("{} printed nothing under {} that --throughput matches", args.command[0], called(setting)),
            next: "Look at what it prints with --keep DIR; the expression must match one line and find a number.".into(),
        });
    }
    let records: Vec<_> = ended.logs.processes.into_iter().flat_map(|process| process.gcs).collect();
    Ok(Run {
        setting: index,
        wall_s: ended.wall.as_secs_f64(),
        cpu_s: ended.cpu.as_secs_f64(),
        rss_bytes: ended.rss_bytes as f64,
        collections: collections(&records, ended.logs.lost + ended.logs.over_limit),
        throughput: ended.figure,
        served: None,
        stopped: ended.stopped,
    })
}

fn not_run(args: &TuneArgs, why: &anyhow::Error) -> ExpectedError {
    ExpectedError::Command {
        why: format!("{}: {why:#}", args.command[0]),
        next: "Give a program, by its path or in PATH, and its arguments after `--`.".into(),
    }
}
