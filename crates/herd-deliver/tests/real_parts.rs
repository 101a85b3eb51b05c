//! Debian's Alertmanager, Pushgateway and Prometheus, on loopback and on ports of their own, fed by goherd.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use herd_config::{Alert as Config, Alertmanager, Guarded, Http, Pushgateway, Receiver as To, Span};
use herd_deliver::Dispatch;
use herd_deliver::clock::Clock;
use herd_deliver::exposition::{Family, Kind, Push, PushForm, openmetrics, prometheus_text};
use herd_model::Severity;
use serde_json::Value;
use support::{Program, Receiver, alert, config, free_port, get, until};

/// An Alertmanager that tells a webhook, an alert a message.
fn alertmanager(folder: &Path, port: u16, hook: &Receiver) -> Program {
    let settings = folder.join("alertmanager.yml");
    let text = format!(
        "route:\n  receiver: hook\n  group_by: ['...']\n  group_wait: 0s\n  group_interval: 1s\n  repeat_interval: 1h\n\
         receivers:\n- name: hook\n  webhook_configs:\n  - url: {}\n    send_resolved: true\n",
        hook.url("/")
    );
    std::fs::write(&settings, text).unwrap();
    let args = [
        format!("--config.file={}", settings.display()),
        format!("--storage.path={}", folder.join("am").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=".to_owned(),
    ];
    let program = Program::start("/usr/bin/prometheus-alertmanager", &args, &folder.join("am.log"));
    let address = format!("127.0.0.1:{port}");
    until("an Alertmanager", || get(&address, "/-/ready").filter(|(status, _)| *status == 200));
    program
}

fn to_alertmanager(port: u16) -> Config {
    config(&[(
        "am",
        To::Alertmanager(Alertmanager {
            url: Guarded::Plain(format!("http://127.0.0.1:{port}/")),
            resend: Span::seconds(1),
            http: Http::default(),
        }),
    )])
}

/// What the webhook was told of an alert: status, and one of its annotations.
fn told(hook: &Receiver, alertname: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let calls = hook.calls();
    let bodies = calls.iter().map(support::Arrived::json);
    let alerts = bodies.flat_map(|body| body["alerts"].as_array().unwrap().clone());
    let of = alerts.filter(|alert| alert["labels"]["alertname"] == alertname);
    of.map(|alert| (text(&alert["status"]), text(&alert["annotations"]["runbook_url"]))).collect()
}

#[test]
fn alertmanager_tells_its_webhook_once_and_that_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let (hook, port) = (Receiver::start(), free_port());
    let program = alertmanager(folder.path(), port, &hook);
    let dispatch = Dispatch::open(&to_alertmanager(port), &folder.path().join("alerts.db"), Clock::System, |_| ()).unwrap();
    let leak = alert("LK001", "10.0.0.7:6060", Severity::Critical);
    dispatch.fire(vec![leak.clone()]).unwrap();
    until("what fires", || (!told(&hook, "LK001").is_empty()).then_some(()));
    // Told again every second with an end four seconds away; annotations change, as counts do.
    for count in 0..6 {
        let mut grown = leak.clone();
        grown.annotations.insert("goroutines".into(), count.to_string());
        dispatch.fire(vec![grown]).unwrap();
        std::thread::sleep(Duration::from_secs(1));
    }
    let url = "https://wiki.example/runbooks/LK001".to_owned();
    assert_eq!(told(&hook, "LK001"), [("firing".to_owned(), url.clone())], "once, and no flapping");
    let metrics = get(&format!("127.0.0.1:{port}"), "/metrics").unwrap().1;
    let taken = metrics
        .lines()
        .find_map(|line| line.strip_prefix("alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"} "));
    assert!(taken.unwrap().parse::<u32>().unwrap() >= 5, "it is told again: {taken:?}");
    dispatch.resolve(&[leak.key()]).unwrap();
    until("its end", || (told(&hook, "LK001").len() == 2).then_some(()));
    assert_eq!(told(&hook, "LK001")[1], ("resolved".to_owned(), url), "with its annotations");
    drop(program);
}

#[test]
fn an_alertmanager_away_for_an_hour_is_told_everything_that_still_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (hook, port) = (Receiver::start(), free_port());
    let file = folder.path().join("alerts.db");
    // The hour before this one, in three seconds; then a restart, and time as it is.
    let past = herd_deliver::clock::At(Clock::System.now().0 - 3_600_000);
    let clock = Clock::accelerated(past, 1_200);
    let outage = Dispatch::open(&to_alertmanager(port), &file, clock, |_| ()).unwrap();
    for at in 0..20 {
        let one = alert(&format!("LK{at:03}"), "a", Severity::Warning);
        outage.fire(vec![one.clone()]).unwrap();
        if at % 2 == 0 {
            std::thread::sleep(clock.real(Duration::from_mins(3)));
            outage.resolve(&[one.key()]).unwrap();
        }
    }
    until("the hour's end", || (clock.now().since(past) >= Duration::from_mins(55)).then_some(()));
    // Of each that fires: one message, and one that it still does at most; of each that is over: two.
    let waiting = outage.waiting();
    assert!((30..=50).contains(&waiting), "{waiting} messages wait");
    drop(outage);

    let after = Dispatch::open(&to_alertmanager(port), &file, Clock::System, |_| ()).unwrap();
    assert!(after.waiting() >= waiting);
    let _program = alertmanager(folder.path(), port, &hook);
    until("the backlog", || (after.waiting() == 0).then_some(()));
    for at in (1..20).step_by(2) {
        let name = format!("LK{at:03}");
        until(&name, || (!told(&hook, &name).is_empty()).then_some(()));
        assert_eq!(told(&hook, &name)[0].0, "firing");
    }
    assert!(after.losses().unwrap().is_empty());
    let listed = get(&format!("127.0.0.1:{port}"), "/api/v2/alerts?active=true").unwrap().1;
    let names = |listed: &str| listed.matches("\"alertname\":\"LK").count();
    assert_eq!(names(&listed), 10, "what is over is over: {listed}");
}

