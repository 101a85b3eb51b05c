//! What goroutines that may run can reach from their stacks. Where one waits at a call, the compiler's maps tell which words may
//! still be used, as they tell the collector (`runtime/mgcmark.go`, `scanstack`); otherwise every word counts.

use super::mark::Sink;
use crate::error::LiveError;
use crate::functions::Functions;
use crate::layout::{Arch, At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};
use crate::stackmaps::StackMaps;
use crate::states::{LEAKED, PREEMPTED, RUNNABLE, SCAN_BIT, SYSCALL, WAITING};

/// Bytes of stacks read together.
const READ_BYTES: u64 = 4 << 20;
/// Bytes one stack may have before its bounds are taken for damage; Go's own limit is 1 GB unless a program lifts it.
const MAX_BYTES: u64 = 64 << 30;
/// Deferred calls of one goroutine at most; more is a circle.
const MAX_DEFERS: usize = 1 << 20;

/// Where a goroutine stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    id: u64,
    /// Its stack pointer.
    pub sp: u64,
    /// Its program counter.
    pub pc: u64,
    /// First byte that may be in use.
    from: u64,
    /// Where its stack ends.
    pub high: u64,
    /// It stands at a call, and nothing moves its stack.
    at_call: bool,
    context: u64,
    defers: u64,
}

impl Standing {
    /// From a goroutine's record.
    pub fn of(layout: &Layout, bytes: &[u8]) -> Standing {
        let word = |place: At| u64_at(bytes, layout.get(place) as usize);
        let saved = |place: At| u64_at(bytes, layout.get(At::GSched) as usize + layout.get(place) as usize);
        let state = u32_at(bytes, layout.get(At::GStatus) as usize);
        let status = state & !SCAN_BIT;
        let (low, high) = (word(At::GStack), u64_at(bytes, layout.get(At::GStack) as usize + 8));
        let called_out = word(At::GSyscallSp) != 0;
        let (sp, pc) =
            if called_out { (word(At::GSyscallSp), word(At::GSyscallPc)) } else { (saved(At::GobufSp), saved(At::GobufPc)) };
        // One that waits or may run and belongs to a thread all the same is on its way; a collection may move the stack it scans.
        let at_rest = match status {
            WAITING | LEAKED | RUNNABLE => word(At::GM) == 0 && !called_out,
            SYSCALL => called_out,
            _ => false,
        };
        let from = match status {
            RUNNABLE | WAITING | PREEMPTED | LEAKED => saved(At::GobufSp),
            SYSCALL => saved(At::GobufSp).min(sp),
            _ => low,
        };
        let is_inside = (low..high).contains(&from) && (from..high).contains(&sp);
        Standing {
            id: word(At::GGoid),
            sp,
            pc,
            // Of one that runs, or whose stack is being moved, all of the stack counts.
            from: if (low..=high).contains(&from) { from & !7 } else { low },
            high,
            at_call: at_rest
                && is_inside
                && sp.is_multiple_of(8)
                && state & SCAN_BIT == 0
                && word(At::GPanic) == 0
                && layout.arch == Arch::Amd64,
            context: saved(At::GobufCtxt),
            defers: word(At::GDefer),
        }
    }

    fn bytes(&self) -> u64 {
        self.high.saturating_sub(self.from)
    }
}

/// Looks into stacks.
pub struct Stacks<'a> {
    maps: StackMaps<'a>,
    layout: &'a Layout,
    batch: Batch,
    /// Pointers into the stack at hand that have not been followed.
    inward: Vec<u64>,
    held: Vec<Held>,
}

/// A variable of the stack at hand whose address was taken.
#[derive(Clone, Copy, Debug)]
struct Held {
    from: u64,
    end: u64,
    pointers_end: u64,
    seen: bool,
}

