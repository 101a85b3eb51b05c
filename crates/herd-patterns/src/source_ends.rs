//! How functions come to their end: what has to happen before their loops are left, and which waits nothing cuts short.

#![allow(clippy::wildcard_enum_match_arm, reason = "a few shapes of expressions and types are asked for out of dozens")]

use herd_golang::Token;
use herd_golang::acts::{Act, ActKind, BodyId, Known, PathId, Step as PathStep, Steps, Target, When};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt, StmtId};
use herd_golang::flow::{self, Edge, EdgeKind, LoopId, Loops, Paths, Place, Step};
use herd_golang::types::{Builtin, Callee, LocalId, Meaning, ObjectId, Type, TypeId};
use herd_model::SpawnEnd;
use rustc_hash::FxHashMap;

use crate::source::{Package, Scene, StopPlace};
use crate::source_calls::is_context;
use crate::source_waits::{has_room, has_way_out, is_pause, is_signal, is_timer};

/// Waits of one function that are told.
const WAITS_MAX: usize = 4;
/// Calls that are followed from a function into others.
const DEPTH_MAX: usize = 12;

/// How a function comes to its end.
#[derive(Clone, Default, Debug)]
pub struct Runs {
    /// What has to happen first.
    pub end: SpawnEnd,
    /// Where that is decided.
    pub end_at: Option<StopPlace>,
    /// What is closed, received from or called for it, as it is written.
    pub end_of: String,
    /// The parameter of the function that this is, the receiver being the first.
    pub end_param: Option<usize>,
    /// Waits that nothing cuts short.
    pub waits: Vec<Wait>,
    /// Whether it sends into a channel with room that nobody else has.
    pub sends_with_room: bool,
    /// Whether it sends into another one.
    pub sends_without: bool,
    /// Whether it asks a context whether it is done, or gives one to what it calls.
    pub context: bool,
}

/// A wait that nothing cuts short.
#[derive(Clone, Debug)]
pub struct Wait {
    /// For what.
    pub kind: WaitKind,
    /// Of what, as it is written.
    pub of: String,
    /// Where.
    pub at: StopPlace,
    /// The parameter of the function that it is, the receiver being the first.
    pub param: Option<usize>,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitKind {
    /// Somebody receives.
    Send,
    /// Somebody sends or closes.
    Receive,
    /// One of several, none of which is a way out.
    Select,
    /// A WaitGroup.
    Group,
    /// A Cond.
    Cond,
    /// A semaphore.
    Semaphore,
}

/// Functions whose end is told, by their declarations: those of packages gone through before.
pub type KnownRuns = FxHashMap<ObjectId, Runs>;

/// Tells of all functions of a package, by body. Calls are followed into functions of the package and into what is known.
pub fn runs(package: &Package<'_>, known: &KnownRuns) -> Vec<Runs> {
    let count = package.unit.bodies.len();
    let mut reader = Reader { package, known, closed: closed(package), done: vec![None; count], open: vec![false; count] };
    (0..count as u32).map(|id| reader.of(BodyId(id), 0)).collect()
}

/// Channels that some function of the package closes: variables by path, fields by struct.
fn closed(package: &Package<'_>) -> Vec<PathStep> {
    let acts = package.unit.bodies.iter().flat_map(|body| &body.acts);
    let paths = acts.filter_map(|act| match act.kind {
        ActKind::Close(Some(path)) => Some(path),
        _ => None,
    });
    paths.map(|path| kind_of(package, path)).collect()
}

/// A channel by what it is for all values: a field of a struct, a variable.
fn kind_of(package: &Package<'_>, path: PathId) -> PathStep {
    match package.unit.paths.last(path) {
        PathStep::Field(_, field) => PathStep::Field(PathId(u32::MAX), field),
        other => other,
    }
}

struct Reader<'a, 't> {
    package: &'a Package<'t>,
    known: &'a KnownRuns,
    closed: Vec<PathStep>,
    done: Vec<Option<Runs>>,
    open: Vec<bool>,
}

impl Reader<'_, '_> {
    fn of(&mut self, id: BodyId, depth: usize) -> Runs {
        let index = id.0 as usize;
        if let Some(runs) = &self.done[index] {
            return runs.clone();
        }
        // One that calls itself ends where its other ways do.
        if self.open[index] || depth > DEPTH_MAX {
            return Runs::default();
        }
        self.open[index] = true;
        let runs = self.read(id, depth);
        self.open[index] = false;
        self.done[index] = Some(runs.clone());
        runs
    }

