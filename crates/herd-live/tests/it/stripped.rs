//! Without a symbol table the runtime's variables are known by what they look like: the same ones, and the same proofs and waits.

use std::fs;
use std::path::Path;

use herd_live::{Budget, Landmarks, LiveError, Names, Reading};
use herd_model::{Snapshot, Waiter};
use object::{Object, ObjectSegment};

use crate::cores::core_of;
use crate::program::{Program, Toolchain, outermost, toolchains};
use crate::proofs::{EACH, KINDS, leaked};

/// Go's minor version up to which goroutines on semaphores are known by the table of semaphores alone.
const TABLE_NEEDED: u32 = 25;
/// A machine that runs tests may be slow to stop threads.
const PATIENT: Budget = Budget { base_ns: 10_000_000_000, gb_ns: 0 };
const STRIPPED: &str = "-ldflags=-s -w";

/// A way to link: its name, arguments, the C compiler where there is C.
type Way = (&'static str, &'static [&'static str], Option<&'static str>);

const WAYS: [Way; 4] = [
    ("plain", &[], None),
    ("pie", &["-buildmode=pie"], None),
    ("cgo", &[], Some("gcc")),
    ("whole-musl", &["-ldflags=-linkmode external -extldflags -static"], Some("musl-gcc")),
];

/// The same without symbols, and without the machine's paths.
const STRIPPED_WAYS: [Way; 4] = [
    ("stripped", &[STRIPPED], None),
    ("pie-stripped", &["-buildmode=pie", "-trimpath", STRIPPED], None),
    ("cgo-stripped", &[STRIPPED], Some("gcc")),
    ("whole-musl-stripped", &["-ldflags=-s -w -linkmode external -extldflags -static"], Some("musl-gcc")),
];

fn build(toolchain: &Toolchain, package: &str, (name, args, compiler): Way) -> std::path::PathBuf {
    let settings = compiler.map_or_else(|| vec![("CGO_ENABLED", "0")], |compiler| vec![("CGO_ENABLED", "1"), ("CC", compiler)]);
    toolchain.build_with(package, name, args, &settings)
}

/// Starts the program that waits on everything.
fn waits(toolchain: &Toolchain, way: Way, folder: &tempfile::TempDir) -> Program {
    let truth = folder.path().join("truth");
    Program::start(&build(toolchain, "waits", way), &["-truth", truth.to_str().expect("a path")])
}

#[test]
fn the_variables_symbols_name() {
    for toolchain in toolchains() {
        for way in WAYS {
            let name = way.0;
            let folder = tempfile::tempdir().expect("a folder");
            let program = waits(&toolchain, way, &folder);
            let [named, found] = [Names::Used, Names::Ignored].map(|names| herd_live::landmarks(program.pid(), names));
            let (mut named, mut found) = (named.expect("by symbols"), found.expect("without"));
            let some = |all: &Landmarks| [all.mheap, all.newest_thread].map(|address| address.is_some());
            assert_eq!(some(&named), [true; 2], "Go {} {name}", toolchain.minor);
            assert_eq!(named.semtable.is_some(), toolchain.number() <= TABLE_NEEDED, "Go {} {name}", toolchain.minor);
            // The list of goroutines only grows.
            let shared = named.goroutines.len().min(found.goroutines.len());
            assert!(shared > 40, "Go {} {name}: {shared} goroutines", toolchain.minor);
            named.goroutines.truncate(shared);
            found.goroutines.truncate(shared);
            assert_eq!(named, found, "Go {} {name}", toolchain.minor);
        }
    }
}

/// Asserts that all kinds of `testbed/mixed/leaks` are proven and no healthy goroutine is.
#[track_caller]
pub fn assert_proven(reading: &Reading, what: &str) {
    assert!(matches!(reading.proof, Some(Ok(_))), "{what}: {:?}", reading.proof);
    let mut found = leaked(reading);
    let (mut proven, mut all) = (0, 0);
    for (kind, times) in KINDS {
        let count = found.remove(kind).unwrap_or(0);
        assert!((1..=EACH * times).contains(&count), "{what}: {count} of {kind}");
        proven += count;
        all += EACH * times;
    }
    assert!(found.is_empty(), "{what}: healthy goroutines called leaked: {found:?}");
    println!("{what}: {proven} of {all} leaked goroutines proven");
    // Words left over on stacks may keep some.
    assert!(proven * 100 >= all * 90, "{what}: {proven} of {all}");
}

#[test]
fn leaks_are_proven() {
    for toolchain in toolchains() {
        let is_outer = outermost().iter().any(|outer| outer.minor == toolchain.minor);
        // Linking with C takes long, and so does writing core files.
        for way in STRIPPED_WAYS.into_iter().filter(|way| is_outer || way.2.is_none()) {
            let what = format!("Go {} {}", toolchain.minor, way.0);
            let program = Program::start(&build(&toolchain, "leaks", way), &[]);
            assert_proven(&herd_live::frozen(program.pid(), &PATIENT).expect("a reading"), &what);
            if is_outer {
                assert_proven(&herd_live::core(&core_of(&program), None).expect("a reading"), &what);
            }
        }
    }
}

/// A core file in which some memory is zero.
fn forget(core: &Path, from: u64, len: u64) {
    let mut bytes = fs::read(core).expect("the core file");
    let place = {
        let elf = object::File::parse(&*bytes).expect("ELF");
        let segment = elf.segments().find(|segment| (segment.address()..segment.address() + segment.size()).contains(&from));
        let segment = segment.expect("its segment");
        usize::try_from(segment.file_range().0 + from - segment.address()).expect("a place in the file")
    };
    bytes[place..place + usize::try_from(len).expect("a length")].fill(0);
    fs::write(core, bytes).expect("the core file");
}

/// Goroutines wait on locks and nobody knows on which: that is refused, not passed over.
#[test]
fn a_table_that_is_not_there() {
    const TABLE_BYTES: u64 = 251 * 64;
    for toolchain in toolchains().into_iter().filter(|toolchain| toolchain.number() <= TABLE_NEEDED) {
        let folder = tempfile::tempdir().expect("a folder");
        let program = waits(&toolchain, STRIPPED_WAYS[0], &folder);
        let core = core_of(&program);
        let table = herd_live::landmarks(program.pid(), Names::Ignored).expect("landmarks").semtable.expect("the table");
        forget(&core, table, TABLE_BYTES);
        let proof = herd_live::core(&core, None).expect("a reading").proof;
        assert!(matches!(proof, Some(Err(LiveError::Missing { .. }))), "Go {}: {proof:?}", toolchain.minor);
        let waits = herd_live::core_with_waits(&core, None);
        assert!(matches!(waits, Err(LiveError::Missing { .. })), "Go {}", toolchain.minor);
    }
}

/// Where nobody waits on a lock the table is not needed. Found is, if any, the right one: somebody may wait for a moment.
#[test]
fn a_table_nobody_needs() {
    for toolchain in toolchains().into_iter().filter(|toolchain| toolchain.number() <= TABLE_NEEDED) {
        let program = Program::start(&build(&toolchain, "steady", ("plain", &[], None)), &[]);
        let [named, found] =
            [Names::Used, Names::Ignored].map(|names| herd_live::landmarks(program.pid(), names).expect("landmarks").semtable);
        assert!(found.is_none() || found == named, "Go {}: {found:x?}, and it is {named:x?}", toolchain.minor);
        let program = Program::start(&build(&toolchain, "steady", STRIPPED_WAYS[0]), &[]);
        let reading = herd_live::core_with_waits(&core_of(&program), None).expect("a reading");
        assert!(matches!(reading.proof, Some(Ok(_))), "Go {}: {:?}", toolchain.minor, reading.proof);
    }
}

/// Goroutines of a reading that wait for the lock nobody gives back.
fn for_good(snapshot: &Snapshot) -> usize {
    let waits = snapshot.waits.as_deref().expect("its waits");
    let in_it = |waiter: &&Waiter| {
        let stack = snapshot.stack(&snapshot.clusters[waiter.cluster.0 as usize]);
        stack.frames.iter().any(|frame| snapshot.func(*frame) == "main.waitForGood")
    };
    waits.waiters.iter().filter(in_it).count()
}

/// The table changes while it is looked for and read.
#[test]
fn a_table_that_never_rests() {
    const READINGS: usize = 8;
    let needed: Vec<Toolchain> = toolchains().into_iter().filter(|toolchain| toolchain.number() <= TABLE_NEEDED).collect();
    for toolchain in needed.first().into_iter().chain(needed.last()) {
        let built = build(toolchain, "contended", STRIPPED_WAYS[0]);
        let program = Program::start(&built, &[]);
        let table = herd_live::landmarks(program.pid(), Names::Ignored).expect("landmarks").semtable;
        assert!(table.is_some(), "Go {}", toolchain.minor);
        for _ in 0..READINGS {
            let reading = herd_live::process_with_waits(program.pid()).expect("a reading");
            assert_eq!(for_good(&reading.snapshot), 5, "Go {}", toolchain.minor);
            let again = herd_live::landmarks(program.pid(), Names::Ignored).expect("landmarks").semtable;
            assert_eq!(again, table, "Go {}", toolchain.minor);
        }
        let program = Program::start(&built, &["-stable=false"]);
        for _ in 0..READINGS {
            herd_live::process_with_waits(program.pid()).unwrap_or_else(|error| panic!("Go {}: {error}", toolchain.minor));
        }
    }
}
