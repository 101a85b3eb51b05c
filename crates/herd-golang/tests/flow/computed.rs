//! Dominators, loops, ways and dataflow of functions made up at random, against plain and slow ways to find the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use herd_golang::flow::{
    self, BitSet, BlockId, Facts, Graph, LoopId, Paths, Place, backward, dominators, every_cycle_passes, forward,
    post_dominators, reaching,
};
use herd_golang::{Interner, Mode, parse};

use crate::{cfg, oracle};

/// Graphs of functions made up at random, with a random number for each.
fn graphs(functions: usize) -> Vec<(Graph, Random)> {
    let folder = tempfile::tempdir().expect("a folder");
    let names = Interner::new();
    let file = parse(oracle::generated(folder.path(), 23, functions), &names, Mode::Full);
    let bodies = oracle::bodies(&file).into_iter();
    bodies.zip(1..).map(|(body, seed)| (cfg::graph(&file, body), Random(seed * 7919))).collect()
}

fn ids(graph: &Graph) -> impl Iterator<Item = BlockId> + use<> {
    (0..graph.blocks.len() as u32).map(BlockId)
}

/// What can be come to from some blocks, past none of those that are closed.
fn reached(graph: &Graph, from: impl IntoIterator<Item = BlockId>, closed: impl Fn(BlockId) -> bool) -> BTreeSet<BlockId> {
    let mut found = BTreeSet::new();
    let mut open: Vec<BlockId> = from.into_iter().collect();
    while let Some(block) = open.pop() {
        if !closed(block) && found.insert(block) {
            open.extend(graph.edges(block).iter().map(|edge| edge.to));
        }
    }
    found
}

#[test]
fn trees_are_what_taking_blocks_away_shows() {
    let (mut dominated, mut post_dominated) = (0, 0);
    for (graph, _) in graphs(60) {
        let (before, behind) = (dominators(&graph), post_dominators(&graph));
        let all = reached(&graph, [graph.entry], |_| false);
        assert_eq!(all, graph.order.iter().copied().collect());
        assert!(ids(&graph).all(|block| graph.is_reachable(block) == all.contains(&block)));
        let ends = [graph.exit, graph.panic, graph.gone];
        let ending = reaching(&graph, ends);
        for gone in ids(&graph) {
            let rest = reached(&graph, [graph.entry], |block| block == gone);
            for block in ids(&graph) {
                let expected = all.contains(&block) && all.contains(&gone) && !rest.contains(&block);
                assert_eq!(before.dominates(gone, block), expected, "{gone:?} {block:?} {graph:#?}");
                dominated += usize::from(expected);
                let still = !reached(&graph, [block], |block| block == gone).is_disjoint(&ends.into());
                let expected = ending.contains(block.index()) && ending.contains(gone.index()) && !still;
                assert_eq!(behind.dominates(gone, block), expected, "{gone:?} {block:?} {graph:#?}");
                post_dominated += usize::from(expected);
            }
            for tree in [&before, &behind] {
                if let Some(parent) = tree.parent(gone) {
                    assert!(tree.dominates(parent, gone) && !tree.dominates(gone, parent));
                    let others = ids(&graph).filter(|block| *block != gone && tree.dominates(*block, gone));
                    assert!(others.into_iter().all(|block| tree.dominates(block, parent)));
                }
            }
        }
    }
    assert!(dominated > 10_000 && post_dominated > 10_000);
}

#[test]
fn loops_are_what_leads_back() {
    let (mut count, mut nested, mut elsewhere, mut left) = (0, 0, 0, 0);
    for (graph, _) in graphs(400) {
        let before = dominators(&graph);
        let loops = flow::loops(&graph, &before);
        let mut expected: BTreeMap<BlockId, BTreeSet<BlockId>> = BTreeMap::new();
        for edge in graph.edges.iter().filter(|edge| graph.is_reachable(edge.from) && before.dominates(edge.to, edge.from)) {
            assert!(edge.back);
            let members = expected.entry(edge.to).or_default();
            members.insert(edge.to);
            let mut open = vec![edge.from];
            while let Some(block) = open.pop() {
                if members.insert(block) {
                    open.extend(graph.edges_into(block).map(|edge| edge.from).filter(|from| graph.is_reachable(*from)));
                }
            }
        }
        let found: BTreeMap<BlockId, BTreeSet<BlockId>> =
            (0..loops.loops.len() as u32).map(|id| (loops.get(LoopId(id)).header, loops.members(LoopId(id)).collect())).collect();
        assert_eq!(found, expected, "{graph:#?}");
        for (number, one) in (0..).zip(&loops.loops) {
            count += 1;
            let members = &expected[&one.header];
            assert!(one.back.iter().all(|edge| graph.edges[edge.index()].to == one.header));
            let exits = loops.exits(&graph, LoopId(number)).count();
            let leave = members.iter().flat_map(|block| graph.edges(*block)).filter(|edge| !members.contains(&edge.to));
            assert_eq!(exits, leave.count());
            left += exits;
            // The innermost loop around it is the smallest other one that holds its header.
            let around = expected.iter().filter(|(header, members)| **header != one.header && members.contains(&one.header));
            let smallest = around.min_by_key(|(_, members)| members.len()).map(|(header, _)| *header);
            assert_eq!(one.parent.map(|parent| loops.get(parent).header), smallest);
            nested += usize::from(smallest.is_some());
        }
        for edge in graph.edges.iter().filter(|edge| edge.back) {
            let known = before.dominates(edge.to, edge.from);
            elsewhere += usize::from(!known);
            let listed = loops.entered_elsewhere.iter().any(|id| graph.edges[id.index()] == *edge);
            assert_ne!(known, listed);
        }
    }
    assert!(count > 400 && nested > 100 && left > 400, "{count} {nested} {left}");
    assert!(elsewhere > 10);
    println!("{count} loops, {nested} within others, {elsewhere} edges back to what can be passed by");
}

