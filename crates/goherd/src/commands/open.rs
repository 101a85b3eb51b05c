//! `goherd open`: the viewer on 127.0.0.1 with one answer in it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use flate2::read::MultiGzDecoder;
use herd_analysis::flame::Rows;
use herd_analysis::profile_report::Trees;
use herd_analysis::trace::timeline::{Overview, Window};
use herd_formats::recognise::{Kind, recognise};
use herd_formats::trace::{Times, TraceError};
use herd_model::{Envelope, TargetKind, Timeline};
use herd_sinks::{Format, Look, Messages, messages, render};
use herd_sources::{Place, Target, TraceAsked};
use serde::Deserialize;

use crate::args::{GlobalArgs, OpenArgs};
use crate::commands::timeline::Recorded;
use crate::commands::trace_beside::Beside;
use crate::commands::{graph, trace};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::weigh::{Holds, Part};
use crate::{collect, output, weigh};

/// Bytes looked at to tell a saved answer from a dump.
const HEAD_BYTES: u64 = 4096;
/// The largest answer that is read back; a compressed one may pretend to be small.
const MAX_ANSWER_BYTES: u64 = 512 << 20;
/// Rows of each table of a trace.
const ROWS: usize = 50;
/// Between two looks at the flag that Ctrl-C raises.
const CANCEL_POLL: Duration = Duration::from_millis(50);

/// Reads or collects, then serves until Ctrl-C.
pub fn run(args: &OpenArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let (mut envelope, recorded) = match (saved(&args.target)?, trace_file(&args.target)) {
        (Some(envelope), _) => (envelope, None),
        (None, Some(path)) => traced(args, &path, global)?,
        (None, None) => (collected(args, global)?, None),
    };
    if global.redact {
        herd_sinks::redact(&mut envelope);
    }
    let patterns = output::pattern_words();
    let look = Look { patterns: &patterns, ..output::look(global) };
    let mut page = Vec::new();
    render(Format::Html, &envelope, None, &look, &mut page).map_err(ExpectedError::from)?;
    let answer = serde_json::to_vec(&envelope)?;
    let say = messages(look.lang);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(args, page, answer, recorded, &say))?;
    Ok(Exit::Interrupted)
}

/// What a target testifies; where memory can be read, with its wait graph; of a profile, what its functions cost.
fn collected(args: &OpenArgs, global: &GlobalArgs) -> anyhow::Result<Envelope> {
    let target = Target::parse(&args.target).map_err(ExpectedError::from)?;
    let kind = target.kind();
    let holds = weigh::holds(&target);
    if holds != Holds::Goroutines {
        let weights = weigh::ask(&target, weigh::asked(None, None), &args.collect, global)?;
        if holds == Holds::Weights || kind == TargetKind::Stdin || !weigh::is_of_goroutines(&weights) {
            let part =
                Part { sample_type: None, rows: Rows::Functions, focus: None, ignore: None, trees: Trees::All, sums: None };
            return Ok(weigh::report("flame", weights, &part)?.envelope);
        }
    }
    if !matches!(kind, TargetKind::Process | TargetKind::Core) {
        return Ok(collect::diagnose("doctor", std::slice::from_ref(&args.target), &args.collect, None, global)?.envelope);
    }
    let mut diagnosis = collect::diagnose_with_waits("doctor", &args.target, &args.collect, global)?;
    graph::draw(&mut diagnosis);
    Ok(diagnosis.envelope)
}

/// The path of a target that is a file with an execution trace, packed or not.
pub fn trace_file(target: &str) -> Option<PathBuf> {
    let Ok(Target { place: Place::Path(path), .. }) = Target::parse(target) else { return None };
    if !path.is_file() {
        return None;
    }
    let mut head = Vec::new();
    // What cannot be read is left to the collector, which says why.
    let plain = File::open(&path).and_then(unpacked);
    let read = plain.and_then(|plain| plain.take(HEAD_BYTES).read_to_end(&mut head));
    (read.is_ok() && recognise(&head) == Kind::Trace).then_some(path)
}

