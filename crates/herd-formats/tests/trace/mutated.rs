//! Traces damaged by chance, many: reading each comes to an end, and where something is lost the summary says so.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use herd_formats::trace::{Times, read};
use herd_model::{NameId, StackId, TraceEvent, TraceGeneration, TraceTables, TraceVisitor};

use crate::damage::{Damage, tried};
use crate::{recording, seen};

const VERSIONS: [&str; 6] = ["go1.22", "go1.23", "go1.24", "go1.25", "go1.26", "go1.27"];
/// Inputs where nothing else is said; `cargo xtask soak traces` says more.
const INPUTS: u64 = 2_000;

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Something is lost and the summary says so.
    Told,
    /// No trace any more.
    Refused,
    /// The same events, times, numbers and texts.
    Equal,
    /// Cut where a generation ends: a shorter trace.
    Shorter,
    /// Nothing is said, and every event is there, but some times are others.
    OtherTimes,
    /// The same of texts: names, files, lines, what the program logged.
    OtherTexts,
    /// The same of numbers that events carry: goroutines, processors, stacks, sizes.
    OtherNumbers,
    /// Nothing is said, and there are fewer events or more.
    Silent,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Told => "told",
            Outcome::Refused => "refused",
            Outcome::Equal => "equal",
            Outcome::Shorter => "shorter by whole generations",
            Outcome::OtherTimes => "with other times",
            Outcome::OtherTexts => "with other texts",
            Outcome::OtherNumbers => "with other numbers",
            Outcome::Silent => "silent",
        })
    }
}

#[test]
fn every_damage_is_told() {
    let inputs = std::env::var("GOHERD_TEST_DAMAGED_TRACES").map_or(INPUTS, |inputs| inputs.parse().unwrap());
    let whole: Vec<Whole> = VERSIONS.iter().map(|version| Whole::of(recording(&format!("{version}/tiny")))).collect();
    let texts: Vec<&[u8]> = whole.iter().map(|trace| &trace.bytes[..]).collect();
    let outcome = |which: usize, damage, bytes: &[u8]| outcome(&whole[which], damage, bytes);
    let tallies = tried(inputs, &texts, outcome, |line| println!("{line}"));
    for line in tallies.lines(|outcome| outcome == Outcome::Silent) {
        println!("{line}");
    }
    for (damage, tally) in tallies.iter() {
        // A changed bit may make another trace that makes sense; nothing in the format would show it.
        let most = if damage == Damage::Changed { tally.inputs / 1000 } else { 0 };
        assert!(tally.count(Outcome::Silent) <= most, "{damage:?}: {:?}", tally.outcomes);
        if damage != Damage::Changed {
            let unsaid = [Outcome::OtherTimes, Outcome::OtherTexts, Outcome::OtherNumbers].map(|kind| tally.count(kind));
            // A stretch of a few bytes is as good as changed bits.
            assert!(unsaid.iter().sum::<u64>() <= tally.inputs / 50, "{damage:?}: {:?}", tally.outcomes);
        }
    }
}

fn outcome(trace: &Whole, damage: Damage, bytes: &[u8]) -> Outcome {
    let Ok(read) = seen(bytes, Times::Recorded) else { return Outcome::Refused };
    if !read.summary.losses.is_whole() {
        return Outcome::Told;
    }
    // A trace that ends where a generation ends is a shorter one, and nobody can know.
    if damage == Damage::Cut && trace.ends.contains(&(bytes.len() as u64)) {
        return Outcome::Shorter;
    }
    if read.summary.total() != trace.digest.events {
        return Outcome::Silent;
    }
    let digest = Digest::of(bytes);
    if digest == trace.digest {
        Outcome::Equal
    } else if digest.numbers != trace.digest.numbers {
        Outcome::OtherNumbers
    } else if digest.texts != trace.digest.texts {
        Outcome::OtherTexts
    } else {
        Outcome::OtherTimes
    }
}

/// An undamaged trace.
struct Whole {
    bytes: Vec<u8>,
    digest: Digest,
    /// Where generations end.
    ends: Vec<u64>,
}

impl Whole {
    fn of(bytes: Vec<u8>) -> Whole {
        let mut ends = Ends::default();
        let summary = read(&bytes[..], Times::Recorded, &mut TraceTables::new(), &mut ends).expect("a trace");
        assert!(summary.losses.is_whole() && ends.0.len() > 1, "{:?}", summary.losses);
        Whole { digest: Digest::of(&bytes), ends: ends.0, bytes }
    }
}

/// What two readings are compared by.
#[derive(PartialEq, Eq)]
struct Digest {
    events: u64,
    times: u64,
    numbers: u64,
    texts: u64,
}

impl Digest {
    fn of(bytes: &[u8]) -> Digest {
        let (mut tables, mut hashed) = (TraceTables::new(), Hashed::default());
        let summary = read(bytes, Times::Recorded, &mut tables, &mut hashed).expect("a trace");
        let mut texts = DefaultHasher::new();
        for name in 0..tables.names.len() {
            tables.names.text(NameId(u32::try_from(name).expect("few names"))).hash(&mut texts);
        }
        for frame in &tables.frames {
            format!("{frame:?}").hash(&mut texts);
        }
        for stack in 0..tables.stacks() {
            format!("{:?}", tables.frames_of(StackId(u32::try_from(stack).expect("few stacks")))).hash(&mut texts);
        }
        Digest { events: summary.total(), times: hashed.times.finish(), numbers: hashed.numbers.finish(), texts: texts.finish() }
    }
}

#[derive(Default)]
struct Hashed {
    times: DefaultHasher,
    numbers: DefaultHasher,
}

impl TraceVisitor for Hashed {
    fn generation(&mut self, _: &TraceTables, generation: &TraceGeneration) {
        generation.number.hash(&mut self.numbers);
        format!("{:?}", generation.clocks).hash(&mut self.times);
    }

    fn event(&mut self, _: &TraceTables, event: &TraceEvent) {
        event.at_ns.hash(&mut self.times);
        format!("{:?}", TraceEvent { at_ns: 0, ..*event }).hash(&mut self.numbers);
    }

    fn another_trace(&mut self, _: &TraceTables) {
        "another".hash(&mut self.numbers);
    }
}

/// Notes where generations begin, which is where the ones before them end.
#[derive(Default)]
struct Ends(Vec<u64>);

impl TraceVisitor for Ends {
    fn generation(&mut self, _: &TraceTables, generation: &TraceGeneration) {
        self.0.push(generation.offset);
    }

    fn event(&mut self, _: &TraceTables, _: &TraceEvent) {}

    fn another_trace(&mut self, _: &TraceTables) {}
}
