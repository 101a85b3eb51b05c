//! `go/examples/account`, built and asked: healthy it is silent, leaking its endpoint and line are named.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use herd_diagnose::{Clock, Request, Watch, diagnose};
use herd_model::{Certainty, Envelope, Evidence, EvidenceKind};
use herd_sources::{AccountAsked, CancelFlag, Options, Target};

struct Service {
    process: Child,
    address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _code = self.process.wait();
    }
}

impl Service {
    fn start() -> Service {
        let mut process = Command::new(built()).args(["-addr", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("a start");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its address");
        let address = line.trim().trim_start_matches("http://").trim_end_matches("/debug/goherd").to_owned();
        Service { process, address }
    }

    fn report(&self, times: usize) {
        for id in 0..times {
            let mut socket = TcpStream::connect(&self.address).expect("a connection");
            write!(socket, "GET /report/{id} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("a request");
            let mut answer = String::new();
            socket.read_to_string(&mut answer).expect("an answer");
            assert!(answer.contains(" 200 "), "{answer}");
        }
    }

    fn judged(&self, watch: Option<Watch>) -> Envelope {
        let targets = vec![Target::parse(&format!("http://{}/debug/goherd", self.address)).expect("a target")];
        let options = Options { account: AccountAsked::WithLabels, timeout: Duration::from_mins(1), ..Options::default() };
        let request = Request { targets, options, watch, trace: None, clock: Clock::WALL, rules: BTreeSet::new() };
        diagnose(&request, "doctor", &CancelFlag::new(), &mut |_| {}).expect("a diagnosis").envelope
    }
}

/// With the Go that has a leak profile, where there is one.
fn go() -> PathBuf {
    std::env::var_os("GOHERD_TEST_GO_1_27").map_or_else(|| PathBuf::from("go"), |named| PathBuf::from(named).join("bin/go"))
}

fn built() -> PathBuf {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("account-{}", std::process::id()));
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../go/examples");
    if !output.exists() {
        let mut command = Command::new(go());
        command.args(["build", "-o"]).arg(&output).arg("./account").current_dir(examples);
        command.env_remove("GOROOT").env("GOTOOLCHAIN", "local");
        assert!(command.status().expect("go").success(), "go cannot build the example");
    }
    output
}

/// The line of the send nobody receives.
fn line() -> u32 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../go/examples/account/main.go");
    let source = std::fs::read_to_string(path).expect("the example");
    let found = (1..).zip(source.lines()).find(|(_, line)| line.contains("results <- source"));
    found.expect("the line").0
}

fn says(evidence: &[Evidence], text: &str) -> bool {
    evidence.iter().any(|fact| fact.kind == EvidenceKind::Account && fact.text.contains(text))
}

#[test]
fn a_leaking_endpoint_is_named_with_its_line_and_a_healthy_service_is_not() {
    let service = Service::start();
    let healthy = service.judged(None);
    assert!(healthy.findings.is_empty(), "{:#?}", healthy.findings);
    let witnesses = &healthy.targets[0].witnesses;
    assert!(witnesses.iter().any(|witness| witness.starts_with("/debug/goherd, goroutine?debug=2")), "{witnesses:?}");

    service.report(40);
    let leaking = service.judged(None);
    let proven = leaking.targets[0].witnesses.iter().any(|witness| witness.starts_with("goroutineleak"));
    let (at, evidence) = if proven {
        let [finding] = leaking.findings.as_slice() else { panic!("one finding: {:#?}", leaking.findings) };
        assert_eq!((finding.certainty, finding.count), (Certainty::Proven, 40));
        (&finding.at, &finding.evidence)
    } else {
        let candidate = leaking.candidates.iter().max_by_key(|candidate| candidate.count).expect("a candidate");
        (&candidate.at, &candidate.evidence)
    };
    assert!(at.file.ends_with("go/examples/account/main.go") && at.line == line(), "{at:?}");
    assert!(says(evidence, "40 of 40 run for requests of `GET /report/{id}` of service `reports`"), "{evidence:#?}");
    assert!(says(evidence, "of 40 that have ended, 0 were cancelled"), "{evidence:#?}");
}

#[test]
fn two_looks_show_how_the_counters_moved() {
    let service = Service::start();
    service.report(8);
    let watch = Watch { span: Duration::from_secs(1), every: Duration::from_secs(1) };
    let envelope = service.judged(Some(watch));
    let facts = envelope.findings.iter().flat_map(|finding| &finding.evidence);
    let facts: Vec<Evidence> =
        facts.chain(envelope.candidates.iter().flat_map(|candidate| &candidate.evidence)).cloned().collect();
    assert!(says(&facts, "8 of 8 run for requests of `GET /report/{id}`"), "{facts:#?}");
    assert!(says(&facts, "under way at `GET /report/{id}` at first and 0 after 1 s"), "{facts:#?}");
}
