//! The source eye of LK009: an answer's body, rows or a transaction that stays open on some way, and a transport for one call.
//!
//! Silent where what was opened is handed on, stored, returned or captured: somebody else may close it.

use herd_golang::Token;
use herd_golang::acts::When;
use herd_golang::ast::{Expr, ExprId, Pos, Stmt, StmtId};
use herd_golang::flow::{self, EdgeKind, Step};
use herd_golang::types::{LocalId, Meaning};

use crate::source::{Edit, Repair, Safety, Scene, Spotted, StopPlace};
use crate::source_calls::{Called, Library};
use crate::source_release::{Taken, Unsettled, Use, is_repeated, unsettled};

/// Returns shown of one fault.
const RETURNS_MAX: usize = 4;

/// What stays open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opened {
    Answer,
    Rows,
    Transaction,
}

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    if scene.library().is_empty() || !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (act, library) in scene.library() {
        let (When::Now, Some(call)) = (act.when, act.call) else { continue };
        let name = scene.callee(call).map_or("", |name| name.name);
        let opened = match library {
            Library::HttpShortcut | Library::ClientShortcut if name != "Head" => Opened::Answer,
            Library::ClientDo if !asks_for_no_body(scene, call) => Opened::Answer,
            Library::Sql | Library::SqlContext => match name {
                "Query" | "QueryContext" => Opened::Rows,
                "Begin" | "BeginTx" => Opened::Transaction,
                _ => continue,
            },
            _ => continue,
        };
        found.extend(left_open(scene, call, opened));
    }
    found.extend(transports(scene));
    found
}

fn left_open(scene: &Scene<'_, '_>, call: ExprId, opened: Opened) -> Option<Spotted> {
    let file = scene.file().checked.file;
    let (step, targets) = scene.results_of(call)?;
    let at = file.expr_span(call).start;
    let [target, error] = targets else { return None };
    if scene.written(*target) == "_" {
        let text = match opened {
            Opened::Answer => "the answer is thrown away, and its body stays open",
            Opened::Rows => "the rows are thrown away, and hold their connection",
            Opened::Transaction => "the transaction is thrown away, and holds its connection",
        };
        return Some(Spotted::new(scene.body.file, at, text, Vec::new()));
    }
    let value = scene.local(*target)?;
    let declared = scene.file().checked.locals.get(value.0 as usize)?;
    if declared.function != Some(scene.body.function) || declared.kind == herd_golang::types::LocalKind::Result {
        return None;
    }
    let error = scene.local(*error);
    if error.is_some_and(|error| is_tag(scene, error)) {
        return None;
    }
    let taken = Taken { step, value, error };
    let Unsettled { way, returns } =
        unsettled(scene, taken, &|step| use_of(scene, step, value, opened), &|edge| is_read_to_the_end(scene, edge, value))?;
    let name = scene.written(*target);
    let what = match opened {
        Opened::Answer => format!("{name}.Body is not closed"),
        Opened::Rows => format!("{name} are not closed"),
        Opened::Transaction => format!("{name} is neither committed nor rolled back"),
    };
    let mut stops = vec![scene.stop(at, format!("opens {name}"))];
    let jumps = scene.jumps(&way);
    let end = way.last().copied()?;
    stops.extend(jumps);
    if end.block != scene.graph().exit
        && let Some(last) = last_of_round(scene, call, step)
    {
        stops.push(scene.stop(last, format!("the round ends, and {what}")));
    } else if stops.len() == 1 {
        stops.push(scene.stop(scene.body_end(), format!("ends, and {what}")));
    } else if let Some(last) = stops.last_mut() {
        last.text = format!("{}, and {what}", last.text);
    }
    for step in returns.iter().take(RETURNS_MAX) {
        let pos = flow::pos(file, *scene.graph().steps.get(step.index())?);
        let shown =
            stops.iter().any(|stop| matches!(stop.place, StopPlace::Here { pos: at, .. } if file.line(at) == file.line(pos)));
        if !shown {
            stops.push(scene.stop(pos, format!("returns as well, and {what}")));
        }
    }
    let text = format!("{what} on every way out");
    Some(Spotted::new(scene.body.file, at, text, stops).cured_by(closed_at_once(scene, taken, call, opened, &name)))
}

/// Whether a switch goes by the error: which cases have an answer is hard to say.
fn is_tag(scene: &Scene<'_, '_>, error: LocalId) -> bool {
    scene.graph().steps.iter().any(|step| match *step {
        Step::Tag(x) | Step::CaseExpr(x) => scene.local(x) == Some(error),
        _ => false,
    })
}

