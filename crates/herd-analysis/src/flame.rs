//! Stacks merged into one call tree, outermost frame first: those of a snapshot's goroutines, or those of a profile's samples.

use herd_model::{Flame, LocationId, Profile, Snapshot};
use rustc_hash::FxHashMap;

/// Rows kept of a snapshot; narrower ones are folded into their parent and counted.
const SNAPSHOT_ROWS_MAX: usize = 60_000;
/// Rows kept of a profile: what the viewer opens within seconds.
const PROFILE_ROWS_MAX: usize = 1_100_000;
/// Rows kept of a comparison.
const COMPARISON_ROWS_MAX: usize = 200_000;
/// The deepest row; calls below are folded into it.
const DEPTH_MAX: usize = u16::MAX as usize - 1;

/// The call tree of a snapshot in columns; the root is the whole snapshot. A goroutine's creator stands below its entry function.
/// Cost: linear in distinct frames.
pub fn flame(snapshot: &Snapshot) -> Flame {
    let mut tree = Tree::new("all goroutines");
    for cluster in &snapshot.clusters {
        let stack = snapshot.stack(cluster);
        let mut path: Vec<Call> = Vec::with_capacity(stack.frames.len() + 2);
        if let Some(creator) = stack.created_by {
            path.push(Call::plain(tree.name(&format!("created by {}", snapshot.func(creator)))));
        }
        for frame in stack.frames.iter().rev() {
            path.push(Call::plain(tree.name(snapshot.func(*frame))));
        }
        path.push(Call::plain(tree.name(&format!("[{}]", cluster.state.as_str()))));
        tree.add(&path, cluster.count);
    }
    tree.columns("goroutines", SNAPSHOT_ROWS_MAX)
}

/// What a row of a profile's tree stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// A function.
    Functions,
    /// A line: `main.work main.go:3`.
    Lines,
}

/// The call tree of the values of one sample type, and how many samples are below zero and have no width in it; the root, `all`, is the
/// sum of those above. Cost: linear in the frames of all samples.
pub fn profile_flame(profile: &Profile, sample_type: usize, rows: Rows) -> (Flame, u64) {
    let mut tree = Tree::new("all");
    let calls = calls_of_locations(profile, rows, &mut tree);
    let mut below_zero = 0;
    let (mut locations, mut path) = (Vec::new(), Vec::new());
    for (stack, value) in profile.samples.stacks.iter().zip(&profile.samples.values[sample_type]) {
        let Ok(weight) = u64::try_from(*value) else {
            below_zero += 1;
            continue;
        };
        if weight == 0 {
            continue;
        }
        path.clear();
        locations.clear();
        locations.extend(profile.stacks.get(*stack));
        path.extend(locations.iter().rev().flat_map(|LocationId(at)| calls[*at as usize].iter().copied()));
        tree.add(&path, weight);
    }
    (tree.columns(&profile.sample_types[sample_type].unit, PROFILE_ROWS_MAX), below_zero)
}

/// The call tree of a comparison: stacks of numbers into `names`, innermost first, with what they have before and after. Widths are those
/// after. Cost: linear in the frames of all stacks.
pub(crate) fn flame_of_both<'a>(unit: &str, names: &[&str], stacks: impl Iterator<Item = (&'a [u32], u64, u64)>) -> Flame {
    let mut tree = Tree::new("all");
    let names: Vec<u32> = names.iter().map(|name| tree.name(name)).collect();
    let mut path: Vec<Call> = Vec::new();
    for (stack, before, after) in stacks {
        path.clear();
        path.extend(stack.iter().rev().map(|id| Call::plain(names[*id as usize])));
        tree.add_both(&path, before, after);
    }
    tree.columns(unit, COMPARISON_ROWS_MAX)
}

/// The calls of each location, outermost first.
fn calls_of_locations(profile: &Profile, rows: Rows, tree: &mut Tree) -> Vec<Box<[Call]>> {
    let mut of_functions: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut calls = Vec::with_capacity(profile.locations.len());
    for location in &profile.locations {
        let lines = profile.lines_of(location);
        if lines.is_empty() {
            let file = location.mapping.map_or("", |id| profile.names.text(profile.mappings[id.0 as usize].file));
            let name = if file.is_empty() { "<unknown>".to_owned() } else { format!("[{}]", crate::names::base(file)) };
            calls.push(Box::from([Call::plain(tree.name(&name))]));
            continue;
        }
        let outermost = lines.len() - 1;
        let call = |(at, line): (usize, &herd_model::Line)| {
            let number = if rows == Rows::Lines { line.line } else { 0 };
            let name = *of_functions.entry((line.function.0, number)).or_insert_with(|| {
                let func = match profile.function_name(line.function) {
                    "" => "<unknown>",
                    name => name,
                };
                let file = profile.names.text(profile.functions[line.function.0 as usize].file);
                match (rows, number) {
                    (Rows::Functions, _) => tree.name(func),
                    (Rows::Lines, 0) => tree.name(&format!("{func} {}", crate::names::base(file))),
                    (Rows::Lines, line) => tree.name(&format!("{func} {}:{line}", crate::names::base(file))),
                }
            });
            Call { name, inlined: at < outermost }
        };
        calls.push(lines.iter().enumerate().rev().map(call).collect());
    }
    calls
}

