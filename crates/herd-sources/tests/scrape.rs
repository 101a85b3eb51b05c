//! A fleet is asked: pages in every framing, connections that close, targets that mean harm.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use herd_formats::exposition::{Keep, Limits};
use herd_sources::scrape::{Asked, Batch, Outcome, Reach, Row, ScrapeError, Scraper, Settings};

const PAGE: &str = "# TYPE go_goroutines gauge\ngo_goroutines 7\nhttp_requests_total{code=\"200\"} 12\n";
/// No test waits longer.
const PATIENCE: Duration = Duration::from_mins(1);
const TIMEOUT: Duration = Duration::from_millis(1500);

/// A server that answers each request on each connection as `answer` says, which gets the number of the connection and of the request
/// on it, and says whether the connection stays.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

fn serve(answer: impl Fn(&mut TcpStream, usize) -> bool + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it listens").port();
    let connections = Arc::new(AtomicUsize::new(0));
    let answer = Arc::new(answer);
    let counted = connections.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            thread::spawn(move || talk(stream, &*answer));
        }
    });
    Server { port, connections }
}

fn talk(stream: TcpStream, answer: &dyn Fn(&mut TcpStream, usize) -> bool) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut writer = stream;
    for number in 0.. {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        if !answer(&mut writer, number) {
            return;
        }
    }
}

/// Writes what it can; the other side may have gone.
fn say(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).is_ok()
}

fn whole(page: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{page}", page.len())
}

fn asked(id: u32, port: u16) -> Asked {
    let url = format!("http://127.0.0.1:{port}/metrics").parse().expect("an address");
    Asked { id, url, every: Duration::from_millis(100), timeout: TIMEOUT, auth: None, reach: Reach::Named }
}

fn settings() -> Settings {
    Settings {
        keep: Keep::All,
        limits: Limits { series: 1000, key_bytes: 1000 },
        body_bytes_max: 1 << 20,
        flush: Duration::from_millis(20),
        ..Settings::default()
    }
}

/// Answers of one target until `enough` of them have come, each with the values of its page.
fn answers(asked: Asked, enough: usize) -> Vec<(Row, Vec<f64>)> {
    let (scraper, batches) = Scraper::start(&settings()).expect("threads");
    scraper.ask(asked);
    let all = take(&batches, |rows| rows.len() >= enough);
    scraper.stop();
    all
}

fn take(batches: &Receiver<Batch>, enough: impl Fn(&[(Row, Vec<f64>)]) -> bool) -> Vec<(Row, Vec<f64>)> {
    let until = Instant::now() + PATIENCE;
    let mut all = Vec::new();
    while !enough(&all) {
        assert!(Instant::now() < until, "nothing more came: {all:?}");
        let Ok(batch) = batches.recv_timeout(Duration::from_secs(1)) else { continue };
        assert_eq!(batch.dropped, 0);
        for row in batch.rows {
            let values = match &row.outcome {
                Outcome::Page { values, .. } => batch.values[values.clone()].to_vec(),
                Outcome::Failed(_) => Vec::new(),
            };
            all.push((row, values));
        }
    }
    all
}

#[track_caller]
fn check_page(server: &Server) {
    for (row, values) in answers(asked(1, server.port), 3) {
        let Outcome::Page { layout, lost, .. } = &row.outcome else { panic!("{row:?}") };
        assert_eq!(
            layout.series().map(|(key, _)| key).collect::<Vec<_>>(),
            ["go_goroutines", "http_requests_total{code=\"200\"}"]
        );
        assert_eq!((values, lost), (vec![7.0, 12.0], &None));
        assert_eq!((row.target, row.bytes as usize), (1, PAGE.len()));
    }
}

#[track_caller]
fn check_failure(server: &Server, expect: impl Fn(&ScrapeError) -> bool) {
    for (row, _) in answers(asked(1, server.port), 2) {
        let Outcome::Failed(error) = &row.outcome else { panic!("{row:?}") };
        assert!(expect(error), "{error:?}");
    }
}

