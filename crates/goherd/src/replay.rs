//! A recorded incident served as a `net/http/pprof` endpoint on loopback, under a clock that runs as fast as is wanted.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use herd_sources::REPLAY_TIME_HEADER;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::oneshot;

/// What `index.json` of a recorded incident says, and the files it names.
#[derive(Clone, Debug, Deserialize)]
pub struct Recording {
    /// The incident.
    pub name: String,
    /// The service that was recorded.
    pub service: String,
    /// Its Go version.
    pub go_version: String,
    /// Seconds between two snapshots.
    pub every_s: f64,
    /// The snapshots, oldest first.
    pub snapshots: Vec<Recorded>,
}

/// One recorded snapshot.
#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    /// When it was taken, RFC 3339.
    pub at: String,
    /// Seconds from the recording's start.
    pub offset_s: f64,
    /// How many goroutines there were.
    pub goroutines: u64,
    debug0: String,
    debug1: String,
    debug2: String,
}

impl Recording {
    /// The incident that is part of the program.
    pub fn embedded() -> anyhow::Result<Recording> {
        let recording: Recording = serde_json::from_slice(INDEX).context("read the recorded incident")?;
        ensure!(!recording.snapshots.is_empty(), "the recorded incident holds no snapshot");
        for snapshot in &recording.snapshots {
            for file in [&snapshot.debug0, &snapshot.debug1, &snapshot.debug2] {
                embedded_file(file)?;
            }
        }
        Ok(recording)
    }

    /// Seconds from the first snapshot to the last.
    pub fn span_s(&self) -> f64 {
        let ends = self.snapshots.first().zip(self.snapshots.last());
        ends.map_or(0.0, |(first, last)| last.offset_s - first.offset_s)
    }

    /// The latest snapshot `elapsed_s` after the first was due; the first as long as there is no other.
    fn at(&self, elapsed_s: f64) -> usize {
        let now_s = self.snapshots[0].offset_s + elapsed_s;
        self.snapshots.iter().rposition(|snapshot| snapshot.offset_s <= now_s).unwrap_or(0)
    }
}

/// An endpoint that answers from a recording until it is dropped.
pub struct ReplayServer {
    /// Where it listens: loopback only.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl ReplayServer {
    /// Serves `recording`, a second of which lasts `1 / speed` seconds, from this moment on.
    pub fn start(recording: Recording, speed: f64) -> anyhow::Result<ReplayServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen on loopback")?;
        listener.set_nonblocking(true).context("listen on loopback")?;
        let address = listener.local_addr().context("listen on loopback")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("serve on loopback")?;
        let (stop, stopped) = oneshot::channel();
        let replay = Arc::new(Replay { recording, speed, started: Instant::now(), answered: Mutex::new((0, 0)) });
        let serving = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    served = serve(listener, replay) => {
                        if let Err(error) = served {
                            anstream::eprintln!("goherd: the recording is no longer served: {error}");
                        }
                    }
                    _ = stopped => {}
                }
            });
        });
        Ok(ReplayServer { address, stop: Some(stop), serving: Some(serving) })
    }
}

