//! One attempt: a POST with a time limit, its failure sorted.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, ClientBuilder, Response, redirect};
use tokio::runtime::Runtime;
use url::{Host, Url};

use crate::{DeliverError, Webhook};

const DETAIL_CHARS_MAX: usize = 160;
/// As much of a refusal as can hold its first line.
const DETAIL_BYTES_MAX: usize = 4 << 10;

/// A client for one receiver.
pub(crate) struct Poster {
    client: Client,
    runtime: Runtime,
    url: Url,
    host: String,
}

/// Why an attempt failed, and when the receiver wants the next.
pub(crate) struct Failure {
    pub(crate) error: DeliverError,
    pub(crate) retry_after: Option<Duration>,
}

impl Poster {
    pub(crate) fn open(webhook: &Webhook) -> Result<Poster, DeliverError> {
        let url = Url::parse(&webhook.url).map_err(|error| unusable("URL", &error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unusable("URL", &format!("{}:// is neither http:// nor https://", url.scheme())));
        }
        let mut builder = ClientBuilder::new()
            .user_agent(concat!("goherd/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(webhook)?)
            .timeout(webhook.timeout)
            .redirect(redirect::Policy::none());
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let client = with_tls(builder, &url, webhook)?.build().map_err(|error| unusable("URL", &innermost(&error)))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unusable("connection", &error.to_string()))?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        Ok(Poster { client, runtime, url, host })
    }

    /// Posts once and gives the status when it is a success.
    pub(crate) fn post(&self, headers: &[(&'static str, String)], body: &[u8]) -> Result<u16, Failure> {
        self.runtime.block_on(async {
            let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body.to_vec());
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            match request.send().await {
                Ok(response) if response.status().is_success() => Ok(response.status().as_u16()),
                Ok(response) => Err(self.refusal(response).await),
                Err(error) => Err(Failure { error: self.failure(&error), retry_after: None }),
            }
        })
    }

    async fn refusal(&self, mut response: Response) -> Failure {
        let status = response.status().as_u16();
        // Only seconds are understood; the other form, a date, falls back to the back-off.
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut body = Vec::new();
        // The status alone decides; a body that breaks off only shortens the message.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= DETAIL_BYTES_MAX {
                break;
            }
        }
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

fn headers(webhook: &Webhook) -> Result<HeaderMap, DeliverError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &webhook.headers {
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
fn with_tls(builder: ClientBuilder, url: &Url, webhook: &Webhook) -> Result<ClientBuilder, DeliverError> {
    // Another part of the program may have installed one already; either will do.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let mut roots = Vec::new();
    if url.scheme() == "https" {
        let system = rustls_native_certs::load_native_certs().certs;
        let trusted = if system.is_empty() { webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec() } else { system };
        roots.extend(trusted.iter().filter_map(|certificate| Certificate::from_der(certificate).ok()));
    }
    if let Some(path) = &webhook.ca_file {
        let pem = std::fs::read(path).map_err(|error| unusable("CA file", &error.to_string()))?;
        roots.extend(Certificate::from_pem_bundle(&pem).map_err(|error| unusable("CA file", &innermost(&error)))?);
    }
    Ok(builder.tls_certs_only(roots).tls_danger_accept_invalid_certs(webhook.insecure_tls))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn first_line(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect())
}

fn unusable(what: &str, why: &str) -> DeliverError {
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
