//! `goherd doctor`: everything the targets can testify, judged.

use std::time::Duration;

use herd_deliver::Webhook;
use herd_diagnose::{Clock, Request, Watch};
use herd_golang::load::Context;
use herd_model::{Envelope, TargetKind, Verdict};
use herd_sinks::{Format, Stacks};
use herd_sources::{AccountAsked, Memory, Options, Target};
use time::OffsetDateTime;

use crate::args::{DoctorArgs, GlobalArgs};
use crate::commands::doctor_profiles;
use crate::commands::lint::folder_of;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output, suppress};

/// Collects, judges, prints, delivers.
pub fn run(args: &DoctorArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Concise)?;
    let today = OffsetDateTime::now_utc().date();
    let source = args.source.as_deref().map(|folder| folder_of(folder, "--source")).transpose()?;
    // A broken suppression file must not cost a minute of collecting first.
    let suppressions = args.suppress.as_deref().map(suppress::read).transpose()?;
    let existing = args.write_suppressions.as_deref().map(suppress::read_existing).transpose()?;
    let watch = args.span.map(|span| Watch { span, every: args.every });
    let rules = args.rule.iter().map(|number| number.rule()).collect();
    let mut targets = collect::parse(&args.targets)?;
    collect::can_be_watched(&targets, watch)?;
    let options = options(args, &targets)?;
    can_be_traced(&targets, args.trace)?;
    let profiles = doctor_profiles::take(&mut targets, &options)?;
    let (mut answer, snapshot) = if targets.is_empty() {
        (doctor_profiles::answer(profiles), None)
    } else {
        let request = Request { targets, options, watch, trace: args.trace, clock: Clock::WALL, rules };
        let mut diagnosis = collect::answer("doctor", &request, global)?;
        doctor_profiles::judge(&mut diagnosis.envelope, profiles);
        (diagnosis.envelope, Some(diagnosis.snapshot))
    };
    let envelope = &mut answer;
    if let (Some(folder), Some(snapshot)) = (&source, &snapshot) {
        herd_diagnose::sourced::beside(envelope, snapshot, folder, &Context::from_env());
    }
    if let Some((path, existing)) = args.write_suppressions.as_deref().zip(existing.as_ref()) {
        // Before any finding is suppressed: a baseline lists those, too.
        let text = suppress::baseline(&envelope.findings, existing, suppressions.as_ref(), today);
        output::write_file(path, &mut |out| Ok(out.write_all(text.as_bytes())?))?;
    }
    if let Some(file) = &suppressions {
        suppress::apply(envelope, file, today, suppress::Noted::Each);
    }
    let exit = exit(envelope, global);
    output::print(envelope, snapshot.as_ref().map(Stacks::Goroutines), Format::Concise, exit, args.all, global)?;
    if let Some(url) = args.webhook.as_ref().filter(|_| !envelope.findings.is_empty()) {
        deliver(url, envelope, global)?;
    }
    Ok(exit)
}

/// Whether there is one address that can be asked to trace itself.
fn can_be_traced(targets: &[Target], trace: Option<Duration>) -> Result<(), ExpectedError> {
    let address = matches!(targets, [target] if matches!(target.kind(), TargetKind::Url));
    if trace.is_some() && !address {
        return Err(ExpectedError::Option {
            option: "--trace",
            why: "one service with net/http/pprof is asked to trace itself".into(),
            next: "Give its address as the only target, or a recorded trace and dump as two targets.".into(),
        });
    }
    Ok(())
}

/// The flags as options; of memory, all that a judgement can use is read.
fn options(args: &DoctorArgs, targets: &[Target]) -> Result<Options, ExpectedError> {
    let memory = if args.collect.prove { Memory::ProofAndWaits(args.collect.stop_budget) } else { Memory::Judged };
    let leaks_from = args.leak_profile.as_deref().map(Target::parse).transpose().map_err(ExpectedError::from)?.map(Box::new);
    let of_memory = matches!(targets, [target] if matches!(target.kind(), TargetKind::Process | TargetKind::Core));
    if leaks_from.is_some() && !of_memory {
        return Err(ExpectedError::Option {
            option: "--leak-profile",
            why: "it is held against the memory of one process".into(),
            next: "Give one process or core file as the target, and here where its runtime answers.".into(),
        });
    }
    let account = AccountAsked::WithLabels;
    Ok(Options { memory, leaks_from, account, second_look: args.second_look, ..collect::options(&args.collect)? })
}

/// Findings decide against `--fail-on`; candidates alone never fail.
pub fn exit(envelope: &Envelope, global: &GlobalArgs) -> Exit {
    match envelope.verdict {
        Verdict::Inconclusive => Exit::Inconclusive,
        _ if envelope.findings.iter().any(|finding| global.fails(finding.severity)) => Exit::Findings,
        Verdict::Healthy | Verdict::Findings | Verdict::Undecidable => Exit::Healthy,
    }
}

fn deliver(url: &str, envelope: &Envelope, global: &GlobalArgs) -> Result<(), ExpectedError> {
    let receipt = herd_deliver::deliver(&Webhook::new(url), envelope).map_err(ExpectedError::Webhook)?;
    let say = herd_sinks::messages(output::lang(global));
    let facts = [("status", &*receipt.status.to_string()), ("attempts", &*receipt.attempts.to_string())];
    anstream::eprintln!("goherd: {}", say.say_with("cli-delivered", &facts));
    Ok(())
}
