//! Who is told of what and when: routes, groups, repetitions, silences, causes and escalation, over hours that pass in no time.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::BTreeMap;
use std::time::Duration;

use herd_config::{
    Acknowledge, Alert as Config, Alertmanager, Guarded, Hook, Http, Inhibit, Language, OtlpLogs, Pushgateway, QueueLimits,
    Receiver, Route, Silence, Span,
};
use herd_deliver::alert::{About, Alert, Labels, of_finding};
use herd_deliver::book::{Book, Entered, SilenceGiven, acknowledge, due, fire, next_due, resolve, silence, unsilence};
use herd_deliver::clock::At;
use herd_deliver::notice::{ALERTS_MAX, Notice, Reason};
use herd_deliver::plan::{Plan, plan};
use herd_model::{Certainty, Finding, PatternId, Place, Severity};

const START: At = At(1_764_489_600_000);

/// A chat; where it is does not matter to the rules.
fn chat() -> Receiver {
    Receiver::Slack(Hook { url: Guarded::Plain("http://localhost/".into()), lang: Language::English, http: Http::default() })
}

fn alertmanager() -> Receiver {
    Receiver::Alertmanager(Alertmanager {
        url: Guarded::Plain("http://localhost/".into()),
        resend: Span::seconds(60),
        http: Http::default(),
    })
}

fn config(receivers: &[(&str, Receiver)]) -> Config {
    Config {
        receivers: receivers.iter().map(|(name, receiver)| ((*name).to_owned(), receiver.clone())).collect(),
        default: receivers.first().iter().map(|(name, _)| (*name).to_owned()).collect(),
        ..Config::default()
    }
}

fn alert(alertname: &str, instance: &str, severity: Severity) -> Alert {
    let labels = [
        ("alertname", alertname),
        ("instance", instance),
        ("service", "pay"),
        ("env", "prod"),
        ("severity", severity.as_str()),
        ("fingerprint", "00000000000000aa"),
    ];
    let labels: Labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let annotations = BTreeMap::from([("summary".to_owned(), format!("{alertname} on {instance}"))]);
    Alert { labels, annotations, severity, starts_at: START, ends_at: None, attached: Vec::new() }
}

/// A book with its clock.
struct Desk {
    plan: Plan,
    book: Book,
    now: At,
}

impl Desk {
    fn new(config: &Config) -> Desk {
        Desk { plan: plan(config).unwrap(), book: Book::default(), now: START }
    }

    fn fire(&mut self, alert: Alert) -> Entered {
        fire(&mut self.book, &self.plan, alert, self.now)
    }

    fn resolve(&mut self, alert: &Alert) -> bool {
        resolve(&mut self.book, &alert.key(), self.now)
    }

    /// Lets time pass and says what was told, and when: seconds since the start, receiver, why, what fires and what is resolved.
    fn pass(&mut self, seconds: u64) -> Vec<String> {
        let until = self.now.plus(Duration::from_secs(seconds));
        let mut told = Vec::new();
        loop {
            told.extend(due(&mut self.book, &self.plan, self.now).iter().map(|notice| self.line(notice)));
            let next = next_due(&self.book, &self.plan).unwrap_or(At(u64::MAX));
            assert!(next > self.now, "what is due is told");
            if next > until {
                self.now = until;
                return told;
            }
            self.now = next;
        }
    }

    fn line(&self, notice: &Notice) -> String {
        let names = |firing: bool| -> String {
            let names = notice.alerts.iter().filter(|alert| alert.is_firing() == firing);
            names.map(|alert| format!("{}/{}", alert.label("alertname"), alert.label("instance"))).collect::<Vec<_>>().join(" ")
        };
        let (fires, over) = (names(true), names(false));
        let over = if over.is_empty() { String::new() } else { format!(" over: {over}") };
        let fires = if fires.is_empty() { String::new() } else { format!(" {fires}") };
        let reason = match notice.reason {
            Reason::Changed => "",
            Reason::Repeated => " again",
            Reason::Escalated => " escalated",
        };
        format!("{}{reason} {}:{fires}{over}", self.now.since(START).as_secs(), notice.receiver)
    }
}

