//! The timeline of a trace file: windows and single moments, told from the parts of the file they lie in, which are read again.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use herd_analysis::trace::timeline::{Looked, Overview, Part, Surroundings, Window};
use herd_formats::trace::{Times, TraceError, read_on};
use herd_model::{Timeline, TimelineMoment, TracePlace, TraceTables, TraceVisitor};

/// Bytes of a trace's header, which stands before every part that is read.
const HEADER_BYTES: usize = 16;
/// Columns of an answer that holds the whole trace.
const COLUMNS: usize = 512;

/// A trace that is looked at.
#[derive(Debug)]
pub struct Recorded {
    overview: Overview,
    tables: TraceTables,
    file: File,
    header: [u8; HEADER_BYTES],
    around: Option<Surroundings>,
}

/// The whole trace.
pub fn whole(overview: &Overview, tables: &TraceTables) -> Option<Timeline> {
    let all = Window { from_ns: 0, to_ns: u64::MAX, columns: COLUMNS, ..Window::default() };
    (!overview.is_empty()).then(|| overview.view(&all, tables))
}

impl Recorded {
    /// Of a file that has been read to its end; `unpacked` takes its packing off, if it has any.
    ///
    /// # Errors
    /// When the file cannot be read, or not be unpacked into a temporary one.
    pub fn new(
        overview: Overview,
        tables: TraceTables,
        path: &Path,
        unpacked: impl FnOnce(File) -> io::Result<Box<dyn Read>>,
    ) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header)?;
        if !header.starts_with(b"go 1.") {
            // Parts cannot be found in a packed file.
            file.seek(SeekFrom::Start(0))?;
            let mut plain = tempfile::tempfile()?;
            io::copy(&mut unpacked(file)?, &mut plain)?;
            file = plain;
            file.seek(SeekFrom::Start(0))?;
            file.read_exact(&mut header)?;
        }
        Ok(Recorded { overview, tables, file, header, around: None })
    }

    /// A window, read closely where it is narrow enough.
    ///
    /// # Errors
    /// When the file can no longer be read.
    pub fn view(&mut self, window: Window) -> Result<Timeline, TraceError> {
        let Recorded { overview, tables, file, header, around } = self;
        let Some(part) = overview.part(&window) else { return Ok(overview.view(&window, tables)) };
        if let Some(view) = around.as_ref().and_then(|around| overview.close_again(&window, around, tables)) {
            return Ok(view);
        }
        if let Some(view) = overview.view_for_close(&window, tables) {
            return Ok(view);
        }
        // Gone before as much again is read.
        *around = None;
        let place = overview.place_in(part);
        let mut close_up = overview.close_up(window, part);
        let read = read_part(file, header, (part, place), tables, &mut close_up);
        let (view, beside) = close_up.finish(tables);
        read.map(|()| {
            *around = Some(beside);
            view
        })
    }

    /// What a goroutine did at a time, in nanoseconds from the beginning; nothing where it was not there.
    ///
    /// # Errors
    /// When the file can no longer be read.
    pub fn moment(&mut self, goroutine: u64, at_ns: u64) -> Result<Option<TimelineMoment>, TraceError> {
        let Recorded { overview, tables, file, header, around } = self;
        let known = around.as_ref().and_then(|around| overview.look_again(goroutine, at_ns, around, tables));
        if known.is_some() {
            return Ok(known);
        }
        let mut next = overview.part_at(at_ns);
        while let Some(part) = next {
            let place = overview.place_in(part);
            let mut looking = overview.look_at(goroutine, at_ns, part);
            let read = read_part(file, header, (part, place), tables, &mut looking);
            let looked = looking.finish(tables);
            read?;
            next = match looked {
                Looked::Moment(moment) => return Ok(Some(*moment)),
                Looked::GoesOn(part) => Some(part),
                Looked::Nobody => None,
            };
        }
        Ok(None)
    }
}

fn read_part<V: TraceVisitor>(
    file: &mut File,
    header: &[u8; HEADER_BYTES],
    (part, place): (Part, Option<TracePlace>),
    tables: &mut TraceTables,
    visit: &mut V,
) -> Result<(), TraceError> {
    file.seek(SeekFrom::Start(part.offset))?;
    let source = Cursor::new(header).chain(file.take(part.bytes));
    read_on(source, Times::Recorded, place.as_ref(), tables, visit).map(|_| ())
}
