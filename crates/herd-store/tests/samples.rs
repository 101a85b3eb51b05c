//! What was appended comes back bit for bit: over seals and restarts, with odd values, layouts that change and a clock that jumps.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::BTreeMap;
use std::time::Duration;

use herd_store::{Fold, History, InstanceId, LabelMatch, LayoutId, Limits, Row, SeriesQuery, Store, Tick};
use proptest::prelude::*;

/// What happens to a store.
#[derive(Clone, Debug)]
enum Act {
    /// A tick so much after (or before) the last one; by instance: layout, offset, seeds of values.
    Append(i64, Vec<(usize, usize, i64, u64)>),
    Tend,
    Reopen,
    SealAll,
}

fn act() -> impl Strategy<Value = Act> {
    let step = prop_oneof![20 => 1..6000i64, 1 => -20_000..0i64, 1 => 0..8_000_000i64];
    let row = (0..6usize, 0..3usize, -100..4000i64, any::<u64>());
    prop_oneof![
        20 => (step, prop::collection::vec(row, 0..8)).prop_map(|(step, rows)| Act::Append(step, rows)),
        3 => Just(Act::Tend),
        1 => Just(Act::Reopen),
        1 => Just(Act::SealAll),
    ]
}

const LAYOUTS: [&[&str]; 3] = [&["a", "b{x=\"1\"}", "b{x=\"2\"}", "c"], &["a"], &["c", "a", "d"]];

/// Values as services have them, and some that none should.
fn values(seed: u64, columns: usize, tick: usize) -> Vec<f64> {
    let value = |column: u64| match seed.rotate_left(column as u32 * 7) % 12 {
        0..4 => (seed % 1000) as f64 + tick as f64,
        4..6 => 42.0,
        6 => (seed % 100_000) as f64 / 1000.0,
        7 => f64::from_bits(0x7ff0_0000_0000_0002),
        8 => f64::from_bits(seed.rotate_left(column as u32)),
        9 => -0.0,
        10 => 1e-9 * (seed % 1_000_000) as f64,
        _ => 0.0,
    };
    (0..columns as u64).map(value).collect()
}

type Told = BTreeMap<InstanceId, Vec<(i64, LayoutId, Vec<u64>)>>;

