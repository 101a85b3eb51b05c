//! Samples that are old become five-minute figures, and then go; queries over both give what the samples would have given.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::time::Duration;

use herd_store::{Fold, Limits, Row, SeriesQuery, Store, Tick};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const FOLDS: [Fold; 4] = [Fold::Last, Fold::Min, Fold::Max, Fold::Mean];
/// The gauge of an instance at a minute; NaN where it was not there.
fn value(instance: i64, minute: i64) -> f64 {
    if minute % 97 == instance { f64::NAN } else { ((minute * (7 + instance) * 31) % 1009) as f64 / 4.0 }
}

/// What an hour folds into, from the samples themselves.
fn expected(instance: i64, hour: i64, fold: Fold) -> f64 {
    let values: Vec<f64> =
        (hour * 60..hour * 60 + 60).map(|minute| value(instance, minute)).filter(|value| !value.is_nan()).collect();
    match fold {
        Fold::Last => values[values.len() - 1],
        Fold::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Fold::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Fold::Mean => values.iter().sum::<f64>() / values.len() as f64,
    }
}

#[track_caller]
fn check(store: &Store, instances: i64, hours: std::ops::Range<i64>, times: i64) {
    for fold in FOLDS {
        let query = SeriesQuery {
            labels: Vec::new(),
            keys: vec!["go_goroutines".to_owned()],
            from_ms: hours.start * HOUR_MS,
            to_ms: hours.end * HOUR_MS - 1,
            step_ms: HOUR_MS,
            fold,
        };
        let series = store.reader().series(&query).unwrap();
        assert_eq!(i64::try_from(series.len()).unwrap(), instances);
        for (series, instance) in series.iter().zip(0..) {
            let at: Vec<i64> = hours.clone().map(|hour| hour * HOUR_MS).collect();
            assert_eq!(series.at_ms, at, "{fold:?} at {times}");
            for (value, hour) in series.values.iter().zip(hours.clone()) {
                let expected = expected(instance, hour, fold);
                assert!(
                    (value - expected).abs() < 1e-9,
                    "{fold:?} of hour {hour} of {instance}: {value}, not {expected} ({times})"
                );
            }
        }
    }
}

#[test]
fn queries_give_the_same_whatever_is_downsampled_so_far() {
    const INSTANCES: i64 = 20;
    const HOURS: i64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        raw_for: Duration::from_hours(6),
        rolled_for: Duration::from_hours(12),
        seal_ticks: 50,
        clock_doubt: Duration::ZERO,
        ..Limits::default()
    };
    let mut store = Store::open(folder.path(), &limits).unwrap();
    let layout = store.layout(&["up", "go_goroutines"]).unwrap();
    let instances: Vec<_> = (0..INSTANCES).map(|at| store.instance(&[("instance", &format!("{at:02}"))]).unwrap()).collect();
    let half = HOURS / 2 * 60;
    let append = |store: &mut Store, minute: i64| {
        let values: Vec<_> = (0..INSTANCES).map(|at| [1.0, value(at, minute)]).collect();
        let rows: Vec<_> = instances
            .iter()
            .zip(&values)
            .map(|(instance, values)| Row { instance: *instance, layout, offset_ms: 250, values })
            .collect();
        store.append(&Tick { at_ms: minute * MINUTE_MS, rows: &rows }).unwrap();
    };
    for minute in 0..half {
        append(&mut store, minute);
    }
    // One slice after the other, each with all the questions.
    let mut slices = 0;
    while store.tend(half * MINUTE_MS, Duration::ZERO).unwrap().more {
        slices += 1;
        check(&store, INSTANCES, 2..HOURS / 2, slices);
        if slices % 10 == 0 {
            drop(store);
            store = Store::open(folder.path(), &limits).unwrap();
        }
    }
    assert!(slices > 20, "{slices} slices");
    let raw = store.reader().rows(instances[0], 0, i64::MAX).unwrap();
    assert_eq!(raw[0].at_ms, 12 * HOUR_MS + 250, "two eras of six hours are downsampled, {} rows are left", raw.len());
    assert!(raw.iter().all(|row| row.values[1].to_bits() == value(0, row.at_ms / MINUTE_MS).to_bits()));

    for minute in half..HOURS * 60 {
        append(&mut store, minute);
    }
    while store.tend(HOURS * HOUR_MS, Duration::from_millis(1)).unwrap().more {}
    check(&store, INSTANCES, HOURS - 12..HOURS, -1);
    let query =
        SeriesQuery { labels: Vec::new(), keys: Vec::new(), from_ms: 0, to_ms: i64::MAX, step_ms: HOUR_MS, fold: Fold::Max };
    let oldest = store.reader().series(&query).unwrap().iter().map(|series| series.at_ms[0]).min().unwrap();
    assert!((12 * HOUR_MS..=22 * HOUR_MS).contains(&oldest), "nothing older than both times is left: {oldest}");
    assert!(store.check().unwrap().is_empty());

    // Much later all is gone, and the room with it.
    store.seal_all().unwrap();
    while store.tend(1000 * HOUR_MS, Duration::from_secs(1)).unwrap().more {}
    assert!(store.reader().series(&query).unwrap().is_empty());
    drop(store);
    let mut store = Store::open(folder.path(), &limits).unwrap();
    while store.tend(1001 * HOUR_MS, Duration::from_secs(1)).unwrap().more {}
    assert!(store.reader().instances(&[]).unwrap().is_empty(), "instances of which nothing is left are forgotten");
}

