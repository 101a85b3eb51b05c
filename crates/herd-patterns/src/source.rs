//! What a source eye looks at, and what it answers: one function of a package at a time, with what its callees do.
//!
//! An eye is silent where something it rests on is unknown: a type, a callee that might matter, a variable that others may set.

use std::cell::OnceCell;

use herd_golang::Token;
use herd_golang::acts::{
    self, Acquired, Act, ActKind, Body, BodyId, Field, LockAct, LockWhat, Owner, PathId, Steps, Summaries, Summary, Target, Unit,
    UnitFile, When,
};
use herd_golang::ast::{Expr, ExprId, List, Pos, Stmt};
use herd_golang::flow::{self, Graph, Paths, Place, StepId};
use herd_golang::types::{Builtin, Callee, LocalId, Meaning, ObjectId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::source_begun::{begun_elsewhere, tell_begun};
use crate::source_blocked::waiting;
use crate::source_calls::{Library, library_calls};
use crate::source_channels::{self, Channels};
use crate::source_conds::{self, Waits};
use crate::source_copies::Uncopied;
use crate::source_edges;
use crate::source_groups::{self, Group};
use crate::source_partners::{self, Partners, is_handed_over};
use crate::source_results::{self, Gotten};
use crate::source_runs::{self, Runs};
use crate::source_values::{Values, values};

pub use herd_golang::acts::LockKey;

pub use crate::source_spotted::{Edit, Repair, Safety, Spotted, Stop, StopPlace};

/// A package with what all its functions do to locks.
pub struct Package<'t> {
    /// The package.
    pub unit: Unit<'t>,
    /// What callers should know, by body.
    pub summaries: Vec<Summary>,
    /// What each body does to locks.
    pub locks: Vec<Vec<LockAct>>,
    /// Calls after which control may not come back, by body.
    pub may_end: Vec<Steps>,
    /// Functions that call `recover` themselves.
    pub recovers: FxHashSet<BodyId>,
    /// Functions that wait for something, or call one that does.
    pub waiting: FxHashSet<BodyId>,
    partners: OnceCell<Partners>,
    held_by_callers: OnceCell<FxHashMap<ObjectId, Vec<LockKey>>>,
    recovered: OnceCell<FxHashSet<BodyId>>,
    /// Types whose values must not be copied.
    pub uncopied: Uncopied,
    /// What becomes of its channels and functions.
    pub values: Values,
    /// The calls of libraries that each body makes.
    pub library: Vec<Vec<(Act, Library)>>,
    /// Calls of functions of other packages that begin a context of their own: by whom, and where the callee does.
    pub begun_elsewhere: Vec<(BodyId, Act, Pos)>,
    /// Functions that are called under a lock which they take themselves, by the body that hands them over.
    pub callbacks: Vec<Callback>,
    /// Fields and variables that some function of the package gives back without having taken: a function that keeps one is meant to.
    given_back: FxHashSet<LockKey>,
    /// Channels that come from functions of other packages.
    pub gotten: Vec<Gotten>,
    runs: OnceCell<Runs>,
    channels: OnceCell<Channels>,
    cond_waits: OnceCell<Waits>,
    groups_waited_for: OnceCell<FxHashSet<Group>>,
}

/// A function that is handed to another one, which calls it under a lock.
pub struct Callback {
    /// The body that hands it over.
    pub by: BodyId,
    /// The call.
    pub act: Act,
    /// Who calls it; nothing where that is a `sync.Once`, which is the lock as well.
    pub caller: Option<ObjectId>,
    /// The lock, in paths of the unit.
    pub path: PathId,
    /// Whether it is held for reading, and where it is taken and the function is called.
    pub held: (bool, [Pos; 2]),
    /// The function: a literal, or a method of the unit.
    pub literal: BodyId,
    /// How it asks for the lock.
    pub asked: Acquired,
}

/// One function of a package.
#[derive(Clone, Copy)]
pub struct Scene<'a, 't> {
    /// The package.
    pub package: &'a Package<'t>,
    /// Which function.
    pub id: BodyId,
    /// What it does.
    pub body: &'a Body,
    /// What it does to locks.
    pub locks: &'a [LockAct],
}

