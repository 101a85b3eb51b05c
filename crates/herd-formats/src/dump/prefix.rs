//! What a log writes before each line of one source: times and counters change from line to line, names and process ids stand.

/// Longest prefix that is learned.
pub const MAX_PREFIX_BYTES: usize = 512;
/// Hexadecimal letters that make an identity rather than a number.
const HEX_ID_MIN: usize = 8;

/// A learned prefix.
#[derive(Clone, Debug)]
pub struct Prefix {
    /// As it stood before the first header.
    pub text: Box<[u8]>,
    /// Bytes of it that may differ in another line.
    loose: Box<[bool]>,
}

/// Learns a prefix from one line.
pub fn learn(text: &[u8]) -> Prefix {
    let mut loose = vec![false; text.len()];
    let mut at = 0;
    while at < text.len() {
        let len = text[at..].iter().take_while(|byte| !parts_words(**byte)).count();
        loosen(&text[at..at + len], &mut loose[at..at + len]);
        at += len.max(1);
    }
    Prefix { text: text.into(), loose: loose.into() }
}

/// Length of what fits the learned prefix: a loose run of digits matches any run of digits, a month or day any other, runs of
/// spaces inside it any run of spaces; a line may end where only spaces are left.
pub fn fitting_len(prefix: &Prefix, line: &[u8]) -> Option<usize> {
    let text = &prefix.text;
    let (mut p, mut l) = (0, 0);
    while p < text.len() {
        if l == line.len() {
            return text[p..].iter().all(u8::is_ascii_whitespace).then_some(l);
        }
        let run = run_len(&text[p..]);
        let class = class_of(text[p]);
        let last = p + run == text.len();
        let found = match class {
            Class::Digit if prefix.loose[p] => line[l..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
            // A day of one digit is padded with a space.
            Class::Space if !last => line[l..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count(),
            Class::Letter if prefix.loose[p] && is_calendar(letters(&line[l..])) => run,
            Class::Digit | Class::Letter | Class::Space | Class::Other => {
                if !line[l..].starts_with(&text[p..p + run]) {
                    return (class == Class::Space && line[l..].iter().all(u8::is_ascii_whitespace)).then_some(line.len());
                }
                run
            }
        };
        if found == 0 {
            return None;
        }
        l += found;
        p += run;
    }
    Some(l)
}

/// Whether two prefixes are of one log and differ in the name of who wrote the line.
pub fn other_source(one: &[u8], other: &[u8]) -> bool {
    let words = |text: &[u8]| -> Vec<Vec<u8>> {
        text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let (one, other) = (words(one), words(other));
    if one.len() != other.len() {
        return false;
    }
    let barred = one.iter().any(|word| word == b"|");
    let mut differ = one.iter().zip(&other).filter(|(a, b)| fitting_len(&learn(a), b) != Some(b.len())).peekable();
    differ.peek().is_some() && differ.all(|(a, b)| names_source(a, barred) && names_source(b, barred))
}

/// A word that can name a pod, container or process; severities and words of prose do not.
fn names_source(word: &[u8], barred: bool) -> bool {
    let named = word.iter().any(u8::is_ascii_alphanumeric);
    named && (barred || word.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'/')))
}

/// Marks what of a word may change.
fn loosen(word: &[u8], loose: &mut [bool]) {
    let lead = word.iter().take_while(|byte| !byte.is_ascii_alphanumeric()).count();
    let bare = &word[lead..];
    if is_calendar(letters(bare)) {
        loose[lead..lead + 3].fill(true);
    }
    if names(bare) {
        return;
    }
    for (byte, loose) in word.iter().zip(loose) {
        *loose |= byte.is_ascii_digit();
    }
}

/// Whether the digits of a word are part of a name: `web-1`, `api[4711]`, `10.0.0.7`, a container's id.
fn names(word: &[u8]) -> bool {
    let Some(first) = word.first() else { return false };
    if first.is_ascii_alphabetic() {
        let digits = word[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        // `E1121` of klog is a severity and a date.
        return !(matches!(first, b'I' | b'W' | b'E' | b'F') && matches!(digits, 4 | 8) && digits + 1 == word.len());
    }
    let hex = word.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let address = word.split(|byte| *byte == b'.').count() == 4
        && word.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b']'));
    address || (hex >= HEX_ID_MIN && hex == word.len() && word.iter().any(u8::is_ascii_alphabetic))
}

fn parts_words(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(byte, b'=' | b'"' | b'\'' | b'(' | b')' | b',' | b'{' | b'}' | b':' | b'<' | b'>' | b'|' | b';')
}

fn letters(text: &[u8]) -> &[u8] {
    &text[..text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count()]
}

/// A month or a day of the week in three letters.
pub fn is_calendar(word: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec", b"Mon", b"Tue", b"Wed",
        b"Thu", b"Fri", b"Sat", b"Sun",
    ];
    WORDS.contains(&word)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Digit,
    Space,
    Letter,
    Other,
}

fn class_of(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => Class::Digit,
        b' ' | b'\t' => Class::Space,
        b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
        _ => Class::Other,
    }
}

fn run_len(text: &[u8]) -> usize {
    let class = class_of(text[0]);
    text.iter().take_while(|byte| class_of(**byte) == class).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: &str, line: &str, fits: bool) {
        let fitting = fitting_len(&learn(first.as_bytes()), line.as_bytes());
        assert_eq!(fitting.is_some(), fits, "{line:?} after {first:?}: {fitting:?}");
    }

    #[test]
    fn times_change_and_names_stand() {
        check("Nov 30 11:02:03 web-1 api[4711]: ", "Dec  1 11:02:03 web-1 api[4711]: x", true);
        check("Nov 30 11:02:03 web-1 api[4711]: ", "Nov 30 11:02:03 web-1 api[4712]: x", false);
        check("web-1  | ", "web-2  | x", false);
        check("web-1  | ", "web-12  | x", false);
        check("orders-abc app ", "orders-xyz app x", false);
        check("pod=web-1 ts=12 msg=", "pod=web-1 ts=13 msg=x", true);
        check("pod=web-1 ts=12 msg=", "pod=web-2 ts=12 msg=x", false);
        check("    12\t", "    13\tx", true);
        check("app.log:12:", "app.log:13:x", true);
        check("10.0.0.7 api: ", "10.0.0.8 api: x", false);
        check("E1121 12:00:00.000000    1234 main.go:12] ", "E1122 12:00:01.500000    1234 main.go:13] x", true);
    }

    #[test]
    fn who_wrote_differs() {
        assert!(other_source(b"web-1  | ", b"web-2  | "));
        assert!(other_source(b"web  | ", b"db   | "));
        assert!(other_source(b"[pod/a-1/app] ", b"[pod/b-2/app] "));
        assert!(other_source(b"Nov 21 11:02:03 h o[1]: ", b"Nov 21 11:02:04 h o[2]: "));
        assert!(!other_source(b"Nov 21 11:02:03 h o[1]: ", b"Nov 21 11:02:04 h o[1]: "));
        assert!(!other_source(b"caught ", b"found "));
        assert!(!other_source(b"12:00:00 INFO ", b"12:00:01 ERROR "));
        assert!(!other_source(b"web-1 | ", b"web-2 | dump: "));
    }
}