    fn read(&mut self, id: BodyId, depth: usize) -> Runs {
        let scene = self.package.scene(id);
        let mut runs = Runs::default();
        let graph = scene.graph();
        if !graph.sound {
            return Runs { end: SpawnEnd::Unknown, end_at: Some(here(&scene, scene.body_start())), ..runs };
        }
        self.loops(&scene, &mut runs);
        if !graph.is_reachable(graph.exit) && !graph.is_reachable(graph.panic) && !graph.is_reachable(graph.gone) {
            let forever = scene.body.acts.iter().rev().find(|act| matches!(act.kind, ActKind::Select { .. }));
            let at = forever.map_or(scene.body_start(), |act| act.pos);
            raise(&mut runs, SpawnEnd::Never, || (here(&scene, at), String::new()));
        }
        for act in &scene.body.acts {
            self.act(&scene, act, &mut runs);
            if act.when == When::Now {
                self.callee(&scene, act, &mut runs, depth);
            }
        }
        runs.context |= gives_context(&scene);
        runs.end_param = runs.end_param.or_else(|| param_named(&scene, &runs.end_of));
        runs
    }

    /// What has to happen before each loop is left; the worst of them is the function's.
    fn loops(&self, scene: &Scene<'_, '_>, runs: &mut Runs) {
        let graph = scene.graph();
        if !graph.edges.iter().any(|edge| edge.back) {
            return;
        }
        let loops = flow::loops(graph, &flow::dominators(graph));
        let returns = flow::reaching(graph, [graph.exit]);
        for id in (0..loops.loops.len() as u32).map(LoopId) {
            let header = loops.get(id).header;
            if !graph.is_reachable(header) {
                continue;
            }
            let mut best: Option<(SpawnEnd, Pos, String)> = None;
            for edge in loops.exits(graph, id).filter(|edge| returns.contains(edge.to.index())) {
                let (end, pos, of) = self.exit(scene, &loops, id, edge);
                if best.as_ref().is_none_or(|(known, ..)| end < *known) {
                    best = Some((end, pos, of));
                }
            }
            if let Some((end, pos, of)) = best {
                raise(runs, end, || (here(scene, pos), of));
            } else if loops.get(id).parent.is_none() && !graph.is_reachable(graph.gone) {
                // Only a panic leaves it, if anything does. One within it is left with it.
                raise(runs, SpawnEnd::Never, || (here(scene, loop_at(scene, &loops, id)), String::new()));
            }
        }
    }

    /// What has to happen before a loop is left by one of its ways out.
    fn exit(&self, scene: &Scene<'_, '_>, loops: &Loops, id: LoopId, edge: &Edge) -> (SpawnEnd, Pos, String) {
        let (graph, checked) = (scene.graph(), &scene.file().checked);
        let tree = checked.file;
        let at = |x: ExprId| tree.expr_span(x).start;
        match edge.kind {
            EdgeKind::Clause(_) => match graph.steps(edge.to).first() {
                Some(Step::Comm(_)) => {
                    let step = graph.start(edge.to).step;
                    let act = scene.body.acts.iter().find(|act| act.step == step);
                    act.map_or((SpawnEnd::Condition, loop_at(scene, loops, id), String::new()), |act| self.arm(scene, act))
                }
                _ => (SpawnEnd::Condition, loop_at(scene, loops, id), String::new()),
            },
            EdgeKind::RangeDone => {
                let next = graph.steps(edge.from).iter().find_map(|step| match *step {
                    Step::RangeNext(stmt) => Some(stmt),
                    _ => None,
                });
                next.map_or((SpawnEnd::RunsOut, loop_at(scene, loops, id), String::new()), |stmt| self.range(scene, stmt))
            }
            EdgeKind::True(x) | EdgeKind::False(x) => {
                if is_of_context(scene, x) {
                    return (SpawnEnd::Context, at(x), scene.written(x));
                }
                if let Some(channel) = received_ok(scene, x) {
                    let end = if self.is_closed(scene, channel) { SpawnEnd::Closed } else { SpawnEnd::ClosedElsewhere };
                    return (end, at(x), scene.written(channel));
                }
                if is_counted(scene, loops, id, x) {
                    return (SpawnEnd::RunsOut, at(x), String::new());
                }
                (SpawnEnd::Condition, at(x), scene.written(x))
            }
            EdgeKind::Case(x) | EdgeKind::NoCase(x) => (SpawnEnd::Condition, at(x), scene.written(x)),
            EdgeKind::Next | EdgeKind::Default | EdgeKind::RangeNext | EdgeKind::Return | EdgeKind::Panics | EdgeKind::Exits => {
                (SpawnEnd::Condition, loop_at(scene, loops, id), String::new())
            }
        }
    }

