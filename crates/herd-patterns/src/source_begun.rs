//! Contexts that are begun anew below one that is at hand: what the eyes of CX001 and TO001 share.

use herd_golang::Token;
use herd_golang::acts::{Act, ActKind, Body, BodyId, Known, Summaries, Target, Unit, When};
use herd_golang::ast::{Expr, Pos, Stmt};
use herd_golang::flow::Step;
use herd_golang::types::{LocalId, Meaning, SelectionKind, Type, TypeId};

use crate::source::{Edit, Package, Repair, Safety, Scene, Spotted, Stop, StopPlace};
use crate::source_calls::Library;
use crate::source_contexts::{AtHand, Runs, at_hand, at_hand_where, is_afterwards, runs};
use crate::source_flows::{Base, Hop, Limit, flow_of, hops, is_unconditional, keeps, signature};

/// Longer names of calls are left out.
const NAME_MAX: usize = 80;

/// A context that was begun where another one was at hand.
pub struct BegunBelow {
    /// What to say.
    pub spotted: Spotted,
    /// Whether the context at hand has a time limit which is lost so.
    pub loses_limit: bool,
}

/// Calls of functions of other packages that begin a context of their own.
pub fn begun_elsewhere(unit: &Unit<'_>, known: &Summaries) -> Vec<(BodyId, Act, Pos)> {
    let mut found = Vec::new();
    for (index, body) in unit.bodies.iter().enumerate() {
        for act in &body.acts {
            let ActKind::Call(Target::Object(object)) = act.kind else { continue };
            let begins = known.objects.get(&object).and_then(|summary| summary.begins);
            found.extend(begins.map(|pos| (BodyId(index as u32), *act, pos)));
        }
    }
    found
}

/// Tells those who call the functions of a package which of them begin a context of their own and wait for others under it.
pub fn tell_begun(package: &mut Package<'_>) {
    let told: Vec<Option<Pos>> = (0..package.unit.bodies.len())
        .map(|index| {
            let scene = package.scene(BodyId(index as u32));
            scene.body.object?;
            if !begins(&scene) || crate::source_contexts::given(&scene).is_some() {
                return None;
            }
            let known =
                |hop: &Hop| scene.library().iter().any(|(act, _)| act.call == hop.act.call) || leads_out(&scene, &hop.act);
            let waits = hops(&scene).into_iter().filter(|hop| hop.flowing.limit.is_none() && known(hop));
            waits.into_iter().find_map(|hop| begun(&scene, &hop))
        })
        .collect();
    for (summary, begins) in package.summaries.iter_mut().zip(told) {
        summary.begins = begins;
    }
}

/// Whether a function begins a context at all, and can be relied on.
fn begins(scene: &Scene<'_, '_>) -> bool {
    let begins =
        scene.body.acts.iter().any(|act| matches!(act.kind, ActKind::Known(Known::Background, _)) && act.when == When::Now);
    begins && scene.graph().sound && !scene.is_test()
}

/// Calls of other packages' functions that begin a context, where one is at hand.
fn through_others(scene: &Scene<'_, '_>) -> Vec<BegunBelow> {
    let own = scene.package.begun_elsewhere.iter().filter(|(by, act, _)| *by == scene.id && act.when == When::Now);
    own.filter_map(|(_, act, pos)| {
        let ActKind::Call(Target::Object(function)) = act.kind else { return None };
        let context = at_hand(scene)?;
        if scene.is_test() || !scene.graph().sound || is_afterwards(scene, act.step) {
            return None;
        }
        let name = scene.package.object_name(function);
        let lost = limit_of(scene, &context);
        let way = vec![
            scene.stop(act.pos, format!("has {} at hand and calls {name}", context.text)),
            Stop { place: StopPlace::In { function, pos: *pos }, text: "a context is begun anew, and waited under".to_owned() },
        ];
        let text = format!("{name} begins a context of its own: {} is not passed on", context.text);
        Some(BegunBelow { spotted: Spotted::new(scene.body.file, act.pos, text, way), loses_limit: lost.is_some() })
    })
    .collect()
}

