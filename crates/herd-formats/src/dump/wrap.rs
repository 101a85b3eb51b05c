//! Takes off what logs put around a dump: line prefixes (journald, syslog, indentation), CRI, JSON records, escaped fields.

use memchr::{memchr, memmem};

use super::header;
use super::json::{self, Json};
use super::prefix::{self, MAX_PREFIX_BYTES, Prefix};
use crate::labels;

/// One layer around the dump.
#[derive(Clone, Debug)]
pub enum Wrap {
    /// The same shape before each line.
    Prefix(Prefix),
    /// `TIME stdout|stderr F|P TEXT` (Kubernetes).
    Cri(Stream),
    /// Each line is a JSON object (docker).
    Json(Json),
    /// `\n` and `\t` are written out, in a field that may go on over several lines.
    Escaped(Field),
    /// A blank line behind each line; whether it is still to come.
    Spaced(bool),
}

/// Where a container wrote a line to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
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
            Wrap::Prefix(prefix) if prefix.text.iter().all(u8::is_ascii_whitespace) => {
                format!("took an indentation of {} bytes off each line", prefix.text.len())
            }
            Wrap::Prefix(prefix) => {
                format!("took a prefix such as `{}` off each line", String::from_utf8_lossy(&prefix.text).trim_end())
            }
            Wrap::Cri(_) => "took Kubernetes (CRI) log prefixes off each line".to_owned(),
            Wrap::Json(json) => format!("read the `{}` field of JSON log records", json.key),
            Wrap::Spaced(_) => "took out the blank line behind each line".to_owned(),
            Wrap::Escaped(_) => "undid the escaped line ends of a log field".to_owned(),
        }
    }
}

/// Finds the layer around a line that mentions a goroutine's header but does not start with it.
pub fn detect(line: &[u8]) -> Option<Wrap> {
    // The header itself may be cut in two by the container runtime.
    let cri = cri_text(line);
    if let Some(cri) = cri.as_ref().filter(|cri| cri.text.starts_with(b"goroutine ")) {
        return Some(Wrap::Cri(cri.stream));
    }
    let at = memmem::find_iter(line, b"oroutine").find_map(|at| at.checked_sub(1).filter(|at| opens_dump(&line[*at..])))?;
    let after = &line[at..];
    // Before all else that stands in it: a long record goes on in the next line.
    if let Some(cri) = cri.filter(|cri| line.len() - cri.text.len() <= at) {
        return Some(Wrap::Cri(cri.stream));
    }
    if let Some(json) = json::detect(line, at) {
        return Some(Wrap::Json(json));
    }
    if header::escaped_end(after).is_some() {
        return Some(Wrap::Escaped(Field::default()));
    }
    let prefix = line[..at].strip_suffix(b"[").filter(|_| after.starts_with(b"G")).unwrap_or(&line[..at]);
    (!prefix.is_empty() && prefix.len() <= MAX_PREFIX_BYTES).then(|| Wrap::Prefix(prefix::learn(prefix)))
}

/// Whether a line carries this layer.
pub fn fits(wrap: &Wrap, line: &[u8]) -> bool {
    match wrap {
        Wrap::Prefix(prefix) => prefix::fitting_len(prefix, line).is_some(),
        Wrap::Cri(stream) => cri_text(line).is_some_and(|cri| cri.stream == *stream),
        Wrap::Json(json) => json::fits(json, line),
        Wrap::Escaped(_) | Wrap::Spaced(_) => false,
    }
}

/// Whether two layers are what one log puts around lines of different writers.
pub fn other_source(one: &Wrap, other: &Wrap) -> bool {
    match (one, other) {
        (Wrap::Prefix(one), Wrap::Prefix(other)) => prefix::other_source(&one.text, &other.text),
        (Wrap::Cri(one), Wrap::Cri(other)) => one != other,
        (Wrap::Json(one), Wrap::Json(other)) => json::other_source(one, other),
        (Wrap::Prefix(_) | Wrap::Cri(_) | Wrap::Json(_) | Wrap::Escaped(_) | Wrap::Spaced(_), _) => false,
    }
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
            let Some(len) = prefix::fitting_len(prefix, line) else { return Taken::Miss };
            out.extend_from_slice(&line[len..]);
            out.push(b'\n');
        }
        Wrap::Cri(stream) => {
            let Some(cri) = cri_text(line).filter(|cri| cri.stream == *stream) else { return Taken::Miss };
            out.extend_from_slice(cri.text);
            if cri.whole {
                out.push(b'\n');
            }
        }
        Wrap::Json(json) => return json::take_off(json, line, out).map_or(Taken::Miss, |()| Taken::Text),
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

/// Where a quoted text ends.
pub fn unescaped_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        if text[at + found] == b'"' {
            return Some(at + found);
        }
        at = (at + found + 2).min(text.len());
    }
    None
}

/// A line as the kubelet stores it.
struct Cri<'a> {
    text: &'a [u8],
    /// Its line ends here (`F`), or goes on in the next (`P`).
    whole: bool,
    stream: Stream,
}

fn cri_text(line: &[u8]) -> Option<Cri<'_>> {
    let space =
        memchr(b' ', line).filter(|at| (20..=40).contains(at) && line[0].is_ascii_digit() && line.get(10) == Some(&b'T'))?;
    let rest = &line[space + 1..];
    let (rest, stream) = match rest.strip_prefix(b"stdout ") {
        Some(rest) => (rest, Stream::Stdout),
        None => (rest.strip_prefix(b"stderr ")?, Stream::Stderr),
    };
    let (text, whole) = match rest {
        [b'F', b' ', text @ ..] => (text, true),
        b"F" => (&b""[..], true),
        [b'P', b' ', text @ ..] => (text, false),
        _ => return None,
    };
    Some(Cri { text, whole, stream })
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
