//! The runtime's records of sampled allocations (`runtime/mprof.go`, Go 1.21 to 1.27): one for each stack and size, in a list that
//! only grows at its front and whose links, stacks and sizes never change once a record is in it. So it can be walked while the process
//! runs; only the counts move.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::discover::MemoryProfile;
use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};

/// Records a process may have before the list is taken for damage; each takes it at least 176 bytes that it never gives back.
const MAX_BUCKETS: usize = 1 << 21;
/// Addresses all of them may have together.
const MAX_ADDRESSES: usize = 1 << 26;
/// Addresses one may have (`maxProfStackDepth`; 32 before Go 1.23).
const MAX_DEPTH: u64 = 1024;
/// What the runtime calls a record of memory (`memProfile`).
const MEMORY: u64 = 1;
/// Periods between collections that are counted apart (`memRecord.future`).
const PERIODS: usize = 3;
/// Records whose counts are read together.
const GROUP: usize = 16 << 10;
/// How often the counts are read again when a collection comes in between.
const TRIES: usize = 4;
/// Bits the number of the period stands above (`mProfCycleHolder`).
const PERIOD_SHIFT: u32 = 1;

/// What is sampled of one stack and size.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The record's address, by which sampled objects name it.
    pub address: u64,
    /// Bytes of an object.
    pub size: u64,
    /// Its addresses among those of all: as of calls' returns, one for each call, inlined ones included, innermost first.
    pub stack: Range<usize>,
    /// Objects allocated.
    pub allocs: i64,
    /// Objects freed.
    pub frees: i64,
    /// Bytes allocated.
    pub alloc_bytes: i64,
    /// Bytes freed.
    pub free_bytes: i64,
}

/// All records.
#[derive(Debug)]
pub struct Buckets {
    /// Newest first.
    pub list: Vec<Bucket>,
    /// Addresses of all stacks.
    pub addresses: Vec<u64>,
    /// Bytes allocated between two samples, on average; 1 when all are counted, 0 when none is.
    pub rate: i64,
    /// Collections went on while the counts were read each time that was tried: some are of before one, some of after.
    pub torn: bool,
}

/// Reads them, as the runtime answers `pprof.Lookup("heap")` (`memProfileInternal`): as of the last collection but one that has ended;
/// where there was none yet, everything.
pub fn read(space: &mut Space, layout: &Layout, at: MemoryProfile) -> Result<Buckets, LiveError> {
    let missing = || LiveError::Missing { what: "the memory profile (runtime.mbuckets)" };
    let rate = space.word(at.rate)?.ok_or_else(missing)?.cast_signed();
    let newest = space.word(at.buckets)?.ok_or_else(missing)?;
    let mut buckets = Buckets { list: Vec::new(), addresses: Vec::new(), rate, torn: true };
    buckets.walk(space, layout, newest)?;
    for _ in 0..TRIES {
        let period = period(space, at)?;
        buckets.count(space, layout, period >> PERIOD_SHIFT)?;
        // Whether it has been added to what counts stands in the lowest bit.
        if self::period(space, at)? == period {
            buckets.torn = false;
            break;
        }
    }
    Ok(buckets)
}

fn period(space: &mut Space, at: MemoryProfile) -> Result<u32, LiveError> {
    let missing = LiveError::Missing { what: "the memory profile (runtime.mbuckets)" };
    space.bytes(at.cycle, 4)?.map(|bytes| u32_at(&bytes, 0)).ok_or(missing)
}

impl Buckets {
    /// Follows the list to its end.
    fn walk(&mut self, space: &mut Space, layout: &Layout, newest: u64) -> Result<(), LiveError> {
        let size = layout.get(At::BucketSize) as usize;
        let mut header = vec![0; size];
        let mut stack = Vec::new();
        let mut at = newest;
        // A record that has been seen comes again where the list leads back to itself (Brent's way to find that).
        let mut seen = 0;
        while at != 0 {
            let turns = at == seen || self.list.len() >= MAX_BUCKETS || self.addresses.len() >= MAX_ADDRESSES;
            if self.list.len().is_power_of_two() {
                seen = at;
            }
            if turns {
                return Err(LiveError::Inconsistent("the list of the memory profile's records has no end".into()));
            }
            if !space.constant(at, &mut header)? {
                return Err(LiveError::Inconsistent("the list of the memory profile's records leads nowhere".into()));
            }
            let word = |place: At| u64_at(&header, layout.get(place) as usize);
            let (depth, object) = (word(At::BucketDepth), word(At::BucketObject));
            if word(At::BucketType) != MEMORY || depth > MAX_DEPTH {
                return Err(LiveError::Inconsistent("a record of the memory profile is none".into()));
            }
            stack.resize(depth as usize * 8, 0);
            let from = self.addresses.len();
            if !space.constant(at + size as u64, &mut stack)? {
                return Err(LiveError::Inconsistent("a record of the memory profile has no stack".into()));
            }
            self.addresses.extend(stack.chunks_exact(8).map(|word| u64_at(word, 0)));
            if hash(&self.addresses[from..], object) != word(At::BucketHash) {
                return Err(LiveError::Inconsistent("a record of the memory profile is not what its hash says".into()));
            }
            self.list.push(Bucket {
                address: at,
                size: object,
                stack: from..self.addresses.len(),
                allocs: 0,
                frees: 0,
                alloc_bytes: 0,
                free_bytes: 0,
            });
            at = word(At::BucketAllnext);
        }
        Ok(())
    }

