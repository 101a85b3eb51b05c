//! Takes what a log has put around a dump off its lines, layer by layer.

use memchr::{memchr, memmem};

use super::machine::{Machine, id_at};
use super::segment::At;
use super::wrap::{self, Taken, Wrap};
use super::{block, header, profile_text};
use crate::stamp;

/// Lines in a row that do not carry a learned layer before it is forgotten.
const MAX_MISSES: u32 = 200;
/// One layer around the dump at hand.
#[derive(Debug)]
pub struct Layer {
    /// What it is.
    pub wrap: Wrap,
    /// Text whose line end has not come.
    pub partial: Vec<u8>,
    /// Lines in a row without it.
    pub misses: u32,
}

impl Machine {
    /// Takes layer `level` off a line and passes on what it held.
    pub fn unwrap_line(&mut self, level: usize, line: &[u8], at: At) {
        let Some(layer) = self.layers.get_mut(level) else { return self.clear_line(line, at) };
        let mut text = std::mem::take(&mut layer.partial);
        if wrap::take_off(&mut layer.wrap, line, &mut text) == Taken::Miss {
            layer.partial = text;
            if level == 0 {
                self.layer_stamp = stamp::of_journal(line).or(self.layer_stamp);
            }
            if self.prefixed_header_only(level, line) {
                self.forget_layers(level);
                return self.clear_line(line, at);
            }
            if level == 0 && self.take_beside(line, at) {
                return;
            }
            let Some(layer) = self.layers.get_mut(level) else { return };
            layer.misses += 1;
            let lost = layer.misses > MAX_MISSES || header::starts(line) || profile_text::head(line).is_some();
            if lost || (memmem::find(line, b"oroutine").is_some() && wrap::detect(line).is_some()) {
                self.flush_open(id_at(line));
                self.forget_layers(level);
                return self.clear_line(line, at);
            }
            if self.open.is_none() {
                self.interlude.line(line);
            }
            return;
        }
        layer.misses = 0;
        if level == 0 {
            self.layer_stamp = stamp::find_in_record(line).or(self.layer_stamp);
        }
        let mut from = 0;
        while let Some(len) = memchr(b'\n', &text[from..]) {
            let inner = &text[from..from + len];
            self.unwrap_line(level + 1, inner.strip_suffix(b"\r").unwrap_or(inner), at);
            from += len + 1;
        }
        text.drain(..from);
        if let Some(layer) = self.layers.get_mut(level) {
            layer.partial = text;
        }
    }

    fn forget_layers(&mut self, level: usize) {
        self.layers.truncate(level);
        if level == 0 {
            self.end_lanes();
        }
    }

    /// Whether a line under a header shows that the header alone had a prefix: `log.Print` writes one before all it prints.
    fn prefixed_header_only(&mut self, level: usize, line: &[u8]) -> bool {
        let Some(Wrap::Prefix(prefix)) = self.layers.get(level).map(|layer| &layer.wrap) else { return false };
        if let Some(profile) = &self.profile {
            return profile.is_at_start() && profile_text::is_record(line);
        }
        let Some(open) = self.open.as_mut().filter(|open| !open.closed) else { return false };
        let bare = block::line_of(&open.text).1 == open.text.len();
        let alone = bare && (line.first() == Some(&b'\t') || block::looks_like_call(line));
        open.lead = if alone { prefix.text.len() as u64 } else { 0 };
        alone
    }

    /// The layer that is taken off first.
    pub fn outermost(&self) -> Option<&Wrap> {
        self.layers.first().map(|layer| &layer.wrap)
    }
}
