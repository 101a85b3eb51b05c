//! What goroutines wait on, against what the program knows of its own channels, locks, timers and sockets.

use std::collections::{BTreeMap, BTreeSet};

use herd_analysis::graph::{NODES_MAX, graph};
use herd_live::Budget;
use herd_model::{Awaited, Doubt, HolderReason, Inside, Side, Snapshot, WaitGraph, Waits, What};

use crate::program::{Program, Toolchain, newest, outermost, toolchains};

/// Go's minor version from which the channel of a timer is told apart.
const TIMER_CHANNELS: u32 = 23;
const HOUR_MS: i64 = 3_600_000;

/// What the program wrote down: words by name.
type Truth = BTreeMap<String, Vec<String>>;

struct Held {
    program: Program,
    truth: Truth,
    _folder: tempfile::TempDir,
}

fn start(toolchain: &Toolchain, name: &str, args: &[&str]) -> Held {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("truth");
    let program = Program::start(&toolchain.build("waits", name, args, false), &["-truth", path.to_str().expect("a path")]);
    let text = std::fs::read_to_string(&path).expect("what the program knows");
    let words = |line: &str| {
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        Some((words.next()?, words.collect()))
    };
    Held { program, truth: text.lines().filter_map(words).collect(), _folder: folder }
}

fn address(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("an address")
}

/// The object at an address the program knows, with the sides its waiters want.
#[track_caller]
fn at<'w>(waits: &'w Waits, truth: &Truth, name: &str, word: usize) -> (&'w Awaited, Vec<(Side, bool)>) {
    let sought = address(&truth[name][word]);
    let index = waits.objects.iter().position(|object| object.address.is_some_and(|at| at.0 == sought));
    let index = index.unwrap_or_else(|| panic!("{name} {sought:#x} is not among what is waited on"));
    (&waits.objects[index], sides(waits, index))
}

fn sides(waits: &Waits, index: usize) -> Vec<(Side, bool)> {
    let mut sides = Vec::new();
    for waiter in &waits.waiters {
        sides.extend(waiter.on.iter().filter(|(object, _)| *object as usize == index).map(|(_, side)| (*side, waiter.select)));
    }
    sides.sort_unstable();
    sides
}

fn channel(buffered: u64, capacity: u64, senders: u64, receivers: u64) -> Inside {
    Inside {
        buffered: Some(buffered),
        capacity: Some(capacity),
        closed: Some(false),
        senders: Some(senders),
        receivers: Some(receivers),
        ..Inside::default()
    }
}

fn assert_channels(waits: &Waits, truth: &Truth, minor: u32) {
    let (full, sides) = at(waits, truth, "full", 0);
    assert_eq!((full.what, &full.inside), (What::Channel, &channel(3, 3, 4, 0)));
    assert_eq!(sides, [(Side::Send, false); 4]);
    let (idle, sides) = at(waits, truth, "idle", 0);
    assert_eq!((idle.what, &idle.inside), (What::Channel, &channel(0, 0, 0, 2)));
    assert_eq!(sides, [(Side::Receive, false); 2]);
    let cases = [(Side::Receive, channel(0, 0, 0, 1)), (Side::Send, channel(0, 0, 1, 0)), (Side::Receive, channel(0, 5, 0, 1))];
    for (word, (side, inside)) in cases.into_iter().enumerate() {
        let (object, sides) = at(waits, truth, "three", word);
        assert_eq!((&object.inside, sides), (&inside, vec![(side, true)]), "case {word}");
    }
    let (timer, sides) = at(waits, truth, "timer", 0);
    assert_eq!(sides, [(Side::Receive, false)]);
    assert_eq!(timer.inside.capacity, Some(1));
    assert_eq!(timer.what, if minor >= TIMER_CHANNELS { What::TimerChannel } else { What::Channel });
    let of = |what: What| {
        let index = waits.objects.iter().position(|object| object.what == what).expect("an object");
        self::sides(waits, index)
    };
    assert_eq!(of(What::NilChannel), [(Side::Receive, false)]);
    assert_eq!(of(What::Nothing), [(Side::Wake, false)]);
    assert_eq!(of(What::Sleep), [(Side::Wake, false)]);
}

