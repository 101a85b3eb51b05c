//! What a comparison calls changed, and what it must not.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::BTreeMap;

use herd_analysis::diff::{Comparison, NotComparable, Side, Wanted};
use herd_model::{
    DiffChange, DiffDoubt, DiffReport, DiffRule, Function, GateVerdict, LabelSetId, Line, Mapping, NewLocation, Profile,
    ProfileBuilder, ProfileKind, SampleType,
};

const JUDGED: Wanted = Wanted { rule: DiffRule::Significance, flame: true };

/// Columns of each kind as the runtime writes them: which count and which are weighed.
fn types(kind: ProfileKind) -> Vec<SampleType> {
    let known: [(ProfileKind, &[(&str, &str)]); 4] = [
        (ProfileKind::Cpu, &[("samples", "count"), ("cpu", "nanoseconds")]),
        (ProfileKind::Heap, &[("inuse_objects", "count"), ("inuse_space", "bytes")]),
        (ProfileKind::Block, &[("contentions", "count"), ("delay", "nanoseconds")]),
        (ProfileKind::Goroutine, &[("goroutine", "count")]),
    ];
    let pairs = known.iter().find(|(known, _)| *known == kind).unwrap().1;
    pairs.iter().map(|(name, unit)| SampleType { name: (*name).into(), unit: (*unit).into() }).collect()
}

/// A profile of stacks written outermost first, `main.main;main.serve`, each with a count and a weight.
fn profile(kind: ProfileKind, stacks: &[(&str, i64, i64)]) -> Profile {
    let mut builder = ProfileBuilder::new(kind, types(kind));
    builder.profile_mut().period = if kind == ProfileKind::Heap { 65_536 } else { 1 };
    let mapping = builder.mapping(Mapping::unknown());
    for (stack, count, weight) in stacks {
        let mut locations: Vec<_> = stack
            .split(';')
            .map(|name| {
                let name = builder.name(name);
                let file = builder.name("");
                let function = builder.function(Function { name, system_name: name, file, start_line: 0 });
                let lines = [Line { function, line: 1, column: 0 }];
                builder.location(NewLocation { address: 0, mapping: Some(mapping), lines: &lines, folded: false })
            })
            .collect();
        locations.reverse();
        let stack = builder.stack(&locations);
        let values = if kind == ProfileKind::Goroutine { vec![*count] } else { vec![*count, *weight] };
        builder.sample(stack, LabelSetId(0), &values);
    }
    builder.finish()
}

/// CPU samples of 10 ms each.
fn cpu(stacks: &[(&str, i64)]) -> Profile {
    let stacks: Vec<(&str, i64, i64)> = stacks.iter().map(|(stack, count)| (*stack, *count, count * 10_000_000)).collect();
    profile(ProfileKind::Cpu, &stacks)
}

fn goroutines(stacks: &[(&str, i64)]) -> Profile {
    profile(ProfileKind::Goroutine, &stacks.iter().map(|(stack, count)| (*stack, *count, 0)).collect::<Vec<_>>())
}

fn compared(before: &[Profile], after: &[Profile], wanted: Wanted) -> DiffReport {
    let mut comparison = Comparison::new(None);
    for (side, profiles) in [(Side::Before, before), (Side::After, after)] {
        for profile in profiles {
            comparison.add(side, profile).unwrap();
        }
    }
    comparison.report(wanted, &mut BTreeMap::new()).unwrap()
}

fn diff(before: &Profile, after: &Profile) -> DiffReport {
    compared(std::slice::from_ref(before), std::slice::from_ref(after), JUDGED)
}

fn culprits(report: &DiffReport) -> Vec<&str> {
    report.rows.iter().filter(|row| row.culprit).map(|row| row.function.as_str()).collect()
}

const SERVICE: &[(&str, i64)] = &[
    ("main.main;main.serve;main.parse;main.digest", 300),
    ("main.main;main.serve;main.parse;runtime.mallocgc", 40),
    ("main.main;main.serve;main.score;main.weigh", 250),
    ("main.main;main.serve;main.rank;sort.Ints", 120),
    ("main.main;main.serve;main.store.put", 80),
    ("runtime.gcBgMarkWorker;runtime.scanobject", 90),
];

/// The same under other names, numbers and loads.
fn changed(edit: impl Fn(&str) -> String, times: f64) -> Profile {
    let stacks: Vec<(String, i64)> = SERVICE.iter().map(|(stack, count)| (edit(stack), (*count as f64 * times) as i64)).collect();
    cpu(&stacks.iter().map(|(stack, count)| (stack.as_str(), *count)).collect::<Vec<_>>())
}

fn with(more: &[(&str, i64)]) -> Profile {
    cpu(&[SERVICE, more].concat())
}

