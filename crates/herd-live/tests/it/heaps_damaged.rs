//! Memory profiles and heaps that are not what they seem: circles, absurd lengths, bits flipped. What is read of them is refused, or is
//! less; nothing goes on without end.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use herd_live::LiveError;
use herd_live::heap::HeapReading;
use herd_live::layout::{Arch, At, Layout};
use object::read::elf::{ElfFile64, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSymbol as _, elf};

use crate::cores::core_of;
use crate::program::{Program, newest};

/// A core file whose memory is written to.
struct Core {
    path: PathBuf,
    file: File,
    /// Address, bytes and place in the file.
    pieces: Vec<(u64, u64, u64)>,
    layout: Layout,
    /// `runtime.mbuckets`
    buckets: u64,
    /// `runtime.mheap_`
    mheap: u64,
    /// Keeps the core file's folder.
    _program: Program,
}

impl Core {
    fn make() -> Core {
        let toolchain = newest();
        // Symbols tell where things are; DWARF would be read anew each time.
        let executable = toolchain.build("retain", "symbols", &["-ldflags=-w"], false);
        let program = Program::start(&executable, &[]);
        let path = core_of(&program);
        let file = OpenOptions::new().read(true).write(true).open(&path).expect("the core");
        let bytes = fs::read(&path).expect("the core");
        let parsed: ElfFile64<'_, Endianness> = ElfFile64::parse(&*bytes).expect("a core file");
        let endian = parsed.endian();
        let loads = parsed.elf_program_headers().iter().filter(|header| header.p_type(endian) == elf::PT_LOAD);
        let pieces = loads.map(|header| (header.p_vaddr(endian), header.p_filesz(endian), header.p_offset(endian))).collect();
        let layout = Layout::of(toolchain.number(), Arch::Amd64).expect("a layout");
        let bytes = fs::read(&executable).expect("the executable");
        let parsed: ElfFile64<'_, Endianness> = ElfFile64::parse(&*bytes).expect("an executable");
        let symbol = |name: &str| {
            let found = parsed.symbols().find(|symbol| symbol.name() == Ok(name));
            found.expect("a symbol").address()
        };
        Core {
            path,
            file,
            pieces,
            layout,
            buckets: symbol("runtime.mbuckets"),
            mheap: symbol("runtime.mheap_"),
            _program: program,
        }
    }

    fn place(&self, address: u64) -> u64 {
        let holds = |(from, len, _): &&(u64, u64, u64)| (*from..from + len).contains(&address);
        let (from, _, at) = self.pieces.iter().find(holds).expect("memory the core holds");
        at + (address - from)
    }

    fn word(&self, address: u64) -> u64 {
        let mut word = [0; 8];
        self.file.read_exact_at(&mut word, self.place(address)).expect("a word");
        u64::from_le_bytes(word)
    }

    fn write(&self, address: u64, word: u64) {
        self.file.write_all_at(&word.to_le_bytes(), self.place(address)).expect("a word");
    }

    /// What is read while a word is another.
    fn with(&self, address: u64, word: u64) -> Result<HeapReading, LiveError> {
        let before = self.word(address);
        self.write(address, word);
        let read = herd_live::heap::core(&self.path, None, Some(10));
        self.write(address, before);
        read
    }
}

#[track_caller]
fn check(read: Result<HeapReading, LiveError>, why: &str) {
    match read {
        Err(LiveError::Inconsistent(told)) => assert!(told.contains(why), "{told}"),
        Err(other) => panic!("{other}"),
        Ok(read) => panic!("{} samples", read.profile.samples.len()),
    }
}

#[test]
fn records_of_the_profile() {
    let core = Core::make();
    let newest = core.word(core.buckets);
    let at = |bucket: u64, place: At| bucket + u64::from(core.layout.get(place));
    let next = |bucket: u64| core.word(at(bucket, At::BucketAllnext));
    let mut last = newest;
    while next(last) != 0 {
        last = next(last);
    }
    let second = next(newest);
    // Circles of one, of some and of all.
    check(core.with(at(newest, At::BucketAllnext), newest), "has no end");
    check(core.with(at(last, At::BucketAllnext), second), "has no end");
    check(core.with(at(last, At::BucketAllnext), newest), "has no end");
    check(core.with(at(newest, At::BucketAllnext), 8), "leads nowhere");
    check(core.with(core.buckets, 0x10), "leads nowhere");
    check(core.with(core.buckets, newest + 8), "of the memory profile");
    check(core.with(at(second, At::BucketDepth), 1 << 40), "is none");
    check(core.with(at(second, At::BucketDepth), 1024), "of the memory profile");
    check(core.with(at(second, At::BucketType), 2), "is none");
    check(core.with(at(second, At::BucketObject), 1 << 50), "hash");
    let stack = second + u64::from(core.layout.get(At::BucketSize));
    check(core.with(stack, core.word(stack) ^ 4), "hash");
    // Counts are what they are: nothing tells that they are wrong.
    let counts = stack + core.word(at(second, At::BucketDepth)) * 8;
    let read = core.with(counts, u64::MAX).expect("a reading");
    assert!(read.holders.is_some_and(|holders| holders.is_ok()));
}

/// A list of the heap's that is changed anywhere gives an answer or a reason, and no other end.
#[test]
fn records_of_the_heap() {
    let core = Core::make();
    let list = core.word(core.mheap + u64::from(core.layout.get(At::MheapAllspans)));
    let len = core.word(core.mheap + u64::from(core.layout.get(At::MheapAllspans)) + 8);
    let specials = u64::from(core.layout.get(At::MspanSpecials));
    let with_special = (0..len).map(|at| core.word(list + at * 8)).find(|span| core.word(span + specials) != 0);
    let span = with_special.expect("a sampled object");
    let special = core.word(span + specials);
    let bucket = u64::from(core.layout.get(At::SpecialProfileBucket));
    let holders = |read: Result<HeapReading, LiveError>| read.expect("a profile").holders.expect("asked for");
    assert!(holders(core.with(special + bucket, core.word(special + bucket))).is_ok());
    for (what, address, word) in [
        ("a circle of notes", special, special),
        ("a note that leads nowhere", special, 8),
        ("a list that leads nowhere", span + specials, 8),
        ("a note of a record that is none", special + bucket, 8),
        ("a note of an object that is none", special + u64::from(core.layout.get(At::SpecialOffset)), 1 << 40),
    ] {
        let told = holders(core.with(address, word));
        assert!(matches!(told, Err(LiveError::Inconsistent(_) | LiveError::Missing { .. })), "{what}: {told:?}");
    }
    // Bits of spans' records: whatever they say, it ends.
    let mut random = 1u64;
    for _ in 0..60 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let span = core.word(list + (random >> 40) % len * 8);
        let address = span + (random >> 20) % (u64::from(core.layout.get(At::MspanSize)) / 8) * 8;
        let read = core.with(address, core.word(address) ^ (1 << (random >> 58)));
        if let Ok(HeapReading { holders: Some(Ok(holders)), .. }) = read {
            assert!(holders.objects > 0 && holders.unreached_objects <= holders.objects);
        }
    }
}
