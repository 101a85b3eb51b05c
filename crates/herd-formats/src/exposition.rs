//! Pages of metrics as Prometheus scrapes them: text format 0.0.4 and OpenMetrics 1.0 (prometheus.io, "Exposition formats").
//!
//! A service shows the same series in the same order scrape after scrape, and so do all services of one binary. So what a page holds is
//! kept apart from its values: a [`Layout`] is read once, and [`same`] reads only the numbers of the pages after it.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// What is kept of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Every series.
    All,
    /// Series whose names begin with one of these.
    Prefixes(Vec<Box<str>>),
}

/// What a page may hold. Beyond it nothing is kept, and what was left is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Series kept of one page.
    pub series: usize,
    /// Bytes of a series' name and labels.
    pub key_bytes: usize,
}

/// How a series moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Up and down: gauges, quantiles of summaries.
    Gauge,
    /// Up until the process starts anew: counters, counts, sums and buckets.
    Counter,
    /// The page does not tell.
    Unknown,
}

/// The series of a page, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Names and labels as the page shows them, one after the other.
    text: String,
    ends: Vec<u32>,
    kinds: Vec<Kind>,
}

/// One page, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Its series.
    pub layout: Layout,
    /// Their values, in the same order; NaN and infinities among them.
    pub values: Vec<f64>,
    /// What was not kept though it was asked for.
    pub lost: Lost,
}

/// Lines of a page that could not be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Series beyond [`Limits::series`].
    pub over_limit: u64,
    /// Series whose name and labels are longer than [`Limits::key_bytes`].
    pub too_long: u64,
    /// Lines that are neither a sample nor a comment.
    pub malformed: u64,
    /// Offset of the first of these, in bytes from the start of the page.
    pub first_malformed: Option<u64>,
}

impl Lost {
    /// Whether all that was asked for was kept.
    pub fn is_nothing(&self) -> bool {
        *self == Lost::default()
    }
}

impl Keep {
    fn wants(&self, line: &[u8]) -> bool {
        match self {
            Keep::All => true,
            Keep::Prefixes(prefixes) => prefixes.iter().any(|prefix| line.starts_with(prefix.as_bytes())),
        }
    }
}

impl Layout {
    /// A layout of these series.
    pub fn of<'a>(keys: impl IntoIterator<Item = (&'a str, Kind)>) -> Self {
        let mut layout = Layout::default();
        keys.into_iter().for_each(|(key, kind)| layout.push(key, kind));
        layout
    }

    /// Adds a series at the end.
    pub fn push(&mut self, key: &str, kind: Kind) {
        self.text.push_str(key);
        self.ends.push(self.text.len() as u32);
        self.kinds.push(kind);
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Name and labels of each series, as the page shows them, and how it moves.
    pub fn series(&self) -> impl ExactSizeIterator<Item = (&str, Kind)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let spans = starts.zip(&self.ends).zip(&self.kinds);
        spans.map(|((from, to), kind)| (&self.text[from as usize..*to as usize], *kind)).collect::<Vec<_>>().into_iter()
    }

    fn key(&self, at: usize) -> Option<&[u8]> {
        let to = *self.ends.get(at)? as usize;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.as_bytes().get(from..to)
    }
}

/// Reads everything that is to be kept of a page. Cost: linear in its bytes.
pub fn read(page: &[u8], keep: &Keep, limits: Limits) -> Page {
    let mut read = Page::default();
    let mut family: (&[u8], Kind) = (b"", Kind::Unknown);
    let mut offset = 0;
    for line in lines(page) {
        let at = offset;
        offset += line.len() + 1;
        let line = trimmed(line);
        if let Some(comment) = line.strip_prefix(b"#") {
            family = declared(comment).unwrap_or(family);
            continue;
        }
        if line.is_empty() || !keep.wants(line) {
            continue;
        }
        let Some((key, value)) = sample(line) else {
            read.lost.malformed += 1;
            read.lost.first_malformed.get_or_insert(at as u64);
            continue;
        };
        if read.values.len() >= limits.series || read.layout.text.len() + key.len() > u32::MAX as usize {
            read.lost.over_limit += 1;
        } else if key.len() > limits.key_bytes {
            read.lost.too_long += 1;
        } else {
            read.layout.push(key, kind(key.as_bytes(), family));
            read.values.push(value);
        }
    }
    read
}

