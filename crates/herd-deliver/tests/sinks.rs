//! What each kind of receiver gets, as it comes over the wire, and what its answers mean.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod support;

use std::collections::BTreeMap;

use herd_config::{
    Alertmanager, Guarded, Hook, Http, Language, OtlpLogs, Pagerduty, Pushgateway, Receiver as To, SecretFrom, SignedHook, Span,
};
use herd_deliver::Sink;
use herd_deliver::alert::{Attached, Labels};
use herd_deliver::clock::At;
use herd_deliver::notice::{Notice, Reason};
use herd_deliver::queue::Waiting;
use herd_model::Severity;
use serde_json::{Value, json};
use support::{Receiver, START, alert};

/// One that fires and causes another, with text that every form must escape; and one that is over.
fn message() -> Waiting {
    let mut fires = alert("LK001", "10.0.0.7:6060", Severity::Critical);
    fires.annotations.insert("started_by".into(), "pay.(*Server[...]).Charge <&> **bold** [x](http://evil) `c` @all".into());
    fires.attached = vec![Attached {
        alertname: "GC001".into(),
        fingerprint: "00000000000000cc".into(),
        summary: "The collector takes 31 % of the CPU".into(),
    }];
    let mut over = alert("LK002", "10.0.0.8:6060", Severity::Warning);
    over.ends_at = Some(At(START.0 + 90_000));
    Waiting {
        id: 1,
        delivery: "0123456789abcdef".into(),
        notice: Notice {
            receiver: "oncall".into(),
            lane: "fedcba9876543210".into(),
            group: Labels::from([("env".to_owned(), "prod".to_owned()), ("service".to_owned(), "pay".to_owned())]),
            reason: Reason::Escalated,
            alerts: vec![fires, over],
            not_listed: 3,
            at: START,
        },
    }
}

fn plain(url: &str) -> Guarded {
    Guarded::Plain(url.to_owned())
}

fn signed(url: &str, secret: &std::path::Path, lang: Language) -> SignedHook {
    SignedHook { url: plain(url), secret: Some(SecretFrom::File(secret.to_owned())), lang, http: Http::default() }
}

/// What comes of telling a receiver of the message: each call with what its kind documents.
fn calls(to: impl FnOnce(&str, &std::path::Path) -> To) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "it is a secret\n").unwrap();
    let receiver = Receiver::start();
    receiver.keep_answering(200, r#"{"code":0,"errcode":0}"#);
    let sink = Sink::open(&to(&receiver.url("/some/path?key=1"), &secret)).unwrap();
    sink.tell(&[message()], At(START.0 + 120_000)).unwrap();
    let shown = |call: &support::Arrived| {
        let body =
            serde_json::from_slice(&call.body).unwrap_or_else(|_| Value::String(String::from_utf8(call.body.to_vec()).unwrap()));
        let own =
            call.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-") || name.as_str().starts_with("content-type"));
        let headers: BTreeMap<&str, &str> = own.map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        json!({"call": format!("{} {}", call.method, call.uri), "headers": headers, "body": body})
    };
    receiver.calls().iter().map(shown).collect()
}

#[test]
fn alertmanager() {
    insta::assert_json_snapshot!(calls(|url, _| To::Alertmanager(Alertmanager {
        url: plain(url),
        resend: Span::seconds(60),
        http: Http::default()
    })));
}

#[test]
fn webhook() {
    insta::assert_json_snapshot!(calls(|url, secret| To::Webhook(signed(url, secret, Language::English))));
}

#[test]
fn slack() {
    insta::assert_json_snapshot!(calls(|url, _| To::Slack(Hook {
        url: plain(url),
        lang: Language::English,
        http: Http::default()
    })));
}

#[test]
fn feishu() {
    insta::assert_json_snapshot!(calls(|url, secret| To::Feishu(signed(url, secret, Language::Chinese))));
}

#[test]
fn dingtalk() {
    insta::assert_json_snapshot!(calls(|url, secret| To::Dingtalk(signed(url, secret, Language::Chinese))));
}

#[test]
fn wecom() {
    insta::assert_json_snapshot!(calls(|url, _| To::Wecom(Hook {
        url: plain(url),
        lang: Language::Chinese,
        http: Http::default()
    })));
}

#[test]
fn pagerduty() {
    insta::assert_json_snapshot!(calls(|url, secret| To::Pagerduty(Pagerduty {
        routing_key: SecretFrom::File(secret.to_owned()),
        url: Some(plain(url)),
        http: Http::default(),
    })));
}

#[test]
fn pushgateway() {
    insta::assert_json_snapshot!(calls(|url, _| To::Pushgateway(Pushgateway {
        url: plain(url),
        job: "goherd/eu".into(),
        http: Http::default()
    })));
}

