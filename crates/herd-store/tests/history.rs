//! Families, findings, evidence and state: what was kept comes back, over seals and restarts.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::time::Duration;

use herd_model::{Certainty, Finding, PatternId, Place, Severity};
use herd_store::{
    EvidenceFilter, FamilyCount, FindingFilter, FindingState, GrowthBy, GrowthQuery, InstanceId, LabelMatch, Limits, NewEvidence,
    StackId, Step, Store, StoreError, Told, stack_id,
};
use proptest::prelude::*;
use serde_json::json;

fn frames(name: &str) -> Vec<Place> {
    let place = |func: &str, line| Place { func: func.to_owned(), file: "/src/pay/stream.go".to_owned(), line };
    vec![place("runtime.gopark", 402), place(&format!("pay.(*Client).{name}"), 88)]
}

fn finding(count: u64) -> Finding {
    Finding {
        id: PatternId::new("LK005"),
        target: "orders-1".into(),
        title: "context never cancelled".into(),
        severity: Severity::Critical,
        certainty: Certainty::Suspected,
        count,
        rate_per_s: Some(4.5),
        at: Place::default(),
        started_by: None,
        waits_on: "chan receive".into(),
        since_s: None,
        evidence: Vec::new(),
        why: "why".into(),
        fix: "fix".into(),
        next: Vec::new(),
        steps: Vec::new(),
        fingerprint: "00112233aabbccdd".into(),
        also: Vec::new(),
        family: None,
        position: None,
        repair: None,
    }
}

#[test]
fn a_finding_has_a_life() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &Limits::default()).unwrap();
    let evidence = json!({"rate_per_s": 4.5, "profiles": [1, 2]});
    let told = |at_ms, who| Told { at_ms, who, evidence: &evidence };
    let seen =
        |store: &mut Store, at_ms, count| store.observe("orders/0011", "orders", &finding(count), told(at_ms, "fast")).unwrap();
    assert_eq!(seen(&mut store, 10, 50), Some(Step::Opened));
    assert_eq!(seen(&mut store, 20, 60), None);
    assert!(store.acknowledge("orders/0011", told(30, "ann")).unwrap());
    assert!(!store.acknowledge("orders/0011", told(31, "bob")).unwrap());
    assert_eq!(seen(&mut store, 40, 70), None);
    assert_eq!(store.reader().finding("orders/0011").unwrap().unwrap().state, FindingState::Acknowledged);
    assert!(store.resolve("orders/0011", told(50, "slow")).unwrap());
    assert!(!store.resolve("orders/0011", told(51, "slow")).unwrap());
    assert_eq!(seen(&mut store, 60, 5), Some(Step::Reopened));
    assert!(matches!(store.resolve("none", told(1, "x")), Err(StoreError::Refused { .. })));
    store.observe("ledger/1", "ledger", &finding(1), told(55, "fast")).unwrap();
    drop(store);

    let mut store = Store::open(folder.path(), &Limits::default()).unwrap();
    let history = store.history().unwrap();
    let stored = history.finding("orders/0011").unwrap().unwrap();
    assert_eq!((stored.state, stored.opened_ms, stored.changed_ms, stored.seen_ms), (FindingState::Open, 60, 60, 60));
    assert_eq!(stored.finding, finding(5));
    let life: Vec<_> =
        history.transitions("orders/0011").unwrap().into_iter().map(|step| (step.at_ms, step.step, step.who)).collect();
    let life: Vec<_> = life.iter().map(|(at, step, who)| (*at, *step, who.as_str())).collect();
    let expected =
        [(10, Step::Opened, "fast"), (30, Step::Acknowledged, "ann"), (50, Step::Resolved, "slow"), (60, Step::Reopened, "fast")];
    assert_eq!(life, expected);
    assert_eq!(history.transitions("orders/0011").unwrap()[0].evidence, evidence);
    let found = |filter: FindingFilter| {
        history.findings(&filter).unwrap().into_iter().map(|stored| stored.fingerprint).collect::<Vec<_>>()
    };
    assert_eq!(found(FindingFilter::default()), ["orders/0011", "ledger/1"]);
    assert_eq!(found(FindingFilter { service: Some("ledger".into()), ..Default::default() }), ["ledger/1"]);
    assert_eq!(found(FindingFilter { states: vec![FindingState::Resolved], ..Default::default() }), [""; 0]);
    assert_eq!(found(FindingFilter { from_ms: Some(58), ..Default::default() }), ["orders/0011"]);
    assert_eq!(found(FindingFilter { to_ms: Some(58), ..Default::default() }), ["ledger/1"]);

    let (later, day) = (400 * 86_400_000, Duration::from_secs(1));
    assert!(store.resolve("orders/0011", told(70, "slow")).unwrap());
    while store.tend(later, day).unwrap().more {}
    let left: Vec<_> = store.reader().findings(&FindingFilter::default()).unwrap();
    assert_eq!(left.len(), 1, "an open finding never expires");
    assert_eq!(left[0].fingerprint, "ledger/1");
    assert!(store.reader().transitions("orders/0011").unwrap().is_empty());
}

