//! Ways through a graph: a shortest one that shows something, and what can be reached at all.

use std::collections::VecDeque;

use super::{BitSet, BlockId, Facts, Graph, Paths, Place};

/// With how many different [`Facts`] a block is visited in one search.
pub const VISITS_MAX: usize = 32;

/// A shortest way, by edges, from behind one place to another one, past no place that is to be avoided: the first place, the start of each block
/// that is entered, the last place. A block without steps, as the three ends are, is one place. What is to be avoided is asked first.
///
/// On consistent paths what surely holds at the first place is known from the start. A way that is told never contradicts itself; one may be
/// missed where a block is come to knowing more than [`VISITS_MAX`] different things. Linear in the graph, times that at most.
pub fn path(
    graph: &Graph,
    paths: Paths,
    from: Place,
    to: impl Fn(Place) -> bool,
    avoid: impl Fn(Place) -> bool,
) -> Option<Vec<Place>> {
    let facts = graph.holds.get(from.block.index()).copied().unwrap_or(Facts::NONE);
    let block = graph.block(from.block);
    let rest = from.step.0.saturating_add(1).min(block.steps.end);
    let mut way = search(graph, paths, (from.block, rest), facts, to, avoid)?;
    way.insert(0, from);
    Some(way)
}

/// Whether every way from a block back to itself passes one of some places. So it does where no way leads back.
pub fn every_cycle_passes(graph: &Graph, block: BlockId, passes: impl Fn(Place) -> bool) -> bool {
    let steps = graph.block(block).steps.clone();
    let start = graph.start(block);
    let own = steps.clone().map(|step| Place { block, step: super::StepId(step) }).any(&passes);
    own || steps.is_empty() && passes(start)
        || search(graph, Paths::All, (block, steps.end), Facts::NONE, |place| place == start, passes).is_none()
}

/// The blocks from which one of some blocks can be reached, those among them. Linear.
pub fn reaching(graph: &Graph, targets: impl IntoIterator<Item = BlockId>) -> BitSet {
    let mut found = BitSet::new();
    let mut open: Vec<BlockId> = targets.into_iter().filter(|target| found.insert(target.index())).collect();
    while let Some(block) = open.pop() {
        open.extend(graph.edges_into(block).map(|edge| edge.from).filter(|from| found.insert(from.index())));
    }
    found
}

/// A block as it was come to.
struct Visit {
    block: BlockId,
    facts: Facts,
    before: Option<u32>,
}

/// A search in breadth from a step of a block on. Tells the places it went through, the first block's start apart.
fn search(
    graph: &Graph,
    paths: Paths,
    (block, step): (BlockId, u32),
    facts: Facts,
    to: impl Fn(Place) -> bool,
    avoid: impl Fn(Place) -> bool,
) -> Option<Vec<Place>> {
    let consistent = paths == Paths::Consistent && graph.conditions > 0;
    let mut visits = vec![Visit { block, facts, before: None }];
    let mut known: Vec<Vec<Facts>> = vec![Vec::new(); graph.blocks.len()];
    let mut open = VecDeque::from([0_u32]);
    while let Some(number) = open.pop_front() {
        let Some(&Visit { block, facts, before }) = visits.get(number as usize) else { continue };
        let mut steps = graph.block(block).steps.clone();
        if before.is_none() {
            steps.start = step;
        } else if steps.is_empty() {
            steps.end += 1;
        }
        let mut passed = true;
        for step in steps {
            let place = Place { block, step: super::StepId(step) };
            if avoid(place) {
                passed = false;
                break;
            }
            if to(place) {
                return Some(way(graph, &visits, number, place));
            }
        }
        for edge in graph.edges(block).iter().filter(|_| passed) {
            let facts = if consistent { facts.along(graph.block(block), edge) } else { Some(Facts::NONE) };
            let Some(facts) = facts.map(|facts| facts.asked(graph.block(edge.to))) else { continue };
            if is_news(&mut known[edge.to.index()], facts) {
                open.push_back(visits.len() as u32);
                visits.push(Visit { block: edge.to, facts, before: Some(number) });
            }
        }
    }
    None
}

/// Whether a block is to be visited that is come to knowing some facts: not where it was visited already knowing no more, and not too often.
fn is_news(known: &mut Vec<Facts>, facts: Facts) -> bool {
    if known.len() >= VISITS_MAX || known.iter().any(|one| facts.implies(*one)) {
        return false;
    }
    known.push(facts);
    true
}

fn way(graph: &Graph, visits: &[Visit], last: u32, place: Place) -> Vec<Place> {
    let mut places = vec![place];
    let mut next = visits.get(last as usize);
    while let Some(visit) = next
        && let Some(before) = visit.before
    {
        let start = graph.start(visit.block);
        if start != place {
            places.push(start);
        }
        next = visits.get(before as usize);
    }
    places.reverse();
    places
}
