//! Where the runtime's structures keep what, by Go minor version and architecture.
//!
//! The table is written by `cargo xtask offsets` from the DWARF of a small program built with each toolchain. A process whose
//! version is not in it is refused; where its executable carries DWARF, the table is checked against it.

use std::path::Path;

mod dwarf;
mod table;

pub use dwarf::{DwarfError, structures};

/// Instruction set of a target; what differs between the two is how frames link and how code names addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// AArch64.
    Arm64,
}

impl Arch {
    /// As `GOARCH` has it.
    pub fn name(self) -> &'static str {
        match self {
            Arch::Amd64 => "amd64",
            Arch::Arm64 => "arm64",
        }
    }

    /// Bytes instructions are multiples of, as the linker's tables count them (`sys.PCQuantum`).
    pub fn step(self) -> u64 {
        match self {
            Arch::Amd64 => 1,
            Arch::Arm64 => 4,
        }
    }

    /// Whether calls put the return address into a register.
    pub fn has_link_register(self) -> bool {
        self == Arch::Arm64
    }
}

/// One structure's size (`field` empty) or the offset of one of its fields, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Type as the runtime names it, without `runtime.`.
    pub of: &'static str,
    /// Field; empty for the size of the whole.
    pub field: &'static str,
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dot = if self.field.is_empty() { "" } else { "." };
        write!(out, "runtime.{}{dot}{}", self.of, self.field)
    }
}

macro_rules! places {
    ($($name:ident = $of:literal . $field:literal,)*) => {
        /// Names a row of the table.
        #[allow(missing_docs, reason = "each is the field its row names")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum At { $($name,)* }

        /// What each row of the table says, in the order of [`At`].
        pub const PLACES: &[Place] = &[$(Place { of: $of, field: $field },)*];
    };
}