#[test]
fn a_group_waits_for_its_members_then_for_its_interval_and_repeats() {
    let mut desk = Desk::new(&config(&[("chat", chat())]));
    let (one, two) = (alert("LK001", "a", Severity::Info), alert("LK001", "b", Severity::Info));
    assert_eq!(desk.fire(one.clone()), Entered::Routed);
    assert!(desk.pass(10).is_empty());
    desk.fire(two.clone());
    assert_eq!(desk.pass(20), ["30 chat: LK001/a LK001/b"]);
    desk.fire(alert("LK001", "c", Severity::Info));
    assert_eq!(desk.pass(300), ["330 chat: LK001/a LK001/b LK001/c"]);
    assert_eq!(desk.pass(5 * 3600), ["14730 again chat: LK001/a LK001/b LK001/c"]);
    assert!(desk.resolve(&one));
    assert_eq!(desk.pass(100), ["18330 chat: LK001/b LK001/c over: LK001/a"], "the interval passed long ago");
    assert!(!desk.resolve(&one), "it is over already");
    assert!(desk.resolve(&two));
    desk.resolve(&alert("LK001", "c", Severity::Info));
    assert_eq!(desk.pass(300), ["18630 chat: over: LK001/b LK001/c"]);
    assert!(desk.pass(24 * 3600).is_empty());
}

#[test]
fn what_comes_and_goes_before_anybody_is_told_is_counted() {
    let mut desk = Desk::new(&config(&[("chat", chat())]));
    let one = alert("LK001", "a", Severity::Critical);
    desk.fire(one.clone());
    desk.pass(5);
    desk.resolve(&one);
    assert!(desk.pass(3600).is_empty());
    assert_eq!(desk.book.came_and_went, 1);
    // What was told and flaps within the interval is still the same.
    desk.fire(one.clone());
    assert_eq!(desk.pass(30).len(), 1);
    desk.resolve(&one);
    desk.fire(one.clone());
    assert!(desk.pass(600).is_empty());
}

#[test]
fn routes_are_asked_in_order() {
    let route = |matched: &[&str], receiver: &str, go_on| Route {
        matched: matched.iter().map(|text| (*text).to_owned()).collect(),
        receivers: vec![receiver.to_owned()],
        go_on,
        group_wait: Some(Span::seconds(0)),
        ..Route::default()
    };
    let mut desk = Desk::new(&Config {
        routes: vec![
            route(&["severity=critical"], "pager", true),
            route(&["service=~pay|web", "env!=dev"], "pay", false),
            route(&[], "never-asked-for-pay", false),
        ],
        ..config(&[("fallback", chat()), ("pager", chat()), ("pay", chat()), ("never-asked-for-pay", chat())])
    });
    desk.fire(alert("LK001", "a", Severity::Critical));
    assert_eq!(desk.pass(0), ["0 pager: LK001/a", "0 pay: LK001/a"]);
    let mut other = alert("LK001", "b", Severity::Info);
    other.labels.insert("env".into(), "dev".into());
    desk.fire(other);
    assert_eq!(desk.pass(0), ["0 never-asked-for-pay: LK001/b"]);
    let nobody = Config { default: Vec::new(), ..config(&[("fallback", chat())]) };
    assert_eq!(Desk::new(&nobody).fire(alert("LK001", "a", Severity::Info)), Entered::Unrouted);
}

#[test]
fn an_alertmanager_is_told_at_once_and_every_minute() {
    let mut desk = Desk::new(&config(&[("am", alertmanager())]));
    let one = alert("LK001", "a", Severity::Info);
    desk.fire(one.clone());
    assert_eq!(desk.pass(150), ["0 am: LK001/a", "60 again am: LK001/a", "120 again am: LK001/a"]);
    desk.resolve(&one);
    assert_eq!(desk.pass(600), ["150 am: over: LK001/a"]);
}

