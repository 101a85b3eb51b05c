//! Log records in JSON, one a line: which field holds the text, and whose line it is.

use std::ops::Range;

use memchr::{memchr, memchr3};

use super::prefix::{self, MAX_PREFIX_BYTES, Prefix};
use super::{header, profile_text, scan};
use crate::labels;

/// Deepest object in which a field can tell whose line it is; labels of pods stand deeper.
const SOURCE_DEPTH_MAX: usize = 2;

/// Fields that tell whose line it is.
const SOURCE_KEYS: &[&[u8]] = &[
    b"stream",
    b"pod_name",
    b"container_name",
    b"container_id",
    b"docker_id",
    b"pod",
    b"container",
    b"hostname",
    b"host",
    b"instance",
    b"pid",
    b"_PID",
    b"_HOSTNAME",
    b"_SYSTEMD_UNIT",
];

/// Where the text stands in a record.
#[derive(Clone, Debug)]
pub struct Json {
    /// Its key.
    pub key: Box<str>,
    /// Objects around it.
    depth: usize,
    /// A text without a line end goes on in the next record, as docker cuts long lines.
    joins: bool,
    /// What stands before the record, as fluentd prints time and tag.
    lead: Option<Prefix>,
    /// Of the fields that tell whose line it is.
    source: u64,
}

/// Finds the record whose text covers byte `at` of a line.
pub fn detect(line: &[u8], at: usize) -> Option<Json> {
    let brace = record_start(line).filter(|brace| *brace < at)?;
    let before = line[..brace].trim_ascii_start();
    if before.len() > MAX_PREFIX_BYTES {
        return None;
    }
    let found = Pairs::of(line, brace).find(|pair| pair.string && pair.value.contains(&at))?;
    let mut text = Vec::new();
    labels::unescape(&line[found.value.clone()], &mut text);
    let bare = header::parse(&text).is_some() || profile_text::head(&text).is_some_and(|_| text.last() != Some(&b'\n'));
    Some(Json {
        key: std::str::from_utf8(found.key).ok()?.into(),
        depth: found.depth,
        joins: found.key == b"log" && !bare,
        lead: (!before.is_empty()).then(|| prefix::learn(&line[..brace])),
        source: source(line, brace),
    })
}

/// Appends the text of a record; `None` when the line is no such record of this source.
pub fn take_off(json: &Json, line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let inside = text_of(json, line)?;
    let from = out.len();
    labels::unescape(&line[inside], out);
    if !json.joins && out.get(from..).is_some_and(|text| text.last() != Some(&b'\n')) {
        out.push(b'\n');
    }
    Some(())
}

/// Whether a line is a record of this source.
pub fn fits(json: &Json, line: &[u8]) -> bool {
    text_of(json, line).is_some()
}

/// Whether two are the same records of different writers.
pub fn other_source(one: &Json, other: &Json) -> bool {
    let same_form = one.key == other.key && one.depth == other.depth;
    let leads = match (&one.lead, &other.lead) {
        (Some(one), Some(other)) => prefix::other_source(&one.text, &other.text),
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => return false,
    };
    same_form && (leads || one.source != other.source)
}

fn text_of(json: &Json, line: &[u8]) -> Option<Range<usize>> {
    let brace = match &json.lead {
        Some(lead) => prefix::fitting_len(lead, line).filter(|len| line.get(*len) == Some(&b'{'))?,
        None => line.len() - line.trim_ascii_start().len(),
    };
    if line.get(brace) != Some(&b'{') {
        return None;
    }
    let text = Pairs::of(line, brace)
        .find(|pair| pair.string && pair.depth == json.depth && pair.key == json.key.as_bytes())
        .map(|pair| pair.value)?;
    (source(line, brace) == json.source).then_some(text)
}

/// The brace that opens a record: a key or nothing stands behind it.
fn record_start(line: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr(b'{', &line[from..]).map(|found| from + found) {
        if line[at + 1..].trim_ascii_start().first() == Some(&b'"') {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn source(line: &[u8], brace: usize) -> u64 {
    Pairs::of(line, brace)
        .filter(|pair| pair.depth <= SOURCE_DEPTH_MAX && SOURCE_KEYS.contains(&pair.key))
        .fold(0, |hash, pair| scan::mix(scan::mix(hash, pair.key), &line[pair.value]))
}

/// A key with a string or a number.
struct Pair<'a> {
    key: &'a [u8],
    value: Range<usize>,
    string: bool,
    depth: usize,
}

/// Walks a record; ends where it is not JSON. `=>` stands for `:` in what fluent-bit prints.
struct Pairs<'a> {
    line: &'a [u8],
    at: usize,
    depth: usize,
    key: &'a [u8],
}

impl<'a> Pairs<'a> {
    fn of(line: &'a [u8], brace: usize) -> Self {
        Pairs { line, at: brace, depth: 0, key: b"" }
    }

    /// Reads the number at `at`, if there is one.
    fn number(&mut self) -> Option<Pair<'a>> {
        let len = self.line[self.at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let value = self.at..self.at + len;
        (len > 0).then(|| Pair { key: std::mem::take(&mut self.key), value, string: false, depth: self.depth })
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        loop {
            let found = self.at + memchr3(b'"', b'{', b'}', &self.line[self.at..])?;
            self.at = found + 1;
            match self.line[found] {
                b'{' => self.depth += 1,
                b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.at = self.line.len();
                        return None;
                    }
                }
                _ => {
                    let end = self.at + super::wrap::unescaped_quote(&self.line[self.at..])?;
                    let value = self.at..end;
                    self.at = end + 1;
                    let after = self.line[self.at..].trim_ascii_start();
                    let Some(after) = after.strip_prefix(b":").or_else(|| after.strip_prefix(b"=>")) else {
                        if self.key.is_empty() {
                            continue;
                        }
                        return Some(Pair { key: std::mem::take(&mut self.key), value, string: true, depth: self.depth });
                    };
                    self.key = &self.line[value];
                    self.at = self.line.len() - after.trim_ascii_start().len();
                    if let Some(pair) = self.number() {
                        return Some(pair);
                    }
                }
            }
        }
    }
}
