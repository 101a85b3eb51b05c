//! `goherd demo`: a recorded incident, replayed on loopback and judged by the code that judges a running service.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use herd_deliver::Webhook;
use herd_diagnose::{Clock, Diagnosis, Event, Request, Watch};
use herd_model::{Envelope, Step, TargetKind};
use herd_sinks::{Charset, Format, Look, Messages, SinkError, Stacks};
use herd_sources::{Options, Target};

use crate::args::{DemoArgs, GlobalArgs};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::replay::{Recording, ReplayServer};
use crate::{collect, output};

/// How long the replay takes, however long the recording is.
const REPLAY_S: f64 = 0.7;
/// Width of the longest bar.
const BAR_COLUMNS: f64 = 40.0;

/// Replays, collects, judges, alerts, prints what to do.
pub fn run(args: &DemoArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let patterns = output::pattern_words();
    let look = Look { patterns: &patterns, ..output::look(global) };
    let say = herd_sinks::messages(look.lang);
    let recording = Recording::embedded()?;
    let live = output::format(global, Format::Text) == Format::Text && global.output.is_none();
    if live {
        let span = format!("{:.0}s", recording.span_s());
        let facts = [
            ("service", recording.service.as_str()),
            ("go", &recording.go_version),
            ("span", &span),
            ("time", &format!("{REPLAY_S}s")),
        ];
        line(&format!("{}\n", say.say_with("demo-heading", &facts)))?;
    }
    let mut diagnosis = replayed(recording, live, look.charset)?;
    let envelope = &mut diagnosis.envelope;
    if live {
        line("")?;
        for finding in &envelope.findings {
            let goroutines = say.count("goroutines", finding.count);
            let title = look.localised(&finding.id).map_or(finding.title.as_str(), |words| &words.title);
            let facts = [("id", &*finding.id.0), ("title", title), ("goroutines", &goroutines)];
            line(&say.say_with("demo-alert", &facts))?;
        }
    }
    if let Some(url) = &args.webhook {
        deliver(url, envelope, &say)?;
    }
    if live {
        line("")?;
    }
    output::print(envelope, Some(Stacks::Goroutines(&diagnosis.snapshot)), Format::Text, Exit::Healthy, false, global)?;
    if live {
        let command = "goherd demo -o demo.json && goherd open demo.json";
        line(&format!("\n{}", say.say_with("demo-open", &[("command", command)])))?;
    }
    Ok(Exit::Healthy)
}

/// Asks the replay as a service is asked, under a clock that runs as fast as the replay does.
fn replayed(recording: Recording, live: bool, charset: Charset) -> anyhow::Result<Diagnosis> {
    let span_s = recording.span_s();
    let watch = Watch { span: Duration::from_secs_f64(span_s), every: Duration::from_secs_f64(recording.every_s) };
    let speed = span_s / REPLAY_S;
    let name = recording.name.clone();
    let largest = recording.snapshots.iter().map(|snapshot| snapshot.goroutines).max().unwrap_or(1);
    let block = match charset {
        Charset::Unicode => "▇",
        Charset::Ascii => "#",
    };
    let server = ReplayServer::start(recording, speed)?;
    let address = format!("http://{}", server.address);
    let target = Target::parse(&address).map_err(ExpectedError::from)?;
    // Nothing runs that full stacks could stop.
    let options = Options { allow_stw: true, ..Options::default() };
    let request = Request {
        targets: vec![target],
        options,
        watch: Some(watch),
        trace: None,
        clock: Clock { speed },
        rules: BTreeSet::new(),
    };
    let mut shown = Ok(());
    let mut round = 0;
    let mut diagnosis = collect::ask(&request, "demo", &mut |event| match event {
        Event::Collecting { index, .. } => round = index,
        Event::Collected { goroutines, .. } if live && shown.is_ok() => {
            let at_s = f64::from(round.saturating_sub(1)) * watch.every.as_secs_f64();
            let bar = block.repeat((goroutines as f64 / largest as f64 * BAR_COLUMNS).round() as usize);
            shown = line(&format!("  +{at_s:>3.0} s  {:>6}  {bar}", herd_sinks::thousands(goroutines)));
        }
        Event::Collected { .. } | Event::Waiting { .. } | Event::Judging => {}
    })?;
    shown?;
    rename(&mut diagnosis.envelope, &address, &name);
    Ok(diagnosis)
}

/// The port of the replay is gone when the answer is read: its name is the recording's, and commands lead to the saved answer.
fn rename(envelope: &mut Envelope, address: &str, name: &str) {
    for target in envelope.targets.iter_mut().filter(|target| target.name == address) {
        target.kind = TargetKind::Recording;
        name.clone_into(&mut target.name);
        target.cost = None;
    }
    for finding in &mut envelope.findings {
        name.clone_into(&mut finding.target);
        finding.steps.retain(|step| !step.text().contains(address));
        finding.steps.push(Step::command(&["goherd", "demo", "-o", "demo.html"]));
        finding.next = finding.steps.iter().map(Step::text).collect();
    }
    for candidate in &mut envelope.candidates {
        name.clone_into(&mut candidate.target);
        candidate.steps.retain(|step| !step.text().contains(address));
        candidate.decide_by = candidate.steps.iter().map(Step::text).collect();
    }
    for note in &mut envelope.notes {
        note.text = note.text.replace(address, name);
    }
}

fn deliver(url: &str, envelope: &Envelope, say: &Messages) -> Result<(), ExpectedError> {
    let receipt = herd_deliver::deliver(&Webhook::new(url), envelope).map_err(ExpectedError::Webhook)?;
    let facts = [("status", &*receipt.status.to_string()), ("attempts", &*receipt.attempts.to_string())];
    anstream::eprintln!("{}", say.say_with("demo-delivered", &facts));
    Ok(())
}

/// One line at once, so that the incident is seen to unfold.
fn line(text: &str) -> Result<(), ExpectedError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).map_err(SinkError::from)?;
    Ok(())
}
