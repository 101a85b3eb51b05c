//! Which blocks every way to a block passes, or every way from it to an end: trees of dominators, after T. Lengauer and R. E. Tarjan, "A fast
//! algorithm for finding dominators in a flowgraph" (1979), in its simple form. Chains of a hundred thousand branches that meet in one
//! block are what iterating over the order of blocks would be quadratic on.

use super::{BlockId, Graph};

/// A tree of dominators.
#[derive(Clone, Debug)]
pub struct Tree {
    parents: Vec<Option<BlockId>>,
    /// When a walk of the tree comes to a block, and when it leaves it; nothing for blocks outside it.
    spans: Vec<Option<(u32, u32)>>,
}

impl Tree {
    /// The nearest block that every way passes, other than the block itself.
    pub fn parent(&self, block: BlockId) -> Option<BlockId> {
        self.parents.get(block.index()).copied().flatten()
    }

    /// Whether every way that concerns the second block passes the first one, or both are one. Not where there is no way.
    pub fn dominates(&self, first: BlockId, second: BlockId) -> bool {
        let span = |block: BlockId| self.spans.get(block.index()).copied().flatten();
        matches!((span(first), span(second)), (Some(outer), Some(inner)) if outer.0 <= inner.0 && inner.1 <= outer.1)
    }
}

/// The blocks that every way from the entry to a block passes. O(e log n).
pub fn dominators(graph: &Graph) -> Tree {
    tree(graph.blocks.len(), graph.entry.index(), |block, next| {
        let edges = graph.blocks.get(block).map(|_| graph.edges(BlockId(block as u32))).unwrap_or_default();
        next.extend(edges.iter().map(|edge| edge.to.index()));
    })
}

/// The blocks that every way from a block to one of the three ends passes. Ways that never end do not count; blocks that only have such are
/// outside the tree. O(e log n).
pub fn post_dominators(graph: &Graph) -> Tree {
    let root = graph.blocks.len();
    tree(root + 1, root, |block, next| {
        if block == root {
            next.extend([graph.exit, graph.panic, graph.gone].map(BlockId::index));
        } else {
            next.extend(graph.edges_into(BlockId(block as u32)).map(|edge| edge.from.index()));
        }
    })
}

const NONE: usize = usize::MAX;

/// The state of the search. All but the tables by node are by the number under which a search in depth comes to a node.
struct Search {
    /// Nodes by number, and numbers by node.
    nodes: Vec<usize>,
    numbers: Vec<usize>,
    /// Who found it.
    parents: Vec<usize>,
    semi: Vec<usize>,
    /// The forest that is linked meanwhile, compressed, with the best label on the way to the root.
    ancestors: Vec<usize>,
    labels: Vec<usize>,
}

fn tree(nodes: usize, root: usize, next: impl Fn(usize, &mut Vec<usize>)) -> Tree {
    let mut search = Search {
        nodes: Vec::new(),
        numbers: vec![NONE; nodes],
        parents: Vec::new(),
        semi: Vec::new(),
        ancestors: Vec::new(),
        labels: Vec::new(),
    };
    let mut before: Vec<Vec<usize>> = Vec::new();
    search.in_depth(root, &next, &mut before);
    let count = search.nodes.len();
    let mut idom = vec![NONE; count];
    let mut buckets: Vec<Vec<usize>> = vec![Vec::new(); count];
    for w in (1..count).rev() {
        for v in std::mem::take(&mut before[w]) {
            let u = search.best(v);
            search.semi[w] = search.semi[w].min(search.semi[u]);
        }
        buckets[search.semi[w]].push(w);
        let parent = search.parents[w];
        search.ancestors[w] = parent;
        for v in std::mem::take(&mut buckets[parent]) {
            let u = search.best(v);
            idom[v] = if search.semi[u] < search.semi[v] { u } else { parent };
        }
    }
    for w in 1..count {
        if idom[w] != search.semi[w] {
            idom[w] = idom[idom[w]];
        }
    }
    numbered(&search.nodes, &idom, nodes, root)
}

impl Search {
    fn in_depth(&mut self, root: usize, next: &impl Fn(usize, &mut Vec<usize>), before: &mut Vec<Vec<usize>>) {
        let mut nexts = Vec::new();
        let mut open = vec![(NONE, root)];
        while let Some((from, node)) = open.pop() {
            if self.numbers[node] == NONE {
                let number = self.nodes.len();
                self.numbers[node] = number;
                self.nodes.push(node);
                self.parents.push(from);
                self.semi.push(number);
                self.ancestors.push(NONE);
                self.labels.push(number);
                before.push(Vec::new());
                next(node, &mut nexts);
                open.extend(nexts.drain(..).map(|next| (number, next)));
            }
            if from != NONE {
                before[self.numbers[node]].push(from);
            }
        }
    }

    /// The node with the smallest semi-dominator on the way from a node up to, and without, the root of its tree in the forest.
    fn best(&mut self, node: usize) -> usize {
        if self.ancestors[node] == NONE {
            return node;
        }
        let mut way = vec![node];
        let mut top = node;
        while self.ancestors[self.ancestors[top]] != NONE {
            top = self.ancestors[top];
            way.push(top);
        }
        way.pop();
        for v in way.into_iter().rev() {
            let ancestor = self.ancestors[v];
            if self.semi[self.labels[ancestor]] < self.semi[self.labels[v]] {
                self.labels[v] = self.labels[ancestor];
            }
            self.ancestors[v] = self.ancestors[ancestor];
        }
        self.labels[node]
    }
}

/// The tree, with a walk's numbers. The root of a tree of ways to the ends is no block.
fn numbered(nodes: &[usize], idom: &[usize], count: usize, root: usize) -> Tree {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut parents = vec![None; count];
    let above_all = if root + 1 == count { root } else { NONE };
    for (number, node) in nodes.iter().enumerate().skip(1) {
        let parent = idom[number];
        children[parent].push(number);
        parents[*node] = Some(nodes[parent]).filter(|parent| *parent != above_all);
    }
    let mut spans = vec![None; count];
    let mut clock = 0;
    let mut open = vec![(0, false)];
    while let Some((number, left)) = open.pop() {
        if left {
            if let Some((_, end)) = &mut spans[nodes[number]] {
                *end = clock;
            }
            continue;
        }
        spans[nodes[number]] = Some((clock, clock));
        clock += 1;
        open.push((number, true));
        open.extend(children[number].iter().map(|child| (*child, false)));
    }
    if above_all == root {
        spans.pop();
        parents.pop();
    }
    Tree { parents: parents.into_iter().map(|parent| parent.map(|parent| BlockId(parent as u32))).collect(), spans }
}
