//! Memory that is not what it seems: bits flipped in the records a proof reads, records lost, an executable that lies about its version, a
//! process that ends midway. It is refused or less is proven.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use herd_live::layout::{Arch, At, Layout};
use herd_live::{Budget, LiveError};
use object::read::elf::{ElfFile64, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSymbol as _, elf};

use crate::cores::core_of;
use crate::program::{Program, newest};
use crate::refusals::claiming;

/// A machine that runs tests may be slow to stop threads.
const PATIENT: Budget = Budget { base_ns: 10_000_000_000, gb_ns: 0 };

/// A core file whose memory is written to.
struct Core {
    path: PathBuf,
    file: File,
    /// Address, bytes and place in the file.
    pieces: Vec<(u64, u64, u64)>,
    layout: Layout,
    random: u64,
    whole: BTreeSet<u64>,
    /// Keeps the core file's folder.
    _program: Program,
    executable: PathBuf,
}

/// What readings of damaged memory said.
#[derive(Debug, Default)]
struct Outcomes {
    refused: u32,
    fewer: u32,
    same: u32,
    /// What was damaged, and how many were called leaked that are not.
    wrong: Vec<String>,
}

impl Core {
    fn make() -> Core {
        let toolchain = newest();
        // Symbols tell where the records are; DWARF would be read anew each time.
        let executable = toolchain.build("leaks", "symbols", &["-ldflags=-w"], false);
        let program = Program::start(&executable, &[]);
        let path = core_of(&program);
        let file = OpenOptions::new().read(true).write(true).open(&path).expect("the core");
        let bytes = fs::read(&path).expect("the core");
        let parsed: ElfFile64<'_, Endianness> = ElfFile64::parse(&*bytes).expect("a core file");
        let endian = parsed.endian();
        let loads = parsed.elf_program_headers().iter().filter(|header| header.p_type(endian) == elf::PT_LOAD);
        let pieces = loads.map(|header| (header.p_vaddr(endian), header.p_filesz(endian), header.p_offset(endian))).collect();
        let layout = Layout::of(toolchain.number(), Arch::Amd64).expect("a layout");
        let mut core = Core {
            path,
            file,
            pieces,
            layout,
            random: 88_172_645_463_325_252,
            whole: BTreeSet::new(),
            _program: program,
            executable,
        };
        core.whole = core.leaked().expect("a proof of whole memory");
        assert!(core.whole.len() > 100, "{} leaked", core.whole.len());
        core
    }

    fn leaked(&self) -> Result<BTreeSet<u64>, LiveError> {
        let proof = herd_live::core(&self.path, None)?.proof.expect("a core file is one instant")?;
        Ok(proof.leaked.into_iter().collect())
    }

    fn place(&self, address: u64) -> u64 {
        let holds = |(from, len, _): &&(u64, u64, u64)| address.checked_sub(*from).is_some_and(|at| at < *len);
        let (from, _, offset) = self.pieces.iter().find(holds).expect("memory the core holds");
        address - from + offset
    }

    fn word(&self, address: u64) -> u64 {
        let mut word = [0; 8];
        self.file.read_exact_at(&mut word, self.place(address)).expect("memory");
        u64::from_le_bytes(word)
    }

    fn at(&self, base: u64, place: At) -> u64 {
        base + u64::from(self.layout.get(place))
    }

    fn symbol(&self, name: &str) -> u64 {
        let bytes = fs::read(&self.executable).expect("the executable");
        let parsed = object::File::parse(&*bytes).expect("an executable");
        parsed.symbols().find(|symbol| symbol.name() == Ok(name)).expect("a symbol").address()
    }

