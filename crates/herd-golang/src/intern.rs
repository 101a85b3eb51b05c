//! Names as numbers: one table for all files and threads, so that equal names are equal symbols wherever they were read.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::words::{Word, Words};

/// A name. Symbols of one [`Interner`] are equal exactly when their texts are; their order says nothing, and differs from run to run where
/// files are read by several threads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Symbol(pub u32);

/// All names of a program. Shared by reference among threads; it only grows.
pub struct Interner {
    shards: Box<[Mutex<Shard>]>,
    texts: [OnceLock<Segment>; SEGMENTS],
    count: AtomicU32,
}

/// Texts of a run of symbols; each is set before its symbol is told to anyone.
type Segment = Box<[OnceLock<Box<str>>]>;

/// The names of some hashes.
struct Shard {
    words: Words,
    /// Of the longer ones, one behind the other.
    texts: Vec<u8>,
}

/// Power of two. Threads that read different files seldom meet in one of so many.
const SHARDS: usize = 64;
/// Names of the first segment of texts; each further one holds as many as all before it.
const FIRST_SEGMENT: u32 = 1024;
/// Enough segments for every `u32`.
const SEGMENTS: usize = 23;

impl Default for Interner {
    fn default() -> Self {
        Self::new()
    }
}

impl Interner {
    /// A table that knows the names of [`known`] and no other.
    pub fn new() -> Self {
        let shard = || Mutex::new(Shard { words: Words::with_room(0), texts: Vec::new() });
        let names = Self {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            texts: [const { OnceLock::new() }; SEGMENTS],
            count: AtomicU32::new(0),
        };
        names.add("");
        for text in known::TEXTS {
            names.intern(text);
        }
        names
    }

    /// The symbol of a text; a new one where the text was never seen. A hash, a lock and a look-up.
    pub fn intern(&self, text: &str) -> Symbol {
        self.intern_word(Word::of_text(text))
    }

    pub(crate) fn intern_word(&self, word: Word<'_>) -> Symbol {
        let Some(mut shard) = self.shard(word) else { return known::EMPTY };
        match shard.words.find(word, &shard.texts) {
            Ok(symbol) => symbol,
            Err(free) => {
                let symbol = self.add(std::str::from_utf8(word.text()).unwrap_or_default());
                let start = shard.texts.len() as u32;
                if word.text().len() > 8 {
                    shard.texts.extend_from_slice(word.text());
                }
                shard.words.put(free, word, start, symbol);
                symbol
            }
        }
    }

    /// The symbol of a text that some file holds.
    pub fn get(&self, text: &str) -> Option<Symbol> {
        let word = Word::of_text(text);
        let Some(shard) = self.shard(word) else { return Some(known::EMPTY) };
        shard.words.find(word, &shard.texts).ok()
    }

    /// Where a word is; nothing for the empty one, which tables do not hold.
    fn shard(&self, word: Word<'_>) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(word.high_bits() % SHARDS).filter(|_| !word.text().is_empty())?;
        // Nothing panics while it holds a shard, and a table is whole after each step.
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A new symbol and its text.
    fn add(&self, text: &str) -> Symbol {
        let symbol = Symbol(self.count.fetch_add(1, Ordering::Relaxed));
        let (segment, place) = place(symbol);
        if let Some(segment) = self.texts.get(segment) {
            let cells = segment.get_or_init(|| (0..segment_len(symbol)).map(|_| OnceLock::new()).collect());
            if let Some(cell) = cells.get(place) {
                cell.get_or_init(|| text.into());
            }
        }
        symbol
    }

    /// The text of a symbol; nothing for a symbol of another table. Takes no lock.
    pub fn text(&self, symbol: Symbol) -> &str {
        let (segment, place) = place(symbol);
        let cells = self.texts.get(segment).and_then(OnceLock::get);
        cells.and_then(|cells| cells.get(place)).and_then(OnceLock::get).map_or("", |text| text)
    }

    /// How many names there are.
    pub fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }
}

