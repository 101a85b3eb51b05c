//! `goherd open`: the viewer on 127.0.0.1 with one answer in it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use flate2::read::MultiGzDecoder;
use herd_model::{Envelope, TargetKind};
use herd_sinks::{Format, Look, Messages, messages, render};
use herd_sources::{Place, Target};

use crate::args::{GlobalArgs, OpenArgs};
use crate::commands::graph;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output};

/// Bytes looked at to tell a saved answer from a dump.
const HEAD_BYTES: u64 = 4096;
/// The largest answer that is read back; a compressed one may pretend to be small.
const MAX_ANSWER_BYTES: u64 = 512 << 20;
/// Between two looks at the flag that Ctrl-C raises.
const CANCEL_POLL: Duration = Duration::from_millis(50);

/// Reads or collects, then serves until Ctrl-C.
pub fn run(args: &OpenArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut envelope = match saved(&args.target)? {
        Some(envelope) => envelope,
        None => collected(args, global)?,
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
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(args, page, answer, &say))?;
    Ok(Exit::Interrupted)
}

/// What a target testifies; where memory can be read, with its wait graph.
fn collected(args: &OpenArgs, global: &GlobalArgs) -> anyhow::Result<Envelope> {
    let kind = Target::parse(&args.target).map_err(ExpectedError::from)?.kind();
    if !matches!(kind, TargetKind::Process | TargetKind::Core) {
        return Ok(collect::diagnose("doctor", std::slice::from_ref(&args.target), &args.collect, None, global)?.envelope);
    }
    let mut diagnosis = collect::diagnose_with_waits("doctor", &args.target, &args.collect, global)?;
    graph::draw(&mut diagnosis);
    Ok(diagnosis.envelope)
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
    port: u16,
}

async fn serve(args: &OpenArgs, page: Vec<u8>, answer: Vec<u8>, say: &Messages) -> anyhow::Result<()> {
    let failed = |why| ExpectedError::Listen { port: args.port, why };
    let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, args.port))).await.map_err(failed)?;
    let port = listener.local_addr()?.port();
    let served = Arc::new(Served { page, answer, port });
    let path = format!("/{}/", token()?);
    let whole_path = path.clone();
    let routes = Router::new()
        .route(&path, get(page_response))
        .route(path.trim_end_matches('/'), get(|| async move { Redirect::permanent(&whole_path) }))
        .route(&format!("{path}api/envelope"), get(answer_response))
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
