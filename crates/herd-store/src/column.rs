//! The values of one series over the rows of a chunk, as few bytes: [`encode`] picks, column by column, between a constant, whole numbers or
//! decimals by their differences, the XOR of neighbouring floats, and the bits as they are. Every value comes back bit for bit.

use crate::StoreError;
use crate::bits::{BitReader, BitWriter, Bytes, put_signed, put_varint, unzigzag, zigzag};

/// All values are one whole number.
const CONSTANT_WHOLE: u8 = 0;
/// All values have the same bits.
const CONSTANT: u8 = 1;
/// The bits as they are.
const PLAIN: u8 = 2;
/// The XOR of each value with the one before.
const XOR: u8 = 3;
/// Whole numbers by their differences, to which the exponent of the decimals (times two) and the order less one is added.
const WHOLE: u8 = 16;

/// Most digits after the point that are tried; durations in seconds with nanoseconds have nine.
const DECIMALS_MAX: u8 = 12;
/// Powers of ten, exact in a float.
const TENS: [f64; DECIMALS_MAX as usize + 1] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];
/// Past this, whole numbers have gaps in a float.
const WHOLE_MAX: u64 = 1 << 53;
/// One value in so many may be none of the column's kind (a stale marker, a NaN); with more, the column is coded as floats.
const ODD_ONE_IN: usize = 8;

/// Rows whose differences share a width.
const BLOCK: usize = 32;
/// Ones after which a difference is written in full.
const ONES_MAX: u32 = 20;
/// Bits of a block's width; the last width says that all differences are zero.
const WIDTH_BITS: u32 = 6;
const ALL_ZERO: u64 = 63;

/// Room that columns are coded with, kept from one to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    whole: Vec<i64>,
    odd: Vec<(usize, u64)>,
    differences: Vec<u64>,
}

/// Appends a column of bits of floats. About 5 ns a value, 1 ns where all are equal.
pub fn encode(bits: &[u64], scratch: &mut Scratch, out: &mut Vec<u8>) {
    let Some((first, rest)) = bits.split_first() else { return };
    if rest.iter().all(|bits| bits == first) {
        if let Some(whole) = as_whole(*first) {
            out.push(CONSTANT_WHOLE);
            put_signed(out, whole);
        } else {
            out.push(CONSTANT);
            out.extend_from_slice(&first.to_le_bytes());
        }
        return;
    }
    let start = out.len();
    match as_decimals(bits, scratch) {
        Some(decimals) => encode_decimals(decimals, scratch, out),
        None => encode_xor(bits, out),
    }
    if out.len() - start > 1 + bits.len() * 8 {
        out.truncate(start);
        out.push(PLAIN);
        out.extend(bits.iter().flat_map(|bits| bits.to_le_bytes()));
    }
}

/// Reads a column of `rows` values to the end of `bytes`.
pub fn decode(bytes: &[u8], rows: usize, values: &mut Vec<u64>) -> Result<(), StoreError> {
    values.clear();
    let mut input = Bytes::new(bytes);
    if rows == 0 {
        return Ok(());
    }
    match input.byte()? {
        CONSTANT_WHOLE => {
            let bits = (input.signed()? as f64).to_bits();
            values.resize(rows, bits);
            Ok(())
        }
        CONSTANT => {
            let bits = input.fixed()?;
            values.resize(rows, bits);
            Ok(())
        }
        PLAIN => {
            for _ in 0..rows {
                values.push(input.fixed()?);
            }
            Ok(())
        }
        XOR => decode_xor(&mut input, rows, values),
        kind if kind >= WHOLE && (kind - WHOLE) / 2 <= DECIMALS_MAX => {
            decode_decimals((kind - WHOLE) / 2, (kind - WHOLE) % 2 == 1, &mut input, rows, values)
        }
        _ => Err(StoreError::damaged("a column of unknown kind")),
    }
}

/// Appends whole numbers, such as times or counts.
pub fn encode_whole(values: &[i64], scratch: &mut Scratch, out: &mut Vec<u8>) {
    scratch.whole.clear();
    scratch.whole.extend_from_slice(values);
    encode_differences(scratch, out);
}

