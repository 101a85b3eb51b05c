//! Takes off what logs put around a dump: line prefixes (journald, syslog, indentation), CRI, JSON records, escaped fields.

use memchr::{memchr, memmem};

use super::header;
use crate::labels;

/// Longest prefix that is learned.
const MAX_PREFIX_BYTES: usize = 512;

/// One layer around the dump.
#[derive(Clone, Debug)]
pub enum Wrap {
    /// The same shape before each line: digits may change, all else stands.
    Prefix(Box<[u8]>),
    /// `TIME stdout|stderr F|P TEXT` (Kubernetes).
    Cri,
    /// Each line is a JSON object; the text is the value of this key (docker: `log`).
    Json(Box<str>),
    /// `\n` and `\t` are written out, in a field that may go on over several lines.
    Escaped(Field),
    /// A blank line behind each line; whether it is still to come.
    Spaced(bool),
}

/// How far an escaped field has been read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Field {
    /// Its closing quote has not come.
    open: bool,
    /// The last line ended inside an escape.
    half: bool,
}

/// What a line held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its text was appended, line ends included.
    Text,
    /// It is not wrapped this way.
    Miss,
}

impl Wrap {
    /// A few words for the note.
    pub fn describe(&self) -> String {
        match self {
            Wrap::Prefix(prefix) if prefix.iter().all(u8::is_ascii_whitespace) => {
                format!("took an indentation of {} bytes off each line", prefix.len())
            }
            Wrap::Prefix(prefix) => {
                format!("took a prefix such as `{}` off each line", String::from_utf8_lossy(prefix).trim_end())
            }
            Wrap::Cri => "took Kubernetes (CRI) log prefixes off each line".to_owned(),
            Wrap::Json(key) => format!("read the `{key}` field of JSON log records"),
            Wrap::Spaced(_) => "took out the blank line behind each line".to_owned(),
            Wrap::Escaped(_) => "undid the escaped line ends of a log field".to_owned(),
        }
    }
}

/// Finds the layer around a line that mentions a goroutine's header but does not start with it.
pub fn detect(line: &[u8]) -> Option<Wrap> {
    // The header itself may be cut in two by the container runtime.
    if cri_text(line).is_some_and(|(text, _)| text.starts_with(b"goroutine ")) {
        return Some(Wrap::Cri);
    }
    let at = memmem::find_iter(line, b"oroutine").find_map(|at| at.checked_sub(1).filter(|at| opens_dump(&line[*at..])))?;
    if line.trim_ascii_start().first() == Some(&b'{')
        && let Some(key) = json_key_before(line, at)
    {
        return Some(Wrap::Json(key));
    }
    let after = &line[at..];
    // Before all else that stands in it: a long record goes on in the next line.
    if cri_text(line).is_some_and(|(text, _)| line.len() - text.len() <= at) {
        return Some(Wrap::Cri);
    }
    if header::escaped_end(after).is_some() {
        return Some(Wrap::Escaped(Field::default()));
    }
    let prefix = line[..at].strip_suffix(b"[").filter(|_| after.starts_with(b"G")).unwrap_or(&line[..at]);
    (!prefix.is_empty() && prefix.len() <= MAX_PREFIX_BYTES).then(|| Wrap::Prefix(prefix.into()))
}

/// Whether the text starts with a header, a profile's first line, or goleak's sentence; the rest of the line may hold anything.
fn opens_dump(text: &[u8]) -> bool {
    if let Some(rest) = text.strip_prefix(b"goroutine ") {
        if rest.starts_with(b"profile: total ") {
            return true;
        }
        return header::number(rest).is_some_and(|(_, rest)| {
            (rest.starts_with(b" [") && memmem::find(rest, b"]").is_some()) || rest.starts_with(b" gp=0x")
        });
    }
    if text.starts_with(b"goroutineleak profile: total ") {
        return true;
    }
    text.strip_prefix(b"Goroutine ").and_then(header::number).is_some_and(|(_, rest)| rest.starts_with(b" in state "))
}

