//! What is asked of a healthy connection, under every kind of address.

use std::net::TcpListener;

use herd_model::{NoteKind, Origin, TargetKind};
use herd_sources::{Auth, Options, SourceError, TimeFrom, Want};

use crate::server::{Server, asked, notes, options, refused, standing_in, witnesses};

#[test]
fn a_small_service_is_asked_for_its_stacks() {
    let server = Server::start(&["-leak", "send", "-count", "30"]);
    for target in [
        server.url(),
        server.address.clone(),
        format!(":{}", server.address.rsplit_once(':').unwrap().1),
        format!("{}/debug/pprof", server.url()),
        format!("{}/debug/pprof/", server.url()),
    ] {
        let testimonies = asked(&target, &options());
        assert_eq!(witnesses(&testimonies), ["goroutine?debug=2"], "{target}");
        let stacks = &testimonies[0];
        assert_eq!((stacks.kind, stacks.target_name.as_str()), (TargetKind::Url, target.as_str()));
        assert_eq!(stacks.snapshot.origin, Origin::Stacks);
        assert_eq!(standing_in(stacks, "main.sendResult"), 30);
        assert!(stacks.taken_at_ns.is_some() && stacks.taken_at_ns == stacks.snapshot.taken_at_ns);
        assert_eq!(stacks.taken_at_from, TimeFrom::Asked);
        assert!(stacks.cost.as_ref().unwrap().contains("the world stopped"), "{:?}", stacks.cost);
        assert!(stacks.bytes > 30 * 100);
    }
}

#[test]
fn a_large_service_is_asked_for_counts_unless_told() {
    let server = Server::start(&["-leak", "receive", "-count", "200"]);
    let limited = Options { max_goroutines_for_stw: 100, ..options() };

    let testimonies = asked(&server.url(), &limited);
    assert_eq!(witnesses(&testimonies), ["goroutine?debug=0"]);
    assert_eq!(testimonies[0].snapshot.origin, Origin::ProfileProto);
    assert!(testimonies[0].snapshot.goroutines >= 200);
    let note = testimonies[0].notes.iter().find(|note| note.kind == NoteKind::NotAsked).unwrap();
    assert!(note.text.contains("--allow-stw") && note.text.contains("limit of 100"), "{}", note.text);

    let told = asked(&server.url(), &Options { allow_stw: true, ..limited.clone() });
    assert_eq!(witnesses(&told), ["goroutine?debug=2"]);

    let error = refused(&server.url(), &Options { want: Want::StacksOnly, ..limited.clone() });
    assert!(matches!(error, SourceError::StopsTheWorld { limit: 100, goroutines: 200.., .. }), "{error}");

    let counts = asked(&server.url(), &Options { want: Want::CountsOnly, ..options() });
    assert_eq!(witnesses(&counts), ["goroutine?debug=0"]);
    assert!(!notes(&counts[0]).contains("--allow-stw"));
}

#[test]
fn a_profile_named_in_the_address_is_fetched_as_named() {
    let server = Server::start(&["-leak", "select", "-count", "5"]);
    let limited = Options { max_goroutines_for_stw: 1, ..options() };
    for (query, origin) in [
        ("", Origin::ProfileProto),
        ("?debug=0", Origin::ProfileProto),
        ("?debug=1", Origin::ProfileText),
        ("?debug=2", Origin::Stacks),
    ] {
        let testimonies = asked(&format!("{}/debug/pprof/goroutine{query}", server.url()), &limited);
        assert_eq!(testimonies.len(), 1);
        assert_eq!(testimonies[0].snapshot.origin, origin, "{query}");
        assert!(testimonies[0].snapshot.goroutines >= 5, "{query}");
    }
}

#[test]
fn prefixes_are_found() {
    let server = Server::start(&["-prefix", "/ops/debug"]);
    for target in ["/ops", "/ops/debug", "/ops/debug/pprof/", "/ops/debug/pprof/goroutine?debug=1"] {
        let testimonies = asked(&format!("{}{target}", server.url()), &options());
        assert!(testimonies[0].snapshot.goroutines > 0, "{target}");
    }
    asked(&server.url(), &Options { prefix: Some("/ops/".into()), ..options() });

    let error = refused(&server.url(), &options());
    assert!(matches!(error, SourceError::HttpStatus { status: 404, .. }), "{error}");
    assert!(error.to_string().contains("/debug/pprof/") && error.to_string().contains("404 page not found"), "{error}");
    assert!(error.next_step().contains("PREFIX"), "{}", error.next_step());
}