#[test]
fn the_same_at_twice_the_load_passes() {
    let report = diff(&changed(str::to_owned, 1.0), &changed(str::to_owned, 2.0));
    assert_eq!((report.verdict, report.rows.len()), (GateVerdict::Pass, 0), "{:?}", report.rows);
    assert!((report.exposure - 2.0).abs() < 1e-9 && (report.matched.exact - 1.0).abs() < 1e-9, "{report:?}");
    assert!((report.cosine - 1.0).abs() < 1e-9);
}

#[test]
fn a_renamed_function_is_one_row_and_no_change() {
    let after = changed(|stack| stack.replace("main.parse", "main.decodeBody").replace("main.weigh", "main.(*gauge).weigh"), 1.0);
    let report = diff(&changed(str::to_owned, 1.0), &after);
    assert_eq!(report.verdict, GateVerdict::Pass, "{:?}", report.rows);
    let mut renamed: Vec<_> = report.renames.iter().map(|one| (one.before.as_str(), one.after.as_str())).collect();
    renamed.sort_unstable();
    assert_eq!(renamed, [("main.parse", "main.decodeBody"), ("main.weigh", "main.(*gauge).weigh")]);
    assert!(report.matched.renamed > 0.5 && report.matched.alone < 1e-9, "{:?}", report.matched);
}

#[test]
fn a_package_that_moved_is_the_same_package() {
    let report = diff(
        &changed(|stack| stack.replace("main.", "example.com/a/orders."), 1.0),
        &changed(|stack| stack.replace("main.", "example.com/b/internal/orders."), 1.0),
    );
    assert_eq!((report.verdict, report.renames.len()), (GateVerdict::Pass, 8), "{:?}", report.rows);
}

#[test]
fn numbers_of_closures_and_versions_of_modules_are_no_change() {
    let before = changed(|stack| stack.replace("main.serve", "example.com/m/v2/web.(*Server).serve.func1"), 1.0);
    let after = changed(|stack| stack.replace("main.serve", "example.com/m/v3/web.(*Server).serve.func4.1"), 1.0);
    let report = diff(&before, &after);
    assert_eq!((report.verdict, report.renames.len()), (GateVerdict::Pass, 0));
    assert!((report.matched.exact - 1.0).abs() < 1e-9, "{:?}", report.matched);
}

#[test]
fn a_new_hot_path_fails_and_is_named() {
    let report = diff(&with(&[]), &with(&[("main.main;main.serve;main.audit;main.weigh", 220)]));
    assert_eq!(report.verdict, GateVerdict::Fail);
    let first = &report.rows[0];
    assert!(culprits(&report).iter().any(|name| ["main.weigh", "main.audit"].contains(name)), "{:?}", culprits(&report));
    assert!(first.path.iter().any(|call| call == "main.audit"), "{:?}", first.path);
    assert!(report.flame.unwrap().before.is_some());
}

#[test]
fn what_is_renamed_and_slower_fails_under_its_new_name() {
    let after: Vec<(String, i64)> = SERVICE
        .iter()
        .map(|(stack, count)| {
            (stack.replace("main.parse", "main.decode"), if stack.contains("parse") { count * 2 } else { *count })
        })
        .collect();
    let after = cpu(&after.iter().map(|(stack, count)| (stack.as_str(), *count)).collect::<Vec<_>>());
    let report = diff(&with(&[]), &after);
    assert_eq!(report.verdict, GateVerdict::Fail);
    let named: Vec<&str> =
        report.rows.iter().filter(|row| row.culprit).flat_map(|row| row.with.iter().map(String::as_str)).collect();
    assert!(culprits(&report).contains(&"main.digest") || named.contains(&"main.decode"), "{:?}", culprits(&report));
    assert!(!report.rows.iter().any(|row| row.change == DiffChange::Gone), "{:?}", report.rows);
}

#[test]
fn an_improvement_flags_nobody_else() {
    let after: Vec<(&str, i64)> =
        SERVICE.iter().map(|(stack, count)| (*stack, if stack.contains("parse") { count / 5 } else { *count })).collect();
    let report = diff(&with(&[]), &cpu(&after));
    assert_eq!(report.verdict, GateVerdict::Pass, "{:?}", culprits(&report));
    assert!(report.rows.iter().any(|row| row.change == DiffChange::Less && row.function == "main.digest"), "{:?}", report.rows);
}