/// All of a function: where it has a context at hand itself, or those that call it have.
pub fn begun_below(scene: &Scene<'_, '_>) -> Vec<BegunBelow> {
    let elsewhere = through_others(scene);
    if !begins(scene) {
        return elsewhere;
    }
    let waits: Vec<(Hop, Pos)> = hops(scene).into_iter().filter_map(|hop| Some((hop, begun(scene, &hop)?))).collect();
    let mut found: Vec<BegunBelow> = elsewhere;
    for (hop, pos) in &waits {
        let one = match at_hand(scene) {
            Some(context) => Some(here(scene, hop, *pos, &context)),
            None => detached(scene, hop, *pos).or_else(|| below(scene, hop, *pos)),
        };
        // What is begun once is told once.
        found.extend(one.filter(|one| found.iter().all(|old| old.spotted.at != one.spotted.at)));
        if !found.is_empty() && scene.body.outer.is_none() && at_hand(scene).is_none() {
            break;
        }
    }
    found
}

/// Where the context was begun that a call waits under, if the call is one that waits and keeps it for itself.
fn begun(scene: &Scene<'_, '_>, hop: &Hop) -> Option<Pos> {
    let Base::Begun(pos) = hop.flowing.base else { return None };
    let waits =
        hop.act.when == When::Now && waits(scene, &hop.act) && !is_afterwards(scene, hop.act.step) && !is_best_effort(scene, hop);
    (waits && !is_default(scene, pos) && !is_kept(scene, pos)).then_some(pos)
}

/// Whether all that a call gives is thrown away: `_ = stream.Close(context.Background())` cleans up as well as it can.
fn is_best_effort(scene: &Scene<'_, '_>, hop: &Hop) -> bool {
    let results = hop.act.call.and_then(|call| scene.results_of(call));
    results.is_some_and(|(_, targets)| targets.iter().all(|x| scene.written(*x) == "_"))
}

/// Whether somebody keeps the function that cancels what is derived from a context begun there: it lives as long as its owner likes.
fn is_kept(scene: &Scene<'_, '_>, pos: Pos) -> bool {
    let derives = scene.body.acts.iter().filter(|act| {
        matches!(act.kind, ActKind::Known(Known::WithCancel | Known::WithTimeout | Known::WithDeadline, _))
            && act.when == When::Now
    });
    derives.into_iter().any(|act| {
        let Some(call) = act.call else { return false };
        let Some((step, [context, cancel])) = scene.results_of(call) else { return true };
        if flow_of(scene, step, call).base != Base::Begun(pos) {
            return false;
        }
        let kept = |local: Option<LocalId>| local.is_none_or(|local| scene.goes_elsewhere(local));
        let captured =
            scene.local(*cancel).and_then(|local| scene.file().uses.get(local.0 as usize)).is_some_and(|uses| uses.captured);
        kept(scene.local(*context)) || scene.written(*cancel) != "_" && (kept(scene.local(*cancel)) || captured)
    })
}

/// Whether a call waits for somebody else, as far as can be told: a known one does, others that may fail and keep no context.
fn waits(scene: &Scene<'_, '_>, act: &Act) -> bool {
    let Some(call) = act.call else { return false };
    let known = scene.library().iter().find(|(one, _)| one.call == act.call).map(|(_, library)| *library);
    if let Some(library) = known {
        return matches!(
            library,
            Library::NewRequestWithContext | Library::DialContext | Library::CommandContext | Library::SqlContext | Library::Grpc
        );
    }
    let unit = &scene.package.unit;
    if signature(scene, call).and_then(|one| one.results.first()).is_some_and(|first| is_stream(scene, *first)) {
        return false;
    }
    let fails = signature(scene, call).and_then(|one| one.results.last()).is_some_and(|last| *last == unit.types.error());
    match act.kind {
        ActKind::Call(Target::Object(object)) => match unit.body_of(object) {
            Some(body) => {
                let callee = scene.package.scene(body);
                let given = crate::source_contexts::given(&callee);
                fails && given.is_some_and(|given| !keeps(&callee, given.local))
            }
            // Of other packages methods ask, functions make.
            None => fails && scene.called_on(call).is_some(),
        },
        ActKind::Call(Target::Interface(..) | Target::Unknown) => fails,
        _ => false,
    }
}

/// Whether a value goes on under the context of the call that gave it: the stream of an RPC.
fn is_stream(scene: &Scene<'_, '_>, ty: TypeId) -> bool {
    let types = scene.package.unit.types;
    match types.get(types.underlying(ty)) {
        Type::Interface(of) => {
            of.methods.iter().any(|method| matches!(types.names().text(method.name), "Recv" | "RecvMsg" | "CloseSend"))
        }
        _ => false,
    }
}

