//! Alerts to receivers on loopback: outages of an hour on an accelerated clock, restarts, refusals, more than there is room for.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use herd_config::{Alert as Config, QueueLimits, Receiver as To, Span};
use herd_deliver::book::{Entered, SilenceGiven};
use herd_deliver::clock::Clock;
use herd_deliver::{Dispatch, Told};
use herd_model::Severity;
use support::{Receiver, START, alert, config, free_port, hook, until};

/// Everything that is told, kept.
fn told() -> (Arc<Mutex<Vec<Told>>>, impl Fn(&Told) + Send + Sync + 'static) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let kept = all.clone();
    (all, move |told: &Told| kept.lock().unwrap().push(told.clone()))
}

fn open(config: &Config, folder: &tempfile::TempDir, clock: Clock) -> Dispatch {
    Dispatch::open(config, &folder.path().join("alerts.db"), clock, |_| ()).unwrap()
}

/// Instance, status and the `seq` annotation of what a webhook received, in order; repeated deliveries once.
fn received(receiver: &Receiver) -> Vec<(String, String, String)> {
    let mut seen = std::collections::BTreeSet::new();
    let mut all = Vec::new();
    for call in receiver.calls() {
        if !seen.insert(call.headers["x-goherd-delivery"].to_str().unwrap().to_owned()) {
            continue;
        }
        for alert in call.json()["alerts"].as_array().unwrap() {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            all.push((text(&alert["labels"]["instance"]), text(&alert["status"]), text(&alert["annotations"]["seq"])));
        }
    }
    all
}

#[test]
fn what_fires_arrives_and_so_does_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    let dispatch = open(&config(&[("hook", hook(&receiver.url("/")))]), &folder, Clock::System);
    let leak = alert("LK001", "a", Severity::Critical);
    assert_eq!(dispatch.fire(vec![leak.clone()]).unwrap(), [Entered::Routed]);
    until("the alert", || (receiver.calls().len() == 1).then_some(()));
    assert_eq!(dispatch.fire(vec![leak.clone()]).unwrap(), [Entered::Routed]);
    assert_eq!(dispatch.resolve(&[leak.key(), "unknown".into()]).unwrap(), 1);
    until("its end", || (receiver.calls().len() == 2).then_some(()));
    let end = receiver.calls()[1].json();
    assert_eq!(
        (end["status"].as_str(), end["alerts"][0]["annotations"]["runbook_id"].as_str()),
        (Some("resolved"), Some("LK001"))
    );
    assert!(dispatch.standing().is_empty());
    until("that it is noted", || (dispatch.waiting() == 0).then_some(()));
    let metrics = herd_deliver::exposition::prometheus_text(&dispatch.families().unwrap());
    assert!(metrics.contains("goherd_notifications_total{outcome=\"delivered\",receiver=\"hook\"} 2\n"), "{metrics}");
}

#[test]
fn an_hours_outage_loses_nothing_and_changes_no_order() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let (all, tell) = told();
    // An hour takes three seconds.
    let clock = Clock::accelerated(START, 1_200);
    let config = config(&[("hook", hook(&format!("http://127.0.0.1:{port}/")))]);
    let dispatch = Dispatch::open(&config, &folder.path().join("alerts.db"), clock, tell).unwrap();
    let mut expected: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for minute in 0..60_u32 {
        let mut one = alert("LK001", &format!("i{}", minute % 3), Severity::Warning);
        one.annotations.insert("seq".into(), minute.to_string());
        dispatch.fire(vec![one.clone()]).unwrap();
        dispatch.resolve(&[one.key()]).unwrap();
        let lane = expected.entry(one.label("instance").to_owned()).or_default();
        lane.extend([("firing".to_owned(), minute.to_string()), ("resolved".to_owned(), minute.to_string())]);
        std::thread::sleep(clock.real(Duration::from_mins(1)));
    }
    assert!(clock.now().since(START) >= Duration::from_hours(1));
    assert_eq!(dispatch.waiting(), 120);
    let failed = |told: &Told| matches!(told, Told::Failed { why, .. } if why.contains("cannot be reached"));
    let attempts = all.lock().unwrap().iter().filter(|told| failed(told)).count();
    assert!((5..60).contains(&attempts), "{attempts} attempts in an hour");

    let receiver = Receiver::at(std::net::TcpListener::bind(("127.0.0.1", port)).unwrap());
    until("the backlog", || (dispatch.waiting() == 0).then_some(()));
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let arrived = received(&receiver);
    for (instance, status, seq) in &arrived {
        found.entry(instance.clone()).or_default().push((status.clone(), seq.clone()));
    }
    assert_eq!(found, expected);
    let sequence: Vec<u32> = arrived.iter().map(|(_, _, seq)| seq.parse().unwrap()).collect();
    assert!(sequence.is_sorted(), "in the order in which it happened");
    assert!(dispatch.losses().unwrap().is_empty());
}