    /// What a clause of a select waits for.
    fn arm(&self, scene: &Scene<'_, '_>, act: &Act) -> (SpawnEnd, Pos, String) {
        match act.kind {
            ActKind::Receive(Some(path)) if is_done(scene, path) => (SpawnEnd::Context, act.pos, self.package.text(path)),
            ActKind::Receive(path) => (SpawnEnd::Signal, act.pos, path.map(|path| self.package.text(path)).unwrap_or_default()),
            ActKind::Send(path) => (SpawnEnd::Signal, act.pos, path.map(|path| self.package.text(path)).unwrap_or_default()),
            ActKind::Known(..) | ActKind::Call(_) | ActKind::Close(_) | ActKind::Select { .. } => {
                (SpawnEnd::Condition, act.pos, String::new())
            }
        }
    }

    fn range(&self, scene: &Scene<'_, '_>, stmt: StmtId) -> (SpawnEnd, Pos, String) {
        let checked = &scene.file().checked;
        let tree = checked.file;
        let Stmt::Range { x, range, .. } = *tree.stmt(stmt) else {
            return (SpawnEnd::RunsOut, scene.body_start(), String::new());
        };
        if !is_channel(scene, checked.type_of(x)) {
            return (SpawnEnd::RunsOut, range, String::new());
        }
        let end = if self.is_closed(scene, x) { SpawnEnd::Closed } else { SpawnEnd::ClosedElsewhere };
        (end, range, scene.written(x))
    }

    /// Whether some function of the package closes a channel.
    fn is_closed(&self, scene: &Scene<'_, '_>, x: ExprId) -> bool {
        let acts = scene.body.acts.iter();
        let checked = &scene.file().checked;
        let span = checked.file.expr_span(x);
        // The act that receives from it has its path.
        let of = acts.filter_map(|act| match act.kind {
            ActKind::Receive(Some(path)) => Some(path),
            _ => None,
        });
        let written = checked.file.text(span);
        of.filter(|path| self.package.text(*path) == *written).any(|path| self.closed.contains(&kind_of(self.package, path)))
    }

    fn act(&self, scene: &Scene<'_, '_>, act: &Act, runs: &mut Runs) {
        if act.when == When::Spawned {
            return;
        }
        let in_select = scene.is_in_select(act.step);
        let mut wait = |kind: WaitKind, of: Option<PathId>| {
            if runs.waits.len() < WAITS_MAX {
                let param = of.and_then(|path| param_of(scene, path));
                let of = of.map(|path| self.package.text(path)).unwrap_or_default();
                runs.waits.push(Wait { kind, of, at: here(scene, act.pos), param });
            }
        };
        match act.kind {
            ActKind::Known(Known::ContextDone | Known::ContextErr, _) => runs.context = true,
            ActKind::Known(Known::GroupWait | Known::RunnerWait, of) => wait(WaitKind::Group, of),
            ActKind::Known(Known::CondWait, of) => wait(WaitKind::Cond, of),
            ActKind::Known(Known::SemaphoreAcquire, of) if !gives_context(scene) => wait(WaitKind::Semaphore, of),
            ActKind::Send(path) if !in_select => {
                if path.is_some_and(|path| is_roomy(scene, path)) {
                    runs.sends_with_room = true;
                } else {
                    runs.sends_without = true;
                    wait(WaitKind::Send, path);
                }
            }
            ActKind::Send(_) => runs.sends_without = true,
            ActKind::Receive(path) if !in_select => {
                let is_range = matches!(scene.graph().steps.get(act.step.index()), Some(Step::RangeNext(_)));
                match path {
                    Some(path) if is_done(scene, path) => {
                        runs.context = true;
                        raise(runs, SpawnEnd::Context, || (here(scene, act.pos), self.package.text(path)));
                    }
                    _ if is_range => {}
                    Some(path) if is_timer(scene, path) => {}
                    Some(path) if is_signal(scene, act.pos) => {
                        raise(runs, SpawnEnd::Signal, || (here(scene, act.pos), self.package.text(path)));
                    }
                    _ if is_pause(scene, act.pos) => {}
                    _ => wait(WaitKind::Receive, path),
                }
            }
            ActKind::Select { default: false, .. } => {
                if !has_way_out(scene, act.step) {
                    wait(WaitKind::Select, None);
                }
            }
            ActKind::Known(..) | ActKind::Call(_) | ActKind::Close(_) | ActKind::Receive(_) | ActKind::Select { .. } => {}
        }
    }