#[test]
fn who_does_not_acknowledge_is_followed_by_the_next() {
    let mut desk = Desk::new(&Config {
        escalate: vec!["second".into(), "boss".into()],
        group_wait: Span::seconds(0),
        ..config(&[("first", chat()), ("second", chat()), ("boss", chat())])
    });
    let grave = alert("LK001", "a", Severity::Critical);
    desk.fire(grave.clone());
    assert_eq!(desk.pass(1200), ["0 first: LK001/a", "300 escalated second: LK001/a", "600 escalated boss: LK001/a"]);
    desk.resolve(&grave);
    assert_eq!(desk.pass(600).len(), 3, "everyone who was told hears that it is over");

    let mut desk = Desk { now: START, book: Book::default(), plan: desk.plan };
    let warning = alert("LK002", "a", Severity::Warning);
    desk.fire(warning.clone());
    assert_eq!(desk.pass(1799), ["0 first: LK002/a"]);
    assert!(acknowledge(&mut desk.book, &warning.key(), "ann", desk.now));
    assert!(!acknowledge(&mut desk.book, "nobody", "ann", desk.now));
    assert!(desk.pass(48 * 3600).is_empty(), "neither escalated nor repeated");
    desk.fire(alert("LK003", "a", Severity::Info));
    assert_eq!(desk.pass(3600 * 3).len(), 1, "what is worth knowing is nobody's duty");
}

#[test]
fn escalation_limits_are_the_configurations() {
    let acknowledge = Acknowledge { critical: Span::seconds(10), warning: Span::seconds(20) };
    let mut desk =
        Desk::new(&Config { escalate: vec!["second".into()], acknowledge, ..config(&[("first", chat()), ("second", chat())]) });
    desk.fire(alert("LK001", "a", Severity::Critical));
    assert_eq!(desk.pass(100), ["10 escalated second: LK001/a", "30 first: LK001/a"], "a wait does not delay it");
}

#[test]
fn a_silence_mutes_until_its_end() {
    let until = START.plus(Duration::from_hours(1)).rfc3339();
    let given = SilenceGiven { matched: vec!["instance=a".into()], until, by: "ann".into(), reason: "a test".into() };
    let mut desk = Desk::new(&Config { escalate: vec!["second".into()], ..config(&[("chat", chat()), ("second", chat())]) });
    let id = silence(&mut desk.book, given.clone()).unwrap();
    desk.fire(alert("LK001", "a", Severity::Critical));
    desk.fire(alert("LK002", "b", Severity::Info));
    assert_eq!(desk.pass(3599), ["30 chat: LK002/b"]);
    let told = desk.pass(601);
    assert_eq!(told.first().unwrap(), "3600 chat: LK001/a", "{told:?}");
    assert_eq!(told.last().unwrap(), "3900 escalated second: LK001/a", "its time begins when somebody is told");
    assert!(!unsilence(&mut desk.book, &id, desk.now), "it ended");

    let mut desk = Desk::new(&config(&[("chat", chat())]));
    let id = silence(&mut desk.book, given).unwrap();
    desk.fire(alert("LK001", "a", Severity::Info));
    assert!(desk.pass(600).is_empty());
    assert!(unsilence(&mut desk.book, &id, desk.now));
    assert_eq!(desk.pass(0), ["600 chat: LK001/a"]);

    let all = SilenceGiven { matched: Vec::new(), until: START.rfc3339(), by: String::new(), reason: String::new() };
    assert!(silence(&mut desk.book, all).unwrap_err().to_string().contains("everything"));
}

#[test]
fn silences_of_the_configuration_hold_and_what_was_told_is_taken_back() {
    let mut desk = Desk::new(&Config {
        silences: vec![Silence {
            matched: vec!["alertname=LK009".into()],
            until: START.plus(Duration::from_mins(10)).rfc3339(),
            reason: String::new(),
        }],
        ..config(&[("chat", chat())])
    });
    desk.fire(alert("LK009", "a", Severity::Info));
    desk.fire(alert("LK001", "b", Severity::Info));
    assert_eq!(desk.pass(30), ["30 chat: LK001/b"]);
    // Silenced after it was told: no repetition, and its end is told.
    let until = START.plus(Duration::from_hours(100)).rfc3339();
    let given = SilenceGiven { matched: vec!["alertname=LK001".into()], until, by: String::new(), reason: String::new() };
    silence(&mut desk.book, given).unwrap();
    let later = desk.pass(20 * 3600);
    assert!(later.iter().all(|line| line.contains("LK009")) && later.len() == 5, "{later:?}");
    desk.resolve(&alert("LK001", "b", Severity::Info));
    assert_eq!(desk.pass(600), ["72030 chat: over: LK001/b", "72630 again chat: LK009/a"]);
}