places! {
    GSize = "g"."",
    GStack = "g"."stack",
    GM = "g"."m",
    GSched = "g"."sched",
    GSyscallSp = "g"."syscallsp",
    GSyscallPc = "g"."syscallpc",
    GStatus = "g"."atomicstatus",
    GGoid = "g"."goid",
    GWaitSince = "g"."waitsince",
    GWaitReason = "g"."waitreason",
    GLockedM = "g"."lockedm",
    GParentGoid = "g"."parentGoid",
    GGopc = "g"."gopc",
    GStartPc = "g"."startpc",
    GWaiting = "g"."waiting",
    GLabels = "g"."labels",
    GTimer = "g"."timer",
    GBubble = "g"."bubble",
    GRunningCleanups = "g"."runningCleanups",
    GobufSp = "gobuf"."sp",
    GobufPc = "gobuf"."pc",
    GobufG = "gobuf"."g",
    GobufLr = "gobuf"."lr",
    GobufBp = "gobuf"."bp",
    SudogSize = "sudog"."",
    SudogG = "sudog"."g",
    SudogNext = "sudog"."next",
    SudogPrev = "sudog"."prev",
    SudogElem = "sudog"."elem",
    SemaRootSize = "semaRoot"."",
    SemaRootTreap = "semaRoot"."treap",
    SemaRootNwait = "semaRoot"."nwait",
    SudogTicket = "sudog"."ticket",
    SudogParent = "sudog"."parent",
    NotifySize = "notifyList"."",
    NotifyHead = "notifyList"."head",
    NotifyTail = "notifyList"."tail",
    SudogIsSelect = "sudog"."isSelect",
    SudogWaitLink = "sudog"."waitlink",
    SudogC = "sudog"."c",
    HchanSize = "hchan"."",
    HchanQcount = "hchan"."qcount",
    HchanDataqsiz = "hchan"."dataqsiz",
    HchanClosed = "hchan"."closed",
    HchanTimer = "hchan"."timer",
    HchanRecvq = "hchan"."recvq",
    HchanSendq = "hchan"."sendq",
    BubbleId = "synctestBubble"."id",
    ModuleSize = "moduledata"."",
    ModuleFuncNames = "moduledata"."funcnametab",
    ModuleCus = "moduledata"."cutab",
    ModuleFiles = "moduledata"."filetab",
    ModulePcs = "moduledata"."pctab",
    ModulePcln = "moduledata"."pclntable",
    ModuleFtab = "moduledata"."ftab",
    ModuleMinPc = "moduledata"."minpc",
    ModuleMaxPc = "moduledata"."maxpc",
    ModuleText = "moduledata"."text",
    ModuleEtext = "moduledata"."etext",
    ModuleNoptrData = "moduledata"."noptrdata",
    ModuleData = "moduledata"."data",
    ModuleEdata = "moduledata"."edata",
    ModuleBss = "moduledata"."bss",
    ModuleEbss = "moduledata"."ebss",
    ModuleNoptrBss = "moduledata"."noptrbss",
    ModuleEnoptrBss = "moduledata"."enoptrbss",
    ModuleGofunc = "moduledata"."gofunc",
    ModuleTextSects = "moduledata"."textsectmap",
    ModuleNext = "moduledata"."next",
    FuncSize = "_func"."",
    FuncNameOff = "_func"."nameOff",
    FuncPcsp = "_func"."pcsp",
    FuncPcfile = "_func"."pcfile",
    FuncPcln = "_func"."pcln",
    FuncNpcdata = "_func"."npcdata",
    FuncCuOffset = "_func"."cuOffset",
    FuncId = "_func"."funcID",
    FuncFlag = "_func"."flag",
    FuncNfuncdata = "_func"."nfuncdata",
    InlinedSize = "inlinedCall"."",
    InlinedFuncId = "inlinedCall"."funcID",
    InlinedNameOff = "inlinedCall"."nameOff",
    InlinedParentPc = "inlinedCall"."parentPc",
    MheapAllspans = "mheap"."allspans",
    MheapSpanAlloc = "mheap"."spanalloc",
    MheapPagesInUse = "mheap"."pagesInUse",
    FixallocSize = "fixalloc"."size",
    MspanSize = "mspan"."",
    MspanStart = "mspan"."startAddr",
    MspanPages = "mspan"."npages",
    MspanNelems = "mspan"."nelems",
    MspanElemSize = "mspan"."elemsize",
    MspanClass = "mspan"."spanclass",
    MspanState = "mspan"."state",
    MspanSpecials = "mspan"."specials",
    SpecialNext = "special"."next",
    SpecialOffset = "special"."offset",
    SpecialKind = "special"."kind",
    MProcid = "m"."procid",
    MCurg = "m"."curg",
    MG0 = "m"."g0",
    MGsignal = "m"."gsignal",
    MAlllink = "m"."alllink",
    MId = "m"."id",
    TimerWhen = "timer"."when",
    PollFd = "pollDesc"."fd",
    PollSelf = "pollDesc"."self",
    PollRg = "pollDesc"."rg",
    PollWg = "pollDesc"."wg",
    FuncArgs = "_func"."args",
    GobufCtxt = "gobuf"."ctxt",
    GDefer = "g"."_defer",
    GPanic = "g"."_panic",
    DeferSize = "_defer"."",
    DeferLink = "_defer"."link",
    PSize = "p"."",
    PId = "p"."id",
    PMcache = "p"."mcache",
    PWbBuf = "p"."wbBuf",
    WbBufSize = "wbBuf"."",
    PGcw = "p"."gcw",
    GcwSize = "gcWork"."",
    GcwPtrBuf = "gcWork"."ptrBuf",
    McacheTiny = "mcache"."tiny",
    McacheTinyOffset = "mcache"."tinyoffset",
    McacheAlloc = "mcache"."alloc",
    FuncStartLine = "_func"."startLine",
    InlinedStartLine = "inlinedCall"."startLine",
    BucketSize = "bucket"."",
    BucketAllnext = "bucket"."allnext",
    BucketType = "bucket"."typ",
    BucketHash = "bucket"."hash",
    BucketObject = "bucket"."size",
    BucketDepth = "bucket"."nstk",
    MemRecordSize = "memRecord"."",
    MemRecordActive = "memRecord"."active",
    MemRecordFuture = "memRecord"."future",
    MemCycleSize = "memRecordCycle"."",
    MemCycleAllocs = "memRecordCycle"."allocs",
    MemCycleFrees = "memRecordCycle"."frees",
    MemCycleAllocBytes = "memRecordCycle"."alloc_bytes",
    MemCycleFreeBytes = "memRecordCycle"."free_bytes",
    SpecialProfileBucket = "specialprofile"."b",
}