#[test]
fn samples_of_a_clock_that_jumped_back_are_downsampled_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { raw_for: Duration::from_hours(1), seal_ticks: 10, ..Limits::default() };
    let mut store = Store::open(folder.path(), &limits).unwrap();
    let layout = store.layout(&["go_goroutines"]).unwrap();
    let instance = store.instance(&[("instance", "a")]).unwrap();
    let append = |store: &mut Store, minute: i64, value: f64| {
        store
            .append(&Tick { at_ms: minute * MINUTE_MS, rows: &[Row { instance, layout, offset_ms: 0, values: &[value] }] })
            .unwrap();
    };
    for minute in 0..60 * 7 {
        append(&mut store, minute, 1.0);
    }
    store.seal_all().unwrap();
    while store.tend(10 * HOUR_MS, Duration::from_secs(1)).unwrap().more {}
    assert_eq!(store.reader().rows(instance, 0, i64::MAX).unwrap()[0].at_ms, 6 * HOUR_MS);
    for minute in 60..120 {
        append(&mut store, minute, 5.0);
    }
    let query = SeriesQuery {
        labels: Vec::new(),
        keys: Vec::new(),
        from_ms: 0,
        to_ms: 4 * HOUR_MS - 1,
        step_ms: HOUR_MS,
        fold: Fold::Mean,
    };
    let expected = [1.0, 3.0, 1.0, 1.0];
    assert_eq!(store.reader().series(&query).unwrap()[0].values, expected);
    store.seal_all().unwrap();
    assert_eq!(store.reader().series(&query).unwrap()[0].values, expected);
    while store.tend(11 * HOUR_MS, Duration::from_secs(1)).unwrap().more {}
    assert_eq!(store.reader().rows(instance, 0, 4 * HOUR_MS).unwrap().len(), 0, "the late samples are downsampled too");
    assert_eq!(store.reader().series(&query).unwrap()[0].values, expected);
}

#[test]
fn a_clock_that_leaps_ahead_costs_nothing_unless_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let doubtful = Limits { raw_for: Duration::from_hours(1), rolled_for: Duration::ZERO, seal_ticks: 10, ..Limits::default() };
    let mut store = Store::open(folder.path(), &doubtful).unwrap();
    let layout = store.layout(&["go_goroutines"]).unwrap();
    let instance = store.instance(&[("instance", "a")]).unwrap();
    for minute in 0..50 {
        let rows = [Row { instance, layout, offset_ms: 0, values: &[1.0] }];
        store.append(&Tick { at_ms: minute * MINUTE_MS, rows: &rows }).unwrap();
    }
    store.seal_all().unwrap();
    let tend = |store: &mut Store, at_ms: i64| store.tend(at_ms, Duration::from_secs(10)).unwrap();
    let rows = |store: &Store| store.reader().rows(instance, 0, i64::MAX).unwrap().len();
    assert!(!tend(&mut store, HOUR_MS).clock_doubted);
    let far = 30 * 365 * 24 * HOUR_MS;
    assert!(tend(&mut store, far).clock_doubted);
    assert!(!tend(&mut store, HOUR_MS + 2 * MINUTE_MS).clock_doubted);
    drop(store);
    let mut store = Store::open(folder.path(), &doubtful).unwrap();
    assert!(tend(&mut store, far).clock_doubted, "a restart does not make the clock right");
    assert_eq!(rows(&store), 50);
    drop(store);
    let mut store = Store::open(folder.path(), &Limits { clock_doubt: Duration::from_millis(1), ..doubtful }).unwrap();
    tend(&mut store, far);
    std::thread::sleep(Duration::from_millis(5));
    assert!(!tend(&mut store, far + 1).clock_doubted, "it stayed");
    assert_eq!(rows(&store), 0);
}
