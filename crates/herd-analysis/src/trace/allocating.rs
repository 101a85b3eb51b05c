//! Who was allocating when the profiler looked.

use herd_model::{FrameId, TraceAllocating, TraceCpuStack, TraceTables};
use rustc_hash::{FxHashMap, FxHashSet};

use super::cpu::{self, Sample, Samples};
use super::places::{self, FRAMES_SHOWN};
use super::waits::Waits;

/// The allocator, and the kinds of it for sizes and types (`runtime/malloc.go`, Go 1.22 to 1.27: `mallocgcTiny`, `mallocgcSmallNoscan`…).
const ALLOCATOR: &str = "runtime.mallocgc";
/// What makes an allocation mark first (`runtime/mgcmark.go`).
const ASSIST: &str = "runtime.gcAssistAlloc";

impl Samples {
    /// Samples in the allocator by who called it; absent where there is none.
    pub fn allocating(&self, top: usize, waits: &Waits, tables: &TraceTables) -> Option<TraceAllocating> {
        let mut by_caller: FxHashMap<&[FrameId], Vec<&Sample>> = FxHashMap::default();
        let (mut samples, mut assisting) = (0, 0);
        for sample in self.iter() {
            let frames = tables.frames_of(sample.stack);
            let Some(caller) = caller(frames, tables) else { continue };
            samples += 1;
            assisting += u64::from(frames.iter().any(|frame| tables.func(*frame).starts_with(ASSIST)));
            by_caller.entry(caller).or_default().push(sample);
        }
        if samples == 0 {
            return None;
        }
        let mut order: Vec<(&[FrameId], Vec<&Sample>)> = by_caller.into_iter().collect();
        order.sort_by_key(|(frames, samples)| (std::cmp::Reverse(samples.len()), *frames));
        let told = |(frames, samples): (&[FrameId], Vec<&Sample>)| TraceCpuStack {
            call: places::call_of(frames, tables),
            frames: frames.iter().take(FRAMES_SHOWN).map(|frame| places::place(*frame, tables)).collect(),
            samples: samples.len() as u64,
            goroutines: samples.iter().map(|sample| sample.goroutine).filter(|id| *id != 0).collect::<FxHashSet<_>>().len()
                as u64,
            after: cpu::after(&samples, waits),
        };
        Some(TraceAllocating { samples, assisting, stacks: order.into_iter().take(top).map(told).collect() })
    }
}

/// The frames of a stack in the allocator, from the first behind it that is not the runtime's; the whole rest where all are.
pub fn caller<'t>(frames: &'t [FrameId], tables: &TraceTables) -> Option<&'t [FrameId]> {
    let allocator = frames.iter().rposition(|frame| tables.func(*frame).starts_with(ALLOCATOR))?;
    let rest = &frames[allocator + 1..];
    let outside = rest.iter().position(|frame| !herd_model::is_runtime(tables.func(*frame)));
    Some(&rest[outside.unwrap_or(0)..])
}