#[test]
fn what_a_leak_causes_is_attached_to_it() {
    let mut desk = Desk::new(&Config { group_wait: Span::seconds(0), ..config(&[("chat", chat())]) });
    let (leak, storm) = (alert("LK001", "a", Severity::Critical), alert("GC001", "a", Severity::Warning));
    desk.fire(storm.clone());
    desk.fire(leak.clone());
    desk.fire(alert("GC001", "b", Severity::Warning));
    let notices = due(&mut desk.book, &desk.plan, desk.now);
    let told: Vec<String> = notices.iter().map(|notice| desk.line(notice)).collect();
    assert_eq!(told, ["0 chat: GC001/b", "0 chat: LK001/a"], "another instance's is its own");
    let attached = &notices[1].alerts[0].attached;
    assert_eq!(attached.len(), 1);
    assert_eq!((attached[0].alertname.as_str(), attached[0].summary.as_str()), ("GC001", "GC001 on a"));
    assert!(desk.pass(3600).is_empty());
    desk.resolve(&leak);
    assert_eq!(desk.pass(600), ["3600 chat: over: LK001/a", "3900 chat: GC001/a GC001/b"], "what stays speaks for itself");
    let none = Config { inhibit: Some(Vec::<Inhibit>::new()), group_wait: Span::seconds(0), ..config(&[("chat", chat())]) };
    let mut desk = Desk::new(&none);
    desk.fire(leak);
    desk.fire(storm);
    assert_eq!(desk.pass(0).len(), 2);
}

#[test]
fn another_severity_is_another_alert_of_the_same_subject() {
    let mut desk = Desk::new(&config(&[("am", alertmanager())]));
    desk.fire(alert("LK001", "a", Severity::Warning));
    assert_eq!(desk.pass(0).len(), 1);
    desk.fire(alert("LK001", "a", Severity::Critical));
    let told = desk.pass(0);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&"0 am: over: LK001/a".to_owned()) && told.contains(&"0 am: LK001/a".to_owned()));
}

#[test]
fn long_lists_are_cut_for_people_and_parted_for_programs() {
    let hook = Receiver::Webhook(herd_config::SignedHook {
        url: Guarded::Plain("http://localhost/".into()),
        secret: None,
        lang: Language::English,
        http: Http::default(),
    });
    let push = Receiver::Pushgateway(Pushgateway {
        url: Guarded::Plain("http://localhost/".into()),
        job: "goherd".into(),
        http: Http::default(),
    });
    let logs = Receiver::OtlpLogs(OtlpLogs { url: Guarded::Plain("http://localhost/".into()), http: Http::default() });
    let everyone = ["chat", "hook", "logs", "push"].map(str::to_owned).to_vec();
    let mut desk = Desk::new(&Config {
        default: everyone,
        group_wait: Span::seconds(0),
        ..config(&[("chat", chat()), ("hook", hook), ("logs", logs), ("push", push)])
    });
    for at in 0..ALERTS_MAX + 50 {
        desk.fire(alert("LK001", &format!("{at:04}"), Severity::Info));
    }
    desk.fire(alert("LK001", "worst", Severity::Critical));
    let notices = due(&mut desk.book, &desk.plan, desk.now);
    let of = |receiver: &str| -> Vec<(usize, u64)> {
        notices
            .iter()
            .filter(|notice| notice.receiver == receiver)
            .map(|notice| (notice.alerts.len(), notice.not_listed))
            .collect()
    };
    assert_eq!(of("chat"), [(200, 51)]);
    assert_eq!(of("hook"), [(200, 0), (51, 0)]);
    assert_eq!((of("logs").len(), of("push").len()), (251, 251));
    let first = notices.iter().find(|notice| notice.receiver == "chat").unwrap();
    assert_eq!((first.alerts[0].label("instance"), first.priority()), ("worst", "P0"));
}

