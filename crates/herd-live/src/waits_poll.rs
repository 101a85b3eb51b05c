//! Which descriptor a goroutine in the network poller waits for (`runtime/netpoll.go`).
//!
//! Its record does not name it, but its stack does, and the descriptor's record (`pollDesc`) points at itself and back at the goroutine:
//! only what does both counts.

use herd_model::{Side, Snapshot, StateClass, What};
use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u64_at};
use crate::waits::{Cases, Key, Objects, Parked, TOGETHER, state};

/// Bytes of a stack in which `netpollblock` and its callers keep the record's address.
const NEAR_BYTES: u64 = 1 << 10;
/// No record lies below.
const LOW: u64 = 1 << 16;
/// Nor above: addresses of a process have 47 bits.
const HIGH: u64 = 1 << 47;

/// Finds the descriptors of all goroutines in IO wait.
pub fn read(
    space: &mut Space,
    layout: &Layout,
    snapshot: &Snapshot,
    all: &[Parked],
    objects: &mut Objects,
    cases: &mut [Cases],
) -> Result<(), LiveError> {
    let places = [At::PollFd, At::PollSelf, At::PollRg, At::PollWg].map(|place| layout.find(place));
    let [Some(fd), Some(itself), Some(rg), Some(wg)] = places else { return Ok(()) };
    let waits = |one: &Parked| one.waits && one.sp < one.stack_end && state(snapshot, one).class() == StateClass::Io;
    let waiting: Vec<usize> = (0..all.len()).filter(|index| waits(&all[*index])).collect();
    let mut batch = Batch::default();
    for part in waiting.chunks(TOGETHER / 8) {
        let near = near(space, all, part, &mut batch)?;
        batch.clear();
        let mut asked = FxHashMap::default();
        for word in near.iter().flatten() {
            asked.entry(*word).or_insert_with(|| batch.ask(*word, fd.max(itself).max(rg).max(wg) + 8));
        }
        space.read(&mut batch)?;
        for (index, words) in part.iter().zip(&near) {
            let own = all[*index].address;
            let found = words.iter().find_map(|word| {
                let bytes = batch.get(*asked.get(word)?).filter(|bytes| u64_at(bytes, itself) == *word)?;
                let side = [(rg, Side::Read), (wg, Side::Write)].into_iter().find(|(at, _)| u64_at(bytes, *at) == own)?.1;
                Some((u64_at(bytes, fd), side))
            });
            if let Some((number, side)) = found {
                let object = objects.index(Key::Descriptor(number), What::Descriptor);
                objects.all[object as usize].inside.fd = Some(number);
                cases[*index].on.push((object, side));
            }
        }
    }
    Ok(())
}

/// The words of each stack's near end that can be addresses outside of it.
fn near(space: &mut Space, all: &[Parked], part: &[usize], batch: &mut Batch) -> Result<Vec<Vec<u64>>, LiveError> {
    batch.clear();
    for index in part {
        let one = &all[*index];
        batch.ask(one.sp, (one.stack_end - one.sp).min(NEAR_BYTES) as usize);
    }
    space.read(batch)?;
    let words = |at: usize, one: &Parked| -> Vec<u64> {
        let bytes = batch.get(at).unwrap_or(&[]);
        let all = bytes.chunks_exact(8).map(|word| u64_at(word, 0));
        let own = one.sp..one.stack_end;
        let mut words: Vec<u64> = all.filter(|word| (LOW..HIGH).contains(word) && word % 8 == 0 && !own.contains(word)).collect();
        words.sort_unstable();
        words.dedup();
        words
    };
    Ok(part.iter().enumerate().map(|(at, index)| words(at, &all[*index])).collect())
}
