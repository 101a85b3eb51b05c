//! A message to one receiver: what fires and what is resolved of a group, and why it is told.

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Labels, priority};
use crate::book::GroupKey;
use crate::clock::At;

/// The most alerts one message lists.
pub const ALERTS_MAX: usize = 200;

/// A message to one receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Who is told.
    pub receiver: String,
    /// Messages of one receiver and lane are delivered in order: 16 hex digits over the group's labels.
    pub lane: String,
    /// What the alerts have in common.
    pub group: Labels,
    /// Why it is told.
    pub reason: Reason,
    /// What fires, worst first, then what is resolved.
    pub alerts: Vec<Alert>,
    /// Alerts beyond [`ALERTS_MAX`].
    #[serde(default)]
    pub not_listed: u64,
    /// When it became due.
    pub at: At,
}

/// Why something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// Something fires, or is resolved, that was not before.
    Changed,
    /// It still fires.
    Repeated,
    /// Nobody acknowledged it in time.
    Escalated,
}

impl Notice {
    pub(crate) fn new(key: &GroupKey, reason: Reason, alerts: Vec<Alert>, now: At) -> Notice {
        let (receiver, lane, group) = (key.receiver.clone(), key.lane(), key.labels.clone());
        Notice { receiver, lane, group, reason, alerts, not_listed: 0, at: now }
    }

    /// Whether anything in it fires.
    pub fn is_firing(&self) -> bool {
        self.alerts.iter().any(Alert::is_firing)
    }

    /// How many fire, of those listed.
    pub fn firing(&self) -> usize {
        self.alerts.iter().filter(|alert| alert.is_firing()).count()
    }

    /// The priority of the worst that fires; of the worst where nothing fires.
    pub fn priority(&self) -> &'static str {
        let worst =
            |firing: bool| self.alerts.iter().filter(|alert| alert.is_firing() == firing).map(|alert| alert.severity).max();
        worst(true).or(worst(false)).map_or("P2", priority)
    }
}
