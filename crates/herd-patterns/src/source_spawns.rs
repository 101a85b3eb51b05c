//! The goroutines that a package starts, and what risk each is: points that add up, each with its reason.
//!
//! The points are policy, not measurement. What ends by itself or is waited for has none; what nothing ends has most.

#![allow(clippy::wildcard_enum_match_arm, reason = "a few shapes of expressions and types are asked for out of dozens")]

use herd_golang::acts::{Act, ActKind, BodyId, Known, PathId, Steps, Target, When};
use herd_golang::ast::{Expr, ExprId, Node, Pos};
use herd_golang::types::{Callee, LocalId, Meaning, ObjectId};
use herd_golang::walk::{Descend, walk};
use herd_model::{SpawnEnd, SpawnJoin, SpawnKind, SpawnReasonKind, SpawnRisk};

use crate::source::{Package, Scene, StopPlace};
use crate::source_ends::{KnownRuns, Runs, Wait, WaitKind, serves};
use crate::source_starts::{Looped, context_that_ends, in_loop, serves_request};
use crate::source_waits;

/// From how many points on a start is of medium risk.
pub const MEDIUM_MIN: i32 = 2;
/// From how many points on it is of high risk.
pub const HIGH_MIN: i32 = 4;

/// A place where goroutines are started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The function that starts it.
    pub body: BodyId,
    /// Where, in its file.
    pub at: Pos,
    /// By what.
    pub by: SpawnKind,
    /// What runs.
    pub runs: Started,
    /// What raises and lowers the risk.
    pub reasons: Vec<Reason>,
    /// What has to happen before it ends.
    pub end: SpawnEnd,
    /// Of what, as it is written.
    pub end_of: String,
    /// Where that is decided.
    pub end_at: Option<StopPlace>,
    /// Who waits for it.
    pub joined: SpawnJoin,
    /// By what, as it is written.
    pub joined_by: String,
    /// Variables of functions around it that it uses.
    pub captures: Vec<String>,
    /// Whether it has to do with a context.
    pub context: bool,
    /// Whether a panic of it is recovered from.
    pub recovers: Option<bool>,
}

/// What runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Started {
    /// A literal that stands there.
    Literal(BodyId),
    /// A declared function.
    Function(ObjectId),
    /// Nobody can tell.
    Unknown,
}

/// What raises or lowers a risk.
#[derive(Clone, Debug)]
pub struct Reason {
    /// Which.
    pub kind: SpawnReasonKind,
    /// Of what, as it is written.
    pub of: String,
    /// Where.
    pub at: Option<StopPlace>,
}

/// What each reason adds to the points.
pub fn points(kind: SpawnReasonKind) -> i32 {
    match kind {
        SpawnReasonKind::NeverEnds => 4,
        SpawnReasonKind::NobodyCloses => 3,
        SpawnReasonKind::Unknown
        | SpawnReasonKind::WaitsToSend
        | SpawnReasonKind::WaitsToReceive
        | SpawnReasonKind::ContextEndsFirst
        | SpawnReasonKind::InEndlessLoop => 2,
        SpawnReasonKind::WaitsInSelect
        | SpawnReasonKind::WaitsForOthers
        | SpawnReasonKind::NoStop
        | SpawnReasonKind::InLoop
        | SpawnReasonKind::PerRequest
        | SpawnReasonKind::NoRecover => 1,
        SpawnReasonKind::WaitedFor | SpawnReasonKind::SendsHaveRoom => -1,
        SpawnReasonKind::Owned => -2,
        SpawnReasonKind::Joined => -3,
    }
}

impl Start {
    /// The sum of the reasons.
    pub fn points(&self) -> i32 {
        self.reasons.iter().map(|reason| points(reason.kind)).sum()
    }

    /// By the points.
    pub fn risk(&self) -> SpawnRisk {
        match self.points() {
            HIGH_MIN.. => SpawnRisk::High,
            MEDIUM_MIN..HIGH_MIN => SpawnRisk::Medium,
            i32::MIN..MEDIUM_MIN => SpawnRisk::Low,
        }
    }
}

/// Lists the starts of a package, in the order of its bodies. `runs` is what [`crate::source_ends::runs`] tells of them.
pub fn starts(package: &Package<'_>, runs: &[Runs], known: &KnownRuns) -> Vec<Start> {
    let bodies = (0..package.unit.bodies.len() as u32).map(BodyId);
    bodies.flat_map(|id| of_body(package, id, runs, known)).collect()
}