#[test]
fn a_pushgateway_shows_what_fires_and_forgets_what_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let args = [format!("--web.listen-address={address}")];
    let _program = Program::start("/usr/bin/prometheus-pushgateway", &args, &folder.path().join("pg.log"));
    until("a Pushgateway", || get(&address, "/-/ready").filter(|(status, _)| *status == 200));
    let to = To::Pushgateway(Pushgateway {
        url: Guarded::Plain(format!("http://{address}")),
        job: "goherd/eu".into(),
        http: Http::default(),
    });
    let dispatch = Dispatch::open(&config(&[("push", to)]), &folder.path().join("alerts.db"), Clock::System, |_| ()).unwrap();
    let (leak, lock) = (alert("LK001", "node/7 \"a\"", Severity::Critical), alert("DL001", "node/7 \"a\"", Severity::Warning));
    dispatch.fire(vec![leak.clone(), lock.clone()]).unwrap();
    until("both", || (dispatch.waiting() == 0).then_some(()));
    let series = || -> Vec<String> {
        let page = get(&address, "/metrics").unwrap().1;
        page.lines().filter(|line| line.starts_with("goherd_alert_firing{")).map(str::to_owned).collect()
    };
    let both = series();
    assert_eq!(both.len(), 2, "{both:?}");
    for part in ["alertname=\"DL001\"", "instance=\"node/7 \\\"a\\\"\"", "job=\"goherd/eu\"", "team=\"money\"", "} 412"] {
        assert!(both[0].contains(part), "{part}: {both:?}");
    }
    dispatch.resolve(&[leak.key()]).unwrap();
    until("one", || (dispatch.waiting() == 0).then_some(()));
    assert_eq!(series().len(), 1, "a push replaces the whole");
    dispatch.resolve(&[lock.key()]).unwrap();
    until("none", || (dispatch.waiting() == 0).then_some(()));
    assert_eq!(series(), Vec::<String>::new());
    assert!(dispatch.losses().unwrap().is_empty());
}

