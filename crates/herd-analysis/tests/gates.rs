//! Capacity, worth of a change, rollouts: on data whose truth is known, and over many runs without any difference.

use std::collections::BTreeMap;

use herd_analysis::capacity::{Asked, capacity};
use herd_analysis::guard::{GuardLimits, Judged, guard};
use herd_analysis::roi::{roi, score};
use herd_analysis::statistics::proportions::sample_size_proportions;
use herd_analysis::statistics::random::Random;
use herd_model::{
    CapacityDoubtKind, CapacityReport, GateVerdict, GuardArm, GuardCheckKind, Measurement, MemoryModelKind, RoiDoubtKind,
};

/// Twelve uniform numbers: near enough to normal.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

const ASKED: Asked = Asked { at: None, limit_bytes: None, confidence: 0.95 };

/// M = 40e6·(C/10,000)^1.37 with multiplicative noise, from 2,500 goroutines on in steps of as many.
fn power(rows: u32, noise: f64, seed: u64) -> Vec<Measurement> {
    let mut random = Random::of(seed);
    let row = |step: u32| {
        let c = 2500.0 * f64::from(step);
        let memory = 4e7 * (c / 1e4).powf(1.37) * (noise * normal(&mut random)).exp();
        Measurement { goroutines: Some(c), memory_bytes: Some(memory), ..Measurement::default() }
    };
    (1..=rows).map(row).collect()
}

fn answer(rows: &[Measurement], asked: Asked) -> CapacityReport {
    capacity(rows, &asked, &mut BTreeMap::new())
}

#[track_caller]
fn refuses(report: &CapacityReport, kind: CapacityDoubtKind) {
    assert!(report.doubts.iter().any(|doubt| doubt.kind == kind && doubt.refuses), "{kind:?}: {:?}", report.doubts);
    assert_eq!((&report.prediction, &report.limit_reached), (&None, &None));
}

#[test]
fn a_power_law_is_told_from_other_curves_and_predicts_within_its_bounds() {
    let (mut chosen, mut held) = (0, 0);
    for seed in 0..60 {
        let report = answer(&power(40, 0.05, seed), Asked { at: Some(200_000.0), ..ASKED });
        let truth = 4e7 * 20_f64.powf(1.37);
        chosen += u32::from(report.memory[0].kind == MemoryModelKind::PowerLawOls);
        held += u32::from(report.prediction.is_some_and(|found| (found.low_bytes..=found.high_bytes).contains(&truth)));
        let exponent =
            report.memory.iter().find(|model| model.kind == MemoryModelKind::PowerLawOls).map(|model| model.coefficients[1]);
        assert!(exponent.is_some_and(|exponent| (exponent - 1.37).abs() < 0.06), "{exponent:?}");
    }
    assert!(chosen >= 55, "{chosen} of 60 choose the law the rows were made by");
    assert!(held >= 50, "{held} of 60 hold the truth");
}

#[test]
fn the_limit_decides_with_bounds_on_both_sides() {
    let rows = power(40, 0.05, 7);
    let verdict = |limit: f64| answer(&rows, Asked { at: Some(150_000.0), limit_bytes: Some(limit), ..ASKED }).verdict;
    let truth = 4e7 * 15_f64.powf(1.37);
    assert_eq!(verdict(truth * 1.5), Some(GateVerdict::Pass));
    assert_eq!(verdict(truth / 1.5), Some(GateVerdict::Fail));
    assert_eq!(verdict(truth * 1.06), Some(GateVerdict::Inconclusive));
    let report = answer(&rows, Asked { limit_bytes: Some(truth), ..ASKED });
    assert_eq!(report.verdict, None, "nobody asked about a number of goroutines");
    let reached = report.limit_reached.expect("a limit was given");
    let (expected, earliest) = (reached.expected.expect("it is reached"), reached.earliest.expect("it may be"));
    assert!((expected / 150_000.0 - 1.0).abs() < 0.1 && earliest < expected, "{expected} {earliest}");
}

