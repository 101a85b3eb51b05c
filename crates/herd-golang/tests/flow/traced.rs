//! Programs of odd control flow are run, those of `testbed/flow-oracle/traced` and some that are made up at random: every way that a function
//! took must be a way through its graph, in the order of its calls, by the edges that conditions chose, contradicting no fact on it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::process::Command;

use herd_golang::ast::{Expr, ExprId, File, StmtId};
use herd_golang::flow::{self, BlockId, EdgeKind, Ends, Facts, Graph, Step};
use herd_golang::{Interner, Mode, parse};

use crate::oracle;

/// Functions made up at random, unless `GOHERD_TEST_FLOWS` names a number.
const FUNCTIONS: usize = 400;

#[test]
fn programs_go_where_graphs_say() {
    let functions = std::env::var("GOHERD_TEST_FLOWS").ok().and_then(|count| count.parse().ok()).unwrap_or(FUNCTIONS);
    let folder = tempfile::tempdir().expect("a folder");
    let generated = generate(folder.path(), functions);
    let names = Interner::new();
    let by_hand = std::fs::read(oracle::source().join("traced/odd.go")).expect("a file");
    let files = [parse(by_hand, &names, Mode::Full), parse(generated, &names, Mode::Full)];
    let mut flows: BTreeMap<u32, Flow> = BTreeMap::new();
    for file in &files {
        assert!(file.errors.is_empty(), "{:?}", file.errors);
        for body in oracle::bodies(file) {
            let flow = Flow::new(file, body, &names);
            assert!(flow.graph.sound);
            let first = flow.labels.iter().min().map(|(_, label)| *label);
            flows.extend(first.map(|first| (first, flow)));
        }
    }
    let binary = folder.path().join("traced");
    oracle::build(folder.path(), &binary);
    let output = Command::new(binary).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("numbers");
    let mut seen = BTreeSet::new();
    let (mut ways, mut whole) = (0, 0);
    for line in text.lines() {
        let way = Way::read(line);
        let flow = &flows[&way.calls[0].0];
        match flow.accepts(&way) {
            Ok(()) => {}
            Err(at) => panic!("after {at} calls of {line}:\n{}\n{:#?}", flow.text(), flow.graph),
        }
        seen.extend(way.calls.iter().map(|(label, _)| *label));
        ways += 1;
        whole += usize::from(way.end == End::Returned && flow.graph.defers.len() == 1);
    }
    // What a graph says can be reached is reached for the most part, so that it does not say so of everything.
    let reachable: BTreeSet<u32> = flows.values().flat_map(Flow::reachable).collect();
    let missed: Vec<&u32> = reachable.difference(&seen).collect();
    println!(
        "{ways} ways through {} functions, {whole} of them to the end; {} of {} calls seen",
        flows.len(),
        seen.len(),
        reachable.len()
    );
    assert!(seen.is_subset(&reachable), "{:?}", seen.difference(&reachable));
    assert!(ways > 10 * functions.min(100) && whole > ways / 20);
    let missed_by_hand: Vec<u32> = missed.iter().map(|label| **label).filter(|label| *label < 1000).collect();
    assert_eq!(missed_by_hand, [0; 0]);
    assert!(missed.len() < reachable.len() / 2, "{missed:?}");
}

/// Puts the program into a folder; tells the text of its part that is made up.
fn generate(folder: &Path, functions: usize) -> Vec<u8> {
    let generated = oracle::generated(folder, 7, functions);
    for name in ["main.go", "odd.go"] {
        std::fs::copy(oracle::source().join("traced").join(name), folder.join(name)).expect("a file");
    }
    std::fs::write(folder.join("generated.go"), &generated).expect("a file");
    std::fs::write(folder.join("go.mod"), "module traced\n\ngo 1.24\n").expect("a file");
    generated
}

/// What a run of a function printed.
struct Way {
    calls: Vec<(u32, Option<bool>)>,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Returned,
    Panicked,
    CutOff,
}

impl Way {
    fn read(line: &str) -> Self {
        let (calls, end) = match line.rsplit_once(' ') {
            Some((calls, "R")) => (calls, End::Returned),
            Some((calls, "P")) => (calls, End::Panicked),
            Some(_) | None => (line, End::CutOff),
        };
        let call = |word: &str| {
            let value = word.ends_with(['T', 'F']).then(|| word.ends_with('T'));
            (word.trim_end_matches(['T', 'F']).parse().expect("a label"), value)
        };
        Self { calls: calls.split(' ').map(call).collect(), end }
    }
}

