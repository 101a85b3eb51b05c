//! The calls of a package as far as deadlines are concerned: which functions work comes in by, what they call with which context, and where the
//! process waits for another one. [`chains`](crate::source_chains::chains) joins those of all packages.

use herd_golang::Symbol;
use herd_golang::acts::{Act, ActKind, BodyId, Target, When};
use herd_golang::ast::{ExprId, Pos};
use herd_golang::types::{LocalKind, ObjectId, Type, TypeId};
use herd_model::{Entry, Sink};
use rustc_hash::FxHashSet;

use crate::source::{Package, Scene};
use crate::source_calls::{Library, declared, is_context, is_request};
use crate::source_contexts::is_handler;
use crate::source_flows::{Base, Flowing, context_argument, flow_of, signature};

/// A function and what it calls.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its declaration; none of a literal, which nothing calls by name.
    pub object: Option<ObjectId>,
    /// The type whose method it is.
    pub receiver: Option<TypeId>,
    /// How work comes in by it, if it does.
    pub entry: Option<Entry>,
    /// Where it is.
    pub at: Spot,
    /// Its calls, those of literals within it among them.
    pub calls: Vec<Call>,
}

/// A place in a file of a package.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Spot {
    /// The body, in its unit.
    pub body: BodyId,
    /// The place in its file.
    pub pos: Pos,
}

/// A call that waits, or leads to one.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where.
    pub at: Spot,
    /// How it is written.
    pub text: String,
    /// What is called.
    pub to: To,
    /// The context that it is given: none where it takes none.
    pub carried: Option<Flowing>,
    /// Whether it runs in a goroutine of its own.
    pub spawned: bool,
}

/// What is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    /// A function.
    Function(ObjectId),
    /// A method of an interface.
    Method(TypeId, Symbol),
    /// What waits for another process.
    Sink(Sink),
}

/// Written calls are cut there.
const TEXT_MAX: usize = 60;

/// The functions of a package that deadlines may pass through. Linear.
pub fn skeleton(package: &Package<'_>) -> Vec<Node> {
    let registered = registered(package);
    let mut nodes: Vec<Node> = Vec::new();
    // The node of each body: literals that are no entries belong to what they stand in.
    let mut of_body: Vec<Option<usize>> = Vec::new();
    let mut goroutines: Vec<BodyId> = Vec::new();
    for index in 0..package.unit.bodies.len() {
        let scene = package.scene(BodyId(index as u32));
        let outer = scene.body.outer.and_then(|outer| *of_body.get(outer.0 as usize)?);
        let entry = entry(&scene, &registered).or_else(|| goroutines.contains(&scene.id).then_some(Entry::Goroutine));
        if scene.is_test() || !scene.graph().sound {
            of_body.push(None);
            continue;
        }
        if is_main(&scene) {
            goroutines.extend(scene.body.acts.iter().filter(|act| act.when == When::Spawned).filter_map(|act| match act.kind {
                ActKind::Call(Target::Literal(id)) => Some(id),
                ActKind::Call(Target::Object(object)) => package.unit.body_of(object),
                _ => None,
            }));
        }
        if outer.is_some() && entry.is_none() {
            of_body.push(outer);
            continue;
        }
        let locals = &scene.file().checked.locals;
        let first = scene.body.params.first().and_then(|param| locals.get(param.0 as usize));
        of_body.push(Some(nodes.len()));
        nodes.push(Node {
            object: scene.body.object,
            receiver: first.filter(|one| one.kind == LocalKind::Receiver).map(|one| one.ty),
            entry,
            at: Spot { body: scene.id, pos: start(&scene) },
            calls: Vec::new(),
        });
    }
    for (index, node) in of_body.iter().enumerate() {
        let Some(node) = node.and_then(|node| nodes.get_mut(node)) else { continue };
        let scene = package.scene(BodyId(index as u32));
        node.calls.extend(calls(&scene));
        // A goroutine of `main` may be a function that stands before it.
        if node.entry.is_none() && goroutines.contains(&node.at.body) {
            node.entry = Some(Entry::Goroutine);
        }
    }
    nodes
}

/// The place of a function's name, or of a literal.
fn start(scene: &Scene<'_, '_>) -> Pos {
    match scene.body.object.and_then(|object| scene.package.unit.types.place(object)) {
        Some((_, _, pos)) => pos,
        None => scene.body_start(),
    }
}

fn is_main(scene: &Scene<'_, '_>) -> bool {
    scene.is_command() && scene.body.object.is_some_and(|object| scene.package.object_name(object) == "main")
}

/// Types that are given to the functions by which gRPC's servers are registered.
fn registered(package: &Package<'_>) -> FxHashSet<TypeId> {
    let mut found = FxHashSet::default();
    for index in 0..package.unit.bodies.len() {
        let scene = package.scene(BodyId(index as u32));
        for act in &scene.body.acts {
            let (ActKind::Call(Target::Object(object)), Some(call)) = (act.kind, act.call) else { continue };
            let name = package.object_name(object);
            if let ([_, server], true) = (scene.args(call), name.starts_with("Register") && name.ends_with("Server")) {
                let types = package.unit.types;
                found.insert(types.pointed_at(scene.file().checked.type_of(*server)));
            }
        }
    }
    found
}

