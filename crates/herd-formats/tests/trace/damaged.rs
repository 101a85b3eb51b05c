//! Traces that are cut, flipped, joined or not traces at all.

use herd_formats::trace::{Lost, Times, TraceError};

use crate::{Seen, recording, recordings, seen};

fn read(bytes: &[u8]) -> Seen {
    seen(bytes, Times::Recorded).expect("it is read as far as it can be")
}

fn events(seen: &Seen) -> u64 {
    seen.summary.total()
}

#[test]
fn the_last_byte_of_one_generation_costs_next_to_nothing() {
    // golang.org/x/exp/trace gives no event at all of this file.
    let whole = recording("go1.27/short");
    let all = events(&read(&whole));
    let cut = read(&whole[..whole.len() - 1]);
    assert!(events(&cut) as f64 >= all as f64 * 0.99, "{} of {all}", events(&cut));
    assert!(cut.summary.losses.kept.iter().any(|loss| loss.lost == Lost::Unfinished), "{:?}", cut.summary.losses);

    // The byte before the mark is the last one of a table.
    let cut = read(&whole[..whole.len() - 2]);
    assert!(events(&cut) as f64 >= all as f64 * 0.99, "{} of {all}", events(&cut));
    let losses = &cut.summary.losses;
    assert!(losses.kept.iter().any(|loss| loss.lost == Lost::Cut && loss.offset == whole.len() as u64 - 2), "{losses:?}");
}

#[test]
fn reasons_are_known_without_their_table() {
    let whole = recording("go1.27/short");
    let half = read(&whole[..whole.len() / 2]);
    assert!(!half.summary.losses.is_whole());
    let reasons: Vec<&str> = half.finished.report.reasons.iter().map(|reason| reason.reason.as_str()).collect();
    assert!(reasons.contains(&"chan receive") && reasons.contains(&"select"), "{reasons:?}");
}

#[test]
fn a_cut_anywhere_keeps_what_comes_before_it() {
    for (name, whole) in recordings() {
        let all = events(&read(&whole));
        let mut before = 0;
        for part in 1..=40 {
            let len = whole.len() * part / 40;
            let cut = seen(&whole[..len], Times::Recorded);
            let count = cut.as_ref().map_or(0, events);
            assert!(count >= before && count <= all, "{name}: {count} events of {len} bytes, {before} of fewer");
            // Samples of the profiler stand in batches of their own; a batch is at most 64 kB.
            let least = (len.saturating_sub(80_000)) as f64 / whole.len() as f64 * all as f64 * 0.5;
            assert!(count as f64 >= least, "{name}: {count} of {all} events of {len} bytes");
            before = count;
        }
    }
}

#[test]
fn a_flipped_byte_costs_a_batch_and_is_told() {
    for (name, whole) in recordings() {
        let all = events(&read(&whole));
        let mut told = 0;
        for part in 1..40 {
            let mut bytes = whole.clone();
            let at = 16 + (bytes.len() - 17) * part / 40;
            bytes[at] ^= 0xff;
            let flipped = seen(&bytes, Times::Recorded).unwrap_or_else(|error| panic!("{name}: byte {at}: {error}"));
            told += u32::from(!flipped.summary.losses.is_whole());
            let count = events(&flipped);
            assert!(count as f64 >= all as f64 * 0.5, "{name}: byte {at}: {count} of {all} events: {:?}", flipped.summary.losses);
        }
        // A byte of a time or a size is another time or size, and nobody can know.
        assert!(told >= 15, "{name}: {told} of 39 were told");
    }
}

#[test]
fn bytes_gone_from_the_middle_are_counted_with_their_place() {
    for (name, whole) in recordings().into_iter().filter(|(name, _)| name.ends_with("leaky")) {
        let (from, to) = (whole.len() / 3, whole.len() / 3 + 1000);
        let mut bytes = whole.clone();
        bytes[from..to].fill(0);
        let zeroed = read(&bytes);
        let losses = &zeroed.summary.losses;
        assert!(!losses.is_whole(), "{name}");
        let near = losses.kept.iter().any(|loss| loss.offset.abs_diff(from as u64) < 140_000);
        assert!(near, "{name}: {losses:?}");
    }
}