/// Reads whole numbers to the end of `bytes`.
pub fn decode_whole(bytes: &[u8], rows: usize, values: &mut Vec<i64>) -> Result<(), StoreError> {
    values.clear();
    let mut input = Bytes::new(bytes);
    if rows == 0 {
        return Ok(());
    }
    let second = input.byte()? == WHOLE + 1;
    each_whole(second, &mut input, rows, |value| values.push(value))
}

/// The whole number a float is, if it is one and nothing is lost.
#[inline]
pub fn as_whole(bits: u64) -> Option<i64> {
    let whole = f64::from_bits(bits) as i64;
    (whole.unsigned_abs() <= WHOLE_MAX && (whole as f64).to_bits() == bits).then_some(whole)
}

/// Fills `scratch.whole` with the values times a power of ten, and `scratch.odd` with those that are no such number.
fn as_decimals(bits: &[u64], scratch: &mut Scratch) -> Option<u8> {
    scratch.odd.clear();
    let mut decimals = 0;
    let mut rest = bits;
    while let Some(more) = rest.iter().position(|bits| scaled(*bits, decimals).is_none()) {
        let Some((first, after)) = rest.get(more..).and_then(<[u64]>::split_first) else { break };
        if let Some(enough) = (decimals + 1..=DECIMALS_MAX).find(|decimals| scaled(*first, *decimals).is_some()) {
            decimals = enough;
        } else {
            scratch.odd.push((0, *first));
            if scratch.odd.len() > bits.len() / ODD_ONE_IN {
                return None;
            }
        }
        rest = after;
    }
    scratch.whole.clear();
    scratch.odd.clear();
    let mut before = bits.iter().find_map(|bits| scaled(*bits, decimals))?;
    for (row, bits) in bits.iter().enumerate() {
        match scaled(*bits, decimals) {
            Some(whole) => before = whole,
            None => scratch.odd.push((row, *bits)),
        }
        scratch.whole.push(before);
    }
    (scratch.odd.len() <= bits.len() / ODD_ONE_IN).then_some(decimals)
}

/// The float times a power of ten, where that is a whole number from which the same float comes back.
#[inline]
fn scaled(bits: u64, decimals: u8) -> Option<i64> {
    if decimals == 0 {
        return as_whole(bits);
    }
    let ten = TENS.get(usize::from(decimals))?;
    let whole = (f64::from_bits(bits) * ten).round_ties_even() as i64;
    (whole.unsigned_abs() <= WHOLE_MAX && (whole as f64 / ten).to_bits() == bits).then_some(whole)
}

fn encode_decimals(decimals: u8, scratch: &mut Scratch, out: &mut Vec<u8>) {
    let kind = out.len();
    let odd = std::mem::take(&mut scratch.odd);
    out.push(0);
    put_varint(out, odd.len() as u64);
    let mut before = 0;
    for (row, bits) in &odd {
        put_varint(out, (row - before) as u64);
        out.extend_from_slice(&bits.to_le_bytes());
        before = *row;
    }
    scratch.odd = odd;
    let differences = out.len();
    encode_differences(scratch, out);
    let order = out.remove(differences) - WHOLE;
    if let Some(kind) = out.get_mut(kind) {
        *kind = WHOLE + decimals * 2 + order;
    }
}

fn decode_decimals(
    decimals: u8,
    second: bool,
    input: &mut Bytes<'_>,
    rows: usize,
    values: &mut Vec<u64>,
) -> Result<(), StoreError> {
    let mut odd = Vec::new();
    let mut row = 0;
    for _ in 0..input.count(rows)? {
        row += input.count(rows)?;
        odd.push((row, input.fixed()?));
    }
    let ten = TENS.get(usize::from(decimals)).copied().unwrap_or(1.0);
    if decimals == 0 {
        each_whole(second, input, rows, |whole| values.push((whole as f64).to_bits()))?;
    } else {
        each_whole(second, input, rows, |whole| values.push((whole as f64 / ten).to_bits()))?;
    }
    for (row, bits) in odd {
        *values.get_mut(row).ok_or_else(|| StoreError::damaged("a value past the end of its column"))? = bits;
    }
    Ok(())
}