/// How work comes in by a function, by its shape.
fn entry(scene: &Scene<'_, '_>, registered: &FxHashSet<TypeId>) -> Option<Entry> {
    let unit = &scene.package.unit;
    if is_handler(scene) {
        return Some(Entry::Http);
    }
    let locals = &scene.file().checked.locals;
    let given: Vec<_> = scene.body.params.iter().filter_map(|param| locals.get(param.0 as usize)).collect();
    let message = |ty: TypeId| {
        matches!(
            declared(unit, ty),
            Some(
                ("github.com/nats-io/nats.go", "Msg")
                    | ("github.com/rabbitmq/amqp091-go", "Delivery")
                    | ("github.com/segmentio/kafka-go", "Message")
                    | ("github.com/IBM/sarama", "ConsumerMessage" | "ConsumerGroupClaim")
            )
        )
    };
    if given.iter().any(|one| one.kind == LocalKind::Param && message(one.ty)) {
        return Some(Entry::Queue);
    }
    let [receiver, context, request] = given.as_slice() else { return None };
    let function = scene.file().checked.functions.get(scene.body.function.0 as usize)?;
    let Type::Signature(signature) = unit.types.get(function.signature) else { return None };
    let answers = matches!(&*signature.results, [answer, error] if matches!(unit.types.get(*answer), Type::Pointer(_)) && *error == unit.types.error());
    let is_method = receiver.kind == LocalKind::Receiver && is_context(unit, context.ty);
    let asks = matches!(unit.types.get(request.ty), Type::Pointer(_));
    let of = unit.types.pointed_at(receiver.ty);
    let serves = registered.contains(&of) || embeds_unimplemented(scene, of);
    (answers && is_method && asks && serves).then_some(Entry::Grpc)
}

/// Whether a struct embeds what gRPC's generator makes for servers.
fn embeds_unimplemented(scene: &Scene<'_, '_>, ty: TypeId) -> bool {
    let types = scene.package.unit.types;
    match types.get(types.underlying(ty)) {
        Type::Struct(fields) => fields.iter().any(|one| {
            let name = types.names().text(one.name);
            one.embedded && name.starts_with("Unimplemented") && name.ends_with("Server")
        }),
        _ => false,
    }
}

/// The calls of a body that wait, or may lead to one that does.
fn calls(scene: &Scene<'_, '_>) -> Vec<Call> {
    let is_spawned_body = crate::source_contexts::spawned_from(scene);
    let acts = scene.body.acts.iter().filter(|act| act.when != When::Deferred);
    acts.filter_map(|act| {
        let call = act.call?;
        let library = scene.library().iter().find(|(one, _)| one.call == act.call).map(|(_, library)| *library);
        let to = match (library.and_then(sink_of).or_else(|| stub(scene, act)), act.kind) {
            (Some(sink), _) => To::Sink(sink),
            (None, ActKind::Call(Target::Object(object))) => To::Function(object),
            (None, ActKind::Call(Target::Interface(ty, name))) => To::Method(ty, name),
            (None, _) => return None,
        };
        let mut text = scene.called_as(call);
        if text.chars().count() > TEXT_MAX {
            let cut = text.chars().count() - TEXT_MAX;
            text = format!("…{}", text.chars().skip(cut).collect::<String>());
        }
        let carried = carried(scene, act, call, library);
        let spawned = act.when == When::Spawned || is_spawned_body;
        Some(Call { at: Spot { body: scene.id, pos: act.pos }, text, to, carried, spawned })
    })
    .collect()
}

/// Which calls of libraries wait for another process.
fn sink_of(library: Library) -> Option<Sink> {
    Some(match library {
        Library::HttpShortcut | Library::ClientShortcut | Library::ClientDo => Sink::Http,
        Library::Dial | Library::DialWithLimit | Library::DialContext => Sink::Dial,
        Library::Command | Library::CommandContext => Sink::Command,
        Library::Sql | Library::SqlContext => Sink::Sql,
        Library::Grpc => Sink::Grpc,
        Library::Redis => Sink::Redis,
        Library::NewRequest | Library::NewRequestWithContext | Library::Serve => return None,
    })
}

/// Stubs of gRPC, told by their last parameter, and commands of clients of Redis, told by their package.
fn stub(scene: &Scene<'_, '_>, act: &Act) -> Option<Sink> {
    let call = act.call?;
    let types = scene.package.unit.types;
    let signature = signature(scene, call)?;
    let [first, .., last] = &*signature.params else { return None };
    if !is_context(&scene.package.unit, *first) {
        return None;
    }
    if let (true, Type::Slice(element)) = (signature.variadic, types.get(*last))
        && declared(&scene.package.unit, *element) == Some(("google.golang.org/grpc", "CallOption"))
    {
        return Some(Sink::Grpc);
    }
    let on = scene.called_on(call)?;
    let (package, _) = declared(&scene.package.unit, scene.file().checked.type_of(on))?;
    let is_redis = package.starts_with("github.com/redis/go-redis/") || package.starts_with("github.com/go-redis/redis");
    // Inside of the client it is not yet the exit.
    let own = types.program().package(scene.package.unit.package).is_some_and(|own| own.path.starts_with(package));
    (is_redis && !own).then_some(Sink::Redis)
}

/// The context that a call is given: by itself, or with a request.
fn carried(scene: &Scene<'_, '_>, act: &Act, call: ExprId, library: Option<Library>) -> Option<Flowing> {
    if let Some(context) = context_argument(scene, call) {
        return Some(flow_of(scene, act.step, context));
    }
    let checked = &scene.file().checked;
    let request = scene.args(call).iter().find(|x| is_request(&scene.package.unit, checked.type_of(**x)))?;
    let local = scene.local(*request)?;
    let Some(made) = scene.made_from(local) else {
        let given = scene.body.params.contains(&local) && library != Some(Library::ClientDo);
        return given.then_some(Flowing { base: Base::Given, limit: None });
    };
    context_argument(scene, made).map(|context| flow_of(scene, act.step, context))
}