/// Metrics with every character that must be escaped.
fn metrics() -> Vec<Family> {
    vec![
        Family::new(
            "go_goroutines_by_context_total",
            Kind::Gauge,
            "Goroutines by what they work for, \"quoted\" \\ and\nbroken.",
        )
        .with(&[("service", "pay"), ("endpoint", "/a \"b\"\\c\nd"), ("traceID", "")], 412.0)
        .with(&[("service", "支付"), ("endpoint", "/"), ("traceID", "")], 0.25),
        Family::new("goroutine_dump_total", Kind::Counter, "Dumps taken.").with(&[("service", "pay")], 3.0),
        Family::new("go_goroutines_p95", Kind::Gauge, "The 95th percentile.").with(&[], f64::NAN),
    ]
}

#[test]
fn promtool_finds_nothing_wrong_but_the_name_that_was_asked_for() {
    let mut child = Command::new("/usr/bin/promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`cargo xtask test tests` installs it");
    child.stdin.take().unwrap().write_all(prometheus_text(&metrics()).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said, "go_goroutines_by_context_total non-counter metrics should not have \"_total\" suffix\n");
}

#[test]
fn prometheus_takes_what_is_written_and_scrapes_openmetrics() {
    let folder = tempfile::tempdir().unwrap();
    let page = page_of_openmetrics();
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let settings = folder.path().join("prometheus.yml");
    let text = format!(
        "scrape_configs:\n- job_name: scraped\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\n  static_configs:\n  - targets: ['{page}']\n"
    );
    std::fs::write(&settings, text).unwrap();
    let args = [
        format!("--config.file={}", settings.display()),
        format!("--storage.tsdb.path={}", folder.path().join("tsdb").display()),
        format!("--web.listen-address={address}"),
        "--web.enable-remote-write-receiver".to_owned(),
    ];
    let _program = Program::start("/usr/bin/prometheus", &args, &folder.path().join("prometheus.log"));
    until("a Prometheus", || get(&address, "/-/ready").filter(|(status, _)| *status == 200));

    let url = Guarded::Plain(format!("http://{address}/api/v1/write"));
    let write = Push::open(&url, &Http::default(), PushForm::RemoteWrite, 3, Duration::from_millis(100)).unwrap();
    write.write(&metrics(), Clock::System.now()).unwrap();
    let ask = |query: &str| -> Vec<Value> {
        let answer = get(&address, &format!("/api/v1/query?query={query}")).unwrap().1;
        let answer: Value = serde_json::from_str(answer.trim()).unwrap_or_else(|error| panic!("{error}: {answer}"));
        answer["data"]["result"].as_array().unwrap().clone()
    };
    for job in ["job%3D%22%22", "job%3D%22scraped%22"] {
        let found =
            until(job, || Some(ask(&format!("go_goroutines_by_context_total%7B{job}%7D"))).filter(|found| found.len() == 2));
        let of = |service: &str| found.iter().find(|series| series["metric"]["service"] == service).unwrap();
        assert_eq!(of("pay")["metric"]["endpoint"], "/a \"b\"\\c\nd");
        assert_eq!((of("pay")["value"][1].as_str(), of("支付")["value"][1].as_str()), (Some("412"), Some("0.25")));
        let nan = until("what is no number", || ask(&format!("go_goroutines_p95%7B{job}%7D")).pop());
        assert_eq!(nan["value"][1], "NaN");
        let dumps = until("a counter", || ask(&format!("goroutine_dump_total%7B{job}%7D")).pop());
        assert_eq!(dumps["value"][1], "3");
    }
    let kinds = get(&address, "/api/v1/targets/metadata?match_target=%7B%7D").unwrap().1;
    let kinds: Value = serde_json::from_str(kinds.trim()).unwrap();
    let kind =
        |name: &str| kinds["data"].as_array().unwrap().iter().find(|entry| entry["metric"] == name).unwrap()["type"].clone();
    assert_eq!(
        (kind("go_goroutines_by_context_total"), kind("goroutine_dump")),
        (Value::from("unknown"), Value::from("counter"))
    );
}

/// A server of the metrics in OpenMetrics; its address.
fn page_of_openmetrics() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let page = || async { ([("content-type", herd_deliver::exposition::OPENMETRICS_TYPE)], openmetrics(&metrics())) };
    let app = axum::Router::new().route("/metrics", axum::routing::get(page));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap() });
    });
    address
}