#[test]
fn a_wrapper_is_depth_and_no_cost() {
    let after = changed(|stack| stack.replace("main.serve;", "main.traced;main.serve;"), 1.0);
    let report = diff(&with(&[]), &after);
    assert_eq!(report.verdict, GateVerdict::Pass, "{:?}", culprits(&report));
    let told: Vec<_> = report.wrappers.iter().map(|one| (one.function.as_str(), one.around.as_str(), one.added)).collect();
    assert_eq!(told, [("main.traced", "main.serve", true)]);
    assert!(report.after.depth > report.before.depth + 0.5);
    let back = diff(&after, &with(&[]));
    assert_eq!((back.verdict, back.wrappers[0].added), (GateVerdict::Pass, false));
}

#[test]
fn work_that_moved_to_a_new_function_is_told_and_passes() {
    let after: Vec<(String, i64)> =
        SERVICE.iter().map(|(stack, count)| (stack.replace("main.parse;main.digest", "main.parse;main.read"), *count)).collect();
    let mut after: Vec<(&str, i64)> = after.iter().map(|(stack, count)| (stack.as_str(), *count)).collect();
    // A part of it stays, so that no rename explains it.
    after.push(("main.main;main.serve;main.parse;main.digest", 20));
    let report = diff(&with(&[]), &cpu(&after));
    assert_eq!(report.verdict, GateVerdict::Pass, "{:?}", culprits(&report));
    let row = report.rows.iter().find(|row| row.function == "main.read").unwrap();
    assert_eq!((row.change, row.culprit), (DiffChange::Moved, false));
}

#[test]
fn few_samples_are_inconclusive_and_never_pass() {
    let report = diff(&changed(str::to_owned, 0.05), &changed(str::to_owned, 0.05));
    assert_eq!((report.verdict, &report.doubts[..1]), (GateVerdict::Inconclusive, &[DiffDoubt::FewSamples][..]));
    assert!(report.detectable.unwrap() > 2.0);
    let report = diff(&cpu(&[]), &with(&[]));
    assert_eq!((report.verdict, report.doubts[0]), (GateVerdict::Inconclusive, DiffDoubt::Empty));
}

#[test]
fn a_profile_of_the_standard_library_alone_decides_nothing() {
    let stacks: Vec<(&str, i64)> =
        vec![("net/http.(*conn).serve;bufio.(*Reader).Read", 900), ("runtime.main;runtime.gcStart", 300)];
    let report = diff(&cpu(&stacks), &cpu(&[(stacks[0].0, 90), (stacks[1].0, 3000)]));
    assert_eq!(report.verdict, GateVerdict::Inconclusive);
    assert!(report.doubts.contains(&DiffDoubt::NoApplication) && culprits(&report).is_empty());
}

#[test]
fn goroutines_count_one_by_one() {
    let before = goroutines(&[("main.worker;runtime.chanrecv1", 24), ("main.main", 1), ("main.poll;time.Sleep", 3)]);
    let grown = |count| goroutines(&[("main.worker;runtime.chanrecv1", 24), ("main.main", 1), ("main.poll;time.Sleep", count)]);
    assert_eq!(diff(&before, &grown(8)).verdict, GateVerdict::Pass);
    let report = diff(&before, &grown(40));
    assert_eq!((report.verdict, culprits(&report)), (GateVerdict::Fail, vec!["main.poll"]));
    let fresh = goroutines(&[("main.worker;runtime.chanrecv1", 24), ("main.main", 1), ("main.watch;runtime.selectgo", 60)]);
    let report = diff(&before, &fresh);
    assert_eq!((report.verdict, culprits(&report)), (GateVerdict::Fail, vec!["main.watch"]));
}

#[test]
fn more_connections_are_load() {
    let at = |connections: i64, handlers: i64| {
        goroutines(&[
            ("net/http.(*Server).Serve;net/http.(*conn).serve;internal/poll.(*FD).Read", connections - handlers),
            ("net/http.(*Server).Serve;net/http.(*conn).serve;main.handle;runtime.chanrecv1", handlers),
            ("main.main", 1),
        ])
    };
    assert_eq!(diff(&at(100, 30), &at(300, 90)).verdict, GateVerdict::Pass);
    let report = diff(&at(100, 30), &at(100, 90));
    assert_eq!((report.verdict, culprits(&report)), (GateVerdict::Fail, vec!["main.handle"]));
}

#[test]
fn delays_are_compared_by_their_mean() {
    let at = |lock: i64, calls: i64, idle: i64| {
        profile(
            ProfileKind::Block,
            &[
                ("main.serve;main.(*store).put;sync.(*Mutex).Lock", 400, 400 * lock),
                ("main.serve;main.call;runtime.chanrecv1", calls, calls * 4_000_000),
                ("main.worker;runtime.selectgo", idle, 60_000_000_000),
                ("main.loop;runtime.chanrecv2", idle, 80_000_000_000),
                ("main.tick;runtime.chanrecv1", 100, 20_000_000_000),
            ],
        )
    };
    // Idle workers called half as often wait twice as long each time.
    assert_eq!(diff(&at(2_000_000, 1000, 1000), &at(2_100_000, 500, 500)).verdict, GateVerdict::Pass);
    let report = diff(&at(2_000_000, 1000, 1000), &at(9_000_000, 1000, 1000));
    assert_eq!((report.verdict, culprits(&report)), (GateVerdict::Fail, vec!["main.(*store).put"]));
    assert_eq!(report.rows[0].change, DiffChange::Longer);
}

