//! pprof labels as a goroutine holds them: a map up to Go 1.23, a list since (`runtime/pprof/label.go`, `internal/runtime/pprof/label`).

use herd_model::{LabelSetId, SnapshotBuilder};
use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::layout::Layout;
use crate::memory::{Batch, Space, u64_at};

/// Labels one set may have before it counts as damage.
const MAX_LABELS: u64 = 4096;
/// Bytes kept of a key or value.
const MAX_TEXT_BYTES: u64 = 16 << 10;

const STRING_BYTES: usize = 16;

/// Label sets of a group of goroutines, by the address they were read at.
pub type Sets = FxHashMap<u64, LabelSetId>;

/// Where a key or value lies, and its length.
type Text = (u64, u64);

/// Reads the sets at these addresses in few calls: what all point at, then what that points at, then the texts.
pub fn read(space: &mut Space, layout: &Layout, builder: &mut SnapshotBuilder, addresses: &[u64]) -> Result<Sets, LiveError> {
    let texts = if layout.minor >= 24 { lists(space, addresses)? } else { maps(space, addresses)? };
    let strings = strings(space, &texts)?;
    let mut sets = Sets::default();
    for (address, texts) in addresses.iter().zip(&texts) {
        let read: Option<Vec<&str>> = texts.iter().map(|text| strings.get(text).map(String::as_str)).collect();
        if let Some(read) = read.filter(|read| !read.is_empty()) {
            let pairs = read.chunks_exact(2).map(|pair| (builder.name(pair[0]), builder.name(pair[1]))).collect();
            sets.insert(*address, builder.labels(pairs));
        }
    }
    Ok(sets)
}

fn lists(space: &mut Space, addresses: &[u64]) -> Result<Vec<Vec<Text>>, LiveError> {
    let heads = all(space, addresses.iter().map(|address| (*address, 16)))?;
    let second = heads.iter().map(|head| {
        let (first, len) = head.as_deref().map_or((0, 0), |head| (u64_at(head, 0), u64_at(head, 8)));
        (first, if len <= MAX_LABELS { len as usize * 2 * STRING_BYTES } else { 0 })
    });
    let lists = all(space, second.collect::<Vec<_>>())?;
    Ok(lists.into_iter().map(|list| list.as_deref().map_or_else(Vec::new, texts_of)).collect())
}

fn texts_of(bytes: &[u8]) -> Vec<Text> {
    bytes.chunks_exact(STRING_BYTES).map(|string| (u64_at(string, 0), u64_at(string, 8))).collect()
}

const SLOTS: usize = 8;
const KEYS_AT: usize = SLOTS;
const VALUES_AT: usize = KEYS_AT + SLOTS * STRING_BYTES;
const NEXT_AT: usize = VALUES_AT + SLOTS * STRING_BYTES;
const BUCKET_BYTES: usize = NEXT_AT + 8;
/// Buckets a label map may have before it counts as damage, as a power of two.
const MAX_BUCKETS_LOG: u8 = 9;

/// The hash maps of Go up to 1.23 (`runtime/map.go`): buckets of eight, each with a chain of more.
fn maps(space: &mut Space, addresses: &[u64]) -> Result<Vec<Vec<Text>>, LiveError> {
    const HEADER_BYTES: usize = 48;
    let pointers = all(space, addresses.iter().map(|address| (*address, 8)))?;
    let pointers: Vec<(u64, usize)> =
        pointers.iter().map(|pointer| (pointer.as_deref().map_or(0, |pointer| u64_at(pointer, 0)), HEADER_BYTES)).collect();
    let headers = all(space, pointers)?;
    let buckets: Vec<(u64, usize)> = headers
        .iter()
        .map(|header| {
            let Some(header) = header.as_deref() else { return (0, 0) };
            // A label map is written once; one that is growing is not a label map.
            let growing = u64_at(header, 24) != 0;
            if growing || header[9] > MAX_BUCKETS_LOG || u64_at(header, 0) == 0 {
                return (0, 0);
            }
            (u64_at(header, 16), BUCKET_BYTES << header[9])
        })
        .collect();
    let buckets = all(space, buckets)?;
    let mut found = Vec::new();
    for (header, buckets) in headers.iter().zip(&buckets) {
        let mut texts = Vec::new();
        for bucket in buckets.as_deref().unwrap_or_default().chunks_exact(BUCKET_BYTES) {
            entries(bucket, &mut texts);
            let mut next = u64_at(bucket, NEXT_AT);
            for _ in 0..MAX_LABELS {
                let Some(more) = (if next == 0 { None } else { space.bytes(next, BUCKET_BYTES)? }) else { break };
                entries(&more, &mut texts);
                next = u64_at(&more, NEXT_AT);
            }
        }
        let promised = header.as_deref().map_or(0, |header| u64_at(header, 0));
        found.push(if texts.len() as u64 == promised * 2 { texts } else { Vec::new() });
    }
    Ok(found)
}

fn entries(bucket: &[u8], texts: &mut Vec<Text>) {
    /// A slot's first byte below this holds no entry.
    const MIN_TOP_HASH: u8 = 5;
    for slot in (0..SLOTS).filter(|slot| bucket[*slot] >= MIN_TOP_HASH) {
        for from in [KEYS_AT, VALUES_AT] {
            let string = &bucket[from + slot * STRING_BYTES..];
            texts.push((u64_at(string, 0), u64_at(string, 8)));
        }
    }
}

fn strings(space: &mut Space, texts: &[Vec<Text>]) -> Result<FxHashMap<Text, String>, LiveError> {
    let mut wanted: Vec<Text> = texts.iter().flatten().copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let bytes = all(space, wanted.iter().map(|(address, len)| (*address, (*len).min(MAX_TEXT_BYTES) as usize)))?;
    let read = wanted.iter().zip(bytes).filter_map(|(text, bytes)| {
        let bytes = if text.1 == 0 { Some(Vec::new()) } else { bytes };
        bytes.map(|bytes| (*text, String::from_utf8_lossy(&bytes).into_owned()))
    });
    Ok(read.collect())
}

/// Reads all of these; nothing for those without a length or that cannot be read.
fn all(space: &mut Space, wanted: impl IntoIterator<Item = (u64, usize)>) -> Result<Vec<Option<Vec<u8>>>, LiveError> {
    let mut batch = Batch::default();
    let asked: Vec<Option<usize>> =
        wanted.into_iter().map(|(address, len)| (address != 0 && len > 0).then(|| batch.ask(address, len))).collect();
    space.read(&mut batch)?;
    Ok(asked.into_iter().map(|index| batch.get(index?).map(<[u8]>::to_vec)).collect())
}
