//! The runtime's own leak profile held against the memory: who calls what leaked.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use herd_diagnose::{Clock, Request, diagnose};
use herd_model::{Certainty, Envelope, Verdict};
use herd_sources::{CancelFlag, Options, Target};

use crate::program::newest;
use crate::started::{PATIENT, judged_with};

/// Goroutines each server leaks.
const LEAKED: u64 = 40;
/// Since then every build has the profile.
const PROFILE_SINCE: u32 = 27;

/// A server that has leaked, and the address of its profiles; it ends with this value.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Server {
        Server::start_with(&["-leak", "send", "-count", &LEAKED.to_string()])
    }

    fn start_with(args: &[&str]) -> Server {
        let built = newest().build_in("testbed", "leaky-server", "asked", &[], &[("CGO_ENABLED", "0")]);
        let mut command = Command::new(built);
        command.args(args).args(["-listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("start a server");
        let mut address = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut address).expect("its address");
        Server { child, address: address.trim().to_owned() }
    }

    fn asked_with(&self, address: &str) -> Envelope {
        let target = Target::parse(&format!("http://{address}")).expect("a target");
        let options = Options { memory: PATIENT, leaks_from: Some(Box::new(target)), ..Options::default() };
        judged_with(self.child.id(), options).envelope
    }
}

impl Server {
    /// Asked for a trace of two seconds and a dump inside it.
    fn traced(&self) -> Envelope {
        let targets = vec![Target::parse(&format!("http://{}", self.address)).expect("a target")];
        let trace = Some(Duration::from_secs(2));
        let request =
            Request { targets, options: Options::default(), watch: None, trace, clock: Clock::WALL, rules: BTreeSet::new() };
        diagnose(&request, "doctor", &CancelFlag::new(), &mut |_| {}).expect("a diagnosis").envelope
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("stop the server");
        self.child.wait().expect("its end");
    }
}

fn says(envelope: &Envelope, words: &str) -> bool {
    envelope.notes.iter().any(|note| note.text.contains(words))
}

#[test]
fn two_witnesses_agree_on_what_is_leaked() {
    let server = Server::start();
    let envelope = server.asked_with(&server.address);
    if newest().number() < PROFILE_SINCE {
        assert!(says(&envelope, "the leak profile was not answered"), "{:?}", envelope.notes);
        return;
    }
    assert!(says(&envelope, "both call leaked: "), "{:?}", envelope.notes);
    let proven: Vec<_> = envelope.findings.iter().filter(|finding| finding.certainty == Certainty::Proven).collect();
    assert_eq!(proven.iter().map(|finding| finding.count).sum::<u64>(), LEAKED, "{proven:?}");
    let agreed = proven.iter().flat_map(|finding| &finding.evidence).find_map(|fact| fact.args.get("agreed"));
    assert!(agreed.is_some_and(|agreed| agreed.parse::<u64>().is_ok_and(|agreed| agreed * 10 >= LEAKED * 9)), "{proven:?}");
}

#[test]
fn the_profile_of_another_process_is_not_used() {
    let (server, other) = (Server::start(), Server::start());
    let envelope = server.asked_with(&other.address);
    assert!(says(&envelope, "is not served by pid:") && !says(&envelope, "both call leaked"), "{:?}", envelope.notes);
    let proven = envelope.findings.iter().filter(|finding| finding.certainty == Certainty::Proven);
    assert_eq!(proven.map(|finding| finding.count).sum::<u64>(), LEAKED);
}

#[test]
fn a_service_traces_itself_while_its_dump_is_taken() {
    let server = Server::start_with(&["-leak", "send", "-count", "5", "-rate", "40"]);
    let envelope = server.traced();
    let [finding] = envelope.findings.as_slice() else { panic!("{:#?}", envelope.findings) };
    assert_eq!(finding.id.0, "LK001");
    assert!(finding.count > 20, "{finding:#?}");
    assert!(says(&envelope, "goroutines of the dump stand in"), "{:?}", envelope.notes);
    assert!(envelope.targets.iter().all(|target| target.cost.is_some()), "{:#?}", envelope.targets);
    let healthy = Server::start_with(&["-leak", "none"]).traced();
    assert_eq!(healthy.verdict, Verdict::Healthy, "{:#?}", healthy.candidates);
}
