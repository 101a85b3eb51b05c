//! The source eye of LK007: goroutines that follow a ticker which never ends them, and timers that set themselves anew.

use herd_golang::acts::{Act, ActKind, BodyId, Known, PathId, Steps, When};
use herd_golang::ast::{Expr, ExprId, Span, Stmt};
use herd_golang::flow::{EdgeKind, Place, Step};
use herd_golang::load::Language;

use herd_golang::types::{Meaning, Type};

use crate::source::{Edit, Package, Repair, Safety, Scene, Spotted};
use crate::source_channels::{Op, OpKind};
use crate::source_closing::is_endless;
use crate::source_edits::indent;
use crate::source_ways::{made_here, only_run};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.is_followed() || scene.is_in_tests() {
        return found;
    }
    let times = scene.package.channels().ops_of(scene.id).iter().filter(|op| op.is_receive() && is_time(scene, op));
    for op in times {
        found.extend(stopped_elsewhere(scene, op).or_else(|| unread_flag(scene, op)).or_else(|| of_each(scene, op)));
    }
    found.extend(scene.body.acts.iter().filter_map(|act| sets_itself(scene, act)));
    found.extend(scene.body.acts.iter().filter_map(|act| never_stopped(scene, act)));
    found
}

/// Whether a channel tells the time.
fn is_time(scene: &Scene<'_, '_>, op: &Op) -> bool {
    let checked = &scene.file().checked;
    let types = scene.package.unit.types;
    let Type::Chan { element, .. } = types.get(types.underlying(checked.type_of(op.channel))) else { return false };
    matches!(types.get(*element), Type::Named { object, .. } if types.object_text(*object) == "time.Time")
}

/// A loop over the ticks of a ticker that is stopped somewhere else: that ends the ticks, and not the loop.
fn stopped_elsewhere(scene: &Scene<'_, '_>, op: &Op) -> Option<Spotted> {
    let package = scene.package;
    if op.kind != OpKind::Range || !is_endless(scene, op) {
        return None;
    }
    let path = received(scene, op)?;
    let ticker = package.unit.paths.parent(path)?;
    let key = package.key(ticker)?;
    let stop = package.unit.bodies.iter().enumerate().find_map(|(index, body)| {
        let act = body.acts.iter().find(|act| match act.kind {
            ActKind::Known(Known::TickerStop, Some(path)) => package.key(path) == Some(key),
            _ => false,
        })?;
        Some((herd_golang::acts::BodyId(index as u32), act))
    });
    let (body, stop) = stop.filter(|(body, _)| *body != scene.id)?;
    let name = package.text(ticker);
    let way = vec![
        scene.stop(op.pos, format!("follows {name}, and ends with nothing else")),
        package.scene(body).stop(stop.pos, "stops the ticks; the channel is not closed, so the loop waits for ever"),
    ];
    Some(Spotted::new(scene.body.file, op.pos, format!("the loop over {name} does not end when the ticker is stopped"), way))
}

/// The path of what is received from.
fn received(scene: &Scene<'_, '_>, op: &Op) -> Option<PathId> {
    scene.body.acts.iter().find_map(|act| match act.kind {
        ActKind::Receive(Some(path)) if act.step == op.step => Some(path),
        _ => None,
    })
}

/// Whether a tick is all that the function ever waits for, in a loop that nothing ends.
fn is_all_there_is(scene: &Scene<'_, '_>, op: &Op) -> bool {
    let graph = scene.graph();
    let endless = match op.kind {
        OpKind::Range => is_endless(scene, op),
        _ => !scene.can_end(),
    };
    endless
        && op.is_alone()
        && !graph.is_reachable(graph.panic)
        && !graph.is_reachable(graph.gone)
        && scene.package.channels().ops_of(scene.id).iter().all(|one| one.step == op.step || one.kind == OpKind::Send)
}

/// A flag of the same struct that is set and that nobody ever reads.
fn unread_flag(scene: &Scene<'_, '_>, op: &Op) -> Option<Spotted> {
    let package = scene.package;
    if !is_all_there_is(scene, op) {
        return None;
    }
    let run = package.runs().of(scene.id).iter().find(|run| run.how.is_goroutine())?;
    let owner = receiver_type(scene)?;
    let (body, pos, name) = unread(scene, owner)?;
    let way = vec![
        package.scene(run.by).stop(run.pos, "starts the goroutine"),
        scene.stop(op.pos, "waits for ticks, for ever"),
        package.scene(body).stop(pos, format!("sets {name}, which nobody reads")),
    ];
    Some(Spotted::new(scene.body.file, op.pos, format!("the goroutine goes on for ever: nobody reads {name}"), way))
}

