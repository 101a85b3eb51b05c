//! What is going on, on stderr, when that is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use herd_diagnose::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A spinner, or nothing.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts to show, unless told not to or nobody is looking.
    pub fn start(quiet: bool) -> Progress {
        let target =
            if quiet || !std::io::stderr().is_terminal() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress { bar }
    }

    /// Shows what happens.
    pub fn tell(&self, event: &Event<'_>) {
        self.bar.set_message(match event {
            Event::Collecting { target, index, of: 1 } if *index == 1 => format!("asking {target}"),
            Event::Collecting { target, index, of } => format!("asking {target} ({index} of {of})"),
            Event::Collected { target, goroutines, .. } => format!("{target}: {goroutines} goroutines"),
            Event::Waiting { seconds } => format!("next snapshot in {seconds:.0} s"),
            Event::Judging => "judging".to_owned(),
        });
    }

    /// Takes it off the screen.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
