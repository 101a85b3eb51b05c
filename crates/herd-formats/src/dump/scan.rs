//! The fast way over a goroutine: one pass finds its end and hashes what makes its stack, leaving out arguments, offsets and ids.
//!
//! Equal hashes mean equal stacks (64 bits, folded multiplication); the reverse need not hold, so a stack may be known by several.

use memchr::{memchr, memmem, memrchr};

use super::header;

/// Line starts remembered, so that an address can be read without a second walk.
pub const STARTS: usize = 16;

const K0: u64 = 0x9e37_79b9_7f4a_7c15;
const K1: u64 = 0xe703_7ed1_a0b4_28db;
/// Tells a file line with registers behind it from one without.
const SYSTEM: u64 = 0x8ebc_6af0_9c88_c6e3;

/// What one pass over the lines under a header found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    /// Hash of the kept parts.
    pub hash: u64,
    /// Bytes of the block, without the blank line behind it.
    pub len: usize,
    /// Bytes with the blank line.
    pub len_with_blank: usize,
    /// Line ends in `len_with_blank`.
    pub lines: u32,
    /// Where the creator's line starts; zero when there is none, which no line under a header can be the first of two.
    pub creator: Option<u32>,
    /// Starts of the first lines.
    pub starts: [u32; STARTS],
    /// A line asks for the careful reader each time.
    pub careful: bool,
}

/// Walks the block at the start of `text`; `None` when its end is not in it and `at_end` is not set.
pub fn scan(text: &[u8], seed: u64, at_end: bool) -> Option<Scan> {
    let mut found = Scan { hash: seed, ..Scan::default() };
    let mut at = 0;
    let mut lines = 0;
    loop {
        let rest = &text[at..];
        let Some(&first) = rest.first() else {
            if !at_end {
                return None;
            }
            (found.len, found.len_with_blank) = (at, at);
            break;
        };
        let Some(len) = memchr(b'\n', rest) else {
            if !at_end {
                return None;
            }
            found.careful = true;
            (found.len, found.len_with_blank) = (text.len(), text.len());
            break;
        };
        let line = &rest[..len];
        if len == 0 || (len == 1 && first == b'\r') {
            (found.len, found.len_with_blank) = (at, at + len + 1);
            found.lines = 1;
            break;
        }
        let kept = match first {
            b'\t' | b' ' => file_kept(line),
            b'g' if header::starts(line) && header::parse(line.trim_ascii_end()).is_some() => {
                (found.len, found.len_with_blank) = (at, at);
                break;
            }
            b'c' if line.starts_with(b"created by ") => {
                found.creator = Some(at as u32);
                creator_kept(line)
            }
            b'[' => None,
            _ => call_kept(line),
        };
        let kept = kept.unwrap_or_else(|| {
            found.careful = true;
            Kept::all(line)
        });
        if lines < STARTS {
            found.starts[lines] = at as u32;
        }
        found.hash = mix(found.hash ^ kept.mark, &line[..kept.len]);
        lines += 1;
        at += len + 1;
    }
    found.lines += lines as u32;
    Some(found)
}

/// What of a line makes the stack. The rest must not change how [`super::block::parse`] reads it.
#[derive(Clone, Copy)]
struct Kept {
    len: usize,
    mark: u64,
}

impl Kept {
    fn first(len: usize) -> Self {
        Kept { len, mark: 0 }
    }

    fn all(line: &[u8]) -> Self {
        Kept::first(line.len())
    }
}

/// A file line without its `+0xOFF`, and whether `fp=… pc=…` stood behind it.
fn file_kept(line: &[u8]) -> Option<Kept> {
    let before = line.len() - line.iter().rev().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if before < line.len() && line[..before].ends_with(b" +0x") {
        return Some(Kept::first(before - b"+0x".len()));
    }
    let Some(at) = memrchr(b'+', line).filter(|at| line[at - 1] == b' ' && line[at + 1..].starts_with(b"0x")) else {
        return Some(Kept::all(line));
    };
    let digits = line[at + 3..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match &line[at + 3 + digits..] {
        b"" | b"\r" => Some(Kept::first(at)),
        after if after.starts_with(b" fp=0x") && memmem::find(after, b" pc=0x").is_some() => Some(Kept { len: at, mark: SYSTEM }),
        _ => None,
    }
}

/// A call without its arguments.
fn call_kept(line: &[u8]) -> Option<Kept> {
    let Some(at) = memrchr(b'(', line) else { return Some(Kept::all(line)) };
    (at > 0 && (line.ends_with(b")") || line.ends_with(b")\r"))).then_some(Kept::first(at + 1))
}

/// A creator without the id of its goroutine.
fn creator_kept(line: &[u8]) -> Option<Kept> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let kept = line.len() - digits;
    if !line[..kept].ends_with(b" in goroutine ") {
        return Some(Kept::all(line));
    }
    (1..=header::ID_DIGITS).contains(&digits).then_some(Kept::first(kept))
}

/// Folds bytes into a hash, sixteen at a time.
pub fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let mut hash = hash ^ (bytes.len() as u64).wrapping_mul(K0);
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        hash = fold(word(chunk) ^ K0 ^ hash, word(&chunk[8..]) ^ K1);
    }
    let tail = chunks.remainder();
    if tail.is_empty() {
        return hash;
    }
    // The last sixteen bytes again, in part: cheaper than a padded copy of the rest.
    if let Some(last) = bytes.last_chunk::<16>() {
        return fold(word(last) ^ K1 ^ hash, word(&last[8..]) ^ K0);
    }
    let mut padded = [0; 16];
    padded[..tail.len()].copy_from_slice(tail);
    fold(word(&padded) ^ K1 ^ hash, word(&padded[8..]) ^ K0)
}

fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<8>().map_or(0, |eight| u64::from_le_bytes(*eight))
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}
