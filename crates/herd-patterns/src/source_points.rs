//! What the source says of lines at which goroutines stand: what is done there, which locks are held and which are asked for.

use herd_golang::acts::{BodyId, LockKey, LockWhat, When};
use herd_golang::ast::Pos;
use herd_golang::flow;
use rustc_hash::FxHashMap;

use crate::source::Package;

/// Lines that are asked about, by the base name of their file.
pub type Lines = FxHashMap<Box<str>, Vec<u32>>;

/// A line of a package.
#[derive(Clone, Debug)]
pub struct Point {
    /// The file, in the unit.
    pub file: u32,
    /// The line, from 1.
    pub line: u32,
    /// The first thing that is done there, or the line itself.
    pub pos: Pos,
    /// The function that it is in, the innermost one.
    pub body: Option<BodyId>,
    /// Whether something is done there that a goroutine can stand in: a call, a wait, an operation on a channel.
    pub acts: bool,
    /// Locks that are asked for there, by the function itself.
    pub asks: Vec<LockKey>,
    /// Locks that are held there on some way, by the function itself.
    pub holds: Vec<Held>,
}

/// A lock that is held.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which, for all values of its type.
    pub key: LockKey,
    /// As it is written.
    pub name: String,
    /// Where it is taken.
    pub at: Pos,
    /// For reading.
    pub read: bool,
}

/// Looks at lines of a package. Linear in the functions that they are in.
pub fn points(package: &Package<'_>, lines: &Lines) -> Vec<Point> {
    let unit = &package.unit;
    let mut found = Vec::new();
    for (number, file) in (0..).zip(&unit.files) {
        let own = unit.types.program().package(unit.package);
        let name = own.and_then(|own| own.files.get(file.checked.source as usize)).map(|file| &*file.name);
        let Some(wanted) = name.and_then(|name| lines.get(name)) else { continue };
        for line in wanted {
            found.extend(point(package, number, *line));
        }
    }
    found
}

fn point(package: &Package<'_>, file: u32, line: u32) -> Option<Point> {
    let unit = &package.unit;
    let tree = unit.files.get(file as usize)?.checked.file;
    let holds_line = |id: &BodyId| {
        let body = unit.body(*id);
        let span = tree.stmt_span(body.block);
        body.file == file && tree.line(span.start) <= line && line <= tree.line(span.end)
    };
    let start = Pos::at(*tree.lines.get(line.saturating_sub(1) as usize)?);
    // Inner functions come after those around them.
    let Some(body) = (0..unit.bodies.len() as u32).map(BodyId).rfind(holds_line) else {
        return Some(Point { file, line, pos: start, body: None, acts: false, asks: Vec::new(), holds: Vec::new() });
    };
    let scene = package.scene(body);
    let graph = scene.graph();
    let here = |step: &flow::Step| tree.line(flow::pos(tree, *step)) == line;
    let mut steps: Vec<flow::StepId> =
        (0..).map(flow::StepId).zip(&graph.steps).filter(|(_, step)| here(step)).map(|(id, _)| id).collect();
    // A call stands where its method's name does.
    let acts = scene.body.acts.iter().filter(|act| tree.line(act.pos) == line);
    steps.extend(acts.clone().map(|act| act.step));
    let first = acts.clone().map(|act| act.pos).min();
    let direct = scene.locks.iter().filter(|act| act.when == When::Now && act.what == LockWhat::Takes);
    let asks = direct.clone().filter(|act| act.via.len() == 1 && act.via.first().is_some_and(|(_, pos)| tree.line(*pos) == line));
    let asks = asks.filter_map(|act| package.key(act.path)).collect();
    let mut holds: Vec<Held> = Vec::new();
    for taken in direct {
        let Some(key) = package.key(taken.path) else { continue };
        let gives = scene.steps(|act| act.path == taken.path && act.what == LockWhat::Gives && act.when != When::Deferred);
        let is_held = steps.iter().any(|step| {
            !gives.contains(*step)
                && *step != taken.step
                && scene.way(taken.step, |place| scene.is_at(place, *step), &gives).is_some()
        });
        if is_held && holds.iter().all(|held| held.key != key) {
            let at = taken.via.first().map_or(start, |(_, pos)| *pos);
            holds.push(Held { key, name: package.text(taken.path), at, read: taken.read });
        }
    }
    Some(Point { file, line, pos: first.unwrap_or(start), body: Some(body), acts: first.is_some(), asks, holds })
}