fn assert_locks(waits: &Waits, truth: &Truth, minor: u32) {
    let (rw, sides) = at(waits, truth, "rw", 0);
    assert_eq!(rw.what, What::RwMutex);
    // Two readers hold it, one waits behind the writer.
    let inside = Inside { locked: Some(true), readers: Some(3), readers_left: Some(2), ..Inside::default() };
    assert_eq!(rw.inside, inside);
    assert_eq!(sides, [(Side::Lock, false), (Side::ReadLock, false)]);
    let (group, sides) = at(waits, truth, "group", 0);
    assert_eq!(group.what, What::WaitGroup);
    assert_eq!(group.inside, Inside { counter: Some(3), own_waiters: Some(1), ..Inside::default() });
    assert_eq!(sides, [(Side::Wake, false)]);
    for (name, word, count) in [("mutex", 0, 3), ("abba", 0, 1), ("abba", 1, 1)] {
        let (mutex, sides) = at(waits, truth, name, word);
        assert_eq!((mutex.what, mutex.inside.locked, mutex.inside.own_waiters), (What::Mutex, Some(true), Some(count)), "{name}");
        assert_eq!(sides, vec![(Side::Lock, false); count as usize], "{name}");
    }
    let conds: Vec<u64> =
        waits.objects.iter().filter(|object| object.what == What::Cond).filter_map(|object| Some(object.address?.0)).collect();
    // A Cond's list of waiters follows its Locker.
    let known = address(&truth["cond"][0]) + 16;
    assert_eq!(conds, [known], "Go 1.{minor}");
}

fn assert_rings(drawn: &WaitGraph, truth: &Truth) {
    let rings: BTreeSet<BTreeSet<String>> =
        drawn.cycles.iter().map(|cycle| cycle.steps.iter().filter_map(|step| step.address.clone()).collect()).collect();
    let known = ["ring", "abba"].map(|name| truth[name].iter().cloned().collect());
    assert_eq!(rings, BTreeSet::from(known), "{:#?}", drawn.cycles);
    for cycle in &drawn.cycles {
        assert_eq!(cycle.steps.len(), 2);
        assert_eq!(cycle.alike, 0);
        assert_eq!((cycle.steps[0].next, cycle.steps[1].next), (cycle.steps[1].goroutine, cycle.steps[0].goroutine));
        assert_eq!(cycle.proven, cycle.steps.iter().all(|step| step.leaked), "{cycle:?}");
        assert_eq!(cycle.open.contains(&Doubt::NotOneInstant), !drawn.one_instant);
        assert_eq!(cycle.open.contains(&Doubt::StillReachable), drawn.followed && !cycle.proven, "{cycle:?}");
        let doubt = if cycle.steps[0].kind == What::Mutex { Doubt::NoHolderRecorded } else { Doubt::HeapNotSearched };
        let expected = !cycle.proven && (doubt == Doubt::NoHolderRecorded || !drawn.followed);
        assert_eq!(cycle.open.contains(&doubt), expected, "{cycle:?}");
        assert!(!cycle.proven || cycle.open.is_empty(), "{cycle:?}");
        for step in &cycle.steps {
            let group = drawn.groups.iter().find(|group| step.group.as_ref() == Some(&group.id)).expect("its group");
            let object = drawn.objects.iter().find(|object| step.object.as_ref() == Some(&object.id)).expect("its object");
            assert_eq!((&group.at, object.kind), (&step.at, step.kind), "{cycle:?}");
            assert!(object.count > 1 || object.address == step.address, "{cycle:?}");
        }
    }
}

/// Rings by whether they are proven: those that are alike count, too.
fn rings(drawn: &WaitGraph) -> (u64, u64) {
    let count = |proven: bool| drawn.cycles.iter().filter(|cycle| cycle.proven == proven).map(|cycle| cycle.alike + 1).sum();
    (count(true), count(false))
}

