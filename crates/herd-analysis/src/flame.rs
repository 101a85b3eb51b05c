//! A snapshot's stacks merged into one call tree, outermost frame first.

use herd_model::{Flame, Snapshot};
use rustc_hash::FxHashMap;

/// Rows kept; narrower ones are folded into their parent and counted.
const ROWS_MAX: usize = 60_000;

#[derive(Default)]
struct Node {
    total: u64,
    children: Vec<u32>,
    name: u32,
}

/// The call tree in columns; the root is the whole snapshot. A goroutine's creator stands below its entry function. Cost: linear in
/// distinct frames.
pub fn flame(snapshot: &Snapshot) -> Flame {
    let mut tree = Tree::default();
    for cluster in &snapshot.clusters {
        let stack = snapshot.stack(cluster);
        let mut path: Vec<u32> = Vec::with_capacity(stack.frames.len() + 1);
        if let Some(creator) = stack.created_by {
            path.push(tree.name(&format!("created by {}", snapshot.func(creator))));
        }
        for frame in stack.frames.iter().rev() {
            path.push(tree.name(snapshot.func(*frame)));
        }
        path.push(tree.name(&format!("[{}]", cluster.state.as_str())));
        tree.add(&path, cluster.count);
    }
    tree.columns()
}

struct Tree {
    nodes: Vec<Node>,
    edges: FxHashMap<(u32, u32), u32>,
    names: Vec<String>,
    index: FxHashMap<String, u32>,
}

impl Default for Tree {
    fn default() -> Self {
        let mut tree =
            Tree { nodes: vec![Node::default()], edges: FxHashMap::default(), names: Vec::new(), index: FxHashMap::default() };
        tree.name("all goroutines");
        tree
    }
}

impl Tree {
    fn name(&mut self, text: &str) -> u32 {
        if let Some(id) = self.index.get(text) {
            return *id;
        }
        let id = self.names.len() as u32;
        self.names.push(text.to_owned());
        self.index.insert(text.to_owned(), id);
        id
    }

    fn add(&mut self, path: &[u32], count: u64) {
        let mut at = 0u32;
        self.nodes[0].total += count;
        for name in path {
            let next = self.nodes.len() as u32;
            let child = *self.edges.entry((at, *name)).or_insert(next);
            if child == next {
                self.nodes.push(Node { total: 0, children: Vec::new(), name: *name });
                self.nodes[at as usize].children.push(child);
            }
            self.nodes[child as usize].total += count;
            at = child;
        }
    }

    fn columns(mut self) -> Flame {
        let floor = self.floor();
        let mut flame = Flame { unit: "goroutines".to_owned(), ..Flame::default() };
        let mut walk: Vec<(u32, u16, u64)> = vec![(0, 0, 0)];
        while let Some((at, depth, start)) = walk.pop() {
            let node = &mut self.nodes[at as usize];
            flame.name.push(node.name);
            flame.depth.push(depth);
            flame.start.push(start);
            flame.total.push(node.total);
            let mut children = std::mem::take(&mut node.children);
            children.sort_by(|a, b| {
                let (a, b) = (&self.nodes[*a as usize], &self.nodes[*b as usize]);
                b.total.cmp(&a.total).then_with(|| self.names[a.name as usize].cmp(&self.names[b.name as usize]))
            });
            let mut left = start;
            let mut next = Vec::with_capacity(children.len());
            for child in children {
                let total = self.nodes[child as usize].total;
                if total < floor {
                    flame.folded_rows += 1;
                    flame.folded_total += total;
                } else {
                    next.push((child, depth.saturating_add(1), left));
                }
                left += total;
            }
            walk.extend(next.into_iter().rev());
        }
        flame.names = self.names;
        flame
    }

    /// The smallest weight that keeps at most [`ROWS_MAX`] rows.
    fn floor(&self) -> u64 {
        if self.nodes.len() <= ROWS_MAX {
            return 0;
        }
        let mut totals: Vec<u64> = self.nodes.iter().map(|node| node.total).collect();
        totals.sort_unstable_by(|a, b| b.cmp(a));
        totals[ROWS_MAX] + 1
    }
}
