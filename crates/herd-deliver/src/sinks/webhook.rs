//! goherd's own JSON, signed as every webhook call of goherd is.

use herd_config::Secret;
use serde_json::{Value, json};
use url::Url;

use crate::clock::At;
use crate::post::Call;
use crate::queue::Waiting;
use crate::sign;
use crate::sinks::json;

/// Version of the body; additive within a version.
pub const ALERT_SCHEMA: &str = "goherd-alert/1";

pub(super) fn call(url: &Url, message: &Waiting, secret: Option<&Secret>, now: At) -> Call {
    let notice = &message.notice;
    let alerts: Vec<Value> = notice
        .alerts
        .iter()
        .map(|alert| {
            json!({
                "key": alert.key(),
                "status": status(alert.is_firing()),
                "labels": alert.labels,
                "annotations": alert.annotations,
                "starts_at": alert.starts_at.rfc3339(),
                "ends_at": alert.ends_at.map(At::rfc3339),
                "attached": alert.attached,
            })
        })
        .collect();
    let mut call = json(
        url,
        &json!({
            "schema": ALERT_SCHEMA,
            "receiver": notice.receiver,
            "lane": notice.lane,
            "group": notice.group,
            "reason": notice.reason,
            "status": status(notice.is_firing()),
            "priority": notice.priority(),
            "at": notice.at.rfc3339(),
            "alerts": alerts,
            "not_listed": notice.not_listed,
        }),
    );
    call.headers = sign::headers(secret, now.0 / 1_000, &message.delivery, &call.body);
    call
}

fn status(firing: bool) -> &'static str {
    if firing { "firing" } else { "resolved" }
}