/// Twenty rings nothing reaches; with the goroutines that can be woken alone there is none.
#[test]
fn rings_nothing_reaches_are_proven() {
    for toolchain in toolchains() {
        let minor = toolchain.number();
        let built = toolchain.build("leaks", "plain", &[], false);
        let draw = |arguments: &[&str]| {
            let program = Program::start(&built, arguments);
            let reading = herd_live::core_with_waits(&crate::cores::core_of(&program), None).expect("a reading");
            assert!(matches!(reading.proof, Some(Ok(_))), "Go 1.{minor}: {:?}", reading.proof);
            graph(&reading.snapshot, &mut BTreeMap::new())
        };
        let drawn = draw(&[]);
        let (proven, open) = rings(&drawn);
        println!("Go 1.{minor}: {proven} rings proven, {open} not");
        assert!(drawn.followed && proven >= 19 && proven + open <= 20, "Go 1.{minor}: {:#?}", drawn.cycles);
        assert!(drawn.cycles.iter().all(|cycle| cycle.steps.iter().all(|step| step.at.func == "main.leakedRing")));
        if minor == newest().number() {
            assert_eq!(draw(&["-leak=false"]).cycles, [], "Go 1.{minor}");
        }
    }
}

/// Of a copy of a process all is of one instant, and its rings are judged by what can still reach them.
#[test]
fn every_object_of_a_copy() {
    for toolchain in outermost() {
        let held = start(&toolchain, "plain", &[]);
        let minor = toolchain.number();
        let reading = herd_live::frozen_with_waits(held.program.pid(), &Budget::default()).expect("a reading");
        assert!(matches!(reading.proof, Some(Ok(_))), "Go 1.{minor}: {:?}", reading.proof);
        let waits = reading.snapshot.waits.as_deref().expect("its waits");
        assert!(waits.frozen && waits.followed && waits.moved == 0, "Go 1.{minor}");
        assert_channels(waits, &held.truth, minor);
        assert_locks(waits, &held.truth, minor);
        assert_graph(&reading.snapshot, &held.truth);
        let (here, there) = (&held.truth["accepted"][0], &held.truth["accepted"][1]);
        let known = [format!("tcp {here} (listening)"), format!("tcp {here} <-> {there}"), format!("tcp {there} <-> {here}")];
        assert_eq!(descriptors(waits), known.map(|name| (name, Side::Read)).into(), "Go 1.{minor}");
        let drawn = graph(&reading.snapshot, &mut BTreeMap::new());
        println!("Go 1.{minor}: {:?} rings proven and not", rings(&drawn));
        assert!(rings(&drawn).0 >= 1, "Go 1.{minor}: {:#?}", drawn.cycles);
    }
}

fn assert_graph(snapshot: &Snapshot, truth: &Truth) {
    let mut hidden = BTreeMap::new();
    let drawn = graph(snapshot, &mut hidden);
    assert_rings(&drawn, truth);
    assert!(drawn.groups.len() + drawn.objects.len() <= NODES_MAX);
    assert!(hidden.is_empty(), "{hidden:?}");
    let alike = drawn.objects.iter().find(|object| object.count == 20).expect("twenty channels in one node");
    assert_eq!((alike.kind, alike.waiters, &alike.address), (What::Channel, 20, &None));
    assert_eq!(alike.inside, channel(0, 0, 0, 1));
    let mutex = drawn.objects.iter().find(|object| object.address.as_ref() == Some(&truth["mutex"][0])).expect("the mutex");
    let holder = mutex.holders.first().expect("a candidate");
    assert_eq!((holder.at.func.as_str(), holder.reason), ("main.lockAndHold", HolderReason::Address));
    let rw = drawn.objects.iter().find(|object| object.address.as_ref() == Some(&truth["rw"][0])).expect("the RWMutex");
    let holders: Vec<&str> = rw.holders.iter().map(|holder| holder.at.func.as_str()).collect();
    assert_eq!(holders, ["main.readAndHold"; 2]);
    let listed: u64 = drawn.objects.iter().map(|object| object.waiters).sum();
    assert_eq!(listed, drawn.waits.iter().map(|wait| wait.count).sum::<u64>());
}