fn of_body(package: &Package<'_>, id: BodyId, runs: &[Runs], known: &KnownRuns) -> Vec<Start> {
    let scene = package.scene(id);
    let mut found = Vec::new();
    for act in &scene.body.acts {
        let (by, started, group) = match (act.kind, act.when) {
            (ActKind::Known(Known::GroupGo, group), _) => (SpawnKind::Group, handed(&scene, act), group),
            (ActKind::Known(Known::ErrGroupGo | Known::ErrGroupTryGo, group), _) => {
                (SpawnKind::ErrGroup, handed(&scene, act), group)
            }
            (ActKind::Known(Known::RunnerGo | Known::RunnerTryGo, runner), _) => (SpawnKind::Runner, handed(&scene, act), runner),
            (ActKind::Known(Known::WorkerGo | Known::PoolSubmit | Known::PoolTrySubmit, _), _) => {
                (SpawnKind::Pool, handed(&scene, act), None)
            }
            (ActKind::Known(Known::TimeAfterFunc, _), _) => (SpawnKind::AfterFunc, handed(&scene, act), None),
            (ActKind::Known(Known::ContextAfterFunc, _), _) => (SpawnKind::ContextAfterFunc, handed(&scene, act), None),
            (ActKind::Call(target), When::Spawned) => (SpawnKind::Go, called(target), None),
            (ActKind::Known(..) | ActKind::Close(_), When::Spawned) => (SpawnKind::Go, Started::Unknown, None),
            (ActKind::Call(Target::Object(object)), _) if is_registration(package, object) => {
                (SpawnKind::Handler, handed(&scene, act), None)
            }
            _ => continue,
        };
        found.push(start(&scene, act, (by, started, group), runs, known));
    }
    found
}

fn start(
    scene: &Scene<'_, '_>,
    act: &Act,
    (by, started, group): (SpawnKind, Started, Option<PathId>),
    runs: &[Runs],
    known: &KnownRuns,
) -> Start {
    let package = scene.package;
    let body = match started {
        Started::Literal(body) => Some(body),
        Started::Function(object) => package.unit.body_of(object),
        Started::Unknown => None,
    };
    let unknown = Runs { end: SpawnEnd::Unknown, ..Runs::default() };
    let told = match (body, started) {
        (Some(body), _) => runs.get(body.0 as usize),
        (None, Started::Function(object)) => known.get(&object),
        (None, Started::Literal(_) | Started::Unknown) => None,
    };
    // A call of the library that is known by name ends; so does what closes.
    let simple = matches!(act.kind, ActKind::Known(..) | ActKind::Close(_)) && act.when == When::Spawned;
    let serves = |object| serves(&package.unit.types.function_text(object));
    let ended = match started {
        Started::Function(object) if serves(object) => {
            Runs { end: SpawnEnd::Shutdown, end_of: package.object_name(object).to_owned(), ..Runs::default() }
        }
        Started::Function(_) | Started::Literal(_) | Started::Unknown => Runs::default(),
    };
    let told = told.unwrap_or(if simple || ended.end == SpawnEnd::Shutdown { &ended } else { &unknown });
    let told = &with_arguments(scene, act, told);
    let (joined, joined_by) = join(scene, act, body, by, group);
    let mut start = Start {
        body: scene.id,
        at: act.pos,
        by,
        runs: started,
        reasons: Vec::new(),
        end: told.end,
        end_of: told.end_of.clone(),
        end_at: told.end_at,
        joined,
        joined_by,
        captures: match started {
            Started::Literal(body) => captures(package, body),
            Started::Function(_) | Started::Unknown => Vec::new(),
        },
        context: told.context,
        // The Runner and the pool make an error of a panic.
        recovers: if matches!(by, SpawnKind::Runner | SpawnKind::Pool) {
            Some(true)
        } else {
            body.map(|body| recovers(package, body))
        },
    };
    if by == SpawnKind::Go
        && let (Some(call), Started::Function(_) | Started::Unknown) = (act.call, started)
    {
        start.at = scene.file().checked.file.expr_span(call).start;
    }
    of_the_function(&mut start, told);
    of_the_place(scene, act, body, &mut start);
    of_the_wait(&mut start, told);
    start
}

