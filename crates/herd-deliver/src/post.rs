//! One attempt: a call with a time limit, its failure sorted.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, ClientBuilder, Method, Response, redirect};
use tokio::runtime::Runtime;
use url::{Host, Url};

use crate::DeliverError;

const DETAIL_CHARS_MAX: usize = 160;
/// As much of an answer as is read: it holds the first line of a refusal, or what a chat says of itself.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// A client for one receiver.
pub(crate) struct Poster {
    client: Client,
    runtime: Runtime,
    url: Url,
    host: String,
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poster").field("host", &self.host).finish_non_exhaustive()
    }
}

/// How to reach a receiver.
pub(crate) struct Link<'a> {
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) timeout: Duration,
    pub(crate) ca_file: Option<&'a Path>,
    pub(crate) insecure_tls: bool,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer with a status of success.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Its beginning.
    pub(crate) body: Vec<u8>,
}

/// Why an attempt failed, and when the receiver wants the next.
pub(crate) struct Failure {
    pub(crate) error: DeliverError,
    pub(crate) retry_after: Option<Duration>,
}

impl Poster {
    pub(crate) fn open(link: &Link) -> Result<Poster, DeliverError> {
        let url = Url::parse(link.url).map_err(|error| unusable("URL", &error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unusable("URL", &format!("{}:// is neither http:// nor https://", url.scheme())));
        }
        let mut builder = ClientBuilder::new()
            .user_agent(concat!("goherd/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(link)?)
            .timeout(link.timeout)
            .redirect(redirect::Policy::none());
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let client = with_tls(builder, &url, link)?.build().map_err(|error| unusable("URL", &innermost(&error)))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unusable("connection", &error.to_string()))?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        Ok(Poster { client, runtime, url, host })
    }

    /// The address that was given.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Host and port, which may be shown.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Calls once and gives the answer when it is a success.
    pub(crate) fn send(&self, call: Call) -> Result<Answer, Failure> {
        self.runtime.block_on(async {
            let mut request = self.client.request(call.method, call.url).header(CONTENT_TYPE, call.content_type).body(call.body);
            for (name, value) in call.headers {
                request = request.header(name, value);
            }
            match request.send().await {
                Ok(response) if response.status().is_success() => {
                    Ok(Answer { status: response.status().as_u16(), body: beginning(response).await })
                }
                Ok(response) => Err(self.refusal(response).await),
                Err(error) => Err(Failure { error: self.failure(&error), retry_after: None }),
            }
        })
    }

    async fn refusal(&self, response: Response) -> Failure {
        let status = response.status().as_u16();
        // Only seconds are understood; the other form, a date, falls back to the back-off.
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = beginning(response).await;
        let error = DeliverError::Refused { host: self.host.clone(), status, detail: first_line(&body), attempts: 1 };
        Failure { error, retry_after: retry_after.map(Duration::from_secs) }
    }

    fn failure(&self, error: &reqwest::Error) -> DeliverError {
        let host = self.host.clone();
        if let Some(why) = tls_cause(error) {
            DeliverError::Tls { host, why }
        } else if error.is_timeout() {
            DeliverError::Timeout { host, attempts: 1 }
        } else {
            DeliverError::Unreachable { host, why: innermost(error), attempts: 1 }
        }
    }
}

/// The status alone decides; a body that breaks off only shortens what is said of it.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= ANSWER_BYTES_MAX {
            body.truncate(ANSWER_BYTES_MAX);
            break;
        }
    }
    body
}

fn headers(link: &Link) -> Result<HeaderMap, DeliverError> {
    let mut headers = HeaderMap::new();
    for (name, value) in link.headers {
        let what = format!("header {name}");
        let key = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| unusable(&what, "that is no header name"))?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| unusable(&what, "its value holds forbidden characters"));
        let mut value = value?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

/// Roots are read only when TLS is spoken; Mozilla's where the system has none.
fn with_tls(builder: ClientBuilder, url: &Url, link: &Link) -> Result<ClientBuilder, DeliverError> {
    // Another part of the program may have installed one already; either will do.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let mut roots = Vec::new();
    if url.scheme() == "https" {
        let system = rustls_native_certs::load_native_certs().certs;
        let trusted = if system.is_empty() { webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec() } else { system };
        roots.extend(trusted.iter().filter_map(|certificate| Certificate::from_der(certificate).ok()));
    }
    if let Some(path) = link.ca_file {
        let pem = std::fs::read(path).map_err(|error| unusable("CA file", &error.to_string()))?;
        roots.extend(Certificate::from_pem_bundle(&pem).map_err(|error| unusable("CA file", &innermost(&error)))?);
    }
    Ok(builder.tls_certs_only(roots).tls_danger_accept_invalid_certs(link.insecure_tls))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(crate) fn first_line(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect())
}

pub(crate) fn unusable(what: &str, why: &str) -> DeliverError {
    DeliverError::Unusable { what: what.to_owned(), why: why.to_owned() }
}

fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn tls_cause(error: &reqwest::Error) -> Option<String> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(tls) = this.downcast_ref::<rustls::Error>() {
            return Some(tls.to_string());
        }
        // An `io::Error` shows what its inner error stems from, not the inner error.
        cause = match this.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => this.source(),
        };
    }
    None
}
