//! Whose stack holds the address of what others wait on: who may hold that lock, send to that channel, call that `Done`.
//!
//! A word on a stack need not be alive any more, and an address may be kept elsewhere, too: this is a hint and no proof.

use herd_model::{GoroutineId, Mention, What};
use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::memory::{Batch, Space, u64_at};
use crate::waits::{Cases, Objects, Parked};

/// Bytes of a stack that are searched, from the innermost frame on.
const STACK_BYTES: u64 = 64 << 10;
/// Stacks read together.
const STACKS: usize = 1024;
/// Goroutines named of one object.
const MENTIONS_MAX: u32 = 64;

/// Searches all stacks.
pub fn read(space: &mut Space, all: &[Parked], cases: &[Cases], objects: &Objects) -> Result<Vec<Mention>, LiveError> {
    let sought: FxHashMap<u64, u32> = (0u32..)
        .zip(&objects.all)
        .filter(|(_, object)| !matches!(object.what, What::Sleep | What::Descriptor))
        .filter_map(|(index, object)| Some((object.address?.0, index)))
        .collect();
    let (Some(first), Some(last)) = (sought.keys().min().copied(), sought.keys().max().copied()) else { return Ok(Vec::new()) };
    let mut counts = vec![0; objects.all.len()];
    let mut mentions = Vec::new();
    let mut batch = Batch::default();
    let readable: Vec<usize> =
        (0..all.len()).filter(|index| all[*index].sp != 0 && all[*index].sp < all[*index].stack_end).collect();
    for part in readable.chunks(STACKS) {
        batch.clear();
        for index in part {
            let one = &all[*index];
            batch.ask(one.sp, (one.stack_end - one.sp).min(STACK_BYTES) as usize);
        }
        space.read(&mut batch)?;
        for (at, index) in part.iter().enumerate() {
            let one = &all[*index];
            let words = batch.get(at).unwrap_or(&[]).chunks_exact(8).map(|word| u64_at(word, 0));
            let near = words.filter(|word| (first..=last).contains(word));
            let mut held: Vec<u32> = near.filter_map(|word| sought.get(&word).copied()).collect();
            held.sort_unstable();
            held.dedup();
            held.retain(|object| cases[*index].on.iter().all(|(own, _)| own != object));
            for object in held {
                let count = &mut counts[object as usize];
                *count += 1;
                if *count <= MENTIONS_MAX {
                    mentions.push(Mention { object, goroutine: GoroutineId(one.id), cluster: one.cluster });
                }
            }
        }
    }
    Ok(mentions)
}
