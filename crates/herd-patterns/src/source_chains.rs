//! From the calls of all packages to chains: each way from an entry to a call that waits for another process, hop by hop.

use herd_golang::Symbol;
use herd_golang::types::{ObjectId, TypeId, Types};
use herd_model::{Deadline, DeadlineChain, DeadlineHop, Place};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::source_deadlines::{Call, Node, Spot, To};
use crate::source_flows::{Base, Flowing, Limit};

/// A node with the number of what it was told by.
pub struct Told {
    /// A package, by any number.
    pub part: usize,
    /// Its function.
    pub node: Node,
}

/// Implementations that a call through an interface may have to be followed.
const IMPLEMENTATIONS_MAX: usize = 4;
/// Calls from an entry on.
const HOPS_MAX: usize = 12;
/// Chains of one entry.
const CHAINS_MAX: usize = 64;
/// Calls looked at for one entry.
const STEPS_MAX: usize = 20_000;

/// All chains, by entry. `place` tells where a spot of a part is, and the function it stands in.
///
/// Of several ways from an entry to one call with the same end the shortest is told.
pub fn chains(types: &Types<'_>, nodes: &[Told], place: &dyn Fn(usize, Spot) -> Place) -> Vec<DeadlineChain> {
    let graph = Joined::new(types, nodes);
    let mut found = Vec::new();
    for (index, told) in nodes.iter().enumerate() {
        if told.node.entry.is_some() && graph.leads_out.contains(&index) {
            from_entry(&graph, index, place, &mut found);
        }
    }
    found
}

/// All functions of a program, and which of them lead to a call that waits.
struct Joined<'a> {
    nodes: &'a [Told],
    targets: FxHashMap<(usize, usize), Vec<usize>>,
    leads_out: FxHashSet<usize>,
}

impl<'a> Joined<'a> {
    fn new(types: &Types<'_>, nodes: &'a [Told]) -> Self {
        let mut by_object: FxHashMap<ObjectId, usize> = FxHashMap::default();
        let mut by_name: FxHashMap<Symbol, Vec<usize>> = FxHashMap::default();
        for (index, told) in nodes.iter().enumerate() {
            let Some(object) = told.node.object else { continue };
            by_object.insert(object, index);
            if told.node.receiver.is_some() {
                by_name.entry(types.name(object)).or_default().push(index);
            }
        }
        let mut implementations: FxHashMap<(TypeId, Symbol), Vec<usize>> = FxHashMap::default();
        let mut targets: FxHashMap<(usize, usize), Vec<usize>> = FxHashMap::default();
        let mut callers: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        let mut open = Vec::new();
        for (index, told) in nodes.iter().enumerate() {
            for (number, call) in told.node.calls.iter().enumerate() {
                let to: Vec<usize> = match call.to {
                    To::Sink(_) => {
                        open.push(index);
                        continue;
                    }
                    To::Function(object) => by_object.get(&object).copied().into_iter().collect(),
                    To::Method(ty, name) => {
                        let known = implementations.entry((ty, name)).or_insert_with(|| {
                            let named = by_name.get(&name).map(Vec::as_slice).unwrap_or_default();
                            let fits = |one: &&usize| {
                                let receiver = nodes.get(**one).and_then(|told| told.node.receiver);
                                receiver.is_some_and(|receiver| types.has_methods(receiver, ty) == Some(true))
                            };
                            let found: Vec<usize> = named.iter().filter(fits).copied().take(IMPLEMENTATIONS_MAX + 1).collect();
                            if found.len() > IMPLEMENTATIONS_MAX { Vec::new() } else { found }
                        });
                        known.clone()
                    }
                };
                for one in &to {
                    callers.entry(*one).or_default().push(index);
                }
                if !to.is_empty() {
                    targets.insert((index, number), to);
                }
            }
        }
        let mut leads_out: FxHashSet<usize> = open.iter().copied().collect();
        while let Some(one) = open.pop() {
            for caller in callers.get(&one).map(Vec::as_slice).unwrap_or_default() {
                if leads_out.insert(*caller) {
                    open.push(*caller);
                }
            }
        }
        Joined { nodes, targets, leads_out }
    }
}

/// What a function has of its caller's time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Time {
    deadline: Deadline,
    limit_ns: Option<i64>,
}

/// A call on a way, from which visit.
struct Visit {
    node: usize,
    call: usize,
    time: Time,
    before: Option<usize>,
    hops: usize,
}

