//! The source eye of DL002: locks that are taken in opposite orders, anywhere in the program.

use std::collections::VecDeque;

use herd_golang::acts::LockKey;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::source_edges::key_text;
use crate::source_program::{LockEdge, OrderKey, Program, ProgramSpotted};
use crate::source_spotted::Stop;

/// Longer rings are not looked for.
const RING_MAX: usize = 4;
/// Ways that are followed from one lock.
const STEPS_MAX: usize = 2_000;
/// Rings that are told of one lock: who has more has one trouble, not many.
const RINGS_MAX: usize = 32;
/// Edges that are tried for one step of a ring.
const TRIED_MAX: usize = 8;

pub(super) fn detect(program: &Program<'_, '_>) -> Vec<ProgramSpotted> {
    let resolved = resolved(program);
    let edges: Vec<&LockEdge> = program.facts.edges.iter().chain(&resolved).collect();
    let mut leaving: FxHashMap<OrderKey, Vec<&LockEdge>> = FxHashMap::default();
    for edge in edges {
        leaving.entry(edge.held.0).or_default().push(edge);
    }
    let mut starts: Vec<OrderKey> = leaving.keys().copied().collect();
    starts.sort_unstable();
    let (mut found, mut told) = (Vec::new(), FxHashSet::default());
    for start in starts {
        for ring in rings(&leaving, start) {
            let mut keys: Vec<OrderKey> = ring.iter().map(|edge| edge.held.0).collect();
            keys.sort_unstable();
            // A ring that goes through a smaller one tells nothing new.
            let smaller = keys.iter().any(|one| keys.iter().any(|other| one < other && told.contains(&vec![*one, *other])));
            if !(smaller && keys.len() > 2) && told.insert(keys) {
                found.extend(spotted(program, &ring));
            }
        }
    }
    found
}

/// Edges of calls that only the whole program tells.
fn resolved(program: &Program<'_, '_>) -> Vec<LockEdge> {
    let mut found = Vec::new();
    let mut known = FxHashMap::default();
    for call in &program.facts.calls {
        let callee = *known.entry(call.callee).or_insert_with(|| program.resolved(call.callee));
        let Some(callee) = callee else { continue };
        let Some(summary) = program.summaries.objects.get(&callee) else { continue };
        let name = program.types.names().text(program.types.name(callee));
        for taken in &summary.takes {
            if taken.key == call.held.0.key || taken.without.contains(&call.held.0.key) {
                continue;
            }
            let mut way = call.way.clone();
            let (function, pos) = call.at;
            way.push(Stop::within(function, pos, format!("calls {name}, which is all that can be called here")));
            let text = format!(
                "asks for {} while {} is held",
                key_text(program.types, taken.key),
                key_text(program.types, call.held.0.key)
            );
            way.extend(Stop::along(program.types, callee, &taken.via, &text));
            found.push(LockEdge {
                held: call.held,
                taken: (OrderKey { key: taken.key, within: None }, taken.read),
                gates: call.gates.clone(),
                at: call.at,
                way,
            });
        }
    }
    found
}

/// Rings through a lock, one for each set of locks, of edges that can block each other. Locks before the start are done with.
fn rings<'a>(leaving: &FxHashMap<OrderKey, Vec<&'a LockEdge>>, start: OrderKey) -> Vec<Vec<&'a LockEdge>> {
    let mut found: Vec<Vec<&LockEdge>> = Vec::new();
    // Short rings first.
    let mut open: VecDeque<Vec<&LockEdge>> = VecDeque::from([Vec::new()]);
    let mut steps = 0;
    while let Some(way) = open.pop_front() {
        steps += 1;
        if steps > STEPS_MAX || found.len() >= RINGS_MAX {
            break;
        }
        let at = way.last().map_or(start, |edge| edge.taken.0);
        let mut tried: FxHashMap<OrderKey, usize> = FxHashMap::default();
        for edge in leaving.get(&at).into_iter().flatten() {
            let to = edge.taken.0;
            let times = tried.entry(to).or_default();
            *times += 1;
            if to < start || *times > TRIED_MAX || way.iter().any(|one| one.taken.0 == to) {
                continue;
            }
            let mut longer = way.clone();
            longer.push(edge);
            if !can_meet(&longer, to == start) {
                continue;
            }
            if to == start {
                found.push(longer);
            } else if longer.len() < RING_MAX {
                open.push_back(longer);
            }
        }
    }
    found.sort_by_key(Vec::len);
    found
}

/// Whether nothing keeps goroutines from being on these edges at the same time, each waiting for the next: no lock is held on two of them, and none
/// is held and asked for by readers alone.
fn can_meet(edges: &[&LockEdge], closed: bool) -> bool {
    let gated = edges.iter().enumerate().any(|(index, edge)| {
        edge.gates
            .iter()
            .any(|gate| edges.iter().skip(index + 1).any(|other| other.gates.contains(gate) || other.held.0.key == *gate))
            || edges.iter().take(index).any(|other| edge.gates.contains(&other.held.0.key))
    });
    let last = edges.len().saturating_sub(1);
    let readers = edges.iter().enumerate().any(|(index, edge)| {
        let next = if index < last { edges.get(index + 1) } else { edges.first().filter(|_| closed) };
        next.is_some_and(|next| edge.taken.1 && next.held.1)
    });
    !gated && !readers
}

fn spotted(program: &Program<'_, '_>, ring: &[&LockEdge]) -> Option<ProgramSpotted> {
    let name = |key: OrderKey| {
        let field = key_text(program.types, key.key);
        match key.within {
            Some(within) => format!("{} of {}", field, key_text(program.types, LockKey::Field(within))),
            None => field,
        }
    };
    let names: Vec<String> = ring.iter().map(|edge| name(edge.held.0)).collect();
    let text = match &*names {
        [one, other] => format!("{one} is asked for while {other} is held, and the other way round"),
        _ => format!("{} are taken in orders that make a ring", names.join(", ")),
    };
    let mut way: Vec<Stop> = Vec::new();
    for edge in ring {
        way.extend(edge.way.iter().cloned());
    }
    Some(ProgramSpotted { at: ring.last()?.at, text, way })
}