/// Writes `scratch.whole` by its differences, or by theirs where that is shorter; a byte tells which.
fn encode_differences(scratch: &mut Scratch, out: &mut Vec<u8>) {
    let whole = &scratch.whole;
    let Some(first) = whole.first() else { return };
    let (mut cost_first, mut cost_second) = (0u64, 0u64);
    let (mut before, mut step) = (*first, 0i64);
    for value in whole {
        let difference = value.wrapping_sub(before);
        cost_first += u64::from(64 - zigzag(difference).leading_zeros());
        cost_second += u64::from(64 - zigzag(difference.wrapping_sub(step)).leading_zeros());
        (before, step) = (*value, difference);
    }
    let second = cost_second < cost_first;
    out.push(WHOLE + u8::from(second));
    put_signed(out, *first);
    scratch.differences.clear();
    let (mut before, mut step) = (*first, 0i64);
    for value in whole.iter().skip(1) {
        let difference = value.wrapping_sub(before);
        scratch.differences.push(zigzag(if second { difference.wrapping_sub(step) } else { difference }));
        (before, step) = (*value, difference);
    }
    let mut writer = BitWriter::new(out);
    for block in scratch.differences.chunks(BLOCK) {
        encode_block(block, &mut writer);
    }
    writer.finish();
}

/// Each difference as a quotient in ones and a remainder of the block's width, the width chosen by what the block takes with it.
fn encode_block(block: &[u64], writer: &mut BitWriter<'_>) {
    if block.iter().all(|difference| *difference == 0) {
        writer.put(ALL_ZERO, WIDTH_BITS);
        return;
    }
    let sum = block.iter().fold(0u64, |sum, difference| sum.saturating_add(*difference));
    let guess = (sum / block.len() as u64).max(1).ilog2();
    let cost = |width: u32| {
        let each = |difference: &u64| {
            let ones = difference >> width;
            if ones < u64::from(ONES_MAX) { ones + 1 + u64::from(width) } else { u64::from(ONES_MAX) + 64 }
        };
        block.iter().map(each).sum::<u64>()
    };
    let width = (guess.saturating_sub(1)..=(guess + 1).min(62)).min_by_key(|width| cost(*width)).unwrap_or(guess).min(62);
    writer.put(u64::from(width), WIDTH_BITS);
    for difference in block {
        let ones = difference >> width;
        if ones < u64::from(ONES_MAX) {
            writer.put((1 << ones) - 1, ones as u32 + 1);
            writer.put_long(difference & ((1 << width) - 1), width);
        } else {
            writer.put((1 << ONES_MAX) - 1, ONES_MAX);
            writer.put_long(*difference, 64);
        }
    }
}

fn each_whole(second: bool, input: &mut Bytes<'_>, rows: usize, mut each: impl FnMut(i64)) -> Result<(), StoreError> {
    let mut value = input.signed()?;
    each(value);
    let mut step = 0i64;
    let mut reader = BitReader::new(input.rest());
    let mut left = rows.saturating_sub(1);
    while left > 0 {
        let width = reader.get(WIDTH_BITS) as u32;
        let block = left.min(BLOCK);
        for _ in 0..block {
            let difference = if u64::from(width) == ALL_ZERO { 0 } else { unzigzag(read_difference(&mut reader, width)) };
            step = if second { step.wrapping_add(difference) } else { difference };
            value = value.wrapping_add(step);
            each(value);
        }
        left -= block;
    }
    if reader.ended_within() { Ok(()) } else { Err(StoreError::damaged("a column ends too soon")) }
}

#[inline]
fn read_difference(reader: &mut BitReader<'_>, width: u32) -> u64 {
    let ones = reader.ones(ONES_MAX);
    if ones == ONES_MAX { reader.get_long(64) } else { u64::from(ones) << width | reader.get_long(width) }
}

/// A zero bit for an equal neighbour; else the bits that differ, in the window of the last ones (`10`) or with a window of their own (`11`).
fn encode_xor(bits: &[u64], out: &mut Vec<u8>) {
    let Some((first, rest)) = bits.split_first() else { return };
    out.push(XOR);
    out.extend_from_slice(&first.to_le_bytes());
    let mut writer = BitWriter::new(out);
    let (mut before, mut low, mut width) = (*first, 0, 0);
    for bits in rest {
        let xor = bits ^ before;
        before = *bits;
        if xor == 0 {
            writer.put(0, 1);
            continue;
        }
        let (own_low, own_width) = (xor.trailing_zeros(), 64 - xor.leading_zeros() - xor.trailing_zeros());
        let fits = width > 0 && own_low >= low && own_low + own_width <= low + width;
        if fits && width <= own_width + 12 {
            writer.put(0b01, 2);
        } else {
            (low, width) = (own_low, own_width);
            writer.put(0b11, 2);
            writer.put(u64::from(low), 6);
            writer.put(u64::from(width - 1), 6);
        }
        writer.put_long(xor >> low, width);
    }
    writer.finish();
}

