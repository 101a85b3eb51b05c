//! Deadline chains of a program: what each package tells of its calls, joined once all have been gone through.

use std::path::Path;

use herd_golang::ast::File;
use herd_golang::types::Types;
use herd_model::{DeadlineChain, Place};
use herd_patterns::source::Package;
use herd_patterns::source_chains::{Told, chains};
use herd_patterns::source_deadlines::{Node, Spot, skeleton};

use crate::lint::{function_of, shown_path};

/// What one package tells.
pub(crate) struct Part<'t> {
    files: Vec<(String, &'t File)>,
    /// The file of each body, and the function it is in.
    bodies: Vec<(u32, String)>,
    nodes: Vec<Node>,
}

/// Takes from a package what its chains need, so that the rest can go.
pub(crate) fn part<'t>(package: &Package<'t>, folder: &Path) -> Part<'t> {
    let files = package.unit.files.iter().map(|file| (shown_path(package, folder, file), file.checked.file)).collect();
    let ids = (0..package.unit.bodies.len()).map(|index| herd_golang::acts::BodyId(index as u32));
    let bodies = ids.map(|id| (package.unit.body(id).file, function_of(package, id))).collect();
    Part { files, bodies, nodes: skeleton(package) }
}

/// Joins what all packages told.
pub(crate) fn joined(types: &Types<'_>, mut parts: Vec<Part<'_>>) -> Vec<DeadlineChain> {
    let told: Vec<Told> = parts
        .iter_mut()
        .enumerate()
        .flat_map(|(number, part)| std::mem::take(&mut part.nodes).into_iter().map(move |node| Told { part: number, node }))
        .collect();
    let place = |number: usize, spot: Spot| {
        let Some(part) = parts.get(number) else { return Place::default() };
        let Some((file, func)) = part.bodies.get(spot.body.0 as usize) else { return Place::default() };
        let Some((path, tree)) = part.files.get(*file as usize) else { return Place::default() };
        Place { func: func.clone(), file: path.clone(), line: tree.line(spot.pos) }
    };
    let mut found = chains(types, &told, &place);
    found.sort_by(|a, b| {
        let key = |chain: &DeadlineChain| {
            let end = chain.hops.last().map(|hop| (hop.at.file.clone(), hop.at.line));
            (chain.at.file.clone(), chain.at.line, end, chain.hops.len())
        };
        key(a).cmp(&key(b))
    });
    found
}