impl<'t> Package<'t> {
    /// Measures a unit, of which nothing needs to be known but the summaries of what it imports.
    pub fn new(mut unit: Unit<'t>, known: &Summaries) -> Self {
        let (summaries, locks) = acts::summarise(&mut unit, known);
        let released = summaries.iter().flat_map(|summary| &summary.releases).map(|one| &one.path);
        let given_back = released.filter_map(|path| match (path.fields.last(), path.root) {
            (Some(field), _) => Some(LockKey::Field(*field)),
            (None, acts::Root::Global(object)) => Some(LockKey::Global(object)),
            (None, acts::Root::Param(_) | acts::Root::Around(..)) => None,
        });
        let given_back = given_back.collect();
        let callbacks = callbacks(&mut unit, known, &summaries);
        let values = values(&unit);
        let recovers = recovers(&unit);
        let waiting = waiting(&unit);
        let may_end = unit.bodies.iter().map(|body| may_end(&unit, body, known, &summaries)).collect();
        let (library, uncopied) = (library_calls(&unit), Uncopied::default());
        let (runs, channels, cond_waits) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let begun_elsewhere = begun_elsewhere(&unit, known);
        let gotten = source_results::gotten(&unit, known);
        let mut package = Package {
            unit,
            begun_elsewhere,
            summaries,
            locks,
            may_end,
            recovers,
            waiting,
            partners: OnceCell::new(),
            held_by_callers: OnceCell::new(),
            uncopied,
            recovered: OnceCell::new(),
            values,
            library,
            callbacks,
            given_back,
            runs,
            channels,
            cond_waits,
            groups_waited_for: OnceCell::new(),
            gotten,
        };
        tell_begun(&mut package);
        source_results::summarised(&mut package);
        package
    }

    /// One of its functions.
    pub fn scene(&self, id: BodyId) -> Scene<'_, 't> {
        let index = id.0 as usize;
        Scene { package: self, id, body: &self.unit.bodies[index], locks: &self.locks[index] }
    }

    /// Who runs its functions.
    pub fn runs(&self) -> &Runs {
        self.runs.get_or_init(|| source_runs::runs(&self.unit))
    }

    /// Its channels; none where nothing is done to any.
    pub fn channels(&self) -> &Channels {
        self.channels.get_or_init(|| source_channels::channels(&self.unit, || self.runs()))
    }

    /// Waits on condition variables in loops, of all its functions.
    pub fn cond_waits(&self) -> &Waits {
        self.cond_waits.get_or_init(|| source_conds::waits(self))
    }

    /// Who uses which channel, group or condition.
    pub fn partners(&self) -> &Partners {
        self.partners.get_or_init(|| source_partners::partners(self))
    }

    /// The locks that all callers of a function hold, for functions that only the package can call.
    pub fn held_by_callers(&self) -> &FxHashMap<ObjectId, Vec<LockKey>> {
        self.held_by_callers.get_or_init(|| source_edges::held_by_callers(self))
    }

    /// The functions that are called by one that recovers from their panics.
    pub fn recovered(&self) -> &FxHashSet<BodyId> {
        self.recovered.get_or_init(|| {
            let mut found = FxHashSet::default();
            for body in &self.unit.bodies {
                let recovers = |act: &Act| {
                    act.when == When::Deferred
                        && matches!(act.kind, ActKind::Call(Target::Literal(literal)) if self.recovers.contains(&literal))
                };
                if !self.recovers.is_empty() && body.acts.iter().any(recovers) {
                    found.extend(body.acts.iter().filter(|act| act.when == When::Now).filter_map(|act| match act.kind {
                        ActKind::Call(Target::Object(object)) => self.unit.body_of(object),
                        ActKind::Call(Target::Literal(literal)) => Some(literal),
                        _ => None,
                    }));
                }
            }
            found
        })
    }

    /// Whether somebody in the package takes a lock for writing: readers alone never wait.
    pub fn is_written(&self, path: PathId) -> bool {
        let key = self.key(path);
        let mut acts = self.locks.iter().flatten().filter(|act| act.what == LockWhat::Takes && !act.read);
        acts.any(|act| act.path == path || key.is_some() && self.key(act.path) == key)
    }

