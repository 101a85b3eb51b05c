//! A target as an execution trace: a file, a pipe, or an endpoint asked to trace itself for a while. Read as it comes, a generation at a time.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::rc::Rc;
use std::time::{Duration, Instant};

use herd_formats::recognise::{HEAD_BYTES, recognise};
use herd_formats::trace::{self, Loss, Losses, Lost, Summary, Times, TraceError};
use herd_model::{Note, NoteKind, TargetKind, TraceTables, TraceVisitor};

use crate::endpoint;
use crate::file::{Piped, file_name, opened, unreadable};
use crate::http::Web;
use crate::inflate::{Packing, unpack};
use crate::read::{self, Counted};
use crate::{CancelFlag, Options, Place, SourceError, Target};

/// Bytes of a trace's header.
const HEADER_BYTES: u64 = 16;

/// How a trace is read.
#[derive(Clone, Copy, Debug)]
pub struct TraceAsked {
    /// For how many seconds an endpoint traces itself.
    pub seconds: u32,
    /// Which times events get.
    pub times: Times,
}

/// A trace that has been read, with everything known about how it was come by.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The target's name, credentials removed.
    pub target_name: String,
    /// What kind of witness the target is.
    pub kind: TargetKind,
    /// What was asked or read: `trace?seconds=5`, a file name, `standard input`.
    pub witness: String,
    /// What the reader counted, and what it could not read.
    pub summary: Summary,
    /// What it could not read, in sentences.
    pub notes: Vec<Note>,
    /// Bytes before unpacking.
    pub bytes: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// What it cost the target, as a sentence; nothing for what was recorded before.
    pub cost: Option<String>,
}

/// Whether a file holds an execution trace, packed or not, by its first bytes. Errors are the reader's to tell.
pub fn holds_trace(target: &Target) -> bool {
    let Place::Path(path) = &target.place else { return false };
    let Ok(file) = File::open(path) else { return false };
    let mut head = Vec::new();
    let read = unpack(file).and_then(|(_, plain)| plain.take(HEADER_BYTES).read_to_end(&mut head));
    read.is_ok() && trace::is_header(&head)
}

/// Reads a target's trace to its end and shows the visitor every event.
///
/// # Errors
/// When there is no trace: an unreadable target, another format, a Go too old or too new. What is damaged is read as far as it can be.
pub fn trace<V: TraceVisitor>(
    target: &Target,
    asked: TraceAsked,
    tables: &mut TraceTables,
    visit: &mut V,
    options: &Options,
    cancel: &CancelFlag,
) -> Result<Traced, SourceError> {
    let started = Instant::now();
    let (mut witness, mut cost) = ("standard input".to_owned(), None);
    let mut on = |shown: &str, input: &mut dyn Read| events(shown, input, asked.times, tables, visit, cancel);
    let (summary, bytes) = match &target.place {
        Place::Stdin => on("standard input", &mut Piped::start(io::stdin(), cancel.clone()))?,
        Place::Path(path) => {
            let shown = path.display().to_string();
            if path.is_dir() {
                return Err(SourceError::NotATrace { target: shown, what: "a directory".to_owned() });
            }
            witness = file_name(path);
            on(&shown, &mut opened(path, cancel).map_err(|source| unreadable(shown.clone(), source))?)?
        }
        Place::Endpoint(endpoint) => {
            witness = format!("trace?seconds={}", asked.seconds);
            let timeout = options.timeout + Duration::from_secs(u64::from(asked.seconds));
            let web = Web::open(&target.name, endpoint, &Options { timeout, ..options.clone() })?;
            let answer = endpoint::first_that_has(&web, &endpoint::roots(endpoint, options), &witness, &target.name, cancel)?;
            cost = Some(endpoint::cost(&witness, &answer, 0));
            on(&target.name, &mut answer.body.as_slice())?
        }
        Place::Process(_) | Place::Core { .. } => {
            let what = "a process or its memory, which holds no trace".to_owned();
            return Err(SourceError::NotATrace { target: target.name.clone(), what });
        }
    };
    Ok(Traced {
        target_name: target.name.clone(),
        kind: target.kind(),
        witness,
        notes: notes(&summary.losses),
        summary,
        bytes,
        seconds: started.elapsed().as_secs_f64(),
        cost,
    })
}