#[test]
fn what_the_rows_cannot_carry_is_refused() {
    refuses(&answer(&power(11, 0.05, 1), ASKED), CapacityDoubtKind::FewRows);
    let levels: Vec<Measurement> = power(5, 0.05, 1).into_iter().cycle().take(30).collect();
    refuses(&answer(&levels, ASKED), CapacityDoubtKind::FewLevels);
    let narrow: Vec<Measurement> = power(40, 0.05, 1).split_off(21);
    refuses(&answer(&narrow, ASKED), CapacityDoubtKind::NarrowRange);
    refuses(&answer(&power(40, 0.05, 1), Asked { at: Some(400_000.0), ..ASKED }), CapacityDoubtKind::FarBeyond);
    let mut random = Random::of(3);
    let unrelated = |row: Measurement| Measurement { memory_bytes: Some(1e9 * (1.0 + random.unit())), ..row };
    refuses(&answer(&power(40, 0.05, 1).into_iter().map(unrelated).collect::<Vec<_>>(), ASKED), CapacityDoubtKind::Unexplained);
    // A step is none of the curves: residuals around it hang together.
    let step = |row: Measurement| {
        let high = row.goroutines.is_some_and(|c| c > 50_000.0);
        Measurement { memory_bytes: Some(if high { 9e9 } else { 1e9 }), ..row }
    };
    refuses(&answer(&power(60, 0.0, 1).into_iter().map(step).collect::<Vec<_>>(), ASKED), CapacityDoubtKind::Shape);
    let asked = Asked { at: Some(20_000.0), limit_bytes: Some(1e9), ..ASKED };
    assert_eq!(answer(&power(5, 0.05, 1), asked).verdict, Some(GateVerdict::Inconclusive));
    assert_eq!(answer(&[], ASKED).doubts[0].kind, CapacityDoubtKind::FewRows);
}

#[test]
fn throughput_peaks_where_its_law_says() {
    let mut random = Random::of(11);
    let row = |step: u32| {
        let n = 2500.0 * f64::from(step);
        let qps = 2.0 * n / (1.0 + 1e-5 * (n - 1.0) + 3e-10 * n * (n - 1.0)) * (0.01 * normal(&mut random)).exp();
        Measurement {
            goroutines: Some(n),
            memory_bytes: Some(n),
            qps: Some(qps),
            latency_ms: Some(1e3 * n / qps),
            ..Measurement::default()
        }
    };
    let rows: Vec<Measurement> = (1..=40).map(row).collect();
    let report = answer(&rows, Asked { at: Some(120_000.0), ..ASKED });
    let model = report.throughput.expect("rows have throughput");
    let peak = model.peak_goroutines.expect("it has a peak");
    assert!((peak / 57_735.0 - 1.0).abs() < 0.05 && model.peak_measured, "{peak}");
    let latency = report.latency.and_then(|model| model.predicted_ms).expect("rows have latency");
    let truth = 500.0 * (1.0 + 1e-5 * 120_000.0 + 3e-10 * 1.44e10);
    assert!((latency[0] / truth - 1.0).abs() < 0.1, "{latency:?} {truth}");
}

#[test]
fn points_are_thinned_and_counted() {
    let mut hidden = BTreeMap::new();
    let report = capacity(&power(5000, 0.05, 1), &ASKED, &mut hidden);
    let listed = report.points.goroutines.len() as u64;
    assert_eq!((report.rows, listed + hidden["points_not_listed"]), (5000, 5000));
    assert!(listed <= 2000 && report.points.qq_values.len() as u64 == listed);
}

const LIMITS: GuardLimits =
    GuardLimits { success_drop: 0.0005, latency_rise_ms: 30.0, success_floor: 0.995, latency_ceiling_ms: 400.0, alpha: 0.05 };