/// A call on a path.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Call {
    name: u32,
    inlined: bool,
}

impl Call {
    fn plain(name: u32) -> Call {
        Call { name, inlined: false }
    }
}

struct Node {
    total: u64,
    /// Of a comparison, what it had before.
    before: u64,
    children: Vec<u32>,
    name: u32,
    /// Every call of it was inlined.
    inlined: bool,
}

impl Node {
    /// The larger of what it has before and after.
    fn most(&self) -> u64 {
        self.total.max(self.before)
    }
}

struct Tree {
    nodes: Vec<Node>,
    edges: FxHashMap<(u32, u32), u32>,
    names: Vec<String>,
    index: FxHashMap<String, u32>,
    /// The path added last with its nodes: stacks that stand side by side share most of their calls.
    last: Vec<(u32, u32)>,
}

impl Tree {
    fn new(root: &str) -> Tree {
        let root_node = Node { total: 0, before: 0, children: Vec::new(), name: 0, inlined: false };
        let mut tree = Tree {
            nodes: vec![root_node],
            edges: FxHashMap::default(),
            names: Vec::new(),
            index: FxHashMap::default(),
            last: Vec::new(),
        };
        tree.name(root);
        tree
    }

    fn name(&mut self, text: &str) -> u32 {
        if let Some(id) = self.index.get(text) {
            return *id;
        }
        let id = self.names.len() as u32;
        self.names.push(text.to_owned());
        self.index.insert(text.to_owned(), id);
        id
    }

    fn add(&mut self, path: &[Call], weight: u64) {
        self.add_both(path, 0, weight);
    }

    fn add_both(&mut self, path: &[Call], before: u64, weight: u64) {
        let path = &path[..path.len().min(DEPTH_MAX)];
        let shared = self.last.iter().zip(path).take_while(|((name, _), call)| *name == call.name).count();
        self.last.truncate(shared);
        self.nodes[0].total = self.nodes[0].total.saturating_add(weight);
        self.nodes[0].before = self.nodes[0].before.saturating_add(before);
        let mut at = 0u32;
        for (depth, call) in path.iter().enumerate() {
            at = match self.last.get(depth) {
                Some((_, known)) => *known,
                None => self.child(at, call.name),
            };
            if depth >= shared {
                self.last.push((call.name, at));
            }
            let node = &mut self.nodes[at as usize];
            node.total = node.total.saturating_add(weight);
            node.before = node.before.saturating_add(before);
            node.inlined &= call.inlined;
        }
    }

    fn child(&mut self, of: u32, name: u32) -> u32 {
        let next = self.nodes.len() as u32;
        let child = *self.edges.entry((of, name)).or_insert(next);
        if child == next {
            self.nodes.push(Node { total: 0, before: 0, children: Vec::new(), name, inlined: true });
            self.nodes[of as usize].children.push(child);
        }
        child
    }

    fn columns(mut self, unit: &str, rows_max: usize) -> Flame {
        let floor = self.floor(rows_max);
        let mut flame = Flame { unit: unit.to_owned(), ..Flame::default() };
        let mut before = Vec::new();
        let mut walk: Vec<(u32, u16, u64)> = vec![(0, 0, 0)];
        while let Some((at, depth, start)) = walk.pop() {
            let node = &mut self.nodes[at as usize];
            if node.inlined {
                flame.inlined.push(flame.name.len() as u32);
            }
            flame.name.push(node.name);
            flame.depth.push(depth);
            flame.start.push(start);
            flame.total.push(node.total);
            before.push(node.before);
            let mut children = std::mem::take(&mut node.children);
            children.sort_by(|a, b| {
                let (a, b) = (&self.nodes[*a as usize], &self.nodes[*b as usize]);
                b.total.cmp(&a.total).then_with(|| self.names[a.name as usize].cmp(&self.names[b.name as usize]))
            });
            let mut left = start;
            let mut next = Vec::with_capacity(children.len());
            for child in children {
                let total = self.nodes[child as usize].total;
                if self.nodes[child as usize].most() < floor {
                    flame.folded_total = flame.folded_total.saturating_add(total);
                } else {
                    next.push((child, depth.saturating_add(1), left));
                }
                left = left.saturating_add(total);
            }
            walk.extend(next.into_iter().rev());
        }
        flame.folded_rows = (self.nodes.len() - flame.name.len()) as u64;
        flame.names = self.names;
        flame.before = (self.nodes[0].before > 0).then_some(before);
        flame
    }

    /// The smallest weight that keeps at most `rows_max` rows.
    fn floor(&self, rows_max: usize) -> u64 {
        if self.nodes.len() <= rows_max {
            return 0;
        }
        let mut totals: Vec<u64> = self.nodes.iter().map(Node::most).collect();
        totals.sort_unstable_by(|a, b| b.cmp(a));
        totals[rows_max].saturating_add(1)
    }
}
