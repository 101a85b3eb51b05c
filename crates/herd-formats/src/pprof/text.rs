//! The text forms Go prints with `debug=1` (`runtime/pprof/pprof.go`, Go 1.21 to 1.27), read as the runtime means them: sampled heap
//! records are scaled as it scales those of profile.proto, cycles are divided by cycles a second, and the mutex sampling period is
//! left alone, for the runtime has applied it already. Names come from the `#` lines.

use herd_model::{NoteKind, Profile, ProfileKind, SampleType, heap_sample_scaled};

use super::Error;
use super::text_record::{Record, Records};
use crate::dump::notes::quote;

/// Which of the text forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// `heap profile: …`; heap and allocs print the same.
    Heap,
    /// `--- contention:`.
    Block,
    /// `--- mutex:`.
    Mutex,
    /// `goroutine profile: total 7`.
    Goroutine,
    /// `goroutineleak profile: total 7`.
    GoroutineLeak,
    /// `threadcreate profile: total 7`.
    ThreadCreate,
    /// `NAME profile: total 7`, of a profile the program made itself.
    Count,
}

impl TextForm {
    /// What a profile of this form is of.
    pub fn kind(self) -> ProfileKind {
        match self {
            TextForm::Heap => ProfileKind::Heap,
            TextForm::Block => ProfileKind::Block,
            TextForm::Mutex => ProfileKind::Mutex,
            TextForm::Goroutine => ProfileKind::Goroutine,
            TextForm::GoroutineLeak => ProfileKind::GoroutineLeak,
            TextForm::ThreadCreate => ProfileKind::ThreadCreate,
            TextForm::Count => ProfileKind::Other,
        }
    }
}

/// The form of a text that starts so.
pub fn form(text: &[u8]) -> Option<TextForm> {
    let (start, _) = first_line(text);
    let first = line_at(text, start).0;
    if first.starts_with(b"heap profile:") {
        return HeapHead::read(first).map(|_| TextForm::Heap);
    }
    match first {
        b"--- contention:" => return Some(TextForm::Block),
        b"--- mutex:" => return Some(TextForm::Mutex),
        _ => {}
    }
    let (name, _) = count_head(first)?;
    Some(match name {
        b"goroutine" => TextForm::Goroutine,
        b"goroutineleak" => TextForm::GoroutineLeak,
        b"threadcreate" => TextForm::ThreadCreate,
        _ => TextForm::Count,
    })
}

/// Where the first line that is not blank starts, and where its text ends.
fn first_line(text: &[u8]) -> (usize, usize) {
    let marked = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let blank = text[marked..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = marked + blank;
    (start, line_at(text, start).1)
}

/// The line at `start` without its end, and where the next one starts.
fn line_at(text: &[u8], start: usize) -> (&[u8], usize) {
    let rest = &text[start..];
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    (rest[..end].trim_ascii_end(), start + (end + 1).min(rest.len()))
}

/// `NAME profile: total N`.
fn count_head(line: &[u8]) -> Option<(&[u8], u64)> {
    let space = memchr::memchr(b' ', line).filter(|space| *space > 0)?;
    let total = line[space..].strip_prefix(b" profile: total ")?;
    Some((&line[..space], unsigned(total)?))
}

/// `heap profile: 3: 24 [5: 40] @ heap/1048576`.
struct HeapHead {
    /// Live objects, live bytes, allocated objects, allocated bytes; the last may be one too many
    /// (`writeHeapInternal`, so that the two pairs differ).
    totals: [i64; 4],
    /// Bytes allocated between two samples, on average.
    rate: i64,
}

impl HeapHead {
    fn read(line: &[u8]) -> Option<Self> {
        let (totals, rest) = heap_values(line.strip_prefix(b"heap profile:")?)?;
        let twice = signed(rest.trim_ascii().strip_prefix(b"heap/")?)?;
        Some(HeapHead { totals, rate: twice / 2 })
    }
}

/// `3: 24 [5: 40] @` and what follows.
fn heap_values(line: &[u8]) -> Option<([i64; 4], &[u8])> {
    let at = memchr::memchr(b'@', line)?;
    let mut numbers = line[..at].split(|byte| matches!(byte, b':' | b'[' | b']' | b' ')).filter(|part| !part.is_empty());
    let mut values = [0; 4];
    for value in &mut values {
        *value = signed(numbers.next()?)?;
    }
    numbers.next().is_none().then_some((values, &line[at + 1..]))
}

/// Reads a text of this form.
pub fn read(text: &[u8], form: TextForm) -> Result<(Profile, Vec<herd_model::Note>), Error> {
    let (start, mut at) = first_line(text);
    let first = line_at(text, start).0;
    let mut reader = Reader::new(form, first, start)?;
    while at < text.len() {
        let (line, next) = line_at(text, at);
        if reader.line(line, at)? == Belongs::No {
            break;
        }
        at = next;
    }
    reader.finish(text)
}

/// Whether a line is part of the profile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Belongs {
    Yes,
    No,
}