/// A row that the version does not have.
pub const ABSENT: u32 = u32::MAX;

/// The offsets of one Go minor version on one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The 26 of Go 1.26.
    pub minor: u32,
    /// Architecture.
    pub arch: Arch,
    offsets: Vec<u32>,
}

impl Layout {
    /// The table's column for a version; `None` when there is none.
    pub fn of(minor: u32, arch: Arch) -> Option<Layout> {
        let column = table::COLUMNS.iter().position(|column| *column == (minor, arch))?;
        Some(Layout { minor, arch, offsets: table::ROWS.iter().map(|row| row[column]).collect() })
    }

    /// From offsets in the order of [`PLACES`].
    pub fn from_offsets(minor: u32, arch: Arch, offsets: Vec<u32>) -> Layout {
        Layout { minor, arch, offsets }
    }

    /// As an executable's DWARF states them.
    pub fn from_dwarf(minor: u32, arch: Arch, executable: &Path) -> Result<Layout, DwarfError> {
        let bytes = std::fs::read(executable)?;
        Ok(Layout::from_offsets(minor, arch, structures(&object::File::parse(&*bytes)?)?))
    }

    /// All offsets, in the order of [`PLACES`].
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// A row's offset, or [`ABSENT`].
    pub fn get(&self, at: At) -> u32 {
        self.offsets.get(at as usize).copied().unwrap_or(ABSENT)
    }

    /// A row's offset where the version has it.
    pub fn find(&self, at: At) -> Option<usize> {
        Some(self.get(at)).filter(|offset| *offset != ABSENT).map(|offset| offset as usize)
    }

    /// The first row both layouts know and see differently: its name, this one's offset and the other's.
    pub fn contradiction(&self, other: &Layout) -> Option<(Place, u32, u32)> {
        let pairs = self.offsets.iter().copied().zip(other.offsets.iter().copied());
        let known = PLACES.iter().zip(pairs).filter(|(_, (ours, theirs))| *ours != ABSENT && *theirs != ABSENT);
        known.map(|(place, (ours, theirs))| (*place, ours, theirs)).find(|(_, ours, theirs)| ours != theirs)
    }

    /// Rows every version must have; a table without one of them is unusable.
    pub fn missing(&self) -> Option<Place> {
        const MAY_LACK: [At; 10] = [
            At::GBubble,
            At::BubbleId,
            At::GRunningCleanups,
            At::HchanTimer,
            At::GobufLr,
            At::GobufBp,
            At::MAlllink,
            At::GcwPtrBuf,
            At::MemCycleAllocBytes,
            At::MemCycleFreeBytes,
        ];
        let must = |index: usize| MAY_LACK.iter().all(|at| *at as usize != index);
        (0..PLACES.len()).find(|index| must(*index) && self.offsets[*index] == ABSENT).map(|index| PLACES[index])
    }
}

/// Minor versions the table holds, for messages.
pub fn versions() -> impl Iterator<Item = u32> {
    table::COLUMNS.iter().filter(|(_, arch)| *arch == Arch::Amd64).map(|(minor, _)| *minor)
}
