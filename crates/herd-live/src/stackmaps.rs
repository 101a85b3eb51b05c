//! Which words of a stack frame hold pointers that may still be used, as the compiler tells the collector
//! (`runtime/stkframe.go`, `getStackMap`): found once for each program counter, for amd64.

use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::functions::{Function, Functions};
use crate::layout::Layout;
use crate::memory::{Space, u32_at, u64_at};

/// Words one bitmap may speak of, and objects one frame may hold, before it is taken for damage.
const MAX_BITS: u32 = 1 << 20;
const MAX_OBJECTS: u64 = 1 << 16;
/// Bytes of an object's record (`stackObjectRecord`).
const OBJECT_BYTES: u64 = 16;
const WORD: i64 = 8;

/// A frame, by offsets from its stack pointer.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Where the caller's begins.
    pub end: u64,
    /// It is the outermost of its stack.
    pub top: bool,
    /// Words that are pointers and may be used.
    pub live: Box<[u64]>,
    /// Variables whose address was taken, in the order of addresses: live when something live points into them.
    pub objects: Box<[Object]>,
}

/// A variable that lives in memory.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// First byte.
    pub from: u64,
    /// Bytes.
    pub size: u64,
    /// Bytes behind which it holds no pointers.
    pub pointers: u64,
}

/// Finds frames and keeps them.
pub struct StackMaps<'a> {
    functions: &'a Functions,
    layout: &'a Layout,
    frames: FxHashMap<u64, Option<Frame>>,
}

impl<'a> StackMaps<'a> {
    /// Over the functions of a process.
    pub fn new(functions: &'a Functions, layout: &'a Layout) -> StackMaps<'a> {
        StackMaps { functions, layout, frames: FxHashMap::default() }
    }

    /// The frame whose call returns to `pc`; `None` where anything about it is out of the ordinary.
    pub fn frame(&mut self, space: &mut Space, pc: u64) -> Result<Option<&Frame>, LiveError> {
        if !self.frames.contains_key(&pc) {
            let frame = self.find(space, pc)?;
            self.frames.insert(pc, frame);
        }
        Ok(self.frames.get(&pc).and_then(Option::as_ref))
    }

    fn find(&self, space: &mut Space, pc: u64) -> Result<Option<Frame>, LiveError> {
        let Some(function) = self.functions.find(space, self.layout, pc)? else { return Ok(None) };
        if is_odd(&self.functions.name(space, &function)?) || (function.writes_sp() && !function.is_top()) {
            return Ok(None);
        }
        let depth = self.functions.depth(space, &function, pc, 1)?.map(i64::from);
        let (Some(depth), Some(args)) = (depth.filter(|depth| *depth >= 0 && depth % WORD == 0), function.args_bytes()) else {
            return Ok(None);
        };
        let Some(index) = self.functions.stack_index(space, &function, pc)? else { return Ok(None) };
        // The return address, and below it the caller's frame pointer where there is a frame at all.
        let locals_end = if depth > 0 { depth - WORD } else { 0 };
        let args_from = depth + WORD;
        let mut live = Vec::new();
        if locals_end > 0 {
            let Some(bits) = bits(space, self.functions.locals_maps(&function), index)? else { return Ok(None) };
            let from = locals_end - bits.count * WORD;
            if from < 0 {
                return Ok(None);
            }
            live.extend(bits.places(from));
        }
        if args > 0 {
            let Some(bits) = bits(space, self.functions.args_maps(&function), index)? else { return Ok(None) };
            live.extend(bits.places(args_from));
        }
        let Some(objects) = self.objects(space, &function, locals_end, args_from)? else { return Ok(None) };
        Ok(Some(Frame { end: args_from.cast_unsigned(), top: function.is_top(), live: live.into(), objects: objects.into() }))
    }

    fn objects(
        &self,
        space: &mut Space,
        function: &Function,
        locals_end: i64,
        args_from: i64,
    ) -> Result<Option<Vec<Object>>, LiveError> {
        let Some(at) = self.functions.stack_objects(function) else { return Ok(Some(Vec::new())) };
        let mut count = [0; 8];
        if !space.constant(at, &mut count)? || u64_at(&count, 0) > MAX_OBJECTS {
            return Ok(None);
        }
        let mut objects = Vec::new();
        for index in 0..u64_at(&count, 0) {
            let mut record = [0; OBJECT_BYTES as usize];
            if !space.constant(at.wrapping_add(8 + index * OBJECT_BYTES), &mut record)? {
                return Ok(None);
            }
            let field = |at: usize| i64::from(u32_at(&record, at).cast_signed());
            let base = if field(0) < 0 { locals_end } else { args_from };
            // Of one that is not in the frame yet nothing can be used; Go up to 1.23 negates the length where a program makes the bitmap.
            let Ok(from) = u64::try_from(base + field(0)) else { continue };
            let (Ok(size), pointers) = (u64::try_from(field(4)), field(8).unsigned_abs()) else { return Ok(None) };
            objects.push(Object { from, size, pointers });
        }
        let in_order = objects.windows(2).all(|pair| pair[0].from + pair[0].size <= pair[1].from);
        Ok(in_order.then_some(objects))
    }
}

/// One of a function's bitmaps (`stackmap`): how many there are, their bits, then the bitmaps.
fn bits(space: &mut Space, at: Option<u64>, index: u32) -> Result<Option<Bits>, LiveError> {
    let Some(at) = at else { return Ok(None) };
    let mut header = [0; 8];
    if !space.constant(at, &mut header)? {
        return Ok(None);
    }
    let (maps, count) = (u32_at(&header, 0), u32_at(&header, 4));
    if maps > MAX_BITS || count > MAX_BITS || maps == 0 || (count > 0 && index >= maps) {
        return Ok(None);
    }
    let mut bytes = vec![0; count.div_ceil(8) as usize];
    let from = at.wrapping_add(8 + u64::from(index) * bytes.len() as u64);
    let there = bytes.is_empty() || space.constant(from, &mut bytes)?;
    Ok(there.then_some(Bits { count: i64::from(count), bytes }))
}

struct Bits {
    count: i64,
    bytes: Vec<u8>,
}

impl Bits {
    /// Offsets of the words whose bit is set, the first being at `from`.
    fn places(&self, from: i64) -> impl Iterator<Item = u64> {
        let set = (0..self.count).filter(|bit| self.bytes[(bit / 8) as usize] >> (bit % 8) & 1 == 1);
        set.map(move |bit| (from + bit * WORD).cast_unsigned())
    }
}

/// Whether a function's frame, or that of its caller, is not as its tables say: what was interrupted anywhere, and what keeps
/// arguments of other functions.
fn is_odd(name: &str) -> bool {
    matches!(
        name,
        "runtime.asyncPreempt"
            | "runtime.asyncPreempt2"
            | "runtime.sigpanic"
            | "runtime.cgocallback"
            | "runtime.gopanic"
            | "runtime.systemstack"
            | "runtime.systemstack_switch"
            | "runtime.mcall"
            | "runtime.morestack"
            | "runtime.gogo"
            | "runtime.asmcgocall"
            | "reflect.makeFuncStub"
            | "reflect.methodValueCall"
            | ""
    ) || name.starts_with("runtime.debugCall")
}
