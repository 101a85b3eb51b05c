//! From program counters to functions, files and lines: the tables the linker writes for the runtime (`runtime/symtab.go`,
//! `internal/abi/symtab.go`, `cmd/internal/obj/pcln.go`).

use std::ops::Range;

use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Space, u32_at, u64_at};

/// What `cmd/link` writes in front of the tables since Go 1.20.
pub const PCLNTAB_MAGIC: u32 = 0xffff_fff1;

/// Bytes a function's name or a file's path may have before it is cut.
const MAX_NAME_BYTES: usize = 64 << 10;
/// Steps a table of one function may have; more is damage.
const MAX_STEPS: usize = 1 << 22;
/// Modules one process may have; more is a circle.
const MAX_MODULES: usize = 1024;

const PCDATA_STACK_MAP_INDEX: u32 = 1;
const PCDATA_INL_TREE_INDEX: u32 = 2;
const FUNCDATA_ARGS_POINTER_MAPS: usize = 0;
const FUNCDATA_LOCALS_POINTER_MAPS: usize = 1;
const FUNCDATA_STACK_OBJECTS: usize = 2;
const FUNCDATA_INL_TREE: usize = 3;
/// Of the kinds above.
const FUNCDATA_KINDS: usize = 4;
/// What functions without a Go prototype say of their arguments (`internal/abi.ArgsSizeUnknown`).
const ARGS_UNKNOWN: i32 = i32::MIN;
const FLAG_TOP_FRAME: u8 = 1;
const FLAG_SP_WRITE: u8 = 2;

/// One module: the program itself or a plugin.
#[derive(Clone, Debug)]
pub struct Module {
    text: u64,
    min_pc: u64,
    max_pc: u64,
    names: u64,
    units: u64,
    files: u64,
    pcs: u64,
    functions: u64,
    entries: u64,
    entries_len: u64,
    gofunc: u64,
    sections: Vec<TextSection>,
    data: ModuleData,
}

/// The variables of a module, by address.
#[derive(Clone, Debug, Default)]
pub struct ModuleData {
    /// Those with pointers: initialised, and zero at first.
    pub pointers: [Range<u64>; 2],
    /// All of them.
    pub all: Range<u64>,
}

/// A piece of text an external linker put elsewhere.
#[derive(Clone, Copy, Debug)]
struct TextSection {
    from: u64,
    end: u64,
    base: u64,
}

/// A function's record.
#[derive(Clone, Debug)]
pub struct Function {
    /// Index of its module.
    module: usize,
    /// First instruction.
    pub entry: u64,
    name_off: u32,
    pcsp: u32,
    pcfile: u32,
    pcln: u32,
    unit: u32,
    /// Its kind (`internal/abi.FuncID`).
    pub id: u8,
    flag: u8,
    start_line: u32,
    args: i32,
    stack_table: u32,
    index_table: u32,
    /// Offsets of what the linker keeps of it beside its code, by kind; all ones for none.
    funcdata: [u32; FUNCDATA_KINDS],
}

impl Function {
    /// It is the outermost frame of its stack.
    pub fn is_top(&self) -> bool {
        self.flag & FLAG_TOP_FRAME != 0
    }

    /// It moves the stack pointer in ways the tables do not tell.
    pub fn writes_sp(&self) -> bool {
        self.flag & FLAG_SP_WRITE != 0
    }

    /// Bytes of its arguments on the stack, where they are known.
    pub fn args_bytes(&self) -> Option<u32> {
        (self.args != ARGS_UNKNOWN).then_some(self.args).and_then(|bytes| u32::try_from(bytes).ok())
    }

    /// It has a table of stack depths.
    pub fn has_depths(&self) -> bool {
        self.pcsp != 0
    }
}

/// One call as the source has it; several share a program counter where the compiler inlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Function as the linker names it.
    pub name: String,
    /// `internal/abi.FuncID` of it.
    pub id: u8,
    /// File.
    pub file: String,
    /// Line.
    pub line: u32,
    /// Line the function starts at.
    pub start_line: u32,
    /// It was inlined into the next.
    pub inlined: bool,
}

/// A call the compiler inlined (`runtime/symtabinl.go`, `inlinedCall`).
#[derive(Clone, Copy, Debug)]
struct Inlined {
    id: u8,
    name_off: u32,
    /// Offset of the call from the function it was inlined into.
    parent_pc: u32,
    start_line: u32,
}