/// What a trace shows, and the trace to look closer at.
fn traced(args: &OpenArgs, path: &Path, global: &GlobalArgs) -> anyhow::Result<(Envelope, Option<Recorded>)> {
    let asked = TraceAsked { seconds: 0, times: Times::Recorded };
    let targets = std::slice::from_ref(&args.target);
    let part = trace::Part {
        top: ROWS,
        stacks: trace::STACKS_SHOWN,
        beside: Beside::default(),
        overview: Some(Overview::default()),
        weighed: None,
    };
    let collected = trace::collect(targets, asked, part, &args.collect, global)?;
    let recorded = collected.overview.filter(|overview| !overview.is_empty());
    let recorded = recorded.map(|overview| Recorded::new(overview, collected.tables, path, unpacked)).transpose()?;
    Ok((collected.envelope, recorded))
}

/// The answer in a file saved by goherd, compressed or not; nothing for every other target.
fn saved(target: &str) -> Result<Option<Envelope>, ExpectedError> {
    let Ok(Target { place: Place::Path(path), name, .. }) = Target::parse(target) else { return Ok(None) };
    // What is no answer, or cannot be read at all, is left to the collector, which says what it is.
    if !path.is_file() {
        return Ok(None);
    }
    let Ok(mut plain) = File::open(&path).and_then(unpacked) else { return Ok(None) };
    let failed = |why: String| ExpectedError::SavedAnswer { name: name.clone(), why };
    let mut text = Vec::new();
    if plain.by_ref().take(HEAD_BYTES).read_to_end(&mut text).is_err() || !is_answer(&text) {
        return Ok(None);
    }
    plain.take(MAX_ANSWER_BYTES).read_to_end(&mut text).map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > MAX_ANSWER_BYTES {
        return Err(failed(format!("it unpacks to more than the limit of {MAX_ANSWER_BYTES} bytes")));
    }
    let envelope: Envelope = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    if envelope.schema != herd_model::SCHEMA {
        return Err(failed(format!("it has the form {}, and this goherd reads {}", envelope.schema, herd_model::SCHEMA)));
    }
    Ok(Some(envelope))
}

fn is_answer(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    head.trim_start().starts_with('{') && head.replace([' ', '\r', '\n'], "").contains("\"schema\":\"goherd/")
}

/// Takes gzip or zstd off, whatever the file is called.
fn unpacked(file: File) -> std::io::Result<Box<dyn Read>> {
    let mut input = BufReader::new(file);
    let head = input.fill_buf()?;
    let (gzip, zstd) = (head.starts_with(&[0x1f, 0x8b]), head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
    Ok(match (gzip, zstd) {
        (true, _) => Box::new(MultiGzDecoder::new(input)),
        (_, true) => Box::new(zstd::Decoder::with_buffer(input)?),
        _ => Box::new(input),
    })
}

struct Served {
    page: Vec<u8>,
    answer: Vec<u8>,
    recorded: Option<Mutex<Recorded>>,
    port: u16,
}

async fn serve(
    args: &OpenArgs,
    page: Vec<u8>,
    answer: Vec<u8>,
    recorded: Option<Recorded>,
    say: &Messages,
) -> anyhow::Result<()> {
    let failed = |why| ExpectedError::Listen { port: args.port, why };
    let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, args.port))).await.map_err(failed)?;
    let port = listener.local_addr()?.port();
    let served = Arc::new(Served { page, answer, recorded: recorded.map(Mutex::new), port });
    let path = format!("/{}/", token()?);
    let whole_path = path.clone();
    let routes = Router::new()
        .route(&path, get(page_response))
        .route(path.trim_end_matches('/'), get(|| async move { Redirect::permanent(&whole_path) }))
        .route(&format!("{path}api/envelope"), get(answer_response))
        .route(&format!("{path}api/timeline"), get(timeline_response))
        .layer(from_fn_with_state(served.clone(), guard))
        .with_state(served);
    let url = format!("http://127.0.0.1:{port}{path}");
    output::print_text(&format!("{url}\n"), None)?;
    anstream::eprintln!("goherd: {}", say.say("cli-served"));
    if !args.no_browser {
        open_browser(&url, say);
    }
    axum::serve(listener, routes).with_graceful_shutdown(cancelled()).await?;
    Ok(())
}