/// Windows of a minute with about 2,000 requests each; `alike` is how much of a window's latency the one before it decides.
fn windows(count: u32, failing: f64, latency: f64, alike: f64, random: &mut Random) -> Vec<Measurement> {
    let mut wave = 0.0;
    let window = |_| {
        let mean = 2000.0 * failing;
        wave = alike * wave + (1.0 - alike * alike).sqrt() * normal(random);
        let failures = (mean + mean.sqrt() * normal(random)).round().max(0.0);
        Measurement {
            requests: Some(2000.0),
            failures: Some(failures),
            latency_ms: Some(latency + 15.0 * wave),
            ..Measurement::default()
        }
    };
    (0..count).map(window).collect()
}

#[test]
fn rollouts_without_difference_hardly_ever_fail() {
    let mut failed = 0;
    for seed in 0..400 {
        let mut random = Random::of(seed);
        let alike = if seed % 2 == 0 { 0.0 } else { 0.7 };
        let arm = |random: &mut Random| windows(60, 0.0008, 120.0, alike, random);
        let (control, treatment) = (arm(&mut random), arm(&mut random));
        failed += u32::from(guard(&control, &treatment, &LIMITS, Judged::Both).verdict == GateVerdict::Fail);
    }
    assert!(failed <= 4, "{failed} of 400");
}

#[test]
fn broken_rollouts_fail_by_the_check_that_is_broken() {
    let mut random = Random::of(5);
    let control = windows(300, 0.0008, 120.0, 0.0, &mut random);
    for (failing, latency, expected) in [
        (0.0008, 160.0, vec![GuardCheckKind::LatencyRise]),
        (0.0030, 120.0, vec![GuardCheckKind::SuccessDrop]),
        (
            0.0100,
            450.0,
            vec![
                GuardCheckKind::SuccessDrop,
                GuardCheckKind::LatencyRise,
                GuardCheckKind::SuccessFloor,
                GuardCheckKind::LatencyCeiling,
            ],
        ),
        (0.0008, 121.0, vec![]),
    ] {
        let report = guard(&control, &windows(300, failing, latency, 0.0, &mut random), &LIMITS, Judged::Both);
        let of = |verdict| report.checks.iter().filter(move |check| check.verdict == verdict).map(|check| check.kind);
        assert_eq!(of(GateVerdict::Fail).collect::<Vec<_>>(), expected, "{:?}", report.checks);
        assert_eq!(of(GateVerdict::Inconclusive).count(), 0, "{:?}", report.checks);
        assert_eq!(report.verdict == GateVerdict::Pass, expected.is_empty());
    }
}

#[test]
fn too_few_requests_are_inconclusive_and_so_many_more_decide() {
    let few = |count| {
        let mut random = Random::of(9);
        let control = windows(count, 0.0008, 120.0, 0.0, &mut random);
        guard(&control, &windows(count, 0.0008, 120.0, 0.0, &mut random), &LIMITS, Judged::Success)
    };
    let report = few(10);
    assert_eq!(report.verdict, GateVerdict::Inconclusive);
    let needed = report.checks.iter().filter_map(|check| check.needed).max().expect("a number");
    let share = |arm: &GuardArm| arm.failures.zip(arm.requests).map_or(0.0, |(failures, requests)| failures / requests);
    let failing = f64::midpoint(share(&report.control), share(&report.treatment));
    // A test that may be looked at any time needs more than one look at the end does, and not many times more.
    let fixed = sample_size_proportions(1.0 - failing, 1.0 - failing - LIMITS.success_drop, 0.05, 0.8);
    let of_fixed = needed as f64 / fixed;
    assert!((1.0..4.0).contains(&of_fixed), "{needed} of {fixed}");
    assert_eq!(few((2 * needed / 2000) as u32).verdict, GateVerdict::Pass);
}

#[test]
fn what_is_not_measured_is_never_passed() {
    let mut random = Random::of(2);
    let arm = windows(300, 0.0008, 120.0, 0.0, &mut random);
    let blind = |row: &Measurement| Measurement { latency_ms: None, ..*row };
    let blind: Vec<Measurement> = arm.iter().map(blind).collect();
    assert_eq!(guard(&arm, &blind, &LIMITS, Judged::Both).verdict, GateVerdict::Inconclusive);
    assert_eq!(guard(&arm, &blind, &LIMITS, Judged::Success).verdict, GateVerdict::Pass);
    let nothing = guard(&[], &[], &LIMITS, Judged::Both);
    assert_eq!(nothing.verdict, GateVerdict::Inconclusive);
    assert!(nothing.checks.iter().all(|check| check.value.is_none() && check.needed.is_none()));
}

