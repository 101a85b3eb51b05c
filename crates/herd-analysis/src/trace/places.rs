//! Frames of a trace as places.

use herd_model::{FrameId, Place, StackId, TraceCall, TraceTables};

use crate::names;

/// Frames of a stack in a report.
pub const FRAMES_SHOWN: usize = 16;

/// Function, file and line of a frame.
pub fn place(frame: FrameId, tables: &TraceTables) -> Place {
    let frame = tables.frames[frame.0 as usize];
    Place { func: tables.names.text(frame.func).to_owned(), file: tables.names.text(frame.file).to_owned(), line: frame.line }
}

/// The innermost `max` frames of a stack.
pub fn frames(stack: StackId, max: usize, tables: &TraceTables) -> Vec<Place> {
    tables.frames_of(stack).iter().take(max).map(|frame| place(*frame, tables)).collect()
}

/// Whether a frame is the standard library's or the runtime's.
pub fn is_std(frame: FrameId, tables: &TraceTables) -> bool {
    let frame = tables.frames[frame.0 as usize];
    names::is_std(tables.names.text(frame.func), tables.names.text(frame.file))
}

/// The program's innermost line in a stack, and what of the standard library it called.
pub fn call(stack: StackId, tables: &TraceTables) -> TraceCall {
    call_of(tables.frames_of(stack), tables)
}

/// The same of some frames, innermost first.
pub fn call_of(frames: &[FrameId], tables: &TraceTables) -> TraceCall {
    let own = frames.iter().position(|frame| !is_std(*frame, tables));
    let called = frames[..own.unwrap_or(frames.len())].last().map(|frame| tables.func(*frame));
    TraceCall {
        at: own.map(|at| place(frames[at], tables)),
        called: called.filter(|func| !herd_model::is_runtime(func)).map(str::to_owned),
    }
}

/// The same of places, innermost first.
pub fn call_in(frames: &[Place]) -> TraceCall {
    let own = frames.iter().position(|place| !names::is_std(&place.func, &place.file));
    let called = frames[..own.unwrap_or(frames.len())].last();
    TraceCall {
        at: own.map(|at| frames[at].clone()),
        called: called.map(|place| &place.func).filter(|func| !herd_model::is_runtime(func)).cloned(),
    }
}
