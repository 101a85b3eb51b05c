//! What is equal and what adds up.

use std::collections::BTreeMap;

use herd_analysis::census::census;
use herd_analysis::report::report;
use herd_model::{StateClass, WaitReason};
use proptest::prelude::*;

use crate::snapshot;

const WATCH: &str = "shop/pay.(*Client).watch /build/pay/stream.go:88 < shop/api.Create /build/api/order.go:141";

#[track_caller]
fn same_family(a: &str, b: &str, same: bool) {
    let ids: Vec<u64> = [a, b].iter().map(|text| census(&snapshot(&[(text, WaitReason::Select, &[1])])).families[0].id).collect();
    assert_eq!(ids[0] == ids[1], same, "{a}\n{b}");
}

#[test]
fn identity_is_equal_across_build_machines_and_compilers_and_nothing_else() {
    same_family(WATCH, &WATCH.replace("/build/", "C:\\agent\\"), true);
    same_family(WATCH, &WATCH.replace("api.Create ", "api.Create.func1 "), false);
    same_family("a.F.func1 a.go:1 < a.G.func2 a.go:9", "a.F.func3 a.go:1 < a.G.gowrap1 a.go:9", true);
    same_family("a.F[go.shape.int] a.go:1", "a.F[...] a.go:1", true);
    same_family(WATCH, &WATCH.replace(":88", ":89"), false);
    // Runtime frames that a debug=2 text hides do not count; goroutines of SIGQUIT text are the same ones.
    same_family(WATCH, &format!("runtime.gopark proc.go:1; runtime.selectgo select.go:2; {WATCH}"), true);
}

#[test]
fn semacquire_of_old_go_is_told_apart_by_frames() {
    for (frames, class) in [
        ("sync.runtime_SemacquireMutex sema.go:1; sync.(*Mutex).lockSlow mutex.go:2; a.F a.go:3", StateClass::Lock),
        ("sync.runtime_Semacquire sema.go:1; sync.(*WaitGroup).Wait wg.go:2; a.F a.go:3", StateClass::WaitGroup),
        ("a.F a.go:3", StateClass::Semaphore),
    ] {
        assert_eq!(census(&snapshot(&[(frames, WaitReason::Semacquire, &[1])])).groups[0].class, class, "{frames}");
    }
}

#[test]
fn the_blocking_frame_is_the_users_or_the_librarys_own() {
    for (frames, func) in [
        (
            "internal/poll.(*FD).Read /go/src/internal/poll/fd.go:1; net.(*conn).Read /go/src/net/net.go:2; shop.read /b/r.go:3",
            "shop.read",
        ),
        (
            "internal/poll.(*FD).Read /go/src/internal/poll/fd.go:1; net/http.(*persistConn).readLoop /go/src/net/http/transport.go:2",
            "net/http.(*persistConn).readLoop",
        ),
        (
            "sync.runtime_SemacquireMutex /go/src/runtime/sema.go:1; sync.(*Mutex).Lock /go/src/sync/mutex.go:2; shop.get /b/s.go:3",
            "shop.get",
        ),
    ] {
        let snapshot = snapshot(&[(frames, WaitReason::IoWait, &[1])]);
        let at = census(&snapshot).groups[0].at.unwrap();
        assert_eq!(snapshot.func(at), func);
    }
}

proptest! {
    /// However goroutines are dealt over stacks, the sums agree and the order of input does not matter.
    #[test]
    fn sums_match_and_order_does_not_matter(counts in prop::collection::vec(1u64..40, 1..20), turn in 0usize..20) {
        let texts: Vec<String> = (0..counts.len()).map(|at| format!("a.F{} a.go:{at}; a.G b.go:{} < a.H c.go:1", at % 7, at % 3)).collect();
        let mut next = 0;
        let ids: Vec<Vec<u64>> = counts.iter().map(|count| (0..*count).map(|_| { next += 1; next }).collect()).collect();
        let mut families: Vec<(&str, WaitReason, &[u64])> =
            texts.iter().zip(&ids).map(|(text, ids)| (text.as_str(), WaitReason::ChanReceive, ids.as_slice())).collect();
        let straight = census(&snapshot(&families));
        families.rotate_left(turn % counts.len());
        let turned_snapshot = snapshot(&families);
        let turned = census(&turned_snapshot);
        let key = |census: &herd_analysis::Census| census.groups.iter().map(|group| (group.id, group.count)).collect::<BTreeMap<_, _>>();
        prop_assert_eq!(key(&straight), key(&turned));
        let total: u64 = counts.iter().sum();
        prop_assert_eq!(turned.families.iter().map(|family| family.count).sum::<u64>(), total);
        let mut hidden = BTreeMap::new();
        let report = report(&turned_snapshot, &turned, None, &|_| None, &mut hidden);
        let listed: u64 = report.clusters.iter().map(|cluster| cluster.count).sum();
        prop_assert_eq!(listed + hidden.get("goroutines_not_listed").copied().unwrap_or(0), total);
        prop_assert_eq!(report.states.values().sum::<u64>(), total);
    }
}
