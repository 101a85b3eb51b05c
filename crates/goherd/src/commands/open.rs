//! `goherd open`: the viewer on 127.0.0.1 with one answer in it.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use herd_model::Envelope;
use herd_sinks::{Format, Look, render};
use herd_sources::{Place, Target};

use crate::args::{GlobalArgs, OpenArgs};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output};

/// Bytes looked at to tell a saved answer from a dump.
const HEAD_BYTES: u64 = 4096;
/// Between two looks at the flag that Ctrl-C raises.
const CANCEL_POLL: Duration = Duration::from_millis(50);

/// Reads or collects, then serves until Ctrl-C.
pub fn run(args: &OpenArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut envelope = match saved(&args.target)? {
        Some(envelope) => envelope,
        None => {
            collect::diagnose("doctor", std::slice::from_ref(&args.target), &args.collect, None, global.quiet || global.redact)?
                .envelope
        }
    };
    if global.redact {
        herd_sinks::redact(&mut envelope);
    }
    let patterns = output::pattern_words();
    let look = Look { patterns: &patterns, ..output::look(global) };
    let mut page = Vec::new();
    render(Format::Html, &envelope, None, &look, &mut page).map_err(ExpectedError::from)?;
    let answer = serde_json::to_vec(&envelope)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(args, page, answer))?;
    Ok(Exit::Interrupted)
}

/// The answer in a file saved by goherd; nothing for every other target.
fn saved(target: &str) -> Result<Option<Envelope>, ExpectedError> {
    let Ok(Target { place: Place::Path(path), name, .. }) = Target::parse(target) else { return Ok(None) };
    let Ok(file) = std::fs::File::open(&path) else { return Ok(None) };
    let mut head = Vec::new();
    let failed = |why: String| ExpectedError::SavedAnswer { name: name.clone(), why };
    if !path.is_file() || file.take(HEAD_BYTES).read_to_end(&mut head).is_err() {
        return Ok(None);
    }
    let head = String::from_utf8_lossy(&head);
    let is_answer = head.trim_start().starts_with('{') && head.replace(' ', "").contains("\"schema\":\"goherd/");
    if !is_answer {
        return Ok(None);
    }
    let text = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
    let envelope: Envelope = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    if envelope.schema != herd_model::SCHEMA {
        return Err(failed(format!("it has the form {}, and this goherd reads {}", envelope.schema, herd_model::SCHEMA)));
    }
    Ok(Some(envelope))
}

struct Served {
    page: Vec<u8>,
    answer: Vec<u8>,
    port: u16,
}

async fn serve(args: &OpenArgs, page: Vec<u8>, answer: Vec<u8>) -> anyhow::Result<()> {
    let failed = |why| ExpectedError::Listen { port: args.port, why };
    let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, args.port))).await.map_err(failed)?;
    let port = listener.local_addr()?.port();
    let served = Arc::new(Served { page, answer, port });
    let routes = Router::new()
        .route("/", get(page_response))
        .route("/api/envelope", get(answer_response))
        .layer(from_fn_with_state(served.clone(), guard))
        .with_state(served);
    let url = format!("http://127.0.0.1:{port}/");
    output::print_text(&format!("{url}\n"), None)?;
    anstream::eprintln!("goherd: the viewer is served to this machine only; Ctrl-C ends it");
    if !args.no_browser {
        open_browser(&url);
    }
    axum::serve(listener, routes).with_graceful_shutdown(cancelled()).await?;
    Ok(())
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
fn open_browser(url: &str) {
    let (program, args): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/c", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let quiet = std::process::Stdio::null;
    let started = std::process::Command::new(program).args(args).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
    if let Err(error) = started {
        anstream::eprintln!("goherd: no browser opened ({program}: {error}); open the address yourself");
    }
}
