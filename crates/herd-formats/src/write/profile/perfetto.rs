//! A trace Perfetto's viewer opens (Chrome's JSON trace events): a track a sample type, on it the call tree as slices, outermost call on
//! top.
//!
//! Of the forms the viewer knows this is the one that shows any unit as it is. Its protobuf heap profiles are flame graphs by
//! themselves, but call every value bytes; its CPU samples weigh one each. JSON opens in `chrome://tracing`, too.

use herd_model::Profile;
use rustc_hash::FxHashMap;

use super::FrameNames;
use crate::write::json::{push_number, push_text};

/// The profile as a trace. A value of 1 is a nanosecond wide, whatever its unit, so a gigabyte is shown as a second. Samples that are
/// not above zero are left out: a slice has a width.
pub fn perfetto(profile: &Profile, name: &str) -> String {
    let frames = FrameNames::new(profile);
    let mut out =
        String::from(r#"{"displayTimeUnit":"ns","traceEvents":[{"ph":"M","pid":1,"name":"process_name","args":{"name":"#);
    push_text(&mut out, name);
    out.push_str("}}");
    for (track, kind) in (1i64..).zip(&profile.sample_types) {
        out.push_str(",\n{\"ph\":\"M\",\"pid\":1,\"tid\":");
        push_number(&mut out, track);
        out.push_str(r#","name":"thread_name","args":{"name":"#);
        push_text(&mut out, &format!("{} ({})", kind.name, kind.unit));
        out.push_str("}}");
        Tree::new(profile, track as usize - 1, &frames).push_slices(&mut out, track, &frames);
    }
    out.push_str("]}\n");
    out
}

struct Tree {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    name: u32,
    own: i64,
    total: i64,
    children: Vec<u32>,
}

impl Tree {
    fn new(profile: &Profile, sample_type: usize, frames: &FrameNames) -> Self {
        let mut tree = Tree { nodes: vec![Node::default()] };
        let mut edges: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for (stack, value) in profile.samples.stacks.iter().zip(&profile.samples.values[sample_type]) {
            if *value <= 0 {
                continue;
            }
            let mut at = 0;
            tree.nodes[0].total = tree.nodes[0].total.saturating_add(*value);
            for name in frames.outermost_first(profile, *stack) {
                let next = tree.nodes.len() as u32;
                let child = *edges.entry((at, name)).or_insert(next);
                if child == next {
                    tree.nodes.push(Node { name, ..Node::default() });
                    tree.nodes[at as usize].children.push(child);
                }
                let node = &mut tree.nodes[child as usize];
                node.total = node.total.saturating_add(*value);
                at = child;
            }
            let own = &mut tree.nodes[at as usize].own;
            *own = own.saturating_add(*value);
        }
        tree
    }

    fn push_slices(mut self, out: &mut String, track: i64, frames: &FrameNames) {
        let mut walk: Vec<(u32, i64)> = vec![(0, 0)];
        while let Some((at, start)) = walk.pop() {
            let mut children = std::mem::take(&mut self.nodes[at as usize].children);
            children.sort_by(|a, b| {
                let (a, b) = (&self.nodes[*a as usize], &self.nodes[*b as usize]);
                let name = |node: &Node| &frames.names[node.name as usize];
                b.total.cmp(&a.total).then_with(|| name(a).cmp(name(b)))
            });
            let mut left = start;
            for child in children {
                walk.push((child, left));
                left = left.saturating_add(self.nodes[child as usize].total);
            }
            let node = &self.nodes[at as usize];
            if at == 0 {
                continue;
            }
            out.push_str(",\n{\"ph\":\"X\",\"pid\":1,\"tid\":");
            push_number(out, track);
            out.push_str(r#","ts":"#);
            push_thousandths(out, start);
            out.push_str(r#","dur":"#);
            push_thousandths(out, node.total);
            out.push_str(r#","name":"#);
            push_text(out, &frames.names[node.name as usize]);
            out.push_str(r#","args":{"self":"#);
            push_number(out, node.own);
            out.push_str("}}");
        }
    }
}

/// Nanoseconds in microseconds, the unit of trace events, to the last digit.
fn push_thousandths(out: &mut String, value: i64) {
    push_number(out, value / 1000);
    out.push('.');
    for digit in [value / 100 % 10, value / 10 % 10, value % 10] {
        push_number(out, digit);
    }
}
