//! What roots are called: variables by the executable's symbols, words on stacks by the frame they stand in.

use std::ops::Range;
use std::path::Path;

use herd_model::{HolderKind, HolderRoot, Place, is_runtime, unescaped};
use rustc_hash::FxHashMap;

use super::tree::Root;
use crate::error::LiveError;
use crate::functions::{Functions, ModuleData};
use crate::image;
use crate::layout::{Arch, At, Layout};
use crate::memory::{Space, u64_at};
use crate::reach::stacks::Standing;

/// Frames of one stack that are walked.
const MAX_FRAMES: usize = 1 << 16;

/// A variable, as it lies in the process.
#[derive(Clone, Debug)]
struct Variable {
    range: Range<u64>,
    name: Box<str>,
}

/// Names of what the program's variables are.
pub struct Variables {
    list: Vec<Variable>,
    modules: Vec<ModuleData>,
}

impl Variables {
    /// Reads the symbols of an executable that lies so far from where it was linked to be; none where it has none.
    pub fn read(executable: &Path, bias: u64, modules: Vec<ModuleData>) -> Result<Variables, LiveError> {
        let mut list: Vec<Variable> = image::variables(executable)?
            .into_iter()
            .map(|(from, len, name)| {
                let from = from.wrapping_add(bias);
                Variable { range: from..from.saturating_add(len), name }
            })
            .collect();
        list.sort_by_key(|variable| variable.range.start);
        Ok(Variables { list, modules })
    }

    /// Parts ranges of variables into those of the program and those of the runtime.
    pub fn apart(&self, ranges: &[Range<u64>]) -> (Vec<Range<u64>>, Vec<Range<u64>>) {
        let (mut own, mut runtime) = (Vec::new(), Vec::new());
        for range in ranges {
            let mut at = range.start;
            let first = self.list.partition_point(|variable| variable.range.end <= range.start);
            let inside = self.list[first..].iter().take_while(|variable| variable.range.start < range.end);
            for variable in inside.filter(|variable| is_runtime(&variable.name)) {
                // Words only: what begins between two is looked into with what stands before it.
                let from = variable.range.start.next_multiple_of(8).clamp(at, range.end);
                let end = variable.range.end.next_multiple_of(8).clamp(from, range.end);
                push(&mut own, at..from);
                push(&mut runtime, from..end);
                at = end;
            }
            push(&mut own, at..range.end);
        }
        (own, runtime)
    }

    /// The variable an address lies in and how far it lies in it; the part of its module where no symbol names it.
    fn name(&self, at: u64) -> (String, u64) {
        let after = self.list.partition_point(|variable| variable.range.start <= at);
        if let Some(variable) = self.list[..after].last().filter(|variable| variable.range.contains(&at)) {
            return (unescaped(variable.name.as_bytes()).into_owned(), at - variable.range.start);
        }
        for (number, module) in self.modules.iter().enumerate() {
            for (part, range) in ["data", "bss"].into_iter().zip(&module.pointers) {
                if range.contains(&at) {
                    let of = if number == 0 { String::new() } else { format!(" of module {}", number + 1) };
                    return (format!(".{part}{of}"), at - range.start);
                }
            }
        }
        (format!("{at:#x}"), 0)
    }
}

fn push(into: &mut Vec<Range<u64>>, range: Range<u64>) {
    match into.last_mut() {
        _ if range.is_empty() => {}
        Some(last) if last.end == range.start => last.end = range.end,
        _ => into.push(range),
    }
}

/// The frames of a stack.
#[derive(Default)]
struct Frames {
    /// What of it is in use.
    stack: Range<u64>,
    /// From the inside: where each ends, and what it is.
    each: Vec<(u64, Place)>,
}

/// Names roots.
pub struct Names<'a> {
    variables: &'a Variables,
    functions: &'a Functions,
    layout: &'a Layout,
    /// Where the record of each goroutine is.
    goroutines: FxHashMap<u64, u64>,
    /// By goroutine.
    frames: FxHashMap<u64, Frames>,
    begun: FxHashMap<u64, Place>,
}

