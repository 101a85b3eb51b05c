//! Control flow of one function: what it evaluates in which order, and where it may go from there.
//!
//! A [`Graph`] is made from the syntax alone; only which calls do not return is asked of the caller. It holds what may matter to a rule about
//! concurrency as [`Step`]s in the order in which Go evaluates them (The Go Programming Language Specification, "Order of evaluation"):
//! `&&`, `||` and `!` are edges, so that `if ok && lock()` is exact. Reads of variables, arithmetic, indexing and the like are no steps;
//! [`own_exprs`] tells what a step looks at.
//!
//! What is not in a graph: that nearly every operation may panic (only calls which never return have an edge to [`Graph::panic`]), and what
//! deferred calls do. Those run behind [`Graph::exit`] and [`Graph::panic`], the last one first, where [`Step::Defer`] was passed; a deferred
//! function that recovers makes a normal return of a panic.
//!
//! ```
//! use herd_golang::ast::{Decl, Expr};
//! use herd_golang::flow::{self, Ends, Paths, Place, Step};
//! use herd_golang::{Interner, Mode, parse};
//!
//! let source = "package p\nfunc f() {\n\tlock()\n\tif x() && y() {\n\t\treturn\n\t}\n\tunlock()\n}\n";
//! let file = parse(source.into(), &Interner::new(), Mode::Full);
//! let Decl::Func { body: Some(body), .. } = *file.decl(file.decls[0]) else { unreachable!() };
//! let graph = flow::graph(&file, body, &mut |_| Ends::No);
//! let calls = |name: &str, place: Place| match graph.step(place) {
//!     Some(Step::Call(call)) => matches!(*file.expr(call), Expr::Call { fun, .. } if file.text(file.expr_span(fun)) == name),
//!     _ => false,
//! };
//! let lock = graph.places().find(|place| calls("lock", *place)).unwrap();
//! let forgotten =
//!     flow::path(&graph, Paths::Consistent, lock, |place| place.block == graph.exit, |place| calls("unlock", place)).unwrap();
//! let lines: Vec<u32> = forgotten.iter().filter_map(|place| Some(file.line(flow::pos(&file, graph.step(*place)?)))).collect();
//! assert_eq!(lines, [3, 4, 5]);
//! ```
#![allow(clippy::wildcard_enum_match_arm, reason = "most ask for a few shapes of dozens; what must know all shapes names all")]

mod bits;
mod build;
mod conditions;
mod dataflow;
mod dominators;
mod expr;
mod facts;
mod loops;
mod order;
mod own;
mod path;
mod stmt;

use std::ops::Range;

pub use bits::BitSet;
pub use dataflow::{PARTS_MAX, Paths, State, backward, forward};
pub use dominators::{Tree, dominators, post_dominators};
pub use facts::{Fact, Facts};
pub use loops::{Loop, LoopId, Loops, loops};
pub use own::{own_exprs, pos};
pub use path::{VISITS_MAX, every_cycle_passes, path, reaching};

use crate::ast::{ExprId, File, SpecId, StmtId};

/// The graph of a function's body: of a declaration or of a literal. Literals within it have graphs of their own, and are one step here.
///
/// `ends` is asked of every call that is made here, not of those behind `go` and `defer`.
///
/// Linear in the body. Neither recursion nor time depends on the length of chains of operators, calls or `else if`. Never fails: see
/// [`Graph::sound`].
pub fn graph(file: &File, body: StmtId, ends: &mut dyn FnMut(ExprId) -> Ends) -> Graph {
    build::build(file, body, ends)
}

/// Whether control comes back from a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ends {
    /// As from most.
    No,
    /// Never, but deferred calls run: `panic`, `runtime.Goexit`.
    Panics,
    /// Never: `os.Exit`, `log.Fatal`.
    Exits,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
            pub struct $name(pub u32);

            impl $name {
                /// Its place in the graph's list.
                #[inline]
                pub fn index(self) -> usize {
                    self.0 as usize
                }
            }
        )*
    };
}

