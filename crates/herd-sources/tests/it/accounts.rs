//! `/debug/goherd` beside profiles: services that have none, refuse it, or answer what is none. The profiles are judged all the same.

use std::io::Write;

use herd_model::NoteKind;
use herd_sources::{AccountAsked, Options, Testimony};

use crate::faults::{ok, peer};
use crate::server::{asked, options};

const INDEX: &[u8] = b"<td>3</td><td><a href='goroutine?debug=1'>goroutine</a></td>";
const DUMP: &[u8] = b"goroutine 1 [select]:\nmain.main()\n\t/main.go:7 +0x1d\n";
const ACCOUNT: &str =
    r#"{"schema":"goherd-account/1","runtime":{"goroutines":2000},"endpoints":[{"service":"s","endpoint":"e","live":1}]}"#;

/// A service whose account is this answer, asked for it.
fn with(account: Vec<u8>) -> Testimony {
    let service = peer(move |path, socket| {
        let answer = match path {
            "/debug/pprof/" => ok("", INDEX),
            "/debug/pprof/goroutine?debug=2" => ok("", DUMP),
            "/debug/pprof/goroutine?debug=0" => {
                ok("", b"goroutine profile: total 1\n1 @ 0x1\n#\t0x1\tmain.main+0x1\t/main.go:7\n")
            }
            "/debug/goherd" => account.clone(),
            other => panic!("{other} was asked"),
        };
        // A peer that has read enough closes.
        let _sent = socket.write_all(&answer);
    });
    let options = Options { account: AccountAsked::Counters, ..options() };
    asked(&format!("http://{service}"), &options).remove(0)
}

fn status(line: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn its_count_decides_what_may_be_stopped() {
    let testimony = with(ok("", ACCOUNT.as_bytes()));
    assert_eq!(testimony.witness, "/debug/goherd, goroutine?debug=0", "2,000 are above the limit");
    let account = testimony.snapshot.account.expect("an account");
    assert_eq!(account.rows.len(), 1);
    assert!(testimony.cost.is_some_and(|cost| cost.starts_with("/debug/goherd: ")));
}

#[test]
fn services_without_one_are_asked_as_ever() {
    for answer in [
        status("404 Not Found", "404 page not found"),
        status("403 Forbidden", "not for you"),
        status("500 Internal Server Error", "no"),
        status("302 Found", ""),
        ok("Content-Type: text/html\r\n", b"<html><title>shop</title>"),
        ok("", b"{\"schema\":\"else/1\"}"),
        ok("", b""),
    ] {
        let testimony = with(answer);
        assert_eq!(testimony.witness, "goroutine?debug=2");
        assert!(testimony.snapshot.account.is_none() && testimony.notes.is_empty(), "{:?}", testimony.notes);
    }
}

#[test]
fn a_refusal_of_the_module_has_a_next_step_and_odd_answers_are_told() {
    let refused =
        with(status("403 Forbidden", "goherd: this page is for the own machine only; account.WithAuth can change that"));
    assert!(
        matches!(refused.notes.as_slice(), [note] if note.kind == NoteKind::NotAsked && note.text.contains("account.WithAuth"))
    );
    let long = ok("", &[br#"{"schema":"goherd-account/1","x":""#.as_slice(), &vec![b'x'; 5 << 20], b"\"}"].concat());
    let deep = ok("", &[br#"{"schema":"goherd-account/1","x":"#.as_slice(), &vec![b'['; 1 << 20]].concat());
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n{\"schema\":".to_vec();
    for answer in
        [long, deep, cut, ok("", br#"{"schema":"goherd-account/2"}"#), ok("", br#"{"schema":"goherd-account/1","tasks":7}"#)]
    {
        let testimony = with(answer);
        assert_eq!(testimony.snapshot.goroutines, 1);
        assert!(testimony.snapshot.account.is_none());
        assert!(
            matches!(testimony.notes.as_slice(), [note] if note.text.starts_with("/debug/goherd was not ")),
            "{:?}",
            testimony.notes
        );
    }
}
