//! Alerts by line: `fire INSTANCE SEQ` or `resolve INSTANCE` on standard input is answered with `kept` and the line when a crash cannot lose
//! it any more, and with `not kept` and why when it can. `alert_by_line FILE URL` delivers to the webhook at URL; tests kill it.

use std::io::{BufRead, Write};
use std::time::Duration;

use herd_config::{Alert as Config, Guarded, Http, Language, Receiver, SignedHook, Span};
use herd_deliver::Dispatch;
use herd_deliver::alert::{Alert, Labels};
use herd_deliver::clock::Clock;
use herd_model::Severity;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, url] = arguments.as_slice() else { return Err("alert_by_line FILE URL".into()) };
    let hook = SignedHook { url: Guarded::Plain(url.clone()), secret: None, lang: Language::English, http: Http::default() };
    let config = Config {
        receivers: [("hook".to_owned(), Receiver::Webhook(hook))].into(),
        default: vec!["hook".to_owned()],
        group_by: vec!["instance".to_owned()],
        group_wait: Span::seconds(0),
        group_interval: Span::seconds(0),
        ..Config::default()
    };
    // Pauses of the receiver's pass quickly; nothing else depends on the time.
    let clock = Clock::accelerated(Clock::System.now(), 100);
    let dispatch = Dispatch::open(&config, std::path::Path::new(file), clock, |_| ())?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let kept = match words.as_slice() {
            ["fire", instance, seq] => dispatch.fire(vec![alert(instance, seq, clock)]).map(|_| ()),
            ["resolve", instance] => dispatch.resolve(&[alert(instance, "", clock).key()]).map(|_| ()),
            _ => return Err(format!("`{line}` says nothing").into()),
        };
        match kept {
            Ok(()) => writeln!(out, "kept {line}")?,
            Err(error) => writeln!(out, "not kept {line}: {error}")?,
        }
        out.flush()?;
    }
    dispatch.close(Duration::from_mins(1));
    Ok(())
}

fn alert(instance: &str, seq: &str, clock: Clock) -> Alert {
    let labels = [("alertname", "LK001"), ("instance", instance)];
    Alert {
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        annotations: Labels::from([("seq".to_owned(), seq.to_owned())]),
        severity: Severity::Critical,
        starts_at: clock.now(),
        ends_at: None,
        attached: Vec::new(),
    }
}