/// Reads the values of a page into `values` if it has exactly the series of `layout`, in their order, and nothing malformed; else says
/// no, and what is in `values` is of no use. Cost: linear in the page's bytes, about a third of [`read`]'s.
pub fn same(page: &[u8], layout: &Layout, keep: &Keep, values: &mut Vec<f64>) -> bool {
    values.clear();
    let mut at = 0;
    for line in lines(page) {
        let line = trimmed(line);
        if line.first().is_none_or(|first| *first == b'#') {
            continue;
        }
        let rest = layout.key(at).and_then(|key| line.strip_prefix(key)).filter(|rest| is_blank(rest.first()));
        let Some(rest) = rest else {
            if keep.wants(line) {
                return false;
            }
            continue;
        };
        let Some(value) = value(rest) else { return false };
        values.push(value);
        at += 1;
    }
    at == layout.len()
}

/// The value of a label as it was before it was written into a page.
pub fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(next) = rest.next() {
        match (next, if next == '\\' { rest.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some(escaped @ ('\\' | '"'))) => text.push(escaped),
            ('\\', Some(other)) => text.extend(['\\', other]),
            _ => text.push(next),
        }
    }
    Cow::Owned(text)
}

/// The name and the labels of a series, taken apart; `labels` as written, see [`unescaped`]. The name stands among the braces, quoted, where
/// it is none of the old kind.
pub fn parts(key: &str) -> (Cow<'_, str>, Vec<(&str, &str)>) {
    let open = key.find('{').unwrap_or(key.len());
    let mut name = Cow::Borrowed(key[..open].trim_end());
    let mut labels = Vec::new();
    let mut rest = key.get(open + 1..).unwrap_or_default();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some(quote) = rest.find('"') else { return (name, labels) };
        let Some(length) = quoted(&rest.as_bytes()[quote..]) else { return (name, labels) };
        let value = &rest[quote + 1..quote + length - 1];
        match rest[..quote].trim_end_matches([' ', '\t']).strip_suffix('=') {
            Some(label) => labels.push((label.trim(), value)),
            None => name = unescaped(value),
        }
        rest = &rest[quote + length..];
    }
}

fn lines(page: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(page);
    std::iter::from_fn(move || {
        let page = rest?;
        let Some(end) = memchr(b'\n', page) else {
            rest = None;
            return (!page.is_empty()).then_some(page);
        };
        rest = Some(&page[end + 1..]);
        Some(&page[..end])
    })
}

fn trimmed(line: &[u8]) -> &[u8] {
    match line.first() {
        Some(b' ' | b'\t') => line.trim_ascii_start(),
        _ => line,
    }
}

fn is_blank(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b' ' | b'\t'))
}

/// `# TYPE name kind`, without its first character.
fn declared(comment: &[u8]) -> Option<(&[u8], Kind)> {
    let mut words = comment.split(|byte| matches!(byte, b' ' | b'\t' | b'\r')).filter(|word| !word.is_empty());
    if words.next()? != b"TYPE" {
        return None;
    }
    let name = words.next()?;
    let kind = match words.next()? {
        b"counter" | b"histogram" | b"summary" => Kind::Counter,
        b"gauge" | b"gaugehistogram" | b"stateset" | b"info" => Kind::Gauge,
        _ => Kind::Unknown,
    };
    Some((name, kind))
}

