//! Label sets as Go prints them: `{"k": "v"}` in a 1.26 header, `{k: "v w"}` in a 1.27 header, `{"k":"v"}` in debug=1 text.

use std::borrow::Cow;

/// Pairs of a label set.
pub type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Length of the set that starts at `text[0] == b'{'`, closing brace included. A quoted text may hold any byte, brackets too.
pub fn set_len(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'}' => return Some(at + 1),
            b'"' => at += quoted_len(&text[at..])?,
            _ => at += 1,
        }
    }
}

/// Reads the pairs of a set, braces included; `None` when it is not one.
pub fn pairs(text: &[u8]) -> Option<Pairs<'_>> {
    let mut rest = text.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let mut pairs = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Some(pairs);
        }
        let (key, after) = word(rest)?;
        rest = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (value, after) = word(rest)?;
        pairs.push((key, value));
        rest = after.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest);
    }
}

fn word(text: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    if text.first() == Some(&b'"') {
        let len = quoted_len(text)?;
        return Some((unquote(&text[1..len - 1]), &text[len..]));
    }
    let len = text.iter().position(|byte| matches!(byte, b':' | b',' | b' ' | b'}')).unwrap_or(text.len());
    (len > 0).then(|| (String::from_utf8_lossy(&text[..len]), &text[len..]))
}

/// Length of a quoted text, both quotes included.
fn quoted_len(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Takes Go's (and JSON's) escapes out of the inside of a quoted text.
pub fn unquote(inside: &[u8]) -> Cow<'_, str> {
    if !inside.contains(&b'\\') {
        return String::from_utf8_lossy(inside);
    }
    let mut out = Vec::with_capacity(inside.len());
    unescape(inside, &mut out);
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Appends `text` to `out` with its backslash escapes taken out; an escape that is not one stays as it stands.
pub fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let after = &rest[at + 1..];
        let (byte, used) = match after.first() {
            Some(b'n') => (b'\n', 1),
            Some(b't') => (b'\t', 1),
            Some(b'r') => (b'\r', 1),
            Some(b'b') => (8, 1),
            Some(b'f') => (12, 1),
            Some(byte @ (b'"' | b'\\' | b'/' | b'\'')) => (*byte, 1),
            Some(b'x') if let Some(value) = hex(after, 1, 2) => (value as u8, 3),
            Some(b'u') => {
                let used = push_utf16(after, out);
                rest = &after[used..];
                continue;
            }
            _ => (b'\\', 0),
        };
        out.push(byte);
        rest = &after[used..];
    }
    out.extend_from_slice(rest);
}

/// Decodes `uXXXX`, with its low surrogate when it has one; answers the bytes used (0: not an escape, a backslash was put out).
fn push_utf16(text: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(high) = hex(text, 1, 4) else {
        out.push(b'\\');
        return 0;
    };
    let low = if text.get(5..7) == Some(b"\\u") { hex(text, 7, 4) } else { None };
    let (value, used) = match low {
        Some(low) if (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low) => {
            (0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), 11)
        }
        _ => (high, 5),
    };
    let letter = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    used
}

fn hex(text: &[u8], at: usize, len: usize) -> Option<u32> {
    text.get(at..at + len)?.iter().try_fold(0, |sum, byte| Some(sum * 16 + char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(&str, &str)]) {
        assert_eq!(set_len(text.as_bytes()), Some(text.len()));
        let pairs = pairs(text.as_bytes()).expect("a label set");
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_ref(), v.as_ref())).collect();
        assert_eq!(pairs, expect);
    }

    #[test]
    fn each_form_is_read() {
        check("{}", &[]);
        check(r#"{"a": "b", "c": "d"}"#, &[("a", "b"), ("c", "d")]);
        check(r#"{handler: /v1/x, "with space": "a]: \"q\" }"}"#, &[("handler", "/v1/x"), ("with space", "a]: \"q\" }")]);
        check(r#"{"k":"\u00e9\ud83d\ude00\x41\q"}"#, &[("k", "é😀A\\q")]);
    }

    #[test]
    fn what_is_cut_is_refused() {
        assert_eq!(set_len(br#"{"a": "b"#), None);
        assert_eq!(pairs(b"{a b}"), None);
        assert_eq!(pairs(b"{:}"), None);
    }
}
