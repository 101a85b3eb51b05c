//! Peers that are not there, not what they seem, or do not finish: each a clear error with a next step, none a hang.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use herd_sources::{CancelFlag, ErrorClass, MAX_BODY_BYTES, Options, SourceError, Target, collect};

use crate::server::{Server, asked, options, refused};

/// A peer that gives each request's path to `answer`, which writes what it likes; then the connection is closed.
pub fn peer(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut head = BufReader::new(socket.try_clone().unwrap());
            let mut first = String::new();
            head.read_line(&mut first).unwrap();
            let mut line = String::new();
            while head.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            answer(first.split(' ').nth(1).unwrap_or_default(), &mut socket);
        }
    });
    address
}

/// A peer that answers everything alike.
fn always(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = answer.into();
    peer(move |_, socket| socket.write_all(&answer).unwrap())
}

pub fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn status(line: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\n{headers}Content-Length: 12\r\nConnection: close\r\n\r\nthe reason.\n").into_bytes()
}

#[track_caller]
fn at(peer: SocketAddr) -> SourceError {
    let error = refused(&format!("http://{peer}"), &options());
    assert_eq!(error.class(), ErrorClass::Target, "{error}");
    error
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn nobody_answers() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = at(closed);
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
    let error = refused("http://nobody.invalid:6060", &options());
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
}

#[test]
fn a_login_page_is_called_one() {
    let page = b"<!DOCTYPE html>\n<html><head><title>Sign in to Shop</title></head><body>please</body></html>";
    let error = at(always(ok("Content-Type: text/html\r\n", page)));
    assert!(matches!(&error, SourceError::NotADump { what, .. } if what.contains("Sign in to Shop")), "{error}");
    assert!(error.next_step().contains("login"), "{}", error.next_step());
    let error = at(always(ok("", b"")));
    assert!(error.to_string().ends_with("this is empty"), "{error}");
}

#[test]
fn refusals_keep_their_status_and_first_line() {
    for (line, code) in [("403 Forbidden", 403), ("429 Too Many Requests", 429), ("500 Oh", 500), ("502 Bad Gateway", 502)] {
        let error = at(always(status(line, "")));
        assert!(matches!(error, SourceError::HttpStatus { status, .. } if status == code), "{error}");
        assert!(error.to_string().contains(&code.to_string()) && error.to_string().ends_with(": the reason."), "{error}");
    }
}

#[test]
fn a_redirect_elsewhere_is_reported_and_not_followed() {
    let trap = peer(|_, _| panic!("credentials were carried to another host"));
    let location = format!("Location: http://{trap}/login?state=s3cret\r\n");
    let headers = vec![("X-Token".to_owned(), "t0ken".to_owned())];
    let error = refused(&format!("http://{}", always(status("302 Found", &location))), &Options { headers, ..options() });
    assert!(matches!(error, SourceError::HttpStatus { status: 302, .. }), "{error}");
    assert!(error.to_string().contains(&format!("redirects to http://{trap}/login")), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn a_redirect_on_the_spot_is_followed() {
    let server = Server::start(&[]);
    let index = server.fetch("/debug/pprof/");
    let dump = server.fetch("/debug/pprof/goroutine?debug=2");
    let moved = peer(move |path, socket| {
        let answer = match path {
            "/debug/pprof/" => status("301 Moved Permanently", "Location: /debug/pprof/index\r\n"),
            "/debug/pprof/index" => ok("", &index),
            _ => ok("", &dump),
        };
        socket.write_all(&answer).unwrap();
    });
    assert_eq!(asked(&format!("http://{moved}"), &options())[0].witness, "goroutine?debug=2");
    let circle = peer(|path, socket| socket.write_all(&status("302 Found", &format!("Location: {path}x\r\n"))).unwrap());
    assert!(matches!(at(circle), SourceError::HttpStatus { status: 302, .. }));
}

#[test]
fn an_answer_that_breaks_off() {
    let error = at(always("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ngoroutine 1 [running]:\n"));
    assert!(matches!(error, SourceError::Cut { bytes: 23, .. }), "{error}");
    assert!(error.next_step().contains("WriteTimeout"), "{}", error.next_step());
    let error = at(always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ngorou\r\n"));
    assert!(matches!(error, SourceError::Cut { bytes: 5, .. }), "{error}");
    for not_http in ["SSH-2.0-OpenSSH_9.6\r\n", ""] {
        assert!(matches!(at(always(not_http)), SourceError::Cut { bytes: 0, .. }), "{not_http}");
    }
}

/// A peer that says `opening` and then nothing, until the sender is dropped.
fn stalls(opening: &'static str) -> (SocketAddr, std::sync::mpsc::Sender<()>) {
    let (keep, until): (_, Receiver<()>) = channel();
    let address = peer(move |_, socket| {
        socket.write_all(opening.as_bytes()).unwrap();
        until.recv().expect_err("it is only ever dropped");
    });
    (address, keep)
}

#[test]
fn an_answer_that_does_not_come() {
    for opening in ["", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ngorou"] {
        let (address, _keep) = stalls(opening);
        let error = refused(&format!("http://{address}"), &Options { timeout: Duration::from_millis(300), ..options() });
        assert!(matches!(&error, SourceError::Timeout { asked, .. } if asked == "/debug/pprof/"), "{error}");
        assert!(error.to_string().contains("within 0.3 s"), "{error}");
    }
}

#[test]
fn ctrl_c_ends_the_wait() {
    let (address, _keep) = stalls("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ngorou");
    let target = Target::parse(&format!("http://{address}")).unwrap();
    let cancel = CancelFlag::new();
    let raise = cancel.clone();
    let raiser = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        raise.cancel();
    });
    // Without the flag this would take ten minutes and end as a timeout.
    let error = collect(&target, &Options { timeout: Duration::from_mins(10), ..options() }, &cancel).unwrap_err();
    raiser.join().unwrap();
    assert!(matches!(error, SourceError::Interrupted), "{error}");
    assert_eq!(error.class(), ErrorClass::Interrupted);
}

/// A gateway that packs what the service answers, asked or not.
fn packing(encoding: &'static str, pack: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let server = Server::start(&["-leak", "ctx", "-count", "9"]);
    peer(move |path, socket| {
        let packed = pack(&server.fetch(path));
        socket.write_all(&ok(&format!("Content-Encoding: {encoding}\r\n"), &packed)).unwrap();
    })
}

#[test]
fn answers_packed_on_the_way() {
    let gateways = [packing("gzip", gzip), packing("zstd", |body| zstd::encode_all(body, 3).unwrap())];
    for gateway in gateways {
        let testimonies = asked(&format!("http://{gateway}"), &options());
        assert_eq!(testimonies[0].witness, "goroutine?debug=2");
        assert!(testimonies[0].snapshot.goroutines > 9);
    }
    let error = at(packing("br", <[u8]>::to_vec));
    assert!(matches!(&error, SourceError::Unsupported { what, .. } if what.contains("`br`")), "{error}");
    let error = at(packing("gzip", |body| gzip(body)[..40].to_vec()));
    assert!(matches!(error, SourceError::Damaged { .. }), "{error}");
}

#[test]
fn an_answer_that_unpacks_without_end() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    std::io::copy(&mut std::io::repeat(b' ').take(MAX_BODY_BYTES + 1), &mut bomb).unwrap();
    let error = at(always(ok("Content-Encoding: gzip\r\n", &bomb.finish().unwrap())));
    assert!(matches!(error, SourceError::TooLarge { limit: MAX_BODY_BYTES, .. }), "{error}");
}
