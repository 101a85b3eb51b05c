//! Processes over months, on a clock of their own: what leaks is found in time, what is healthy is never spoken of.

#![allow(clippy::print_stderr, reason = "the long form is run by hand for its figures")]

mod recorded;
mod service;

use std::collections::BTreeMap;

use herd_analysis::course::{Ask, Course, Grown, Rules, Scale};
use service::{Chance, DAY_S, HOUR_S, LEAKING, Leak, SHAPES, STEP_S, Service, Shape};

/// Days simulated of each drawn service.
const DAYS: f64 = 30.0;

/// What was said of a service, with the time it was said at.
struct Told {
    at_s: f64,
    grown: Grown,
}

/// Runs a service under watch until `until_s`, or until something is said where that is `enough`. Looks counted.
fn run(service: &mut Service, until_s: f64, enough: impl Fn(&Told) -> bool) -> (Vec<Told>, u64) {
    let rules = Rules::default();
    let mut course = Course::default();
    let (mut told, mut looks, mut steps) = (Vec::new(), 0, 0_u64);
    let mut next_look_s = f64::INFINITY;
    while service.at_s < until_s {
        service.step();
        steps += 1;
        let asked = if steps.is_multiple_of(2) { course.read(&rules, service.reading()) } else { Ask::Nothing };
        if asked == Ask::Nothing && service.at_s + STEP_S / 10.0 < next_look_s {
            continue;
        }
        looks += 1;
        for grown in course.look(&rules, service.at_s, &service.families()) {
            if grown.scale != Scale::Slow || grown.is_borne_out(service.waits_s(grown.family)) {
                told.push(Told { at_s: service.at_s, grown });
            }
        }
        if told.iter().any(&enough) {
            break;
        }
        next_look_s = course.next_look_s(&rules).filter(|apart| *apart < 5.0).map_or(f64::INFINITY, |apart| service.at_s + apart);
    }
    (told, looks)
}

/// Months of the long form: `COURSE_MONTHS=200 cargo test --release -p herd-analysis --test course`.
fn months() -> u64 {
    std::env::var("COURSE_MONTHS").ok().and_then(|months| months.parse().ok()).unwrap_or(8)
}

#[test]
fn healthy_services_are_never_spoken_of() {
    let mut alarms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut looks, mut hours) = (0, 0.0);
    for seed in 0..months() {
        let shape = SHAPES[seed as usize % SHAPES.len()];
        let mut service = Service::drawn(shape, seed);
        let (told, looked) = run(&mut service, DAYS * DAY_S, |_| false);
        looks += looked;
        hours += DAYS * 24.0;
        for Told { at_s, grown } in told {
            let line = format!("seed {seed}, hour {:.1}: {grown:?}", at_s / HOUR_S);
            alarms.entry(format!("{shape:?}")).or_default().push(line);
        }
    }
    eprintln!("{} service-months, {:.1} looks an hour", months(), looks as f64 / hours);
    let summary: Vec<String> = alarms
        .iter()
        .map(|(shape, lines)| format!("{shape}: {}\n  {}", lines.len(), lines[..lines.len().min(4)].join("\n  ")))
        .collect();
    assert!(alarms.is_empty(), "{}", summary.join("\n"));
}

/// Services drawn of each shape.
fn drawn() -> u64 {
    months().max(16) / 2
}

/// Of services drawn at random, each with a leak that begins at a time drawn at random, how many are found within `limit_s`.
#[track_caller]
fn check_found(rate_per_s: f64, limit_s: f64, shapes: &[Shape], least: f64) {
    let (mut found, mut of, mut late) = (0.0, 0.0, Vec::new());
    for seed in 1000..1000 + drawn() {
        for shape in shapes {
            let mut service = Service::drawn(*shape, seed);
            let from_s = Chance(seed).between(2.0 * HOUR_S, 26.0 * HOUR_S);
            service.leak = Some(Leak { from_s, rate_per_s });
            let (told, _) = run(&mut service, from_s + limit_s, |told| told.grown.family == LEAKING);
            of += 1.0;
            match told.iter().find(|told| told.grown.family == LEAKING) {
                Some(_) => found += 1.0,
                None => late.push(format!("{shape:?} {seed}")),
            }
        }
    }
    eprintln!("{rate_per_s}/s within {limit_s} s: {found} of {of}");
    assert!(
        std::env::var_os("COURSE_TRY").is_some() || found >= least * of,
        "{rate_per_s}/s within {limit_s} s: {found} of {of}; not: {}",
        late.join(", ")
    );
}

#[test]
fn leaks_are_found_in_time() {
    let calm = [Shape::Steady, Shape::Diurnal];
    check_found(20.0, 30.0, &calm, 0.95);
    check_found(5.0, 30.0, &calm, 0.85);
    // Where hundreds of requests are under way, sixty goroutines more are no more than chance.
    check_found(1.0, 60.0, &calm, 0.5);
    check_found(1.0, 400.0, &calm, 0.95);
    check_found(3.0 / 60.0, 900.0, &calm, 0.9);
    check_found(3.0 / 3600.0, DAY_S, &calm, 0.9);
}
