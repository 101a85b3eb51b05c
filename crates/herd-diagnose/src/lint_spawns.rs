//! The goroutines that packages start, with places as they are seen from a folder.

use std::cmp::Reverse;
use std::path::Path;

use herd_golang::types::ObjectId;
use herd_model::{Spawn, SpawnReason};
use herd_patterns::source::{Package, StopPlace};
use herd_patterns::source_ends::{self, KnownRuns, Runs};
use herd_patterns::source_spawns::{self, Start, Started, points};

use crate::lint::{function_of, is_generated, place, place_of};

/// The starts of a package, and how its functions end, for those that call them. Generated files are passed over.
pub(crate) fn of(package: &Package<'_>, folder: &Path, known: &KnownRuns) -> (Vec<Spawn>, Vec<(ObjectId, Runs)>) {
    let runs = source_ends::runs(package, known);
    let starts = source_spawns::starts(package, &runs, known);
    let own = starts.iter().filter(|start| {
        let file = package.unit.files.get(package.unit.body(start.body).file as usize);
        file.is_some_and(|file| !is_generated(file.checked.file))
    });
    let spawns = own.map(|start| spawn(package, folder, start)).collect();
    let ends = package.unit.bodies.iter().zip(runs).filter_map(|(body, runs)| Some((body.object?, elsewhere(package, runs))));
    (spawns, ends.collect())
}

/// The riskiest first, then by place.
pub(crate) fn sort(spawns: &mut [Spawn]) {
    spawns.sort_by(|a, b| (Reverse(a.points), &a.at.file, a.at.line).cmp(&(Reverse(b.points), &b.at.file, b.at.line)));
}

fn spawn(package: &Package<'_>, folder: &Path, start: &Start) -> Spawn {
    let file = package.unit.body(start.body).file;
    let reasons = start.reasons.iter().map(|reason| SpawnReason {
        kind: reason.kind,
        points: points(reason.kind),
        of: reason.of.clone(),
        at: reason.at.map(|at| place_of(package, folder, at)),
    });
    Spawn {
        at: place(package, folder, file, start.at, function_of(package, start.body)),
        by: start.by,
        runs: match start.runs {
            Started::Function(object) => package.unit.types.function_text(object),
            Started::Literal(_) | Started::Unknown => String::new(),
        },
        risk: start.risk(),
        points: start.points(),
        reasons: reasons.collect(),
        end: start.end,
        end_of: start.end_of.clone(),
        end_at: start.end_at.map(|at| place_of(package, folder, at)),
        joined: start.joined,
        joined_by: start.joined_by.clone(),
        captures: start.captures.clone(),
        context: start.context,
        recovers: start.recovers,
    }
}

/// How a function ends, as other packages read it: places are in the functions that they stand in.
fn elsewhere(package: &Package<'_>, mut runs: Runs) -> Runs {
    let bodies = &package.unit.bodies;
    let there = |place: StopPlace| match place {
        StopPlace::Here { file, pos } => {
            let tree = package.unit.files.get(file as usize).map(|file| file.checked.file);
            let around = bodies.iter().filter(|body| body.file == file).find_map(|body| {
                let span = tree?.stmt_span(body.block);
                body.object.filter(|_| span.start <= pos && pos < span.end)
            });
            around.map(|function| StopPlace::In { function, pos })
        }
        StopPlace::In { .. } => Some(place),
    };
    runs.end_at = runs.end_at.and_then(there);
    runs.waits.retain_mut(|wait| match there(wait.at) {
        Some(place) => {
            wait.at = place;
            true
        }
        None => false,
    });
    runs
}