#[test]
fn bytes_gone_between_two_heads_are_told_by_what_stands_under_the_first() {
    // The head of a thread's events whose payload is a table, as it is left by bytes gone from the one head into the other.
    const NOBODY: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    const THREAD: [u8; 10] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
    for (name, whole) in recordings().into_iter().filter(|(name, _)| name.ends_with("tiny")) {
        let heads: Vec<usize> =
            (0..whole.len() - 12).filter(|at| whole[*at] == 1 && whole[at + 2..].starts_with(&NOBODY)).collect();
        assert!(heads.len() > 3, "{name}: {heads:?}");
        let mut told = 0;
        for at in heads {
            let mut bytes = whole.clone();
            bytes[at + 2..at + 12].copy_from_slice(&THREAD);
            let losses = read(&bytes).summary.losses;
            told +=
                usize::from(losses.kept.iter().any(|loss| loss.lost == Lost::Between && loss.offset.abs_diff(at as u64) < 40));
        }
        // Clocks, stacks, texts: three tables a generation at least, in two generations.
        assert!(told >= 6, "{name}: {told} were told");
    }
}

#[test]
fn two_traces_in_one_file_are_both_read() {
    let (first, second) = (recording("go1.24/leaky"), recording("go1.27/clean"));
    let joined = read(&[first.clone(), second.clone()].concat());
    assert_eq!(events(&joined), events(&read(&first)) + events(&read(&second)));
    let kinds: Vec<Lost> = joined.summary.losses.kept.iter().map(|loss| loss.lost).collect();
    assert_eq!(kinds, [Lost::AnotherTrace]);
    assert_eq!(joined.summary.losses.kept[0].offset, first.len() as u64);
    let census = |seen: &Seen| seen.finished.report.goroutines.created;
    assert_eq!(census(&joined), census(&read(&first)) + census(&read(&second)));
}

#[test]
fn what_is_no_trace_is_refused_by_name() {
    let refused = |bytes: &[u8]| seen(bytes, Times::Recorded).err().map(|error| error.to_string()).unwrap();
    assert!(matches!(seen(b"go 1.21 trace\0\0\0", Times::Recorded), Err(TraceError::TooOld(21))));
    assert!(matches!(seen(b"go 1.29 trace\0\0\0", Times::Recorded), Err(TraceError::TooNew(29))));
    assert!(matches!(seen(b"go 1.26 trace\0\0\0", Times::Recorded), Err(TraceError::Empty)));
    assert!(matches!(seen(b"goroutine 1 [running]:\n", Times::Recorded), Err(TraceError::NotATrace)));
    assert!(matches!(seen(b"", Times::Recorded), Err(TraceError::NotATrace)));
    assert!(refused(b"go 1.11 trace\0\0\0").contains("Go 1.11"));
}

/// A walk over many small changes, the same each time.
#[test]
fn mutations_neither_panic_nor_hang() {
    let whole = recording("go1.27/short");
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..=next() % 20 {
            let at = 16 + (next() % (bytes.len() as u64 - 16)) as usize;
            match next() % 4 {
                0 => bytes[at] = next() as u8,
                1 => bytes[at] ^= 1 << (next() % 8),
                2 => drop(bytes.drain(at..(at + (next() % 300) as usize).min(whole.len() - 400))),
                _ => {
                    let copy: Vec<u8> = bytes[at..(at + (next() % 300) as usize).min(bytes.len())].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
            if bytes.len() < 1000 {
                break;
            }
        }
        let read = seen(&bytes, Times::Recorded);
        assert!(read.is_ok(), "{:?}", read.err());
    }
}