#[test]
fn credentials_open_the_door_and_show_nowhere() {
    let server = Server::start(&["-basic-auth", "ann:s3cret", "-bearer", "t0ken"]);
    for auth in [Auth::Basic { user: "ann".into(), password: "s3cret".into() }, Auth::Bearer("t0ken".into())] {
        asked(&server.url(), &Options { auth: Some(auth), ..options() });
    }
    let headers = vec![("Authorization".to_owned(), "Bearer t0ken".to_owned())];
    asked(&server.url(), &Options { headers, ..options() });
    let in_the_address = asked(&format!("http://ann:s3cret@{}/?token=also-s3cret", server.address), &options());
    assert_eq!(in_the_address[0].target_name, server.url());
    assert!(!format!("{in_the_address:?}").contains("s3cret"));

    for wrong in [None, Some(Auth::Bearer("wrong-t0ken".into()))] {
        let error = refused(&server.url(), &Options { auth: wrong, ..options() });
        assert!(matches!(error, SourceError::HttpStatus { status: 401, .. }), "{error}");
        assert!(error.next_step().contains("--bearer-env"));
        assert!(!error.to_string().contains("t0ken"));
    }
}

#[test]
fn tls_is_verified_against_the_system_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let server = Server::start(&["-tls", "-cert-out", ca.to_str().unwrap()]);
    let url = format!("https://{}", server.address);

    let error = refused(&url, &options());
    assert!(matches!(error, SourceError::Tls { .. }), "{error}");
    assert!(error.next_step().contains("--cacert"));
    asked(&url, &Options { ca_file: Some(ca.clone()), ..options() });
    asked(&url, &Options { insecure_tls: true, ..options() });

    // The certificate names 127.0.0.1 and localhost: trusted for these, and for no other name of the same machine.
    let port = server.address.rsplit_once(':').unwrap().1;
    asked(&format!("https://localhost:{port}"), &Options { ca_file: Some(ca.clone()), ..options() });
    let other = refused(&format!("https://127.0.0.2:{port}"), &Options { ca_file: Some(ca.clone()), ..options() });
    assert!(matches!(other, SourceError::Tls { .. } | SourceError::Unreachable { .. }), "{other}");

    let spoken_plainly = refused(&server.url(), &options());
    assert!(spoken_plainly.to_string().contains("HTTPS"), "{spoken_plainly}");
    let nothing = refused(&url, &Options { ca_file: Some(folder.path().join("none.pem")), ..options() });
    assert!(matches!(nothing, SourceError::BadOption { option: "--cacert", .. }), "{nothing}");
}

#[cfg(unix)]
#[test]
fn unix_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("pprof.sock");
    let server = Server::start(&["-unix", socket.to_str().unwrap(), "-prefix", "/ops/debug", "-leak", "io", "-count", "3"]);
    assert_eq!(server.address, socket.to_str().unwrap());
    let target = format!("unix:{}:/ops", socket.display());
    let testimonies = asked(&target, &options());
    assert_eq!(testimonies[0].target_name, target);
    assert!(testimonies[0].snapshot.goroutines > 3);
}

#[test]
fn a_proxy_is_used_when_given() {
    let server = Server::start(&[]);
    // A plain-http proxy is asked with the absolute address; a Go server understands that form.
    let proxied = Options { proxy: Some(server.url()), ..options() };
    let testimonies = asked("http://orders.invalid:6060", &proxied);
    assert!(testimonies[0].snapshot.goroutines > 0);

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = refused(&server.url(), &Options { proxy: Some(format!("http://{nobody}")), ..options() });
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
    let error = refused(&server.url(), &Options { proxy: Some("::".into()), ..options() });
    assert!(matches!(error, SourceError::BadOption { option: "--proxy", .. }), "{error}");
}
