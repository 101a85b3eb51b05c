//! Loops: blocks from which control comes back to one that every way into the loop passes.

use super::{BlockId, Edge, EdgeId, Graph, Tree};

/// A loop of a function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LoopId(pub u32);

/// A natural loop: all ways into it pass its header, and all its blocks lead back there.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The block that every way into it passes.
    pub header: BlockId,
    /// The edges by which control comes back to the header.
    pub back: Vec<EdgeId>,
    /// The innermost loop around it.
    pub parent: Option<LoopId>,
    /// When a walk over the loops comes to it, and when it leaves it.
    span: (u32, u32),
}

/// Every loop of a function, inner ones before those around them.
#[derive(Clone, Debug)]
pub struct Loops {
    /// The loops.
    pub loops: Vec<Loop>,
    /// The innermost loop of each block.
    pub innermost: Vec<Option<LoopId>>,
    /// Edges that go back to a block which can be passed by: `goto` makes such loops, which are none of the list.
    pub entered_elsewhere: Vec<EdgeId>,
}

impl Loops {
    /// One of them.
    pub fn get(&self, id: LoopId) -> &Loop {
        &self.loops[id.0 as usize]
    }

    /// Whether a block is within a loop, in an inner one perhaps.
    pub fn contains(&self, id: LoopId, block: BlockId) -> bool {
        let inner = self.innermost.get(block.index()).copied().flatten();
        inner.is_some_and(|inner| {
            let (outer, inner) = (self.get(id).span, self.get(inner).span);
            outer.0 <= inner.0 && inner.1 <= outer.1
        })
    }

    /// The blocks of a loop, those of inner ones too. Linear in the function.
    pub fn members(&self, id: LoopId) -> impl Iterator<Item = BlockId> {
        (0..self.innermost.len() as u32).map(BlockId).filter(move |block| self.contains(id, *block))
    }

    /// The edges by which control leaves a loop. Linear in the function.
    pub fn exits<'g>(&'g self, graph: &'g Graph, id: LoopId) -> impl Iterator<Item = &'g Edge> {
        self.members(id).flat_map(|block| graph.edges(block)).filter(move |edge| !self.contains(id, edge.to))
    }
}

/// Finds the loops of a function, given its dominators. Nearly linear.
pub fn loops(graph: &Graph, dominators: &Tree) -> Loops {
    let mut found = Loops { loops: Vec::new(), innermost: vec![None; graph.blocks.len()], entered_elsewhere: Vec::new() };
    // The outermost loop around a loop that is known so far, by way of others.
    let mut outer: Vec<u32> = Vec::new();
    // Headers of inner loops come later in the order than those of the loops around them.
    for header in graph.order.iter().rev().copied() {
        let mut back = Vec::new();
        for id in graph.into.get(range(graph, header)).unwrap_or_default() {
            let edge = &graph.edges[id.index()];
            if !graph.is_reachable(edge.from) {
                continue;
            }
            if dominators.dominates(header, edge.from) {
                back.push(*id);
            } else if edge.back {
                found.entered_elsewhere.push(*id);
            }
        }
        if back.is_empty() {
            continue;
        }
        let id = LoopId(found.loops.len() as u32);
        let open = back.iter().map(|edge| graph.edges[edge.index()].from).collect();
        found.loops.push(Loop { header, back, parent: None, span: (0, 0) });
        outer.push(id.0);
        collect(graph, &mut found, &mut outer, id, open);
    }
    number(&mut found.loops);
    found
}

fn range(graph: &Graph, block: BlockId) -> std::ops::Range<usize> {
    let into = &graph.block(block).into;
    into.start as usize..into.end as usize
}

/// Takes into a loop what leads to its back edges: blocks that are in none yet, and whole loops.
fn collect(graph: &Graph, found: &mut Loops, outer: &mut [u32], id: LoopId, mut open: Vec<BlockId>) {
    let header = found.get(id).header;
    while let Some(block) = open.pop() {
        let entered = match found.innermost[block.index()] {
            None => {
                found.innermost[block.index()] = Some(id);
                block
            }
            Some(inner) => {
                let inner = outermost(outer, inner.0);
                if inner == id.0 {
                    continue;
                }
                found.loops[inner as usize].parent = Some(id);
                outer[inner as usize] = id.0;
                found.loops[inner as usize].header
            }
        };
        if entered != header {
            open.extend(graph.edges_into(entered).map(|edge| edge.from).filter(|from| graph.is_reachable(*from)));
        }
    }
    // A header whose loop is a single block, or of which only inner loops lead back.
    if found.innermost[header.index()].is_none() {
        found.innermost[header.index()] = Some(id);
    }
}

/// The outermost loop so far; shortens the way there for the next time.
fn outermost(outer: &mut [u32], id: u32) -> u32 {
    let mut top = id;
    while outer[top as usize] != top {
        top = outer[top as usize];
    }
    let mut next = id;
    while outer[next as usize] != top {
        next = std::mem::replace(&mut outer[next as usize], top);
    }
    top
}

/// Numbers loops so that inner ones lie within those around them.
fn number(loops: &mut [Loop]) {
    let mut inner: Vec<Vec<usize>> = vec![Vec::new(); loops.len()];
    let mut open = Vec::new();
    for (index, one) in loops.iter().enumerate() {
        match one.parent {
            Some(parent) => inner[parent.0 as usize].push(index),
            None => open.push((index, false)),
        }
    }
    let mut clock = 0;
    while let Some((index, left)) = open.pop() {
        if left {
            loops[index].span.1 = clock;
            continue;
        }
        loops[index].span.0 = clock;
        clock += 1;
        open.push((index, true));
        open.extend(inner[index].iter().map(|inner| (*inner, false)));
    }
}