    /// Whether a file is one of tests.
    pub fn is_test(&self, file: u32) -> bool {
        self.unit.files.get(file as usize).is_some_and(|file| source_edges::is_test_file(self, file.checked.source))
    }

    /// Wait groups that some function waits for.
    pub fn groups_waited_for(&self) -> &FxHashSet<Group> {
        self.groups_waited_for.get_or_init(|| source_groups::waited_for(self))
    }

    /// Whether some function gives a lock back that it did not take.
    pub fn is_given_back(&self, key: LockKey) -> bool {
        self.given_back.contains(&key)
    }

    /// What a lock is for all values.
    pub fn key(&self, path: PathId) -> Option<LockKey> {
        acts::lock_key(&self.unit, path)
    }

    /// How a path is written: `s.mu`.
    pub fn text(&self, path: PathId) -> String {
        let names = self.unit.types.names();
        match self.unit.paths.last(path) {
            acts::Step::Local(file, local) => {
                let local = self.unit.files[file as usize].checked.locals.get(local.0 as usize);
                local.map_or("?", |local| names.text(local.name)).to_owned()
            }
            acts::Step::Global(object) => names.text(self.unit.types.name(object)).to_owned(),
            acts::Step::Field(parent, field) => format!("{}.{}", self.text(parent), self.field_name(field)),
            acts::Step::Element(parent) => format!("{}[…]", self.text(parent)),
            acts::Step::Call(parent, name) => format!("{}.{}()", self.text(parent), names.text(name)),
        }
    }

    /// The name of a declaration.
    pub fn object_name(&self, id: ObjectId) -> &str {
        self.unit.types.names().text(self.unit.types.name(id))
    }

    fn field_name(&self, field: Field) -> &str {
        let types = self.unit.types;
        let owner = match field.owner {
            Owner::Declared(object) => types.object_type(object),
            Owner::Type(ty) => ty,
        };
        match types.get(types.underlying(owner)) {
            herd_golang::types::Type::Struct(fields) => {
                fields.get(usize::from(field.index)).map_or("?", |field| types.names().text(field.name))
            }
            _ => "?",
        }
    }
}

/// The functions that call `recover` themselves.
fn recovers(unit: &Unit<'_>) -> FxHashSet<BodyId> {
    let recovers = |body: &Body| {
        let checked = &unit.files[body.file as usize].checked;
        body.graph
            .steps
            .iter()
            .any(|step| matches!(step, flow::Step::Call(call) if checked.callee(*call) == Callee::Builtin(Builtin::Recover)))
    };
    let with = unit.bodies.iter().enumerate().filter(|(_, body)| recovers(body));
    with.map(|(index, _)| BodyId(index as u32)).collect()
}

/// The calls of a body after which control may not come back, for all that is known: of what may panic or end a test, and of unknown functions that
/// are given a test.
fn may_end(unit: &Unit<'_>, body: &Body, known: &Summaries, summaries: &[Summary]) -> Steps {
    let checked = &unit.files[body.file as usize].checked;
    let is_test = |call: ExprId| {
        let Expr::Call { args, .. } = *checked.file.expr(call) else { return false };
        checked.file.list(args).first().is_some_and(|arg| {
            let herd_golang::types::Type::Named { object, .. } = unit.types.get(unit.types.pointed_at(checked.type_of(*arg)))
            else {
                return false;
            };
            let scope = unit.types.scope_of(*object).and_then(|scope| unit.types.program().package(scope.package()));
            scope.is_some_and(|package| &*package.path == "testing")
        })
    };
    let ends = |act: &&Act| match act.kind {
        ActKind::Call(target) if act.when == When::Now => match known.of(unit, summaries, target) {
            Some(summary) => summary.may_end,
            None => act.call.is_some_and(is_test),
        },
        _ => false,
    };
    body.acts.iter().filter(ends).map(|act| act.step).collect()
}

/// A call that calls one of its parameters under a lock.
struct Under {
    path: PathId,
    param: u16,
    held: (bool, [Pos; 2]),
    caller: Option<ObjectId>,
}

