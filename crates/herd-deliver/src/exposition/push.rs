//! Metrics to a server that is told: the calls, and when they are repeated.

use std::time::Duration;

use herd_config::{Guarded, Http};
use reqwest::Method;

use crate::clock::At;
use crate::exposition::{Family, otlp_metrics, write_requests};
use crate::post::{Call, Link, Poster, unusable};
use crate::sinks::otlp_logs::rejected;
use crate::{DeliverError, MAX_PAUSE};

/// Series one request carries.
const SERIES_MAX: usize = 2_000;

/// A server that takes metrics.
#[derive(Debug)]
pub struct Push {
    link: Poster,
    form: PushForm,
    retries: u32,
    backoff: Duration,
}

/// The form it takes them in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushForm {
    /// Prometheus remote write 1.0.
    RemoteWrite,
    /// OTLP over HTTP, as JSON.
    Otlp {
        /// Whose metrics they are, such as `service.name`.
        resource: Vec<(String, String)>,
        /// Since when counters count.
        started_at: At,
    },
}

impl Push {
    /// Prepares the connection; nothing is sent.
    pub fn open(url: &Guarded, http: &Http, form: PushForm, retries: u32, backoff: Duration) -> Result<Push, DeliverError> {
        let url = url.get().map_err(|error| unusable("URL", &error.to_string()))?;
        let headers = crate::sinks::headers(http)?;
        let (timeout, ca_file) = (http.timeout.0, http.ca_file.as_deref());
        let link = Poster::open(&Link { url: &url.0, headers: &headers, timeout, ca_file, insecure_tls: http.insecure_tls })?;
        Ok(Push { link, form, retries, backoff })
    }

    /// Writes samples; those without a time were measured `now`. A server that fails is asked again, with growing pauses; one that refuses
    /// is not. What was taken before a failure stays taken: the same samples may be written again.
    pub fn write(&self, families: &[Family], now: At) -> Result<(), DeliverError> {
        match &self.form {
            PushForm::RemoteWrite => {
                let headers = [("content-encoding", "snappy"), ("x-prometheus-remote-write-version", "0.1.0")];
                let bodies = write_requests(families, now, SERIES_MAX)?;
                bodies.iter().try_for_each(|body| self.send(body, "application/x-protobuf", &headers))
            }
            PushForm::Otlp { resource, started_at } => {
                self.send(&otlp_metrics(families, resource, *started_at, now), "application/json", &[])
            }
        }
    }

    fn send(&self, body: &[u8], content_type: &'static str, headers: &[(&'static str, &str)]) -> Result<(), DeliverError> {
        let headers: Vec<(&'static str, String)> = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut pause = self.backoff;
        let mut attempts = 1;
        loop {
            let url = self.link.url().clone();
            let call = Call { method: Method::POST, url, content_type, headers: headers.clone(), body: body.to_vec() };
            let failure = match self.link.send(call) {
                Ok(answer) => {
                    let Some(why) = rejected(&answer.body, "rejectedDataPoints", "data points") else { return Ok(()) };
                    let host = self.link.host().to_owned();
                    return Err(DeliverError::Refused { host, status: answer.status, detail: Some(why), attempts });
                }
                Err(failure) => failure,
            };
            if attempts > self.retries || !failure.error.is_worth_retrying() {
                return Err(failure.error.after(attempts));
            }
            std::thread::sleep(failure.retry_after.unwrap_or(pause).min(MAX_PAUSE));
            pause = pause.saturating_mul(2);
            attempts += 1;
        }
    }
}
