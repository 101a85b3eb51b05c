//! goherd.toml: what it may say, where it is found, and what is wrong with it. A section a command; a key nobody knows is an error.

mod alert;
mod find;
mod hidden;
mod lint;
mod nearest;
mod span;
mod watch;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

pub use alert::{
    Acknowledge, Alert, Alertmanager, Hook, Http, Inhibit, Language, OtlpLogs, Pagerduty, Pushgateway, QueueLimits, Receiver,
    Route, SignedHook, Silence,
};
pub use find::{FILE_NAME, find};
pub use hidden::{Guarded, Secret, SecretError, SecretFrom};
pub use lint::{FailOn, Lint, LintPaths, LintSpawns, OneOrMany};
pub use nearest::nearest;
pub use span::Span;
pub use watch::{Asking, Basic, FileTargets, Relabel, RelabelAction, Scheme, StaticTargets, Targets, Watch};

/// A goherd.toml.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "goherd.toml")]
pub struct Config {
    /// Who is told of what is found, when, and how.
    #[serde(default)]
    pub alert: Alert,
    /// What `goherd lint` and `goherd lsp` ask and tell.
    #[serde(default)]
    pub lint: Lint,
    /// Whom `goherd watch` asks.
    #[serde(default)]
    pub targets: Targets,
    /// How `goherd watch` asks.
    #[serde(default)]
    pub watch: Watch,
    /// The folder its paths are seen from.
    #[serde(skip)]
    pub root: PathBuf,
}

/// Why a goherd.toml cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// It says what it may not.
    #[error("{}: line {line}: {why}{}", path.display(), meant.as_ref().map(|key| format!("; did you mean `{key}`?")).unwrap_or_default())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
        /// The key that was meant, perhaps.
        meant: Option<String>,
    },
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|why| ConfigError::Unreadable { path: path.to_owned(), why })?;
    let config = parse(&text).map_err(|(line, why, meant)| ConfigError::Malformed { path: path.to_owned(), line, why, meant })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(Config { root: std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()), ..config })
}

fn parse(text: &str) -> Result<Config, (usize, String, Option<String>)> {
    let line = |offset: usize| text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
    let config: Config = toml::from_str(text).map_err(|error| {
        let why = error.message().lines().next().unwrap_or_default().to_owned();
        let meant = meant(&why);
        // The list of all keys is what the schema is for.
        let why = if meant.is_some() { why.split(", expected").next().unwrap_or_default().to_owned() } else { why };
        (line(error.span().map_or(0, |span| span.start)), why, meant)
    })?;
    let spawns = config.lint.spawns;
    if spawns.medium > spawns.high {
        let at = text.find("[lint.spawns]").unwrap_or_default();
        return Err((
            line(at),
            format!("medium is {} and high is {}: it may not be above high", spawns.medium, spawns.high),
            None,
        ));
    }
    Ok(config)
}

