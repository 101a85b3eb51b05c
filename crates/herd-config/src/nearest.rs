//! What somebody meant who wrote a name that does not exist.

/// The name that takes the fewest changes to write; none where half of it would change.
pub fn nearest<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let near = names.into_iter().map(|name| (changes(given, name), name));
    near.filter(|(changes, name)| changes * 2 < name.chars().count().max(given.chars().count())).min().map(|(_, name)| name)
}

/// Letters to put in, take out or replace (Levenshtein). Quadratic in the names.
fn changes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut last = at + 1;
        let mut next = vec![last];
        for (cells, other) in row.windows(2).zip(&to) {
            if let [corner, above] = cells {
                last = (corner + usize::from(letter != *other)).min(last + 1).min(above + 1);
                next.push(last);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted() {
        for (from, to, count) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("DL0001", "DL001", 1)] {
            assert_eq!(changes(from, to), count, "{from} {to}");
            assert_eq!(changes(to, from), count, "{to} {from}");
        }
    }

    #[test]
    fn what_is_too_far_was_not_meant() {
        let names = ["select", "ignore", "tests"];
        for (given, expected) in
            [("selct", Some("select")), ("ignored", Some("ignore")), ("test", Some("tests")), ("zebra", None), ("", None)]
        {
            assert_eq!(nearest(given, names), expected, "{given}");
        }
    }
}
