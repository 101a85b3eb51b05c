//! What counts as sustained growth.

use herd_analysis::{Point, Series};
use herd_model::WaitReason;

use crate::snapshot;

const LEAK: &str = "shop.watch /b/w.go:1 < shop.start /b/w.go:9";
const SERVE: &str = "internal/poll.(*FD).Read /go/src/internal/poll/fd.go:1; net/http.(*conn).serve /go/src/net/http/server.go:2 < net/http.(*Server).Serve /go/src/net/http/server.go:3";

/// A series with `counts` leaking goroutines and `connections` served ones, a snapshot every `step_s`.
fn series(step_s: f64, counts: &[u64], connections: &[u64]) -> (Series, u64) {
    let points: Vec<Point> = counts
        .iter()
        .zip(connections)
        .enumerate()
        .map(|(at, (count, open))| {
            let ids: Vec<u64> = (1000..1000 + count).collect();
            let conns: Vec<u64> = (500_000..500_000 + open).collect();
            Point::new(
                Some(at as f64 * step_s),
                snapshot(&[(LEAK, WaitReason::Select, &ids), (SERVE, WaitReason::IoWait, &conns)]),
            )
        })
        .collect();
    let family = herd_analysis::census(&snapshot(&[(LEAK, WaitReason::Select, &[1])])).families[0].id;
    (Series::new(points).unwrap(), family)
}

#[track_caller]
fn check(step_s: f64, counts: &[u64], sustained: bool) {
    let flat = vec![7; counts.len()];
    let (series, family) = series(step_s, counts, &flat);
    assert_eq!(series.growth(family).sustained.is_some(), sustained, "{counts:?} every {step_s} s");
}

#[test]
fn a_minute_without_a_pause_by_twenty_or_more_is_sustained() {
    check(10.0, &[5, 15, 25, 35, 45, 55, 65], true);
    check(10.0, &[5, 6, 7, 8, 9, 10, 25], true);
    check(10.0, &[5, 6, 7, 8, 9, 10, 11], false);
    check(10.0, &[5, 15, 25, 25, 35, 45, 65], false);
    check(10.0, &[15, 25, 35, 45, 55, 65], false);
    check(10.0, &[5, 50, 100, 150, 200, 250, 250], false);
    check(10.0, &[500, 1, 15, 25, 35, 45, 55, 65, 75], true);
    // Denser snapshots are read in steps of ten seconds, sparser ones need as many steps.
    check(5.0, &[5, 9, 15, 14, 25, 24, 35, 31, 45, 49, 55, 60, 65], true);
    check(30.0, &[5, 25, 45], false);
}

#[test]
fn two_minutes_that_never_fall_are_sustained_when_nobody_leaves() {
    check(10.0, &[10, 12, 14, 14, 17, 19, 21, 21, 24, 27, 29, 29, 32, 34], true);
    check(10.0, &[10, 12, 14, 13, 17, 19, 21, 21, 24, 27, 29, 29, 32, 34], false);
}

#[test]
fn growth_that_inbound_connections_explain_is_told() {
    let counts = [5, 15, 25, 35, 45, 55, 65];
    let (with_load, family) = series(10.0, &counts, &[6, 16, 26, 36, 46, 56, 66]);
    assert!(with_load.growth(family).follows_connections);
    let (without, family) = series(10.0, &counts, &[60, 61, 60, 59, 60, 61, 60]);
    assert!(!without.growth(family).follows_connections);
    let (later, family) = series(10.0, &counts, &[6, 6, 6, 6, 6, 6, 66]);
    assert!(!later.growth(family).follows_connections);
}

#[test]
fn who_left_is_counted_by_id() {
    let (series, family) = series(10.0, &[5, 15, 25, 35, 45, 55, 65], &[1; 7]);
    let growth = series.growth(family);
    assert_eq!(growth.stayed, Some((5, 5)));
    assert_eq!(growth.presence, (7, 7));
    assert_eq!(growth.rising, (6, 6));
    assert!((growth.rate_per_s.unwrap() - 1.0).abs() < 1e-9);
}
