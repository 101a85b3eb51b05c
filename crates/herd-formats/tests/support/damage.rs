//! Damage by chance: the same for the same number, however many are tried and by however many threads.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

/// What is done to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    Cut,
    Zeroed,
    LeftOut,
    PutIn,
    Twice,
    Appended,
    Changed,
}

const DAMAGES: [Damage; 7] =
    [Damage::Cut, Damage::Zeroed, Damage::LeftOut, Damage::PutIn, Damage::Twice, Damage::Appended, Damage::Changed];

/// Longest piece that is zeroed, left out, put in or said twice.
const PIECE_BYTES_MAX: usize = 4096;
/// Inputs after which a long run says how far it is.
const ROUND: u64 = 100_000;
/// Inputs of one outcome that are named.
const NAMED_MAX: usize = 8;

/// How often a kind of damage came to which outcome.
pub struct Tallies<O>(BTreeMap<Damage, Tally<O>>);

/// What became of the inputs of one kind of damage.
pub struct Tally<O> {
    pub inputs: u64,
    pub outcomes: BTreeMap<O, u64>,
    /// The first inputs of each outcome, by number.
    named: BTreeMap<O, Vec<u64>>,
    longest: Duration,
}

/// Damages so many inputs and answers what became of them; `outcome` is told what was damaged, how, and the bytes. Long runs tell how far
/// they are.
pub fn tried<O: Ord + Copy + Send + fmt::Display>(
    inputs: u64,
    whole: &[&[u8]],
    outcome: impl Fn(usize, Damage, &[u8]) -> O + Sync,
    tell: impl Fn(String),
) -> Tallies<O> {
    let mut all = BTreeMap::new();
    for from in (0..inputs).step_by(ROUND as usize) {
        try_round(from..inputs.min(from + ROUND), whole, &outcome, &mut all);
        if inputs > ROUND {
            let mut sums: BTreeMap<O, u64> = BTreeMap::new();
            all.values().flat_map(|tally| &tally.outcomes).for_each(|(of, count)| *sums.entry(*of).or_default() += count);
            let sums: Vec<String> = sums.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            tell(format!("progress: {} of {inputs}: {}", inputs.min(from + ROUND), sums.join(", ")));
        }
    }
    Tallies(all)
}

fn try_round<O: Ord + Copy + Send>(
    inputs: Range<u64>,
    whole: &[&[u8]],
    outcome: &(impl Fn(usize, Damage, &[u8]) -> O + Sync),
    all: &mut BTreeMap<Damage, Tally<O>>,
) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let parts: Vec<BTreeMap<Damage, Tally<O>>> = std::thread::scope(|scope| {
        let part = |thread: u64| {
            let inputs = inputs.start + thread..inputs.end;
            scope.spawn(move || {
                let mut tallies = BTreeMap::new();
                for input in inputs.step_by(threads as usize) {
                    try_one(input, whole, outcome, &mut tallies);
                }
                tallies
            })
        };
        let running: Vec<_> = (0..threads).map(part).collect();
        running.into_iter().map(|thread| thread.join().expect("no input panics")).collect()
    });
    for (damage, tally) in parts.into_iter().flatten() {
        let sum = all.entry(damage).or_insert_with(Tally::new);
        sum.inputs += tally.inputs;
        sum.longest = sum.longest.max(tally.longest);
        tally.outcomes.into_iter().for_each(|(outcome, count)| *sum.outcomes.entry(outcome).or_default() += count);
        tally.named.into_iter().for_each(|(outcome, named)| sum.named.entry(outcome).or_default().extend(named));
    }
}

fn try_one<O: Ord + Copy>(
    input: u64,
    whole: &[&[u8]],
    outcome: &impl Fn(usize, Damage, &[u8]) -> O,
    tallies: &mut BTreeMap<Damage, Tally<O>>,
) {
    let mut dice = Dice(input.wrapping_mul(0xd134_2543_de82_ef95));
    let which = (input % whole.len() as u64) as usize;
    let damage = DAMAGES[(input / whole.len() as u64 % DAMAGES.len() as u64) as usize];
    let other = whole[dice.below(whole.len())];
    let bytes = damaged(whole[which], other, damage, &mut dice);
    let start = Instant::now();
    let outcome = outcome(which, damage, &bytes);
    let tally = tallies.entry(damage).or_insert_with(Tally::new);
    tally.longest = tally.longest.max(start.elapsed());
    tally.inputs += 1;
    *tally.outcomes.entry(outcome).or_default() += 1;
    let named = tally.named.entry(outcome).or_default();
    if named.len() < NAMED_MAX {
        named.push(input);
    }
}

impl<O: Ord + Copy> Tally<O> {
    fn new() -> Self {
        Tally { inputs: 0, outcomes: BTreeMap::new(), named: BTreeMap::new(), longest: Duration::ZERO }
    }

    /// How many came to this.
    pub fn count(&self, outcome: O) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }
}

impl<O: Ord + Copy + fmt::Display> Tallies<O> {
    /// Each kind of damage.
    pub fn iter(&self) -> impl Iterator<Item = (Damage, &Tally<O>)> {
        self.0.iter().map(|(damage, tally)| (*damage, tally))
    }

    /// A line for each kind of damage, and one for each outcome that `is_named`, with the numbers of its first inputs.
    pub fn lines(&self, is_named: impl Fn(O) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        for (damage, tally) in self.iter() {
            let outcomes: Vec<String> = tally.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            let longest = tally.longest.as_millis();
            lines.push(format!("{damage:?}: {} inputs, {}; longest {longest} ms", tally.inputs, outcomes.join(", ")));
            for (outcome, named) in tally.named.iter().filter(|(outcome, _)| is_named(**outcome)) {
                let mut numbers = named.clone();
                numbers.sort_unstable();
                numbers.truncate(NAMED_MAX);
                lines.push(format!("{damage:?}, {outcome}: first inputs {numbers:?}"));
            }
        }
        lines
    }
}

fn damaged(whole: &[u8], other: &[u8], damage: Damage, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let at = dice.below(bytes.len());
    let len = 1 + dice.below((bytes.len() - at).min(PIECE_BYTES_MAX));
    match damage {
        Damage::Cut => bytes.truncate(at),
        Damage::Zeroed => bytes[at..at + len].fill(0),
        Damage::LeftOut => drop(bytes.drain(at..at + len)),
        Damage::PutIn => {
            let noise: Vec<u8> = (0..len).map(|_| dice.below(256) as u8).collect();
            bytes.splice(at..at, noise);
        }
        Damage::Twice => {
            let again = bytes[at..at + len].to_vec();
            bytes.splice(at..at, again);
        }
        Damage::Appended => bytes.extend_from_slice(&other[..=dice.below(other.len())]),
        Damage::Changed => {
            for _ in 0..=dice.below(8) {
                let place = dice.below(bytes.len());
                bytes[place] ^= 1 << dice.below(8);
            }
        }
    }
    bytes
}

/// Numbers that look like chance and are the same in every run: `SplitMix64` (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}