/// Descriptors by what they are, with the side waited on.
fn descriptors(waits: &Waits) -> BTreeSet<(String, Side)> {
    let objects = waits.objects.iter().enumerate().filter(|(_, object)| object.what == What::Descriptor);
    objects
        .flat_map(|(index, object)| {
            let name = object.inside.endpoint.clone().unwrap_or_default();
            sides(waits, index).into_iter().map(move |(side, _)| (name.clone(), side))
        })
        .collect()
}

#[test]
fn every_object_of_a_process() {
    for toolchain in toolchains() {
        let held = start(&toolchain, "plain", &[]);
        let snapshot = herd_live::process_with_waits(held.program.pid()).expect("a reading").snapshot;
        let waits = snapshot.waits.as_deref().expect("its waits");
        let minor = toolchain.number();
        assert_channels(waits, &held.truth, minor);
        assert_locks(waits, &held.truth, minor);
        assert_graph(&snapshot, &held.truth);
        assert_eq!(waits.moved, 0, "Go 1.{minor}");
        let (here, there) = (&held.truth["accepted"][0], &held.truth["accepted"][1]);
        let known = [format!("tcp {here} (listening)"), format!("tcp {here} <-> {there}"), format!("tcp {there} <-> {here}")];
        assert_eq!(descriptors(waits), known.map(|name| (name, Side::Read)).into(), "Go 1.{minor}");
        let fires =
            |what: What| waits.objects.iter().find(|object| object.what == what).and_then(|object| object.inside.fires_in_ms);
        assert!(fires(What::Sleep).is_some_and(|ms| ms > HOUR_MS && ms <= 2 * HOUR_MS), "Go 1.{minor}");
        if minor >= TIMER_CHANNELS {
            assert!(fires(What::TimerChannel).is_some_and(|ms| ms > 0 && ms <= HOUR_MS), "Go 1.{minor}");
        }
    }
}

#[test]
fn every_object_of_a_core_file() {
    for toolchain in toolchains() {
        let held = start(&toolchain, "stripped", &["-buildmode=pie", "-ldflags=-s -w"]);
        let core = crate::cores::core_of(&held.program);
        let snapshot = herd_live::core_with_waits(&core, None).expect("a reading").snapshot;
        let waits = snapshot.waits.as_deref().expect("its waits");
        let minor = toolchain.number();
        assert!(waits.frozen);
        assert_channels(waits, &held.truth, minor);
        assert_locks(waits, &held.truth, minor);
        assert_graph(&snapshot, &held.truth);
        let known = descriptors(waits);
        assert_eq!(known, BTreeSet::from([(String::new(), Side::Read)]), "a core file has numbers only");
        let numbers = waits.objects.iter().filter(|object| object.what == What::Descriptor && object.inside.fd.is_some());
        assert_eq!(numbers.count(), 3);
    }
}

/// Goroutines of many kinds that wait for nobody in particular are no ring.
#[test]
fn no_ring_where_there_is_none() {
    for toolchain in outermost() {
        let program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "20"]);
        let snapshot = herd_live::process_with_waits(program.pid()).expect("a reading").snapshot;
        let drawn = graph(&snapshot, &mut BTreeMap::new());
        assert!(drawn.waiting > 100, "{}", drawn.waiting);
        assert_eq!(drawn.cycles, []);
    }
}

/// A reading that did not ask for the waits, as a dump, names one object a goroutine at most.
#[test]
fn a_snapshot_without_waits_has_a_graph_of_what_its_text_tells() {
    let held = start(&newest(), "plain", &[]);
    let snapshot = herd_live::process(held.program.pid()).expect("a reading").snapshot;
    assert!(snapshot.waits.is_none());
    let drawn = graph(&snapshot, &mut BTreeMap::new());
    let full = drawn.objects.iter().find(|object| object.address.as_ref() == Some(&held.truth["full"][0])).expect("the channel");
    assert_eq!((full.waiters, &full.inside), (4, &Inside::default()));
    assert!(drawn.objects.iter().any(|object| object.for_ever && object.kind == What::NilChannel));
    assert!(!drawn.searched && drawn.cycles.is_empty());
    assert!(drawn.objects.iter().all(|object| object.holders.is_empty()));
}