/// How a series moves that stands below the declaration of a family.
fn kind(key: &[u8], (family, kind): (&[u8], Kind)) -> Kind {
    let Some(rest) = key.strip_prefix(family).filter(|_| !family.is_empty()) else { return Kind::Unknown };
    let suffix = &rest[..rest.iter().position(|byte| matches!(byte, b'{' | b' ')).unwrap_or(rest.len())];
    match suffix {
        // A summary's own series are its quantiles; a counter's are counts.
        b"" if memchr::memmem::find(rest, b"quantile=\"").is_some() => Kind::Gauge,
        b"" | b"_total" | b"_sum" | b"_count" | b"_bucket" => kind,
        b"_created" => Kind::Gauge,
        _ => Kind::Unknown,
    }
}

/// `name{label="value"} 1 1700000000000`, or with an exemplar behind it.
fn sample(line: &[u8]) -> Option<(&str, f64)> {
    let name = line.iter().position(|byte| !is_name(*byte)).unwrap_or(line.len());
    let mut end = name;
    let open = name + line.get(name..)?.iter().take_while(|byte| is_blank(Some(byte))).count();
    if line.get(open) == Some(&b'{') {
        end = open + labels(&line[open..], name == 0)?;
    } else if name == 0 {
        return None;
    }
    if line.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let rest = line.get(end..)?;
    let key = std::str::from_utf8(&line[..end]).ok()?;
    (is_blank(rest.first()) || line[end - 1] == b'}').then_some(())?;
    Some((key, value(rest)?))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')
}

/// Bytes from `{` to `}`. Where the name is not in front it stands inside, quoted.
fn labels(text: &[u8], named_inside: bool) -> Option<usize> {
    let blanks = |at: usize| at + text[at..].iter().take_while(|byte| is_blank(Some(byte))).count();
    let mut at = 1;
    let mut named = !named_inside;
    loop {
        at = blanks(at);
        match text.get(at)? {
            b'}' => return named.then_some(at + 1),
            b'"' if !named => {
                at += quoted(&text[at..])?;
                named = true;
            }
            b'"' => {
                at = blanks(at + quoted(&text[at..])?);
                at = blanks(at + usize::from(text.get(at) == Some(&b'=')));
                at += quoted(text.get(at..)?)?;
            }
            first if is_name(*first) && !first.is_ascii_digit() => {
                at = blanks(at + text[at..].iter().take_while(|byte| is_name(**byte)).count());
                if text.get(at) != Some(&b'=') {
                    return None;
                }
                at = blanks(at + 1);
                at += quoted(text.get(at..)?)?;
            }
            _ => return None,
        }
        at = blanks(at);
        match text.get(at)? {
            b',' => at += 1,
            b'}' => {}
            _ => return None,
        }
    }
}

