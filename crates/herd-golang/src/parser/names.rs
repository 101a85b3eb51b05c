//! From the names of a file to symbols, so that the table all files share is asked once for each name of a file.

use crate::intern::{Interner, Symbol};
use crate::lexer::Lexer;
use crate::words::{Word, Words};

/// The names of the file met so far.
pub(super) struct Names<'n> {
    interner: &'n Interner,
    words: Words,
}

impl<'n> Names<'n> {
    pub(super) fn new(source_len: usize, interner: &'n Interner) -> Self {
        Self { interner, words: Words::with_room(source_len / 64) }
    }

    /// The symbol of the name that a lexer read last.
    #[inline]
    pub(super) fn symbol(&mut self, lexer: &Lexer<'_>) -> Symbol {
        let word = Word::of(lexer.head, lexer.text());
        match self.words.find(word, lexer.source) {
            Ok(symbol) => symbol,
            Err(free) => self.add(free, word, lexer.start),
        }
    }

    #[cold]
    fn add(&mut self, free: usize, word: Word<'_>, start: u32) -> Symbol {
        let symbol = self.interner.intern_word(word);
        self.words.put(free, word, start, symbol);
        symbol
    }

    /// The symbol of any text.
    pub(super) fn intern(&self, text: &str) -> Symbol {
        self.interner.intern(text)
    }

    /// Bytes of a name.
    pub(super) fn text_len(&self, name: Symbol) -> u32 {
        self.interner.text(name).len() as u32
    }
}