/// Whether the request of `client.Do` asks for the head alone, and nobody changes that.
fn asks_for_no_body(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let Some(request) = scene.args(call).first().and_then(|x| scene.local(*x)) else { return false };
    let Some(made) = scene.made_from(request) else { return false };
    let is_head = scene.args(made).iter().take(2).any(|x| {
        let constant = checked.constant(scene.package.unit.types, *x);
        matches!(constant, Some(herd_golang::types::Constant::String(text)) if scene.package.unit.types.names().text(text) == "HEAD")
    });
    let is_changed = file.all_stmts().any(|(_, stmt)| match *stmt {
        Stmt::Assign { lhs, .. } => file.list(lhs).iter().any(|x| match *file.expr(file.unparen(*x)) {
            Expr::Selector { x, .. } => scene.local(x) == Some(request),
            _ => false,
        }),
        _ => false,
    });
    is_head && !is_changed
}

/// What a step that names the variable does with it.
fn use_of(scene: &Scene<'_, '_>, step: Step, value: LocalId, opened: Opened) -> Use {
    let checked = &scene.file().checked;
    let call = match step {
        Step::Call(call) => call,
        Step::Condition(_) | Step::Tag(_) | Step::CaseExpr(_) | Step::RangeHead(_) => return Use::Looks,
        Step::Assign(_) | Step::Declare(_) | Step::Return(_) | Step::Composite(_) | Step::Send(_) => {
            return if hands_on(scene, step, value) { Use::Settles } else { Use::Looks };
        }
        _ => return Use::Settles,
    };
    let Expr::Call { fun, .. } = *checked.file.expr(call) else { return Use::Settles };
    if let Expr::Selector { x, sel } = *checked.file.expr(checked.file.unparen(fun))
        && starts_with(scene, x, value)
    {
        let name = scene.package.unit.types.names().text(sel.name);
        return match (opened, name) {
            (_, "Close" | "Commit" | "Rollback") | (Opened::Answer, "Write") => Use::Settles,
            (Opened::Rows | Opened::Transaction, _) if scene.local(x) != Some(value) => Use::Settles,
            _ => Use::Looks,
        };
    }
    if hands_on(scene, step, value) && !(opened == Opened::Answer && scene.callee(call).is_some_and(reads)) {
        return Use::Settles;
    }
    Use::Looks
}

/// Whether a step takes the thing itself, or its body, and not what can be read off it.
fn hands_on(scene: &Scene<'_, '_>, step: Step, value: LocalId) -> bool {
    let checked = &scene.file().checked;
    let mut read_off: Vec<ExprId> = Vec::new();
    let mut found = false;
    flow::own_exprs(checked.file, step, |x| match *checked.file.expr(x) {
        Expr::Selector { x: inner, sel }
            if scene.local(inner) == Some(value) && scene.package.unit.types.names().text(sel.name) != "Body" =>
        {
            read_off.push(checked.file.unparen(inner));
        }
        Expr::Ident { .. } => found |= checked.meaning(x) == Meaning::Local(value) && !read_off.contains(&x),
        // Compared with nil, it stays where it is.
        Expr::Binary { op: Token::Equal | Token::NotEqual, x: left, .. } => read_off.push(checked.file.unparen(left)),
        _ => {}
    });
    found
}

fn starts_with(scene: &Scene<'_, '_>, mut x: ExprId, value: LocalId) -> bool {
    let file = scene.file().checked.file;
    loop {
        match *file.expr(x) {
            Expr::Paren { x: inner } | Expr::Selector { x: inner, .. } => x = inner,
            _ => return scene.local(x) == Some(value),
        }
    }
}

/// Functions that read a body and leave it open.
fn reads(name: Called<'_>) -> bool {
    matches!(
        (name.package, name.owner, name.name),
        ("io" | "io/ioutil", "", "ReadAll" | "Copy" | "CopyN" | "CopyBuffer" | "ReadFull" | "LimitReader")
            | ("encoding/json" | "encoding/xml" | "encoding/gob", "", "NewDecoder")
            | ("bufio", "", "NewReader" | "NewReaderSize" | "NewScanner")
            | ("net/http/httputil", "", "DumpResponse")
    )
}

/// Rows that have no next one close themselves.
fn is_read_to_the_end(scene: &Scene<'_, '_>, edge: &flow::Edge, value: LocalId) -> bool {
    let EdgeKind::False(x) = edge.kind else { return false };
    let checked = &scene.file().checked;
    let Expr::Call { fun, .. } = *checked.file.expr(checked.file.unparen(x)) else { return false };
    match *checked.file.expr(checked.file.unparen(fun)) {
        Expr::Selector { x, sel } => scene.local(x) == Some(value) && scene.package.unit.types.names().text(sel.name) == "Next",
        _ => false,
    }
}

/// The last step of the round of a loop that a call stands in.
fn last_of_round(scene: &Scene<'_, '_>, call: ExprId, step: flow::StepId) -> Option<Pos> {
    let graph = scene.graph();
    let file = scene.file().checked.file;
    let loops = flow::loops(graph, &flow::dominators(graph));
    let inner = loops.innermost.get(graph.place(step).block.index()).copied().flatten()?;
    let from = file.expr_span(call).start;
    let places = loops.get(inner).back.iter().filter_map(|edge| {
        let block = graph.edges.get(edge.index())?.from;
        let mut at = block;
        // The step that ends the round may stand before empty blocks.
        while graph.steps(at).is_empty() {
            at = graph.edges_into(at).next()?.from;
        }
        Some(flow::pos(file, *graph.steps(at).last()?))
    });
    places.filter(|pos| *pos > from).max()
}

