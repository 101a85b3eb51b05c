//! What the tests of delivery share: a receiver on loopback that records whatever comes and answers as told, alerts, and programs that end
//! with the test.

#![allow(clippy::unwrap_used, dead_code)] // Each test uses a part of it.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use herd_config::{Alert as Config, Guarded, Http, Language, Receiver as To, SignedHook, Span};
use herd_deliver::alert::{Alert, Labels};
use herd_deliver::clock::At;
use herd_model::Severity;
use serde_json::Value;

/// 2025-11-30T08:00:00Z.
pub const START: At = At(1_764_489_600_000);

/// A call that came.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub method: String,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Arrived {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Records calls, and answers what it is told to (200 and `{}` otherwise).
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    /// What is answered when nothing is left in `answers`.
    standing: Arc<Mutex<(u16, &'static str)>>,
}

impl Receiver {
    pub fn start() -> Receiver {
        Receiver::at(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
    }

    pub fn at(listener: TcpListener) -> Receiver {
        listener.set_nonblocking(true).unwrap();
        let receiver = Receiver {
            address: listener.local_addr().unwrap(),
            arrived: Arc::default(),
            answers: Arc::default(),
            standing: Arc::new(Mutex::new((200, "{}"))),
        };
        let app = Router::new().fallback(receive).with_state(receiver.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap() });
        });
        receiver
    }

    /// Answers the next call so.
    pub fn answer(&self, status: u16, body: &'static str) {
        self.answers.lock().unwrap().push_back((status, body));
    }

    /// Answers every call so from now on.
    pub fn keep_answering(&self, status: u16, body: &'static str) {
        *self.standing.lock().unwrap() = (status, body);
    }

    pub fn calls(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    receiver.arrived.lock().unwrap().push(Arrived { method: method.to_string(), uri, headers, body });
    let answer = receiver.answers.lock().unwrap().pop_front();
    let (status, body) = answer.unwrap_or(*receiver.standing.lock().unwrap());
    (StatusCode::from_u16(status).unwrap(), body)
}

/// A webhook that takes goherd's own JSON.
pub fn hook(url: &str) -> To {
    let http = Http { timeout: Span::seconds(5), ..Http::default() };
    To::Webhook(SignedHook { url: Guarded::Plain(url.to_owned()), secret: None, lang: Language::English, http })
}

/// Receivers all of which are told of everything, at once.
pub fn config(receivers: &[(&str, To)]) -> Config {
    Config {
        receivers: receivers.iter().map(|(name, to)| ((*name).to_owned(), to.clone())).collect(),
        default: receivers.iter().map(|(name, _)| (*name).to_owned()).collect(),
        group_by: vec!["instance".to_owned()],
        group_wait: Span::seconds(0),
        group_interval: Span::seconds(0),
        ..Config::default()
    }
}

pub fn alert(alertname: &str, instance: &str, severity: Severity) -> Alert {
    let labels = [
        ("alertname", alertname),
        ("env", "prod"),
        ("fingerprint", "00000000000000aa"),
        ("instance", instance),
        ("priority", herd_deliver::alert::priority(severity)),
        ("service", "pay"),
        ("severity", severity.as_str()),
        ("sla_tier", "gold"),
        ("team", "money"),
    ];
    let annotations = [
        ("summary", format!("Send that nobody receives: 412 goroutines at pay.(*Log).send (audit/log.go:41) of {instance}")),
        ("started_by", "pay.(*Server).Charge (pay/charge.go:88)".to_owned()),
        ("fix", "Receive <-done, or give up with a context.".to_owned()),
        ("goroutines", "412".to_owned()),
        ("runbook_id", alertname.to_owned()),
        ("runbook_url", format!("https://wiki.example/runbooks/{alertname}")),
        ("evidence_url", "https://goherd.example/#/t/pay?at=1".to_owned()),
    ];
    let labels: Labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let annotations: BTreeMap<String, String> = annotations.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Alert { labels, annotations, severity, starts_at: START, ends_at: None, attached: Vec::new() }
}

/// Waits for something; a minute at most, so that what never comes fails and does not hang.
#[track_caller]
pub fn until<T>(what: &str, mut asked: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = asked() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "{what} did not come within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A port nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A program that is killed when the test is done with it.
pub struct Program(pub Child);

impl Program {
    /// Starts a program of a Debian package, its output in a file.
    pub fn start(path: &str, args: &[String], log: &Path) -> Program {
        assert!(Path::new(path).is_file(), "{path} is not there: `cargo xtask test tests` installs it");
        let out = std::fs::File::create(log).unwrap();
        let child = Command::new(path).args(args).stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out).spawn();
        Program(child.unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// A GET on loopback: status and body.
pub fn get(address: &str, path: &str) -> Option<(u16, String)> {
    use std::io::Write;
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
