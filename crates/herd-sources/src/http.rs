//! One connection to one target: GET with credentials, a time limit, a size limit and an ear for Ctrl-C.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, ClientBuilder, Response, redirect};
use tokio::runtime::Runtime;
use url::Url;

use crate::inflate::unpack;
use crate::{Auth, CancelFlag, Endpoint, Options, SourceError, tls};

/// The most that is read of one answer: `debug=2` ends at 64 MiB by itself, `debug=1` with a label set a goroutine can pass that.
pub const MAX_BODY_BYTES: u64 = 256 << 20;

const CONNECT_SECONDS_MAX: u64 = 10;
const REDIRECTS_MAX: usize = 5;
const CANCEL_POLL: Duration = Duration::from_millis(20);
const DETAIL_CHARS_MAX: usize = 160;

/// A client for one endpoint. It must not be used inside a tokio runtime.
pub(crate) struct Web {
    client: Client,
    runtime: Option<Runtime>,
    origin: Url,
    query: Vec<(String, String)>,
    auth: Option<Auth>,
    target: String,
    timeout: Duration,
}

/// What came back, status 200 or not, its content encoding taken off.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Bytes of the body on the wire.
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    /// When its head arrived, nanoseconds since 1970: `net/http/pprof` has written its profile by then.
    pub(crate) at_ns: i64,
    pub(crate) headers: HeaderMap,
    asked: String,
}

impl Web {
    pub(crate) fn open(target: &str, endpoint: &Endpoint, options: &Options) -> Result<Web, SourceError> {
        let auth = options.auth.as_ref().or(endpoint.auth.as_ref()).cloned();
        if matches!(&auth, Some(Auth::Bearer(token)) if HeaderValue::from_str(token).is_err()) {
            return Err(bad_option("--bearer", "the token holds characters no header may carry"));
        }
        let mut builder = ClientBuilder::new()
            .user_agent(concat!("goherd/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(&options.headers)?)
            .connect_timeout(options.timeout.min(Duration::from_secs(CONNECT_SECONDS_MAX)))
            .timeout(options.timeout)
            .redirect(redirect::Policy::custom(follow_within_host));
        builder = with_proxy(builder, endpoint, options)?;
        builder = tls::trusting(builder, endpoint, options)?;
        builder = with_socket(builder, target, endpoint)?;
        let unusable = |why: String| SourceError::Unreachable { target: target.to_owned(), why };
        let client = builder.build().map_err(|error| unusable(innermost(&error)))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unusable(error.to_string()))?;
        Ok(Web {
            client,
            runtime: Some(runtime),
            origin: endpoint.origin.clone(),
            query: endpoint.query.clone(),
            auth,
            target: target.to_owned(),
            timeout: options.timeout,
        })
    }

    /// Asks for `path`, which may carry a query such as `?debug=1`. A status other than 200 is an answer, not an error.
    pub(crate) fn get(&self, path: &str, cancel: &CancelFlag) -> Result<Answer, SourceError> {
        self.get_at_most(path, MAX_BODY_BYTES, cancel)
    }

    /// The same for an answer that can only be small.
    pub(crate) fn get_at_most(&self, path: &str, limit: u64, cancel: &CancelFlag) -> Result<Answer, SourceError> {
        let runtime = self.runtime.as_ref().expect("the runtime is taken only when the client is dropped");
        runtime.block_on(async {
            tokio::select! {
                answer = self.fetch(path, limit) => answer,
                () = raised(cancel) => Err(SourceError::Interrupted),
            }
        })
    }

    async fn fetch(&self, path: &str, limit: u64) -> Result<Answer, SourceError> {
        let mut url = self
            .origin
            .join(path)
            .map_err(|error| SourceError::BadTarget { target: self.target.clone(), why: format!("{path}: {error}") })?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let started = Instant::now();
        let request = match &self.auth {
            Some(Auth::Basic { user, password }) => self.client.get(url).basic_auth(user, Some(password)),
            Some(Auth::Bearer(token)) => self.client.get(url).bearer_auth(token),
            None => self.client.get(url),
        };
        let sent = request.send().await;
        let mut response = sent.map_err(|error| self.failure(path, 0, &error))?;
        let at_ns = now_ns();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let packed = self.body(path, &mut response, limit).await?;
        let bytes = packed.len() as u64;
        let body = self.decoded(path, &headers, packed, limit)?;
        Ok(Answer { status, body, bytes, seconds: started.elapsed().as_secs_f64(), at_ns, headers, asked: path.to_owned() })
    }

    async fn body(&self, path: &str, response: &mut Response, limit: u64) -> Result<Vec<u8>, SourceError> {
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| self.failure(path, body.len() as u64, &error))?;
            let Some(chunk) = chunk else { return Ok(body) };
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(self.too_large(path, limit));
            }
            body.extend_from_slice(&chunk);
        }
    }

    /// None is asked for, so that the target spends nothing on it; some gateways pack all the same.
    fn decoded(&self, path: &str, headers: &HeaderMap, body: Vec<u8>, limit: u64) -> Result<Vec<u8>, SourceError> {
        let encoding = headers.get(CONTENT_ENCODING).map_or("identity", |value| value.to_str().unwrap_or("unreadable"));
        match encoding.trim().to_ascii_lowercase().as_str() {
            "identity" | "" => Ok(body),
            "gzip" | "x-gzip" | "zstd" => self.unpacked(path, &body, limit),
            other => Err(SourceError::Unsupported {
                target: self.target.clone(),
                what: format!("the answer to {path} is packed with content encoding `{other}`"),
            }),
        }
    }

    fn unpacked(&self, path: &str, packed: &[u8], limit: u64) -> Result<Vec<u8>, SourceError> {
        use std::io::Read;
        let damaged = |source| SourceError::Damaged { target: self.target.clone(), form: "content-encoded", source };
        let (_, reader) = unpack(packed).map_err(damaged)?;
        let mut body = Vec::new();
        reader.take(limit + 1).read_to_end(&mut body).map_err(damaged)?;
        if body.len() as u64 > limit { Err(self.too_large(path, limit)) } else { Ok(body) }
    }

    fn too_large(&self, path: &str, limit: u64) -> SourceError {
        SourceError::TooLarge { target: self.target.clone(), what: format!("the answer to {path}"), limit }
    }

    /// Sorts what the client reports: not there, TLS, too slow, broken off.
    fn failure(&self, path: &str, bytes: u64, error: &reqwest::Error) -> SourceError {
        let target = self.target.clone();
        let why = innermost(error);
        let asked = path.to_owned();
        if let Some(tls) = tls_cause(error) {
            return SourceError::Tls { target, why: tls };
        }
        if error.is_timeout() {
            return SourceError::Timeout { target, asked, seconds: self.timeout.as_secs_f64() };
        }
        if error.is_connect() {
            return SourceError::Unreachable { target, why };
        }
        SourceError::Cut { target, asked, bytes, why }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // A name look-up may still run; nobody waits for it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Answer {
    /// The error an answer other than 200 is.
    pub(crate) fn refusal(&self, target: &str) -> SourceError {
        let to = self.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let detail = match to {
            // A login's address may carry a state or a code; host and path say enough.
            Some(to) => Some(format!("redirects to {}", to.split(['?', '#']).next().unwrap_or_default())),
            None => first_words(&self.body),
        };
        SourceError::HttpStatus { target: target.to_owned(), asked: self.asked.clone(), status: self.status, detail }
    }
}