ids! {
    /// A block of a graph.
    BlockId,
    /// A step of a graph.
    StepId,
    /// An edge of a graph.
    EdgeId,
}

/// What a function evaluates, and where it goes. Lists are flat: a block holds ranges of them.
#[derive(Clone, Debug)]
pub struct Graph {
    /// In the order of the source; the last three are where control ends.
    pub blocks: Vec<Block>,
    /// Every step, by block.
    pub steps: Vec<Step>,
    /// Every edge, by the block it leaves.
    pub edges: Vec<Edge>,
    /// Where control starts.
    pub entry: BlockId,
    /// Where it returns, by `return` or at the end of the body. No steps.
    pub exit: BlockId,
    /// Where it is once a call panics or ends the goroutine. No steps.
    pub panic: BlockId,
    /// Where it is once the process exits. No steps.
    pub gone: BlockId,
    /// Every [`Step::Defer`], in order.
    pub defers: Vec<StepId>,
    /// Each statement of the body with the block in which it starts, in the order of the source. A body and the parts of a `switch` or
    /// `select` that stand for nothing by themselves are no entries of it: blocks right below a control clause, and clauses.
    pub stmts: Vec<(StmtId, BlockId)>,
    /// Whether the graph can be relied on. It cannot where something could not be read, where a jump leads nowhere or into a block, where
    /// labels are declared twice. Rules are silent then.
    pub sound: bool,
    /// Reachable blocks, each before those it leads to but for edges that go back.
    pub order: Vec<BlockId>,
    /// How many conditions are followed along paths, the constant `true` among them; see [`Facts`].
    pub conditions: u32,
    /// What holds whenever a block is entered, as far as conditions are followed.
    pub(crate) holds: Vec<Facts>,
    /// Edges by the block they lead to.
    pub(crate) into: Vec<EdgeId>,
}

/// Steps that follow each other, whatever happens.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its steps in [`Graph::steps`].
    pub steps: Range<u32>,
    /// What leaves it in [`Graph::edges`]. Nothing leaves the three ends, and a `select {}`.
    pub edges: Range<u32>,
    /// What leads to it, in a list of the graph; [`Graph::edges_into`] reads it.
    pub(crate) into: Range<u32>,
    /// Its place in [`Graph::order`]; nothing where control never comes.
    pub order: Option<u32>,
    /// Conditions of which nothing is known any more behind its steps.
    pub(crate) forgets: u64,
    /// Conditions that are asked from its start on before they are forgotten.
    pub(crate) asks: u64,
}

/// Something that is done, behind all that it needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A call, or a conversion that looks like one: [`Expr::Call`](crate::ast::Expr::Call).
    Call(ExprId),
    /// `<-c` outside the head of a `select`'s clause.
    Receive(ExprId),
    /// `T{…}` is made.
    Composite(ExprId),
    /// `func() {…}` as a value; nothing of it runs.
    FuncLit(ExprId),
    /// `c <- x` outside the head of a `select`'s clause.
    Send(StmtId),
    /// `a = b`, `a := b`, `a += b`
    Assign(StmtId),
    /// `a++`, `a--`
    IncDec(StmtId),
    /// `var a T`, `var a = b` among statements: [`Spec::Value`](crate::ast::Spec::Value).
    Declare(SpecId),
    /// A goroutine is started.
    Go(StmtId),
    /// A call is put off; its function and arguments are known.
    Defer(StmtId),
    /// The function's results are set.
    Return(StmtId),
    /// What a `for … range` goes over was evaluated.
    RangeHead(StmtId),
    /// The next element is asked for: a receive where it goes over a channel, a run of the iterator where it goes over a function.
    RangeNext(StmtId),
    /// Key and value are set. Only where there are some.
    RangeAssign(StmtId),
    /// The wait of a `select`, all channels and values to send being known.
    Select {
        /// The statement.
        stmt: StmtId,
        /// Whether it has a `default:`, and so never waits.
        default: bool,
    },
    /// A clause's communication has happened: a send, a receive, or a receive that sets variables. The first step of the clause but for what
    /// the left side needs.
    Comm(StmtId),
    /// The value that cases are held against.
    Tag(ExprId),
    /// A case is held against the tag.
    CaseExpr(ExprId),
    /// The type that cases are held against.
    TypeSwitch(StmtId),
    /// What decides which edge is taken: neither `&&` nor `||`, `!` or parentheses. The last step of its block.
    Condition(ExprId),
}

