//! `goherd trace --format perfetto`: a trace as a timeline for ui.perfetto.dev, written as it is read.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use herd_analysis::trace::timeline::{Drawing, Drawn, DrawnCount};
use herd_formats::trace::Losses;
use herd_formats::write::Tracks;
use herd_model::{Envelope, Note, NoteKind, TraceTables};
use herd_sinks::SinkError;
use herd_sources::{Target, TraceAsked};

use crate::args::GlobalArgs;
use crate::args_traces::TraceArgs;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{collect, output};

/// What was read and drawn.
struct Outcome {
    losses: Losses,
    notes: Vec<Note>,
    count: DrawnCount,
}

/// Reads the trace and draws what is wanted of it.
pub fn run(args: &TraceArgs, asked: TraceAsked, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let [target] = args.targets.as_slice() else {
        let next = "Give one trace, or draw the waits of all with --of waits.".into();
        return Err(ExpectedError::Option { option: "TARGET", why: "a timeline is of one trace".into(), next }.into());
    };
    if global.output.is_none() && io::stdout().is_terminal() {
        let next = "Write it to a file with --output FILE.".into();
        return Err(ExpectedError::Option { option: "--format", why: "perfetto is not for terminals".into(), next }.into());
    }
    let target = Target::parse(target).map_err(ExpectedError::from)?;
    let wanted = Drawn { nameless: global.redact, ..window(args)? };
    let progress = Progress::start(global.quiet || global.redact, output::lang(global));
    progress.tell(&herd_diagnose::Event::Collecting { target: &target.name, index: 1, of: 1 });
    // What keeps the trace from being read leaves no file behind.
    let mut outcome = None;
    let mut fill = |out: &mut dyn Write| {
        let drawn = draw(&target, asked, wanted, args, out);
        let failed = matches!(drawn, Ok(Err(_)) | Err(_));
        outcome = Some(drawn);
        if failed { Err(SinkError::Io(io::Error::other("the timeline is not whole"))) } else { Ok(()) }
    };
    let written = if let Some(path) = &global.output {
        output::write_file(path, &mut fill)
    } else {
        let mut out = BufWriter::new(io::stdout().lock());
        fill(&mut out).and_then(|()| Ok(out.flush()?)).map_err(ExpectedError::from)
    };
    progress.clear();
    let outcome = match outcome {
        Some(Err(error)) => return Err(error),
        Some(Ok(Err(error))) => return Err(ExpectedError::from(SinkError::Io(error)).into()),
        Some(Ok(Ok(outcome))) => outcome,
        None => return written.map(|()| Exit::Healthy).map_err(Into::into),
    };
    written?;
    tell(&outcome, global);
    Ok(if outcome.losses.is_whole() { Exit::Healthy } else { Exit::Target })
}

fn draw(
    target: &Target,
    asked: TraceAsked,
    wanted: Drawn,
    args: &TraceArgs,
    out: &mut dyn Write,
) -> anyhow::Result<io::Result<Outcome>> {
    let options = collect::options(&args.collect)?;
    let (mut tables, mut tracks) = (TraceTables::new(), Tracks::new(out));
    let mut drawing = Drawing::new(wanted, &mut tracks);
    let read = herd_sources::trace(target, asked, &mut tables, &mut drawing, &options, collect::cancel_flag());
    let count = drawing.finish(&tables);
    let traced = read.map_err(ExpectedError::from)?;
    let outcome = Outcome { losses: traced.summary.losses, notes: traced.notes, count };
    Ok(tracks.finish().map(|()| outcome))
}

/// `--from` and `--to`.
fn window(args: &TraceArgs) -> Result<Drawn, ExpectedError> {
    let ns = |seconds: f64| (seconds * 1e9).round() as u64;
    let whole = Drawn::default();
    let wanted = Drawn { from_ns: args.from.map_or(whole.from_ns, ns), to_ns: args.to.map_or(whole.to_ns, ns), ..whole };
    if wanted.from_ns < wanted.to_ns {
        return Ok(wanted);
    }
    let next = "Give seconds from the beginning of the trace, such as --from 1.5 --to 2.".into();
    Err(ExpectedError::Option { option: "--to", why: "it is not later than --from".into(), next })
}

/// The file has no place for what is to be known about it.
fn tell(outcome: &Outcome, global: &GlobalArgs) {
    let mut envelope = Envelope::new("trace", env!("CARGO_PKG_VERSION"));
    envelope.notes.clone_from(&outcome.notes);
    let mut limit = |text: String| envelope.notes.push(Note { kind: NoteKind::Limit, offset: None, text });
    if outcome.count.left_out > 0 {
        limit(format!(
            "{} slices are not on the timeline, which has {}: cut it with --from and --to",
            outcome.count.left_out, outcome.count.slices
        ));
    }
    if outcome.count.another {
        limit("the timeline shows the first trace of the file".to_owned());
    }
    if global.redact {
        herd_sinks::redact(&mut envelope);
    }
    if global.quiet {
        return;
    }
    let say = herd_sinks::messages(output::lang(global));
    for note in &envelope.notes {
        let place = note.offset.map(|offset| format!(" ({offset})")).unwrap_or_default();
        anstream::eprintln!("goherd: {}{place}", say.sentence(&note.text));
    }
}
