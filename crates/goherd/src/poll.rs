//! Asks a command, while it runs, for what it serves of its runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::anyhow;
use herd_formats::served;
use herd_model::RuntimeMetrics;
use herd_sources::{CancelFlag, Options, SourceError, Target, document};

/// Between two questions.
const EVERY: Duration = Duration::from_millis(250);
/// The most one answer may take.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Answers kept of one run: four hours and a half.
const ANSWERS_MAX: usize = 1 << 16;
/// Where Go processes serve their runtime.
const PATHS: [&str; 2] = ["/debug/vars", "/metrics"];

/// Where to ask, one place or the usual ones.
#[derive(Clone, Debug)]
pub struct Asked {
    targets: Vec<Target>,
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Polled {
    /// In the order they came.
    pub answers: Vec<RuntimeMetrics>,
    /// Why the last question was not answered, where none was.
    pub silence: Option<String>,
}

/// One run's questions, asked by a thread of their own.
pub struct Poller {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Polled>,
}

/// Reads an address; one without a path is asked at the usual ones.
///
/// # Errors
/// What is no address of a service.
pub fn asked(url: &str) -> Result<Asked, SourceError> {
    let bare = url.trim_end_matches('/');
    let host = bare.split_once("://").map_or(bare, |(_, host)| host);
    let texts: Vec<String> =
        if host.contains('/') { vec![bare.to_owned()] } else { PATHS.iter().map(|path| format!("{bare}{path}")).collect() };
    let targets = texts.iter().map(|text| Target::parse(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(Asked { targets })
}

/// Whether all of it is addresses of services.
pub fn is_live(asked: &Asked) -> bool {
    asked.targets.iter().all(|target| target.kind() == herd_model::TargetKind::Url)
}

/// Asks once, for a process that should not be there yet.
pub fn answers(asked: &Asked) -> bool {
    let cancel = CancelFlag::new();
    asked.targets.iter().any(|target| document(target, &options(), &cancel).is_ok())
}

/// Begins to ask.
pub fn start(asked: &Asked) -> Poller {
    let ended = Arc::new(AtomicBool::new(false));
    let (asked, told) = (asked.clone(), ended.clone());
    Poller { ended, thread: std::thread::spawn(move || poll(&asked, &told)) }
}

impl Poller {
    /// Ends the questions and gives the answers. Takes as long as one answer may.
    pub fn finish(self) -> anyhow::Result<Polled> {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the thread that asks the command has failed"))
    }
}

fn poll(asked: &Asked, ended: &AtomicBool) -> Polled {
    let mut polled = Polled::default();
    let mut targets = asked.targets.clone();
    let cancel = CancelFlag::new();
    while !ended.load(Ordering::Relaxed) && polled.answers.len() < ANSWERS_MAX {
        for at in 0..targets.len() {
            match document(&targets[at], &options(), &cancel) {
                Ok(text) => match served::read(&text.bytes) {
                    Some(metrics) => {
                        polled.answers.push(metrics);
                        // The place that tells is asked alone from then on.
                        targets = vec![targets.swap_remove(at)];
                        break;
                    }
                    None => polled.silence = Some(format!("{} tells nothing of the Go runtime", text.name)),
                },
                // It has not begun to serve yet, or has ended.
                Err(error) => polled.silence = Some(error.to_string()),
            }
        }
        std::thread::sleep(EVERY);
    }
    if !polled.answers.is_empty() {
        polled.silence = None;
    }
    polled
}

fn options() -> Options {
    Options { timeout: TIMEOUT, ..Options::default() }
}