/// A part of the address that a page elsewhere, or another user of this machine, cannot guess.
fn token() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("ask the system for chance: {error}"))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

async fn cancelled() {
    while !collect::cancel_flag().is_cancelled() {
        tokio::time::sleep(CANCEL_POLL).await;
    }
}

/// Refuses what a page elsewhere could make a browser ask for under another name (DNS rebinding), and forbids keeping the answer.
async fn guard(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let names = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", served.port));
    if !names.iter().any(|name| name == host) {
        return (StatusCode::MISDIRECTED_REQUEST, "goherd answers to 127.0.0.1 only\n").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

async fn page_response(State(served): State<Arc<Served>>) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], served.page.clone()).into_response()
}

async fn answer_response(State(served): State<Arc<Served>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], served.answer.clone()).into_response()
}

/// A window of the timeline, in seconds from the beginning; numbers of lanes and goroutines with commas between.
#[derive(Debug, Deserialize)]
struct AskedWindow {
    from: f64,
    to: f64,
    columns: usize,
    lanes: Option<String>,
    open: Option<String>,
    goroutines: Option<String>,
    /// One goroutine and a time at which it is looked at, with a comma between.
    moment: Option<String>,
}

async fn timeline_response(State(served): State<Arc<Served>>, Query(asked): Query<AskedWindow>) -> Response {
    let window = Window {
        from_ns: nanoseconds(asked.from),
        to_ns: nanoseconds(asked.to),
        columns: asked.columns,
        lanes: asked.lanes.as_deref().map(numbers),
        open: asked.open.as_deref().map(numbers).unwrap_or_default(),
        goroutines: asked.goroutines.as_deref().map(numbers).unwrap_or_default(),
    };
    let moment = asked.moment.as_deref().and_then(|text| text.split_once(','));
    let moment = moment.and_then(|(goroutine, at)| Some((goroutine.parse::<u64>().ok()?, nanoseconds(at.parse().ok()?))));
    looked(served, move |recorded| {
        let found = moment.map(|(goroutine, at_ns)| recorded.moment(goroutine, at_ns)).transpose()?;
        Ok(Timeline { moment: found.flatten(), ..recorded.view(window)? })
    })
    .await
}

/// What the trace shows, read on a thread of its own so that other answers need not wait.
async fn looked(
    served: Arc<Served>,
    look: impl FnOnce(&mut Recorded) -> Result<Timeline, TraceError> + Send + 'static,
) -> Response {
    let looking = tokio::task::spawn_blocking(move || {
        let recorded = served.recorded.as_ref()?;
        // Nothing is left half done by a look that failed.
        let mut recorded = recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let json = look(&mut recorded).map_err(|error| error.to_string());
        Some(json.and_then(|found| serde_json::to_vec(&found).map_err(|error| error.to_string())))
    });
    match looking.await.map_err(|error| error.to_string()) {
        Ok(Some(Ok(json))) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Ok(Some(Err(error))) | Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, "this answer is not of a trace that can be read again\n").into_response(),
    }
}

fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// Numbers with commas between; what is none is left out.
fn numbers<T: FromStr>(text: &str) -> Vec<T> {
    text.split(',').filter_map(|number| number.parse().ok()).collect()
}

/// Best effort: the address is printed in any case.
fn open_browser(url: &str, say: &Messages) {
    let (program, args): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/c", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let quiet = std::process::Stdio::null;
    let started = std::process::Command::new(program).args(args).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
    if let Err(error) = started {
        let facts = [("program", program), ("why", &*say.sentence(&error.to_string()))];
        anstream::eprintln!("goherd: {}", say.say_with("cli-no-browser", &facts));
    }
}
