//! Escapes as they are told: each several times, by its explanation and by the verdict, and generic code once a package.

use herd_model::{Escape, EscapeFile, EscapeLog};
use rustc_hash::FxHashMap;

use super::{MAX_ESCAPES, MAX_FILES, MAX_SHOWN_BYTES};

/// A place in a file that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spot {
    pub(super) file: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Gather {
    pub(super) log: EscapeLog,
    files: FxHashMap<Box<str>, u32>,
    at: FxHashMap<Spot, Vec<u32>>,
    /// Of each escape, whether the verdict was told; an explanation names some values longer than the verdict does.
    told: Vec<bool>,
    pub(super) beyond: u64,
}

impl Gather {
    /// The number of a file; nothing when there are too many.
    pub(super) fn file(&mut self, path: &str, package: &str) -> Option<u32> {
        let path = path.strip_prefix("./").unwrap_or(path);
        if let Some(known) = self.files.get(path) {
            return Some(*known);
        }
        if self.log.files.len() >= MAX_FILES {
            self.beyond += 1;
            return None;
        }
        let number = self.log.files.len() as u32;
        self.log.files.push(EscapeFile { path: path.into(), package: package.into() });
        self.files.insert(path.into(), number);
        Some(number)
    }

    /// An explanation: the value, and the last step of its way to the heap.
    pub(super) fn explained(&mut self, spot: Spot, what: &str, why: &str, inlined_from: Option<(Box<str>, u32)>) {
        let what = shown(what);
        let number = self.named(spot, &what).or_else(|| self.unnamed(spot)).or_else(|| self.push(spot, false));
        let Some(number) = number else { return };
        let escape = &mut self.log.escapes[number];
        escape.what = what;
        if !why.is_empty() && escape.why.is_none() {
            escape.why = Some(shown(why));
        }
        escape.inlined_from = escape.inlined_from.take().or(inlined_from);
    }

    /// A verdict; JSON does not name the value.
    pub(super) fn verdict(&mut self, spot: Spot, what: &str, inlined_from: Option<(Box<str>, u32)>) {
        let what = shown(what);
        let named = if what.is_empty() { self.known(spot).next() } else { self.named(spot, &what) };
        let number = named.or_else(|| self.untold(spot)).or_else(|| self.push(spot, true));
        let Some(number) = number else { return };
        self.told[number] = true;
        let escape = &mut self.log.escapes[number];
        if escape.what.is_empty() {
            escape.what = what;
        }
        escape.inlined_from = escape.inlined_from.take().or(inlined_from);
    }

    fn known(&self, spot: Spot) -> impl Iterator<Item = usize> + '_ {
        self.at.get(&spot).into_iter().flatten().map(|number| *number as usize)
    }

    fn named(&self, spot: Spot, what: &str) -> Option<usize> {
        self.known(spot).find(|number| *self.log.escapes[*number].what == *what)
    }

    fn unnamed(&self, spot: Spot) -> Option<usize> {
        self.known(spot).find(|number| self.log.escapes[*number].what.is_empty())
    }

    fn untold(&self, spot: Spot) -> Option<usize> {
        self.known(spot).find(|number| !self.told[*number])
    }

    fn push(&mut self, spot: Spot, told: bool) -> Option<usize> {
        let number = self.log.escapes.len();
        if number >= MAX_ESCAPES {
            self.beyond += 1;
            return None;
        }
        let Spot { file, line, column } = spot;
        self.log.escapes.push(Escape { file, line, column, what: "".into(), why: None, inlined_from: None });
        self.told.push(told);
        self.at.entry(spot).or_default().push(number as u32);
        Some(number)
    }
}

/// Text of bounded length.
fn shown(text: &str) -> Box<str> {
    if text.len() <= MAX_SHOWN_BYTES {
        return text.into();
    }
    let end = (0..=MAX_SHOWN_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end]).into()
}
