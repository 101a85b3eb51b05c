//! A graph while it grows: blocks, jumps and labels. What statements and expressions do is in the modules beside.

use rustc_hash::FxHashMap;

use super::conditions::{Log, Meeting};
use super::expr::Task;
use super::{Block, BlockId, Edge, EdgeKind, Ends, Graph, Step, StepId, facts, order};
use crate::ast::{ExprId, File, Stmt, StmtId};
use crate::intern::Symbol;

/// The state of a pass over a body. Blocks have provisional numbers until they are known to be needed.
pub(super) struct Builder<'a> {
    pub(super) file: &'a File,
    ends: &'a mut dyn FnMut(ExprId) -> Ends,
    pub(super) steps: Vec<Step>,
    drafts: Vec<Draft>,
    /// Blocks by the place of their first step.
    begun: Vec<BlockId>,
    edges: Vec<(Edge, Option<(Meeting, bool)>)>,
    /// Where steps go; nowhere behind a jump.
    current: Option<BlockId>,
    pub(super) sound: bool,
    pub(super) targets: Vec<Target>,
    labels: FxHashMap<Symbol, Label>,
    /// Jumps to labels, with the scope they leave.
    gotos: Vec<(Symbol, u32)>,
    /// The scope each scope is in.
    scopes: Vec<u32>,
    scope: u32,
    pub(super) log: Log,
    pub(super) tasks: Vec<Task>,
    defers: Vec<StepId>,
    stmts: Vec<(StmtId, BlockId)>,
    /// The last statement of the clause at hand, which alone may be `fallthrough`.
    pub(super) last_of_clause: Option<StmtId>,
}

/// A block that may come to be.
#[derive(Clone, Copy, Default)]
struct Draft {
    first_step: u32,
    /// Whether something leads to it.
    entered: bool,
    /// Its number once it has begun.
    number: Option<u32>,
}

/// What `break`, `continue` and `fallthrough` lead out of.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) label: Option<Symbol>,
    pub(super) break_to: BlockId,
    pub(super) continue_to: Option<BlockId>,
    pub(super) fallthrough_to: Option<BlockId>,
    /// Whether it is a switch.
    pub(super) cases: bool,
}

struct Label {
    block: BlockId,
    /// The scope it is declared in; absent while only jumps to it were met.
    scope: Option<u32>,
}

const EXIT: BlockId = BlockId(0);
const PANIC: BlockId = BlockId(1);
const GONE: BlockId = BlockId(2);

/// Passes over a body.
pub(super) fn build(file: &File, body: StmtId, ends: &mut dyn FnMut(ExprId) -> Ends) -> Graph {
    let span = file.stmt_span(body);
    // As bodies are as a rule: a step for so many bytes, and more steps than blocks.
    let room = (span.end.offset().saturating_sub(span.start.offset()) / 24 + 4) as usize;
    let mut builder = Builder {
        file,
        ends,
        steps: Vec::with_capacity(room),
        drafts: Vec::with_capacity(room),
        begun: Vec::with_capacity(room),
        edges: Vec::with_capacity(room),
        current: None,
        sound: true,
        targets: Vec::new(),
        labels: FxHashMap::default(),
        gotos: Vec::new(),
        scopes: vec![0],
        scope: 0,
        log: Log::with_room(room),
        tasks: Vec::with_capacity(16),
        defers: Vec::new(),
        stmts: Vec::with_capacity(room),
        last_of_clause: None,
    };
    builder.drafts.resize(3, Draft::default());
    let entry = builder.new_block();
    builder.begin(entry);
    if matches!(file.stmt(body), Stmt::Block { .. }) {
        builder.block(body);
    } else {
        builder.sound = false;
    }
    builder.goto(EXIT, EdgeKind::Return);
    builder.check_labels();
    builder.finish(entry)
}