/// `defer x.Close()` behind the check of the error, where nothing closes it.
fn closed_at_once(scene: &Scene<'_, '_>, taken: Taken, call: ExprId, opened: Opened, name: &str) -> Option<Repair> {
    let graph = scene.graph();
    let file = scene.file().checked.file;
    let what = match opened {
        Opened::Answer => format!("{name}.Body.Close()"),
        Opened::Rows => format!("{name}.Close()"),
        Opened::Transaction => return None,
    };
    let settled = graph.steps.iter().enumerate().any(|(index, step)| {
        index != taken.step.index()
            && crate::source_release::mentions(scene, *step, taken.value)
            && use_of(scene, *step, taken.value, opened) == Use::Settles
    });
    if settled || is_repeated(scene, taken.step) {
        return None;
    }
    let check = check_behind(scene, call, taken.error?)?;
    let at = file.stmt_span(check).end;
    let edits =
        vec![Edit { span: herd_golang::ast::Span { start: at, end: at }, text: format!("\n{}defer {what}", scene.indent(at)) }];
    Some(Repair { safety: Safety::Safe, text: format!("closes {name} when the function ends"), edits })
}

/// The `if err != nil` right behind the statement of a call, which leaves the function.
fn check_behind(scene: &Scene<'_, '_>, call: ExprId, error: LocalId) -> Option<StmtId> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let own = |stmt: StmtId| match *file.stmt(stmt) {
        Stmt::Assign { rhs, .. } => matches!(file.list(rhs), [from] if file.unparen(*from) == call),
        _ => false,
    };
    let next = file.all_stmts().find_map(|(_, stmt)| {
        let Stmt::Block { stmts } = *stmt else { return None };
        let stmts = file.list(stmts);
        let at = stmts.iter().position(|stmt| own(*stmt))?;
        stmts.get(at + 1).copied()
    })?;
    let Stmt::If { init: None, cond, body, els: None } = *file.stmt(next) else { return None };
    let Expr::Binary { op: Token::NotEqual, x, y, .. } = *file.expr(file.unparen(cond)) else { return None };
    let checks = scene.local(x) == Some(error) && checked.meaning(file.unparen(y)) == Meaning::Nil;
    let leaves = matches!(file.block(body).last().map(|last| *file.stmt(*last)), Some(Stmt::Return { .. }));
    (checks && leaves).then_some(next)
}

/// Transports that are made for one call: their idle connections stay until the other side hangs up.
fn transports(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let unit = &scene.package.unit;
    let mut found = Vec::new();
    if scene.is_command() {
        return found;
    }
    for (act, library) in scene.library() {
        let (Library::ClientDo | Library::ClientShortcut, Some(call)) = (library, act.call) else { continue };
        let Some(client) = scene.called_on(call).and_then(|x| scene.local(x)) else { continue };
        let own = checked.locals.get(client.0 as usize).is_some_and(|local| local.function == Some(scene.body.function));
        let Some(made) = scene.made_from(client) else { continue };
        let Some(transport) = scene.field_of(made, ("net/http", "Client"), "Transport").flatten() else { continue };
        let limits = ["DisableKeepAlives", "IdleConnTimeout", "MaxIdleConns", "DialContext", "Dial"];
        let is_bare = limits.iter().all(|field| scene.field_of(transport, ("net/http", "Transport"), field) == Some(None));
        if !own || !is_bare || !is_only_called_on(scene, client) {
            continue;
        }
        let at = file.expr_span(made).start;
        let name =
            unit.types.names().text(checked.locals.get(client.0 as usize).map_or(herd_golang::known::EMPTY, |one| one.name));
        let way = vec![
            scene.stop(at, format!("{name} is made with a transport of its own")),
            scene.stop(act.pos, "the connection stays in it when the call is over"),
            scene.stop(scene.body_end(), "nobody can use or close it any more"),
        ];
        let text = format!("{name} is made with a transport for this call alone, whose connections stay open");
        found.push(Spotted::new(scene.body.file, at, text, way));
        break;
    }
    found
}

/// Whether a client is used for calls and nothing else.
fn is_only_called_on(scene: &Scene<'_, '_>, client: LocalId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let mut called_on = 0;
    for (id, expr) in file.all_exprs() {
        if let Expr::Call { .. } = expr
            && scene.called_on(id).and_then(|x| scene.local(x)) == Some(client)
        {
            if scene.callee(id).is_some_and(|name| name.name == "CloseIdleConnections") {
                return false;
            }
            called_on += 1;
        }
    }
    let declared = checked.locals.get(client.0 as usize).map(|local| local.pos);
    let named = file.all_exprs().filter(|(id, expr)| {
        matches!(expr, Expr::Ident { .. })
            && checked.meaning(*id) == Meaning::Local(client)
            && Some(file.expr_span(*id).start) != declared
    });
    named.count() == called_on
}