#[test]
fn a_dead_receiver_stops_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    // Listens and never answers.
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let dead = hook(&format!("http://{}/", silent.local_addr().unwrap()));
    let unreachable = hook(&format!("http://127.0.0.1:{}/", free_port()));
    let config = config(&[("dead", dead), ("gone", unreachable), ("hook", hook(&receiver.url("/")))]);
    let dispatch = open(&config, &folder, Clock::System);
    for at in 0..20 {
        dispatch.fire(vec![alert("LK001", &at.to_string(), Severity::Info)]).unwrap();
    }
    until("what the living gets", || (receiver.calls().len() == 20).then_some(()));
    until("that it is noted", || (dispatch.waiting() == 40).then_some(()));
}

#[test]
fn a_restart_remembers_alerts_silences_and_messages() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    let nobody = config(&[("hook", hook(&format!("http://127.0.0.1:{}/", free_port())))]);
    let first = open(&nobody, &folder, Clock::System);
    let (leak, other) = (alert("LK001", "a", Severity::Critical), alert("LK002", "b", Severity::Info));
    first.fire(vec![leak.clone(), other.clone()]).unwrap();
    assert!(first.acknowledge(&leak.key(), "ann").unwrap());
    let until_later = Clock::System.now().plus(Duration::from_hours(1)).rfc3339();
    let given = SilenceGiven { matched: vec!["instance=c".into()], until: until_later, by: "ann".into(), reason: "moved".into() };
    let silence = first.silence(given.clone()).unwrap();
    assert_eq!(first.waiting(), 2);
    drop(first);

    let there = config(&[("hook", hook(&receiver.url("/")))]);
    let second = open(&there, &folder, Clock::System);
    until("what waited", || (second.waiting() == 0).then_some(()));
    assert_eq!(received(&receiver).len(), 2);
    assert_eq!(second.standing()[&leak.key()].acknowledged.as_ref().unwrap().0, "ann");
    assert_eq!(second.silences(), BTreeMap::from([(silence.clone(), given)]));
    second.fire(vec![leak.clone(), other, alert("LK003", "c", Severity::Critical)]).unwrap();
    assert_eq!(second.waiting(), 0, "known, known, silenced");
    second.resolve(&[leak.key()]).unwrap();
    until("the end of what was told before the restart", || (received(&receiver).len() == 3).then_some(()));
    assert!(second.unsilence(&silence).unwrap());
    until("what was silenced", || (received(&receiver).len() == 4).then_some(()));
    second.close(Duration::from_secs(10));

    // A receiver that is gone from the configuration is told, and what else there is goes on.
    let (all, tell) = told();
    let renamed = config(&[("other", hook(&receiver.url("/")))]);
    let third = Dispatch::open(&renamed, &folder.path().join("alerts.db"), Clock::System, tell).unwrap();
    assert_eq!(*all.lock().unwrap(), [Told::ReceiversGone { groups: 2 }]);
    third.fire(vec![alert("LK002", "b", Severity::Info)]).unwrap();
    until("the new receiver's", || (received(&receiver).len() == 5).then_some(()));
}

