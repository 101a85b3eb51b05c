//! `[alert]`: who is told of what, when, and how.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Guarded, SecretFrom, Span};

/// Who is told of what, when, and how.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Alert {
    /// Who can be told, by name.
    pub receivers: BTreeMap<String, Receiver>,
    /// Receivers of what no route takes.
    pub default: Vec<String>,
    /// Which alerts go where. The first that matches takes an alert, unless it says `continue`.
    pub routes: Vec<Route>,
    /// Who is told next when nobody acknowledges, in this order, one each time the time to acknowledge has passed.
    pub escalate: Vec<String>,
    /// Labels whose alerts are told together.
    pub group_by: Vec<String>,
    /// How long the first alert of a group waits for others.
    pub group_wait: Span,
    /// The least time between two messages of a group that differ.
    pub group_interval: Span,
    /// The time after which a group that still fires is told again.
    pub repeat_interval: Span,
    /// The time in which somebody acknowledges.
    pub acknowledge: Acknowledge,
    /// Alerts nobody is told of.
    pub silences: Vec<Silence>,
    /// Alerts that are attached to others, which cause them, and not told by themselves. Unless it is given: what the collector suffers from
    /// a leak on the same instance.
    pub inhibit: Option<Vec<Inhibit>>,
    /// Where runbooks stand; the pattern's id is appended: `https://wiki/runbooks/`.
    pub runbooks: Option<String>,
    /// What is kept for receivers that cannot be reached.
    pub queue: QueueLimits,
}

impl Default for Alert {
    fn default() -> Self {
        Alert {
            receivers: BTreeMap::new(),
            default: Vec::new(),
            routes: Vec::new(),
            escalate: Vec::new(),
            group_by: ["alertname", "env", "service"].map(str::to_owned).to_vec(),
            group_wait: Span::seconds(30),
            group_interval: Span::seconds(5 * 60),
            repeat_interval: Span::seconds(4 * 60 * 60),
            acknowledge: Acknowledge::default(),
            silences: Vec::new(),
            inhibit: None,
            runbooks: None,
            queue: QueueLimits::default(),
        }
    }
}

/// Which alerts go where. What it does not say is as `[alert]` says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Route {
    /// Conditions on labels, all of which hold: `team=pay`, `env!=dev`, `service=~"api|web"`, `instance!~10[.].*`; patterns fit whole values.
    /// Labels an alert has not are empty.
    #[serde(rename = "match")]
    pub matched: Vec<String>,
    /// Who is told.
    pub receivers: Vec<String>,
    /// Who is told next when nobody acknowledges.
    pub escalate: Option<Vec<String>>,
    /// Whether later routes are asked as well.
    #[serde(rename = "continue")]
    pub go_on: bool,
    /// Labels whose alerts are told together.
    pub group_by: Option<Vec<String>>,
    /// How long the first alert of a group waits for others.
    pub group_wait: Option<Span>,
    /// The least time between two messages of a group that differ.
    pub group_interval: Option<Span>,
    /// The time after which a group that still fires is told again.
    pub repeat_interval: Option<Span>,
}

/// The time in which somebody acknowledges an alert before the next receiver is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Acknowledge {
    /// Of what is critical (P0).
    pub critical: Span,
    /// Of what is a warning (P1).
    pub warning: Span,
}

impl Default for Acknowledge {
    fn default() -> Self {
        Acknowledge { critical: Span::seconds(5 * 60), warning: Span::seconds(30 * 60) }
    }
}

/// Alerts nobody is told of, for a time.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Conditions as in a route; at least one.
    #[serde(rename = "match")]
    pub matched: Vec<String>,
    /// Its end, as in `2026-11-30T08:00:00Z`.
    pub until: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// Alerts that are attached to those that cause them.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inhibit {
    /// Conditions on the cause.
    pub cause: Vec<String>,
    /// Conditions on what it causes.
    pub effect: Vec<String>,
    /// Labels in which both agree.
    pub equal: Vec<String>,
}