/// What is told of a function, with what its parameters are where it is started: a channel that is closed, one that has room.
fn with_arguments(scene: &Scene<'_, '_>, act: &Act, told: &Runs) -> Runs {
    let mut told = told.clone();
    let argument = |param: usize| {
        let checked = &scene.file().checked;
        let Expr::Call { fun, args, .. } = *checked.file.expr(act.call?) else { return None };
        let is_method = checked.has_receiver(fun);
        checked.file.list(args).get(param.checked_sub(usize::from(is_method))?).map(|arg| checked.file.unparen(*arg))
    };
    if let Some(channel) = told.end_param.filter(|_| told.end == SpawnEnd::ClosedElsewhere).and_then(argument) {
        let written = scene.written(channel);
        let bodies = scene.package.unit.bodies.iter().filter(|body| body.file == scene.body.file);
        let closed = bodies.flat_map(|body| &body.acts).any(|act| match act.kind {
            ActKind::Close(Some(path)) => scene.package.text(path) == written,
            _ => false,
        });
        if closed {
            (told.end, told.end_of) = (SpawnEnd::Closed, written);
        }
    }
    let has_room = |wait: &Wait| {
        let channel = wait.param.filter(|_| wait.kind == WaitKind::Send).and_then(argument);
        channel.is_some_and(|channel| match scene.file().checked.meaning(channel) {
            Meaning::Local(local) => source_waits::has_room(scene.package, scene.body.file, local),
            _ => false,
        })
    };
    told.waits.retain(|wait| !has_room(wait));
    told
}

/// What is known of the function that runs.
fn of_the_function(start: &mut Start, told: &Runs) {
    let mut add = |kind, of: &str, at: Option<StopPlace>| start.reasons.push(Reason { kind, of: of.to_owned(), at });
    match told.end {
        SpawnEnd::Never => add(SpawnReasonKind::NeverEnds, "", told.end_at),
        // A handler ends with its request, whatever it is.
        SpawnEnd::Unknown if start.by == SpawnKind::Handler => {}
        SpawnEnd::Unknown => add(SpawnReasonKind::Unknown, &told.end_of, told.end_at),
        SpawnEnd::ClosedElsewhere => add(SpawnReasonKind::NobodyCloses, &told.end_of, told.end_at),
        SpawnEnd::RunsOut
        | SpawnEnd::Context
        | SpawnEnd::Signal
        | SpawnEnd::Closed
        | SpawnEnd::Condition
        | SpawnEnd::Shutdown => {}
    }
    // One wait of each kind is told: several are no more than one.
    let mut seen = Vec::new();
    for wait in &told.waits {
        let kind = match wait.kind {
            WaitKind::Send => SpawnReasonKind::WaitsToSend,
            WaitKind::Receive => SpawnReasonKind::WaitsToReceive,
            WaitKind::Select => SpawnReasonKind::WaitsInSelect,
            WaitKind::Group | WaitKind::Cond | WaitKind::Semaphore => SpawnReasonKind::WaitsForOthers,
        };
        if !seen.contains(&kind) {
            seen.push(kind);
            add(kind, &wait.of, Some(wait.at));
        }
    }
    let stays = told.end == SpawnEnd::Condition || !told.waits.is_empty();
    if stays && !told.context && !matches!(told.end, SpawnEnd::Signal | SpawnEnd::Closed | SpawnEnd::Context) {
        add(SpawnReasonKind::NoStop, "", None);
    }
}

/// What is known of the place where it is started.
fn of_the_place(scene: &Scene<'_, '_>, act: &Act, body: Option<BodyId>, start: &mut Start) {
    let joined = start.joined == SpawnJoin::Starter;
    // Handlers are registered in loops, and run when requests come.
    match in_loop(scene, act).filter(|_| start.by != SpawnKind::Handler) {
        Some(Looped::Endless(at)) => start.reasons.push(reason(SpawnReasonKind::InEndlessLoop, scene, at)),
        Some(Looped::Elements(at)) => start.reasons.push(reason(SpawnReasonKind::InLoop, scene, at)),
        None => {}
    }
    let per_request = start.by != SpawnKind::Handler && serves_request(scene);
    if per_request {
        start.reasons.push(Reason { kind: SpawnReasonKind::PerRequest, of: String::new(), at: None });
        if start.recovers == Some(false) {
            start.reasons.push(Reason { kind: SpawnReasonKind::NoRecover, of: String::new(), at: None });
        }
    }
    if let (Some(body), false) = (body, joined)
        && let Some((name, at)) = context_that_ends(scene, body)
    {
        start.reasons.push(Reason { kind: SpawnReasonKind::ContextEndsFirst, of: name, at: Some(at) });
    }
}

fn of_the_wait(start: &mut Start, told: &Runs) {
    if start.by == SpawnKind::Runner {
        start.reasons.push(Reason { kind: SpawnReasonKind::Owned, of: String::new(), at: None });
    }
    let of = start.joined_by.clone();
    match start.joined {
        SpawnJoin::Starter => start.reasons.push(Reason { kind: SpawnReasonKind::Joined, of, at: None }),
        SpawnJoin::Somebody => start.reasons.push(Reason { kind: SpawnReasonKind::WaitedFor, of, at: None }),
        SpawnJoin::Nobody | SpawnJoin::Library => {}
    }
    // Nothing is to be lowered where nothing was raised.
    let only = told.sends_with_room && !told.sends_without && told.waits.is_empty() && told.end == SpawnEnd::RunsOut;
    if only && start.points() > 0 {
        start.reasons.push(Reason { kind: SpawnReasonKind::SendsHaveRoom, of: String::new(), at: None });
    }
}