/// Takes this layer off a line (without its line end) and appends what it held to `out`.
pub fn take_off(wrap: &mut Wrap, line: &[u8], out: &mut Vec<u8>) -> Taken {
    match wrap {
        Wrap::Prefix(prefix) => {
            let Some(len) = prefix_len(prefix, line) else { return Taken::Miss };
            out.extend_from_slice(&line[len..]);
            out.push(b'\n');
        }
        Wrap::Cri => {
            let Some((text, whole)) = cri_text(line) else { return Taken::Miss };
            out.extend_from_slice(text);
            if whole {
                out.push(b'\n');
            }
        }
        Wrap::Json(key) => {
            let Some(inside) = json_text(line, key) else { return Taken::Miss };
            let from = out.len();
            labels::unescape(inside, out);
            // Docker cuts long lines and joins them by leaving the line end out; other loggers write none at all.
            if &**key != "log" && out.get(from..).is_some_and(|text| text.last() != Some(&b'\n')) {
                out.push(b'\n');
            }
        }
        Wrap::Spaced(due) => {
            let spacer = *due && line.is_empty();
            *due = !spacer;
            if !spacer {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
        }
        Wrap::Escaped(field) => return take_escaped(field, line, out),
    }
    Taken::Text
}

fn take_escaped(field: &mut Field, line: &[u8], out: &mut Vec<u8>) -> Taken {
    let whole = [if field.half { b"\\".as_slice() } else { b"" }, line].concat();
    let mut rest = whole.as_slice();
    let mut quoted = field.open;
    if !field.open {
        let Some(at) =
            memmem::find_iter(line, b"oroutine").find_map(|at| at.checked_sub(1).filter(|at| opens_dump(&line[*at..])))
        else {
            return Taken::Miss;
        };
        rest = &line[at..];
        quoted = unescaped_quote(&line[..at]).is_some();
    }
    if let Some(end) = unescaped_quote(rest).filter(|_| quoted) {
        labels::unescape(&rest[..end], out);
        // A blank line, so that what follows in the log is not taken for the stack's next frame.
        out.extend_from_slice(b"\n\n");
        *field = Field::default();
        return Taken::Text;
    }
    let backslashes = rest.iter().rev().take_while(|byte| **byte == b'\\').count();
    *field = Field { open: quoted, half: quoted && backslashes % 2 == 1 };
    labels::unescape(&rest[..rest.len() - usize::from(field.half)], out);
    if !quoted {
        out.extend_from_slice(b"\n\n");
    }
    Taken::Text
}

fn unescaped_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        if text[at + found] == b'"' {
            return Some(at + found);
        }
        at = (at + found + 2).min(text.len());
    }
    None
}

