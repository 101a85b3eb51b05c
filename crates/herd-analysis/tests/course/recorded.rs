//! Real services, recorded every ten seconds for two minutes: the healthy ones are not spoken of, though nothing but their goroutines is told
//! of them; of those that leak fast enough, the leaking family is.

use std::path::{Path, PathBuf};

use herd_analysis::Point;
use herd_analysis::course::{Course, Grown, Reading, Rules, families};
use herd_formats::dump::parse;

/// Time before the recording, in which the first count is what is usual.
const BEFORE_S: f64 = 600.0;
const EVERY_S: f64 = 5.0;

fn services(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(kind);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut services: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    services.sort();
    services
}

fn series(service: &Path, form: &str) -> Vec<Point> {
    let path = service.join(format!("go1.27.{form}.txt.zst"));
    let text = zstd::decode_all(std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    let snapshots = parse(&text.expect("it is zstd")).snapshots;
    assert!(snapshots.len() >= 12, "{}: {}", path.display(), snapshots.len());
    snapshots.into_iter().zip(0..).map(|(snapshot, at)| Point::new(Some(f64::from(at) * 10.0), snapshot)).collect()
}

/// What a course says of a recording whose load stays the same all the time: nothing that grows in it is explained by load.
fn told(points: &[Point]) -> Vec<(Grown, String)> {
    let rules = Rules { look_always_s: 10.0, ..Rules::default() };
    let mut course = Course::default();
    let mut told = Vec::new();
    let read = |course: &mut Course, at_s: f64, goroutines: u64| {
        let reading = Reading {
            goroutines: goroutines as f64,
            requests: Some(40.0 * at_s),
            cpu_s: Some(0.1 * at_s),
            started: Some(0.0),
            at_s,
        };
        course.read(&rules, reading);
    };
    let first = points[0].snapshot.goroutines;
    let steps = (BEFORE_S / EVERY_S) as u32;
    (0..steps).for_each(|step| read(&mut course, f64::from(step) * EVERY_S, first));
    for point in points {
        let at_s = BEFORE_S + point.at_s.expect("it has a time");
        read(&mut course, at_s, point.snapshot.goroutines);
        for grown in course.look(&rules, at_s, &families(point)) {
            let family = point.census.families.iter().find(|family| family.id == grown.family).expect("it is there");
            let group = &point.census.groups[family.groups[0]];
            let at = group.at.map(|frame| point.snapshot.func(frame).to_owned()).unwrap_or_default();
            told.push((grown, at));
        }
        // The second reading of these ten seconds.
        read(&mut course, at_s + EVERY_S, point.snapshot.goroutines);
    }
    told
}

#[test]
fn healthy_services_are_not_spoken_of() {
    let mut alarms = Vec::new();
    for service in services("healthy") {
        for form in ["series", "series1"] {
            let told = told(&series(&service, form));
            alarms.extend(told.first().map(|first| format!("{} {form}: {first:?}", service.display())));
        }
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

/// A lock that is never let go of piles up who comes by, and loops that ask somebody wait for the network: the first is for others to see, the
/// second takes minutes.
#[test]
fn services_that_leak_are_at_the_family_that_leaks() {
    for (service, at) in [
        ("bodies-unclosed", "net/http.(*persistConn).readLoop"),
        ("burst-senders", "main.syncShop"),
        ("conds-and-groups", "main.(*batch).display"),
        ("results-unread", "main.(*search).ask"),
        ("slow-drip", "main.(*subscription).drain"),
        ("stream-contexts", "main.(*feed).run"),
        ("tickers-per-session", "main.(*session).refresh"),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/leaking").join(service);
        let told = told(&series(&folder, "series"));
        assert!(told.iter().any(|(_, family)| family == at), "{service}: {told:?}");
    }
}