/// A way from a block to another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The block it leaves.
    pub from: BlockId,
    /// The block it leads to.
    pub to: BlockId,
    /// When it is taken.
    pub kind: EdgeKind,
    /// What it tells of a condition that is followed.
    pub fact: Option<Fact>,
    /// Whether it leads back to a block that control is still within: a search in depth, in the order of the source, finds it open.
    pub back: bool,
}

/// When an edge is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EdgeKind {
    /// Always.
    Next,
    /// The condition holds.
    True(ExprId),
    /// The condition does not hold.
    False(ExprId),
    /// The case is the tag's, or the type's.
    Case(ExprId),
    /// The case is not the tag's.
    NoCase(ExprId),
    /// No case of a type switch fits, no clause of a `select` is ready, or there is no case.
    Default,
    /// This clause of a `select`, counted from 0 among all, communicates.
    Clause(u32),
    /// There is a next element.
    RangeNext,
    /// There is none.
    RangeDone,
    /// `return`, or the end of the body.
    Return,
    /// A call that does not return while deferred calls run.
    Panics,
    /// A call that ends the process.
    Exits,
}

impl EdgeKind {
    /// The condition that decides whether the edge is taken, and whether it holds then.
    pub fn condition(self) -> Option<(ExprId, bool)> {
        match self {
            Self::True(condition) => Some((condition, true)),
            Self::False(condition) => Some((condition, false)),
            _ => None,
        }
    }
}

/// A step of a block, or the start of a block without steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The block.
    pub block: BlockId,
    /// One of its steps, or the end of them.
    pub step: StepId,
}

impl Graph {
    /// A block.
    #[inline]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }

    /// The steps of a block.
    #[inline]
    pub fn steps(&self, id: BlockId) -> &[Step] {
        let Range { start, end } = self.block(id).steps;
        self.steps.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The edges that leave a block.
    #[inline]
    pub fn edges(&self, id: BlockId) -> &[Edge] {
        let Range { start, end } = self.block(id).edges;
        self.edges.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The edges that lead to a block, from wherever.
    pub fn edges_into(&self, id: BlockId) -> impl ExactSizeIterator<Item = &Edge> {
        let Range { start, end } = self.block(id).into;
        let ids = self.into.get(start as usize..end as usize).unwrap_or_default();
        ids.iter().map(|id| &self.edges[id.index()])
    }

    /// Whether control may come to a block.
    #[inline]
    pub fn is_reachable(&self, id: BlockId) -> bool {
        self.block(id).order.is_some()
    }

    /// The step at a place; none where a block has none.
    pub fn step(&self, place: Place) -> Option<Step> {
        let steps = &self.block(place.block).steps;
        self.steps.get(place.step.index()).copied().filter(|_| steps.contains(&place.step.0))
    }

    /// The first place of a block.
    pub fn start(&self, id: BlockId) -> Place {
        Place { block: id, step: StepId(self.block(id).steps.start) }
    }

    /// The block of a step. Binary search.
    pub fn place(&self, step: StepId) -> Place {
        // The ends have no steps, and an empty block starts where the next one does.
        let block = self.blocks.partition_point(|block| block.steps.end <= step.0);
        Place { block: BlockId(block.min(self.exit.index()) as u32), step }
    }

    /// Every step's place, in the order of the source.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let blocks = self.blocks.iter().enumerate();
        blocks.flat_map(|(index, block)| {
            block.steps.clone().map(move |step| Place { block: BlockId(index as u32), step: StepId(step) })
        })
    }
}