/// Functions that are called under a lock which they ask for: by a callee that calls them under its own, or by a `sync.Once` that they wait for.
fn callbacks(unit: &mut Unit<'_>, known: &Summaries, summaries: &[Summary]) -> Vec<Callback> {
    let mut found = Vec::new();
    for index in 0..unit.bodies.len() {
        let by = BodyId(index as u32);
        for number in 0..unit.bodies[index].acts.len() {
            let act = unit.bodies[index].acts[number];
            let Some(call) = act.call.filter(|_| act.when != When::Spawned) else { continue };
            let under: Vec<Under> = match act.kind {
                ActKind::Known(acts::Known::OnceDo, Some(path)) => {
                    vec![Under { path, param: 1, held: (false, [act.pos, act.pos]), caller: None }]
                }
                ActKind::Call(Target::Object(caller)) => {
                    let Some(summary) = known.of(unit, summaries, Target::Object(caller)) else { continue };
                    let under_lock = summary.under_lock.clone();
                    let named = |one: acts::CallsUnderLock| {
                        let path = acts::in_caller(unit, by, number, &one.path)?;
                        Some(Under { path, param: one.param, held: (one.read, one.places), caller: Some(caller) })
                    };
                    under_lock.into_iter().filter_map(named).collect()
                }
                _ => continue,
            };
            for Under { path, param, held, caller } in under {
                let Some(given) = unit.given(by, call, param) else { continue };
                for asked in summaries.get(given.body.0 as usize).map(|summary| &*summary.acquires).unwrap_or_default() {
                    if unit.path_given(&given, &asked.path) == Some(path) {
                        found.push(Callback { by, act, caller, path, held, literal: given.body, asked: asked.clone() });
                    }
                }
            }
        }
    }
    found
}