#[test]
fn state_is_kept_with_what_it_belongs_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &Limits::default()).unwrap();
    let row_of = |store: &mut Store, value: f64| -> Result<(), StoreError> {
        let instance = store.instance(&[("instance", "a")])?;
        let layout = store.layout(&["x"])?;
        let rows = [herd_store::Row { instance, layout, offset_ms: 0, values: &[value] }];
        store.append(&herd_store::Tick { at_ms: 7, rows: &rows })?;
        Ok(())
    };
    let failed: Result<(), StoreError> = store.together(|store| {
        row_of(store, 1.0)?;
        store.set_state("cursor", &json!({"tick": 1}))?;
        store.observe("f", "s", &finding(1), Told { at_ms: 1, who: "x", evidence: &json!(null) })?;
        Err(StoreError::Refused { what: "the caller thought better of it".into() })
    });
    assert!(failed.is_err());
    assert_eq!(store.reader().state::<serde_json::Value>("cursor").unwrap(), None);
    assert!(store.reader().finding("f").unwrap().is_none());
    assert!(store.reader().instances(&[]).unwrap().is_empty(), "the instance was forgotten with the rest");
    store
        .together(|store| {
            row_of(store, 2.0)?;
            store.set_state("cursor", &json!({"tick": 2}))
        })
        .unwrap();
    let swallowed: Result<(), StoreError> = store.together(|store| {
        store.set_state("cursor", &json!({"tick": 3}))?;
        drop(store.resolve("none", Told { at_ms: 1, who: "x", evidence: &json!(null) }));
        Ok(())
    });
    assert!(swallowed.is_err(), "half of what belongs together is not kept");
    drop(store);
    let store = Store::open(folder.path(), &Limits::default()).unwrap();
    assert_eq!(store.reader().state("cursor").unwrap(), Some(json!({"tick": 2})));
    assert_eq!(store.reader().state_names("cur").unwrap(), ["cursor"]);
    let instance = store.reader().instances(&[]).unwrap()[0].id;
    assert_eq!(store.reader().rows(instance, 0, 9).unwrap()[0].values, [2.0]);
}

fn piece(instance: InstanceId, at_ms: i64, body: &[u8]) -> NewEvidence<'_> {
    NewEvidence { kind: "dump", instance: Some(instance), at_ms, finding: Some("f"), body }
}

#[test]
fn evidence_is_kept_once_and_is_gone_when_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let limits =
        Limits { evidence_bytes: 100_000, evidence_piece_bytes: 60_000, clock_doubt: Duration::ZERO, ..Limits::default() };
    let mut store = Store::open(folder.path(), &limits).unwrap();
    let instance = store.instance(&[("instance", "a")]).unwrap();
    let secret = b"account of Mrs Example 4929".repeat(1500);
    let first = store.add_evidence(&piece(instance, 1, &secret)).unwrap();
    let second = store.add_evidence(&piece(instance, 2, &secret)).unwrap();
    assert!(matches!(store.add_evidence(&piece(instance, 3, &vec![0; 60_001])), Err(StoreError::Refused { .. })));
    let listed = store.reader().evidence(&EvidenceFilter { finding: Some("f".into()), ..Default::default() }).unwrap();
    assert_eq!(listed.iter().map(|piece| (piece.id, piece.size)).collect::<Vec<_>>(), [(second, 40_500), (first, 40_500)]);
    assert_eq!(store.reader().evidence_body(first).unwrap().unwrap(), secret);

    let there = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let needle = &secret[..27];
        files
            .filter(|file| {
                let bytes = std::fs::read(file.as_ref().unwrap().path()).unwrap();
                bytes.windows(needle.len()).any(|window| window == needle)
            })
            .count()
    };
    assert_eq!(store.delete_evidence(&[first]).unwrap(), 1);
    assert_eq!(store.reader().evidence_body(second).unwrap().unwrap(), secret, "the other piece has the same bytes");
    assert!(there() > 0);
    assert_eq!(store.delete_evidence(&[second, first]).unwrap(), 1);
    assert_eq!(there(), 0, "deleted bytes are in no file");

    for at in 0..4u8 {
        store.add_evidence(&piece(instance, i64::from(at) + 10, &vec![at; 50_000])).unwrap();
    }
    store.tend(20, Duration::from_secs(5)).unwrap();
    let left = store.reader().evidence(&EvidenceFilter::default()).unwrap();
    assert_eq!(
        left.iter().map(|piece| piece.at_ms).collect::<Vec<_>>(),
        [13, 12],
        "the oldest beyond the bytes allowed are gone"
    );
    store.tend(40 * 86_400_000, Duration::from_secs(5)).unwrap();
    assert!(store.reader().evidence(&EvidenceFilter::default()).unwrap().is_empty());
}