fn reason(kind: SpawnReasonKind, scene: &Scene<'_, '_>, at: Pos) -> Reason {
    Reason { kind, of: String::new(), at: Some(StopPlace::Here { file: scene.body.file, pos: at }) }
}

fn called(target: Target) -> Started {
    match target {
        Target::Literal(body) => Started::Literal(body),
        Target::Object(object) => Started::Function(object),
        Target::Interface(..) | Target::Unknown => Started::Unknown,
    }
}

/// The function that a call hands over, its last argument.
fn handed(scene: &Scene<'_, '_>, act: &Act) -> Started {
    let tree = scene.file().checked.file;
    let args = match act.call.map(|call| *tree.expr(call)) {
        Some(Expr::Call { args, .. }) => tree.list(args),
        _ => &[],
    };
    args.last().map_or(Started::Unknown, |arg| function(scene, *arg))
}

/// The function that a value is.
fn function(scene: &Scene<'_, '_>, value: ExprId) -> Started {
    let file = scene.file();
    let tree = file.checked.file;
    let value = tree.unparen(value);
    match *tree.expr(value) {
        Expr::FuncLit { .. } => scene.package.unit.literal(scene.body.file, value).map_or(Started::Unknown, Started::Literal),
        // `http.HandlerFunc(f)`
        Expr::Call { args, .. } if file.checked.callee(value) == Callee::Conversion => {
            tree.list(args).first().map_or(Started::Unknown, |arg| function(scene, *arg))
        }
        // `tracer.Middleware(next)`, `labels.HTTP(table, "shop")(next)`
        Expr::Call { fun, args, .. } if is_middleware(scene, fun) => {
            tree.list(args).last().map_or(Started::Unknown, |arg| function(scene, *arg))
        }
        _ => match file.checked.meaning(value) {
            Meaning::Object(object) => Started::Function(object),
            Meaning::Local(local) => match file.uses.get(local.0 as usize).and_then(herd_golang::acts::Uses::only) {
                Some(origin)
                    if origin.result.is_none() && matches!(tree.expr(tree.unparen(origin.expr)), Expr::FuncLit { .. }) =>
                {
                    let literal = scene.package.unit.literal(scene.body.file, tree.unparen(origin.expr));
                    literal.map_or(Started::Unknown, Started::Literal)
                }
                _ => Started::Unknown,
            },
            Meaning::Selection(index) => match file.checked.selections.get(index as usize).map(|one| one.object) {
                Some(Some(object)) => Started::Function(object),
                Some(None) | None => Started::Unknown,
            },
            Meaning::None
            | Meaning::TypeParam(_)
            | Meaning::Import(_)
            | Meaning::Builtin(_)
            | Meaning::Nil
            | Meaning::Field(_) => Started::Unknown,
        },
    }
}

/// A function of goherd's own Go module that gives a handler around its last argument, or a call that gives such a function.
fn is_middleware(scene: &Scene<'_, '_>, fun: ExprId) -> bool {
    let checked = &scene.file().checked;
    let tree = checked.file;
    let fun = tree.unparen(fun);
    let fun = match *tree.expr(fun) {
        Expr::Call { fun, .. } => tree.unparen(fun),
        _ => fun,
    };
    let object = match checked.meaning(fun) {
        Meaning::Object(object) => Some(object),
        Meaning::Selection(_) => checked.selection(fun).and_then(|one| one.object),
        _ => None,
    };
    object.is_some_and(|object| {
        matches!(
            &*scene.package.unit.types.function_text(object),
            "github.com/goherd/goherd/go/canceltrace.(*Tracer).Middleware"
                | "github.com/goherd/goherd/go/deadline.(*Chain).Middleware"
                | "github.com/goherd/goherd/go/labels.HTTP"
                | "github.com/goherd/goherd/go/otel.GrayHTTP"
        )
    })
}

/// `http.HandleFunc` and `(*http.ServeMux).HandleFunc`, with their kin that take a handler.
fn is_registration(package: &Package<'_>, object: ObjectId) -> bool {
    let types = package.unit.types;
    matches!(types.names().text(types.name(object)), "HandleFunc" | "Handle")
        && matches!(
            &*types.function_text(object),
            "net/http.HandleFunc" | "net/http.Handle" | "net/http.(*ServeMux).HandleFunc" | "net/http.(*ServeMux).Handle"
        )
}