/// The known key that comes nearest to the one an error names: ``unknown field `selct`, expected one of `select`, …``.
fn meant(why: &str) -> Option<String> {
    let rest = why.strip_prefix("unknown field `").or_else(|| why.strip_prefix("unknown variant `"))?;
    let (given, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    nearest(given, known.iter().copied()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use herd_model::Severity;

    use super::*;

    #[test]
    fn all_that_may_be_said_is_read() {
        let text = r#"
[lint]
select = ["LK", "DL001"]
ignore = ["DL003"]
preview = true
tests = false
tags = ["integration"]
fail-on = "critical"
exclude = ["third_party", "**/*_gen.go"]
severity = { CX003 = "info" }

[[lint.paths]]
match = "internal/legacy"
ignore = ["CX"]

[[lint.paths]]
match = ["a", "b"]
ignore = ["LO002"]

[lint.spawns]
medium = 1
high = 5
"#;
        let lint = parse(text).expect("it is right").lint;
        assert_eq!((lint.select, lint.ignore), (vec!["LK".to_owned(), "DL001".to_owned()], vec!["DL003".to_owned()]));
        assert_eq!((lint.preview, lint.tests, lint.fail_on), (Some(true), Some(false), Some(FailOn::Critical)));
        assert_eq!((lint.tags, lint.exclude.len()), (vec!["integration".to_owned()], 2));
        assert_eq!(lint.severity.get("CX003"), Some(&Severity::Info));
        let paths: Vec<(Vec<&str>, usize)> =
            lint.paths.iter().map(|paths| (paths.matched.list().collect(), paths.ignore.len())).collect();
        assert_eq!(paths, [(vec!["internal/legacy"], 1), (vec!["a", "b"], 1)]);
        assert_eq!(lint.spawns, LintSpawns { medium: 1, high: 5 });
        assert_eq!(parse("").expect("nothing need be said"), Config::default());
    }

    #[test]
    fn who_is_told_is_read() {
        let text = r#"
[alert]
default = ["chat"]
escalate = ["pager"]
group-wait = "10s"
acknowledge = { critical = "2m" }
runbooks = "https://wiki/runbooks/"

[alert.receivers.chat.feishu]
url = { file = "/etc/goherd/feishu-url" }
secret = { env = "FEISHU_SECRET" }
lang = "zh-CN"

[alert.receivers.pager.pagerduty]
routing-key = { env = "PAGERDUTY_KEY" }

[alert.receivers.am.alertmanager]
url = "http://localhost:9093"
http = { timeout = "3s", headers = { authorization = { env = "AM_TOKEN" } } }

[[alert.routes]]
match = ["team=pay", "env!=dev"]
receivers = ["am", "pager"]
continue = true

[[alert.silences]]
match = ["service=batch"]
until = "2026-11-30T08:00:00Z"
"#;
        let alert = parse(text).expect("it is right").alert;
        assert_eq!((alert.default, alert.escalate), (vec!["chat".to_owned()], vec!["pager".to_owned()]));
        assert_eq!((alert.group_wait, alert.group_interval), (Span::seconds(10), Span::seconds(300)));
        assert_eq!((alert.acknowledge.critical, alert.acknowledge.warning), (Span::seconds(120), Span::seconds(1800)));
        let Some(Receiver::Feishu(chat)) = alert.receivers.get("chat") else { panic!("{:?}", alert.receivers) };
        assert_eq!((chat.lang, &chat.secret), (Language::Chinese, &Some(SecretFrom::Env("FEISHU_SECRET".to_owned()))));
        let Some(Receiver::Alertmanager(am)) = alert.receivers.get("am") else { panic!("{:?}", alert.receivers) };
        assert_eq!((am.resend, am.http.timeout, am.http.headers.len()), (Span::seconds(60), Span::seconds(3), 1));
        assert!(alert.routes.iter().all(|route| route.go_on && route.matched.len() == 2 && route.group_wait.is_none()));
        assert_eq!(alert.silences.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_was_meant() {
        for (text, line, word, meant) in [
            ("[lint]\n\nselct = []\n", 3, "unknown field `selct`", Some("select")),
            ("[lnt]\n", 1, "unknown field `lnt`", Some("lint")),
            ("[lint]\nfail-on = \"warn\"\n", 2, "warn", Some("warning")),
            ("[lint]\ntests = 1\n", 2, "invalid type", None),
            ("[lint\n", 1, "", None),
            ("[lint]\nzzzzzzzzzz = 1\n", 2, "unknown field", None),
            ("[alert]\ngroup-wiat = \"1s\"\n", 2, "unknown field `group-wiat`", Some("group-wait")),
            ("[alert]\ngroup-wait = \"soon\"\n", 2, "`soon` is no length of time", None),
            ("[alert.receivers.a.slak]\nurl = \"x\"\n", 1, "unknown variant `slak`", Some("slack")),
            ("[alert.receivers.a.slack]\nurl = \"x\"\ntokn = 1\n", 3, "unknown field `tokn`", None),
            ("[alert.receivers.a.webhook]\nurl = \"x\"\nsecret = \"plain\"\n", 3, "", None),
            ("\n[lint.spawns]\nmedium = 9\nhigh = 2\n", 2, "medium is 9", None),
        ] {
            let (at, why, nearest) = parse(text).expect_err(text);
            assert_eq!((at, nearest.as_deref()), (line, meant), "{text}: {why}");
            assert!(why.contains(word), "{why}");
        }
    }
}
