//! What `[alert]` asks for, read once and checked: routes, timings, silences, what causes what.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use herd_config::{Acknowledge, Alert as Config, Inhibit, QueueLimits, Receiver};
use herd_model::Severity;

use crate::alert::Labels;
use crate::clock::At;
use crate::matching::{Matcher, MatcherError, all_hold, matchers};

/// The longest time between two messages that tell an Alertmanager what fires.
pub const RESEND_MAX: Duration = Duration::from_mins(1);

/// `[alert]`, checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How each receiver is told.
    pub receivers: BTreeMap<String, Manner>,
    /// Where alerts go, in order.
    pub routes: Vec<Route>,
    /// Where alerts go that no route takes; none when nobody is named.
    pub fallback: Option<Route>,
    /// Who is muted until when, from the configuration.
    pub silences: Vec<Silence>,
    /// What causes what.
    pub inhibitions: Vec<Inhibition>,
    /// Time to acknowledge.
    pub acknowledge: Acknowledge,
    /// What is kept.
    pub limits: QueueLimits,
}

/// Where matching alerts go.
#[derive(Clone, Debug)]
pub struct Route {
    /// What an alert must meet.
    pub matchers: Vec<Matcher>,
    /// Who is told.
    pub receivers: Vec<String>,
    /// Who is told next when nobody acknowledges.
    pub escalate: Vec<String>,
    /// Labels whose alerts are told together.
    pub group_by: Vec<String>,
    /// When.
    pub timing: Timing,
    /// Whether later routes are asked as well.
    pub go_on: bool,
}

/// When a group is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Timing {
    /// How long the first alert waits for others.
    pub wait: Duration,
    /// The least time between two messages that differ.
    pub interval: Duration,
    /// The time after which what fires is told again; never where there is none.
    pub repeat: Option<Duration>,
}

/// How a receiver is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Alert by alert, at once, and again after a time while it fires: it groups by itself and forgets what is not repeated.
    Mirrored(Duration),
    /// Alert by alert, whenever one fires or is resolved.
    EachChange,
    /// Alert by alert, after the route's wait.
    Each,
    /// All that fires on an instance, at once.
    ByInstance,
    /// As the route groups, in messages a person reads: long lists are cut and counted.
    Read,
    /// As the route groups, in messages a program reads: long lists are sent in parts.
    Grouped,
}

/// Alerts nobody is told of, for a time.
#[derive(Clone, Debug)]
pub struct Silence {
    /// What they meet.
    pub matchers: Vec<Matcher>,
    /// The end.
    pub until: At,
}

/// Alerts that are attached to what causes them.
#[derive(Clone, Debug)]
pub struct Inhibition {
    /// What the cause meets.
    pub cause: Vec<Matcher>,
    /// What the effect meets.
    pub effect: Vec<Matcher>,
    /// Labels in which both agree.
    pub equal: Vec<String>,
}

/// What is wrong with `[alert]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A condition cannot be read.
    #[error("[alert] {place}: {why}")]
    Matcher {
        /// Where it stands.
        place: String,
        /// What is wrong.
        why: MatcherError,
    },
    /// A receiver is named that there is none of.
    #[error("[alert] {place}: there is no receiver `{name}`{}", meant.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    UnknownReceiver {
        /// Where it is named.
        place: String,
        /// The name.
        name: String,
        /// The name that comes nearest.
        meant: Option<String>,
    },
    /// Something else.
    #[error("[alert] {place}: {why}")]
    Wrong {
        /// Where it stands.
        place: String,
        /// What is wrong.
        why: String,
    },
}

/// Reads and checks `[alert]`.
pub fn plan(config: &Config) -> Result<Plan, PlanError> {
    let timing = Timing { wait: config.group_wait.0, interval: config.group_interval.0, repeat: Some(config.repeat_interval.0) };
    let mut routes = Vec::new();
    for (at, route) in config.routes.iter().enumerate() {
        let place = format!("route {}", at + 1);
        let escalate = route.escalate.as_ref().unwrap_or(&config.escalate);
        for name in route.receivers.iter().chain(escalate) {
            known(config, &place, name)?;
        }
        if route.receivers.is_empty() {
            return Err(PlanError::Wrong { place, why: "it names no receiver".to_owned() });
        }
        routes.push(Route {
            matchers: read_matchers(&place, &route.matched)?,
            receivers: route.receivers.clone(),
            escalate: escalate.clone(),
            group_by: route.group_by.as_ref().unwrap_or(&config.group_by).clone(),
            timing: Timing {
                wait: route.group_wait.map_or(timing.wait, |span| span.0),
                interval: route.group_interval.map_or(timing.interval, |span| span.0),
                repeat: route.repeat_interval.map_or(timing.repeat, |span| Some(span.0)),
            },
            go_on: route.go_on,
        });
    }
    for (place, names) in [("default", &config.default), ("escalate", &config.escalate)] {
        for name in names {
            known(config, place, name)?;
        }
    }
    let fallback = (!config.default.is_empty()).then(|| Route {
        matchers: Vec::new(),
        receivers: config.default.clone(),
        escalate: config.escalate.clone(),
        group_by: config.group_by.clone(),
        timing,
        go_on: false,
    });
    let mut silences = Vec::new();
    for (at, silence) in config.silences.iter().enumerate() {
        silences.push(read_silence(&format!("silence {}", at + 1), &silence.matched, &silence.until)?);
    }
    let causes = config.inhibit.clone().unwrap_or_else(|| vec![leaks_cause_collections()]);
    let mut inhibitions = Vec::new();
    for (at, inhibit) in causes.iter().enumerate() {
        let place = format!("inhibit {}", at + 1);
        inhibitions.push(Inhibition {
            cause: read_matchers(&place, &inhibit.cause)?,
            effect: read_matchers(&place, &inhibit.effect)?,
            equal: inhibit.equal.clone(),
        });
    }
    let receivers = config.receivers.iter().map(|(name, receiver)| Ok((name.clone(), manner(name, receiver)?)));
    Ok(Plan {
        receivers: receivers.collect::<Result<_, PlanError>>()?,
        routes,
        fallback,
        silences,
        inhibitions,
        acknowledge: config.acknowledge,
        limits: config.queue,
    })
}

