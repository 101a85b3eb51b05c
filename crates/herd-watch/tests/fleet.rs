//! Real pages from real sockets, in the store and in each target's course.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use herd_analysis::course::{Ask, FamilyCount, Rules};
use herd_config::{Targets, Watch};
use herd_model::StateClass;
use herd_sources::scrape::{Scraper, Settings};
use herd_store::{Fold, LabelMatch, Limits, SeriesQuery, Store};
use herd_watch::fleet::{Fleet, UP, Wanted};
use herd_watch::targets::{Finder, Target};

/// No test waits longer.
const PATIENCE: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_millis(100);

/// A service whose goroutines are as many as `goroutines` says; it breaks off while that is zero.
fn service(goroutines: &Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it listens").port();
    let goroutines = goroutines.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let goroutines = goroutines.clone();
            thread::spawn(move || answer(stream, &goroutines));
        }
    });
    port
}

fn answer(mut stream: TcpStream, goroutines: &AtomicU64) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line != "\r\n" {
            line.clear();
            continue;
        }
        line.clear();
        let count = goroutines.load(Ordering::SeqCst);
        let page =
            format!("# TYPE go_goroutines gauge\ngo_goroutines {count}\nprocess_cpu_seconds_total 1\nhttp_requests_total 5\n");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", page.len());
        if count == 0 || stream.write_all((head + &page).as_bytes()).is_err() {
            return;
        }
    }
}

fn targets(ports: &[u16]) -> Vec<Target> {
    let addresses: Vec<String> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    let text = format!("[[static]]\naddresses = [{}]\nlabels = {{ service = \"shop\" }}\n", addresses.join(","));
    let targets: Targets = toml::from_str(&text).expect("it is right");
    let mut finder = Finder::new(&targets, &Watch::default(), std::path::Path::new(".")).expect("it is right");
    let mut targets = finder.find(Instant::now()).0;
    for target in &mut targets {
        (target.asked.every, target.asked.timeout) = (EVERY, EVERY);
    }
    targets
}

/// Runs the fleet until `enough`.
fn run(fleet: &mut Fleet, targets: &[Target], mut enough: impl FnMut(&Fleet, &[Wanted]) -> bool) {
    let (scraper, batches) =
        Scraper::start(&Settings { flush: Duration::from_millis(20), ..Settings::default() }).expect("threads");
    for target in targets {
        scraper.ask(target.asked.clone());
    }
    let until = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < until, "not enough: {:?}", fleet.counters);
        let Ok(batch) = batches.recv_timeout(Duration::from_secs(1)) else { continue };
        let wanted = fleet.take(&batch);
        if enough(fleet, &wanted) {
            break;
        }
    }
    scraper.stop();
}

fn points(store: &Store, series: &str, instance: &str) -> Vec<f64> {
    let query = SeriesQuery {
        keys: vec![series.to_owned()],
        labels: vec![LabelMatch::Equal("instance".to_owned(), instance.to_owned())],
        from_ms: 0,
        to_ms: i64::MAX,
        step_ms: 0,
        fold: Fold::Last,
    };
    let found = store.reader().series(&query).expect("the store answers");
    found.into_iter().flat_map(|series| series.values).collect()
}

#[test]
fn samples_are_in_the_store_and_a_target_that_is_away_is_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let goroutines = Arc::new(AtomicU64::new(7));
    let (there, other) = (service(&goroutines), service(&Arc::new(AtomicU64::new(9))));
    let targets = targets(&[there, other]);
    let mut fleet = Fleet::new(Store::open(folder.path(), &Limits::default()).expect("a store"), Rules::default(), EVERY);
    fleet.follow(&targets);
    run(&mut fleet, &targets, |fleet, _| fleet.counters.pages >= 6);
    goroutines.store(0, Ordering::SeqCst);
    run(&mut fleet, &targets, |fleet, _| fleet.counters.failures.get("broken").is_some_and(|broken| *broken >= 3));
    goroutines.store(8, Ordering::SeqCst);
    let before = fleet.counters.pages;
    run(&mut fleet, &targets, |fleet, _| fleet.counters.pages >= before + 6);
    let (store, counters) = fleet.finish();
    assert_eq!((counters.dropped, counters.unstored, counters.left_out), (0, 0, 0));
    let instance = format!("127.0.0.1:{there}");
    let up = points(&store, UP, &instance);
    assert_eq!((up[0], up.last()), (1.0, Some(&1.0)));
    assert!(up.iter().filter(|up| **up == 0.0).count() >= 3, "{up:?}");
    let seen = points(&store, "go_goroutines", &instance);
    assert!(
        seen.starts_with(&[7.0]) && seen.ends_with(&[8.0]) && seen.iter().all(|count| [7.0, 8.0].contains(count)),
        "{seen:?}"
    );
    let others = points(&store, "go_goroutines", &format!("127.0.0.1:{other}"));
    assert!(others.iter().all(|count| [9.0].contains(count)), "{others:?}");
    drop(store);
    let again = Store::open(folder.path(), &Limits::default()).expect("the store");
    assert_eq!(points(&again, UP, &instance), up);
}

#[test]
fn a_count_that_rises_asks_for_looks_and_looks_tell_the_family() {
    let folder = tempfile::tempdir().expect("a folder");
    let goroutines = Arc::new(AtomicU64::new(20));
    let targets = targets(&[service(&goroutines)]);
    // Everything a hundred times as fast.
    let rules = Rules { usual_s: 6.0, warm_s: 0.2, look_s: 0.1, look_always_s: 3600.0, look_slow_s: 7200.0, ..Rules::default() };
    let mut fleet = Fleet::new(Store::open(folder.path(), &Limits::default()).expect("a store"), rules, EVERY);
    fleet.follow(&targets);
    let id = targets[0].asked.id;
    let mut asked = Vec::new();
    run(&mut fleet, &targets, |fleet, wanted| {
        asked.extend(wanted.iter().map(|wanted| wanted.ask));
        fleet.counters.pages >= 30
    });
    assert!(!asked.contains(&Ask::Growing), "{asked:?}");
    let mut growing = 0;
    run(&mut fleet, &targets, |fleet, wanted| {
        goroutines.fetch_add(3, Ordering::SeqCst);
        growing += wanted.iter().filter(|wanted| **wanted == Wanted { target: id, ask: Ask::Growing }).count();
        assert!(fleet.counters.pages < 400, "nothing was asked for");
        growing >= 3
    });
    let family = FamilyCount { id: 5, count: 3, class: StateClass::ChanSend, inbound: false };
    assert_eq!(fleet.look(id, 1e12, &[family]), [], "one look alone tells nothing");
    assert_eq!(fleet.look(id + 1, 1e12, &[family]), [], "nobody has this number");
}
