//! The stacks threads use for the runtime's own work, which hold pointers nothing else holds while it goes on.

use std::ops::Range;

use crate::core::Thread;
use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Space, u64_at};

/// Threads a process may have before the list is taken for a circle.
pub const MAX_THREADS: usize = 1 << 20;
/// What code may use below its stack pointer without moving it (System V ABI).
const RED_ZONE_BYTES: u64 = 128;

/// The parts in use of each thread's scheduler stack and signal stack, by the list of threads at `runtime.allm`. `writable` are the
/// mappings stacks lie in.
pub fn stacks(
    space: &mut Space,
    layout: &Layout,
    allm: u64,
    threads: &[Thread],
    writable: &[Range<u64>],
) -> Result<Vec<Range<u64>>, LiveError> {
    let mut stacks = Vec::new();
    let missing = || LiveError::Missing { what: "the list of threads (runtime.allm)" };
    let mut at = space.word(allm)?.ok_or_else(missing)?;
    let link = layout.find(At::MAlllink).ok_or_else(missing)?;
    for _ in 0..MAX_THREADS {
        if at == 0 {
            return Ok(stacks);
        }
        let field = |place: At| at + u64::from(layout.get(place));
        let id = space.word(field(At::MProcid))?.ok_or_else(missing)?;
        let stopped = threads.iter().find(|thread| u64::from(thread.id) == id).map(|thread| thread.registers(layout.arch).sp);
        let own = bounds(space, layout, field(At::MG0), writable)?;
        let handler = bounds(space, layout, field(At::MGsignal), writable)?;
        let signalled = handler.as_ref().zip(stopped).is_some_and(|(handler, sp)| handler.all.contains(&sp));
        let in_use = |stack: &Stack| match stopped {
            Some(sp) if stack.all.contains(&sp) => sp.saturating_sub(RED_ZONE_BYTES).max(stack.all.start),
            // One that handles a signal may have been interrupted anywhere, and of an unknown one nothing is known.
            Some(_) if !signalled && stack.all.contains(&stack.saved) => stack.saved,
            _ => stack.all.start,
        };
        stacks.extend(own.map(|own| in_use(&own) & !7..own.all.end));
        stacks.extend(handler.filter(|_| signalled).map(|handler| in_use(&handler) & !7..handler.all.end));
        at = space.word(at + link as u64)?.ok_or_else(missing)?;
    }
    Err(LiveError::Inconsistent("the list of threads has no end".into()))
}

/// A stack, and where it was left.
struct Stack {
    all: Range<u64>,
    saved: u64,
}

/// The stack of the goroutine record a field points at. Of a thread that C started its lower bound is what the C library says it may
/// grow to (`runtime/cgo`, `_cgo_set_stacklo`), which can lie far below its mapping.
fn bounds(space: &mut Space, layout: &Layout, field: u64, writable: &[Range<u64>]) -> Result<Option<Stack>, LiveError> {
    let Some(record) = space.word(field)?.filter(|record| *record != 0) else { return Ok(None) };
    let size = layout.get(At::GSize) as usize;
    let bytes = space.bytes(record, size)?.ok_or(LiveError::Missing { what: "a thread's scheduler record" })?;
    let word = |at: u32| u64_at(&bytes, at as usize);
    let (low, high) = (word(layout.get(At::GStack)), word(layout.get(At::GStack) + 8));
    let mapped = writable.iter().find(|mapping| (mapping.start + 1..=mapping.end).contains(&high));
    let all = mapped.map_or(low, |mapping| mapping.start.max(low))..high;
    let saved = word(layout.get(At::GSched) + layout.get(At::GobufSp));
    Ok((low != 0 && all.start < all.end).then_some(Stack { all, saved }))
}
