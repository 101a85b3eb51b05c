//! Findings to whoever waits for them: one signed webhook call for a run ([`deliver`]); alerts with routes, groups, silences, escalation and
//! a queue that survives for a daemon ([`Dispatch`]); metrics in the forms that monitoring reads ([`exposition`]).
//!
//! The interface blocks and must not be called inside a tokio runtime. How findings were made is not known here.

pub mod alert;
pub mod book;
pub mod clock;
mod dispatch;
mod error;
pub mod exposition;
pub mod matching;
pub mod notice;
mod payload;
pub mod plan;
mod post;
pub mod queue;
mod sign;
mod sinks;

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use herd_model::Envelope;

pub use dispatch::{Dispatch, DispatchError, Told};
pub use error::DeliverError;
pub use herd_config::Secret;
pub use payload::{MAX_FINDINGS, PAYLOAD_SCHEMA};
pub use sign::{DELIVERY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature};
pub use sinks::{ALERT_SCHEMA, Sink};

/// The longest pause between two attempts, whatever the back-off or the receiver's `Retry-After` asks for.
pub const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Posts what the envelope found. A server error, 429, a timeout or a failed connection is tried again with growing pauses; any other
/// answer is final. Takes at most `(retries + 1) × timeout + retries × MAX_PAUSE`.
pub fn deliver(webhook: &Webhook, envelope: &Envelope) -> Result<Receipt, DeliverError> {
    let started = Instant::now();
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let body = payload::encode(envelope)?;
    let delivery = sign::delivery_id(timestamp, &body);
    let poster = post::Poster::open(&post::Link {
        url: &webhook.url,
        headers: &webhook.headers,
        timeout: webhook.timeout,
        ca_file: webhook.ca_file.as_deref(),
        insecure_tls: webhook.insecure_tls,
    })?;
    let headers = sign::headers(webhook.secret.as_ref(), timestamp, &delivery, &body);
    let mut pause = webhook.backoff;
    let mut attempts = 1;
    loop {
        let call = post::Call {
            method: reqwest::Method::POST,
            url: poster.url().clone(),
            content_type: "application/json",
            headers: headers.clone(),
            body: body.clone(),
        };
        let (error, wait) = match poster.send(call) {
            Ok(answer) => {
                let seconds = started.elapsed().as_secs_f64();
                return Ok(Receipt { status: answer.status, attempts, delivery, bytes: body.len() as u64, seconds });
            }
            Err(post::Failure { error, retry_after }) => (error, retry_after),
        };
        if attempts > webhook.retries || !error.is_worth_retrying() {
            return Err(error.after(attempts));
        }
        std::thread::sleep(wait.unwrap_or(pause).min(MAX_PAUSE));
        pause = pause.saturating_mul(2);
        attempts += 1;
    }
}

/// Where to post and how hard to try.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `http://` or `https://`; credentials in it are sent as basic authentication.
    pub url: String,
    /// Headers sent with each attempt, such as `Authorization`.
    pub headers: Vec<(String, String)>,
    /// The most one attempt may take.
    pub timeout: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// The pause before the second attempt; doubled before each later one.
    pub backoff: Duration,
    /// Signs the body; see [`signature`].
    pub secret: Option<Secret>,
    /// Certificates (PEM) to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Accept any certificate.
    pub insecure_tls: bool,
}

impl Webhook {
    /// Ten seconds an attempt, three retries from half a second on, unsigned.
    pub fn new(url: &str) -> Self {
        Webhook {
            url: url.to_owned(),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            retries: 3,
            backoff: Duration::from_millis(500),
            secret: None,
            ca_file: None,
            insecure_tls: false,
        }
    }
}

/// That it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The receiver's status, 200 to 299.
    pub status: u16,
    /// Attempts it took.
    pub attempts: u32,
    /// The id sent with every attempt, by which the receiver knows a repeated one.
    pub delivery: String,
    /// Bytes of the body.
    pub bytes: u64,
    /// Seconds in all.
    pub seconds: f64,
}