fn check(history: &History, told: &Told) {
    for (instance, told) in told {
        let mut told = told.clone();
        told.sort_by_key(|row| row.0);
        let mut back: Vec<_> = history
            .rows(*instance, i64::MIN, i64::MAX)
            .unwrap()
            .into_iter()
            .map(|row| (row.at_ms, row.layout, row.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>()))
            .collect();
        // Rows of one time have no order among themselves.
        told.sort();
        back.sort();
        assert_eq!(back, told);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn all_that_was_appended_comes_back(acts in prop::collection::vec(act(), 1..60), seal_ticks in 1..12u32) {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { seal_ticks, raw_for: Duration::from_secs(1 << 40), ..Limits::default() };
        let mut store = Store::open(folder.path(), &limits).unwrap();
        let mut told = Told::new();
        let mut now = 1_700_000_000_000;
        for (tick, act) in acts.iter().enumerate() {
            match act {
                Act::Append(step, seeds) => {
                    now += step;
                    let rows: Vec<_> = seeds
                        .iter()
                        .map(|(instance, layout, offset, seed)| {
                            let name = format!("orders-{instance}");
                            let instance = store.instance(&[("job", "orders"), ("instance", &name)]).unwrap();
                            let keys = LAYOUTS[*layout];
                            (instance, store.layout(keys).unwrap(), *offset, values(*seed, keys.len(), tick))
                        })
                        .collect();
                    let rows: Vec<Row<'_>> = rows
                        .iter()
                        .map(|(instance, layout, offset_ms, values)| {
                            Row { instance: *instance, layout: *layout, offset_ms: *offset_ms, values }
                        })
                        .collect();
                    store.append(&Tick { at_ms: now, rows: &rows }).unwrap();
                    for row in &rows {
                        let bits = row.values.iter().map(|value| value.to_bits()).collect();
                        told.entry(row.instance).or_default().push((now + row.offset_ms, row.layout, bits));
                    }
                }
                Act::Tend => while store.tend(now, Duration::from_millis(1)).unwrap().more {},
                Act::Reopen => {
                    drop(store);
                    store = Store::open(folder.path(), &limits).unwrap();
                }
                Act::SealAll => store.seal_all().unwrap(),
            }
        }
        check(&store.history().unwrap(), &told);
        store.seal_all().unwrap();
        check(store.reader(), &told);
        prop_assert!(store.check().unwrap().is_empty());
    }
}

#[test]
fn a_query_folds_what_falls_into_a_step_sealed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &Limits { seal_ticks: 10, ..Limits::default() }).unwrap();
    let one = store.instance(&[("service", "orders"), ("instance", "a")]).unwrap();
    let two = store.instance(&[("instance", "b"), ("service", "ledger")]).unwrap();
    assert_eq!(store.instance(&[("instance", "a"), ("service", "orders")]).unwrap(), one);
    let layout = store.layout(&["go_goroutines", "go_threads", "go_gc{q=\"0\"}", "go_gc{q=\"1\"}"]).unwrap();
    for tick in 0..25 {
        let of = |base: f64| [base + f64::from(tick), 9.0, f64::NAN, f64::from(tick % 4)];
        let (a, b) = (of(100.0), of(200.0));
        let row = |instance, values| Row { instance, layout, offset_ms: 3, values };
        let rows = [row(one, &a[..]), row(two, &b[..])];
        store.append(&Tick { at_ms: i64::from(tick) * 5000, rows: &rows }).unwrap();
        store.tend(0, Duration::from_secs(1)).unwrap();
    }
    let history = store.history().unwrap();
    let ask = |service: &str, key: &str, fold| {
        let query = SeriesQuery {
            labels: vec![LabelMatch::Equal("service".into(), service.into())],
            keys: vec![key.into()],
            from_ms: 20_000,
            to_ms: 110_000,
            step_ms: 30_000,
            fold,
        };
        history.series(&query).unwrap()
    };
    let orders = ask("orders", "go_goroutines", Fold::Mean);
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].instance, one);
    assert_eq!(orders[0].at_ms, [0, 30_000, 60_000, 90_000]);
    assert_eq!(orders[0].values, [104.5, 108.5, 114.5, 119.5]);
    assert_eq!(ask("ledger", "go_goroutines", Fold::Last)[0].values, [205.0, 211.0, 217.0, 221.0]);
    assert_eq!(ask("ledger", "go_goroutines", Fold::Min)[0].values, [204.0, 206.0, 212.0, 218.0]);
    let gc = ask("orders", "go_gc", Fold::Max);
    assert_eq!(
        gc.iter().map(|series| series.key.as_str()).collect::<Vec<_>>(),
        ["go_gc{q=\"1\"}"],
        "a series of NaN has no steps"
    );
    assert!(ask("none", "go_gc", Fold::Max).is_empty());
    let others = history.instances(&[LabelMatch::NotEqual("service".into(), "orders".into())]).unwrap();
    assert_eq!(others.len(), 1);
    assert_eq!((others[0].id, others[0].label("instance"), others[0].first_ms), (two, "b", Some(0)));
}

#[test]
fn what_cannot_be_stored_is_refused_by_name_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { instances: 1, series_per_instance: 2, ..Limits::default() };
    let mut store = Store::open(folder.path(), &limits).unwrap();
    let one = store.instance(&[("a", "b")]).unwrap();
    let told = |result: Result<InstanceId, herd_store::StoreError>| result.unwrap_err().to_string();
    assert!(told(store.instance(&[("a", "c")])).contains("there are 1 instances already"));
    assert!(told(store.instance(&[("a", "b"), ("a", "c")])).contains("label a twice"));
    assert!(store.layout(&["a", "b", "c"]).unwrap_err().to_string().contains("3 series, more than the 2"));
    let layout = store.layout(&["a", "b"]).unwrap();
    let good = Row { instance: one, layout, offset_ms: 0, values: &[1.0, 2.0] };
    let short = Row { values: &[1.0], ..good };
    let unknown = Row { instance: InstanceId(77), ..good };
    for bad in [short, unknown] {
        assert!(store.append(&Tick { at_ms: 5, rows: &[good, bad] }).is_err());
    }
    assert_eq!(store.reader().rows(one, 0, 10).unwrap().len(), 0);
    store.append(&Tick { at_ms: 5, rows: &[good] }).unwrap();
    assert_eq!(store.reader().rows(one, 0, 10).unwrap().len(), 1);
}
