//! A sealed chunk: rows of one instance and one layout, column by column, with a directory so that one series is read without the others.
//! A column that equals another, or is the sum or difference of two others, is not written again: heap in use and allocated, objects and
//! allocations less frees are such.

use rustc_hash::FxHashMap;

use crate::StoreError;
use crate::bits::{Bytes, put_varint};
use crate::column::{self, Scratch};
use crate::tick::COLUMNS_MAX;

/// Equal to another column.
const COPY: u8 = 4;
/// The sum of two columns of whole numbers.
const SUM: u8 = 5;
/// The difference of two columns of whole numbers.
const DIFFERENCE: u8 = 6;
/// Earlier columns that a column is held against.
const LOOK_BACK: usize = 64;
/// Rows a chunk may have.
pub const ROWS_MAX: usize = 1 << 20;

/// Writes chunks; keeps its room from one to the next.
#[derive(Debug, Default)]
pub struct ChunkWriter {
    scratch: Scratch,
    /// Column after column.
    bits: Vec<u64>,
    body: Vec<u8>,
    sizes: Vec<u8>,
    /// Columns written in full that later ones may lean on: place and fingerprint.
    written: Vec<(usize, u64)>,
    /// The one of them that has this value in the first row.
    by_first: FxHashMap<u64, usize>,
}

impl ChunkWriter {
    /// Appends a chunk. `rows` has the values row after row.
    pub fn write(&mut self, times_ms: &[i64], rows: &[u64], columns: usize, out: &mut Vec<u8>) {
        let count = times_ms.len();
        debug_assert_eq!(rows.len(), count * columns);
        self.bits.clear();
        for column in 0..columns {
            self.bits.extend(rows.iter().skip(column).step_by(columns));
        }
        self.body.clear();
        self.sizes.clear();
        self.written.clear();
        self.by_first.clear();
        for column in 0..columns {
            let start = self.body.len();
            self.write_column(column, count);
            put_varint(&mut self.sizes, (self.body.len() - start) as u64);
        }
        self.written.clear();
        let start = self.body.len();
        column::encode_whole(times_ms, &mut self.scratch, &mut self.body);
        put_varint(out, (self.body.len() - start) as u64);
        out.extend_from_slice(&self.body[start..]);
        put_varint(out, columns as u64);
        out.extend_from_slice(&self.sizes);
        out.extend_from_slice(&self.body[..start]);
    }

    fn write_column(&mut self, column: usize, count: usize) {
        let all = &self.bits;
        let of = |column: usize| all.get(column * count..(column + 1) * count).unwrap_or_default();
        let bits = of(column);
        let Some(first) = bits.first() else { return };
        let constant = bits.iter().all(|bits| bits == first);
        let fingerprint = bits.iter().fold(0u64, |sum, bits| sum.rotate_left(5).wrapping_add(*bits));
        if !constant {
            let recent = self.written.iter().rev().take(LOOK_BACK);
            if let Some((same, _)) = recent.clone().find(|(other, print)| *print == fingerprint && of(*other) == bits) {
                self.body.push(COPY);
                put_varint(&mut self.body, *same as u64);
                return;
            }
            if let Some((kind, one, two)) = related(bits, recent.map(|(other, _)| *other), &self.by_first, of) {
                self.body.push(kind);
                put_varint(&mut self.body, one as u64);
                put_varint(&mut self.body, two as u64);
                return;
            }
        }
        self.written.push((column, fingerprint));
        self.by_first.insert(*first, column);
        column::encode(bits, &mut self.scratch, &mut self.body);
    }
}

/// Two earlier columns whose sum or difference this one is in every row.
fn related<'a>(
    bits: &[u64],
    recent: impl Iterator<Item = usize>,
    by_first: &FxHashMap<u64, usize>,
    of: impl Fn(usize) -> &'a [u64],
) -> Option<(u8, usize, usize)> {
    let first = f64::from_bits(*bits.first()?);
    column::as_whole(first.to_bits())?;
    let fits = |kind: u8, one: usize, two: usize| {
        let fits = |((one, two), bits): ((&u64, &u64), &u64)| combined(kind, *one, *two) == Some(*bits);
        of(one).iter().zip(of(two)).zip(bits).rev().all(fits)
    };
    for one in recent {
        let start = f64::from_bits(*of(one).first()?);
        for (kind, wanted) in [(SUM, first - start), (DIFFERENCE, start - first)] {
            if let Some(two) = by_first.get(&wanted.to_bits())
                && fits(kind, one, *two)
            {
                return Some((kind, one, *two));
            }
        }
    }
    None
}

/// The sum or difference of two whole numbers, if that is one too.
fn combined(kind: u8, one: u64, two: u64) -> Option<u64> {
    let (one, two) = (column::as_whole(one)?, column::as_whole(two)?);
    let whole = if kind == SUM { one + two } else { one - two };
    let bits = (whole as f64).to_bits();
    column::as_whole(bits).map(|_| bits)
}