#[test]
fn ways_are_shortest_and_are_found() {
    let (mut found, mut without, mut around) = (0, 0, [0, 0]);
    for (graph, mut random) in graphs(300) {
        let places: Vec<Place> = graph.places().collect();
        for _ in 0..20 {
            let from = places[random.below(places.len())];
            let targets: BTreeSet<Place> =
                (0..2).map(|_| places[random.below(places.len())]).chain([graph.start(graph.exit)]).collect();
            let avoided: BTreeSet<Place> = (0..=random.below(3)).map(|_| places[random.below(places.len())]).collect();
            let all = flow::path(&graph, Paths::All, from, |place| targets.contains(&place), |place| avoided.contains(&place));
            assert_eq!(all.as_ref().map(|way| way_edges(&graph, way)), plain_length(&graph, from, &targets, &avoided));
            let consistent =
                flow::path(&graph, Paths::Consistent, from, |place| targets.contains(&place), |place| avoided.contains(&place));
            if let Some(way) = &all {
                found += 1;
                assert!(way[0] == from && targets.contains(way.last().expect("it has an end")));
                assert!(!way[1..].iter().any(|place| avoided.contains(place)));
                without += usize::from(consistent.is_none());
            }
            if let Some(way) = consistent {
                assert!(all.is_some() && !way[1..].iter().any(|place| avoided.contains(place)));
                assert!(follows(&graph, &way), "{way:?} {graph:#?}");
            }
        }
        for block in ids(&graph).filter(|block| graph.is_reachable(*block)).take(30) {
            let passed = BlockId(random.below(graph.blocks.len()) as u32);
            let nexts = graph.edges(block).iter().map(|edge| edge.to);
            let back = reached(&graph, nexts, |block| block == passed).contains(&block) && block != passed;
            let every = every_cycle_passes(&graph, block, |place| place.block == passed);
            assert_eq!(every, !back, "{block:?} {passed:?} {graph:#?}");
            around[usize::from(every)] += 1;
        }
    }
    println!("{found} ways, {without} of them only past what contradicts itself; cycles {around:?}");
    assert!(found > 1000 && without > 10 && around[0] > 100 && around[1] > 100);
}

fn way_edges(graph: &Graph, way: &[Place]) -> usize {
    // The last place is in the block whose start is the one before it, unless it is that start.
    let entered = way[1..].iter().enumerate().filter(|(index, place)| {
        let before = way[*index];
        graph.start(place.block) == **place || place.block != before.block || place.step <= before.step
    });
    entered.count()
}

/// How many edges a shortest way takes, step by step.
fn plain_length(graph: &Graph, from: Place, to: &BTreeSet<Place>, avoid: &BTreeSet<Place>) -> Option<usize> {
    let mut known = BTreeSet::new();
    let mut open = VecDeque::from([(from, 0)]);
    let mut first = true;
    while let Some((place, edges)) = open.pop_front() {
        if !std::mem::take(&mut first) {
            if avoid.contains(&place) || !known.insert(place) {
                continue;
            }
            if to.contains(&place) {
                return Some(edges);
            }
        }
        let next = Place { step: flow::StepId(place.step.0 + 1), ..place };
        if next.step.0 < graph.block(place.block).steps.end {
            open.push_front((next, edges));
        } else {
            open.extend(graph.edges(place.block).iter().map(|edge| (graph.start(edge.to), edges + 1)));
        }
    }
    None
}

