//! The wait graph: what becomes a ring and what does not, and how it is kept small without losing count.

use std::collections::{BTreeMap, BTreeSet};

use herd_analysis::graph::{NODES_MAX, graph, graph_of_found};
use herd_model::{
    Address, Awaited, ClusterId, Doubt, Goroutine, GoroutineId, Inside, Mention, Origin, Side, Snapshot, SnapshotBuilder, Stack,
    WaitGraph, WaitReason, Waiter, Waits, What,
};

/// A goroutine: its state, the objects it waits on, those its stack holds.
type One<'a> = (WaitReason, &'a [(u32, Side)], &'a [u32]);

/// Goroutines 1, 2, … each at a place of its own.
fn snapshot(objects: &[What], goroutines: &[One<'_>]) -> Snapshot {
    let mut builder = SnapshotBuilder::new(Origin::Memory);
    let mut waits = Waits { searched: true, frozen: true, ..Waits::default() };
    for (index, what) in (0u64..).zip(objects) {
        waits.objects.push(Awaited { what: *what, address: Some(Address(0x1000 + index)), inside: Inside::default() });
    }
    for (id, (state, on, held)) in (1u64..).zip(goroutines) {
        let frame = builder.frame(&format!("main.f{id}"), "/src/main.go", 10);
        let stack = builder.stack(Stack { frames: [frame].into(), ..Stack::default() });
        let cluster = builder.cluster(stack, state.clone());
        builder.log(cluster, &Goroutine { id, ..Goroutine::default() });
        if !on.is_empty() {
            waits.waiters.push(Waiter { goroutine: GoroutineId(id), cluster, on: (*on).into(), select: on.len() > 1 });
        }
        let mention = |object: &u32| Mention { object: *object, goroutine: GoroutineId(id), cluster };
        waits.mentions.extend(held.iter().map(mention));
    }
    let mut snapshot = builder.finish();
    snapshot.waits = Some(Box::new(waits));
    snapshot
}

fn draw(objects: &[What], goroutines: &[One<'_>]) -> WaitGraph {
    graph(&snapshot(objects, goroutines), &mut BTreeMap::new())
}

/// The goroutines of each ring.
fn rings(drawn: &WaitGraph) -> Vec<Vec<u64>> {
    drawn.cycles.iter().map(|cycle| cycle.steps.iter().map(|step| step.goroutine).collect()).collect()
}

const RECEIVE: WaitReason = WaitReason::ChanReceive;
const LOCK: WaitReason = WaitReason::MutexLock;

#[test]
fn channels_are_a_ring_only_when_nobody_else_is_seen_with_them() {
    let objects = [What::Channel, What::Channel];
    let (first, second): (One<'_>, One<'_>) = ((RECEIVE, &[(0, Side::Receive)], &[1]), (RECEIVE, &[(1, Side::Receive)], &[0]));
    let drawn = draw(&objects, &[first.clone(), second.clone()]);
    assert_eq!(rings(&drawn), [[1, 2]]);
    assert_eq!(drawn.cycles[0].open, [Doubt::HeapNotSearched]);
    // One that runs holds a channel, too: it may send.
    let runs: One<'_> = (WaitReason::Running, &[], &[0]);
    assert_eq!(rings(&draw(&objects, &[first.clone(), second.clone(), runs])), Vec::<Vec<u64>>::new());
    // One that sleeps will go on.
    let objects = [What::Channel, What::Channel, What::Sleep];
    let sleeps: One<'_> = (WaitReason::Sleep, &[(2, Side::Wake)], &[1]);
    assert_eq!(rings(&draw(&objects, &[first, second, sleeps])), Vec::<Vec<u64>>::new());
}

#[test]
fn a_select_is_in_a_ring_only_with_all_its_cases() {
    let objects = [What::Channel, What::Channel, What::Channel];
    let selects: One<'_> = (WaitReason::Select, &[(0, Side::Receive), (2, Side::Receive)], &[1]);
    let other: One<'_> = (RECEIVE, &[(1, Side::Receive)], &[0, 2]);
    assert_eq!(rings(&draw(&objects, &[selects.clone(), other])).len(), 1);
    // Nobody is seen with the second case: it may be anyone's.
    let other: One<'_> = (RECEIVE, &[(1, Side::Receive)], &[0]);
    assert_eq!(rings(&draw(&objects, &[selects.clone(), other.clone()])), Vec::<Vec<u64>>::new());
    // The second case is a timer's.
    let objects = [What::Channel, What::Channel, What::TimerChannel];
    assert_eq!(rings(&draw(&objects, &[selects, other])), Vec::<Vec<u64>>::new());
}

#[test]
fn locks_stay_a_ring_when_others_know_them_and_say_so() {
    let objects = [What::Mutex, What::RwMutex, What::WaitGroup];
    let locks: [One<'_>; 3] = [
        (LOCK, &[(0, Side::Lock)], &[1, 2]),
        (WaitReason::RwMutexLock, &[(1, Side::Lock)], &[0, 2]),
        // Waits for both of them and is in no ring itself.
        (WaitReason::WaitGroupWait, &[(2, Side::Wake)], &[0, 1]),
    ];
    let drawn = draw(&objects, &locks);
    assert_eq!(drawn.cycles.len(), 1, "{:?}", drawn.cycles);
    assert_eq!(drawn.cycles[0].open, [Doubt::NoHolderRecorded, Doubt::OthersHoldAddress]);
}

#[test]
fn nothing_is_lost_when_there_is_too_much() {
    let objects = [What::Channel; 200];
    let sides: Vec<[(u32, Side); 1]> = (0..200).map(|object| [(object, Side::Send)]).collect();
    let goroutines: Vec<One<'_>> = sides.iter().map(|on| (WaitReason::ChanSend, on.as_slice(), [].as_slice())).collect();
    let mut hidden = BTreeMap::new();
    let drawn = graph(&snapshot(&objects, &goroutines), &mut hidden);
    assert_eq!(drawn.groups.len() + drawn.objects.len(), NODES_MAX);
    let listed: u64 = drawn.objects.iter().map(|object| object.waiters).sum();
    assert_eq!(listed + hidden["waits_not_listed"], 200);
    let listed: u64 = drawn.objects.iter().map(|object| object.count).sum();
    assert_eq!(listed + hidden["objects_not_listed"], 200);
    let rest: u64 = drawn.rest.objects.iter().map(|object| object.count).sum();
    assert_eq!(rest, hidden["objects_not_listed"], "what is not drawn is listed");
    let names: BTreeSet<&str> = drawn.groups.iter().chain(&drawn.rest.groups).map(|group| group.id.as_str()).collect();
    assert_eq!(names.len(), 200);
    assert!(drawn.waits.iter().chain(&drawn.rest.waits).all(|wait| names.contains(&*wait.group)));
    assert_eq!((drawn.waiting, drawn.unnamed, drawn.awaited), (200, 0, 200));
}

/// Rings that differ in their goroutines only are told once.
#[test]
fn rings_that_are_alike() {
    let mut whole = snapshot(&[What::Mutex; 6], &[(LOCK, &[(0, Side::Lock)], &[1]), (LOCK, &[(1, Side::Lock)], &[0])]);
    let waits = whole.waits.as_mut().expect("its waits");
    for pair in 1u32..3 {
        for (of, other) in [(0, 1), (1, 0)] {
            let goroutine = GoroutineId(u64::from(10 * pair + of));
            let on = [(2 * pair + of, Side::Lock)].into();
            waits.waiters.push(Waiter { goroutine, cluster: ClusterId(of), on, select: false });
            waits.mentions.push(Mention { object: 2 * pair + other, goroutine, cluster: ClusterId(of) });
        }
    }
    let drawn = graph(&whole, &mut BTreeMap::new());
    assert_eq!((drawn.cycles.len(), drawn.cycles[0].alike), (1, 2));
    assert_eq!(drawn.objects.iter().map(|object| object.count).collect::<Vec<_>>(), [3, 3]);
}

/// The goroutines of the first of two rings are leaked, those of the second are not.
fn two_rings(followed: bool) -> WaitGraph {
    let ring: [One<'_>; 4] = [
        (RECEIVE, &[(0, Side::Receive)], &[1]),
        (RECEIVE, &[(1, Side::Receive)], &[0]),
        (LOCK, &[(2, Side::Lock)], &[3]),
        (LOCK, &[(3, Side::Lock)], &[2]),
    ];
    let mut whole = snapshot(&[What::Channel, What::Channel, What::Mutex, What::Mutex], &ring);
    for (id, cluster) in (1..3).zip(&mut whole.clusters) {
        cluster.leaked = 1;
        cluster.log = herd_model::GoroutineLog::default();
        cluster.log.push(Goroutine { id, leaked: true, ..Goroutine::default() });
    }
    if let Some(waits) = &mut whole.waits {
        waits.followed = followed;
        // A word left over on the stack of one that can run.
        waits.mentions.push(Mention { object: 0, goroutine: GoroutineId(99), cluster: ClusterId(3) });
    }
    graph(&whole, &mut BTreeMap::new())
}

#[test]
fn a_ring_is_a_deadlock_when_nothing_reaches_any_of_it() {
    assert_eq!(two_rings(false).cycles[1].open, [Doubt::NoHolderRecorded]);
    let drawn = two_rings(true);
    assert_eq!(rings(&drawn), [[1, 2], [4, 3]]);
    let [proven, open] = &drawn.cycles[..] else { panic!("{:?}", drawn.cycles) };
    assert!(proven.proven && proven.open.is_empty() && proven.steps.iter().all(|step| step.leaked), "{proven:?}");
    assert!(!open.proven, "{open:?}");
    assert_eq!(open.open, [Doubt::NoHolderRecorded, Doubt::StillReachable]);
    assert_eq!(open.steps.iter().map(|step| step.leaked).collect::<Vec<_>>(), [false, false]);
    assert_eq!(drawn.groups.iter().map(|group| group.leaked).sum::<u64>(), 2);
}

/// Rings and findings stand before what has more waiters.
#[test]
fn what_presses_comes_first() {
    let objects = [What::Channel, What::Channel, What::Mutex, What::Mutex];
    let crowd: One<'_> = (RECEIVE, &[(0, Side::Receive)], &[]);
    let found: One<'_> = (RECEIVE, &[(1, Side::Receive)], &[]);
    let (one, other): (One<'_>, One<'_>) = ((LOCK, &[(2, Side::Lock)], &[3]), (LOCK, &[(3, Side::Lock)], &[2]));
    let whole = snapshot(&objects, &[crowd.clone(), crowd, found, one, other]);
    let plain = graph(&whole, &mut BTreeMap::new());
    let kinds = |drawn: &WaitGraph| drawn.objects.iter().map(|object| (object.kind, object.waiters)).collect::<Vec<_>>();
    let (lock, all) = ((What::Mutex, 1), (What::Channel, 2));
    assert_eq!(kinds(&plain), [lock, lock, all, (What::Channel, 1)]);
    let place = |step: &herd_model::CycleStep| (step.group.clone(), step.object.clone());
    let named: Vec<_> = plain.cycles[0].steps.iter().map(place).collect();
    assert!(named.iter().all(|(group, object)| group.is_some() && matches!(object.as_deref(), Some("o1" | "o2"))), "{named:?}");
    let family = plain.groups.iter().find(|group| group.at.func == "main.f3").expect("the third goroutine").family.clone();
    let drawn = graph_of_found(&whole, &[family].into(), &mut BTreeMap::new());
    assert_eq!(kinds(&drawn), [lock, lock, (What::Channel, 1), all]);
}

/// Who may hold a lock is in the picture though it waits on nothing that is.
#[test]
fn a_holder_is_drawn() {
    let holds: One<'_> = (WaitReason::Running, &[], &[0]);
    let drawn = draw(&[What::Mutex], &[(LOCK, &[(0, Side::Lock)], &[]), holds]);
    let group = drawn.objects[0].holders[0].group.as_deref();
    let holder = drawn.groups.iter().find(|one| Some(one.id.as_str()) == group).expect("its group");
    assert_eq!(holder.at.func, "main.f2");
}
