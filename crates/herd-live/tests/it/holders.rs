//! Who holds what, against a program of which that is known: each of its lines allocates for one holder.

use herd_live::Budget;
use herd_live::heap::HeapReading;
use herd_model::{HeapHolders, HeldSite, HolderKind};

use crate::cores::core_of;
use crate::program::{Program, Toolchain, newest, outermost, toolchains};

/// Bytes of a block of the program's.
const BLOCK: u64 = 8 << 20;
/// More than one small object stands for that the profile samples, at its rate of one in 512 KiB.
const SAMPLED: u64 = 600 << 10;
/// Enough for a loaded machine: how long a stop takes is measured elsewhere.
const BUDGET: Budget = Budget { base_ns: 30_000_000_000, gb_ns: 0 };

fn start(toolchain: &Toolchain, args: &[&str]) -> Program {
    Program::start(&toolchain.build("retain", "plain", &[], false), args)
}

fn held(reading: HeapReading) -> HeapHolders {
    reading.holders.expect("asked for").expect("who holds it")
}

#[track_caller]
fn site<'a>(holders: &'a HeapHolders, func: &str) -> &'a HeldSite {
    holders.sites.iter().find(|site| site.at.func == func).unwrap_or_else(|| panic!("{func}: {:#?}", holders.sites))
}

/// The root of a line's objects and the way there. A word that is left where it was may hold an object nobody needs, too.
#[track_caller]
fn check(holders: &HeapHolders, func: &str, root: &str, way: &str) {
    let site = site(holders, func);
    let held = &site.held[0];
    assert_eq!((held.root.kind, held.root.name.as_str()), (HolderKind::Variable, root), "{func}: {site:#?}");
    assert!(held.bytes as f64 > site.bytes as f64 * 0.99, "{func}: {site:#?}");
    let steps = held.steps.iter().map(|step| step.allocated_at.as_ref().map_or("?", |at| at.func.as_str()));
    assert_eq!(steps.collect::<Vec<_>>().join(" "), way, "{func}: {site:#?}");
}

fn check_holders(holders: &HeapHolders, what: &str) {
    let root = |func: &str| {
        let site = site(holders, func);
        // A small object that the profile happened to sample stands for half a mebibyte, whoever still has it.
        let others = site.held[1..].iter().map(|held| held.bytes).sum::<u64>() + site.unreached_bytes;
        assert!(others < SAMPLED, "{what}: {site:#?}");
        site.held[0].clone()
    };
    for (func, kind, name, blocks) in [
        ("main.fillCache", HolderKind::Variable, "main.cache", 4),
        ("main.counter", HolderKind::Variable, "main.visit", 1),
        ("main.startTimer", HolderKind::Variable, "main.onTimer", 1),
        ("main.pooled", HolderKind::Variable, "main.pool", 1),
        ("main.grower", HolderKind::Goroutine, "main.grower", 6),
    ] {
        let held = root(func);
        assert_eq!((held.root.kind, held.root.name.as_str()), (kind, name), "{what}: {func}");
        // A block as large as these is always sampled, and stands for itself.
        assert!((blocks * BLOCK..blocks * BLOCK + SAMPLED).contains(&held.bytes), "{what}: {held:#?}");
        let last = held.steps.last().expect("the object itself");
        assert_eq!(last.allocated_at.as_ref().map(|at| at.func.as_str()), Some(func), "{what}: {held:#?}");
    }
    let grower = root("main.grower").root;
    assert_eq!(grower.goroutines, 2, "{what}: {grower:#?}");
    let at = grower.at.expect("its frame");
    assert!(at.file.ends_with("retain/main.go") && at.line > 0, "{what}: {at:?}");
    let list = root("main.fillList");
    assert_eq!((list.root.kind, list.root.name.as_str(), list.root.offset), (HolderKind::Variable, "main.list", 0), "{what}");
    assert_eq!(list.steps.len(), 1, "{what}: a run is one step: {list:#?}");
    assert!((1..=20_000).contains(&list.steps[0].objects), "{what}: {list:#?}");
    assert_eq!(list.steps[0].bytes, 1024, "{what}");
}

#[test]
fn each_by_its_own() {
    for toolchain in toolchains() {
        let program = start(&toolchain, &[]);
        let what = format!("Go {}", toolchain.minor);
        let core = herd_live::heap::core(&core_of(&program), None, Some(20)).expect("a reading");
        check_holders(&held(core), &format!("core of {what}"));
        let copy = herd_live::heap::frozen(program.pid(), &BUDGET, 20).expect("a reading");
        assert!(copy.stopped_ns.is_some() && copy.left.is_none(), "{what}");
        check_holders(&held(copy), &format!("copy of {what}"));
    }
}

/// With every object sampled, all of a way is known by its lines.
#[test]
fn all_of_the_way_where_all_is_sampled() {
    for toolchain in outermost() {
        let program = start(&toolchain, &["-rate", "1"]);
        let holders = held(herd_live::heap::frozen(program.pid(), &BUDGET, 20).expect("a reading"));
        // A map, what it keeps its entries in, a block.
        check(&holders, "main.fillCache", "main.cache", "main.fillCache main.fillCache main.fillCache");
        check(&holders, "main.fillList", "main.list", "main.fillList");
        check(&holders, "main.counter", "main.visit", "main.counter main.counter");
        let list = &site(&holders, "main.fillList").held[0];
        assert_eq!((site(&holders, "main.fillList").objects, list.objects), (20_000, 20_000));
    }
}

/// Blocks that nobody has are told so, and none of them gets a holder by way of the program's variables or goroutines.
#[test]
fn garbage_is_held_by_nobody() {
    for toolchain in outermost() {
        let program = start(&toolchain, &["-garbage"]);
        let holders = held(herd_live::heap::frozen(program.pid(), &BUDGET, 20).expect("a reading"));
        let lost = site(&holders, "main.lose");
        assert_eq!(lost.objects, 3, "{lost:#?}");
        assert!(lost.unreached_objects >= 1, "{lost:#?}");
        assert!(holders.unreached_bytes >= lost.unreached_objects * BLOCK);
        let named = |kind| matches!(kind, HolderKind::Variable | HolderKind::Goroutine | HolderKind::Runtime);
        assert!(lost.held.iter().all(|held| !named(held.root.kind)), "{lost:#?}");
    }
}

#[test]
fn a_process_that_runs_shows_none() {
    let program = start(&newest(), &[]);
    assert!(herd_live::heap::process(program.pid()).expect("a reading").holders.is_none());
}