/// Whether a context is begun for callers that have none, or under a condition of its own: `if ctx == nil { ctx = context.Background() }`.
fn is_default(scene: &Scene<'_, '_>, pos: Pos) -> bool {
    let file = scene.file().checked.file;
    let graph = scene.graph();
    graph.steps.iter().any(|step| {
        let Step::Assign(stmt) = *step else { return false };
        let span = file.stmt_span(stmt);
        let Stmt::Assign { op: Token::Assign, lhs, .. } = *file.stmt(stmt) else { return false };
        let is_param = |local: LocalId| scene.body.params.contains(&local);
        let sets_given = file.list(lhs).iter().any(|x| scene.local(*x).is_some_and(is_param));
        span.start <= pos && pos < span.end && sets_given && !is_unconditional(scene, stmt)
    })
}

/// In a function that has a context itself.
fn here(scene: &Scene<'_, '_>, hop: &Hop, pos: Pos, context: &AtHand) -> BegunBelow {
    let lost = limit_of(scene, context);
    let mut way = Vec::new();
    if let Some((limit, of)) = lost {
        way.push(of.package.scene(of.id).stop(limit.at, format!("{} has a time limit", context.text)));
    }
    way.push(scene.stop(pos, "a context is begun anew"));
    way.push(scene.stop(hop.act.pos, waited(scene, &hop.act)));
    let text = match lost {
        Some(_) => format!("the deadline of {} is lost: what is called here gets a context of its own", context.text),
        None if hop.flowing.limit.is_some() => {
            format!("{} is at hand, and what is called here gets a context that does not end with it", context.text)
        }
        None => format!("{} is at hand, and what is called here gets a context that nobody ends", context.text),
    };
    let spotted = Spotted::new(scene.body.file, pos, text, way).cured_by(passed(scene, pos, context));
    BegunBelow { spotted, loses_limit: lost.is_some() }
}

fn waited(scene: &Scene<'_, '_>, act: &Act) -> String {
    let name = act.call.map(|call| scene.called_as(call)).unwrap_or_default();
    format!("{} waits under it", if name.is_empty() || name.len() > NAME_MAX { "the call" } else { &name })
}

/// The limit that a context at hand has, where the function sets it itself.
fn limit_of<'a, 't>(scene: &Scene<'a, 't>, context: &AtHand) -> Option<(Limit, Scene<'a, 't>)> {
    let owner = scene.package.scene(context.of);
    let own =
        owner.body.acts.iter().filter(|act| matches!(act.kind, ActKind::Known(Known::WithTimeout | Known::WithDeadline, _)));
    for act in own {
        let flowing = act.call.map(|call| flow_of(&owner, act.step, call));
        if let Some(limit) = flowing.filter(|one| one.base == Base::Given).and_then(|one| one.limit) {
            return Some((limit, owner));
        }
    }
    None
}

/// In a goroutine that a handler of HTTP starts and does not wait for, where nothing else limits it.
fn detached(scene: &Scene<'_, '_>, hop: &Hop, pos: Pos) -> Option<BegunBelow> {
    let outer = scene.body.outer?;
    let starts = scene.package.scene(outer);
    if runs(&starts, scene.id) != Runs::Detached || hop.flowing.limit.is_some() {
        return None;
    }
    let context =
        at_hand_where(scene, |runs| matches!(runs, Runs::Now | Runs::Joined | Runs::Detached)).filter(|one| one.is_request)?;
    let is_known = scene.library().iter().any(|(act, _)| act.call == hop.act.call) || leads_out(scene, &hop.act);
    let is_loop = crate::source_release::is_repeated(scene, hop.act.step);
    if !is_known || is_loop {
        return None;
    }
    let start = starts.body.acts.iter().find(|act| act.kind == ActKind::Call(Target::Literal(scene.id)))?;
    let way = vec![
        starts.stop(start.pos, "the handler starts a goroutine and goes on"),
        scene.stop(pos, "a context is begun that nothing ends"),
        scene.stop(hop.act.pos, waited(scene, &hop.act)),
    ];
    let text = format!("nothing ends this context: neither {} nor a time limit", context.text);
    Some(BegunBelow { spotted: Spotted::new(scene.body.file, pos, text, way), loses_limit: false })
}