#[test]
fn the_family_that_grows_is_on_top() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &Limits::default()).unwrap();
    let [leak, steady, other] = ["watch", "serve", "poll"].map(|name| store.stack(&frames(name)).unwrap());
    assert_eq!(stack_id(&frames("watch")), leak);
    assert_eq!(store.reader().stack_frames(leak).unwrap().unwrap(), frames("watch"));
    let instances: Vec<_> = ["a", "b", "c"]
        .map(|name| store.instance(&[("service", if name == "c" { "ledger" } else { "orders" }), ("instance", name)]).unwrap())
        .into();
    for tick in 0..100u32 {
        for (at, instance) in instances.iter().enumerate() {
            let grown = u64::from(tick) * 10;
            let leaking = FamilyCount { stack: leak, state: "select", count: 7 + grown };
            let mut counts = vec![FamilyCount { stack: steady, state: "IO wait", count: 500 }];
            match at {
                0 => counts.push(leaking),
                1 => counts.push(FamilyCount { count: grown * 2, ..leaking }),
                _ => counts.push(FamilyCount { stack: other, state: "", count: 1000 - grown }),
            }
            store.append_families(i64::from(tick) * 10_000, *instance, &counts).unwrap();
        }
        if tick == 80 {
            store.tend(0, Duration::from_secs(1)).unwrap();
            drop(store);
            store = Store::open(folder.path(), &Limits::default()).unwrap();
        }
    }
    let ask = |store: &Store, by, labels: &[LabelMatch], stack| {
        let query = GrowthQuery { labels: labels.to_vec(), stack, from_ms: 100_000, to_ms: 890_000, by, limit: 10 };
        store.reader().top_growing(&query).unwrap()
    };
    for sealed in [false, true] {
        if sealed {
            store.seal_all().unwrap();
        }
        let top = ask(&store, GrowthBy::LabelAndStack("service".into()), &[], None);
        let shown: Vec<_> = top.iter().map(|row| (row.label.as_str(), row.stack, row.state.as_str(), row.instances)).collect();
        let expected = [
            ("orders", Some(leak), "select", 2),
            ("orders", Some(steady), "IO wait", 2),
            ("ledger", Some(steady), "IO wait", 1),
            ("ledger", Some(other), "", 1),
        ];
        assert_eq!(shown, expected);
        assert!((top[0].rate_per_s - 3.0).abs() < 1e-9, "{}", top[0].rate_per_s);
        assert_eq!((top[0].first, top[0].last), (107 + 200, 897 + 1780));
        assert!((top[3].rate_per_s + 1.0).abs() < 1e-9);
        let by_service = ask(&store, GrowthBy::Label("service".into()), &[], None);
        assert_eq!(
            by_service.iter().map(|row| (row.label.as_str(), row.instances)).collect::<Vec<_>>(),
            [("orders", 2), ("ledger", 1)]
        );
        assert!((by_service[0].rate_per_s - 3.0).abs() < 1e-9);
        let one = ask(&store, GrowthBy::Stack, &[LabelMatch::Equal("instance".into(), "a".into())], Some(leak));
        assert_eq!(one.len(), 1);
        assert!((one[0].rate_per_s - 1.0).abs() < 1e-9);
        assert!(ask(&store, GrowthBy::Stack, &[], Some(StackId(7))).is_empty());
    }
    let unknown = FamilyCount { stack: StackId(7), state: "", count: 1 };
    assert!(store.append_families(0, instances[0], &[unknown]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn profiles_come_back(
        profiles in prop::collection::vec((0..2usize, -2_000_000..6_000_000i64, prop::collection::btree_map((0..5usize, 0..2usize), 1..2000u64, 0..6)), 1..120),
        sealed_at in 0..120usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), &Limits::default()).unwrap();
        let stacks: Vec<_> = (0..5).map(|at| store.stack(&frames(&at.to_string())).unwrap()).collect();
        let instances = ["a", "b"].map(|name| store.instance(&[("instance", name)]).unwrap());
        let mut told = [Vec::new(), Vec::new()];
        for (at, (instance, at_ms, counts)) in profiles.iter().enumerate() {
            let families: Vec<_> = counts
                .iter()
                .map(|((stack, state), count)| FamilyCount { stack: stacks[*stack], state: ["", "select"][*state], count: *count })
                .collect();
            store.append_families(*at_ms, instances[*instance], &families).unwrap();
            let mut counts: Vec<_> = families.iter().map(|family| (family.stack, family.state.to_owned(), family.count)).collect();
            counts.sort();
            told[*instance].push((*at_ms, counts));
            if at == sealed_at {
                store.seal_all().unwrap();
            }
        }
        for (instance, told) in instances.iter().zip(&mut told) {
            told.sort();
            let back = store.history().unwrap().profiles(*instance, i64::MIN, i64::MAX).unwrap();
            let mut back: Vec<_> = back.into_iter().map(|profile| (profile.at_ms, profile.counts)).collect();
            back.sort();
            prop_assert_eq!(&back, told);
        }
    }
}