    /// Reads the counts: those that hold, and those of the period that ended last, which the runtime adds to them before it answers.
    fn count(&mut self, space: &mut Space, layout: &Layout, period: u32) -> Result<(), LiveError> {
        let header = u64::from(layout.get(At::BucketSize));
        let mut all = vec![[0; 4]; self.list.len()];
        let mut batch = Batch::default();
        let mut whole = vec![[0; 4]; self.list.len()];
        for (group, from) in self.list.chunks(GROUP).zip((0..).step_by(GROUP)) {
            batch.clear();
            for bucket in group {
                batch.ask(bucket.address + header + bucket.stack.len() as u64 * 8, layout.get(At::MemRecordSize) as usize);
            }
            space.read(&mut batch)?;
            for index in 0..group.len() {
                let bytes = batch.get(index).ok_or(LiveError::Missing { what: "a record of the memory profile" })?;
                let part = |at: usize| counts(layout, &bytes[at..]);
                let size = layout.get(At::MemCycleSize) as usize;
                let future = layout.get(At::MemRecordFuture) as usize;
                let active = part(layout.get(At::MemRecordActive) as usize);
                all[from + index] = sum(active, part(future + period as usize % PERIODS * size));
                whole[from + index] = (0..PERIODS).fold(active, |sum_of, each| sum(sum_of, part(future + each * size)));
            }
        }
        // No collection has ended yet.
        if all.iter().all(|[allocs, frees, ..]| *allocs == 0 && *frees == 0) {
            all = whole;
        }
        let has_bytes = layout.find(At::MemCycleAllocBytes).is_some();
        for (bucket, [allocs, frees, alloc_bytes, free_bytes]) in self.list.iter_mut().zip(all) {
            (bucket.allocs, bucket.frees) = (allocs, frees);
            // Since Go 1.27 the size of an object is said once.
            let of = |objects: i64| objects.wrapping_mul(bucket.size.cast_signed());
            (bucket.alloc_bytes, bucket.free_bytes) = if has_bytes { (alloc_bytes, free_bytes) } else { (of(allocs), of(frees)) };
        }
        Ok(())
    }

    /// The number of each record in the list, by its address.
    pub fn by_address(&self) -> FxHashMap<u64, u32> {
        (0u32..).zip(&self.list).map(|(number, bucket)| (bucket.address, number)).collect()
    }
}

/// Objects allocated and freed, bytes allocated and freed (`memRecordCycle`).
fn counts(layout: &Layout, bytes: &[u8]) -> [i64; 4] {
    let places = [At::MemCycleAllocs, At::MemCycleFrees, At::MemCycleAllocBytes, At::MemCycleFreeBytes];
    places.map(|place| layout.find(place).map_or(0, |at| u64_at(bytes, at).cast_signed()))
}

fn sum(one: [i64; 4], other: [i64; 4]) -> [i64; 4] {
    [0, 1, 2, 3].map(|at| one[at].wrapping_add(other[at]))
}

/// The hash of a stack and a size (`stkbucket`).
fn hash(stack: &[u64], size: u64) -> u64 {
    let mix = |hash: u64, word: u64| {
        let hash = hash.wrapping_add(word);
        let hash = hash.wrapping_add(hash << 10);
        hash ^ (hash >> 6)
    };
    let hash = mix(stack.iter().fold(0, |hash, address| mix(hash, *address)), size);
    let hash = hash.wrapping_add(hash << 3);
    hash ^ (hash >> 11)
}