/// A chunk read from its bytes.
#[derive(Debug)]
pub struct Chunk<'a> {
    /// When each row was.
    pub times_ms: Vec<i64>,
    columns: Vec<&'a [u8]>,
}

impl<'a> Chunk<'a> {
    /// Reads times and directory.
    pub fn open(body: &'a [u8], rows: usize) -> Result<Self, StoreError> {
        if rows > ROWS_MAX {
            return Err(StoreError::damaged("a chunk has too many rows"));
        }
        let mut input = Bytes::new(body);
        let size = input.count(body.len())?;
        let mut times_ms = Vec::with_capacity(rows);
        column::decode_whole(input.take(size)?, rows, &mut times_ms)?;
        let count = input.count(COLUMNS_MAX.min(body.len()))?;
        let mut sizes = Vec::with_capacity(count);
        for _ in 0..count {
            sizes.push(input.count(body.len())?);
        }
        let columns = sizes.into_iter().map(|size| input.take(size)).collect::<Result<_, _>>()?;
        Ok(Chunk { times_ms, columns })
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The bits of one column. About 4 ns a value.
    pub fn column(&self, column: usize, bits: &mut Vec<u64>) -> Result<(), StoreError> {
        let body = self.body(column)?;
        let mut input = Bytes::new(body);
        let Some((&kind @ (COPY | SUM | DIFFERENCE), _)) = body.split_first() else {
            return column::decode(body, self.times_ms.len(), bits);
        };
        input.byte()?;
        self.written(input.count(column)?, bits)?;
        if kind == COPY {
            return Ok(());
        }
        let mut others = Vec::new();
        self.written(input.count(column)?, &mut others)?;
        for (bits, other) in bits.iter_mut().zip(others) {
            *bits = combined(kind, *bits, other).ok_or_else(|| StoreError::damaged("a sum of no whole numbers"))?;
        }
        Ok(())
    }

    /// The bits of a column that others lean on, which itself leans on none.
    fn written(&self, column: usize, bits: &mut Vec<u64>) -> Result<(), StoreError> {
        column::decode(self.body(column)?, self.times_ms.len(), bits)
    }

    fn body(&self, column: usize) -> Result<&'a [u8], StoreError> {
        self.columns.get(column).copied().ok_or_else(|| StoreError::damaged("a chunk has fewer columns than its layout"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(times_ms: &[i64], rows: &[u64], columns: usize) -> Vec<u8> {
        let mut out = Vec::new();
        ChunkWriter::default().write(times_ms, rows, columns, &mut out);
        out
    }

    #[test]
    fn what_follows_from_other_columns_takes_three_bytes() {
        let free = |row: u64| (row * 7919 + row * row * 31) as f64;
        let rows: Vec<u64> = (0..100u64)
            .flat_map(|row| {
                let live = (row * row * 17 % 5003) as f64;
                [free(row), live, live, free(row) + live, free(row) - live].map(f64::to_bits)
            })
            .collect();
        let times: Vec<i64> = (0..100).map(|row| row * 5000).collect();
        let body = written(&times, &rows, 5);
        let chunk = Chunk::open(&body, 100).unwrap();
        assert_eq!(chunk.columns.iter().skip(2).map(|body| body.len()).collect::<Vec<_>>(), [2, 3, 3]);
        for column in 0..5 {
            let mut bits = Vec::new();
            chunk.column(column, &mut bits).unwrap();
            assert_eq!(bits, rows.iter().skip(column).step_by(5).copied().collect::<Vec<_>>());
        }
    }

    fn small() -> impl Strategy<Value = u64> {
        prop_oneof![6 => (-5..5i64).prop_map(|value| (value as f64).to_bits()), 1 => any::<u64>()]
    }

    proptest! {
        #[test]
        fn chunks_read_back_bit_for_bit(
            (columns, rows) in (1..8usize, 0..40usize).prop_flat_map(|(columns, rows)| {
                (Just(columns), prop::collection::vec(small(), columns * rows))
            }),
            start: i32,
        ) {
            let times: Vec<i64> = (0..i64::try_from(rows.len() / columns).unwrap()).map(|row| i64::from(start) + row * 5000 + row % 3).collect();
            let body = written(&times, &rows, columns);
            let chunk = Chunk::open(&body, times.len()).unwrap();
            prop_assert_eq!(&chunk.times_ms, &times);
            for column in 0..columns {
                let mut bits = Vec::new();
                chunk.column(column, &mut bits).unwrap();
                prop_assert_eq!(bits, rows.iter().skip(column).step_by(columns).copied().collect::<Vec<_>>());
            }
        }

        #[test]
        fn damaged_chunks_are_refused_or_read(body: Vec<u8>, rows in 0..200usize) {
            if let Ok(chunk) = Chunk::open(&body, rows) {
                for column in 0..chunk.columns().min(20) {
                    drop(chunk.column(column, &mut Vec::new()));
                }
            }
        }
    }
}