/// All modules.
#[derive(Debug, Default)]
pub struct Functions {
    modules: Vec<Module>,
}

impl Functions {
    /// Reads the list of modules from its first.
    pub fn read(space: &mut Space, layout: &Layout, first: u64) -> Result<Functions, LiveError> {
        let mut modules = Vec::new();
        let mut at = first;
        while at != 0 {
            let record =
                space.bytes(at, layout.get(At::ModuleSize) as usize)?.ok_or(LiveError::Missing { what: "a module's record" })?;
            let word = |place: At| u64_at(&record, layout.get(place) as usize);
            let len = |place: At| u64_at(&record, layout.get(place) as usize + 8);
            let sections = text_sections(space, word(At::ModuleTextSects), len(At::ModuleTextSects))?;
            modules.push(Module {
                text: word(At::ModuleText),
                min_pc: word(At::ModuleMinPc),
                max_pc: word(At::ModuleMaxPc),
                names: word(At::ModuleFuncNames),
                units: word(At::ModuleCus),
                files: word(At::ModuleFiles),
                pcs: word(At::ModulePcs),
                functions: word(At::ModulePcln),
                entries: word(At::ModuleFtab),
                entries_len: len(At::ModuleFtab),
                gofunc: word(At::ModuleGofunc),
                sections,
                data: ModuleData {
                    pointers: [word(At::ModuleData)..word(At::ModuleEdata), word(At::ModuleBss)..word(At::ModuleEbss)],
                    all: word(At::ModuleNoptrData)..word(At::ModuleEnoptrBss),
                },
            });
            at = word(At::ModuleNext);
            if modules.len() > MAX_MODULES {
                return Err(LiveError::Inconsistent("the list of modules has no end".into()));
            }
        }
        Ok(Functions { modules })
    }

    /// The variables of all modules.
    pub fn data(&self) -> Vec<ModuleData> {
        self.modules.iter().map(|module| module.data.clone()).collect()
    }