    fn next(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    /// Damages some bytes, reads, and mends them.
    fn with(&self, address: u64, len: usize, what: &str, outcomes: &mut Outcomes, damage: impl FnOnce(&mut [u8])) {
        let place = self.place(address);
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, place).expect("memory");
        let before = bytes.clone();
        damage(&mut bytes);
        self.file.write_all_at(&bytes, place).expect("damage");
        match self.leaked() {
            Ok(leaked) if leaked == self.whole => outcomes.same += 1,
            Ok(leaked) if leaked.is_subset(&self.whole) => outcomes.fewer += 1,
            Ok(leaked) => outcomes.wrong.push(format!("{what}: {}", leaked.difference(&self.whole).count())),
            Err(_) => outcomes.refused += 1,
        }
        self.file.write_all_at(&before, place).expect("mending");
    }

    /// Flips one bit of each field of records drawn by lot.
    fn flip(&mut self, records: &[u64], fields: &[(&str, At, u64)], times: u32) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for _ in 0..times {
            let record = records[self.next(records.len() as u64) as usize];
            let (name, place, bytes) = fields[self.next(fields.len() as u64) as usize];
            let bit = self.next(bytes * 8);
            let what = format!("{name} bit {bit}");
            self.with(self.at(record, place) + bit / 8, 1, &what, &mut outcomes, |memory| memory[0] ^= 1 << (bit % 8));
        }
        outcomes
    }

    /// The records of spans in use.
    fn spans(&self) -> Vec<u64> {
        const IN_USE: u8 = 1;
        let all = self.at(self.symbol("runtime.mheap_"), At::MheapAllspans);
        let (first, len) = (self.word(all), self.word(all + 8));
        let records = (0..len).map(|index| self.word(first + index * 8));
        records.filter(|record| self.word(self.at(*record, At::MspanState)) as u8 == IN_USE).collect()
    }

    /// What leaked goroutines wait with, and the channels they wait on.
    fn waits(&self) -> (Vec<u64>, Vec<u64>) {
        let all = self.symbol("runtime.allgs");
        let (first, len) = (self.word(all), self.word(all + 8));
        let (mut sudogs, mut channels) = (Vec::new(), Vec::new());
        for index in 0..len {
            let goroutine = self.word(first + index * 8);
            let waiting = self.word(self.at(goroutine, At::GWaiting));
            if waiting != 0 {
                sudogs.push(waiting);
                channels.extend(Some(self.word(self.at(waiting, At::SudogC))).filter(|channel| *channel != 0));
            }
        }
        (sudogs, channels)
    }
}

/// Bits flipped in each kind of record.
fn flips() -> u32 {
    std::env::var("GOHERD_TEST_FLIPS").map_or(40, |flips| flips.parse().expect("a number"))
}

fn check(what: &str, outcomes: &Outcomes) {
    let Outcomes { refused, fewer, same, wrong } = outcomes;
    println!("{what}: {refused} refused, {fewer} with fewer proven, {same} with the same");
    assert!(wrong.is_empty(), "{what}: called leaked, and are not: {wrong:?}");
}

/// A span that says it is shorter or elsewhere is a span lost, and what it pointed at counts as out of reach; that as many pages are in use
/// as the runtime counts is all that can be held against it. What must hold is that a record lost is noticed, and that no bit of one
/// makes the reading fail otherwise than by a refusal.
#[test]
fn records_of_spans() {
    let mut core = Core::make();
    let spans = core.spans();
    let fields = [
        ("start", At::MspanStart, 8),
        ("pages", At::MspanPages, 8),
        ("count", At::MspanNelems, 2),
        ("size", At::MspanElemSize, 8),
        ("class", At::MspanClass, 1),
        ("state", At::MspanState, 1),
        ("specials", At::MspanSpecials, 8),
    ];
    let Outcomes { refused, fewer, same, wrong } = core.flip(&spans, &fields, flips());
    println!("spans: {refused} refused, {fewer} with fewer proven, {same} with the same; {} lost: {wrong:?}", wrong.len());
    assert!(refused > 0, "records that contradict themselves are refused");
    let len = core.layout.get(At::MspanSize) as usize;
    let mut lost = Outcomes::default();
    for _ in 0..flips() / 4 {
        let record = spans[core.next(spans.len() as u64) as usize];
        core.with(record, len, "zeroes", &mut lost, |memory| memory.fill(0));
    }
    assert_eq!((lost.fewer, lost.same, lost.wrong.len()), (0, 0, 0), "the runtime counts pages in use");
}

