//! Stacks from memory: return addresses by the linker's tables, calls by the inline trees, shown as the runtime shows them.

use herd_model::{FrameId, SnapshotBuilder, Stack};
use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::functions::Functions;
use crate::layout::Layout;
use crate::memory::{Space, u64_at};
use crate::show::{self, Kind};

/// Frames the runtime prints of the inner and of the outer end (`runtime/traceback.go`).
const INNER_FRAMES: usize = 50;
const OUTER_FRAMES: usize = 50;
/// Frames walked; Go's stacks end at 1 GB by default, at 16 bytes a frame at least.
const MAX_FRAMES: usize = 1 << 26;

/// Where a stack stands still.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registers {
    /// Program counter.
    pub pc: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Link register, where the architecture has one.
    pub lr: u64,
    /// The thread was stopped at any instruction, not at a call.
    pub interrupted: bool,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// At a function that is the outermost of its stack.
    Top,
    /// At a function that moves the stack pointer.
    SpWrite,
    /// At a program counter no function holds.
    Unknown,
    /// At the end of the bytes.
    Short,
}

/// What one program counter means.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts of one function")]
struct Site {
    /// Bytes from the stack pointer to the frame's end.
    depth: u64,
    top: bool,
    sp_write: bool,
    has_depths: bool,
    /// The signal handler or the scheduler made this call; what it interrupted was not at a call.
    injected: bool,
    calls: Box<[Shown]>,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    frame: FrameId,
    kind: Kind,
}

/// Finds and keeps what program counters mean.
pub struct Unwinder<'a> {
    functions: &'a Functions,
    layout: &'a Layout,
    sites: FxHashMap<(u64, bool), Option<Site>>,
    creators: FxHashMap<u64, Option<FrameId>>,
    starts: FxHashMap<u64, Start>,
}

/// What the function a goroutine began with says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It runs what the program asked for.
    User,
    /// It belongs to the runtime.
    Runtime,
    /// It belongs to the runtime and at times runs the program's functions: finalizers and cleanups.
    Sometimes,
}

