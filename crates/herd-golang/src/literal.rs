//! What literals say: the values behind quotes and escapes.

use std::borrow::Cow;

/// The bytes of a string literal, quotes and escapes undone; nothing where it is malformed. Copies only where there is something to undo.
///
/// As `strconv.Unquote` (strconv, quote.go, Go 1.27); carriage returns are no part of a raw string.
pub fn string(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let inner = |quote: u8| text.strip_prefix(&[quote]).and_then(|rest| rest.strip_suffix(&[quote]));
    if let Some(raw) = inner(b'`') {
        let whole = !raw.contains(&b'\r');
        return Some(if whole { raw.into() } else { raw.iter().copied().filter(|byte| *byte != b'\r').collect() });
    }
    let quoted = inner(b'"')?;
    if !quoted.contains(&b'\\') {
        return Some(quoted.into());
    }
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let (escaped, behind) = escape(rest)?;
        rest = behind;
        match escaped {
            Escaped::Byte(byte) => bytes.push(byte),
            Escaped::Character(character) => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(bytes.into())
}

/// The character of a rune literal; nothing where it is malformed. Escapes of single bytes are the characters of those numbers.
pub fn character(text: &[u8]) -> Option<u32> {
    let inner = text.strip_prefix(b"'")?.strip_suffix(b"'")?;
    if let Some(rest) = inner.strip_prefix(b"\\") {
        return match escape(rest)? {
            (Escaped::Byte(byte), []) => Some(u32::from(byte)),
            (Escaped::Character(character), []) => Some(u32::from(character)),
            _ => None,
        };
    }
    let mut characters = std::str::from_utf8(inner).ok()?.chars();
    characters.next().filter(|_| characters.next().is_none()).map(u32::from)
}

enum Escaped {
    Byte(u8),
    Character(char),
}

/// What follows a backslash, and what follows that.
fn escape(text: &[u8]) -> Option<(Escaped, &[u8])> {
    let (&first, rest) = text.split_first()?;
    let byte = match first {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' | b'\'' | b'"' => first,
        b'0'..=b'7' => {
            let (number, rest) = digits(text, 3, 8)?;
            return Some((Escaped::Byte(u8::try_from(number).ok()?), rest));
        }
        b'x' => {
            let (number, rest) = digits(rest, 2, 16)?;
            return Some((Escaped::Byte(u8::try_from(number).ok()?), rest));
        }
        b'u' | b'U' => {
            let (number, rest) = digits(rest, if first == b'u' { 4 } else { 8 }, 16)?;
            return Some((Escaped::Character(char::from_u32(number)?), rest));
        }
        _ => return None,
    };
    Some((Escaped::Byte(byte), rest))
}

fn digits(text: &[u8], count: usize, radix: u32) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    Some((u32::from_str_radix(digits, radix).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::{character, string};

    #[test]
    fn strings() {
        let check = |text: &str, expected: Option<&[u8]>| assert_eq!(string(text.as_bytes()).as_deref(), expected, "{text}");
        check(r#""plain""#, Some(b"plain"));
        check(r#""\x41\101\u00e9\U0001F600\n\"""#, Some("AA\u{e9}\u{1f600}\n\"".as_bytes()));
        check(r#""\xff""#, Some(&[0xff]));
        check("`a\\\r\nb`", Some(b"a\\\nb"));
        check(r#""\q""#, None);
        check(r#""\u+041""#, None);
        check("\"open", None);
    }

    #[test]
    fn characters() {
        let check = |text: &str, expected: Option<u32>| assert_eq!(character(text.as_bytes()), expected, "{text}");
        check("'a'", Some(97));
        check("'é'", Some(0xe9));
        check(r"'\377'", Some(255));
        check(r"'\''", Some(39));
        check("'ab'", None);
        check("''", None);
    }
}