/// Whether there are edges along a way that do not contradict each other.
fn follows(graph: &Graph, way: &[Place]) -> bool {
    let mut blocks: Vec<BlockId> = vec![way[0].block];
    for (index, place) in way.iter().enumerate().skip(1) {
        let before = way[index - 1];
        if graph.start(place.block) == *place || place.block != before.block || place.step <= before.step {
            blocks.push(place.block);
        }
    }
    let mut known = vec![Facts::NONE];
    for pair in blocks.windows(2) {
        let edges = graph.edges(pair[0]).iter().filter(|edge| edge.to == pair[1]);
        known = edges.flat_map(|edge| known.iter().filter_map(|facts| facts.along(graph.block(pair[0]), edge))).collect();
    }
    !known.is_empty()
}

/// The set of blocks on all ways, not on some.
#[derive(Clone)]
struct Always(BitSet);

impl flow::State for Always {
    fn join(&mut self, other: &Self) -> bool {
        self.0.intersect(&other.0)
    }

    fn height(&self) -> usize {
        10_000
    }
}

#[test]
fn dataflow_knows_what_was_passed() {
    let mut narrower = 0;
    for (graph, mut random) in graphs(200) {
        let passed = |set: &mut BitSet, edge: &flow::Edge| {
            set.insert(edge.from.index());
        };
        let some = forward(&graph, Paths::All, BitSet::new(), |_, _| {}, passed);
        let likely = forward(&graph, Paths::Consistent, BitSet::new(), |_, _| {}, passed);
        let always = forward(&graph, Paths::All, Always(BitSet::new()), |_, _| {}, |state, edge| passed(&mut state.0, edge));
        let before = dominators(&graph);
        let behind = backward(
            &graph,
            &[(graph.exit, BitSet::new())],
            |_, _| {},
            |set, edge| {
                set.insert(edge.to.index());
            },
        );
        let returning = reaching(&graph, [graph.exit]);
        for block in ids(&graph) {
            let on_the_way = |from: BlockId| {
                graph.is_reachable(from)
                    && reached(&graph, graph.edges(from).iter().map(|edge| edge.to), |_| false).contains(&block)
            };
            let expected: Option<BitSet> =
                graph.is_reachable(block).then(|| ids(&graph).filter(|from| on_the_way(*from)).map(BlockId::index).collect());
            assert_eq!(some[block.index()], expected);
            if let Some(always) = &always[block.index()] {
                let expected = ids(&graph).filter(|other| *other != block && before.dominates(*other, block));
                let own = always.0.contains(block.index());
                assert_eq!(
                    always.0.iter().filter(|other| *other != block.index()).collect::<Vec<_>>(),
                    expected.map(BlockId::index).collect::<Vec<_>>()
                );
                assert!(!own);
            }
            let ahead = reached(&graph, graph.edges(block).iter().map(|edge| edge.to), |_| false);
            let expected: Option<BitSet> = (graph.is_reachable(block) && returning.contains(block.index()))
                .then(|| ahead.iter().map(|block| block.index()).filter(|block| returning.contains(*block)).collect());
            assert_eq!(behind[block.index()], expected, "{block:?} {graph:#?}");
            if let Some(likely) = &likely[block.index()] {
                let mut all = some[block.index()].clone().expect("what is on likely ways is on some");
                assert!(!all.union(likely));
                narrower += usize::from(all != *likely);
            }
        }
        // What is passed on a way that does not contradict itself is known.
        for _ in 0..30 {
            let (mut block, mut facts, mut set) = (graph.entry, Facts::NONE, BitSet::new());
            for _ in 0..200 {
                let likely = likely[block.index()].as_ref().expect("it can be come to");
                assert!(!likely.clone().union(&set), "{block:?} {graph:#?}");
                let edges: Vec<(BlockId, Facts)> = graph
                    .edges(block)
                    .iter()
                    .filter_map(|edge| Some((edge.to, facts.along(graph.block(block), edge)?)))
                    .collect();
                if edges.is_empty() {
                    break;
                }
                set.insert(block.index());
                (block, facts) = edges[random.below(edges.len())];
            }
        }
    }
    assert!(narrower > 20, "{narrower}");
}

#[test]
fn a_state_that_never_rests_is_given_up() {
    #[derive(Clone)]
    struct Restless(u32);
    impl flow::State for Restless {
        fn join(&mut self, other: &Self) -> bool {
            self.0 = self.0.max(other.0) + 1;
            true
        }

        fn height(&self) -> usize {
            5
        }
    }
    let file = parse(b"package p\nfunc f() { for x() { y() } }\n".to_vec(), &Interner::new(), Mode::Full);
    let graph = cfg::graph(&file, oracle::bodies(&file)[0]);
    assert!(forward(&graph, Paths::All, Restless(0), |_, _| {}, |_, _| {}).iter().all(Option::is_none));
    assert!(backward(&graph, &[(graph.exit, Restless(0))], |_, _| {}, |_, _| {}).iter().all(Option::is_none));
}

/// Xorshift: the same each time.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}