impl<'a, 't> Scene<'a, 't> {
    /// The control flow.
    pub fn graph(&self) -> &'a Graph {
        &self.body.graph
    }

    /// The file.
    pub fn file(&self) -> &'a UnitFile<'t> {
        &self.package.unit.files[self.body.file as usize]
    }

    /// Whether it can be told when a path stands for the same thing: no element of many is on the way, and nobody but the function sets the
    /// variable it starts with.
    pub fn is_steady(&self, path: PathId) -> bool {
        let unit = &self.package.unit;
        if !unit.paths.is_exact(path) {
            return false;
        }
        match unit.paths.root(path) {
            acts::Step::Local(file, local) => {
                let uses = unit.files[file as usize].uses.get(local.0 as usize);
                uses.is_some_and(|uses| !uses.address_taken && (!uses.set_elsewhere || uses.sets <= 1))
            }
            acts::Step::Global(_) => true,
            acts::Step::Field(..) | acts::Step::Element(_) | acts::Step::Call(..) => false,
        }
    }

    /// The variable of the function that a path starts with.
    pub fn root(&self, path: PathId) -> Option<LocalId> {
        match self.package.unit.paths.root(path) {
            acts::Step::Local(file, local) if file == self.body.file => Some(local),
            _ => None,
        }
    }

    /// The steps from which on a path stands for another thing.
    pub fn resets(&self, path: PathId) -> Steps {
        self.root(path).map(|local| self.body.sets_of(local).collect()).unwrap_or_default()
    }

    /// Whether a lock may be given back by who knows whom.
    pub fn is_given_back_elsewhere(&self, path: PathId) -> bool {
        acts::is_given_elsewhere(&self.package.unit, self.id, self.locks, path) || is_handed_over(self, path)
    }

    /// Whether a variable is returned by the function.
    pub fn is_returned(&self, local: LocalId) -> bool {
        let checked = &self.file().checked;
        self.graph().steps.iter().any(|step| match *step {
            flow::Step::Return(stmt) => match *checked.file.stmt(stmt) {
                Stmt::Return { results } => {
                    checked.file.list(results).iter().any(|x| checked.meaning(checked.file.unparen(*x)) == Meaning::Local(local))
                }
                _ => false,
            },
            _ => false,
        })
    }

    /// Whether a variable is set to `true` or `false` in the block of a step.
    pub fn sets_flag(&self, step: StepId) -> bool {
        let (graph, checked) = (self.graph(), &self.file().checked);
        let file = checked.file;
        graph.steps(graph.place(step).block).iter().any(|step| match *step {
            flow::Step::Assign(stmt) => match *file.stmt(stmt) {
                Stmt::Assign { lhs, rhs, .. } => file.list(lhs).iter().zip(file.list(rhs)).any(|(to, x)| {
                    let flag = matches!(checked.meaning(file.unparen(*to)), Meaning::Local(_));
                    flag && matches!(&*file.text(file.expr_span(*x)), "true" | "false")
                }),
                _ => false,
            },
            _ => false,
        })
    }

    /// The condition that the block of a step is entered under, as it is written.
    pub fn condition_of(&self, step: StepId) -> Option<&'a [u8]> {
        let (graph, file) = (self.graph(), self.file().checked.file);
        let mut into = graph.edges_into(graph.place(step).block);
        let (first, None) = (into.next()?, into.next()) else { return None };
        let (flow::EdgeKind::True(x) | flow::EdgeKind::False(x)) = first.kind else { return None };
        let span = file.expr_span(x);
        file.source.get(span.start.offset() as usize..span.end.offset() as usize)
    }

    /// Whether the value of a variable becomes that of something else in its file: it is assigned, returned, sent, put into a literal or a list.
    pub fn goes_elsewhere(&self, local: LocalId) -> bool {
        let checked = &self.file().checked;
        let file = checked.file;
        let is_it = |x: ExprId| checked.meaning(file.unparen(x)) == Meaning::Local(local);
        let any = |list: List<ExprId>| file.list(list).iter().any(|x| is_it(*x));
        let by_stmt = file.all_stmts().any(|(_, stmt)| match *stmt {
            Stmt::Assign { rhs, .. } => any(rhs),
            Stmt::Return { results } => any(results),
            Stmt::Send { value, .. } => is_it(value),
            _ => false,
        });
        by_stmt
            || file.all_exprs().any(|(id, expr)| match *expr {
                Expr::CompositeLit { elts, .. } => any(elts),
                Expr::KeyValue { value, .. } => is_it(value),
                Expr::Call { args, .. } => any(args) && checked.callee(id) == Callee::Builtin(Builtin::Append),
                _ => false,
            })
    }

    /// Whether somebody tries to take the lock, so that what follows depends on luck.
    pub fn is_tried(&self, path: PathId) -> bool {
        self.locks.iter().any(|act| act.path == path && act.what == LockWhat::Tries)
    }

    /// The steps of acts.
    pub fn steps(&self, wanted: impl Fn(&LockAct) -> bool) -> Steps {
        self.locks.iter().filter(|act| wanted(act)).map(|act| act.step).collect()
    }

    /// A shortest way between steps that could be gone, past none of some.
    pub fn way(&self, from: StepId, to: impl Fn(Place) -> bool, avoid: &Steps) -> Option<Vec<Place>> {
        let graph = self.graph();
        let avoided = |place: Place| avoid.has(graph, place);
        flow::path(graph, Paths::Consistent, graph.place(from), to, avoided)
    }

    /// The same from the function's start.
    pub fn way_from_start(&self, to: impl Fn(Place) -> bool, avoid: &Steps) -> Option<Vec<Place>> {
        let graph = self.graph();
        let start = graph.start(graph.entry);
        let avoided = |place: Place| avoid.has(graph, place);
        if avoided(start) {
            return None;
        }
        if to(start) {
            return Some(vec![start]);
        }
        flow::path(graph, Paths::Consistent, start, to, avoided)
    }

    /// Whether a place is a step's.
    pub fn is_at(&self, place: Place, step: StepId) -> bool {
        place.step == step && self.graph().step(place).is_some()
    }

    /// Where an act of the function stands, as a stop.
    pub fn stop(&self, pos: Pos, text: impl Into<String>) -> Stop {
        Stop { place: StopPlace::Here { file: self.body.file, pos }, text: text.into() }
    }

    /// The calls that lead to what an act does to a lock, the first in the function itself.
    pub fn stops(&self, act: &LockAct, text: &str) -> Vec<Stop> {
        self.stops_of(&act.via, text)
    }

    /// The same of calls that lead somewhere.
    pub fn stops_of(&self, via: &[(Option<ObjectId>, Pos)], text: &str) -> Vec<Stop> {
        let mut stops = Vec::new();
        let mut function: Option<ObjectId> = None;
        for (index, (callee, pos)) in via.iter().enumerate() {
            let place = match (index, function) {
                (0, _) | (_, None) => StopPlace::Here { file: self.body.file, pos: *pos },
                (_, Some(function)) => StopPlace::In { function, pos: *pos },
            };
            let last = index + 1 == via.len();
            let text = match callee {
                _ if last => text.to_owned(),
                Some(callee) => format!("calls {}", self.package.object_name(*callee)),
                None => "calls a function literal".to_owned(),
            };
            stops.push(Stop { place, text });
            // A literal stands in the file of the function that calls it.
            function = callee.or(function);
        }
        stops
    }

    /// The first steps of loops that some steps are in, where another step is not.
    pub fn loop_heads(&self, of: &Steps, apart: StepId) -> Vec<StepId> {
        let graph = self.graph();
        let loops = flow::loops(graph, &flow::dominators(graph));
        let mut heads = Vec::new();
        for step in of.iter() {
            let mut at = loops.innermost[graph.place(step).block.index()];
            while let Some(id) = at {
                if !loops.contains(id, graph.place(apart).block) {
                    // A header without steps is passed by what leads on from it.
                    let header = loops.get(id).header;
                    heads.extend(graph.block(header).steps.clone().map(StepId));
                }
                at = loops.get(id).parent;
            }
        }
        heads
    }

    /// Whether a step is a clause of a select that could do something else.
    pub fn is_in_select(&self, step: StepId) -> bool {
        matches!(self.graph().steps.get(step.index()), Some(flow::Step::Comm(_)))
    }

    /// Where the only value of a variable comes from.
    pub fn made_at(&self, local: LocalId) -> Option<Pos> {
        let origin = self.file().uses.get(local.0 as usize)?.only()?;
        Some(self.file().checked.file.expr_span(origin.expr).start)
    }

    /// Where the function panics in so many words, if it does on some way.
    pub fn panics_at(&self) -> Option<Pos> {
        let (graph, checked) = (self.graph(), &self.file().checked);
        graph.steps.iter().enumerate().find_map(|(index, step)| match *step {
            flow::Step::Call(call) if checked.callee(call) == Callee::Builtin(Builtin::Panic) => {
                let block = graph.place(StepId(index as u32)).block;
                graph.is_reachable(block).then(|| checked.file.expr_span(call).start)
            }
            _ => None,
        })
    }

    /// The first step of the function.
    pub fn first_step(&self) -> StepId {
        let graph = self.graph();
        graph.start(graph.entry).step
    }

    /// Where the function's body starts.
    pub fn body_start(&self) -> Pos {
        self.file().checked.file.stmt_span(self.body.block).start
    }

    /// The jumps on a way: `break`, `continue`, `goto`, `return`.
    pub fn jumps(&self, way: &[Place]) -> Vec<Stop> {
        let (graph, file) = (self.graph(), self.file().checked.file);
        let mut stops = Vec::new();
        for place in way {
            // Blocks of the way that it only starts in are left by what ends them.
            let from = graph.stmts.iter().filter(|(_, block)| *block == place.block);
            for (stmt, _) in from {
                let text = match *file.stmt(*stmt) {
                    Stmt::Branch { op: Token::Break, .. } => "leaves the loop",
                    Stmt::Branch { op: Token::Continue, .. } => "goes on with the next round",
                    Stmt::Branch { op: Token::Goto, .. } => "jumps",
                    Stmt::Return { .. } => "returns",
                    _ => continue,
                };
                stops.push(self.stop(file.stmt_span(*stmt).start, text));
            }
        }
        stops
    }

    /// The closing brace of the function.
    pub fn body_end(&self) -> Pos {
        let file = self.file().checked.file;
        Pos::at(file.stmt_span(self.body.block).end.offset().saturating_sub(1))
    }
}