    /// What a call adds: its waits, and its end where that is no matter of course.
    fn callee(&mut self, scene: &Scene<'_, '_>, act: &Act, runs: &mut Runs, depth: usize) {
        let (called, of) = match act.kind {
            ActKind::Call(Target::Object(object)) => {
                let name = self.package.object_name(object).to_owned();
                if let Some(body) = self.package.unit.body_of(object) {
                    (self.of(body, depth + 1), name)
                } else if let Some(known) = self.known.get(&object) {
                    (known.clone(), name)
                } else if serves(&self.package.unit.types.function_text(object)) {
                    let end_at = Some(here(scene, act.pos));
                    (Runs { end: SpawnEnd::Shutdown, end_at, end_of: name.clone(), ..Runs::default() }, name)
                } else {
                    return;
                }
            }
            ActKind::Call(Target::Literal(body)) => (self.of(body, depth + 1), String::new()),
            ActKind::Call(Target::Interface(..) | Target::Unknown)
            | ActKind::Known(..)
            | ActKind::Close(_)
            | ActKind::Send(_)
            | ActKind::Receive(_)
            | ActKind::Select { .. } => return,
        };
        runs.context |= called.context;
        runs.sends_with_room |= called.sends_with_room;
        runs.sends_without |= called.sends_without;
        let room = WAITS_MAX.saturating_sub(runs.waits.len());
        runs.waits.extend(called.waits.into_iter().take(room).map(|wait| Wait { param: None, ..wait }));
        let end = match called.end {
            // What comes to its end anyway, or by a condition of its own, does not keep its caller.
            SpawnEnd::RunsOut | SpawnEnd::Condition | SpawnEnd::Unknown => return,
            SpawnEnd::Never => {
                let graph = scene.graph();
                let step: Steps = [act.step].into_iter().collect();
                let start = graph.start(graph.entry);
                let avoided = |place: Place| step.has(graph, place);
                let past =
                    !avoided(start) && flow::path(graph, Paths::All, start, |place| place.block == graph.exit, avoided).is_some();
                if past { SpawnEnd::Unknown } else { SpawnEnd::Never }
            }
            SpawnEnd::Context | SpawnEnd::Signal | SpawnEnd::Closed | SpawnEnd::Shutdown | SpawnEnd::ClosedElsewhere => {
                called.end
            }
        };
        let at = called.end_at.unwrap_or_else(|| here(scene, act.pos));
        let of = if called.end_of.is_empty() { of } else { called.end_of };
        raise(runs, end, || (at, of));
    }
}

/// Keeps the worse end.
fn raise(runs: &mut Runs, end: SpawnEnd, at: impl FnOnce() -> (StopPlace, String)) {
    if end > runs.end {
        let (place, of) = at();
        (runs.end, runs.end_at, runs.end_of) = (end, Some(place), of);
    }
}

/// The parameter that a channel is.
fn param_of(scene: &Scene<'_, '_>, path: PathId) -> Option<usize> {
    match scene.package.unit.paths.last(path) {
        PathStep::Local(file, local) if file == scene.body.file => scene.body.params.iter().position(|param| *param == local),
        _ => None,
    }
}

fn param_named(scene: &Scene<'_, '_>, name: &str) -> Option<usize> {
    let (names, locals) = (scene.package.unit.types.names(), &scene.file().checked.locals);
    let is_it = |param: &LocalId| locals.get(param.0 as usize).is_some_and(|local| names.text(local.name) == name);
    scene.body.params.iter().position(is_it).filter(|_| !name.is_empty())
}

fn is_roomy(scene: &Scene<'_, '_>, path: PathId) -> bool {
    match scene.package.unit.paths.last(path) {
        PathStep::Local(file, local) => has_room(scene.package, file, local),
        _ => false,
    }
}

fn here(scene: &Scene<'_, '_>, pos: Pos) -> StopPlace {
    StopPlace::Here { file: scene.body.file, pos }
}

/// Where a loop starts.
fn loop_at(scene: &Scene<'_, '_>, loops: &Loops, id: LoopId) -> Pos {
    let (graph, tree) = (scene.graph(), scene.file().checked.file);
    let first = || graph.steps(loops.get(id).header).first().map(|step| flow::pos(tree, *step));
    let at = loop_statement(scene, loops, id).map(|stmt| tree.stmt_span(stmt).start).or_else(first);
    at.unwrap_or_else(|| scene.body_start())
}

/// The statement of a loop: the innermost one around what the loop holds. Linear in the function.
pub fn loop_statement(scene: &Scene<'_, '_>, loops: &Loops, id: LoopId) -> Option<StmtId> {
    let (graph, tree) = (scene.graph(), scene.file().checked.file);
    let inside = graph.stmts.iter().filter(|(_, block)| loops.contains(id, *block));
    let first = inside.map(|(stmt, _)| tree.stmt_span(*stmt).start).min()?;
    let around = graph.stmts.iter().map(|(stmt, _)| *stmt).filter(|stmt| {
        let span = tree.stmt_span(*stmt);
        matches!(tree.stmt(*stmt), Stmt::For { .. } | Stmt::Range { .. }) && span.start <= first && first < span.end
    });
    around.max_by_key(|stmt| tree.stmt_span(*stmt).start)
}

fn is_channel(scene: &Scene<'_, '_>, ty: TypeId) -> bool {
    let types = scene.package.unit.types;
    matches!(types.get(types.underlying(ty)), Type::Chan { .. })
}

/// `ctx.Done()` of a context.
pub(crate) fn is_done(scene: &Scene<'_, '_>, path: PathId) -> bool {
    match scene.package.unit.paths.last(path) {
        PathStep::Call(_, name) => scene.package.unit.types.names().text(name) == "Done",
        _ => false,
    }
}

/// Whether a condition asks a context whether it is done.
fn is_of_context(scene: &Scene<'_, '_>, x: ExprId) -> bool {
    let span = scene.file().checked.file.expr_span(x);
    let asks = |act: &Act| matches!(act.kind, ActKind::Known(Known::ContextErr | Known::ContextDone, _));
    scene.body.acts.iter().any(|act| asks(act) && span.start <= act.pos && act.pos < span.end)
}

/// The channel that a condition's variable says is not closed: `x, ok := <-c`.
fn received_ok(scene: &Scene<'_, '_>, x: ExprId) -> Option<ExprId> {
    let checked = &scene.file().checked;
    let tree = checked.file;
    let mut at = tree.unparen(x);
    while let Expr::Unary { op: Token::Not, x } = *tree.expr(at) {
        at = tree.unparen(x);
    }
    let Meaning::Local(local) = checked.meaning(at) else { return None };
    let origin = scene.file().uses.get(local.0 as usize)?.from?;
    match *tree.expr(tree.unparen(origin.expr)) {
        Expr::Unary { op: Token::Arrow, x } if origin.result == Some(1) => Some(tree.unparen(x)),
        _ => None,
    }
}

/// Whether a loop counts: its condition compares what the loop itself adds to.
fn is_counted(scene: &Scene<'_, '_>, loops: &Loops, id: LoopId, x: ExprId) -> bool {
    let (graph, checked) = (scene.graph(), &scene.file().checked);
    let tree = checked.file;
    let Expr::Binary {
        op: Token::Less | Token::LessEqual | Token::Greater | Token::GreaterEqual | Token::NotEqual, x, y, ..
    } = *tree.expr(tree.unparen(x))
    else {
        return false;
    };
    [x, y].into_iter().any(|side| match checked.meaning(tree.unparen(side)) {
        Meaning::Local(local) => scene
            .body
            .sets_of(local)
            .any(|step| loops.contains(id, graph.place(step).block) && counts(tree, graph.steps[step.index()])),
        _ => false,
    })
}

fn counts(tree: &herd_golang::ast::File, step: Step) -> bool {
    match step {
        Step::IncDec(_) => true,
        Step::Assign(stmt) => !matches!(*tree.stmt(stmt), Stmt::Assign { op: Token::Assign | Token::Define, .. }),
        _ => false,
    }
}

/// Whether the function gives a context to something it calls.
fn gives_context(scene: &Scene<'_, '_>) -> bool {
    let checked = &scene.file().checked;
    let tree = checked.file;
    scene.body.acts.iter().filter_map(|act| act.call).any(|call| match *tree.expr(call) {
        Expr::Call { args, .. } => tree.list(args).first().is_some_and(|first| {
            is_context(&scene.package.unit, checked.type_of(*first))
                && !matches!(checked.callee(tree.unparen(*first)), Callee::Builtin(Builtin::New))
        }),
        _ => false,
    })
}

/// Functions of libraries that run until something is shut down or closed (net/http, server.go; google.golang.org/grpc, server.go).
pub fn serves(name: &str) -> bool {
    matches!(
        name,
        "net/http.ListenAndServe"
            | "net/http.ListenAndServeTLS"
            | "net/http.Serve"
            | "net/http.ServeTLS"
            | "net/http.(*Server).ListenAndServe"
            | "net/http.(*Server).ListenAndServeTLS"
            | "net/http.(*Server).Serve"
            | "net/http.(*Server).ServeTLS"
            | "google.golang.org/grpc.(*Server).Serve"
    )
}
