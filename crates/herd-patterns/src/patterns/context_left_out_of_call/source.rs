//! The source eye of CX004: a call that waits and has a twin that takes a context, where one is at hand.
//!
//! Silent where the request gets its context later, or is sent by somebody else; where the context at hand is over; where a program is started
//! and not waited for.

use herd_golang::acts::{Act, ActKind, Target, When};
use herd_golang::ast::{Expr, ExprId, Span};
use herd_golang::types::LocalId;

use crate::source::{Edit, Repair, Safety, Scene, Spotted};
use crate::source_calls::Library;
use crate::source_contexts::{AtHand, at_hand, is_afterwards};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let has_twin = |library: &Library| {
        matches!(
            library,
            Library::HttpShortcut
                | Library::ClientShortcut
                | Library::NewRequest
                | Library::Dial
                | Library::Command
                | Library::Sql
        )
    };
    let calls: Vec<&(Act, Library)> =
        scene.library().iter().filter(|(act, library)| act.when == When::Now && has_twin(library)).collect();
    if calls.is_empty() || !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    let Some(context) = at_hand(scene) else { return Vec::new() };
    calls.into_iter().filter_map(|(act, library)| left_out(scene, act, *library, &context)).collect()
}

fn left_out(scene: &Scene<'_, '_>, act: &Act, library: Library, context: &AtHand) -> Option<Spotted> {
    let call = act.call?;
    let name = scene.callee(call)?.name;
    let (waits, twin) = match library {
        Library::NewRequest => (sent(scene, call)?, "http.NewRequestWithContext".to_owned()),
        Library::Command => (run(scene, call)?, "exec.CommandContext".to_owned()),
        Library::HttpShortcut | Library::ClientShortcut => (None, "http.NewRequestWithContext and Do".to_owned()),
        Library::Dial if is_tcp(scene, call) => (None, "the dialer's DialContext".to_owned()),
        // The transaction has the context already.
        Library::Sql if scene.called_on(call).is_some_and(|x| is_bound(scene, x)) => return None,
        Library::Sql if name == "Begin" => (None, "BeginTx".to_owned()),
        Library::Sql => (None, format!("{name}Context")),
        _ => return None,
    };
    if is_afterwards(scene, act.step) {
        return None;
    }
    let file = scene.file().checked.file;
    let at = file.expr_span(call).start;
    let written = match *file.expr(call) {
        Expr::Call { fun, .. } => scene.written(fun),
        _ => name.to_owned(),
    };
    let mut way = Vec::new();
    if let Some(pos) = waits {
        way.push(scene.stop(at, format!("{written} takes no context")));
        way.push(scene.stop(pos, format!("waits, whatever becomes of {}", context.text)));
    }
    let text = format!("{written} knows nothing of {}; {twin} takes it", context.text);
    Some(Spotted::new(scene.body.file, at, text, way).cured_by(passed_on(scene, call, library, context)))
}

/// Where the request of `http.NewRequest` is sent, if it gets no other context before: here, or by a function of the package that is given it.
#[allow(clippy::option_option, reason = "the place of the wait is not always another one than the call")]
fn sent(scene: &Scene<'_, '_>, call: ExprId) -> Option<Option<herd_golang::ast::Pos>> {
    let (_, targets) = scene.results_of(call)?;
    let request = scene.local(*targets.first()?)?;
    let checked = &scene.file().checked;
    let file = checked.file;
    let replaced = file.all_exprs().any(|(_, expr)| match *expr {
        Expr::Selector { x, sel } => {
            let name = scene.package.unit.types.names().text(sel.name);
            matches!(name, "WithContext" | "Clone" | "Cancel") && scene.local(x) == Some(request)
        }
        _ => false,
    });
    if replaced || scene.goes_elsewhere(request) {
        return None;
    }
    let mut found = None;
    for act in &scene.body.acts {
        let Some(one) = act.call else { continue };
        let Some(number) = scene.args(one).iter().position(|x| scene.local(*x) == Some(request)) else { continue };
        let is_sent = match act.kind {
            ActKind::Call(Target::Object(object)) => {
                scene.library().iter().any(|(known, library)| known.call == act.call && *library == Library::ClientDo)
                    || scene.package.unit.body_of(object).is_some_and(|body| sends(scene, body, number))
            }
            _ => false,
        };
        if is_sent {
            found = Some(act.pos);
        } else if !is_harmless(scene, one) {
            return None;
        }
    }
    found.map(Some)
}

/// Whether a function of the package sends the request that it is given as it is.
fn sends(scene: &Scene<'_, '_>, body: herd_golang::acts::BodyId, number: usize) -> bool {
    let callee = scene.package.scene(body);
    let params = &callee.body.params;
    let locals = &callee.file().checked.locals;
    let is_method = params
        .first()
        .and_then(|one| locals.get(one.0 as usize))
        .is_some_and(|one| one.kind == herd_golang::types::LocalKind::Receiver);
    let Some(param) = params.get(number + usize::from(is_method)).copied() else { return false };
    let file = callee.file().checked.file;
    let replaced = file.all_exprs().any(|(_, expr)| match *expr {
        Expr::Selector { x, sel } => {
            let name = scene.package.unit.types.names().text(sel.name);
            matches!(name, "WithContext" | "Clone") && callee.local(x) == Some(param)
        }
        _ => false,
    });
    let is_set = callee.file().uses.get(param.0 as usize).is_none_or(|uses| !uses.is_constant());
    let does = callee.library().iter().any(|(act, library)| {
        let request = act.call.and_then(|call| callee.local(*callee.args(call).first()?));
        *library == Library::ClientDo && request == Some(param)
    });
    does && !replaced && !is_set
}

