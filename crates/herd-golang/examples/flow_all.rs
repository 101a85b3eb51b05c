//! Makes the control-flow graph of every function below a folder, one at a time, and tells what that costs, parsing apart:
//! `cargo run --release -p herd-golang --example flow_all -- FOLDER`.
#![allow(clippy::print_stdout, reason = "a bench talks to who runs it")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use herd_golang::ast::{Decl, Expr, File, StmtId};
use herd_golang::flow::{self, BitSet, Ends, Paths};
use herd_golang::{Interner, Mode, parse};

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let names = Interner::new();
    let [mut made, mut all, mut consistent, mut shaped] = [Duration::ZERO; 4];
    let [mut functions, mut blocks, mut steps, mut edges, mut unsound, mut followed, mut loops] = [0; 7];
    for path in support::go_files(Path::new(&folder)) {
        let Ok(source) = std::fs::read(path) else { continue };
        let file = parse(source, &names, Mode::Full);
        for body in bodies(&file) {
            let start = Instant::now();
            let graph = flow::graph(&file, body, &mut |_| Ends::No);
            made += start.elapsed();
            functions += 1;
            blocks += graph.blocks.len();
            steps += graph.steps.len();
            edges += graph.edges.len();
            unsound += usize::from(!graph.sound);
            followed += usize::from(graph.conditions > 0);
            for (paths, time) in [(Paths::All, &mut all), (Paths::Consistent, &mut consistent)] {
                let start = Instant::now();
                let passed = |set: &mut BitSet, edge: &flow::Edge| {
                    set.insert(edge.from.index() % 64);
                };
                flow::forward(&graph, paths, BitSet::new(), |_, _| {}, passed);
                *time += start.elapsed();
            }
            let start = Instant::now();
            loops += flow::loops(&graph, &flow::dominators(&graph)).loops.len();
            shaped += start.elapsed();
        }
    }
    println!("{functions} functions, {blocks} blocks, {steps} steps, {edges} edges, {loops} loops");
    println!("{unsound} not sound; conditions are followed in {followed}");
    println!(
        "graphs {made:.1?}, {:.0} ns a step",
        made.as_secs_f64() * 1e9 / f64::from(u32::try_from(steps).unwrap_or(u32::MAX))
    );
    println!(
        "a set of blocks along all paths {all:.1?}, along consistent paths {consistent:.1?}; dominators and loops {shaped:.1?}"
    );
}

fn bodies(file: &File) -> impl Iterator<Item = StmtId> {
    let declared = file.decls.iter().filter_map(|decl| match *file.decl(*decl) {
        Decl::Func { body, .. } => body,
        Decl::Gen { .. } | Decl::Bad => None,
    });
    let literal = |(_, expr): (_, &Expr)| if let Expr::FuncLit { body, .. } = *expr { Some(body) } else { None };
    declared.chain(file.all_exprs().filter_map(literal))
}