#[test]
fn otlp_logs() {
    insta::assert_json_snapshot!(calls(|url, _| To::OtlpLogs(OtlpLogs { url: plain(url), http: Http::default() })));
}

/// A receiver, what it answers, and what that means: what it says, and whether the same messages may be taken later.
type Case<'a> = (&'a dyn Fn(&str) -> To, &'static str, Option<(&'a str, bool)>);

#[test]
fn an_answer_of_success_may_mean_no() {
    let hook = |url: &str| SignedHook { url: plain(url), secret: None, lang: Language::English, http: Http::default() };
    let feishu = |url: &str| To::Feishu(hook(url));
    let dingtalk = |url: &str| To::Dingtalk(hook(url));
    let wecom = |url: &str| To::Wecom(Hook { url: plain(url), lang: Language::English, http: Http::default() });
    let otlp = |url: &str| To::OtlpLogs(OtlpLogs { url: plain(url), http: Http::default() });
    let cases: [Case; 12] = [
        (&feishu, r#"{"code":0,"msg":"success"}"#, None),
        (&feishu, r#"{"StatusCode":0,"StatusMessage":"success"}"#, None),
        (
            &feishu,
            r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}"#,
            Some(("code 19021: sign match fail", true)),
        ),
        (&feishu, r#"{"code":9499,"msg":"Bad Request"}"#, Some(("code 9499: Bad Request", false))),
        (&feishu, "<html>", Some(("it answers no JSON: <html>", true))),
        (&dingtalk, r#"{"errcode":130101,"errmsg":"send too fast"}"#, Some(("errcode 130101: send too fast", true))),
        (&dingtalk, r#"{"errcode":400105,"errmsg":"unsupported msgtype"}"#, Some(("errcode 400105", false))),
        (&wecom, r#"{"errcode":0,"errmsg":"ok"}"#, None),
        (&wecom, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, Some(("errcode 93000", true))),
        (&otlp, "{}", None),
        (
            &otlp,
            r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}"#,
            Some(("2 log records are rejected: too old", false)),
        ),
        (&otlp, r#"{"partialSuccess":{"errorMessage":"a warning"}}"#, None),
    ];
    for (to, answer, expected) in cases {
        let receiver = Receiver::start();
        receiver.keep_answering(200, answer);
        let refusal = Sink::open(&to(&receiver.url("/"))).unwrap().tell(&[message()], START).err();
        match (refusal, expected) {
            (None, None) => {}
            (Some(refusal), Some((said, again))) => {
                assert!(refusal.error.to_string().contains(said), "{answer}: {}", refusal.error);
                assert_eq!(refusal.worth_retrying, again, "{answer}");
            }
            (refusal, _) => panic!("{answer}: {refusal:?}"),
        }
    }
}

#[test]
fn long_texts_stay_within_what_a_chat_takes() {
    let mut long = message();
    let one = long.notice.alerts[0].clone();
    long.notice.alerts = (0..30)
        .map(|_| {
            let mut alert = one.clone();
            alert.annotations.insert("fix".into(), "去掉阻塞".repeat(4_000));
            alert
        })
        .collect();
    let hook = |url: String| SignedHook { url: plain(&url), secret: None, lang: Language::Chinese, http: Http::default() };
    let receiver = Receiver::start();
    receiver.keep_answering(200, r#"{"code":0,"errcode":0}"#);
    let text = |to: To| -> Value {
        Sink::open(&to).unwrap().tell(std::slice::from_ref(&long), START).unwrap();
        receiver.calls().last().unwrap().json()
    };
    let wecom = text(To::Wecom(Hook { url: plain(&receiver.url("/")), lang: Language::Chinese, http: Http::default() }));
    let content = wecom["markdown"]["content"].as_str().unwrap();
    assert!(content.len() <= 4_096 && content.ends_with("另有 23 条"), "{}", content.len());
    let dingtalk = text(To::Dingtalk(hook(receiver.url("/"))));
    assert!(dingtalk.to_string().len() <= 20_000);
    let feishu = text(To::Feishu(hook(receiver.url("/"))));
    assert!(feishu.to_string().len() <= 20_000, "{}", feishu.to_string().len());
    let slack = text(To::Slack(Hook { url: plain(&receiver.url("/")), lang: Language::Chinese, http: Http::default() }));
    let blocks = slack["blocks"].as_array().unwrap();
    assert!(
        blocks.len() <= 50
            && blocks.iter().all(|block| block["text"]["text"].as_str().is_none_or(|text| text.chars().count() <= 3_000))
    );
}
