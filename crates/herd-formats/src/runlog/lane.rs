//! The lines of one source: what stands before them, and what of them waits for its rest.

use crate::dump::prefix::{self, MAX_PREFIX_BYTES, Prefix};

use super::keep::Processes;
use super::torn::Pending;

/// Sources that are told apart in one input.
pub const MAX_LANES: usize = 64;

/// One source.
#[derive(Clone, Debug)]
pub struct Lane {
    /// What stands before its lines.
    prefix: Prefix,
    /// The same of lines that the container's runtime cut, or did not cut.
    twin: Option<Prefix>,
    /// Its processes.
    processes: Processes,
    /// Beginnings that wait for their rest.
    pub pending: Vec<Pending>,
    /// The process whose block of scheddetail goes on.
    pub detail: Option<usize>,
    /// The process whose last collection may still be told to be forced, and for how many lines.
    pub maybe_forced: Option<(usize, u32)>,
}

impl Lane {
    /// Whether lines without a record of their own may belong to it.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty() || self.detail.is_some() || self.maybe_forced.is_some()
    }

    /// Where its processes are kept.
    pub fn processes(&mut self) -> &mut Processes {
        &mut self.processes
    }

    /// How much of a line stands before its text; `None` when it is of another source.
    pub fn lead_len(&self, line: &[u8]) -> Option<usize> {
        if self.prefix.text.is_empty() {
            return Some(0);
        }
        prefix::fitting_len(&self.prefix, line).or_else(|| prefix::fitting_len(self.twin.as_ref()?, line))
    }
}

/// The source of a record that `lead` stands before; a new one where the lead names another writer.
pub fn of_lead(lanes: &mut Vec<Lane>, lead: &[u8]) -> usize {
    if let Some(at) = lanes.iter().position(|lane| fits(lane, lead)) {
        return at;
    }
    let lead = if lead.len() > MAX_PREFIX_BYTES { &[] } else { lead };
    let other = lanes.iter().all(|lane| prefix::other_source(&lane.prefix.text, lead));
    if (lanes.is_empty() || other) && lanes.len() < MAX_LANES {
        let source = name_of(lead);
        lanes.push(Lane {
            twin: twin_of(lead),
            prefix: prefix::learn(lead),
            processes: Processes { at: Vec::new(), source },
            pending: Vec::new(),
            detail: None,
            maybe_forced: None,
        });
        return lanes.len() - 1;
    }
    // Text of the application without a line end stood before this record, or before the one that was learned from.
    let at = lanes.iter().position(|lane| !prefix::other_source(&lane.prefix.text, lead)).unwrap_or(0);
    if lead.len() < lanes[at].prefix.text.len() {
        lanes[at].prefix = prefix::learn(lead);
        lanes[at].twin = twin_of(lead);
        lanes[at].processes.source = name_of(lead);
    }
    at
}

fn fits(lane: &Lane, lead: &[u8]) -> bool {
    lane.prefix.text.is_empty() && lead.is_empty()
        || !lead.is_empty() && !lane.prefix.text.is_empty() && lane.lead_len(lead) == Some(lead.len())
}

/// CRI marks a line `P` that goes on in the next, `F` where it ends.
fn twin_of(lead: &[u8]) -> Option<Prefix> {
    let (stem, mark) = lead.split_at_checked(lead.len().checked_sub(3)?)?;
    let other: &[u8] = match mark {
        b" F " => b" P ",
        b" P " => b" F ",
        _ => return None,
    };
    Some(prefix::learn(&[stem, other].concat()))
}

/// The words of a prefix that do not change from line to line.
fn name_of(lead: &[u8]) -> Option<Box<str>> {
    let lead = String::from_utf8_lossy(lead);
    let words =
        lead.split_ascii_whitespace().filter(|word| !matches!(*word, "|" | "stderr" | "stdout" | "F" | "P" | "{\"log\":\""));
    let trimmed = words.map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric()));
    let steady = trimmed.filter(|word| word.chars().any(char::is_alphabetic) && !changes(word)).collect::<Vec<_>>();
    (!steady.is_empty()).then(|| steady.join(" ").into())
}

/// A time or a day.
fn changes(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    digits * 2 > word.len() || prefix::is_calendar(word.as_bytes())
}