/// The struct that the function, or the one around it, is a method of.
fn receiver_type(scene: &Scene<'_, '_>) -> Option<herd_golang::types::TypeId> {
    let unit = &scene.package.unit;
    let mut at = scene.id;
    while let Some(outer) = unit.body(at).outer {
        at = outer;
    }
    let body = unit.body(at);
    let receiver = *body.params.first()?;
    let declared = unit.file_of(body).checked.locals.get(receiver.0 as usize)?;
    (declared.kind == herd_golang::types::LocalKind::Receiver).then(|| unit.types.pointed_at(declared.ty))
}

/// A field of a struct that is only ever stored to: an atomic, or a truth value.
fn unread(
    scene: &Scene<'_, '_>,
    owner: herd_golang::types::TypeId,
) -> Option<(herd_golang::acts::BodyId, herd_golang::ast::Pos, String)> {
    let unit = &scene.package.unit;
    let types = unit.types;
    let Type::Struct(fields) = types.get(types.underlying(owner)) else { return None };
    let is_flag = |ty| match types.get(ty) {
        Type::Named { object, .. } => types.object_text(*object) == "sync/atomic.Bool",
        Type::Basic(basic) => basic.is_boolean(),
        _ => false,
    };
    for (index, field) in fields.iter().enumerate().filter(|(_, field)| field.scope.is_some() && is_flag(field.ty)) {
        let mut stored = None;
        let mut read = false;
        for (body_index, body) in unit.bodies.iter().enumerate() {
            let checked = &unit.file_of(body).checked;
            for act in &body.acts {
                let Some(Expr::Call { fun, .. }) = act.call.map(|call| *checked.file.expr(call)) else { continue };
                let Expr::Selector { x, sel } = *checked.file.expr(checked.file.unparen(fun)) else { continue };
                if is_field(checked, types, x, owner, index) && types.names().text(sel.name) == "Store" {
                    stored = Some((herd_golang::acts::BodyId(body_index as u32), act.pos, x));
                }
            }
        }
        let (body, pos, target) = stored?;
        for file in &unit.files {
            for (id, expr) in file.checked.file.all_exprs() {
                let Expr::Selector { .. } = expr else { continue };
                let is_store = std::ptr::eq(&raw const *file, &raw const *unit.file_of(unit.body(body))) && id == target;
                read |= is_field(&file.checked, types, id, owner, index) && !is_store;
            }
        }
        if !read {
            return Some((body, pos, types.names().text(field.name).to_owned()));
        }
    }
    None
}

fn is_field(
    checked: &herd_golang::types::CheckedFile<'_>,
    types: &herd_golang::types::Types<'_>,
    x: herd_golang::ast::ExprId,
    owner: herd_golang::types::TypeId,
    index: usize,
) -> bool {
    let _ = types;
    checked.selection(checked.file.unparen(x)).is_some_and(|one| {
        one.kind == herd_golang::types::SelectionKind::Field
            && one.owner == owner
            && one.path.indices().last().is_some_and(|last| usize::from(*last) == index)
    })
}

/// A goroutine of its own for each value that a function makes, which follows a ticker and which nothing ends.
fn of_each(scene: &Scene<'_, '_>, op: &Op) -> Option<Spotted> {
    let package = scene.package;
    if !is_all_there_is(scene, op)
        || scene
            .body
            .acts
            .iter()
            .any(|act| act.when == When::Now && matches!(act.kind, ActKind::Known(Known::Exit | Known::Goexit, _)))
    {
        return None;
    }
    let run = only_run(package, scene.id).filter(|run| run.how.is_goroutine())?;
    let by = package.scene(run.by);
    let receiver = scene.body.params.first().copied()?;
    let declared = scene.file().checked.locals.get(receiver.0 as usize)?;
    let owner = package.unit.types.pointed_at(declared.ty);
    if declared.kind != herd_golang::types::LocalKind::Receiver || by.is_start() {
        return None;
    }
    let made = made_here(&by, run.call, owner)?;
    if is_run_once(package, run.by) {
        return None;
    }
    let way = vec![
        by.stop(made, "makes a value"),
        by.stop(run.pos, "starts a goroutine for it"),
        scene.stop(op.pos, "follows a ticker, and nothing ends it"),
    ];
    Some(Spotted::new(scene.body.file, op.pos, "the goroutine follows a ticker for ever, one for each value that is made", way))
}

/// Whether a function is only called where nothing is done twice: by what `sync.Once` runs, or where the program starts.
fn is_run_once(package: &Package<'_>, body: BodyId) -> bool {
    let once = |literal: BodyId| {
        let Some(outer) = package.unit.body(literal).outer else { return false };
        let acts = &package.unit.body(outer).acts;
        acts.iter().any(|act| {
            let given = act.call.and_then(|call| package.unit.literal_arg(outer, call, 1));
            matches!(act.kind, ActKind::Known(Known::OnceDo, _)) && given == Some(literal)
        })
    };
    let runs = package.runs();
    let of = runs.of(body);
    !runs.is_open(body) && !of.is_empty() && of.iter().all(|run| once(run.by) || package.scene(run.by).is_start())
}