impl Drop for ReplayServer {
    fn drop(&mut self) {
        // The receiver is gone only when the server has ended by itself.
        let _ended_already = self.stop.take().map(|stop| stop.send(()));
        if let Some(serving) = self.serving.take()
            && let Err(panic) = serving.join()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

struct Replay {
    recording: Recording,
    speed: f64,
    started: Instant,
    /// The snapshot that was last given out, and how often before.
    answered: Mutex<(usize, u32)>,
}

impl Replay {
    fn now(&self) -> usize {
        self.recording.at(self.started.elapsed().as_secs_f64() * self.speed)
    }

    /// The time given for a snapshot: its own; when it is asked for again, a millisecond later each time, so that a series of answers
    /// always has rising times.
    fn stamp(&self, index: usize) -> anyhow::Result<String> {
        let mut answered = self.answered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *answered = if answered.0 == index { (index, answered.1 + 1) } else { (index, 1) };
        let at = OffsetDateTime::parse(&self.recording.snapshots[index].at, &Rfc3339).context("read the time of a snapshot")?;
        let again = Duration::from_millis(u64::from(answered.1 - 1));
        (at + again).format(&Rfc3339).context("write the time of a snapshot")
    }
}

async fn serve(listener: TcpListener, replay: Arc<Replay>) -> std::io::Result<()> {
    let routes =
        Router::new().route("/debug/pprof/", get(index)).route("/debug/pprof/goroutine", get(goroutine)).with_state(replay);
    axum::serve(tokio::net::TcpListener::from_std(listener)?, routes).await
}

/// As much of Go's index as names the one profile there is (`net/http/pprof/pprof.go`, `indexTmplExecute`).
async fn index(State(replay): State<Arc<Replay>>) -> Html<String> {
    let count = replay.recording.snapshots[replay.now()].goroutines;
    let row = format!("<tr><td>{count}</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>");
    Html(format!("<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n<body>\n<table>\n{row}\n</table>\n</body>\n</html>\n"))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    debug: u8,
}

async fn goroutine(State(replay): State<Arc<Replay>>, Query(asked): Query<Asked>) -> Response {
    match answer(&replay, asked.debug) {
        Ok((headers, body)) => (headers, body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response(),
    }
}

fn answer(replay: &Replay, debug: u8) -> anyhow::Result<(HeaderMap, Vec<u8>)> {
    let index = replay.now();
    let snapshot = &replay.recording.snapshots[index];
    let (file, content_type) = match debug {
        0 => (&snapshot.debug0, "application/octet-stream"),
        1 => (&snapshot.debug1, "text/plain; charset=utf-8"),
        _ => (&snapshot.debug2, "text/plain; charset=utf-8"),
    };
    let body = zstd::decode_all(embedded_file(file)?).with_context(|| format!("unpack {file}"))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(HeaderName::from_static(REPLAY_TIME_HEADER), HeaderValue::from_str(&replay.stamp(index)?)?);
    Ok((headers, body))
}

fn embedded_file(name: &str) -> anyhow::Result<&'static [u8]> {
    let file = FILES.iter().find(|(file, _)| *file == name);
    file.map(|(_, bytes)| *bytes).with_context(|| format!("{name} of the recorded incident is not part of this program"))
}

/// The files of one folder, by the numbers of their snapshots.
macro_rules! recorded {
    ($folder:literal: $($number:literal)*) => {
        &[$(
            (concat!($number, ".debug0.pb.zst"), include_bytes!(concat!($folder, $number, ".debug0.pb.zst"))),
            (concat!($number, ".debug1.txt.zst"), include_bytes!(concat!($folder, $number, ".debug1.txt.zst"))),
            (concat!($number, ".debug2.txt.zst"), include_bytes!(concat!($folder, $number, ".debug2.txt.zst"))),
        )*]
    };
}

const INDEX: &[u8] = include_bytes!("../../../fixtures/incident/orders-leak/index.json");
const FILES: &[(&str, &[u8])] = recorded!(
    "../../../fixtures/incident/orders-leak/":
    "000" "001" "002" "003" "004" "005" "006" "007" "008" "009" "010" "011" "012" "013" "014" "015" "016"
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use herd_model::Origin;
    use herd_sources::{CancelFlag, Options, Target, Testimony, Want, collect};

    use super::*;

    fn ask(server: &ReplayServer, options: &Options) -> Testimony {
        let target = Target::parse(&format!("http://{}", server.address)).unwrap();
        let mut testimonies = collect(&target, options, &CancelFlag::new()).unwrap();
        assert_eq!(testimonies.len(), 1);
        testimonies.remove(0)
    }

    #[test]
    fn each_recorded_file_holds_what_the_index_says() {
        let recording = Recording::embedded().unwrap();
        assert_eq!(FILES.len(), recording.snapshots.len() * 3, "every embedded file is used");
        assert!(FILES.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() < 2_000_000);
        let times: BTreeSet<_> =
            recording.snapshots.iter().map(|snapshot| OffsetDateTime::parse(&snapshot.at, &Rfc3339).unwrap()).collect();
        assert_eq!(times.len(), recording.snapshots.len());
        for snapshot in &recording.snapshots {
            let stacks = zstd::decode_all(embedded_file(&snapshot.debug2).unwrap()).unwrap();
            let parsed = herd_formats::dump::parse(&stacks);
            assert_eq!(parsed.snapshots.len(), 1, "{}", snapshot.debug2);
            // Connections come and go between the count and the dump.
            assert!(parsed.snapshots[0].goroutines.abs_diff(snapshot.goroutines) <= 20, "{}", snapshot.debug2);
        }
    }

    #[test]
    fn the_clock_chooses_the_snapshot() {
        let recording = Recording::embedded().unwrap();
        let last = recording.snapshots.len() - 1;
        assert_eq!([recording.at(0.0), recording.at(recording.every_s * 2.5), recording.at(1e9)], [0, 2, last]);
        assert!(recording.span_s() >= 60.0);
    }

    #[test]
    fn a_recording_testifies_like_a_service_and_dates_itself() {
        let recording = Recording::embedded().unwrap();
        // So slow that only the first snapshot is ever due.
        let server = ReplayServer::start(recording.clone(), 1e-6).unwrap();
        assert!(server.address.ip().is_loopback());
        let first = ask(&server, &Options { allow_stw: true, ..Options::default() });
        assert_eq!((first.snapshot.origin, first.witness.as_str()), (Origin::Stacks, "goroutine?debug=2"));
        let at = OffsetDateTime::parse(&recording.snapshots[0].at, &Rfc3339).unwrap().unix_timestamp_nanos();
        assert_eq!(first.taken_at_ns.map(i128::from), Some(at));

        let again = ask(&server, &Options { want: Want::CountsOnly, ..Options::default() });
        assert_eq!(again.snapshot.origin, Origin::ProfileProto);
        assert_eq!(again.taken_at_ns.map(i128::from), Some(at + 1_000_000));

        // So fast that it is over at once.
        let over = ReplayServer::start(recording.clone(), 1e9).unwrap();
        let large = ask(&over, &Options::default());
        assert_eq!(large.witness, "goroutine?debug=0");
        let expected = recording.snapshots.last().unwrap().goroutines;
        assert!(large.snapshot.goroutines.abs_diff(expected) <= 20, "{} of {expected}", large.snapshot.goroutines);
    }
}