const TUESDAY_9: f64 = 1_762_851_600.0;

/// A row a minute; figures vary by a twentieth.
fn period(start: f64, minutes: u32, [latency, pause, goroutines]: [f64; 3], seed: u64) -> Vec<Measurement> {
    let mut random = Random::of(seed);
    let mut about = |mean: f64| Some(mean * (1.0 + 0.05 * normal(&mut random)));
    let row = |minute: u32| Measurement {
        time_s: Some(start + 60.0 * f64::from(minute)),
        latency_ms: about(latency),
        gc_pause_ms: about(pause),
        goroutines: about(goroutines),
        qps: about(900.0),
        ..Measurement::default()
    };
    (0..minutes).map(row).collect()
}

#[test]
fn the_worked_example_scores_as_it_says() {
    assert!((score([0.261, 18.3, 0.327]) - (0.435 + 0.2745 + 0.1635)).abs() < 1e-12);
    assert!((score([0.9, 90.0, 0.9]) - 1.0).abs() < 1e-12, "each part is full at its mark");
    assert!(score([-0.3, 0.0, 0.0]) < 0.0, "what got worse costs");
}

#[test]
fn a_change_is_scored_with_bounds_that_hold_the_truth() {
    let mut held = 0;
    for seed in 0..40 {
        let before = period(TUESDAY_9, 240, [180.0, 31.0, 12_000.0], 2 * seed);
        let after = period(TUESDAY_9 + 7.0 * 86_400.0, 240, [180.0 * 0.739, 12.7, 12_000.0 * 0.673], 2 * seed + 1);
        let report = roi(&before, &after, 0.95);
        assert_eq!(report.doubts, []);
        let score = report.score.expect("the periods compare");
        assert!(score.low < score.value && score.value < score.high);
        held += u32::from(score.low <= 0.873 && 0.873 <= score.high);
    }
    assert!(held >= 34, "{held} of 40");
}

#[test]
fn periods_that_differ_have_no_score() {
    let figures = [180.0, 31.0, 12_000.0];
    let before = period(TUESDAY_9, 240, figures, 1);
    let day = 86_400.0;
    let refused = |after: &[Measurement], kind: RoiDoubtKind| {
        let report = roi(&before, after, 0.95);
        assert_eq!((report.score, report.parts.len()), (None, 0), "{kind:?}");
        assert!(report.doubts.iter().any(|doubt| doubt.kind == kind && doubt.refuses), "{:?}", report.doubts);
    };
    refused(&period(TUESDAY_9 + 4.0 * day, 240, figures, 2), RoiDoubtKind::Weekday);
    refused(&period(TUESDAY_9 + 7.0 * day + 7200.0, 240, figures, 2), RoiDoubtKind::Hour);
    refused(&period(TUESDAY_9 + 7.0 * day, 200, figures, 2), RoiDoubtKind::Length);
    let next = period(TUESDAY_9 + 7.0 * day + 600.0, 240, figures, 2);
    assert!(roi(&before, &next, 0.95).score.is_some(), "ten minutes are no other hour");
    let busy = |row: &Measurement| Measurement { qps: row.qps.map(|qps| qps * 1.5), ..*row };
    refused(&next.iter().map(busy).collect::<Vec<_>>(), RoiDoubtKind::Traffic);
    let undated = |row: &Measurement| Measurement { time_s: None, ..*row };
    refused(&next.iter().map(undated).collect::<Vec<_>>(), RoiDoubtKind::NoTime);
    let blind = |row: &Measurement| Measurement { gc_pause_ms: None, ..*row };
    refused(&next.iter().map(blind).collect::<Vec<_>>(), RoiDoubtKind::FewRows);
}