/// From this version of a file's language on a ticker that nobody refers to is collected, stopped or not.
const COLLECTED_SINCE: Language = Language(23);

/// A ticker of the function alone that it leaves behind without stopping it, before tickers were collected.
fn never_stopped(scene: &Scene<'_, '_>, act: &Act) -> Option<Spotted> {
    if !matches!(act.kind, ActKind::Known(Known::NewTicker, _)) || scene.file().checked.language >= COLLECTED_SINCE {
        return None;
    }
    let checked = &scene.file().checked;
    let file = checked.file;
    let graph = scene.graph();
    let (stmt, local) = graph.steps.iter().find_map(|step| match *step {
        Step::Assign(stmt) => match *file.stmt(stmt) {
            Stmt::Assign { lhs, rhs, .. } => match (file.list(lhs), file.list(rhs)) {
                ([to], [from]) if Some(file.unparen(*from)) == act.call => Some((stmt, scene.local(*to)?)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })?;
    let uses = scene.file().uses.get(local.0 as usize)?;
    let declared = checked.locals.get(local.0 as usize)?;
    let own = declared.function == Some(scene.body.function) && uses.is_constant() && !uses.captured;
    // It is read from, and nothing else becomes of it.
    let read: Vec<ExprId> = file
        .all_exprs()
        .filter_map(|(_, expr)| match *expr {
            Expr::Selector { x, sel } if scene.package.unit.types.names().text(sel.name) == "C" => Some(file.unparen(x)),
            _ => None,
        })
        .collect();
    let only_read = file.all_exprs().all(|(id, expr)| {
        !matches!(expr, Expr::Ident { .. })
            || checked.meaning(id) != Meaning::Local(local)
            || file.expr_span(id).start == declared.pos
            || read.contains(&id)
    });
    // A loop over its ticks has no end.
    let ticks = scene.package.channels().ops_of(scene.id).iter().filter(|op| op.kind == OpKind::Range && is_time(scene, op));
    let behind: Steps = ticks
        .flat_map(|op| graph.edges(graph.place(op.step).block))
        .filter(|edge| edge.kind == EdgeKind::RangeDone)
        .map(|edge| graph.start(edge.to).step)
        .collect();
    let to_end = |place: Place| place.block == graph.exit && !behind.contains(place.step);
    scene.way_from_start(to_end, &behind)?;
    if !own || !only_read || scene.is_start() {
        return None;
    }
    let name = scene.name_of(local);
    let at = file.expr_span(act.call?).start;
    let end = file.stmt_span(stmt).end;
    let text = format!("\n{}defer {name}.Stop()", indent(file, file.stmt_span(stmt).start));
    let edit = Edit { span: Span { start: end, end }, text };
    let repair = Repair { safety: Safety::Safe, text: "stop the ticker when the function ends".to_owned(), edits: vec![edit] };
    let way = vec![
        scene.stop(at, format!("{name} starts to tick")),
        scene.stop(scene.body_end(), format!("ends, and {name} goes on: before Go 1.23 it is never collected")),
    ];
    Some(Spotted::new(scene.body.file, at, format!("{name} is never stopped"), way).cured_by(Some(repair)))
}

/// A method that has the clock call it again whenever it is called, and keeps no hold of that.
fn sets_itself(scene: &Scene<'_, '_>, act: &Act) -> Option<Spotted> {
    if act.kind != ActKind::Known(Known::TimeAfterFunc, None) && !matches!(act.kind, ActKind::Known(Known::TimeAfterFunc, _)) {
        return None;
    }
    let checked = &scene.file().checked;
    let file = checked.file;
    let call = act.call?;
    let Expr::Call { args, .. } = *file.expr(call) else { return None };
    let callback = file.unparen(*file.list(args).get(1)?);
    let object = match checked.meaning(callback) {
        Meaning::Object(object) => Some(object),
        Meaning::Selection(_) => checked.selection(callback).and_then(|one| one.object),
        _ => None,
    };
    let dropped = file.all_stmts().any(|(_, stmt)| matches!(*stmt, Stmt::Expr { x } if file.unparen(x) == call));
    let graph = scene.graph();
    let always = scene.way_from_start(|place| place.block == graph.exit, &Steps::from_iter([act.step])).is_none();
    if object.is_none() || object != scene.body.object || !dropped || !always || act.when != When::Now {
        return None;
    }
    let way = vec![
        scene.stop(scene.body_start(), "is called by a timer"),
        scene.stop(act.pos, "sets the next timer, always, and keeps nothing to stop it by"),
    ];
    Some(Spotted::new(scene.body.file, act.pos, "the function sets itself anew for ever", way))
}
