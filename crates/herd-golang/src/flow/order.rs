//! The order in which blocks are visited: a search in depth, which also finds edges that go back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{BlockId, EdgeId, Graph};

/// Sets the order of blocks and which edges go back. Linear.
pub(super) fn search(graph: &mut Graph) {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let mut seen = vec![Seen::Not; graph.blocks.len()];
    // Each open block with the next of its edges. The last edge is searched first, so that in the reverse the source's order remains.
    let mut open = vec![(graph.entry, graph.block(graph.entry).edges.end)];
    seen[graph.entry.index()] = Seen::Open;
    let mut done = Vec::with_capacity(graph.blocks.len());
    while let Some((block, next)) = open.last_mut() {
        if *next == graph.blocks[block.index()].edges.start {
            seen[block.index()] = Seen::Done;
            done.push(*block);
            open.pop();
            continue;
        }
        *next -= 1;
        let edge = &mut graph.edges[*next as usize];
        match seen[edge.to.index()] {
            Seen::Open => edge.back = true,
            Seen::Done => {}
            Seen::Not => {
                seen[edge.to.index()] = Seen::Open;
                let to = edge.to;
                open.push((to, graph.blocks[to.index()].edges.end));
            }
        }
    }
    done.reverse();
    for (place, block) in done.iter().enumerate() {
        graph.blocks[block.index()].order = Some(place as u32);
    }
    graph.order = done;
}

/// Lists the edges into each block, by the block they leave. Linear.
pub(super) fn turn(graph: &mut Graph) {
    let mut ends = vec![0_u32; graph.blocks.len()];
    for edge in &graph.edges {
        ends[edge.to.index()] += 1;
    }
    let mut start = 0;
    for (block, end) in graph.blocks.iter_mut().zip(&mut ends) {
        block.into = start..start + *end;
        start += *end;
        *end = block.into.start;
    }
    graph.into = vec![EdgeId(0); graph.edges.len()];
    for (index, edge) in graph.edges.iter().enumerate() {
        let end = &mut ends[edge.to.index()];
        graph.into[*end as usize] = EdgeId(index as u32);
        *end += 1;
    }
}

/// Places in an order that wait to be visited, each once, the first one first.
pub(super) struct Waiting {
    heap: BinaryHeap<Reverse<u32>>,
    there: Vec<bool>,
}

impl Waiting {
    pub(super) fn new(len: usize) -> Self {
        Self { heap: BinaryHeap::new(), there: vec![false; len] }
    }

    pub(super) fn add(&mut self, place: u32) {
        if let Some(there) = self.there.get_mut(place as usize)
            && !std::mem::replace(there, true)
        {
            self.heap.push(Reverse(place));
        }
    }

    pub(super) fn extend(&mut self, places: impl IntoIterator<Item = u32>) {
        for place in places {
            self.add(place);
        }
    }

    pub(super) fn next(&mut self) -> Option<u32> {
        let Reverse(place) = self.heap.pop()?;
        if let Some(there) = self.there.get_mut(place as usize) {
            *there = false;
        }
        Some(place)
    }
}

/// The block at a place of the order; callers know that there is one.
pub(super) fn at(graph: &Graph, place: u32) -> BlockId {
    graph.order.get(place as usize).copied().unwrap_or(graph.exit)
}
