//! Passing over a block by its braces, for those who need declarations only.

use memchr::memchr;

use super::{Lexer, Token};

impl Lexer<'_> {
    /// Passes over the rest of the block whose `{` was read last, to the `}` that closes it, which becomes the last token; to the end of
    /// the source where nothing closes it. Only lines are kept: comments and errors in the block are not told of. Linear.
    pub fn skip_block(&mut self) {
        let mut depth = 1_u32;
        let mut at = self.at;
        while let Some(&byte) = self.source.get(at) {
            at += 1;
            if !STOPS[usize::from(byte)] {
                continue;
            }
            match byte {
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        self.start = at as u32 - 1;
                        self.line = self.lines.len() as u32 - 1;
                        return self.finish(Token::RightBrace, at, true);
                    }
                }
                b'\n' => self.lines.push(at as u32),
                b'"' | b'\'' => at = self.end_of_quoted(at, byte),
                b'`' => {
                    self.raw_string(at - 1);
                    at = self.at;
                }
                // A slash; the only other byte that stops.
                _ => at = self.end_of_comment(at),
            }
        }
        self.at = at;
        self.needs_semicolon = false;
        self.at_end();
    }

    /// The offset behind a closing quote, or of the newline where there is none.
    fn end_of_quoted(&self, mut at: usize, quote: u8) -> usize {
        loop {
            match self.source.get(at) {
                Some(byte) if *byte == quote => return at + 1,
                Some(b'\\') if self.source.get(at + 1).is_some_and(|byte| *byte != b'\n') => at += 2,
                Some(b'\n') | None => return at,
                Some(_) => at += 1,
            }
        }
    }

    /// The offset behind a comment whose first slash ends at `at`.
    fn end_of_comment(&mut self, at: usize) -> usize {
        let rest = self.source.get(at..).unwrap_or_default();
        match rest.first() {
            Some(b'/') => at + memchr(b'\n', rest).unwrap_or(rest.len()),
            Some(b'*') => {
                let body = rest.get(1..).unwrap_or_default();
                let len = memchr::memmem::find(body, b"*/").map_or(body.len(), |len| len + 2);
                let comment = body.get(..len).unwrap_or_default();
                for newline in memchr::memchr_iter(b'\n', comment) {
                    self.lines.push((at + 1 + newline + 1) as u32);
                }
                at + 1 + len
            }
            _ => at,
        }
    }
}

static STOPS: [bool; 256] = {
    let mut table = [false; 256];
    let stops = b"{}\n\"'`/";
    let mut next = 0;
    while next < stops.len() {
        table[stops[next] as usize] = true;
        next += 1;
    }
    table
};