/// Segment of a symbol's text, and its place there.
fn place(symbol: Symbol) -> (usize, usize) {
    match (symbol.0 / FIRST_SEGMENT).checked_ilog2() {
        None => (0, symbol.0 as usize),
        Some(log) => (log as usize + 1, (symbol.0 - (FIRST_SEGMENT << log)) as usize),
    }
}

fn segment_len(symbol: Symbol) -> u32 {
    (symbol.0 / FIRST_SEGMENT).checked_ilog2().map_or(FIRST_SEGMENT, |log| FIRST_SEGMENT << log)
}

/// Names whose symbols are the same in every [`Interner`]: what the language predeclares, and what readers of Go ask for by name.
pub mod known {
    use super::Symbol;

    macro_rules! known {
        ($($constant:ident = $text:literal,)*) => {
            known!(@number 0; $($constant = $text,)*);
            /// Texts in the order of their symbols.
            pub const TEXTS: &[&str] = &[$($text),*];
        };
        (@number $number:expr; $constant:ident = $text:literal, $($rest:tt)*) => {
            #[doc = concat!("`", $text, "`")]
            pub const $constant: Symbol = Symbol($number);
            known!(@number $number + 1; $($rest)*);
        };
        (@number $number:expr;) => {};
    }

    known! {
        EMPTY = "",
        BLANK = "_",
        DOT = ".",
        INIT = "init",
        MAIN = "main",
        ANY = "any",
        BOOL = "bool",
        BYTE = "byte",
        COMPARABLE = "comparable",
        COMPLEX64 = "complex64",
        COMPLEX128 = "complex128",
        ERROR = "error",
        FLOAT32 = "float32",
        FLOAT64 = "float64",
        INT = "int",
        INT8 = "int8",
        INT16 = "int16",
        INT32 = "int32",
        INT64 = "int64",
        RUNE = "rune",
        STRING = "string",
        UINT = "uint",
        UINT8 = "uint8",
        UINT16 = "uint16",
        UINT32 = "uint32",
        UINT64 = "uint64",
        UINTPTR = "uintptr",
        TRUE = "true",
        FALSE = "false",
        IOTA = "iota",
        NIL = "nil",
        APPEND = "append",
        CAP = "cap",
        CLEAR = "clear",
        CLOSE = "close",
        COMPLEX = "complex",
        COPY = "copy",
        DELETE = "delete",
        IMAG = "imag",
        LEN = "len",
        MAKE = "make",
        MAX = "max",
        MIN = "min",
        NEW = "new",
        PANIC = "panic",
        PRINT = "print",
        PRINTLN = "println",
        REAL = "real",
        RECOVER = "recover",
        UNSAFE = "unsafe",
        C = "C",
    }
}

#[cfg(test)]
mod tests {
    use super::{Interner, Symbol, known};

    #[test]
    fn known_names_have_their_symbols() {
        let names = Interner::new();
        assert_eq!(names.intern("_"), known::BLANK);
        assert_eq!(names.intern("recover"), known::RECOVER);
        assert_eq!(names.text(known::COMPARABLE), "comparable");
        assert_eq!(names.count(), u32::try_from(known::TEXTS.len()).expect("few"));
        assert_eq!(names.get("unheard"), None);
        assert_eq!(names.text(Symbol(u32::MAX)), "");
    }

    #[test]
    fn threads_agree() {
        let names = Interner::new();
        let texts: Vec<String> = (0..5000).map(|number| format!("name{number}")).collect();
        let read: Vec<Vec<Symbol>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| texts.iter().map(|text| names.intern(text)).collect::<Vec<_>>())).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(read.iter().all(|symbols| *symbols == read[0]));
        assert!(texts.iter().zip(&read[0]).all(|(text, symbol)| names.text(*symbol) == text));
        assert_eq!(names.count() as usize, known::TEXTS.len() + texts.len());
    }
}
