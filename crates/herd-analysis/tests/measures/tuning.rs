//! What runs under several settings tell: the table, the advice, and when there is none.

use herd_analysis::tune::{Collections, Run, collections, order, tune};
use herd_model::{GcRecord, RuntimeMetrics, TuneAdviceKind, TuneDoubtKind, TuneMeasure, TuneReport, TuneSetting};

/// CPU seconds and MiB of each run of a setting.
type Runs<'a> = &'a [(f64, f64)];

/// Advises over settings `GOGC=100`, `200`, …; the first is the base.
fn advised(settings: &[Runs<'_>]) -> TuneReport {
    let setting = |at: usize| TuneSetting { gogc: Some((100 * (at + 1)).to_string()), ..TuneSetting::default() };
    let named: Vec<TuneSetting> = (0..settings.len()).map(setting).collect();
    let run = |setting: usize, (cpu_s, mib): (f64, f64)| Run {
        setting,
        cpu_s,
        wall_s: cpu_s,
        rss_bytes: mib * 1024.0 * 1024.0,
        collections: Collections { count: 7, procs: 2, ..Collections::default() },
        ..Run::default()
    };
    let runs: Vec<Run> = settings.iter().enumerate().flat_map(|(at, runs)| runs.iter().map(move |one| run(at, *one))).collect();
    tune(&["./batch".to_owned()], &named, 0, settings[0].len(), 7, &runs)
}

#[track_caller]
fn check(settings: &[Runs<'_>], expected: Result<(TuneAdviceKind, u64), TuneDoubtKind>) {
    let report = advised(settings);
    match expected {
        Ok((kind, setting)) => {
            let advice = report.advice.unwrap_or_else(|| panic!("no advice: {:?}", report.doubts));
            assert_eq!((advice.kind, advice.setting), (kind, setting));
        }
        Err(kind) => {
            assert_eq!(report.advice, None);
            assert_eq!(report.doubts.iter().find(|doubt| doubt.refuses).map(|doubt| doubt.kind), Some(kind));
        }
    }
}

const BASE: Runs<'_> = &[(2.00, 100.0), (2.03, 101.0), (1.98, 99.5)];

#[test]
fn the_smallest_of_the_best_is_advised() {
    let half: Runs<'_> = &[(1.01, 200.0), (1.00, 201.0), (1.02, 199.0)];
    let hardly_better: Runs<'_> = &[(0.99, 800.0), (1.00, 801.0), (0.98, 799.0)];
    check(&[BASE, half, hardly_better], Ok((TuneAdviceKind::Faster, 1)));
    check(&[BASE, hardly_better, half], Ok((TuneAdviceKind::Faster, 2)));
}

#[test]
fn less_memory_at_the_same_cost_is_advised() {
    let smaller: Runs<'_> = &[(2.01, 60.0), (2.00, 61.0), (2.02, 60.5)];
    let larger: Runs<'_> = &[(2.02, 300.0), (1.99, 301.0), (2.01, 299.0)];
    check(&[BASE, smaller, larger], Ok((TuneAdviceKind::Smaller, 1)));
    check(&[BASE, larger], Ok((TuneAdviceKind::Keep, 0)));
    let slower: Runs<'_> = &[(3.01, 60.0), (3.00, 61.0), (3.02, 60.5)];
    check(&[BASE, slower], Ok((TuneAdviceKind::Keep, 0)));
}

#[test]
fn noise_one_setting_and_two_runs_are_refused() {
    check(&[BASE, &[(1.97, 100.0), (2.02, 100.5), (2.00, 101.5)]], Err(TuneDoubtKind::WithinNoise));
    // A third less on average, but no run is like the other.
    check(&[BASE, &[(0.5, 100.0), (2.4, 100.5), (1.1, 101.5)]], Err(TuneDoubtKind::WithinNoise));
    check(&[BASE], Err(TuneDoubtKind::OneSetting));
    check(&[&BASE[..2], &[(1.0, 100.0), (1.0, 100.0)]], Err(TuneDoubtKind::FewRuns));
    // Worse in memory for sure, and perhaps better in CPU time: keeping the base would be as rash as changing.
    check(&[BASE, &[(0.5, 300.0), (2.4, 300.5), (1.1, 301.5)]], Err(TuneDoubtKind::WithinNoise));
}

/// 20 settings that are all the same, 200 times: one in twenty reports may name one that is none.
#[test]
fn settings_that_are_alike_are_seldom_told_apart() {
    let mut random = herd_analysis::statistics::random::Random::of(11);
    let mut false_advice = 0;
    for _ in 0..200 {
        let settings: Vec<Vec<(f64, f64)>> = (0..20)
            .map(|_| (0..3).map(|_| (2.0 + 0.6 * (random.unit() - 0.5), 100.0 + 30.0 * (random.unit() - 0.5))).collect())
            .collect();
        let slices: Vec<Runs<'_>> = settings.iter().map(Vec::as_slice).collect();
        false_advice += u32::from(advised(&slices).advice.is_some());
    }
    // Two measures are compared, each at 0.05.
    assert!(false_advice <= 20, "{false_advice} of 200");
}

#[test]
fn throughput_is_judged_by_where_every_run_tells_it() {
    let named = ["100", "200"].map(|gogc| TuneSetting { gogc: Some(gogc.to_owned()), ..TuneSetting::default() });
    let run = |setting: usize, throughput: f64| Run {
        setting,
        cpu_s: 1.0 + throughput / 1e5,
        rss_bytes: 1e6,
        throughput: Some(throughput),
        ..Run::default()
    };
    let runs = [(0, 100.0), (0, 101.0), (0, 99.0), (1, 150.0), (1, 151.0), (1, 149.0)].map(|(at, rate)| run(at, rate));
    let report = tune(&["x".to_owned()], &named, 0, 3, 1, &runs);
    assert_eq!(report.judged_by, TuneMeasure::Throughput);
    assert_eq!(report.advice.map(|advice| (advice.kind, advice.setting)), Some((TuneAdviceKind::Faster, 1)));
    assert!(report.doubts.iter().any(|doubt| doubt.kind == TuneDoubtKind::NoTrace && !doubt.refuses));
}

#[test]
fn collections_add_up_and_pauses_are_ranked() {
    let record = |number: u64, pause: f64| GcRecord {
        number,
        sweep_pause_ms: pause,
        mark_pause_ms: pause / 2.0,
        assist_cpu_ms: 3.0,
        worker_cpu_ms: 4.0,
        sweep_pause_cpu_ms: 0.5,
        mark_pause_cpu_ms: 0.25,
        procs: 2,
        ..GcRecord::default()
    };
    // 100 collections, 200 pauses: ⌈0.99·200⌉ = the 198th, and the largest of all.
    let records: Vec<GcRecord> = (1..=100).map(|number| record(number, number as f64)).collect();
    let all = collections(&records, 0);
    assert_eq!((all.count, all.procs, all.mixed), (100, 2, false));
    assert_eq!((all.pause_p99_ms, all.pause_max_ms), (98.0, 100.0));
    assert!((all.assist_ms - 300.0).abs() < 1e-9 && (all.other_ms - 475.0).abs() < 1e-9);
    // One record was lost: its number is not.
    assert_eq!(collections(&[record(1, 1.0), record(3, 1.0)], 1).count, 3);
    let two_programs = [record(1, 1.0), record(2, 1.0), record(1, 1.0)];
    let mixed = collections(&two_programs, 0);
    assert_eq!((mixed.count, mixed.mixed), (3, true));
    assert_eq!(collections(&[], 0), Collections::default());
}

#[test]
fn every_round_has_every_setting_and_seeds_differ() {
    let runs = order(5, 4, 1);
    for round in runs.chunks(5) {
        let mut sorted = round.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4]);
    }
    assert_eq!(runs, order(5, 4, 1));
    assert_ne!(runs, order(5, 4, 2));
}