fn decode_xor(input: &mut Bytes<'_>, rows: usize, values: &mut Vec<u64>) -> Result<(), StoreError> {
    let mut bits = input.fixed()?;
    values.push(bits);
    let mut reader = BitReader::new(input.rest());
    let (mut low, mut width) = (0, 1);
    for _ in 1..rows {
        if reader.get(1) == 1 {
            if reader.get(1) == 1 {
                low = reader.get(6) as u32;
                width = reader.get(6) as u32 + 1;
            }
            bits ^= reader.get_long(width).wrapping_shl(low);
        }
        values.push(bits);
    }
    if reader.ended_within() { Ok(()) } else { Err(StoreError::damaged("a column ends too soon")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The marker Prometheus gives a series that ended.
    const STALE: u64 = 0x7ff0_0000_0000_0002;

    #[track_caller]
    fn check(bits: &[u64], bytes_max: usize) {
        let (mut out, mut back) = (Vec::new(), Vec::new());
        encode(bits, &mut Scratch::default(), &mut out);
        decode(&out, bits.len(), &mut back).unwrap();
        assert_eq!(back, bits);
        assert!(out.len() <= bytes_max, "{} bytes, not {bytes_max}", out.len());
        for size in 0..out.len() {
            drop(decode(&out[..size], bits.len(), &mut back));
        }
    }

    fn bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
        values.into_iter().map(f64::to_bits).collect()
    }

    #[test]
    fn each_shape_takes_the_bytes_it_should() {
        check(&bits([7.0; 120]), 2);
        check(&bits([0.1; 120]), 9);
        check(&bits((0..120).map(|at| f64::from(at * 1000))), 60);
        check(&bits((0..120).map(|at| f64::from(at) / 100.0)), 60);
        check(&bits((0..120).map(|at| f64::from(at % 2))), 60);
        check(&bits((0..120).map(|at| f64::from(at).sqrt())), 1000);
        check(&[STALE; 120], 9);
        check(&bits((0..120).map(|at| if at == 60 { f64::from_bits(STALE) } else { f64::from(at) })), 60);
        check(&bits([f64::NAN, f64::INFINITY, -0.0, 0.0, f64::MIN_POSITIVE, f64::MAX, 1e300, -1.0]), 100);
        check(&bits([9e15, -9e15, 9_007_199_254_740_992.0, -9_007_199_254_740_992.0]), 100);
        check(&bits([4.1e-05, 8.5e-05, 0.000_123_456, 0.016_893_1, 1.5]), 40);
        check(&[], 0);
    }

    fn value() -> impl Strategy<Value = u64> {
        prop_oneof![
            4 => (0..50i64).prop_map(|value| (value as f64).to_bits()),
            2 => any::<i64>().prop_map(|value| (value as f64).to_bits()),
            2 => (-1_000_000..1_000_000i64, 0..13u8).prop_map(|(value, ten)| (value as f64 / TENS[usize::from(ten)]).to_bits()),
            2 => any::<u64>(),
            1 => Just(STALE),
            1 => Just((-0.0f64).to_bits()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn floats_read_back_bit_for_bit(column in prop::collection::vec(value(), 0..200)) {
            let (mut out, mut back) = (Vec::new(), Vec::new());
            encode(&column, &mut Scratch::default(), &mut out);
            decode(&out, column.len(), &mut back).unwrap();
            prop_assert_eq!(&back, &column);
            prop_assert!(out.len() <= 1 + column.len() * 8);
        }

        #[test]
        fn whole_numbers_read_back(column: Vec<i64>) {
            let (mut out, mut back) = (Vec::new(), Vec::new());
            encode_whole(&column, &mut Scratch::default(), &mut out);
            decode_whole(&out, column.len(), &mut back).unwrap();
            prop_assert_eq!(&back, &column);
        }

        #[test]
        fn damaged_columns_are_refused_or_read(bytes: Vec<u8>, rows in 0..300usize) {
            drop(decode(&bytes, rows, &mut Vec::new()));
            drop(decode_whole(&bytes, rows, &mut Vec::new()));
        }
    }
}