/// What is kept for receivers that cannot be reached. Beyond it what is resolved goes first, and what goes is counted and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct QueueLimits {
    /// Messages.
    pub messages: u64,
    /// Bytes of messages.
    pub bytes: u64,
    /// Alerts that fire at once.
    pub alerts: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        QueueLimits { messages: 100_000, bytes: 64 << 20, alerts: 10_000 }
    }
}

/// Someone who can be told.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Receiver {
    /// A Prometheus Alertmanager.
    Alertmanager(Alertmanager),
    /// Anything that takes goherd's own JSON.
    Webhook(SignedHook),
    /// A Slack channel, by an incoming webhook.
    Slack(Hook),
    /// A Feishu (Lark) group, by a custom bot.
    Feishu(SignedHook),
    /// A DingTalk group, by a custom robot.
    Dingtalk(SignedHook),
    /// A WeCom group, by a group robot.
    Wecom(Hook),
    /// PagerDuty, by its Events API v2.
    Pagerduty(Pagerduty),
    /// A Prometheus Pushgateway.
    Pushgateway(Pushgateway),
    /// Whatever takes OpenTelemetry logs over HTTP.
    OtlpLogs(OtlpLogs),
}

/// How to reach a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Http {
    /// The most one attempt takes.
    pub timeout: Span,
    /// Headers sent with each attempt, such as `authorization`.
    pub headers: BTreeMap<String, Guarded>,
    /// Certificates (PEM) to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Accept any certificate.
    pub insecure_tls: bool,
}

impl Default for Http {
    fn default() -> Self {
        Http { timeout: Span::seconds(10), headers: BTreeMap::new(), ca_file: None, insecure_tls: false }
    }
}

/// A Prometheus Alertmanager. It groups, silences and repeats by itself: it gets every alert at once, and again while it fires.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alertmanager {
    /// Its address, `http://host:9093`, with the path it is served below, if any. Each one of a cluster is a receiver of its own.
    pub url: Guarded,
    /// How often it is told of what fires; at most a minute.
    #[serde(default = "a_minute")]
    pub resend: Span,
    /// How to reach it.
    #[serde(default)]
    pub http: Http,
}

fn a_minute() -> Span {
    Span::seconds(60)
}

/// An address that takes messages, and the secret that signs them.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedHook {
    /// The whole address.
    pub url: Guarded,
    /// Signs each message.
    #[serde(default)]
    pub secret: Option<SecretFrom>,
    /// Language of the message.
    #[serde(default)]
    pub lang: Language,
    /// How to reach it.
    #[serde(default)]
    pub http: Http,
}

/// An address that takes messages.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The whole address.
    pub url: Guarded,
    /// Language of the message.
    #[serde(default)]
    pub lang: Language,
    /// How to reach it.
    #[serde(default)]
    pub http: Http,
}

/// PagerDuty.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pagerduty {
    /// The integration's key.
    pub routing_key: SecretFrom,
    /// Another address than PagerDuty's own.
    #[serde(default)]
    pub url: Option<Guarded>,
    /// How to reach it.
    #[serde(default)]
    pub http: Http,
}

/// A Prometheus Pushgateway.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pushgateway {
    /// Its address, `http://host:9091`.
    pub url: Guarded,
    /// The job of what is pushed.
    #[serde(default = "goherd")]
    pub job: String,
    /// How to reach it.
    #[serde(default)]
    pub http: Http,
}

fn goherd() -> String {
    "goherd".to_owned()
}

/// Whatever takes OpenTelemetry logs over HTTP, as JSON.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtlpLogs {
    /// The address logs are posted to, `http://host:4318/v1/logs`.
    pub url: Guarded,
    /// How to reach it.
    #[serde(default)]
    pub http: Http,
}

/// Language of what people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Chinese.
    #[serde(rename = "zh-CN")]
    Chinese,
}
