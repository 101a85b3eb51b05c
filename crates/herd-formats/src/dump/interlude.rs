//! The lines between goroutines: why the process died, what time it was, which Go it was.

use std::collections::VecDeque;

use memchr::memmem;

use super::wrap::{self, Taken, Wrap};
use crate::stamp;

/// Lines kept to be read again when a log prefix turns out to stand before them.
const RING: usize = 48;
/// Bytes kept of each.
const RING_LINE_BYTES: usize = 400;

/// What the lines before a dump say of it.
#[derive(Clone, Debug, Default)]
pub struct Interlude {
    /// Lines with text.
    pub lines: u64,
    /// Why the process died.
    pub crash: Option<Box<str>>,
    /// A time that stands alone on a line.
    pub stamp_alone: Option<i64>,
    /// The last time in any line.
    pub stamp_any: Option<i64>,
    /// The time a log wrote before the first header. Each line of a log has one, so it says nothing of where dumps divide.
    pub stamp_layer: Option<i64>,
    /// Another thread of the process that is dying already (`GOTRACEBACK=crash` parts them by dashes).
    pub same_process: bool,
    /// The goroutines before these lines are another writer's.
    pub other_source: bool,
    /// `go version go1.26.8 …`
    pub go_version: Option<Box<str>>,
    ring: VecDeque<Box<[u8]>>,
}

impl Interlude {
    /// Takes a line.
    pub fn line(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        self.lines += 1;
        self.read(line);
        if self.ring.len() == RING {
            self.ring.pop_front();
        }
        self.ring.push_back(line[..line.len().min(RING_LINE_BYTES)].into());
    }

    /// The last lines, as they stood in the log.
    pub fn last_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.ring.iter().map(|line| &**line)
    }

    /// When the dump was taken.
    pub fn stamp(&self) -> Option<i64> {
        self.stamp_alone.or(self.stamp_layer).or(self.stamp_any)
    }

    /// Reads the lines again under a layer just learned.
    pub fn read_again(&mut self, layer: &Wrap) {
        let mut text = Vec::new();
        for line in &self.ring {
            let from = text.len();
            if wrap::take_off(&mut layer.clone(), line, &mut text) == Taken::Miss {
                text.truncate(from);
            }
        }
        for line in text.split(|byte| *byte == b'\n') {
            self.read(line.strip_suffix(b"\r").unwrap_or(line));
        }
    }

    /// Takes over what an earlier one knows.
    pub fn after(mut self, earlier: &Interlude) -> Self {
        self.lines += earlier.lines;
        self.crash = earlier.crash.clone().or(self.crash);
        self.stamp_alone = self.stamp_alone.or(earlier.stamp_alone);
        self.stamp_any = self.stamp_any.or(earlier.stamp_any);
        self.stamp_layer = self.stamp_layer.or(earlier.stamp_layer);
        self.same_process |= earlier.same_process;
        self.other_source |= earlier.other_source;
        self.go_version = self.go_version.or_else(|| earlier.go_version.clone());
        self
    }

    fn read(&mut self, line: &[u8]) {
        self.same_process |= line == b"-----";
        if self.crash.is_none() && is_crash(line) {
            self.crash = Some(String::from_utf8_lossy(&line[..line.len().min(RING_LINE_BYTES)]).trim_end().into());
        }
        if let Some((ns, alone)) = stamp::find(line) {
            if alone {
                self.stamp_alone = Some(ns);
            }
            self.stamp_any = Some(ns);
        }
        self.stamp_any = stamp::of_journal(line).or(self.stamp_any);
        if self.go_version.is_none()
            && let Some(at) = memmem::find(line, b"go version go1.")
        {
            let word = &line[at + b"go version ".len()..];
            let len = word.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.').count();
            self.go_version = Some(String::from_utf8_lossy(&word[..len]).into());
        }
    }
}

/// The first line of a dying process (`runtime/panic.go`, `runtime/signal_unix.go`).
fn is_crash(line: &[u8]) -> bool {
    if line.starts_with(b"SIG") {
        return memmem::find(line, b": ").is_some_and(|at| line[..at].iter().all(u8::is_ascii_uppercase));
    }
    [&b"panic: "[..], b"fatal error: ", b"unexpected fault address", b"fatal: morestack", b"runtime: goroutine stack exceeds"]
        .iter()
        .any(|head| line.starts_with(head))
}