#[test]
fn what_is_served_is_told_of_each_setting_and_no_more_than_it_says() {
    let named = ["100", "200"].map(|gogc| TuneSetting { gogc: Some(gogc.to_owned()), ..TuneSetting::default() });
    let answer = |at: f64| RuntimeMetrics {
        goroutines: Some(10.0 + at),
        heap_bytes: Some(1e6 * (1.0 + at)),
        gc_cpu_s: Some(2.0 + at),
        total_cpu_s: Some(10.0 + 4.0 * at),
        collections: Some(5.0),
        paused_s: Some(0.010),
        limited_at: Some(at),
        ..RuntimeMetrics::default()
    };
    let elders = RuntimeMetrics { gc_cpu_fraction: Some(0.125), heap_bytes: Some(5e6), ..RuntimeMetrics::default() };
    let run = |setting: usize, served: Vec<RuntimeMetrics>| Run { setting, served: Some(served), ..Run::default() };
    let runs = [run(0, vec![answer(0.0), answer(1.0), answer(2.0)]), run(0, vec![answer(0.0)]), run(1, vec![elders])];
    let report = tune(&["x".to_owned()], &named, 0, 2, 1, &runs);
    let [new, old] = [0, 1].map(|at| report.settings[at].served.clone().expect("it was served"));
    let of = |spread: Option<herd_model::Spread>| spread.map(|spread| (spread.min, spread.p50, spread.max));
    assert_eq!(of(Some(new.answers)), Some((1.0, 2.0, 3.0)));
    assert_eq!(of(new.heap_bytes), Some((1e6, 1.5e6, 2e6)));
    assert_eq!(of(new.goroutines), Some((10.0, 11.0, 12.0)));
    // Two of eight CPU seconds; one answer alone spans no time.
    assert_eq!(of(new.gc_cpu_percent), Some((25.0, 25.0, 25.0)));
    assert_eq!(of(new.pause_mean_ms), Some((2.0, 2.0, 2.0)));
    assert_eq!(new.limited, Some(1));
    assert_eq!(of(old.gc_cpu_percent), Some((12.5, 12.5, 12.5)));
    assert_eq!((old.goroutines.is_none(), old.pause_mean_ms.is_none(), old.limited), (true, true, None));
    assert!(advised(&[BASE, BASE]).settings.iter().all(|row| row.served.is_none()));
}
