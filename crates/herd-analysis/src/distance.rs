//! How far two sequences are apart.

/// Insertions, deletions and exchanges that make `b` of `a` (V. Levenshtein, 1966), as far as `limit`; nothing beyond it. Only a band
/// of the table is filled (E. Ukkonen, Information and Control 64, 1985): O(limit · length).
pub(crate) fn distance<T: PartialEq>(a: &[T], b: &[T], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let far = limit + 1;
    let mut row: Vec<usize> = (0..=b.len()).map(|at| at.min(far)).collect();
    for (at, left) in a.iter().enumerate() {
        let from = (at + 1).saturating_sub(limit).max(1);
        let to = (at + 1 + limit).min(b.len());
        let mut diagonal = row[from - 1];
        row[from - 1] = if from == 1 { (at + 1).min(far) } else { far };
        if b.is_empty() {
            continue;
        }
        for other in from..=to {
            let above = row[other];
            let exchanged = diagonal + usize::from(*left != b[other - 1]);
            // What lies right of the band was never filled for this row.
            let dropped = if other == at + 1 + limit { far } else { above + 1 };
            row[other] = exchanged.min(dropped).min(row[other - 1] + 1).min(far);
            diagonal = above;
        }
    }
    row.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, as the definition has it.
    fn by_definition(a: &[u8], b: &[u8]) -> usize {
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for (at, row) in table.iter_mut().enumerate() {
            row[0] = at;
        }
        table[0] = (0..=b.len()).collect();
        for at in 1..=a.len() {
            for other in 1..=b.len() {
                let exchanged = table[at - 1][other - 1] + usize::from(a[at - 1] != b[other - 1]);
                table[at][other] = exchanged.min(table[at - 1][other] + 1).min(table[at][other - 1] + 1);
            }
        }
        table[a.len()][b.len()]
    }

    #[test]
    fn distance_counts_changed_frames() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let distance = |a: &str, b: &str| distance(&words(a), &words(b), 5);
        assert_eq!(distance("a b c d", "a b c d"), Some(0));
        assert_eq!(distance("a b c d", "a x c d"), Some(1));
        assert_eq!(distance("a b c d", "b c d e f"), Some(3));
    }

    proptest::proptest! {
        #[test]
        fn the_band_is_the_whole_table_as_far_as_it_goes(a in "[abc]{0,12}", b in "[abc]{0,12}", limit in 0usize..10) {
            let exact = by_definition(a.as_bytes(), b.as_bytes());
            let banded = distance(a.as_bytes(), b.as_bytes(), limit);
            proptest::prop_assert_eq!(banded, (exact <= limit).then_some(exact));
        }
    }
}