    /// The function a program counter lies in.
    pub fn find(&self, space: &mut Space, layout: &Layout, pc: u64) -> Result<Option<Function>, LiveError> {
        let Some(index) = self.modules.iter().position(|module| module.min_pc <= pc && pc < module.max_pc) else {
            return Ok(None);
        };
        let module = &self.modules[index];
        let Some(offset) = module.offset_of(pc) else { return Ok(None) };
        // The last entry marks the end.
        let (mut low, mut high) = (0, module.entries_len.saturating_sub(1));
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(start) = space.constant_u32(module.entries + middle * 8)? else { return Ok(None) };
            if start <= offset {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let Some(found) = low.checked_sub(1) else { return Ok(None) };
        let Some(at) = space.constant_u32(module.entries + found * 8 + 4)? else { return Ok(None) };
        let address = module.functions + u64::from(at);
        let mut record = vec![0; layout.get(At::FuncSize) as usize];
        if !space.constant(address, &mut record)? {
            return Ok(None);
        }
        let half = |place: At| u32_at(&record, layout.get(place) as usize);
        let byte = |place: At| record.get(layout.get(place) as usize).copied().unwrap_or(0);
        let after = address + record.len() as u64;
        let (pcdata, count) = (half(At::FuncNpcdata), usize::from(byte(At::FuncNfuncdata)));
        let mut table = |index: u64, there: bool| -> Result<Option<u32>, LiveError> {
            if there { space.constant_u32(after + index * 4) } else { Ok(None) }
        };
        let stack_table = table(u64::from(PCDATA_STACK_MAP_INDEX), pcdata > PCDATA_STACK_MAP_INDEX)?.unwrap_or(0);
        let index_table = table(u64::from(PCDATA_INL_TREE_INDEX), pcdata > PCDATA_INL_TREE_INDEX)?.unwrap_or(0);
        let mut funcdata = [u32::MAX; FUNCDATA_KINDS];
        for (kind, offset) in funcdata.iter_mut().enumerate() {
            *offset = table(u64::from(pcdata) + kind as u64, count > kind)?.unwrap_or(u32::MAX);
        }
        Ok(Some(Function {
            module: index,
            entry: module.address_of(u32_at(&record, 0)),
            name_off: half(At::FuncNameOff),
            pcsp: half(At::FuncPcsp),
            pcfile: half(At::FuncPcfile),
            pcln: half(At::FuncPcln),
            unit: half(At::FuncCuOffset),
            id: byte(At::FuncId),
            flag: byte(At::FuncFlag),
            start_line: half(At::FuncStartLine),
            args: half(At::FuncArgs).cast_signed(),
            stack_table,
            index_table,
            funcdata,
        }))
    }

    /// Its name.
    pub fn name(&self, space: &mut Space, function: &Function) -> Result<String, LiveError> {
        self.name_at(space, function.module, function.name_off)
    }

    fn name_at(&self, space: &mut Space, module: usize, offset: u32) -> Result<String, LiveError> {
        let address = self.modules[module].names + u64::from(offset);
        Ok(space
            .constant_text(address, MAX_NAME_BYTES)?
            .map_or_else(String::new, |name| String::from_utf8_lossy(&name).into_owned()))
    }

    /// Bytes between the stack pointer at `pc` and the return address (on amd64) or the frame's end.
    pub fn depth(&self, space: &mut Space, function: &Function, pc: u64, arch_step: u64) -> Result<Option<i32>, LiveError> {
        self.value(space, function, function.pcsp, pc, arch_step)
    }

    /// Which of a function's bitmaps holds at the call that returns to `pc`; the first where the table does not say, as at the
    /// function's beginning.
    pub fn stack_index(&self, space: &mut Space, function: &Function, pc: u64) -> Result<Option<u32>, LiveError> {
        if pc == function.entry || function.stack_table == 0 {
            return Ok(Some(0));
        }
        let value = self.value(space, function, function.stack_table, pc - 1, 1)?;
        Ok(value.and_then(|index| if index == -1 { Some(0) } else { u32::try_from(index).ok() }))
    }

    /// Where the bitmaps of its variables are.
    pub fn locals_maps(&self, function: &Function) -> Option<u64> {
        self.beside(function, FUNCDATA_LOCALS_POINTER_MAPS)
    }

    /// Where the bitmaps of its arguments are.
    pub fn args_maps(&self, function: &Function) -> Option<u64> {
        self.beside(function, FUNCDATA_ARGS_POINTER_MAPS)
    }

    /// Where the list of variables whose address was taken is.
    pub fn stack_objects(&self, function: &Function) -> Option<u64> {
        self.beside(function, FUNCDATA_STACK_OBJECTS)
    }

    fn beside(&self, function: &Function, kind: usize) -> Option<u64> {
        let offset = function.funcdata[kind];
        (offset != u32::MAX).then(|| self.modules[function.module].gofunc.wrapping_add(u64::from(offset)))
    }

    /// The calls at `pc`, innermost first. `pc` is an instruction of the call, not the one it returns to.
    pub fn calls(
        &self,
        space: &mut Space,
        layout: &Layout,
        function: &Function,
        pc: u64,
        arch_step: u64,
    ) -> Result<Vec<Call>, LiveError> {
        let mut calls = Vec::new();
        let mut at = pc;
        loop {
            let (file, line) = self.place(space, function, at, arch_step)?;
            let index = self.inline_index(space, function, at, arch_step)?;
            let entry = match index {
                Some(index) if calls.len() < MAX_INLINED => self.inlined(space, layout, function, index)?,
                _ => None,
            };
            let Some(inner) = entry else {
                let (name, start_line) = (self.name(space, function)?, function.start_line);
                calls.push(Call { name, id: function.id, file, line, start_line, inlined: false });
                return Ok(calls);
            };
            let name = self.name_at(space, function.module, inner.name_off)?;
            calls.push(Call { name, id: inner.id, file, line, start_line: inner.start_line, inlined: true });
            at = function.entry.wrapping_add(u64::from(inner.parent_pc));
        }
    }

    fn inline_index(&self, space: &mut Space, function: &Function, pc: u64, step: u64) -> Result<Option<u64>, LiveError> {
        if function.funcdata[FUNCDATA_INL_TREE] == u32::MAX || function.index_table == 0 {
            return Ok(None);
        }
        let value = self.value(space, function, function.index_table, pc, step)?;
        Ok(value.and_then(|index| u64::try_from(index).ok()))
    }

    fn inlined(&self, space: &mut Space, layout: &Layout, function: &Function, index: u64) -> Result<Option<Inlined>, LiveError> {
        let size = u64::from(layout.get(At::InlinedSize));
        let Some(tree) = self.beside(function, FUNCDATA_INL_TREE) else { return Ok(None) };
        let address = tree + index * size;
        let mut record = vec![0; size as usize];
        if !space.constant(address, &mut record)? {
            return Ok(None);
        }
        let half = |place: At| u32_at(&record, layout.get(place) as usize);
        let id = record.get(layout.get(At::InlinedFuncId) as usize).copied().unwrap_or(0);
        let (name_off, parent_pc, start_line) = (half(At::InlinedNameOff), half(At::InlinedParentPc), half(At::InlinedStartLine));
        Ok(Some(Inlined { id, name_off, parent_pc, start_line }))
    }

    /// File and line of an instruction; of the innermost call where several were inlined.
    pub fn place(&self, space: &mut Space, function: &Function, pc: u64, step: u64) -> Result<(String, u32), LiveError> {
        let file = self.value(space, function, function.pcfile, pc, step)?;
        let line = self.value(space, function, function.pcln, pc, step)?;
        let (Some(file), Some(line)) =
            (file.and_then(|file| u32::try_from(file).ok()), line.and_then(|line| u32::try_from(line).ok()))
        else {
            return Ok(("?".to_owned(), 0));
        };
        let module = &self.modules[function.module];
        let slot = module.units + (u64::from(function.unit) + u64::from(file)) * 4;
        let Some(offset) = space.constant_u32(slot)?.filter(|offset| *offset != u32::MAX) else { return Ok(("?".to_owned(), 0)) };
        let text = space.constant_text(module.files + u64::from(offset), MAX_NAME_BYTES)?;
        Ok((text.map_or_else(|| "?".to_owned(), |text| String::from_utf8_lossy(&text).into_owned()), line))
    }

    /// The value a table has at a program counter (`pcvalue` in `runtime/symtab.go`).
    fn value(&self, space: &mut Space, function: &Function, table: u32, pc: u64, step: u64) -> Result<Option<i32>, LiveError> {
        if table == 0 {
            return Ok(None);
        }
        let mut at = self.modules[function.module].pcs + u64::from(table);
        let mut value: i32 = -1;
        let mut here = function.entry;
        for index in 0..MAX_STEPS {
            let Some(delta) = varint(space, &mut at)? else { return Ok(None) };
            if delta == 0 && index > 0 {
                return Ok(None);
            }
            let signed = if delta & 1 != 0 { !(delta >> 1) } else { delta >> 1 };
            value = value.wrapping_add(signed.cast_signed());
            let Some(run) = varint(space, &mut at)? else { return Ok(None) };
            here = here.wrapping_add(u64::from(run) * step);
            if pc < here {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}

/// Calls one program counter may stand for; more is damage.
const MAX_INLINED: usize = 1000;

impl Module {
    /// Offset of a program counter from the start of the text as the tables count it.
    fn offset_of(&self, pc: u64) -> Option<u32> {
        let plain = || u32::try_from(pc.checked_sub(self.text)?).ok();
        if self.sections.len() < 2 {
            return plain();
        }
        let section = self.sections.iter().find(|section| section.base <= pc && pc < section.base + (section.end - section.from));
        section.map_or_else(plain, |section| u32::try_from(pc - section.base + section.from).ok())
    }

    fn address_of(&self, offset: u32) -> u64 {
        let plain = self.text + u64::from(offset);
        if self.sections.len() < 2 {
            return plain;
        }
        let offset = u64::from(offset);
        let section = self.sections.iter().find(|section| section.from <= offset && offset < section.end);
        section.map_or(plain, |section| section.base + offset - section.from)
    }
}

fn text_sections(space: &mut Space, at: u64, len: u64) -> Result<Vec<TextSection>, LiveError> {
    const RECORD_BYTES: usize = 24;
    let mut sections = Vec::new();
    if !(2..=4096).contains(&len) {
        return Ok(sections);
    }
    let mut record = [0; RECORD_BYTES];
    for index in 0..len {
        if space.constant(at + index * RECORD_BYTES as u64, &mut record)? {
            sections.push(TextSection { from: u64_at(&record, 0), end: u64_at(&record, 8), base: u64_at(&record, 16) });
        }
    }
    Ok(sections)
}

fn varint(space: &mut Space, at: &mut u64) -> Result<Option<u32>, LiveError> {
    let mut value: u32 = 0;
    for shift in (0..32).step_by(7) {
        let mut byte = [0];
        if !space.constant(*at, &mut byte)? {
            return Ok(None);
        }
        *at += 1;
        value |= u32::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(Some(value));
        }
    }
    Ok(None)
}