impl<'a> Unwinder<'a> {
    /// Over the functions of a process.
    pub fn new(functions: &'a Functions, layout: &'a Layout) -> Unwinder<'a> {
        Unwinder { functions, layout, sites: FxHashMap::default(), creators: FxHashMap::default(), starts: FxHashMap::default() }
    }

    /// Walks a stack: pushes the return addresses to `pcs`. `bytes` is the memory from the stack pointer on.
    pub fn walk(
        &mut self,
        space: &mut Space,
        builder: &mut SnapshotBuilder,
        at: Registers,
        bytes: &[u8],
        in_syscall: bool,
        pcs: &mut Vec<u64>,
    ) -> Result<Ended, LiveError> {
        let links = self.layout.arch.has_link_register();
        let word = |address: u64| {
            let from = usize::try_from(address.wrapping_sub(at.sp)).ok()?;
            (from.checked_add(8)? <= bytes.len()).then(|| u64_at(bytes, from))
        };
        let Registers { mut pc, mut sp, lr, interrupted } = at;
        let mut lr = if links && !in_syscall { lr } else { 0 };
        // A call of a nil function: its caller is where the stack goes on.
        if pc == 0 {
            let Some(caller) = word(sp) else { return Ok(Ended::Short) };
            pc = caller;
            sp += if links { 0 } else { 8 };
            lr = 0;
        }
        let (mut trap, mut innermost) = (interrupted, true);
        for _ in 0..MAX_FRAMES {
            let Some(site) = self.site(space, builder, pc, trap)? else { return Ok(Ended::Unknown) };
            pcs.push(pc << 1 | u64::from(trap));
            if !site.has_depths {
                return Ok(Ended::Unknown);
            }
            let fp = sp + site.depth + if links { 0 } else { 8 };
            if site.top {
                return Ok(Ended::Top);
            }
            if site.sp_write && !(innermost && in_syscall) {
                return Ok(Ended::SpWrite);
            }
            if links {
                if (innermost && sp < fp) || lr == 0 {
                    let Some(saved) = word(sp) else { return Ok(Ended::Short) };
                    lr = saved;
                }
            } else {
                let Some(saved) = word(fp - 8) else { return Ok(Ended::Short) };
                lr = saved;
            }
            if lr == 0 || (pc == lr && sp == fp) {
                return Ok(Ended::Unknown);
            }
            let injected = site.injected;
            (pc, sp, lr) = (lr, fp, 0);
            (trap, innermost) = (injected, false);
            if links && injected {
                let Some(saved) = word(sp) else { return Ok(Ended::Short) };
                sp += 16;
                match self.site(space, builder, pc, true)? {
                    None => pc = saved,
                    Some(site) if site.depth == 0 => lr = saved,
                    Some(_) => {}
                }
            }
        }
        Ok(Ended::Short)
    }

    /// The stack that return addresses of [`Unwinder::walk`] make, as a traceback shows it.
    pub fn stack(&self, pcs: &[u64], created_by: Option<FrameId>) -> Stack {
        let mut shown = Vec::new();
        let mut callee_panics = false;
        for key in pcs {
            let site = self.sites.get(&(key >> 1, key & 1 == 1)).and_then(Option::as_ref);
            for call in site.map_or(&[][..], |site| &site.calls) {
                if show::is_shown(call.kind, shown.is_empty(), callee_panics) {
                    shown.push(call.frame);
                }
                callee_panics = call.kind.panics;
            }
        }
        let most = INNER_FRAMES + OUTER_FRAMES;
        let elided = shown.len().saturating_sub(most);
        if elided > 0 {
            shown.drain(INNER_FRAMES..INNER_FRAMES + elided);
        }
        Stack {
            frames: shown.into(),
            created_by,
            elided: elided as u32,
            elided_at: if elided > 0 { INNER_FRAMES as u32 } else { 0 },
            ..Stack::default()
        }
    }

    /// The `go` statement's place, when the runtime would print it.
    pub fn creator(&mut self, space: &mut Space, builder: &mut SnapshotBuilder, pc: u64) -> Result<Option<FrameId>, LiveError> {
        if let Some(known) = self.creators.get(&pc) {
            return Ok(*known);
        }
        let mut frame = None;
        if let Some(function) = self.functions.find(space, self.layout, pc)? {
            let name = self.functions.name(space, &function)?;
            let kind = show::kind(&name, function.id, self.layout.minor);
            if show::is_shown(kind, false, false) {
                let at = if pc > function.entry { pc - self.step() } else { pc };
                let (file, line) = self.functions.place(space, &function, at, self.step())?;
                frame = Some(builder.frame(&show::printed(&name), &file, line));
            }
        }
        self.creators.insert(pc, frame);
        Ok(frame)
    }

    /// Whether the function at `pc`, where a goroutine began, is the runtime's own (`isSystemGoroutine`).
    pub fn start(&mut self, space: &mut Space, pc: u64) -> Result<Start, LiveError> {
        if let Some(known) = self.starts.get(&pc) {
            return Ok(*known);
        }
        let name = match self.functions.find(space, self.layout, pc)? {
            Some(function) => self.functions.name(space, &function)?,
            None => String::new(),
        };
        let start = match name.as_str() {
            "runtime.main" | "runtime.handleAsyncEvent" => Start::User,
            "runtime.corostart" if self.layout.minor >= 22 => Start::User,
            "runtime.runfinq" | "runtime.runFinalizers" | "runtime.runCleanups" => Start::Sometimes,
            name if name.starts_with("runtime.") => Start::Runtime,
            _ => Start::User,
        };
        self.starts.insert(pc, start);
        Ok(start)
    }

    fn step(&self) -> u64 {
        self.layout.arch.step()
    }

    fn site(
        &mut self,
        space: &mut Space,
        builder: &mut SnapshotBuilder,
        pc: u64,
        trap: bool,
    ) -> Result<Option<&Site>, LiveError> {
        if !self.sites.contains_key(&(pc, trap)) {
            let site = self.find_site(space, builder, pc, trap)?;
            self.sites.insert((pc, trap), site);
        }
        Ok(self.sites.get(&(pc, trap)).and_then(Option::as_ref))
    }

    fn find_site(
        &self,
        space: &mut Space,
        builder: &mut SnapshotBuilder,
        pc: u64,
        trap: bool,
    ) -> Result<Option<Site>, LiveError> {
        let Some(function) = self.functions.find(space, self.layout, pc)? else { return Ok(None) };
        let step = self.step();
        let depth = self.functions.depth(space, &function, pc, step)?;
        // Tables hold the lines of calls; a return address is one instruction further.
        let at = if !trap && pc > function.entry { pc - 1 } else { pc };
        let calls = self.functions.calls(space, self.layout, &function, at, step)?;
        let outermost = calls.last().map_or("", |call| call.name.as_str()).to_owned();
        let calls = calls
            .iter()
            .map(|call| Shown {
                frame: builder.frame(&show::printed(&call.name), &call.file, call.line),
                kind: show::kind(&call.name, call.id, self.layout.minor),
            })
            .collect();
        Ok(Some(Site {
            depth: depth.and_then(|depth| u64::try_from(depth).ok()).unwrap_or(0),
            has_depths: function.has_depths() && depth.is_some(),
            top: function.is_top(),
            // It writes SP only to move between stacks of which both hold its frame.
            sp_write: function.writes_sp() && outermost != "runtime.cgocallback",
            injected: matches!(outermost.as_str(), "runtime.sigpanic" | "runtime.asyncPreempt" | "runtime.debugCallV2"),
            calls,
        }))
    }
}