#[test]
fn memory_in_use_grows_beyond_its_sampling() {
    let at = |cache: i64| {
        profile(
            ProfileKind::Heap,
            &[
                ("main.main;main.load", 4000, 64 << 20),
                ("main.serve;main.(*cache).add", cache, cache * 4096),
                ("main.serve;main.parse", 3000, 24 << 20),
            ],
        )
    };
    assert_eq!(diff(&at(6000), &at(6600)).verdict, GateVerdict::Pass);
    let report = diff(&at(6000), &at(20_000));
    assert_eq!((report.verdict, culprits(&report)), (GateVerdict::Fail, vec!["main.(*cache).add"]));
}

#[test]
fn runs_that_differ_among_themselves_ask_for_more() {
    let at = |parse: i64| {
        cpu(&[
            ("main.serve;main.parse", parse),
            ("main.serve;main.score", 400),
            ("main.serve;main.rank", 300),
            ("main.serve;main.put", 200),
        ])
    };
    let steady = compared(&[at(300), at(310), at(295)], &[at(620), at(600), at(610)], JUDGED);
    assert_eq!((steady.verdict, culprits(&steady)), (GateVerdict::Fail, vec!["main.parse"]));
    assert_eq!((steady.before.runs, steady.after.runs), (3, 3));
}

#[test]
fn the_textbook_thresholds_fail_what_chance_does() {
    let wanted = Wanted { rule: DiffRule::Thresholds, flame: false };
    let report = compared(&[with(&[("main.main;main.log", 3)])], &[with(&[("main.main;main.log", 6)])], wanted);
    assert_eq!((report.verdict, culprits(&report)), (GateVerdict::Fail, vec!["main.log"]));
    assert_eq!(diff(&with(&[("main.main;main.log", 3)]), &with(&[("main.main;main.log", 6)])).verdict, GateVerdict::Pass);
}

#[test]
fn what_counts_otherwise_is_refused() {
    let mut comparison = Comparison::new(None);
    comparison.add(Side::Before, &with(&[])).unwrap();
    let refused = comparison.add(Side::After, &goroutines(&[("main.main", 1)]));
    assert_eq!(refused, Err(NotComparable::Kind { one: "cpu", other: "goroutine" }));
    let asked = Comparison::new(Some("alloc_space")).add(Side::Before, &with(&[]));
    assert_eq!(asked, Err(NotComparable::Measure { asked: "alloc_space".into(), has: vec!["samples".into(), "cpu".into()] }));
    assert!(Comparison::new(None).report(JUDGED, &mut BTreeMap::new()).is_none());
}

proptest::proptest! {
    #[test]
    fn nothing_differs_from_itself_and_shares_add_up(counts in proptest::collection::vec((0usize..6, 0usize..6, 1i64..500), 1..40)) {
        let stacks: Vec<(String, i64)> = counts.iter().map(|(a, b, count)| (format!("main.f{a};main.g{b};main.f{b}"), *count)).collect();
        let one = cpu(&stacks.iter().map(|(stack, count)| (stack.as_str(), *count)).collect::<Vec<_>>());
        let report = diff(&one, &one);
        proptest::prop_assert!(report.verdict != GateVerdict::Fail);
        let matched = report.matched;
        proptest::prop_assert!((matched.exact + matched.renamed + matched.near + matched.alone - 1.0).abs() < 1e-9);
    }

    #[test]
    fn no_pair_of_stacks_makes_it_panic(
        before in proptest::collection::vec((0usize..9, 0usize..9, 0i64..2000), 0..30),
        after in proptest::collection::vec((0usize..9, 0usize..9, 0i64..2000), 0..30),
    ) {
        let made = |counts: &[(usize, usize, i64)]| {
            let stacks: Vec<(String, i64)> = counts.iter().map(|(a, b, count)| (format!("main.f{a};lib.g{b}"), *count)).collect();
            cpu(&stacks.iter().map(|(stack, count)| (stack.as_str(), *count)).collect::<Vec<_>>())
        };
        let report = diff(&made(&before), &made(&after));
        proptest::prop_assert!(report.rows.iter().all(|row| row.q.is_finite() && row.share_after <= 1.0 + 1e-9));
    }
}