/// Who waits for what is started.
fn join(scene: &Scene<'_, '_>, act: &Act, body: Option<BodyId>, by: SpawnKind, group: Option<PathId>) -> (SpawnJoin, String) {
    match by {
        SpawnKind::AfterFunc | SpawnKind::ContextAfterFunc | SpawnKind::Handler | SpawnKind::Pool => {
            return (SpawnJoin::Library, String::new());
        }
        SpawnKind::Go | SpawnKind::Group | SpawnKind::ErrGroup | SpawnKind::Runner => {}
    }
    let unit = &scene.package.unit;
    let waits_for =
        |kind: ActKind, group: PathId| matches!(kind, ActKind::Known(known, Some(path)) if known.joins() && path == group);
    // A group it says it is done to, a channel it closes or sends on when it ends.
    let mut signals: Vec<(PathId, bool)> = group.map(|group| (group, true)).into_iter().collect();
    if let Some(body) = body {
        signals.extend(unit.body(body).acts.iter().filter_map(|act| match act.kind {
            ActKind::Known(Known::GroupDone, Some(group)) => Some((group, true)),
            ActKind::Close(Some(channel)) | ActKind::Send(Some(channel)) => Some((channel, false)),
            _ => None,
        }));
    }
    for (path, is_group) in signals {
        let waits = |kind: ActKind| {
            if is_group { waits_for(kind, path) } else { kind == ActKind::Receive(Some(path)) }
        };
        let name = || scene.package.text(path);
        let here: Steps =
            scene.body.acts.iter().filter(|one| waits(one.kind) && one.when != When::Spawned).map(|one| one.step).collect();
        if !here.is_empty() {
            let graph = scene.graph();
            let deferred = scene.body.acts.iter().any(|one| waits(one.kind) && one.when == When::Deferred);
            let past = scene.way(act.step, |place| place.block == graph.exit, &here);
            let kept = past.is_none() || deferred;
            // A clause of a select may not be taken.
            let sure = here.iter().all(|step| !scene.is_in_select(step));
            return (if kept && sure { SpawnJoin::Starter } else { SpawnJoin::Somebody }, name());
        }
        let key = scene.package.key(path);
        let elsewhere =
            unit.bodies.iter().enumerate().filter(|(index, _)| body != Some(BodyId(*index as u32))).any(|(_, other)| {
                other.acts.iter().any(|one| {
                    waits(one.kind)
                        || key.is_some()
                            && match one.kind {
                                ActKind::Known(known, Some(other)) if known.joins() => {
                                    is_group && scene.package.key(other) == key
                                }
                                ActKind::Receive(Some(other)) => !is_group && scene.package.key(other) == key,
                                _ => false,
                            }
                })
            });
        if elsewhere {
            return (SpawnJoin::Somebody, name());
        }
    }
    (SpawnJoin::Nobody, String::new())
}

/// Variables of the functions around a literal that it uses, in the order of the source.
fn captures(package: &Package<'_>, literal: BodyId) -> Vec<String> {
    let unit = &package.unit;
    let body = unit.body(literal);
    let checked = &unit.files[body.file as usize].checked;
    let tree = checked.file;
    let span = tree.stmt_span(body.block);
    let mut found: Vec<LocalId> = Vec::new();
    walk(tree, Node::Stmt(body.block), |node| {
        if let Node::Expr(x) = node
            && let (Expr::Ident { .. }, Meaning::Local(local)) = (tree.expr(x), checked.meaning(x))
            && let Some(declared) = checked.locals.get(local.0 as usize)
            && !(span.start <= declared.pos && declared.pos < span.end)
            && !body.params.contains(&local)
            && !found.contains(&local)
        {
            found.push(local);
        }
        Descend::Into
    });
    let named = found.into_iter().filter_map(|local| checked.locals.get(local.0 as usize));
    named.map(|local| unit.types.names().text(local.name).to_owned()).collect()
}

/// Whether a function recovers from its panics: a function it defers calls `recover` itself.
fn recovers(package: &Package<'_>, id: BodyId) -> bool {
    let unit = &package.unit;
    unit.body(id).acts.iter().filter(|act| act.when == When::Deferred).any(|act| {
        let deferred = match act.kind {
            ActKind::Call(Target::Literal(body)) => Some(body),
            ActKind::Call(Target::Object(object)) => unit.body_of(object),
            _ => None,
        };
        deferred.is_some_and(|deferred| package.recovers.contains(&deferred))
    })
}