fn from_entry(graph: &Joined<'_>, entry: usize, place: &dyn Fn(usize, Spot) -> Place, found: &mut Vec<DeadlineChain>) {
    let mut visits: Vec<Visit> = Vec::new();
    let mut seen: FxHashSet<(usize, Time)> = FxHashSet::default();
    let mut ends: FxHashSet<(usize, usize, Deadline)> = FxHashSet::default();
    let start = Time { deadline: Deadline::Inherited, limit_ns: None };
    // In breadth, so that the first way to a call is a shortest one.
    push(graph, entry, start, None, 0, &mut visits);
    seen.insert((entry, start));
    let mut at = 0;
    let from = found.len();
    while let Some(&Visit { node, call, time, hops, .. }) = visits.get(at) {
        let number = at;
        at += 1;
        if found.len() - from >= CHAINS_MAX || visits.len() > STEPS_MAX {
            break;
        }
        let Some(one) = graph.nodes.get(node).and_then(|told| told.node.calls.get(call)) else { continue };
        if let To::Sink(sink) = one.to {
            if ends.insert((node, call, time.deadline)) {
                found.extend(chain(graph, entry, &visits, number, sink, place));
            }
            continue;
        }
        for to in graph.targets.get(&(node, call)).map(Vec::as_slice).unwrap_or_default() {
            if hops < HOPS_MAX && graph.leads_out.contains(to) && seen.insert((*to, time)) {
                push(graph, *to, time, Some(number), hops, &mut visits);
            }
        }
    }
}

/// The calls of a function that lead on, each with what becomes of the time there.
fn push(graph: &Joined<'_>, node: usize, time: Time, before: Option<usize>, hops: usize, visits: &mut Vec<Visit>) {
    let Some(told) = graph.nodes.get(node) else { return };
    for (call, one) in told.node.calls.iter().enumerate() {
        let leads = match one.to {
            To::Sink(_) => true,
            To::Function(_) | To::Method(..) => {
                graph.targets.get(&(node, call)).is_some_and(|to| to.iter().any(|to| graph.leads_out.contains(to)))
            }
        };
        if leads {
            visits.push(Visit { node, call, time: after(time, one), before, hops: hops + 1 });
        }
    }
}

/// What is left of the caller's time behind a call.
fn after(time: Time, call: &Call) -> Time {
    let Some(Flowing { base, limit }) = call.carried else {
        // Nothing is handed on: what is called cannot know of a deadline.
        let deadline = if time.deadline == Deadline::Unknown { Deadline::Unknown } else { Deadline::Lost };
        return Time { deadline, limit_ns: None };
    };
    let own = limit.and_then(|limit| limit.ns);
    let is_longer = matches!((time.limit_ns, own), (Some(before), Some(own)) if own > before);
    match (base, limit) {
        (Base::Given, None) => time,
        (Base::Given, Some(_)) if is_longer => Time { deadline: Deadline::Widened, limit_ns: time.limit_ns },
        (Base::Given, Some(_)) => Time { deadline: bounded(time.deadline), limit_ns: own.or(time.limit_ns) },
        (Base::Begun(_), None) => Time { deadline: Deadline::Lost, limit_ns: None },
        (Base::Detached(_), None) => Time { deadline: Deadline::Detached, limit_ns: None },
        (Base::Begun(_) | Base::Detached(_), Some(_)) if is_longer => Time { deadline: Deadline::Widened, limit_ns: own },
        (Base::Begun(_) | Base::Detached(_) | Base::Elsewhere, Some(_)) => Time { deadline: Deadline::Fresh, limit_ns: own },
        (Base::Elsewhere, None) => Time { deadline: Deadline::Unknown, limit_ns: None },
    }
}

/// A limit within what there was: a context that was begun anew stays so.
fn bounded(deadline: Deadline) -> Deadline {
    match deadline {
        Deadline::Inherited | Deadline::Bounded => Deadline::Bounded,
        Deadline::Fresh | Deadline::Lost | Deadline::Detached | Deadline::Unknown => Deadline::Fresh,
        Deadline::Widened => Deadline::Widened,
    }
}

fn chain(
    graph: &Joined<'_>,
    entry: usize,
    visits: &[Visit],
    last: usize,
    sink: herd_model::Sink,
    place: &dyn Fn(usize, Spot) -> Place,
) -> Option<DeadlineChain> {
    let mut hops = Vec::new();
    let mut at = Some(last);
    while let Some(visit) = at.and_then(|number| visits.get(number)) {
        let told = graph.nodes.get(visit.node)?;
        let call = told.node.calls.get(visit.call)?;
        let since = call.carried.and_then(|flowing| match (flowing.base, flowing.limit) {
            (_, Some(Limit { at, .. })) | (Base::Begun(at) | Base::Detached(at), None) => Some(at),
            (Base::Given | Base::Elsewhere, None) => None,
        });
        let here = place(told.part, call.at);
        let since = since.map(|pos| place(told.part, Spot { body: call.at.body, pos })).filter(|since| since.line != here.line);
        hops.push(DeadlineHop {
            calls: call.text.clone(),
            at: here,
            deadline: visit.time.deadline,
            limit_ms: visit.time.limit_ns.and_then(|ns| u64::try_from(ns / 1_000_000).ok()),
            since,
            spawned: call.spawned,
        });
        at = visit.before;
    }
    hops.reverse();
    let told = graph.nodes.get(entry)?;
    Some(DeadlineChain { entry: told.node.entry?, at: place(told.part, told.node.at), hops, sink })
}
