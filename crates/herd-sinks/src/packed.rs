//! Long call trees as the viewer takes them: columns of varints, gzipped, in base64. A million rows as JSON are 25 MB, which a browser
//! takes seconds to read; so they are four or five.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::GzEncoder};
use herd_model::{Envelope, Flame, put_varint};

use crate::SinkError;

/// Trees of fewer rows stay JSON, which people can read in the file.
const ROWS_MIN: usize = 10_000;

/// An answer whose long trees stand beside it.
pub struct Packed {
    /// The answer without the columns of these trees.
    pub envelope: Envelope,
    /// The columns, by the JSON pointers of the trees.
    pub columns: BTreeMap<String, String>,
}

/// Takes the columns of long trees out of a copy of the answer; nothing when there is no long tree.
pub fn packed(envelope: &Envelope) -> Result<Option<Packed>, SinkError> {
    let mut envelope = envelope.clone();
    let mut columns = BTreeMap::new();
    for (pointer, flame) in trees(&mut envelope).into_iter().filter(|(_, flame)| flame.name.len() >= ROWS_MIN) {
        columns.insert(pointer, text(flame)?);
        *flame = Flame {
            unit: std::mem::take(&mut flame.unit),
            names: std::mem::take(&mut flame.names),
            folded_rows: flame.folded_rows,
            folded_total: flame.folded_total,
            ..Flame::default()
        };
    }
    Ok((!columns.is_empty()).then_some(Packed { envelope, columns }))
}

/// Every call tree of an answer with its JSON pointer.
fn trees(envelope: &mut Envelope) -> Vec<(String, &mut Flame)> {
    let mut trees = Vec::new();
    trees.extend(envelope.flame.as_mut().map(|flame| ("/flame".to_owned(), flame)));
    trees.extend(envelope.diff.as_mut().and_then(|diff| diff.flame.as_mut()).map(|flame| ("/diff/flame".to_owned(), flame)));
    for (at, kind) in envelope.profile.iter_mut().flat_map(|profile| profile.types.iter_mut().enumerate()) {
        trees.extend(kind.flame.as_mut().map(|flame| (format!("/profile/types/{at}/flame"), flame)));
    }
    trees
}

fn text(flame: &Flame) -> Result<String, SinkError> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(&bytes(flame))?;
    Ok(STANDARD.encode(out.finish()?))
}

/// Rows, inlined rows and whether there is a column "before"; then names, changes of depth, weights, left edges, weights before, distances
/// of inlined rows. A left edge is written as what it is beyond the end of the row before it under the same parent: zero nearly always.
fn bytes(flame: &Flame) -> Vec<u8> {
    let columns = [flame.name.len(), flame.depth.len(), flame.total.len(), flame.start.len()];
    // Columns of unequal length, as a damaged answer may hold, give the rows they share.
    let mut rows = columns.into_iter().min().unwrap_or(0);
    let before = flame.before.as_ref();
    rows = before.map_or(rows, |before| rows.min(before.len()));
    let inlined: Vec<u32> = flame.inlined.iter().copied().filter(|row| (*row as usize) < rows).collect();
    let mut out = Vec::with_capacity(rows * 8);
    for count in [rows as u64, inlined.len() as u64, u64::from(before.is_some())] {
        put_varint(&mut out, count);
    }
    flame.name[..rows].iter().for_each(|name| put_varint(&mut out, u64::from(*name)));
    let mut last = 0;
    for depth in &flame.depth[..rows] {
        signed(&mut out, i64::from(*depth) - last);
        last = i64::from(*depth);
    }
    flame.total[..rows].iter().for_each(|total| put_varint(&mut out, *total));
    let mut ends = vec![0u64; usize::from(u16::MAX) + 2];
    for row in 0..rows {
        let (depth, start) = (usize::from(flame.depth[row]), flame.start[row]);
        signed(&mut out, start.wrapping_sub(ends[depth]).cast_signed());
        ends[depth] = start.saturating_add(flame.total[row]);
        ends[depth + 1] = start;
    }
    for before in before.iter().flat_map(|before| &before[..rows]) {
        put_varint(&mut out, *before);
    }
    let mut last = 0;
    for row in inlined {
        put_varint(&mut out, u64::from(row.saturating_sub(last)));
        last = row;
    }
    out
}

fn signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same bytes are read by `ui/tests/unit/profile.test.ts`.
    #[test]
    fn columns_are_written_as_the_viewer_reads_them() {
        let flame = Flame {
            name: vec![0, 300, 2],
            depth: vec![0, 1, 1],
            total: vec![500, 400, 100],
            start: vec![0, 0, 401],
            before: Some(vec![7, 8, 9]),
            inlined: vec![2],
            ..Flame::default()
        };
        let expect = [3, 1, 1, 0, 0xac, 2, 2, 0, 2, 0, 0xf4, 3, 0x90, 3, 100, 0, 0, 2, 7, 8, 9, 2];
        assert_eq!(bytes(&flame), expect);
        let cut = Flame { total: vec![500], ..flame };
        assert_eq!(bytes(&cut)[..3], [1, 0, 1]);
    }

    #[test]
    fn long_trees_leave_the_answer_and_short_ones_stay() {
        let rows = ROWS_MIN;
        let column = |value: u64| vec![value; rows];
        let long = Flame { name: vec![0; rows], depth: vec![0; rows], total: column(1), start: column(0), ..Flame::default() };
        let mut envelope = Envelope::new("flame", "test");
        envelope.flame = Some(Flame { name: vec![0], ..Flame::default() });
        assert!(packed(&envelope).unwrap().is_none());
        envelope.flame = Some(long);
        let packed = packed(&envelope).unwrap().unwrap();
        assert_eq!(packed.columns.keys().collect::<Vec<_>>(), ["/flame"]);
        assert!(packed.envelope.flame.unwrap().name.is_empty());
    }
}