/// How the numbers of a record become values.
enum Scale {
    /// Each counts as it stands.
    Count { promised: u64 },
    /// Sampled allocations.
    Heap(HeapHead),
    /// Cycles and a count.
    Cycles { per_second: Option<i64> },
}

struct Reader {
    records: Records,
    scale: Scale,
    /// Sums of what records say, to hold against what the header promises.
    sums: [i128; 4],
    unread: u64,
    first_unread: Option<usize>,
}

impl Reader {
    fn new(form: TextForm, first: &[u8], start: usize) -> Result<Self, Error> {
        let types = |names: &[(&str, &str)]| -> Vec<SampleType> {
            names.iter().map(|(name, unit)| SampleType { name: (*name).into(), unit: (*unit).into() }).collect()
        };
        let (scale, sample_types, period_type, period) = match form {
            TextForm::Heap => {
                let head = HeapHead::read(first).ok_or(Error::Text("the first line is not that of a heap profile"))?;
                let period = head.rate;
                let names =
                    [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")];
                (Scale::Heap(head), types(&names), types(&[("space", "bytes")]), period)
            }
            TextForm::Block | TextForm::Mutex => {
                let names = [("contentions", "count"), ("delay", "nanoseconds")];
                (Scale::Cycles { per_second: None }, types(&names), types(&names[..1]), 1)
            }
            TextForm::Goroutine | TextForm::GoroutineLeak | TextForm::ThreadCreate | TextForm::Count => {
                let (name, promised) = count_head(first).ok_or(Error::Text("the first line is not that of a profile"))?;
                let name = String::from_utf8_lossy(name);
                (Scale::Count { promised }, types(&[(&name, "count")]), types(&[(&name, "count")]), 1)
            }
        };
        let mut records = Records::new(form.kind(), sample_types, start);
        let profile = records.builder.profile_mut();
        profile.period_type = period_type.into_iter().next();
        profile.period = period;
        Ok(Reader { records, scale, sums: [0; 4], unread: 0, first_unread: None })
    }

    fn line(&mut self, line: &[u8], at: usize) -> Result<Belongs, Error> {
        let text = line.trim_ascii();
        if text.is_empty() {
            self.records.end()?;
            return Ok(Belongs::Yes);
        }
        if let Some(inside) = text.strip_prefix(b"#") {
            let inside = inside.trim_ascii_start();
            if inside.starts_with(b"runtime.MemStats") {
                return Ok(Belongs::No);
            }
            self.records.inside(inside, at)?;
            return Ok(Belongs::Yes);
        }
        if text.starts_with(b"---") || text.starts_with(b"MAPPED_LIBRARIES:") {
            return Ok(Belongs::No);
        }
        if let Some(record) = self.record(text, at) {
            self.records.start(record)?;
        } else if !self.header(text)? {
            self.unread += 1;
            self.first_unread.get_or_insert(at);
            if self.unread == 1 {
                let told = format!("cannot read the record {}", quote(text, 80));
                self.records.notes.add(NoteKind::Malformed, at as u64, told);
            }
        }
        Ok(Belongs::Yes)
    }

    /// A line before the records that says how to read them; whether it is one.
    fn header(&mut self, text: &[u8]) -> Result<bool, Error> {
        let Scale::Cycles { per_second } = &mut self.scale else { return Ok(false) };
        let Some(equals) = memchr::memchr(b'=', text) else { return Ok(false) };
        let (key, value) = (text[..equals].trim_ascii(), text[equals + 1..].trim_ascii());
        match key {
            b"cycles/second" => {
                *per_second = signed(value).filter(|rate| *rate > 0);
                per_second.ok_or(Error::Text("cycles/second is not a number above zero"))?;
                Ok(true)
            }
            b"sampling period" | b"ms since reset" | b"discarded samples" => Ok(true),
            _ => Ok(false),
        }
    }

    /// The first line of a record.
    fn record(&mut self, text: &[u8], at: usize) -> Option<Record> {
        match &self.scale {
            Scale::Count { .. } => {
                let (numbers, pcs) = values_and_pcs::<1>(text)?;
                self.add_sums(&numbers);
                Some(Record::new(&numbers, pcs, at))
            }
            Scale::Cycles { per_second } => {
                let ([cycles, count], pcs) = values_and_pcs::<2>(text)?;
                let per_ns = (*per_second)? as f64 / 1e9;
                Some(Record::new(&[count, (cycles as f64 / per_ns) as i64], pcs, at))
            }
            Scale::Heap(head) => {
                let (numbers, pcs) = heap_values(text)?;
                let [live, live_bytes, all, all_bytes] = numbers;
                let (all_scaled, all_bytes_scaled) = heap_sample_scaled(all, all_bytes, head.rate);
                let (live_scaled, live_bytes_scaled) = heap_sample_scaled(live, live_bytes, head.rate);
                let mut record = Record::new(&[all_scaled, all_bytes_scaled, live_scaled, live_bytes_scaled], pcs, at);
                record.block_bytes = if all > 0 { all_bytes / all } else { 0 };
                self.add_sums(&numbers);
                Some(record)
            }
        }
    }

    fn add_sums(&mut self, numbers: &[i64]) {
        for (sum, number) in self.sums.iter_mut().zip(numbers) {
            *sum += i128::from(*number);
        }
    }

    fn finish(mut self, text: &[u8]) -> Result<(Profile, Vec<herd_model::Note>), Error> {
        self.records.end_of_text(text.len())?;
        if matches!(self.scale, Scale::Cycles { per_second: None }) && self.unread > 0 {
            return Err(Error::Text("it has no line cycles/second, without which cycles are no time"));
        }
        if self.unread > 1 {
            let told = format!("{} records cannot be read and are left out", self.unread);
            self.records.notes.add(NoteKind::Malformed, self.first_unread.unwrap_or(0) as u64, told);
        }
        let end = text.len() as u64;
        if let Some(told) = self.short() {
            self.records.notes.add(NoteKind::Truncated, end, told);
        }
        Ok(self.records.finish())
    }

    /// What the header promises and the records do not hold.
    fn short(&self) -> Option<String> {
        let promised: [i128; 4] = match &self.scale {
            Scale::Count { promised } => [i128::from(*promised), 0, 0, 0],
            Scale::Heap(head) => head.totals.map(i128::from),
            Scale::Cycles { .. } => return None,
        };
        let matches = promised[..3] == self.sums[..3] && (0..=1).contains(&(promised[3] - self.sums[3]));
        let (what, at) = match &self.scale {
            Scale::Count { .. } => ("", 0),
            Scale::Heap(_) | Scale::Cycles { .. } => (" allocated objects", 2),
        };
        (!matches).then(|| {
            format!("the first line promises {}{what}, the records hold {}: the text is cut", promised[at], self.sums[at])
        })
    }
}

/// `12 34 @ 0x1 0x2`: so many numbers, then addresses.
fn values_and_pcs<const N: usize>(text: &[u8]) -> Option<([i64; N], &[u8])> {
    let at = memchr::memchr(b'@', text)?;
    let mut parts = text[..at].split(|byte| *byte == b' ').filter(|part| !part.is_empty());
    let mut values = [0; N];
    for value in &mut values {
        *value = signed(parts.next()?)?;
    }
    parts.next().is_none().then_some((values, &text[at + 1..]))
}

fn unsigned(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn signed(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_their_first_line() {
        for (text, expect) in [
            ("heap profile: 3: 24 [5: 40] @ heap/1048576\n", Some(TextForm::Heap)),
            ("heap profile: 3: 24 [5: 40] @ growthz\n", None),
            ("--- contention:\ncycles/second=1\n", Some(TextForm::Block)),
            ("--- mutex:\r\ncycles/second=1\r\n", Some(TextForm::Mutex)),
            ("--- contentionz 1 ---\n", None),
            ("\n goroutine profile: total 7\n", Some(TextForm::Goroutine)),
            ("threadcreate profile: total 7", Some(TextForm::ThreadCreate)),
            ("my.profile profile: total 7", Some(TextForm::Count)),
            ("my profile: total seven", None),
            ("", None),
        ] {
            assert_eq!(form(text.as_bytes()), expect, "{text}");
        }
    }
}
