//! Histories drawn at random: whatever fires, ends, is silenced, acknowledged, restarted and set back in time, nobody is left with an alert
//! that is over, or told the end of one they never heard of.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use herd_config::{Alert as Config, Alertmanager, Guarded, Http, OtlpLogs, QueueLimits, Receiver as To, Route, Span};
use herd_deliver::book::{Book, SilenceGiven, acknowledge, due, fire, next_due, resolve, silence, unsilence};
use herd_deliver::clock::At;
use herd_deliver::notice::Notice;
use herd_deliver::plan::{Plan, plan};
use herd_deliver::queue::{LeftOut, Queue};
use herd_model::Severity;
use proptest::prelude::*;
use support::{START, alert, hook};

/// Something that happens.
#[derive(Clone, Debug)]
enum Act {
    Fire(usize, Severity),
    Resolve(usize),
    Acknowledge(usize),
    /// So many minutes.
    Silence(usize, u64),
    Pass(u64),
    Restart,
    SetBack(u64),
}

/// Leaks, collections they cause, and a deadlock, on two instances.
const SUBJECTS: [(&str, &str); 5] = [("LK001", "a"), ("GC001", "a"), ("DL001", "a"), ("LK001", "b"), ("GC001", "b")];

const SEVERITIES: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let subject = 0..SUBJECTS.len();
    let act = prop_oneof![
        6 => (subject.clone(), 0_usize..3).prop_map(|(at, severity)| Act::Fire(at, SEVERITIES[severity])),
        4 => subject.clone().prop_map(Act::Resolve),
        1 => subject.clone().prop_map(Act::Acknowledge),
        1 => (subject, 1_u64..60).prop_map(|(at, minutes)| Act::Silence(at, minutes)),
        8 => prop_oneof![0_u64..40, 0_u64..5_000].prop_map(Act::Pass),
        1 => Just(Act::Restart),
        1 => (1_u64..10_000).prop_map(Act::SetBack),
    ];
    prop::collection::vec(act, 1..60)
}

fn everyone() -> Config {
    let am = To::Alertmanager(Alertmanager {
        url: Guarded::Plain("http://localhost/".into()),
        resend: Span::seconds(60),
        http: Http::default(),
    });
    let logs = To::OtlpLogs(OtlpLogs { url: Guarded::Plain("http://localhost/".into()), http: Http::default() });
    let receivers = [("am", am), ("hook", hook("http://localhost/")), ("logs", logs), ("next", hook("http://localhost/"))];
    let everyone = support::config(&receivers);
    Config {
        default: ["am", "hook", "logs"].map(str::to_owned).to_vec(),
        routes: vec![Route {
            matched: vec!["alertname=DL001".into()],
            receivers: vec!["hook".into()],
            group_wait: Some(Span::seconds(10)),
            ..Route::default()
        }],
        escalate: vec!["next".into(), "am".into()],
        group_wait: Span::seconds(30),
        group_interval: Span::seconds(300),
        ..everyone
    }
}

/// A book, its file, and what everyone was told.
struct Life {
    plan: Plan,
    folder: tempfile::TempDir,
    book: Book,
    now: At,
    told: Vec<Notice>,
}

impl Life {
    fn act(&mut self, act: &Act) {
        let of = |at: &usize, severity| alert(SUBJECTS[*at].0, SUBJECTS[*at].1, severity);
        match act {
            Act::Fire(at, severity) => {
                fire(&mut self.book, &self.plan, of(at, *severity), self.now);
            }
            Act::Resolve(at) => {
                for severity in SEVERITIES {
                    resolve(&mut self.book, &of(at, severity).key(), self.now);
                }
            }
            Act::Acknowledge(at) => {
                for severity in SEVERITIES {
                    acknowledge(&mut self.book, &of(at, severity).key(), "ann", self.now);
                }
            }
            Act::Silence(at, minutes) => {
                let until = self.now.plus(Duration::from_secs(minutes * 60)).rfc3339();
                let matched = vec![format!("alertname={}", SUBJECTS[*at].0)];
                silence(&mut self.book, SilenceGiven { matched, until, by: String::new(), reason: String::new() }).unwrap();
            }
            Act::Pass(seconds) => self.pass(*seconds),
            Act::Restart => self.restart(),
            Act::SetBack(seconds) => self.now = At(self.now.0 - seconds * 1_000),
        }
        // The daemon keeps what changed before it answers; what is due at once is told.
        self.look();
    }

    fn look(&mut self) {
        self.told.extend(due(&mut self.book, &self.plan, self.now));
    }

    fn pass(&mut self, seconds: u64) {
        let until = self.now.plus(Duration::from_secs(seconds));
        loop {
            self.look();
            let next = next_due(&self.book, &self.plan).unwrap_or(At(u64::MAX));
            assert!(next > self.now, "what is due is told");
            if next > until {
                break;
            }
            self.now = next;
        }
        self.now = until;
    }

    fn restart(&mut self) {
        let open = || Queue::open(&self.folder.path().join("alerts.db"), QueueLimits::default()).unwrap();
        open().save(&self.book, &[], self.now).unwrap();
        let (book, left_out) = open().book(&self.plan).unwrap();
        assert_eq!(
            (left_out, &book.silences().collect::<Vec<_>>()),
            (LeftOut::default(), &self.book.silences().collect::<Vec<_>>())
        );
        self.book = book;
    }

    /// What a receiver believes of each alert, and whether it was ever told something that makes no sense.
    fn beliefs(&self) -> BTreeMap<(String, String), bool> {
        let mut fires: BTreeMap<(String, String), bool> = BTreeMap::new();
        for notice in &self.told {
            for alert in &notice.alerts {
                let belief = fires.entry((notice.receiver.clone(), alert.key())).or_insert(false);
                assert!(alert.is_firing() || *belief, "{} hears the end of what it never heard of, or twice", notice.receiver);
                *belief = alert.is_firing();
            }
        }
        fires
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn everybody_ends_up_knowing_the_truth(acts in acts()) {
        let folder = tempfile::tempdir().unwrap();
        let mut life = Life { plan: plan(&everyone()).unwrap(), folder, book: Book::default(), now: START, told: Vec::new() };
        for act in &acts {
            life.act(act);
        }
        // Silences end; whatever fires then is told to those who are asked first.
        let ids: Vec<String> = life.book.silences().map(|(id, _)| id.clone()).collect();
        for id in ids {
            unsilence(&mut life.book, &id, life.now);
        }
        life.pass(3_600);
        let beliefs = life.beliefs();
        let fires: Vec<(String, String, String)> = life.book.standing().filter(|(_, standing)| standing.alert.is_firing()).map(|(key, standing)| {
            (key.clone(), standing.alert.label("alertname").to_owned(), standing.alert.label("instance").to_owned())
        }).collect();
        for (key, alertname, instance) in &fires {
            let caused = alertname == "GC001" && fires.iter().any(|(_, other, at)| other == "LK001" && at == instance);
            if !caused {
                prop_assert_eq!(beliefs.get(&("hook".to_owned(), key.clone())), Some(&true), "{}", alertname);
            }
        }
        for at in 0..SUBJECTS.len() {
            life.act(&Act::Resolve(at));
        }
        life.pass(3_600);
        prop_assert!(life.beliefs().values().all(|fires| !fires), "everyone who was told that it fires hears that it is over");
        prop_assert_eq!(life.book.standing().count(), 0);
        prop_assert_eq!(next_due(&life.book, &life.plan), None);
        prop_assert!(life.told.iter().all(|notice| !notice.alerts.is_empty()));
    }
}