/// Length of what fits the learned prefix: runs of digits match any run of digits, three letters any three (months, days),
/// runs of spaces inside it any run of spaces; a line may end where only spaces are left.
fn prefix_len(prefix: &[u8], line: &[u8]) -> Option<usize> {
    let (mut p, mut l) = (0, 0);
    while p < prefix.len() {
        if l == line.len() {
            return prefix[p..].iter().all(u8::is_ascii_whitespace).then_some(l);
        }
        let run = run_len(&prefix[p..]);
        let class = class_of(prefix[p]);
        let last = p + run == prefix.len();
        match class {
            Class::Digit => {
                let found = line[l..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                // A day of one digit is padded with a space.
                if found == 0 {
                    return None;
                }
                l += found;
            }
            Class::Space if !last => {
                let found = line[l..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                if found == 0 {
                    return None;
                }
                l += found;
            }
            Class::Letter if run == 3 && line[l..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count() == 3 => l += 3,
            Class::Letter | Class::Space | Class::Other => {
                if !line[l..].starts_with(&prefix[p..p + run]) {
                    return (class == Class::Space && line[l..].iter().all(u8::is_ascii_whitespace)).then_some(line.len());
                }
                l += run;
            }
        }
        p += run;
    }
    Some(l)
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

/// The text of a CRI line, and whether its line ends here (`F`) or goes on in the next (`P`).
fn cri_text(line: &[u8]) -> Option<(&[u8], bool)> {
    let space =
        memchr(b' ', line).filter(|at| (20..=40).contains(at) && line[0].is_ascii_digit() && line.get(10) == Some(&b'T'))?;
    let rest = &line[space + 1..];
    let rest = rest.strip_prefix(b"stdout ").or_else(|| rest.strip_prefix(b"stderr "))?;
    match rest {
        [b'F', b' ', text @ ..] => Some((text, true)),
        b"F" => Some((b"", true)),
        [b'P', b' ', text @ ..] => Some((text, false)),
        _ => None,
    }
}

/// The key whose string value covers byte `at`.
fn json_key_before(line: &[u8], at: usize) -> Option<Box<str>> {
    let mut key: Option<&[u8]> = None;
    let mut from = 0;
    while let Some(open) = memchr(b'"', &line[from..]).map(|found| from + found) {
        let len = unescaped_quote(&line[open + 1..])?;
        let end = open + 1 + len;
        let is_key = line[end + 1..].trim_ascii_start().first() == Some(&b':');
        if is_key {
            key = Some(&line[open + 1..end]);
        } else if (open..end).contains(&at) {
            return std::str::from_utf8(key?).ok().map(Into::into);
        }
        from = end + 1;
    }
    None
}

/// The inside of the string value of `key` in a JSON object on one line.
fn json_text<'a>(line: &'a [u8], key: &str) -> Option<&'a [u8]> {
    if line.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let quoted = format!("\"{key}\"");
    memmem::find_iter(line, quoted.as_bytes()).find_map(|at| {
        let rest = line[at + quoted.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
        Some(&rest[..unescaped_quote(rest)?])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: &str, line: &str, expect: Option<&str>) {
        let mut wrap = detect(first.as_bytes()).expect("a wrapped header");
        let mut out = Vec::new();
        let taken = take_off(&mut wrap, line.as_bytes(), &mut out);
        let text = String::from_utf8(out).expect("text");
        assert_eq!((taken == Taken::Text).then_some(text.as_str()), expect);
    }

    #[test]
    fn each_layer_comes_off() {
        let journal = "Nov 30 11:02:03 web-1 api[4711]: goroutine 7 [select]:";
        check(journal, "Dec  1 11:02:03 web-1 api[4711]: \t/a b/c.go:7 +0x1d", Some("\t/a b/c.go:7 +0x1d\n"));
        check(journal, "Dec  1 11:02:03 web-1 api[4711]:", Some("\n"));
        check(journal, "Dec  1 11:02:03 web-1 kernel: oom", None);
        check("    goroutine 7 [select]:", "    \tx.go:1 +0x1", Some("\tx.go:1 +0x1\n"));
        check("    goroutine 7 [select]:", "", Some("\n"));
        let cri = "2026-11-21T11:02:03.123456789Z stderr F goroutine 7 [select]:";
        check(cri, "2026-11-21T11:02:03.12Z stderr F ", Some("\n"));
        check(cri, "2026-11-21T11:02:03.12Z stderr P main.f(", Some("main.f("));
        let docker = r#"{"log":"goroutine 7 [select]:\n","stream":"stderr","time":"2026-11-21T11:02:03Z"}"#;
        check(docker, r#"{"log":"\u0009a.go:1\n","stream":"stderr"}"#, Some("\ta.go:1\n"));
        let zap = r#"{"level":"error","msg":"x","stacktrace":"goroutine 7 [select]:\nmain.f()\n\ta.go:1"}"#;
        check(zap, zap, Some("goroutine 7 [select]:\nmain.f()\n\ta.go:1\n"));
        let logfmt = r#"level=error msg="dump: goroutine 7 [select]:\nmain.f()\n\ta.go:1 +0x1" caller=x"#;
        check(logfmt, logfmt, Some("goroutine 7 [select]:\nmain.f()\n\ta.go:1 +0x1\n\n"));
    }

    #[test]
    fn prose_is_not_a_header() {
        assert!(detect(b"created by main.main in goroutine 1").is_none());
        assert!(detect(b"the goroutine 5 leaked").is_none());
    }
}