#[test]
fn alerts_beyond_the_limit_are_told() {
    let mut desk =
        Desk::new(&Config { queue: QueueLimits { alerts: 2, ..QueueLimits::default() }, ..config(&[("chat", chat())]) });
    assert_eq!(desk.fire(alert("LK001", "a", Severity::Info)), Entered::Routed);
    assert_eq!(desk.fire(alert("LK001", "b", Severity::Info)), Entered::Routed);
    assert_eq!(desk.fire(alert("LK001", "c", Severity::Info)), Entered::Full);
    assert_eq!(desk.fire(alert("LK001", "a", Severity::Info)), Entered::Routed, "it is there already");
}

#[test]
fn a_clock_set_back_delays_nothing() {
    let mut desk = Desk::new(&config(&[("am", alertmanager())]));
    desk.fire(alert("LK001", "a", Severity::Info));
    assert_eq!(desk.pass(30), ["0 am: LK001/a"]);
    desk.now = At(desk.now.0 - 3_600_000);
    let back = desk.now;
    assert_eq!(due(&mut desk.book, &desk.plan, desk.now), []);
    let next = next_due(&desk.book, &desk.plan).unwrap();
    assert!(next.since(back) <= Duration::from_mins(1), "{:?}", next.since(back));
}

#[test]
fn what_is_wrong_with_a_configuration_is_told_with_its_place() {
    let good = config(&[("oncall", chat()), ("am", alertmanager())]);
    let to = |receiver: &str, matched: &str| Route {
        matched: vec![matched.into()],
        receivers: vec![receiver.into()],
        ..Route::default()
    };
    let slow = Receiver::Alertmanager(Alertmanager {
        url: Guarded::Plain(String::new()),
        resend: Span::seconds(61),
        http: Http::default(),
    });
    for (config, expected) in [
        (
            Config { routes: vec![to("oncal", "a=b")], ..good.clone() },
            "[alert] route 1: there is no receiver `oncal`; did you mean `oncall`?",
        ),
        (
            Config { escalate: vec!["nobody-there".into()], ..good.clone() },
            "[alert] escalate: there is no receiver `nobody-there`",
        ),
        (
            Config { routes: vec![to("am", "a=b"), to("am", "a")], ..good.clone() },
            "[alert] route 2: `a` is no condition on a label",
        ),
        (Config { routes: vec![Route::default()], ..good.clone() }, "[alert] route 1: it names no receiver"),
        (config(&[("am", slow)]), "[alert] receivers.am: resend is to be between 1s and 1m"),
        (
            Config {
                silences: vec![Silence { matched: vec!["a=b".into()], until: "soon".into(), reason: String::new() }],
                ..good
            },
            "[alert] silence 1: `soon` is no time",
        ),
    ] {
        let error = plan(&config).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_finding_becomes_an_alert() {
    let finding = Finding {
        id: PatternId::new("LK001"),
        target: "10.0.0.7:6060".into(),
        title: "Send that nobody receives".into(),
        severity: Severity::Critical,
        certainty: Certainty::Confirmed,
        count: 412,
        rate_per_s: Some(9.25),
        at: Place { func: "pay.(*Log).send".into(), file: "audit/log.go".into(), line: 41 },
        started_by: Some(Place { func: "pay.(*Server).Charge".into(), file: String::new(), line: 0 }),
        waits_on: "chan send".into(),
        since_s: None,
        evidence: Vec::new(),
        why: "Nobody receives.".into(),
        fix: "Receive, or give up with a context.".into(),
        next: vec!["goherd explain LK001".into(), "goherd open dump.txt".into()],
        steps: Vec::new(),
        fingerprint: "00000000000000aa".into(),
        also: Vec::new(),
        family: None,
        position: None,
        repair: None,
    };
    let labels = [("env", "prod"), ("service", "pay"), ("team", ""), ("app.kubernetes.io/name", "pay"), ("sla_tier", "gold")];
    let about = About {
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        title: Some("无人接收的发送".into()),
        runbooks: Some("https://wiki/runbooks/".into()),
        evidence: None,
    };
    let alert = of_finding(&finding, &about, START);
    insta::assert_json_snapshot!(alert);
    let grown = Finding { count: 900, rate_per_s: None, ..finding.clone() };
    assert_eq!(of_finding(&grown, &about, START).key(), alert.key(), "what changes identifies nothing");
    let elsewhere = Finding { target: "10.0.0.8:6060".into(), ..finding };
    assert_ne!(of_finding(&elsewhere, &about, START).key(), alert.key());
}
