//! A small set of small numbers, for states of dataflow.

/// Numbers from 0. Up to 64 of them take no memory of their own.
#[derive(Clone, Default, Debug)]
pub struct BitSet {
    first: u64,
    rest: Vec<u64>,
}

impl BitSet {
    /// The set of nothing.
    pub const fn new() -> Self {
        Self { first: 0, rest: Vec::new() }
    }

    /// Adds a number; tells whether it is new.
    pub fn insert(&mut self, number: usize) -> bool {
        if number >= 64 && self.rest.len() < number / 64 {
            self.rest.resize(number / 64, 0);
        }
        let Some(word) = self.word_mut(number) else { return false };
        let bit = 1 << (number % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Takes a number away; tells whether it was there.
    pub fn remove(&mut self, number: usize) -> bool {
        let Some(word) = self.word_mut(number) else { return false };
        let bit = 1 << (number % 64);
        let there = *word & bit != 0;
        *word &= !bit;
        there
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: usize) -> bool {
        let word = if number < 64 { Some(&self.first) } else { self.rest.get(number / 64 - 1) };
        word.is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    /// Adds all of another set; tells whether one of them is new.
    pub fn union(&mut self, other: &Self) -> bool {
        if self.rest.len() < other.rest.len() {
            self.rest.resize(other.rest.len(), 0);
        }
        let mut changed = other.first & !self.first != 0;
        self.first |= other.first;
        for (word, other) in self.rest.iter_mut().zip(&other.rest) {
            changed |= other & !*word != 0;
            *word |= other;
        }
        changed
    }

    /// Keeps what another set has too; tells whether something went.
    pub fn intersect(&mut self, other: &Self) -> bool {
        let mut changed = self.first & !other.first != 0;
        self.first &= other.first;
        for (index, word) in self.rest.iter_mut().enumerate() {
            let other = other.rest.get(index).copied().unwrap_or(0);
            changed |= *word & !other != 0;
            *word &= other;
        }
        changed
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.first == 0 && self.rest.iter().all(|word| *word == 0)
    }

    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.words().map(|word| word.count_ones() as usize).sum()
    }

    /// The numbers, the smallest first.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words().enumerate().flat_map(|(index, word)| {
            let rests = std::iter::successors(Some(word), |word| Some(word & word.wrapping_sub(1)));
            rests.take_while(|word| *word != 0).map(move |word| index * 64 + word.trailing_zeros() as usize)
        })
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }

    fn word_mut(&mut self, number: usize) -> Option<&mut u64> {
        if number < 64 { Some(&mut self.first) } else { self.rest.get_mut(number / 64 - 1) }
    }
}

impl PartialEq for BitSet {
    fn eq(&self, other: &Self) -> bool {
        let len = self.rest.len().max(other.rest.len());
        let word = |set: &Self, index: usize| set.rest.get(index).copied().unwrap_or(0);
        self.first == other.first && (0..len).all(|index| word(self, index) == word(other, index))
    }
}

impl Eq for BitSet {}

impl FromIterator<usize> for BitSet {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Self {
        let mut set = Self::new();
        for number in numbers {
            set.insert(number);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::BitSet;

    #[test]
    fn as_sets_do() {
        let mut seed = 7_u64;
        let mut random = |bound: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((seed >> 33) % bound) as usize
        };
        for _ in 0..300 {
            let bound = [10, 64, 65, 300][random(4)];
            let (one, other): (Vec<usize>, Vec<usize>) =
                ((0..20).map(|_| random(bound)).collect(), (0..9).map(|_| random(bound)).collect());
            let (mut bits, bits2): (BitSet, BitSet) = (one.iter().copied().collect(), other.iter().copied().collect());
            let (mut set, set2): (BTreeSet<usize>, BTreeSet<usize>) = (one.into_iter().collect(), other.into_iter().collect());
            assert_eq!((bits.iter().collect::<BTreeSet<_>>(), bits.len()), (set.clone(), set.len()));
            match random(4) {
                0 => {
                    assert_eq!(bits.union(&bits2), !set2.is_subset(&set));
                    set.extend(set2);
                }
                1 => {
                    assert_eq!(bits.intersect(&bits2), !set.is_subset(&set2));
                    set.retain(|number| set2.contains(number));
                }
                2 => {
                    let number = random(bound);
                    assert_eq!(bits.insert(number), set.insert(number));
                }
                _ => {
                    let number = random(bound);
                    assert_eq!(bits.remove(number), set.remove(&number));
                }
            }
            assert_eq!(bits.is_empty(), set.is_empty());
            assert_eq!(bits, set.iter().copied().collect());
            assert!((0..400).all(|number| bits.contains(number) == set.contains(&number)));
        }
    }
}