fn first_words(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(16 << 10)]).into_owned();
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|at| text[at + 7..].split('<').next());
    let line = title.or_else(|| text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('<')))?;
    let shown: String = line.trim().chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect();
    (!shown.is_empty()).then_some(shown)
}

async fn raised(cancel: &CancelFlag) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(CANCEL_POLL).await;
    }
}

/// Credentials and headers are meant for one host; a redirect elsewhere (a login page) ends the walk and is reported.
fn follow_within_host(attempt: redirect::Attempt) -> redirect::Action {
    let Some(from) = attempt.previous().first() else { return attempt.stop() };
    let to = attempt.url();
    let same_host = from.host_str() == to.host_str();
    let same_port = from.port_or_known_default() == to.port_or_known_default();
    let upgraded = from.scheme() == "http" && to.scheme() == "https" && from.port().is_none() && to.port().is_none();
    let kept = same_host && (upgraded || (same_port && from.scheme() == to.scheme()));
    if kept && attempt.previous().len() <= REDIRECTS_MAX { attempt.follow() } else { attempt.stop() }
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, SourceError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in given {
        let key = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| bad_option("--header", &format!("`{name}` is no header name")))?;
        let mut value = HeaderValue::from_str(value.trim())
            .map_err(|_| bad_option("--header", &format!("the value of `{name}` holds characters no header may carry")))?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

fn with_proxy(builder: ClientBuilder, endpoint: &Endpoint, options: &Options) -> Result<ClientBuilder, SourceError> {
    if let Some(proxy) = &options.proxy {
        let proxy = reqwest::Proxy::all(proxy).map_err(|error| bad_option("--proxy", &innermost(&error)))?;
        return Ok(builder.proxy(proxy));
    }
    // As Go's own client does: a proxy set for the outside cannot know what runs on this machine.
    Ok(if endpoint.unix.is_some() || is_loopback(&endpoint.origin) { builder.no_proxy() } else { builder })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps)] // The other platforms fail here.
fn with_socket(builder: ClientBuilder, _target: &str, endpoint: &Endpoint) -> Result<ClientBuilder, SourceError> {
    Ok(match &endpoint.unix {
        Some(socket) => builder.unix_socket(socket.clone()),
        None => builder,
    })
}

#[cfg(not(unix))]
fn with_socket(builder: ClientBuilder, target: &str, endpoint: &Endpoint) -> Result<ClientBuilder, SourceError> {
    match endpoint.unix {
        Some(_) => {
            Err(SourceError::Unsupported { target: target.to_owned(), what: "unix sockets need a unix system".to_owned() })
        }
        None => Ok(builder),
    }
}

pub(crate) fn bad_option(option: &'static str, why: &str) -> SourceError {
    SourceError::BadOption { option, why: why.to_owned() }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn tls_cause(error: &reqwest::Error) -> Option<String> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(tls) = this.downcast_ref::<rustls::Error>() {
            return Some(tls.to_string());
        }
        // An `io::Error` shows what its inner error stems from, not the inner error.
        let inner = this.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => this.source(),
        };
    }
    None
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_gets_the_credentials() {
        let local = |address: &str| is_loopback(&Url::parse(address).unwrap());
        assert!(local("http://127.0.0.1:1") && local("http://[::1]:1") && local("http://localhost:1"));
        assert!(!local("http://10.0.0.1:1") && !local("http://orders:1"));
    }

    #[test]
    fn an_answer_is_told_by_its_title_or_first_line() {
        assert_eq!(first_words(b"<html><head><TITLE>Sign in</title>").as_deref(), Some("Sign in"));
        assert_eq!(first_words(b"\n404 page not found\n").as_deref(), Some("404 page not found"));
        assert_eq!(first_words(b"  \n"), None);
    }
}
