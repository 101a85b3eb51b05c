//! One tick of one shard as bytes: each row by what changed since the instance's last row of the same segment. The first tick of a segment
//! leans on nothing before it, so that a segment can be read, sealed and deleted alone.

use rustc_hash::FxHashMap;

use crate::StoreError;
use crate::bits::{Bytes, put_signed, put_varint, unzigzag, zigzag};
use crate::column::as_whole;

/// The first byte of a tick that leans on nothing.
const FRESH: u8 = 1;
/// The first byte of any other.
const LEANING: u8 = 0;

/// Values a layout may have.
pub const COLUMNS_MAX: usize = 1 << 20;

/// The last row of each instance of a segment.
#[derive(Debug, Default)]
pub struct Lasts {
    rows: FxHashMap<u32, Last>,
}

/// The last row of an instance.
#[derive(Debug, Default)]
struct Last {
    layout: u32,
    offset_ms: i64,
    bits: Vec<u64>,
}

impl Lasts {
    /// Whether a segment has not begun.
    pub fn is_fresh(&self) -> bool {
        self.rows.is_empty()
    }

    /// Ends a segment.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// Whether the segment has a row of this instance.
    pub fn has(&self, instance: u32) -> bool {
        self.rows.contains_key(&instance)
    }

    /// Begins a tick of so many rows, whose rows [`Lasts::put_row`] appends.
    pub fn begin(&self, out: &mut Vec<u8>) {
        out.push(if self.is_fresh() { FRESH } else { LEANING });
    }

    /// Appends a row. About 3 ns a value.
    pub fn put_row(&mut self, out: &mut Vec<u8>, instance: u32, layout: u32, offset_ms: i64, values: &[f64]) {
        let last = self.rows.entry(instance).or_default();
        put_varint(out, u64::from(instance));
        if last.layout == layout && last.bits.len() == values.len() {
            put_varint(out, 0);
        } else {
            put_varint(out, u64::from(layout));
            put_varint(out, values.len() as u64);
            last.layout = layout;
            last.bits.clear();
            last.bits.resize(values.len(), 0);
        }
        put_signed(out, offset_ms.wrapping_sub(last.offset_ms));
        last.offset_ms = offset_ms;
        let mut same = 0u64;
        for (last, value) in last.bits.iter_mut().zip(values) {
            let (before, bits) = (*last, value.to_bits());
            if before == bits {
                same += 1;
                continue;
            }
            put_same(out, &mut same);
            if let (Some(before), Some(whole)) = (as_whole(before), as_whole(bits)) {
                put_varint(out, zigzag(whole - before) << 2 | 1);
            } else {
                out.push(3);
                out.extend_from_slice(&bits.to_le_bytes());
            }
            *last = bits;
        }
        put_same(out, &mut same);
    }
}

/// A run of values that are as they were.
fn put_same(out: &mut Vec<u8>, same: &mut u64) {
    if *same > 0 {
        put_varint(out, (*same - 1) << 1);
        *same = 0;
    }
}

/// A row as it is read back.
#[derive(Clone, Copy, Debug)]
pub struct TickRow<'a> {
    /// The instance's number.
    pub instance: u32,
    /// Its layout's number.
    pub layout: u32,
    /// After the tick.
    pub offset_ms: i64,
    /// The bits of its values.
    pub bits: &'a [u64],
}

/// Whether a segment begins with this tick.
pub fn is_fresh(body: &[u8]) -> bool {
    body.first() == Some(&FRESH)
}

/// Reads the next tick of a segment; ticks come in the order they were written. About 3 ns a value.
pub fn read_tick(body: &[u8], lasts: &mut Lasts, mut each: impl FnMut(TickRow<'_>)) -> Result<(), StoreError> {
    let mut input = Bytes::new(body);
    if input.byte()? == FRESH {
        lasts.clear();
    }
    while !input.rest().is_empty() {
        let instance = number(&mut input)?;
        let last = lasts.rows.entry(instance).or_default();
        let layout = number(&mut input)?;
        if layout != 0 {
            let columns = input.count(COLUMNS_MAX)?;
            last.layout = layout;
            last.bits.clear();
            last.bits.resize(columns, 0);
        }
        last.offset_ms = last.offset_ms.wrapping_add(input.signed()?);
        read_values(&mut input, &mut last.bits)?;
        each(TickRow { instance, layout: last.layout, offset_ms: last.offset_ms, bits: &last.bits });
    }
    Ok(())
}

fn number(input: &mut Bytes<'_>) -> Result<u32, StoreError> {
    u32::try_from(input.varint()?).map_err(|_| StoreError::damaged("a number of an instance or layout is past its limit"))
}

fn read_values(input: &mut Bytes<'_>, bits: &mut [u64]) -> Result<(), StoreError> {
    let mut at = 0;
    while at < bits.len() {
        let token = input.varint()?;
        if token & 1 == 0 {
            at = usize::try_from(token >> 1).ok().and_then(|same| at.checked_add(same + 1)).unwrap_or(usize::MAX);
            if at > bits.len() {
                return Err(StoreError::damaged("a row has more values than its layout"));
            }
            continue;
        }
        let Some(value) = bits.get_mut(at) else { break };
        *value = if token & 2 == 0 {
            let before = as_whole(*value).ok_or_else(|| StoreError::damaged("a difference to no whole number"))?;
            (before.wrapping_add(unzigzag(token >> 2)) as f64).to_bits()
        } else {
            input.fixed()?
        };
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Written = (u32, u32, i64, Vec<f64>);

    fn row() -> impl Strategy<Value = Written> {
        let value = prop_oneof![4 => (-3..40i64).prop_map(|value| value as f64), 1 => any::<u64>().prop_map(f64::from_bits)];
        (0..4u32, 1..3u32, -50..5000i64, prop::collection::vec(value, 0..6))
    }

    proptest! {
        #[test]
        fn segments_read_back_bit_for_bit(ticks in prop::collection::vec((any::<bool>(), prop::collection::vec(row(), 1..5)), 1..10)) {
            let mut lasts = Lasts::default();
            let mut bodies = Vec::new();
            for (ends, rows) in &ticks {
                if *ends {
                    lasts.clear();
                }
                let mut body = Vec::new();
                lasts.begin(&mut body);
                for (instance, layout, offset_ms, values) in rows {
                    lasts.put_row(&mut body, *instance, *layout, *offset_ms, values);
                }
                bodies.push(body);
            }
            let mut lasts = Lasts::default();
            for ((_, rows), body) in ticks.iter().zip(&bodies) {
                let mut back = Vec::new();
                let put = |row: TickRow<'_>| back.push((row.instance, row.layout, row.offset_ms, row.bits.to_vec()));
                read_tick(body, &mut lasts, put).unwrap();
                let rows: Vec<_> = rows
                    .iter()
                    .map(|(instance, layout, offset, values)| {
                        (*instance, *layout, *offset, values.iter().map(|value| value.to_bits()).collect::<Vec<_>>())
                    })
                    .collect();
                prop_assert_eq!(back, rows);
            }
        }

        #[test]
        fn damaged_ticks_are_refused_or_read(body: Vec<u8>) {
            drop(read_tick(&body, &mut Lasts::default(), |_| ()));
        }
    }
}