#[test]
fn what_is_refused_for_good_is_told_and_passes_the_turn_on() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    receiver.answer(422, "no such channel\nat all");
    let (all, tell) = told();
    let config = config(&[("hook", hook(&receiver.url("/")))]);
    let dispatch = Dispatch::open(&config, &folder.path().join("alerts.db"), Clock::accelerated(START, 100), tell).unwrap();
    dispatch.fire(vec![alert("LK001", "a", Severity::Info)]).unwrap();
    until("the refusal", || (dispatch.waiting() == 0).then_some(()));
    let losses = dispatch.losses().unwrap();
    assert_eq!((losses.len(), losses[0].receiver.as_str(), losses[0].firing), (1, "hook", true));
    assert_eq!(losses[0].why, format!("{} answers 422 (1 attempt): no such channel", receiver.address));
    assert!(losses[0].about.starts_with("LK001 Send that nobody receives"), "{}", losses[0].about);
    assert!(matches!(&all.lock().unwrap()[..], [Told::Lost(_)]));

    // What people can mend is not thrown away: a token that was withdrawn, a server that is down.
    for status in [401, 403, 404, 429, 500, 503] {
        receiver.answer(status, "not now");
    }
    dispatch.fire(vec![alert("LK002", "b", Severity::Info)]).unwrap();
    until("the message", || (dispatch.waiting() == 0).then_some(()));
    assert_eq!((receiver.calls().len(), dispatch.losses().unwrap().len()), (8, 1));
    let mut pauses = Vec::new();
    for told in all.lock().unwrap().iter() {
        if let Told::Failed { pause, .. } = told {
            pauses.push(*pause);
        }
    }
    assert_eq!(pauses.len(), 6);
    assert!(pauses.windows(2).all(|pair| pair[0] < pair[1]), "{pauses:?}");
}

#[test]
fn one_lane_that_is_refused_lets_others_pass_and_keeps_its_own_order() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    receiver.keep_answering(500, "cannot take this one");
    let dispatch = open(&config(&[("hook", hook(&receiver.url("/")))]), &folder, Clock::accelerated(START, 1_000));
    let stuck = alert("LK001", "stuck", Severity::Info);
    dispatch.fire(vec![stuck.clone()]).unwrap();
    until("the first refusal", || (!receiver.calls().is_empty()).then_some(()));
    dispatch.resolve(&[stuck.key()]).unwrap();
    dispatch.fire(vec![alert("LK001", "free", Severity::Info)]).unwrap();
    until("the other lane's turn", || received(&receiver).iter().any(|(instance, ..)| instance == "free").then_some(()));
    assert!(received(&receiver).iter().all(|(_, status, _)| status == "firing"), "the end waits for the beginning");
    receiver.keep_answering(200, "");
    until("everything", || (dispatch.waiting() == 0).then_some(()));
    let statuses: Vec<String> =
        received(&receiver).into_iter().filter(|(instance, ..)| instance == "stuck").map(|(_, status, _)| status).collect();
    assert_eq!(statuses, ["firing", "resolved"]);
}

#[test]
fn what_there_is_no_room_for_is_counted_and_what_fires_goes_last() {
    let folder = tempfile::tempdir().unwrap();
    let (all, tell) = told();
    let limits = QueueLimits { messages: 10, ..QueueLimits::default() };
    let away = config(&[("hook", hook(&format!("http://127.0.0.1:{}/", free_port())))]);
    let dispatch =
        Dispatch::open(&Config { queue: limits, ..away }, &folder.path().join("alerts.db"), Clock::System, tell).unwrap();
    for at in 0..6 {
        let one = alert("LK001", &format!("over{at}"), Severity::Info);
        dispatch.fire(vec![one.clone()]).unwrap();
        dispatch.resolve(&[one.key()]).unwrap();
    }
    for at in 0..6 {
        dispatch.fire(vec![alert("LK001", &format!("fires{at}"), Severity::Info)]).unwrap();
    }
    assert_eq!(dispatch.waiting(), 10);
    let losses = dispatch.losses().unwrap();
    assert_eq!(losses.len(), 8);
    assert_eq!(losses.iter().filter(|loss| !loss.firing).count(), 6, "all that is over went first");
    assert_eq!(all.lock().unwrap().iter().filter(|told| matches!(told, Told::Lost(_))).count(), 8);
    let metrics = herd_deliver::exposition::prometheus_text(&dispatch.families().unwrap());
    assert!(metrics.contains("goherd_notifications_total{outcome=\"overflow\",receiver=\"hook\"} 8\n"), "{metrics}");
}