/// Bytes of a quoted text with its quotes.
fn quoted(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The number that follows the blanks behind a series; a time or an exemplar may follow it.
fn value(rest: &[u8]) -> Option<f64> {
    let rest = rest.trim_ascii_start();
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r')).unwrap_or(rest.len());
    let behind = rest[end..].trim_ascii();
    let time_end = behind.iter().position(u8::is_ascii_whitespace).unwrap_or(behind.len());
    if !behind.is_empty() && behind[0] != b'#' && number(&behind[..time_end]).is_none() {
        return None;
    }
    number(&rest[..end])
}

/// Largest integer below which every integer is a float.
const EXACT_DIGITS: usize = 15;

fn number(text: &[u8]) -> Option<f64> {
    if !text.is_empty() && text.len() <= EXACT_DIGITS && text.iter().all(u8::is_ascii_digit) {
        return Some(text.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0')) as f64);
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { series: 100, key_bytes: 200 };

    #[track_caller]
    fn check(text: &str, expect: &[(&str, f64, Kind)]) {
        let page = read(text.as_bytes(), &Keep::All, LIMITS);
        let series: Vec<(&str, f64, Kind)> =
            page.layout.series().zip(&page.values).map(|((key, kind), value)| (key, *value, kind)).collect();
        assert_eq!(format!("{series:?}"), format!("{expect:?}"), "{:?}", page.lost);
        let mut values = Vec::new();
        assert_eq!(same(text.as_bytes(), &page.layout, &Keep::All, &mut values), page.lost.malformed == 0);
        if page.lost.malformed == 0 {
            assert_eq!(format!("{values:?}"), format!("{:?}", page.values));
        }
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        use Kind::{Counter, Gauge, Unknown};
        check(
            "# HELP go_goroutines Number of goroutines that currently exist.\n# TYPE go_goroutines gauge\ngo_goroutines 42\n\n\
             # TYPE go_gc_duration_seconds summary\ngo_gc_duration_seconds{quantile=\"0.5\"} 1.5e-05\ngo_gc_duration_seconds_sum 2\n\
             go_gc_duration_seconds_count 7 1700000000000\r\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3 # {trace_id=\"a b\"} 0.67\n\
             # EOF\nx 1\n",
            &[
                ("go_goroutines", 42.0, Gauge),
                ("go_gc_duration_seconds{quantile=\"0.5\"}", 1.5e-5, Gauge),
                ("go_gc_duration_seconds_sum", 2.0, Counter),
                ("go_gc_duration_seconds_count", 7.0, Counter),
                ("h_bucket{le=\"+Inf\"}", 3.0, Counter),
                ("x", 1.0, Unknown),
            ],
        );
        check(
            "a{b=\"}\\\" {\",} NaN\nc {d=\"1\" , e=\"2\"}\t+Inf\n{\"ö.f\",g=\"h\"} -Inf\n  i 0x\nj\nk 1 2 3\n{l=\"1\"} 2\nm{n} 1\n1o 2",
            &[
                ("a{b=\"}\\\" {\",}", f64::NAN, Unknown),
                ("c {d=\"1\" , e=\"2\"}", f64::INFINITY, Unknown),
                ("{\"ö.f\",g=\"h\"}", f64::NEG_INFINITY, Unknown),
                ("k", 1.0, Unknown),
            ],
        );
        check("", &[]);
        check(
            "a 123456789012345\nb 1234567890123456789\nc -0\nd .5",
            &[
                ("a", 123_456_789_012_345.0, Unknown),
                ("b", 1_234_567_890_123_456_800.0, Unknown),
                ("c", -0.0, Unknown),
                ("d", 0.5, Unknown),
            ],
        );
    }

    #[test]
    fn what_is_not_kept_is_counted_and_placed() {
        let page = read(b"a 1\nlong_name 2\n}{\nb 3\nc 4\n", &Keep::All, Limits { series: 2, key_bytes: 4 });
        assert_eq!(page.values, [1.0, 3.0]);
        assert_eq!(page.lost, Lost { over_limit: 1, too_long: 1, malformed: 1, first_malformed: Some(16) });
        assert!(!page.lost.is_nothing());
    }

    #[test]
    fn values_alone_are_read_only_of_a_page_with_the_same_series() {
        let keep = Keep::Prefixes(vec!["go_".into()]);
        let first = read(b"go_a 1\nhttp_b{c=\"d\"} 2\ngo_e 3\n", &keep, LIMITS);
        assert_eq!(first.values, [1.0, 3.0]);
        let mut values = Vec::new();
        assert!(same(b"http_z 1\ngo_a 4\ngo_e 5\n", &first.layout, &keep, &mut values));
        assert_eq!(values, [4.0, 5.0]);
        for other in ["go_a 4\n", "go_a 4\ngo_e 5\ngo_f 6\n", "go_e 5\ngo_a 4\n", "go_a 4\ngo_ee 5\n", "go_a x\ngo_e 5\n"] {
            assert!(!same(other.as_bytes(), &first.layout, &keep, &mut values), "{other}");
        }
    }

    #[test]
    fn a_series_is_taken_apart() {
        assert_eq!(parts("a"), ("a".into(), vec![]));
        assert_eq!(parts("a{b=\"c\\\"\",d=\"\"}"), ("a".into(), vec![("b", "c\\\""), ("d", "")]));
        assert_eq!(parts("{\"a.b\", c = \"d\"}"), ("a.b".into(), vec![("c", "d")]));
        assert_eq!(unescaped("c\\\"\\\\\\n\\t"), "c\"\\\n\\t");
    }
}