#[test]
fn one_connection_serves_every_question() {
    let server = serve(|stream, _| say(stream, &whole(PAGE)));
    check_page(&server);
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn pages_come_in_every_framing() {
    check_page(&serve(|stream, _| {
        let (first, rest) = PAGE.split_at(10);
        say(stream, &format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n", first.len()))
            && say(stream, &format!("{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len()))
    }));
    check_page(&serve(|stream, _| {
        say(stream, &format!("HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n{PAGE}"));
        false
    }));
}

#[test]
fn a_connection_that_was_closed_is_opened_again_without_a_failure() {
    let closing = serve(|stream, _| {
        say(stream, &whole(PAGE));
        false
    });
    check_page(&closing);
    assert!(closing.connections.load(Ordering::SeqCst) >= 3);
    check_page(&serve(|stream, _| {
        say(stream, &whole(PAGE).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
        false
    }));
}

#[test]
fn series_that_change_are_another_layout_and_those_that_come_back_the_old_one() {
    let server = serve(|stream, number| say(stream, &whole(if number % 2 == 0 { PAGE } else { "go_goroutines 8\n" })));
    let all = answers(asked(1, server.port), 4);
    let layouts = all.iter().map(|(row, _)| match &row.outcome {
        Outcome::Page { layout, .. } => layout.clone(),
        Outcome::Failed(error) => panic!("{error}"),
    });
    let layouts: Vec<_> = layouts.collect();
    assert!(Arc::ptr_eq(&layouts[0], &layouts[2]) && Arc::ptr_eq(&layouts[1], &layouts[3]));
    assert!(!Arc::ptr_eq(&layouts[0], &layouts[1]));
    assert_eq!(all[1].1, [8.0]);
}

#[test]
fn what_is_no_page_is_told_by_its_kind() {
    check_failure(&serve(|stream, _| say(stream, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")), |error| {
        *error == ScrapeError::Status(503)
    });
    let to = "http://169.254.169.254/latest/meta-data/";
    check_failure(
        &serve(move |stream, _| say(stream, &format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))),
        |error| *error == ScrapeError::Redirect(to.into()),
    );
    check_failure(&serve(|stream, _| say(stream, &whole("<html>").replace("text/plain", "text/html"))), |error| {
        *error == ScrapeError::NotMetrics("text/html".into())
    });
    check_failure(&serve(|stream, _| say(stream, "SSH-2.0-OpenSSH_9.2\r\n\r\n")), |error| error.word() == "broken");
    check_failure(&serve(|_, _| false), |error| error.word() == "broken");
}

#[test]
fn a_page_without_end_a_slow_one_and_a_bomb_are_contained() {
    let too_large = |error: &ScrapeError| *error == ScrapeError::TooLarge(1 << 20);
    let endless = |stream: &mut TcpStream, head: &str| {
        say(stream, head);
        let line = "a_series_of_many 1\n".repeat(1000);
        while say(stream, &line) {}
        false
    };
    check_failure(&serve(move |stream, _| endless(stream, "HTTP/1.1 200 OK\r\n\r\n")), too_large);
    check_failure(&serve(move |stream, _| endless(stream, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")), too_large);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::repeat(b'\n').take(100 << 20), &mut packed).expect("memory");
    let packed = packed.finish().expect("memory");
    check_failure(
        &serve(move |stream, _| {
            say(stream, &format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len()))
                && stream.write_all(&packed).is_ok()
        }),
        too_large,
    );
    check_failure(
        &serve(|stream, _| {
            say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            while say(stream, "\n") {
                thread::sleep(Duration::from_millis(50));
            }
            false
        }),
        |error| *error == ScrapeError::TimedOut(TIMEOUT),
    );
    check_failure(
        &serve(|stream, _| {
            while say(stream, "X") {
                thread::sleep(Duration::from_millis(50));
            }
            false
        }),
        |error| *error == ScrapeError::TimedOut(TIMEOUT) || error.word() == "broken",
    );
}

#[test]
fn more_series_than_allowed_and_endless_labels_are_left_out_and_counted() {
    let long = format!("long{{label=\"{}\"}} 1\n", "x".repeat(100_000));
    let many: Vec<String> = (0..5000).map(|number| format!("many{{n=\"{number}\"}} {number}\n")).collect();
    let page = format!("{PAGE}{long}{}", many.concat());
    let server = serve(move |stream, _| say(stream, &whole(&page)));
    for (row, values) in answers(asked(1, server.port), 2) {
        let Outcome::Page { layout, lost: Some(lost), .. } = &row.outcome else { panic!("{row:?}") };
        assert_eq!((layout.len(), values.len(), lost.over_limit, lost.too_long), (1000, 1000, 4002, 1));
    }
}

#[test]
fn addresses_that_may_not_be_asked_are_not_asked() {
    let server = serve(|stream, _| say(stream, &whole(PAGE)));
    for (host, reach) in [
        ("127.0.0.1", Reach::Discovered),
        ("localhost", Reach::Discovered),
        ("127.0.0.1", Reach::Networks(vec!["10.0.0.0/8".parse().expect("a network")])),
    ] {
        let url = format!("http://{host}:{}/metrics", server.port).parse().expect("an address");
        for (row, _) in answers(Asked { url, reach, ..asked(1, server.port) }, 2) {
            let Outcome::Failed(ScrapeError::Forbidden(refused)) = &row.outcome else { panic!("{row:?}") };
            assert!(refused.address.is_loopback());
        }
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[test]
fn targets_come_and_go_while_others_are_asked() {
    let server = serve(|stream, _| say(stream, &whole(PAGE)));
    let (scraper, batches) = Scraper::start(&Settings { workers: 2, ..settings() }).expect("threads");
    (0..40).for_each(|id| scraper.ask(asked(id, server.port)));
    let times = |rows: &[(Row, Vec<f64>)]| {
        let mut times: BTreeMap<u32, usize> = BTreeMap::new();
        for (row, _) in rows {
            *times.entry(row.target).or_default() += 1;
        }
        times
    };
    take(&batches, |rows| times(rows).len() == 40);
    (0..20).for_each(|id| scraper.leave(id));
    // What was under way may still come.
    thread::sleep(Duration::from_millis(300));
    while batches.try_recv().is_ok() {}
    let later = take(&batches, |rows| times(rows).values().filter(|times| **times >= 2).count() == 20);
    assert!(later.iter().all(|(row, _)| row.target >= 20));
    scraper.stop();
}

#[test]
fn a_target_that_hangs_misses_its_turns_and_they_are_counted() {
    let server = serve(|stream, number| {
        if number == 0 {
            thread::sleep(Duration::from_millis(700));
        }
        say(stream, &whole(PAGE))
    });
    let all = answers(asked(1, server.port), 2);
    assert!(all[1].0.skipped >= 5, "{:?}", all[1].0);
}
