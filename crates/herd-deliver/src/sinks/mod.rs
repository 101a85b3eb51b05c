//! How each kind of receiver is told: notices to calls, and answers to what became of them.

mod alertmanager;
mod chat;
mod dingtalk;
mod feishu;
pub(crate) mod otlp_logs;
mod pagerduty;
mod pushgateway;
mod slack;
mod webhook;
mod wecom;
mod words;

use std::time::Duration;

use herd_config::{Guarded, Http, Language, Receiver, Secret};
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::clock::At;
use crate::post::{Call, Link, Poster, first_line, unusable};
use crate::queue::Waiting;
use crate::{DeliverError, MAX_PAUSE};

pub use webhook::ALERT_SCHEMA;

/// A receiver, its secrets at hand.
#[derive(Debug)]
pub struct Sink {
    kind: Kind,
    link: Poster,
    /// The most messages one call carries.
    pub at_once: usize,
}

#[derive(Debug)]
enum Kind {
    Alertmanager { resend: Duration },
    Webhook { secret: Option<Secret> },
    Slack { lang: Language },
    Feishu { secret: Option<Secret>, lang: Language },
    Dingtalk { secret: Option<Secret>, lang: Language },
    Wecom { lang: Language },
    Pagerduty { routing_key: Secret },
    Pushgateway { job: String },
    OtlpLogs,
}

/// Why a receiver did not take messages.
#[derive(Debug)]
pub struct Refusal {
    /// What it says.
    pub error: DeliverError,
    /// Whether the same messages may be taken later.
    pub worth_retrying: bool,
    /// Whether it answered at all: what is wrong may then be the messages.
    pub answered: bool,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
}

impl Sink {
    /// Reads its secrets and prepares its connection; nothing is sent.
    pub fn open(receiver: &Receiver) -> Result<Sink, DeliverError> {
        let secret = |from: &Option<herd_config::SecretFrom>| -> Result<Option<Secret>, DeliverError> {
            from.as_ref().map(herd_config::SecretFrom::get).transpose().map_err(|error| unusable("secret", &error.to_string()))
        };
        let (kind, url, http, at_once) = match receiver {
            Receiver::Alertmanager(to) => (Kind::Alertmanager { resend: to.resend.0 }, Some(&to.url), &to.http, 200),
            Receiver::Webhook(to) => (Kind::Webhook { secret: secret(&to.secret)? }, Some(&to.url), &to.http, 1),
            Receiver::Slack(to) => (Kind::Slack { lang: to.lang }, Some(&to.url), &to.http, 1),
            Receiver::Feishu(to) => (Kind::Feishu { secret: secret(&to.secret)?, lang: to.lang }, Some(&to.url), &to.http, 1),
            Receiver::Dingtalk(to) => (Kind::Dingtalk { secret: secret(&to.secret)?, lang: to.lang }, Some(&to.url), &to.http, 1),
            Receiver::Wecom(to) => (Kind::Wecom { lang: to.lang }, Some(&to.url), &to.http, 1),
            Receiver::Pagerduty(to) => {
                let routing_key = to.routing_key.get().map_err(|error| unusable("routing key", &error.to_string()))?;
                (Kind::Pagerduty { routing_key }, to.url.as_ref(), &to.http, 1)
            }
            Receiver::Pushgateway(to) => (Kind::Pushgateway { job: to.job.clone() }, Some(&to.url), &to.http, 1),
            Receiver::OtlpLogs(to) => (Kind::OtlpLogs, Some(&to.url), &to.http, 200),
        };
        Ok(Sink { kind, link: open_link(url, http)?, at_once })
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        self.link.host()
    }

    /// Tells the receiver. Several messages are given only to sinks that take several ([`Sink::at_once`]), no two of one alert.
    pub fn tell(&self, waiting: &[Waiting], now: At) -> Result<(), Refusal> {
        for call in self.calls(waiting, now) {
            let answer = self.link.send(call).map_err(|failure| Refusal {
                worth_retrying: !is_the_messages_fault(&failure.error),
                answered: matches!(failure.error, DeliverError::Refused { .. } | DeliverError::Timeout { .. }),
                error: failure.error,
                retry_after: failure.retry_after.map(|pause| pause.min(MAX_PAUSE)),
            })?;
            if let Some((why, worth_retrying)) = self.said_no(&answer.body) {
                let (host, status) = (self.host().to_owned(), answer.status);
                let error = DeliverError::Refused { host, status, detail: Some(why), attempts: 1 };
                return Err(Refusal { error, worth_retrying, answered: true, retry_after: None });
            }
        }
        Ok(())
    }

