//! `[watch]` and `[targets]`: what the daemon asks, how often, and of whom.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{OneOrMany, SecretFrom, Span};

/// How the daemon asks.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Watch {
    /// Where it listens. Anything but loopback asks for `token`.
    pub listen: String,
    /// Folder of what it keeps. Unless it is given: `$GOHERD_DATA_DIR`, `/var/lib/goherd` for a service, else the user's folder for data.
    pub data: Option<PathBuf>,
    /// Between two questions for metrics.
    pub every: Span,
    /// The most one of them may take.
    pub timeout: Span,
    /// Which metrics are kept: beginnings of names, or `all`.
    pub keep: OneOrMany,
    /// Series kept of one target; more are counted and left out.
    pub series: usize,
    /// Bytes of one page.
    pub page_bytes: usize,
    /// Who may ask the daemon what it does not tell everybody.
    pub token: Option<SecretFrom>,
}

impl Default for Watch {
    fn default() -> Self {
        Watch {
            listen: "127.0.0.1:9464".to_owned(),
            data: None,
            every: Span::seconds(5),
            timeout: Span::seconds(4),
            keep: OneOrMany::Many(
                ["go_", "process_", "http_requests_total", "grpc_server_handled_total"].map(str::to_owned).to_vec(),
            ),
            series: 10_000,
            page_bytes: 16 << 20,
            token: None,
        }
    }
}

/// Whom the daemon asks. A target found several times with the same labels is one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Targets {
    /// Named here.
    #[serde(rename = "static")]
    pub fixed: Vec<StaticTargets>,
    /// Named in files of the form that Prometheus's `file_sd_configs` read: `[{"targets": ["host:port"], "labels": {…}}]`.
    pub files: Vec<FileTargets>,
    /// Rules that change labels, or leave targets out, in their order.
    pub relabel: Vec<Relabel>,
}

/// Targets named in goherd.toml.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StaticTargets {
    /// `host:port`.
    pub addresses: Vec<String>,
    /// Labels of all of them, such as `env`, `team`, `service`, `sla_tier`.
    pub labels: BTreeMap<String, String>,
    /// How they are asked.
    pub ask: Asking,
}

/// Targets named in files.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileTargets {
    /// Files; a `*` in the last part of a path stands for anything.
    pub paths: Vec<String>,
    /// Between two looks at them.
    #[serde(default = "half_a_minute")]
    pub refresh: Span,
    /// Labels of all of them; a file's own come first.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How they are asked.
    #[serde(default)]
    pub ask: Asking,
}

fn half_a_minute() -> Span {
    Span::seconds(30)
}

/// How targets are asked.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Asking {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Path of the metrics. A list's `__metrics_path__` comes first.
    pub metrics: String,
    /// Path before the names of profiles.
    pub profiles: String,
    /// Token sent with every question.
    pub bearer: Option<SecretFrom>,
    /// User and password sent with every question.
    pub basic: Option<Basic>,
    /// Networks they may be in, such as `10.0.0.0/8`; unless given, anywhere but where clouds tell secrets, and lists from elsewhere may not
    /// name this host.
    pub networks: Vec<String>,
    /// Between two questions; unless given, as `[watch]` says.
    pub every: Option<Span>,
}

impl Default for Asking {
    fn default() -> Self {
        Asking {
            scheme: Scheme::Http,
            metrics: "/metrics".to_owned(),
            profiles: "/debug/pprof".to_owned(),
            bearer: None,
            basic: None,
            networks: Vec::new(),
            every: None,
        }
    }
}

/// How a target is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// In the clear.
    Http,
    /// TLS.
    Https,
}

/// User and password.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user.
    pub user: String,
    /// Where the password is kept.
    pub password: SecretFrom,
}

/// A rule on labels. Its pattern is matched against the values of `from`, joined by `;`, as a whole. Labels that begin with `__` are there
/// for rules only: `__address__`, `__scheme__`, `__metrics_path__`, and what lists tell beside.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Relabel {
    /// Labels whose values are looked at.
    pub from: OneOrMany,
    /// A regular expression.
    #[serde(rename = "match", default = "anything")]
    pub matched: String,
    /// What is done where it matches.
    #[serde(default)]
    pub action: RelabelAction,
    /// The label that is set.
    pub to: Option<String>,
    /// Its value; `$1` is the first group of the pattern, `$0` all of it. An empty value takes the label away.
    #[serde(default = "whole")]
    pub value: String,
}

fn anything() -> String {
    ".*".to_owned()
}

fn whole() -> String {
    "$0".to_owned()
}

/// What a rule does where it matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RelabelAction {
    /// Sets a label.
    #[default]
    Set,
    /// Leaves targets out that do not match.
    Keep,
    /// Leaves targets out that match.
    Drop,
}