impl Builder<'_> {
    pub(super) fn new_block(&mut self) -> BlockId {
        self.drafts.push(Draft::default());
        BlockId(self.drafts.len() as u32 - 1)
    }

    /// Goes on in a block, which control does not flow into by itself. Each block begins once.
    pub(super) fn begin(&mut self, block: BlockId) {
        debug_assert!(self.current.is_none(), "the block before was left");
        let draft = &mut self.drafts[block.index()];
        debug_assert!(draft.number.is_none(), "it begins once");
        draft.first_step = self.steps.len() as u32;
        draft.number = Some(self.begun.len() as u32);
        self.begun.push(block);
        self.current = Some(block);
    }

    /// As [`Builder::begin`] where something leads there; behind a jump else.
    pub(super) fn join(&mut self, block: BlockId) {
        if self.drafts[block.index()].entered {
            self.begin(block);
        }
    }

    /// The block that steps go to: one without a way there behind a jump.
    pub(super) fn current(&mut self) -> BlockId {
        if let Some(current) = self.current {
            return current;
        }
        let block = self.new_block();
        self.begin(block);
        block
    }

    /// Appends a step; tells its number.
    pub(super) fn step(&mut self, step: Step) -> u32 {
        self.current();
        let number = self.steps.len() as u32;
        if matches!(step, Step::Defer(_)) {
            self.defers.push(StepId(number));
        }
        self.steps.push(step);
        number
    }

    /// Notes where a statement starts.
    pub(super) fn starts(&mut self, stmt: StmtId) {
        let block = self.current();
        self.stmts.push((stmt, block));
    }

    /// A call, and where it goes if it does not come back.
    pub(super) fn called(&mut self, call: ExprId) -> u32 {
        let step = self.step(Step::Call(call));
        match (self.ends)(call) {
            Ends::No => {}
            Ends::Panics => self.goto(PANIC, EdgeKind::Panics),
            Ends::Exits => self.goto(GONE, EdgeKind::Exits),
        }
        step
    }

    pub(super) fn returns(&mut self) {
        self.goto(EXIT, EdgeKind::Return);
    }

    /// Leaves the block at hand, for good.
    pub(super) fn goto(&mut self, to: BlockId, kind: EdgeKind) {
        if let Some(from) = self.current.take() {
            self.edge(from, to, kind, None);
        }
    }

    /// Leaves the block at hand by one of several edges.
    pub(super) fn split(&mut self) -> BlockId {
        let from = self.current();
        self.current = None;
        from
    }

    pub(super) fn edge(&mut self, from: BlockId, to: BlockId, kind: EdgeKind, tells: Option<(Meeting, bool)>) {
        self.drafts[to.index()].entered = true;
        self.edges.push((Edge { from, to, kind, fact: None, back: false }, tells));
    }

    /// Leaves the block at hand by what a condition is.
    pub(super) fn branch(&mut self, x: ExprId, yes: BlockId, no: BlockId) {
        self.step(Step::Condition(x));
        let met = self.log.meet(x);
        let from = self.split();
        self.edge(from, yes, EdgeKind::True(x), Some((met, true)));
        self.edge(from, no, EdgeKind::False(x), Some((met, false)));
    }

    pub(super) fn enter(&mut self) -> u32 {
        self.log.enter();
        let outer = self.scope;
        self.scope = self.scopes.len() as u32;
        self.scopes.push(outer);
        outer
    }

    pub(super) fn leave(&mut self, outer: u32) {
        self.log.leave();
        self.scope = outer;
    }

    /// The block of a label that is declared here.
    pub(super) fn declare_label(&mut self, name: Symbol) -> BlockId {
        let block = self.label(name);
        let scope = self.scope;
        match self.labels.get_mut(&name) {
            Some(label) if label.scope.is_none() => {
                label.scope = Some(scope);
                block
            }
            Some(_) | None => {
                self.sound = false;
                self.new_block()
            }
        }
    }

    pub(super) fn goto_label(&mut self, name: Symbol) {
        let block = self.label(name);
        self.gotos.push((name, self.scope));
        self.goto(block, EdgeKind::Next);
    }

    fn label(&mut self, name: Symbol) -> BlockId {
        if let Some(label) = self.labels.get(&name) {
            return label.block;
        }
        let block = self.new_block();
        self.labels.insert(name, Label { block, scope: None });
        block
    }

    /// A jump goes to a label of its own block or of one around that.
    fn check_labels(&mut self) {
        for (name, from) in std::mem::take(&mut self.gotos) {
            let label = self.labels.get(&name);
            let declared = label.and_then(|label| label.scope);
            let mut scope = from;
            while Some(scope) != declared && scope != 0 {
                scope = self.scopes.get(scope as usize).copied().unwrap_or(0);
            }
            self.sound &= declared == Some(scope);
            // A jump to nowhere ends nowhere.
            if declared.is_none()
                && let Some(Label { block, .. }) = label
                && self.drafts[block.index()].number.is_none()
            {
                let block = *block;
                self.current = None;
                self.begin(block);
            }
        }
    }

    /// Numbers blocks in the order of the source, sorts edges by block, and finds the order to visit them in.
    fn finish(mut self, entry: BlockId) -> Graph {
        self.begun.extend([EXIT, PANIC, GONE]);
        let steps_end = self.steps.len() as u32;
        for (number, block) in self.begun.iter().enumerate() {
            let draft = &mut self.drafts[block.index()];
            if draft.number.is_none() {
                draft.first_step = steps_end;
            }
            draft.number = Some(number as u32);
        }
        let drafts = self.drafts;
        let number = |block: BlockId| BlockId(drafts.get(block.index()).and_then(|draft| draft.number).unwrap_or(0));
        let first_step = |index: usize| self.begun.get(index).map_or(steps_end, |block| drafts[block.index()].first_step);
        let empty = |index: usize| {
            let steps = first_step(index)..first_step(index + 1);
            Block { steps, edges: 0..0, into: 0..0, order: None, forgets: 0, asks: 0 }
        };
        let mut blocks: Vec<Block> = (0..self.begun.len()).map(empty).collect();
        let followed = self.log.follow(self.file, &self.steps, &mut blocks);

        let mut edges: Vec<Edge> = self
            .edges
            .iter()
            .map(|(edge, tells)| {
                let fact = tells.and_then(|tells| followed.fact(tells));
                Edge { from: number(edge.from), to: number(edge.to), fact, ..*edge }
            })
            .collect();
        // Stable: the edges of a block stay in the order in which they are considered.
        edges.sort_by_key(|edge| edge.from);
        let mut start = 0;
        for (index, block) in blocks.iter_mut().enumerate() {
            let of_block = edges.get(start..).unwrap_or_default().iter().take_while(|edge| edge.from.index() == index).count();
            block.edges = start as u32..(start + of_block) as u32;
            start += of_block;
        }
        let stmts = self.stmts.iter().map(|(stmt, block)| (*stmt, number(*block))).collect();
        let mut graph = Graph {
            blocks,
            steps: self.steps,
            edges,
            entry: number(entry),
            exit: number(EXIT),
            panic: number(PANIC),
            gone: number(GONE),
            defers: self.defers,
            stmts,
            sound: self.sound,
            order: Vec::new(),
            conditions: followed.count,
            holds: Vec::new(),
            into: Vec::new(),
        };
        order::turn(&mut graph);
        order::search(&mut graph);
        if graph.conditions > 0 {
            facts::set_asked(&mut graph);
            graph.holds = facts::holding(&graph);
        }
        graph
    }
}