#[test]
fn what_goroutines_wait_with() {
    let mut core = Core::make();
    let (sudogs, channels) = core.waits();
    let fields = [
        ("sudog's goroutine", At::SudogG, 8),
        ("sudog's next", At::SudogNext, 8),
        ("sudog's element", At::SudogElem, 8),
        ("sudog's link", At::SudogWaitLink, 8),
        ("sudog's channel", At::SudogC, 8),
    ];
    check("sudogs", &core.flip(&sudogs, &fields, flips() / 2));
    let fields = [
        ("channel's count", At::HchanQcount, 8),
        ("channel's capacity", At::HchanDataqsiz, 8),
        ("channel's closed", At::HchanClosed, 4),
        ("channel's receivers", At::HchanRecvq, 16),
        ("channel's senders", At::HchanSendq, 16),
    ];
    check("channels", &core.flip(&channels, &fields, flips() / 2));
}

/// Records that were never written, or hold something else. Whatever else memory has lost nothing tells: an object full of zeroes is
/// one that points at nothing.
#[test]
fn records_that_are_lost() {
    let mut core = Core::make();
    let (sudogs, channels) = core.waits();
    for (what, records, size) in [("sudogs", sudogs, At::SudogSize), ("channels", channels, At::HchanSize)] {
        let len = core.layout.get(size) as usize;
        let mut outcomes = Outcomes::default();
        for _ in 0..flips() / 4 {
            let record = records[core.next(records.len() as u64) as usize];
            core.with(record, len, "zeroes", &mut outcomes, |memory| memory.fill(0));
            let seed = core.next(u64::MAX);
            core.with(record, len, "noise", &mut outcomes, |memory| {
                for (at, byte) in (0u64..).zip(memory) {
                    *byte = (seed.wrapping_mul(at | 1) >> 32) as u8;
                }
            });
        }
        check(&format!("lost {what}"), &outcomes);
    }
}

/// A process that ends, or runs another program, while it is proven.
#[test]
fn a_process_that_goes_away() {
    let built = newest().build("parked", "plain", &[], false);
    for how in ["exit", "exec"] {
        for delay in [0, 1, 2, 5, 10, 20, 50] {
            let mut program = Program::start(&built, &["-n", "500"]);
            program.begin(how);
            std::thread::sleep(std::time::Duration::from_millis(delay));
            match herd_live::frozen(program.pid(), &PATIENT) {
                Ok(reading) => assert!(reading.snapshot.goroutines > 10_000, "{how}: all or nothing"),
                Err(
                    LiveError::Gone(_)
                    | LiveError::NoSuchProcess(_)
                    | LiveError::NotGo(_)
                    | LiveError::NoCopy { .. }
                    | LiveError::Missing { .. }
                    | LiveError::Io { .. },
                ) => {}
                Err(other) => panic!("{how} after {delay} ms: {other}"),
            }
        }
    }
}

/// Without DWARF nothing tells beforehand that the table of offsets is another version's.
#[test]
fn a_wrong_table() {
    let toolchain = newest();
    let built = toolchain.build("leaks", "stripped", &["-ldflags=-s -w"], false);
    for claimed in ["go1.21.", "go1.22.", "go1.23.", "go1.24.", "go1.25."] {
        let folder = tempfile::tempdir().expect("a folder");
        let program = Program::start(&claiming(&built, &toolchain, claimed, folder.path()), &[]);
        match herd_live::frozen(program.pid(), &PATIENT).map(|reading| reading.proof) {
            Err(error) | Ok(Some(Err(error))) => println!("{claimed}: {error}"),
            Ok(proof) => panic!("{claimed}: {proof:?}"),
        }
    }
}