/// Calls that a request is given to and stays what it was.
fn is_harmless(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    scene.callee(call).is_some_and(|name| matches!(name.package, "fmt" | "log" | "log/slog" | "net/http/httputil"))
}

/// Where a command that was made is waited for.
#[allow(clippy::option_option, reason = "the place of the wait is not always another one than the call")]
fn run(scene: &Scene<'_, '_>, call: ExprId) -> Option<Option<herd_golang::ast::Pos>> {
    let command = scene.results_of(call).and_then(|(_, targets)| scene.local(*targets.first()?));
    if command.is_some_and(|command| scene.goes_elsewhere(command) || is_handed_on(scene, command)) {
        return None;
    }
    scene.body.acts.iter().filter(|act| act.when == When::Now).find_map(|act| {
        let one = act.call?;
        let name = scene.callee(one)?;
        let waits = (name.package, name.owner) == ("os/exec", "Cmd") && matches!(name.name, "Run" | "Output" | "CombinedOutput");
        let on = scene.called_on(one)?;
        (waits && (on == call || command.is_some() && scene.local(on) == command)).then_some(Some(act.pos))
    })
}

/// Whether a command is given to other functions, or started: it may be meant to go on.
fn is_handed_on(scene: &Scene<'_, '_>, command: LocalId) -> bool {
    let file = scene.file().checked.file;
    file.all_exprs().any(|(id, expr)| match *expr {
        Expr::Call { args, .. } => {
            file.list(args).iter().any(|x| scene.local(*x) == Some(command))
                || scene.called_on(id).is_some_and(|x| scene.local(x) == Some(command))
                    && scene.callee(id).is_some_and(|name| name.name == "Start")
        }
        _ => false,
    })
}

/// Whether another machine is dialled over TCP, for all that is written: what needs no answer of it is dialled at once.
fn is_tcp(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    let checked = &scene.file().checked;
    let near = |x: &ExprId| ["127.0.0.1", "localhost", "[::1]"].iter().any(|near| scene.written(*x).contains(near));
    if scene.args(call).iter().any(near) {
        return false;
    }
    let network = scene.args(call).first().and_then(|x| checked.constant(scene.package.unit.types, *x));
    matches!(network, Some(herd_golang::types::Constant::String(text))
        if scene.package.unit.types.names().text(text).starts_with("tcp"))
}

/// Whether what a query is made on was made with a context: a transaction or statement that ends with it.
fn is_bound(scene: &Scene<'_, '_>, x: ExprId) -> bool {
    let Some(local) = scene.local(x) else { return false };
    let Some(made) = scene.made_from(local) else { return false };
    scene.callee(made).is_some_and(|name| matches!(name.name, "BeginTx" | "Conn"))
}

/// The call with the context, where that is one call again.
fn passed_on(scene: &Scene<'_, '_>, call: ExprId, library: Library, context: &AtHand) -> Option<Repair> {
    let file = scene.file().checked.file;
    let Expr::Call { fun, left_paren, args, .. } = *file.expr(call) else { return None };
    let Expr::Selector { sel, .. } = *file.expr(file.unparen(fun)) else { return None };
    let name = scene.package.unit.types.names().text(sel.name);
    let twin = match library {
        Library::NewRequest => "NewRequestWithContext".to_owned(),
        Library::Command => "CommandContext".to_owned(),
        Library::Sql if name == "Begin" => "BeginTx".to_owned(),
        Library::Sql => format!("{name}Context"),
        _ => return None,
    };
    if is_hidden(scene, context, call) {
        return None;
    }
    let behind = herd_golang::ast::Pos::at(left_paren.offset() + 1);
    let given = match (args.is_empty(), &*twin) {
        (_, "BeginTx") => format!("{}, nil", context.text),
        (true, _) => context.text.clone(),
        (false, _) => format!("{}, ", context.text),
    };
    let edits = vec![
        Edit { span: file.ident_span(sel), text: twin.clone() },
        Edit { span: Span { start: behind, end: behind }, text: given },
    ];
    // A program that is killed half way may leave more behind than a query does.
    let safety = if twin == "CommandContext" { Safety::Unsafe } else { Safety::Safe };
    Some(Repair { safety, text: format!("passes {} on to {twin}", context.text), edits })
}

/// Whether the name of the context at hand means something else where the call stands, for all that is known.
fn is_hidden(scene: &Scene<'_, '_>, context: &AtHand, call: ExprId) -> bool {
    let checked = &scene.file().checked;
    let Some(own) = checked.locals.get(context.local.0 as usize) else { return true };
    let at = checked.file.expr_span(call).start;
    let within = |local: &herd_golang::types::Local| {
        let mut body = Some(scene.id);
        while let Some(id) = body {
            if local.function == Some(scene.package.unit.body(id).function) {
                return true;
            }
            body = scene.package.unit.body(id).outer;
        }
        false
    };
    checked.locals.iter().any(|local| local.name == own.name && local.ty != own.ty && local.pos < at && within(local))
}