impl<'a> Stacks<'a> {
    /// Over the functions of a process.
    pub fn new(functions: &'a Functions, layout: &'a Layout) -> Stacks<'a> {
        Stacks { maps: StackMaps::new(functions, layout), layout, batch: Batch::default(), inward: Vec::new(), held: Vec::new() }
    }

    /// Marks what goroutines can reach from their stacks.
    pub fn mark(&mut self, space: &mut Space, mark: &mut impl Sink, all: &[Standing]) -> Result<(), LiveError> {
        if all.iter().any(|one| one.bytes() > MAX_BYTES) {
            return Err(LiveError::Inconsistent("a stack's bounds cannot be a stack's".into()));
        }
        let mut rest = all;
        while !rest.is_empty() {
            let mut bytes = 0;
            let many = rest.iter().take_while(|one| {
                bytes += one.bytes();
                bytes <= READ_BYTES
            });
            let count = many.count();
            if count == 0 {
                // One that is too deep to be held is looked through in pieces.
                let mut batch = std::mem::take(&mut self.batch);
                mark.goroutine(rest[0].id);
                let unread = mark.ranges(space, &mut batch, std::slice::from_ref(&(rest[0].from..rest[0].high)))?;
                self.batch = batch;
                refuse(unread)?;
                rest = &rest[1..];
                continue;
            }
            self.group(space, mark, &rest[..count])?;
            rest = &rest[count..];
        }
        Ok(())
    }

    fn group(&mut self, space: &mut Space, mark: &mut impl Sink, group: &[Standing]) -> Result<(), LiveError> {
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        for one in group {
            batch.ask(one.from, one.bytes() as usize);
        }
        space.read(&mut batch)?;
        for (index, one) in group.iter().enumerate().filter(|(_, one)| one.bytes() > 0) {
            let Some(bytes) = batch.get(index) else { return refuse(one.bytes()) };
            mark.goroutine(one.id);
            if !(one.at_call && self.by_maps(space, mark, one, bytes)?) {
                mark.words(one.from, bytes);
            }
        }
        self.batch = batch;
        Ok(())
    }

    /// Marks what the compiler's maps call alive; `false` when they do not tell all of it.
    fn by_maps(&mut self, space: &mut Space, mark: &mut impl Sink, one: &Standing, bytes: &[u8]) -> Result<bool, LiveError> {
        self.inward.clear();
        self.held.clear();
        let (mut sp, mut pc) = (one.sp, one.pc);
        let word = |address: u64| {
            let at = usize::try_from(address.checked_sub(one.from)?).ok()?;
            (at.checked_add(8)? <= bytes.len()).then(|| u64_at(bytes, at))
        };
        loop {
            let Some(frame) = self.maps.frame(space, pc)? else { return Ok(false) };
            for at in &frame.live {
                let at = sp.saturating_add(*at);
                let Some(value) = word(at) else { return Ok(false) };
                if (one.sp..one.high).contains(&value) {
                    self.inward.push(value);
                } else {
                    mark.word(at, value);
                }
            }
            for object in &frame.objects {
                let from = sp.saturating_add(object.from);
                let held = Held {
                    from,
                    end: from.saturating_add(object.size),
                    pointers_end: from.saturating_add(object.pointers.next_multiple_of(8)),
                    seen: false,
                };
                if held.end > one.high || held.pointers_end > one.high || !from.is_multiple_of(8) {
                    return Ok(false);
                }
                self.held.push(held);
            }
            if frame.top {
                break;
            }
            let Some(caller) = word(sp.saturating_add(frame.end - 8)) else { return Ok(false) };
            (sp, pc) = (sp.saturating_add(frame.end), caller);
        }
        self.inward.push(one.context);
        mark.word(0, one.context);
        if !self.deferred(space, mark, one)? {
            return Ok(false);
        }
        self.follow(mark, one, bytes);
        Ok(true)
    }

    /// Deferred calls weave between stack and heap, and what they call may lie on the stack.
    fn deferred(&mut self, space: &mut Space, mark: &mut impl Sink, one: &Standing) -> Result<bool, LiveError> {
        let (size, link) = (self.layout.get(At::DeferSize) as usize, self.layout.get(At::DeferLink) as usize);
        let mut at = one.defers;
        for _ in 0..MAX_DEFERS {
            if at == 0 {
                return Ok(true);
            }
            mark.word(0, at);
            let Some(record) = space.bytes(at, size)? else { return Ok(false) };
            for word in record.chunks_exact(8) {
                let value = u64_at(word, 0);
                self.inward.push(value);
                mark.word(0, value);
            }
            at = u64_at(&record, link);
        }
        Ok(false)
    }

    /// Follows pointers into the stack itself.
    fn follow(&mut self, mark: &mut impl Sink, one: &Standing, bytes: &[u8]) {
        self.held.sort_unstable_by_key(|held| held.from);
        while let Some(pointer) = self.inward.pop() {
            let Some(index) = self.held.partition_point(|held| held.from <= pointer).checked_sub(1) else { continue };
            let held = &mut self.held[index];
            if pointer >= held.end || std::mem::replace(&mut held.seen, true) {
                continue;
            }
            let (from, end) = ((held.from - one.from) as usize, (held.pointers_end - one.from) as usize);
            for (at, word) in (held.from..).step_by(8).zip(bytes.get(from..end).unwrap_or_default().chunks_exact(8)) {
                let value = u64_at(word, 0);
                if (one.sp..one.high).contains(&value) {
                    self.inward.push(value);
                } else {
                    mark.word(at, value);
                }
            }
        }
    }
}

fn refuse(unread: u64) -> Result<(), LiveError> {
    if unread > 0 {
        return Err(LiveError::Inconsistent(format!("{unread} bytes of stacks cannot be read")));
    }
    Ok(())
}