/// Whether a function of the package that is given the context hands it to a known call that waits.
fn leads_out(scene: &Scene<'_, '_>, act: &Act) -> bool {
    let ActKind::Call(Target::Object(object)) = act.kind else { return false };
    let Some(body) = scene.package.unit.body_of(object) else { return false };
    let callee = scene.package.scene(body);
    hops(&callee).iter().any(|hop| {
        hop.flowing.base == Base::Given
            && hop.flowing.limit.is_none()
            && callee.library().iter().any(|(one, _)| one.call == hop.act.call)
    })
}

/// In a function that has none, where all who call it do.
fn below(scene: &Scene<'_, '_>, hop: &Hop, pos: Pos) -> Option<BegunBelow> {
    if !is_only_called(scene.package, scene.body) {
        return None;
    }
    let mut first: Option<(Stop, AtHand)> = None;
    for (by, act) in callers(scene.package, scene.body) {
        let caller = scene.package.scene(by);
        if caller.is_test() {
            continue;
        }
        let context = at_hand(&caller)?;
        if act.when != When::Now || is_afterwards(&caller, act.step) || !caller.graph().sound {
            return None;
        }
        let stop = caller.stop(act.pos, format!("has {} at hand and calls {}", context.text, name_of(scene)));
        first.get_or_insert((stop, context));
    }
    let (stop, context) = first?;
    let way = vec![stop, scene.stop(pos, "a context is begun anew"), scene.stop(hop.act.pos, waited(scene, &hop.act))];
    let text = format!("a context is begun anew below callers that have one: {} is not passed on", context.text);
    Some(BegunBelow { spotted: Spotted::new(scene.body.file, pos, text, way), loses_limit: false })
}

fn name_of<'a>(scene: &'a Scene<'_, '_>) -> &'a str {
    scene.body.object.map_or("it", |object| scene.package.object_name(object))
}

/// The context at hand instead of the call that begins one.
fn passed(scene: &Scene<'_, '_>, pos: Pos, context: &AtHand) -> Option<Repair> {
    let file = scene.file().checked.file;
    let call = file.all_exprs().find_map(|(id, expr)| {
        let is_it = matches!(expr, Expr::Call { .. }) && file.expr_span(id).start == pos;
        (is_it && scene.callee(id).is_some_and(|name| name.package == "context")).then_some(id)
    })?;
    let edits = vec![Edit { span: file.expr_span(call), text: context.text.clone() }];
    Some(Repair { safety: Safety::Unsafe, text: format!("passes {} on", context.text), edits })
}

/// The calls of a unit that call a body by name, with who makes them.
pub fn callers(package: &Package<'_>, of: &Body) -> Vec<(BodyId, Act)> {
    let Some(object) = of.object else { return Vec::new() };
    let calls = |act: &&Act| act.kind == ActKind::Call(Target::Object(object));
    let bodies = package.unit.bodies.iter().enumerate();
    bodies.flat_map(|(index, body)| body.acts.iter().filter(calls).map(move |act| (BodyId(index as u32), *act))).collect()
}

/// Whether a declared function can be called by nobody outside of its package, and is named by nothing but calls.
pub fn is_only_called(package: &Package<'_>, of: &Body) -> bool {
    let Some(object) = of.object else { return false };
    let types = package.unit.types;
    let name = types.name(object);
    if types.names().text(name).starts_with(char::is_uppercase) {
        return false;
    }
    package.unit.files.iter().all(|file| {
        let tree = file.checked.file;
        let (mut named, mut called) = (0_usize, 0_usize);
        for (id, expr) in tree.all_exprs() {
            match *expr {
                Expr::Ident { .. } if file.checked.meaning(id) == Meaning::Object(object) => named += 1,
                Expr::Selector { sel, .. } if sel.name == name => {
                    let selection = file.checked.selection(id);
                    // A method of an interface of that name may be this one.
                    if selection.is_some_and(|one| one.kind == SelectionKind::InterfaceMethod) {
                        return false;
                    }
                    named += usize::from(selection.is_some_and(|one| one.object == Some(object)));
                }
                Expr::Call { fun, .. } => {
                    let fun = tree.unparen(fun);
                    let is_method = file.checked.selection(fun).is_some_and(|one| one.object == Some(object));
                    called += usize::from(is_method || file.checked.meaning(fun) == Meaning::Object(object));
                }
                _ => {}
            }
        }
        named == called
    })
}