#[test]
fn bytes_are_bounded_too() {
    let folder = tempfile::tempdir().unwrap();
    let limits = QueueLimits { bytes: 100_000, ..QueueLimits::default() };
    let away = config(&[("hook", hook(&format!("http://127.0.0.1:{}/", free_port())))]);
    let dispatch = open(&Config { queue: limits, ..away }, &folder, Clock::System);
    for at in 0..50 {
        let mut one = alert("LK001", &at.to_string(), Severity::Info);
        one.annotations.insert("description".into(), "x".repeat(10_000));
        dispatch.fire(vec![one]).unwrap();
    }
    let waiting = dispatch.waiting();
    assert!((5..10).contains(&waiting), "{waiting}");
    assert_eq!(dispatch.losses().unwrap().len() as u64 + waiting, 50);
}

#[test]
fn what_cannot_be_read_is_told_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    let port = free_port();
    let config = config(&[("hook", hook(&format!("http://127.0.0.1:{port}/")))]);
    let away = open(&config, &folder, Clock::System);
    for at in 0..4 {
        away.fire(vec![alert("LK001", &at.to_string(), Severity::Info)]).unwrap();
    }
    drop(away);
    let file = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(file.execute("update notice set body = '{' where id in (1, 3)", []).unwrap(), 2);
    let one =
        "update entry set body = '{}' where kind = 'standing' and key = (select min(key) from entry where kind = 'standing')";
    assert_eq!(file.execute(one, []).unwrap(), 1);
    drop(file);

    let receiver = Receiver::at(std::net::TcpListener::bind(("127.0.0.1", port)).unwrap());
    let (all, tell) = told();
    let again = Dispatch::open(&config, &path, Clock::System, tell).unwrap();
    until("the rest", || (again.waiting() == 0).then_some(()));
    assert_eq!(received(&receiver).len(), 2);
    let losses = again.losses().unwrap();
    assert_eq!(losses.len(), 2);
    assert!(losses.iter().all(|loss| loss.firing && loss.why.contains("cannot be read")), "{losses:?}");
    assert!(matches!(&all.lock().unwrap()[0], Told::Unreadable { why } if why.contains("standing")));
    assert_eq!(again.standing().len(), 3);

    let file = rusqlite::Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", 2).unwrap();
    drop(again);
    let error = Dispatch::open(&config, &path, Clock::System, |_| ()).err().unwrap();
    assert!(error.to_string().contains("has format 2, and this goherd knows 1"), "{error}");
}

#[test]
fn secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "top-word").unwrap();
    let (all, tell) = told();
    let url = format!("http://ann:top-word@127.0.0.1:{}/top-word?token=top-word", free_port());
    let To::Webhook(plain) = hook(&url) else { unreachable!("it is one") };
    let config = config(&[(
        "hook",
        To::Webhook(herd_config::SignedHook { secret: Some(herd_config::SecretFrom::File(secret.clone())), ..plain }),
    )]);
    let shown = format!("{config:?}");
    let dispatch = Dispatch::open(&config, &folder.path().join("alerts.db"), Clock::System, tell).unwrap();
    dispatch.fire(vec![alert("LK001", "a", Severity::Info)]).unwrap();
    until("a failure", || (!all.lock().unwrap().is_empty()).then_some(()));
    let shown = format!("{shown} {:?}", all.lock().unwrap());
    assert!(!shown.contains("top-word"), "{shown}");
    drop(dispatch);
    std::fs::remove_file(secret).unwrap();
    let error = Dispatch::open(&config, &folder.path().join("alerts.db"), Clock::System, |_| ()).err().unwrap();
    assert!(error.to_string().starts_with("[alert] receivers.hook: "), "{error}");
}

#[test]
fn nobody_acknowledges_and_the_next_is_told_on_an_accelerated_clock() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Receiver::start(), Receiver::start());
    let both = config(&[("first", hook(&first.url("/"))), ("second", hook(&second.url("/")))]);
    let config =
        Config { default: vec!["first".into()], escalate: vec!["second".into()], repeat_interval: Span::seconds(86_400), ..both };
    let clock = Clock::accelerated(START, 600);
    let dispatch = open(&config, &folder, clock);
    dispatch.fire(vec![alert("LK001", "a", Severity::Critical)]).unwrap();
    until("the first call", || (first.calls().len() == 1).then_some(()));
    until("the escalation", || (second.calls().len() == 1).then_some(()));
    let told = second.calls()[0].json();
    assert_eq!(told["reason"], "escalated");
    let at = herd_deliver::clock::At::parse(told["at"].as_str().unwrap()).unwrap();
    assert!(at >= START.plus(Duration::from_mins(5)));
    assert_eq!(first.calls().len(), 1);
}
