//! What is going on, on stderr, when that is a terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use herd_diagnose::Event;
use herd_sinks::{Lang, Messages, messages};
use indicatif::{BinaryBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A spinner, or nothing.
pub struct Progress {
    bar: ProgressBar,
    say: Messages,
}

impl Progress {
    /// Starts to show, unless told not to or nobody is looking.
    pub fn start(quiet: bool, lang: Lang) -> Progress {
        let target =
            if quiet || !std::io::stderr().is_terminal() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress { bar, say: messages(lang) }
    }

    /// Shows what happens.
    pub fn tell(&self, event: &Event<'_>) {
        let say = &self.say;
        self.bar.set_message(match event {
            Event::Collecting { target, index: 1, of: 1 } => say.say_with("progress-asking", &[("target", target)]),
            Event::Collecting { target, index, of } => {
                let facts = [("target", *target), ("index", &*index.to_string()), ("of", &*of.to_string())];
                say.say_with("progress-round", &facts)
            }
            Event::Collected { target, goroutines, .. } => {
                let goroutines = say.count("goroutines", *goroutines);
                say.say_with("progress-collected", &[("target", target), ("goroutines", &goroutines)])
            }
            Event::Waiting { seconds } => say.say_with("progress-waiting", &[("seconds", &format!("{seconds:.0}"))]),
            Event::Judging => say.say("progress-judging"),
        });
    }

    /// Shows how much of a process's memory is written.
    pub fn saving(&self, path: &Path, done: u64, of: u64) {
        let facts = [("path", &*path.display().to_string()), ("done", &*bytes(done)), ("of", &*bytes(of))];
        self.bar.set_message(self.say.say_with("progress-saving", &facts));
    }

    /// Shows which run of a command goes on.
    pub fn running(&self, setting: &str, index: usize, of: usize) {
        let facts = [("setting", setting), ("index", &*index.to_string()), ("of", &*of.to_string())];
        self.bar.set_message(self.say.say_with("progress-running", &facts));
    }

    /// Takes it off the screen.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn bytes(count: u64) -> String {
    BinaryBytes(count).to_string()
}
