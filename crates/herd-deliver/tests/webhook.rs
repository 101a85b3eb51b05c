//! Deliveries to real receivers on loopback: one that records what arrives, and one that speaks TLS.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use herd_deliver::{
    DELIVERY_HEADER, DeliverError, MAX_FINDINGS, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, Webhook, deliver, signature,
};
use herd_model::{Certainty, Envelope, Finding, PatternId, Place, Severity, Step, Target, TargetKind, Verdict};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

struct Arrived {
    headers: HeaderMap,
    body: Bytes,
}

/// What the receiver answers, call by call (then 200), and what arrived.
#[derive(Clone)]
struct Receiver {
    address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    answers: Arc<Mutex<VecDeque<(u16, Duration)>>>,
}

impl Receiver {
    fn start(answers: &[(u16, Duration)]) -> Receiver {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let receiver = Receiver {
            address: listener.local_addr().unwrap(),
            arrived: Arc::default(),
            answers: Arc::new(Mutex::new(answers.iter().copied().collect())),
        };
        let app = Router::new().route("/hook", post(receive)).with_state(receiver.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap() });
        });
        receiver
    }

    fn webhook(&self) -> Webhook {
        Webhook {
            backoff: Duration::from_millis(5),
            timeout: Duration::from_secs(5),
            ..Webhook::new(&format!("http://{}/hook", self.address))
        }
    }

    fn calls(&self) -> usize {
        self.arrived.lock().unwrap().len()
    }

    fn header(&self, call: usize, name: &str) -> String {
        self.arrived.lock().unwrap()[call].headers[name].to_str().unwrap().to_owned()
    }

    fn body(&self, call: usize) -> Bytes {
        self.arrived.lock().unwrap()[call].body.clone()
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    receiver.arrived.lock().unwrap().push(Arrived { headers, body });
    let answer = receiver.answers.lock().unwrap().pop_front();
    let (status, delay) = answer.unwrap_or((200, Duration::ZERO));
    tokio::time::sleep(delay).await;
    let headers = match status {
        429 => [(header::RETRY_AFTER, "1")],
        _ => [(header::LOCATION, "/elsewhere")],
    };
    (StatusCode::from_u16(status).unwrap(), headers, "no such tenant\nsecond line").into_response()
}

fn finding(fingerprint: &str, severity: Severity) -> Finding {
    Finding {
        id: PatternId::new("LK001"),
        target: "orders".into(),
        title: "Send that nobody receives".into(),
        severity,
        certainty: Certainty::Suspected,
        count: 412,
        rate_per_s: Some(9.0),
        at: Place { func: "orders/audit.(*Log).send".into(), file: "audit/log.go".into(), line: 41 },
        started_by: None,
        waits_on: "chan send".into(),
        since_s: None,
        evidence: Vec::new(),
        why: "Nobody receives.".into(),
        fix: "Receive, or give up with a context.".into(),
        next: vec!["goherd explain LK001".into()],
        steps: vec![Step::command(&["goherd", "explain", "LK001"])],
        fingerprint: fingerprint.into(),
        also: Vec::new(),
        family: None,
        position: None,
        repair: None,
    }
}

fn envelope(findings: Vec<Finding>) -> Envelope {
    let mut envelope = Envelope::new("doctor", "0.1.0");
    envelope.verdict = Verdict::Findings;
    envelope.findings = findings;
    envelope.targets.push(Target {
        kind: TargetKind::Url,
        name: "orders:6060".into(),
        go_version: Some("go1.26.8".into()),
        witnesses: vec!["goroutine?debug=2".into()],
        bytes: 1,
        looked_s: None,
        cost: None,
    });
    envelope
}

fn one() -> Envelope {
    envelope(vec![finding("00000000000000aa", Severity::Warning), finding("00000000000000bb", Severity::Critical)])
}

#[test]
fn what_arrives_is_the_documented_json_and_its_signature_holds() {
    let receiver = Receiver::start(&[]);
    let webhook = Webhook {
        secret: Some(Secret("it is a secret".into())),
        headers: vec![("X-Tenant".into(), "shop".into())],
        ..receiver.webhook()
    };
    let receipt = deliver(&webhook, &one()).unwrap();
    assert_eq!((receipt.status, receipt.attempts, receiver.calls()), (200, 1, 1));

    let body = receiver.body(0);
    assert_eq!(receipt.bytes, body.len() as u64);
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["schema"], "goherd-webhook/1");
    assert_eq!(json["verdict"], "findings");
    assert_eq!(json["severity"], "critical");
    assert_eq!(json["targets"], serde_json::json!([{"kind": "url", "name": "orders:6060", "go_version": "go1.26.8"}]));
    assert_eq!(json["fingerprints"], serde_json::json!(["00000000000000aa", "00000000000000bb"]));
    assert_eq!(json["findings"][1]["at"]["line"], 41);
    assert_eq!(json["findings_not_listed"], 0);

    let timestamp: u64 = receiver.header(0, TIMESTAMP_HEADER).parse().unwrap();
    assert_eq!(receiver.header(0, SIGNATURE_HEADER), signature("it is a secret", timestamp, &body));
    assert_eq!(receiver.header(0, "content-type"), "application/json");
    assert_eq!(receiver.header(0, "x-tenant"), "shop");
    assert_eq!(receiver.header(0, DELIVERY_HEADER), receipt.delivery);
}