fn events<V: TraceVisitor>(
    shown: &str,
    input: &mut dyn Read,
    times: Times,
    tables: &mut TraceTables,
    visit: &mut V,
    cancel: &CancelFlag,
) -> Result<(Summary, u64), SourceError> {
    let counted = Rc::new(Cell::new(0));
    let input = Counted { input: Watched { input, cancel }, bytes: counted.clone() };
    let failed = |packing, source| read::failure(shown, packing, source, cancel);
    let (packing, mut plain) = unpack(input).map_err(|error| failed(Packing::None, error))?;
    let mut head = Vec::new();
    plain.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|error| failed(packing, error))?;
    let what = recognise(&head).describe();
    let whole = io::Cursor::new(head).chain(plain);
    match trace::read(whole, times, tables, visit) {
        Ok(summary) => Ok((summary, counted.get())),
        Err(TraceError::Io(error)) => Err(failed(packing, error)),
        Err(TraceError::NotATrace) => Err(SourceError::NotATrace { target: shown.to_owned(), what }),
        Err(error @ (TraceError::TooOld(_) | TraceError::TooNew(_) | TraceError::Empty)) => {
            Err(SourceError::OtherTrace { target: shown.to_owned(), why: error })
        }
    }
}

/// An input that ends with an error once the run is cancelled.
struct Watched<'a> {
    input: &'a mut dyn Read,
    cancel: &'a CancelFlag,
}

impl Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("interrupted"));
        }
        self.input.read(into)
    }
}

/// What could not be read, in sentences.
fn notes(losses: &Losses) -> Vec<Note> {
    let mut notes: Vec<Note> = losses.kept.iter().map(note).collect();
    if losses.more > 0 {
        notes.push(Note { kind: NoteKind::Limit, offset: None, text: format!("{} more notes are not listed", losses.more) });
    }
    if losses.out_of_order > 0 {
        let text = format!(
            "{} events could not follow those before them and were taken in the order of their times, the first in generation {}",
            losses.out_of_order, losses.out_of_order_in
        );
        notes.push(Note { kind: NoteKind::Malformed, offset: None, text });
    }
    notes
}

fn note(loss: &Loss) -> Note {
    let Loss { bytes, generation, .. } = *loss;
    let (kind, text) = match loss.lost {
        Lost::Bytes => {
            (NoteKind::Malformed, format!("{bytes} bytes hold no batch and were passed over, in generation {generation}"))
        }
        Lost::Cut => (
            NoteKind::Truncated,
            format!("the trace ends inside a batch of generation {generation}: {bytes} bytes of it are missing"),
        ),
        Lost::Unfinished => (NoteKind::Truncated, format!("the trace ends before its generation {generation} does")),
        Lost::EndOfGeneration => (NoteKind::Malformed, format!("generation {generation} has no end")),
        Lost::Events => {
            let text = format!("an event of generation {generation} cannot be read; {bytes} bytes of its batch were passed over");
            (NoteKind::Malformed, text)
        }
        Lost::Table => {
            let text = format!("a table of generation {generation} cannot be read on; {bytes} bytes of it were passed over");
            (NoteKind::Malformed, text)
        }
        Lost::Between => {
            let text = format!(
                "a table of generation {generation} stands under the head of a thread's events: what lay between is missing"
            );
            (NoteKind::Malformed, text)
        }
        Lost::Stacks => {
            let text = format!("stacks of generation {generation} are not in the trace: its events are told without places");
            (NoteKind::Truncated, text)
        }
        Lost::Texts => {
            let text = format!("texts of generation {generation} are not in the trace: places in it have no names");
            (NoteKind::Truncated, text)
        }
        Lost::Generations => {
            let text = format!("generations before generation {generation} are missing, by their numbers");
            (NoteKind::Malformed, text)
        }
        Lost::AnotherTrace => {
            (NoteKind::Malformed, "another trace begins here; its goroutines are other ones, and times are added up".to_owned())
        }
    };
    Note { kind, offset: Some(loss.offset), text }
}