/// A graph with the labels of its calls.
struct Flow<'f> {
    file: &'f File,
    body: StmtId,
    graph: Graph,
    labels: HashMap<u32, u32>,
}

/// Where a way may be: a step, what is known, and how the condition right behind it turns out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct At {
    block: BlockId,
    step: u32,
    facts: Facts,
    outcome: Option<bool>,
}

impl<'f> Flow<'f> {
    fn new(file: &'f File, body: StmtId, names: &Interner) -> Self {
        let method = |call: ExprId| {
            let Expr::Call { fun, .. } = *file.expr(call) else { return "" };
            match *file.expr(fun) {
                Expr::Selector { x, sel } if file.bytes(file.expr_span(x)) == b"f" => names.text(sel.name),
                Expr::Ident { name } => names.text(name),
                _ => "",
            }
        };
        let graph = flow::graph(file, body, &mut |call| if method(call) == "panics" { Ends::Panics } else { Ends::No });
        let mut labels = HashMap::new();
        for (number, step) in (0..).zip(&graph.steps) {
            if let Step::Call(call) = *step
                && !matches!(method(call), "" | "len" | "truth" | "chance")
                && let Expr::Call { args, .. } = *file.expr(call)
                && let Some(first) = file.list(args).first()
                && let Ok(label) = file.text(file.expr_span(*first)).parse()
            {
                labels.insert(number, label);
            }
        }
        Self { file, body, graph, labels }
    }

    fn text(&self) -> String {
        self.file.text(self.file.stmt_span(self.body)).into_owned()
    }

    fn reachable(&self) -> impl Iterator<Item = u32> {
        let places = self.graph.places().filter(|place| self.graph.is_reachable(place.block));
        places.filter_map(|place| self.labels.get(&place.step.0).copied())
    }

    /// Whether the graph has the way; after how many calls it has not.
    fn accepts(&self, way: &Way) -> Result<(), usize> {
        let start = At { block: self.graph.entry, step: 0, facts: Facts::NONE, outcome: None };
        let mut places = vec![start];
        for (number, (label, value)) in way.calls.iter().enumerate() {
            let mut next = Vec::new();
            for at in self.open(&places) {
                if self.labels.get(&at.step) == Some(label) && at.step < self.graph.block(at.block).steps.end {
                    next.push(At { step: at.step + 1, outcome: value.filter(|_| self.decides(at.step)), ..at });
                }
            }
            if next.is_empty() {
                return Err(number);
            }
            places = next;
        }
        let mut ends = self.open(&places).into_iter();
        // Anything may panic, and what is deferred may recover.
        let fits = match way.end {
            End::CutOff | End::Panicked => true,
            End::Returned => ends.any(|at| at.block == self.graph.exit) || self.graph.defers.len() > 1,
        };
        if fits { Ok(()) } else { Err(way.calls.len()) }
    }

    /// Whether the condition behind a call is the call.
    fn decides(&self, step: u32) -> bool {
        let steps = (self.graph.steps.get(step as usize), self.graph.steps.get(step as usize + 1));
        matches!(steps, (Some(Step::Call(call)), Some(Step::Condition(x))) if self.file.unparen(*x) == *call)
    }

    /// Every place that can be come to without another labelled call.
    fn open(&self, from: &[At]) -> Vec<At> {
        let mut found: Vec<At> = Vec::new();
        let mut known: HashSet<At> = HashSet::new();
        let mut open = from.to_vec();
        while let Some(at) = open.pop() {
            if !known.insert(at) {
                continue;
            }
            found.push(at);
            let block = self.graph.block(at.block);
            if at.step < block.steps.end {
                if !self.labels.contains_key(&at.step) {
                    open.push(At { step: at.step + 1, ..at });
                }
                continue;
            }
            for edge in self.graph.edges(at.block) {
                let taken = match edge.kind {
                    EdgeKind::True(_) => at.outcome != Some(false),
                    EdgeKind::False(_) => at.outcome != Some(true),
                    EdgeKind::Next
                    | EdgeKind::Case(_)
                    | EdgeKind::NoCase(_)
                    | EdgeKind::Default
                    | EdgeKind::Clause(_)
                    | EdgeKind::RangeNext
                    | EdgeKind::RangeDone
                    | EdgeKind::Return
                    | EdgeKind::Panics
                    | EdgeKind::Exits => true,
                };
                if taken && let Some(facts) = at.facts.along(block, edge) {
                    let step = self.graph.block(edge.to).steps.start;
                    open.push(At { block: edge.to, step, facts, outcome: None });
                }
            }
        }
        found
    }
}