#[test]
fn a_receiver_that_recovers_gets_the_same_delivery_again() {
    let receiver = Receiver::start(&[(503, Duration::ZERO), (429, Duration::ZERO)]);
    let receipt = deliver(&receiver.webhook(), &one()).unwrap();
    assert_eq!((receipt.attempts, receiver.calls()), (3, 3));
    assert!(receipt.seconds >= 1.0, "429 came with `Retry-After: 1`, far above the back-off: {}", receipt.seconds);
    for call in 0..3 {
        assert_eq!(receiver.header(call, DELIVERY_HEADER), receipt.delivery);
        assert_eq!(receiver.body(call), receiver.body(0));
    }
    assert!(!receiver.arrived.lock().unwrap()[0].headers.contains_key(SIGNATURE_HEADER));
}

#[test]
fn a_refusal_is_final() {
    for status in [400, 401, 404, 422, 308] {
        let receiver = Receiver::start(&[(status, Duration::ZERO)]);
        let error = deliver(&receiver.webhook(), &one()).unwrap_err();
        assert_eq!(receiver.calls(), 1, "{status}");
        let expected = format!("{} answers {status} (1 attempt): no such tenant", receiver.address);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_receiver_that_keeps_failing_is_given_up() {
    let receiver = Receiver::start(&[(500, Duration::ZERO); 9]);
    let error = deliver(&Webhook { retries: 2, ..receiver.webhook() }, &one()).unwrap_err();
    assert_eq!(receiver.calls(), 3);
    assert!(matches!(error, DeliverError::Refused { status: 500, attempts: 3, .. }), "{error}");
}

#[test]
fn a_receiver_too_slow_is_tried_again() {
    let receiver = Receiver::start(&[(200, Duration::from_mins(1))]);
    let receipt = deliver(&Webhook { timeout: Duration::from_millis(300), ..receiver.webhook() }, &one()).unwrap();
    assert_eq!((receipt.attempts, receiver.calls()), (2, 2));
}

#[test]
fn nobody_there() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://ann:hidden@{address}/hook?token=hidden");
    let webhook = Webhook { retries: 1, backoff: Duration::from_millis(1), ..Webhook::new(&url) };
    let error = deliver(&webhook, &one()).unwrap_err();
    assert!(matches!(error, DeliverError::Unreachable { attempts: 2, .. }), "{error}");
    assert!(!error.to_string().contains("hidden"), "{error}");
}

#[test]
fn more_findings_than_one_call_carries_are_counted() {
    let receiver = Receiver::start(&[]);
    let many = (0..MAX_FINDINGS + 7).map(|n| finding(&format!("{n:016x}"), Severity::Info)).collect();
    deliver(&receiver.webhook(), &envelope(many)).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&receiver.body(0)).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), MAX_FINDINGS);
    assert_eq!(json["findings_not_listed"], 7);
}

#[test]
fn an_address_that_is_none() {
    for url in ["", "hook", "ftp://h/x", "http://"] {
        let error = deliver(&Webhook::new(url), &one()).unwrap_err();
        assert!(matches!(error, DeliverError::Unusable { .. }), "{url}: {error}");
    }
    let header = ("bad name".to_owned(), "x".to_owned());
    let error = deliver(&Webhook { headers: vec![header], ..Webhook::new("http://localhost/") }, &one()).unwrap_err();
    assert!(error.to_string().contains("bad name"), "{error}");
}

/// A receiver with a certificate of its own authority; answers 204 to whatever it gets, once a connection.
fn tls_receiver(authority: &Path) -> SocketAddr {
    let mut issuer = CertificateParams::new(Vec::new()).unwrap();
    issuer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer_key = KeyPair::generate().unwrap();
    std::fs::write(authority, issuer.self_signed(&issuer_key).unwrap().pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(issuer, issuer_key)).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, socket.unwrap());
            if reads_to(&mut stream, b"\"candidates\":0}") {
                stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
            }
        }
    });
    address
}

/// Whether `end` arrives; a client that distrusts the certificate breaks off before.
fn reads_to(stream: &mut impl Read, end: &[u8]) -> bool {
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    while !seen.ends_with(end) {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return false,
            Ok(read) => seen.extend_from_slice(&chunk[..read]),
        }
    }
    true
}

#[test]
fn tls_is_verified_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let webhook = Webhook::new(&format!("https://{}/", tls_receiver(&authority)));

    let error = deliver(&webhook, &one()).unwrap_err();
    assert!(matches!(error, DeliverError::Tls { .. }), "{error}");
    let trusting = Webhook { ca_file: Some(authority), ..webhook.clone() };
    assert_eq!(deliver(&trusting, &one()).unwrap().status, 204);
    assert_eq!(deliver(&Webhook { insecure_tls: true, ..webhook }, &one()).unwrap().status, 204);
}