impl<'a> Names<'a> {
    /// Over the goroutines of a process, by their ids.
    pub fn new(
        variables: &'a Variables,
        functions: &'a Functions,
        layout: &'a Layout,
        goroutines: FxHashMap<u64, u64>,
    ) -> Names<'a> {
        Names { variables, functions, layout, goroutines, frames: FxHashMap::default(), begun: FxHashMap::default() }
    }

    /// What a root is called.
    pub fn of(&mut self, space: &mut Space, root: Root) -> Result<HolderRoot, LiveError> {
        let plain = HolderRoot { kind: root.kind, name: String::new(), offset: 0, at: None, goroutine: None, goroutines: 0 };
        Ok(match root.kind {
            HolderKind::Variable | HolderKind::Runtime => {
                let (name, offset) = self.variables.name(root.at);
                HolderRoot { name, offset, ..plain }
            }
            HolderKind::Finalizer | HolderKind::Other | HolderKind::Register => plain,
            HolderKind::Goroutine => {
                let at = match self.frame(space, root)? {
                    Some(at) => Some(at),
                    None => self.beginning(space, root.goroutine)?,
                };
                let name = at.as_ref().map(|at| at.func.clone()).unwrap_or_default();
                HolderRoot { name, at, goroutine: Some(root.goroutine), ..plain }
            }
        })
    }

    /// The frame of the program a word on a goroutine's stack stands in, or is beneath of.
    fn frame(&mut self, space: &mut Space, root: Root) -> Result<Option<Place>, LiveError> {
        if !self.frames.contains_key(&root.goroutine) {
            let frames = self.walk(space, root.goroutine)?;
            self.frames.insert(root.goroutine, frames);
        }
        let Some(frames) = self.frames.get(&root.goroutine).filter(|frames| frames.stack.contains(&root.at)) else {
            return Ok(None);
        };
        let from = frames.each.partition_point(|(end, _)| *end <= root.at);
        let place = frames.each[from..].iter().map(|(_, place)| place).find(|place| !is_runtime(&place.func));
        Ok(place.cloned())
    }

    /// The frames of a goroutine.
    fn walk(&self, space: &mut Space, goroutine: u64) -> Result<Frames, LiveError> {
        let Some(record) = self.goroutines.get(&goroutine) else { return Ok(Frames::default()) };
        let Some(bytes) = space.bytes(*record, self.layout.get(At::GSize) as usize)? else { return Ok(Frames::default()) };
        let standing = Standing::of(self.layout, &bytes);
        let (mut pc, mut sp) = (standing.pc, standing.sp);
        let stack = sp..standing.high;
        let (step, links) = (self.layout.arch.step(), self.layout.arch == Arch::Arm64);
        let mut each = Vec::new();
        for _ in 0..MAX_FRAMES {
            let Some(function) = self.functions.find(space, self.layout, pc)? else { break };
            let depth = self.functions.depth(space, &function, pc, step)?.and_then(|depth| u64::try_from(depth).ok());
            let Some(depth) = depth.filter(|_| function.has_depths()) else { break };
            let end = sp.saturating_add(depth).saturating_add(if links { 0 } else { 8 });
            let at = if pc > function.entry { pc - 1 } else { pc };
            if let Some(call) = self.functions.calls(space, self.layout, &function, at, step)?.pop() {
                let func = unescaped(call.name.as_bytes()).into_owned();
                each.push((end, Place { func, file: call.file, line: call.line }));
            }
            if function.is_top() || end > stack.end {
                break;
            }
            let Some(caller) = space.word(if links { sp } else { end - 8 })? else { break };
            (pc, sp) = (caller, end);
        }
        Ok(Frames { stack, each })
    }

    /// The function a goroutine began with.
    fn beginning(&mut self, space: &mut Space, goroutine: u64) -> Result<Option<Place>, LiveError> {
        let Some(record) = self.goroutines.get(&goroutine) else { return Ok(None) };
        let at = record + u64::from(self.layout.get(At::GStartPc));
        let Some(start) = space.bytes(at, 8)?.map(|bytes| u64_at(&bytes, 0)) else { return Ok(None) };
        if !self.begun.contains_key(&start) {
            let Some(function) = self.functions.find(space, self.layout, start)? else { return Ok(None) };
            let name = self.functions.name(space, &function)?;
            let (file, _) = self.functions.place(space, &function, start, self.layout.arch.step())?;
            let func = unescaped(name.as_bytes()).into_owned();
            self.begun.insert(start, Place { func, file, line: 0 });
        }
        Ok(self.begun.get(&start).cloned())
    }
}
