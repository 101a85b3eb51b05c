//! What holds at each block, for any lattice: along all paths, or along those that do not contradict themselves.

use super::order::{Waiting, at};
use super::{BlockId, Edge, Facts, Graph, Step};

/// What is known at a place.
pub trait State: Clone {
    /// Takes in what is known on another path here; tells whether that changed anything. Taking in the same again never does.
    fn join(&mut self, other: &Self) -> bool;

    /// How often joins may change a state in all; a set of bits changes once for each bit. A state that changes more often is not followed to
    /// its end: nothing is told then.
    fn height(&self) -> usize;
}

impl State for super::BitSet {
    /// What may hold: the union.
    fn join(&mut self, other: &Self) -> bool {
        self.union(other)
    }

    fn height(&self) -> usize {
        usize::MAX
    }
}

/// Which paths count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paths {
    /// All that edges allow.
    All,
    /// Those on which no condition is taken to hold and not to hold, as far as [`Facts`] tell.
    Consistent,
}

/// How many different [`Facts`] are kept apart at a block. Where there are more, only what they have in common is.
pub const PARTS_MAX: usize = 8;

/// The state at each block's start; nothing for blocks that no path leads to, and nothing at all where joins change states more often than
/// they say. `step` tells what a step makes of the state before it, `edge` what taking an edge tells in addition.
///
/// Blocks wait in the order of the graph, so that each is visited about as often as loops are deep, for states that only collect. At most
/// [`PARTS_MAX`] times that for consistent paths.
pub fn forward<S: State>(
    graph: &Graph,
    paths: Paths,
    start: S,
    mut step: impl FnMut(&mut S, &Step),
    mut edge: impl FnMut(&mut S, &Edge),
) -> Vec<Option<S>> {
    let consistent = paths == Paths::Consistent && graph.conditions > 0;
    let changes_max = start.height().saturating_add(3).saturating_mul(PARTS_MAX).saturating_add(64);
    let mut parts: Vec<Parts<S>> =
        (0..graph.blocks.len()).map(|_| Parts { each: Vec::new(), merged: false, changes: 0 }).collect();
    parts[graph.entry.index()].each.push((Facts::NONE, start));
    let mut waiting = Waiting::new(graph.order.len());
    waiting.add(0);
    while let Some(place) = waiting.next() {
        let id = at(graph, place);
        let block = graph.block(id);
        for part in 0..parts[id.index()].each.len() {
            let Some((facts, state)) = parts[id.index()].each.get(part) else { break };
            let (facts, mut state) = (*facts, state.clone());
            graph.steps(id).iter().for_each(|one| step(&mut state, one));
            for taken in graph.edges(id) {
                let there = if consistent { facts.along(block, taken) } else { Some(Facts::NONE) };
                let Some(there) = there.map(|facts| facts.asked(graph.block(taken.to))) else { continue };
                let mut state = state.clone();
                edge(&mut state, taken);
                let target = &mut parts[taken.to.index()];
                if target.take(there, state) {
                    target.changes += 1;
                    if target.changes > changes_max {
                        return vec![None; graph.blocks.len()];
                    }
                    waiting.extend(graph.block(taken.to).order);
                }
            }
        }
    }
    parts.into_iter().map(Parts::joined).collect()
}

/// States at a block, by what is known of conditions.
struct Parts<S> {
    each: Vec<(Facts, S)>,
    /// Whether there were too many: then there is one.
    merged: bool,
    changes: usize,
}

impl<S: State> Parts<S> {
    /// Takes in a state; tells whether anything changed.
    fn take(&mut self, facts: Facts, state: S) -> bool {
        if let Some((_, known)) = self.each.iter_mut().find(|(known, _)| *known == facts) {
            return known.join(&state);
        }
        if !self.merged && self.each.len() < PARTS_MAX {
            self.each.push((facts, state));
            return true;
        }
        let mut changed = !self.merged;
        self.merged = true;
        let mut rest = std::mem::take(&mut self.each).into_iter();
        if let Some((mut common, mut joined)) = rest.next() {
            for (facts, state) in rest.chain([(facts, state)]) {
                changed |= common != common.common(facts);
                common = common.common(facts);
                changed |= joined.join(&state);
            }
            self.each.push((common, joined));
        }
        changed
    }

    fn joined(self) -> Option<S> {
        let mut states = self.each.into_iter().map(|(_, state)| state);
        let mut joined = states.next()?;
        for state in states {
            joined.join(&state);
        }
        Some(joined)
    }
}

/// The state at each block's end, told from where control ends: `ends` are blocks with what is known there. `step` tells what is known before
/// a step, of what is known behind it; `edge` the same of an edge. Nothing for blocks from which no such end is reached. Every path counts.
pub fn backward<S: State>(
    graph: &Graph,
    ends: &[(BlockId, S)],
    mut step: impl FnMut(&mut S, &Step),
    mut edge: impl FnMut(&mut S, &Edge),
) -> Vec<Option<S>> {
    let changes_max = ends.iter().map(|(_, state)| state.height()).max().unwrap_or(0).saturating_add(3);
    let mut states: Vec<Option<S>> = vec![None; graph.blocks.len()];
    let mut changes = vec![0; graph.blocks.len()];
    let mut waiting = Waiting::new(graph.order.len());
    let turned = |id: BlockId| graph.block(id).order.map(|place| graph.order.len() as u32 - 1 - place);
    for (id, state) in ends {
        states[id.index()] = Some(state.clone());
        waiting.extend(turned(*id));
    }
    while let Some(place) = waiting.next() {
        let id = at(graph, graph.order.len() as u32 - 1 - place);
        let Some(mut state) = states[id.index()].clone() else { continue };
        graph.steps(id).iter().rev().for_each(|one| step(&mut state, one));
        for taken in graph.edges_into(id).filter(|edge| graph.is_reachable(edge.from)) {
            let mut state = state.clone();
            edge(&mut state, taken);
            let news = match &mut states[taken.from.index()] {
                Some(known) => known.join(&state),
                none => {
                    *none = Some(state);
                    true
                }
            };
            if news {
                let count = &mut changes[taken.from.index()];
                *count += 1;
                if *count > changes_max {
                    return vec![None; graph.blocks.len()];
                }
                waiting.extend(turned(taken.from));
            }
        }
    }
    states
}