/// The routes that take an alert: the first that matches, and those after it while they say `continue`; else the fallback.
pub fn routes_of<'p>(plan: &'p Plan, labels: &Labels) -> Vec<&'p Route> {
    let mut taken = Vec::new();
    for route in plan.routes.iter().filter(|route| all_hold(&route.matchers, labels)) {
        taken.push(route);
        if !route.go_on {
            break;
        }
    }
    if taken.is_empty() {
        taken.extend(&plan.fallback);
    }
    taken
}

/// The labels a receiver's message is about, and when it is told: what it does by itself is not done twice.
pub fn grouping(manner: Manner, route: &Route, labels: &Labels) -> (Labels, Timing) {
    let at_once = Timing { wait: Duration::ZERO, interval: Duration::ZERO, repeat: route.timing.repeat };
    let chosen = |names: &[String]| -> Labels {
        let names: BTreeSet<&String> = names.iter().collect();
        labels.iter().filter(|(name, _)| names.contains(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    match manner {
        Manner::Mirrored(resend) => (labels.clone(), Timing { repeat: Some(resend), ..at_once }),
        Manner::EachChange => (labels.clone(), Timing { repeat: None, ..at_once }),
        Manner::Each => (labels.clone(), Timing { interval: Duration::ZERO, ..route.timing }),
        Manner::ByInstance => (chosen(&["env", "team", "service", "instance"].map(str::to_owned)), at_once),
        Manner::Read | Manner::Grouped => (chosen(&route.group_by), route.timing),
    }
}

/// The time in which an alert is to be acknowledged; none for what is worth knowing only.
pub fn time_to_acknowledge(plan: &Plan, severity: Severity) -> Option<Duration> {
    match severity {
        Severity::Critical => Some(plan.acknowledge.critical.0),
        Severity::Warning => Some(plan.acknowledge.warning.0),
        Severity::Info => None,
    }
}

/// A silence that was given by hand or read from the configuration.
pub(crate) fn read_silence(place: &str, matched: &[String], until: &str) -> Result<Silence, PlanError> {
    let wrong = |why: &str| PlanError::Wrong { place: place.to_owned(), why: why.to_owned() };
    if matched.is_empty() {
        return Err(wrong("it names no condition, and would silence everything"));
    }
    let until = At::parse(until).ok_or_else(|| wrong(&format!("`{until}` is no time such as 2026-11-30T08:00:00Z")))?;
    Ok(Silence { matchers: read_matchers(place, matched)?, until })
}

fn read_matchers(place: &str, texts: &[String]) -> Result<Vec<Matcher>, PlanError> {
    matchers(texts).map_err(|why| PlanError::Matcher { place: place.to_owned(), why })
}

fn known(config: &Config, place: &str, name: &str) -> Result<(), PlanError> {
    if config.receivers.contains_key(name) {
        return Ok(());
    }
    let meant = herd_config::nearest(name, config.receivers.keys().map(String::as_str)).map(str::to_owned);
    Err(PlanError::UnknownReceiver { place: place.to_owned(), name: name.to_owned(), meant })
}

fn manner(name: &str, receiver: &Receiver) -> Result<Manner, PlanError> {
    Ok(match receiver {
        Receiver::Alertmanager(alertmanager) => {
            let resend = alertmanager.resend.0;
            if resend < Duration::from_secs(1) || resend > RESEND_MAX {
                let why = "resend is to be between 1s and 1m".to_owned();
                return Err(PlanError::Wrong { place: format!("receivers.{name}"), why });
            }
            Manner::Mirrored(resend)
        }
        Receiver::Webhook(_) => Manner::Grouped,
        Receiver::Slack(_) | Receiver::Feishu(_) | Receiver::Dingtalk(_) | Receiver::Wecom(_) => Manner::Read,
        Receiver::Pagerduty(_) => Manner::Each,
        Receiver::Pushgateway(_) => Manner::ByInstance,
        Receiver::OtlpLogs(_) => Manner::EachChange,
    })
}

/// A leak keeps memory alive and makes the collector work.
fn leaks_cause_collections() -> Inhibit {
    Inhibit {
        cause: vec!["alertname=~LK.*".to_owned()],
        effect: vec!["alertname=~GC.*".to_owned()],
        equal: ["env", "service", "instance"].map(str::to_owned).to_vec(),
    }
}