    fn calls(&self, waiting: &[Waiting], now: At) -> Vec<Call> {
        let url = self.link.url();
        match &self.kind {
            Kind::Alertmanager { resend } => vec![alertmanager::call(url, waiting, *resend, now)],
            Kind::Webhook { secret } => waiting.iter().map(|message| webhook::call(url, message, secret.as_ref(), now)).collect(),
            Kind::Slack { lang } => waiting.iter().map(|message| slack::call(url, message, *lang)).collect(),
            Kind::Feishu { secret, lang } => {
                waiting.iter().map(|message| feishu::call(url, message, secret.as_ref(), *lang, now)).collect()
            }
            Kind::Dingtalk { secret, lang } => {
                waiting.iter().map(|message| dingtalk::call(url, message, secret.as_ref(), *lang, now)).collect()
            }
            Kind::Wecom { lang } => waiting.iter().map(|message| wecom::call(url, message, *lang)).collect(),
            Kind::Pagerduty { routing_key } => {
                waiting.iter().flat_map(|message| pagerduty::calls(url, message, routing_key)).collect()
            }
            Kind::Pushgateway { job } => waiting.iter().map(|message| pushgateway::call(url, message, job)).collect(),
            Kind::OtlpLogs => vec![otlp_logs::call(url, waiting, now)],
        }
    }

    /// What a receiver says that answers 200 and means no, and whether it may mean yes later.
    fn said_no(&self, body: &[u8]) -> Option<(String, bool)> {
        match &self.kind {
            Kind::Feishu { .. } => feishu::said_no(body),
            Kind::Dingtalk { .. } => dingtalk::said_no(body),
            Kind::Wecom { .. } => wecom::said_no(body),
            Kind::OtlpLogs => otlp_logs::said_no(body),
            Kind::Alertmanager { .. }
            | Kind::Webhook { .. }
            | Kind::Slack { .. }
            | Kind::Pagerduty { .. }
            | Kind::Pushgateway { .. } => None,
        }
    }
}

fn open_link(url: Option<&Guarded>, http: &Http) -> Result<Poster, DeliverError> {
    let url = url.map(Guarded::get).transpose().map_err(|error| unusable("URL", &error.to_string()))?;
    let url = url.unwrap_or_else(|| Secret(pagerduty::ADDRESS.to_owned()));
    let headers = headers(http)?;
    let (timeout, ca_file) = (http.timeout.0, http.ca_file.as_deref());
    Poster::open(&Link { url: &url.0, headers: &headers, timeout, ca_file, insecure_tls: http.insecure_tls })
}

/// Headers sent with each attempt, their secrets at hand.
pub(crate) fn headers(http: &Http) -> Result<Vec<(String, String)>, DeliverError> {
    let got = http.headers.iter().map(|(name, value)| match value.get() {
        Ok(Secret(value)) => Ok((name.clone(), value)),
        Err(error) => Err(unusable(&format!("header {name}"), &error.to_string())),
    });
    got.collect()
}

/// A JSON POST.
fn json(url: &Url, body: &Value) -> Call {
    Call {
        method: Method::POST,
        url: url.clone(),
        content_type: "application/json",
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    }
}

/// A path below a receiver's address, whatever that ends with.
fn below(url: &Url, path: &str) -> Url {
    let mut whole = url.clone();
    whole.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
    whole
}

/// Whether a receiver will never take these messages. What lies between it and them (credentials, addresses, certificates) is mended by
/// people, and until then nothing is thrown away.
fn is_the_messages_fault(error: &DeliverError) -> bool {
    match error {
        DeliverError::Refused { status, .. } => matches!(status, 400 | 411 | 413 | 414 | 415 | 422 | 431),
        DeliverError::Unusable { .. } | DeliverError::Encode(_) => true,
        DeliverError::Unreachable { .. } | DeliverError::Timeout { .. } | DeliverError::Tls { .. } => false,
    }
}

/// A code and a text as chats answer them; `never` are the codes of messages that are at fault themselves.
fn chat_said_no(body: &[u8], code: &str, text: &str, never: &[i64]) -> Option<(String, bool)> {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return Some((format!("it answers no JSON: {}", first_line(body).unwrap_or_default()), true));
    };
    let number = answer.get(code)?.as_i64()?;
    let said = answer.get(text).and_then(Value::as_str).unwrap_or_default();
    (number != 0)
        .then(|| (format!("{code} {number}: {}", first_line(said.as_bytes()).unwrap_or_default()), !never.contains(&number)))
}

/// So much of a text that it has at most so many bytes, cut between characters; `…` says that it is cut.
fn at_most(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let room = bytes.saturating_sub("…".len());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}
