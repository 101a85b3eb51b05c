//! Comments, and what Go checks of those that say `line`.

use memchr::{memchr, memchr2, memrchr};

use super::{Lexer, Token};

impl Lexer<'_> {
    /// `//` to the end of the line, without the newline and a carriage return before it.
    pub(super) fn line_comment(&mut self, start: usize) {
        let rest = self.source.get(start..).unwrap_or_default();
        let line_end = start + memchr(b'\n', rest).unwrap_or(rest.len());
        let returned = self.source.get(start..line_end).is_some_and(|text| text.ends_with(b"\r"));
        let end = line_end - usize::from(returned);
        if rest.starts_with(b"//line ") && self.lines.last() == Some(&(start as u32)) {
            self.line_directive(start + 7, end);
        }
        self.finish(Token::Comment, line_end, self.needs_semicolon);
        self.end = end as u32;
    }

    /// `/*` to `*/`. A newline in it ends a statement as any other does.
    pub(super) fn block_comment(&mut self, start: usize) {
        let mut at = start + 2;
        let mut first_newline = None;
        let end = loop {
            let rest = self.source.get(at..).unwrap_or_default();
            let Some(found) = memchr2(b'*', b'\n', rest) else {
                self.error(start, "comment not terminated");
                break self.source.len();
            };
            at += found + 1;
            if rest.get(found) == Some(&b'\n') {
                first_newline.get_or_insert(at as u32 - 1);
                self.lines.push(at as u32);
            } else if rest.get(found + 1) == Some(&b'/') {
                if self.source.get(start + 2..).is_some_and(|text| text.starts_with(b"line ")) {
                    self.line_directive(start + 7, at - 1);
                }
                break at + 1;
            }
        };
        let ends = self.needs_semicolon;
        self.newline_in_comment = if ends { first_newline.map(|newline| (newline, self.line)) } else { None };
        self.finish(Token::Comment, end, ends && self.newline_in_comment.is_none());
    }

    /// `file:line` or `file:line:column`: it moves nothing here, but a bad number makes Go reject the file (go/scanner, scanner.go,
    /// updateLineInfo, Go 1.27).
    #[cold]
    fn line_directive(&mut self, start: usize, end: usize) {
        const MAX: u64 = 1 << 30;
        let text = self.source.get(start..end).unwrap_or_default();
        let Some((line_at, line)) = number_behind_colon(text) else { return };
        self.has_line_directives = true;
        let Some(line) = line else {
            return self.error(start + line_at, "invalid line number");
        };
        let before = text.get(..line_at - 1).unwrap_or_default();
        let (line_at, line) = match number_behind_colon(before) {
            Some((at, Some(number))) => {
                if line == 0 || line > MAX {
                    return self.error(start + line_at, "invalid column number");
                }
                (at, number)
            }
            Some((_, None)) | None => (line_at, line),
        };
        if line == 0 || line > MAX {
            self.error(start + line_at, "invalid line number");
        }
    }
}

/// What stands behind the last colon: its place, and its value where it is a number.
fn number_behind_colon(text: &[u8]) -> Option<(usize, Option<u64>)> {
    let at = memrchr(b':', text)? + 1;
    let digits = text.get(at..).unwrap_or_default();
    let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(digits).ok().filter(|_| valid).and_then(|digits| digits.parse().ok());
    Some((at, number))
}
