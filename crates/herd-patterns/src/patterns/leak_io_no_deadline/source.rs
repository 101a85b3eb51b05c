//! The source eye of LK011: a read from a connection of a package that never sets a deadline.
//!
//! Silent where any function of the package sets one, or closes the connection from elsewhere; where the connection is no parameter or variable of
//! the function; in the function `main` of a program, which is all that waits there.

use herd_golang::acts::{Act, ActKind, BodyId, Target, When};
use herd_golang::ast::{Expr, ExprId};
use herd_golang::flow::Step;
use herd_golang::types::{LocalId, LocalKind};

use crate::source::{Scene, Spotted};
use crate::source_begun::is_only_called;
use crate::source_calls::{Called, declared};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let calls =
        |act: &&Act| matches!(act.kind, ActKind::Call(Target::Object(_) | Target::Interface(..))) && act.when == When::Now;
    if !scene.graph().sound || !has_connection(scene) || scene.is_test() || is_main_itself(scene) {
        return Vec::new();
    }
    let found = scene.body.acts.iter().filter(calls).find_map(|act| {
        let conn = read_from(scene, act.call?)?;
        let name = scene.name_of(conn);
        (is_ours(scene, conn) && !is_bounded(scene, conn)).then(|| {
            let text = format!("{name} has no deadline: this waits for as long as the other side is silent");
            Spotted::new(scene.body.file, act.pos, text, vec![scene.stop(act.pos, format!("reads from {name}"))])
        })
    });
    found.into_iter().collect()
}

/// Whether the function handles a connection: one is given to it, or it calls what makes one.
fn has_connection(scene: &Scene<'_, '_>) -> bool {
    let locals = &scene.file().checked.locals;
    let of_param = |param: &LocalId| locals.get(param.0 as usize).is_some_and(|local| is_connection(scene, local.ty));
    let makes = |step: &Step| match *step {
        Step::Call(call) => scene.callee(call).is_some_and(|called| makes_connection(&called)),
        _ => false,
    };
    scene.body.params.iter().any(of_param) || scene.graph().steps.iter().any(makes)
}

fn makes_connection(called: &Called<'_>) -> bool {
    matches!(called.package, "net" | "crypto/tls") && (called.name.starts_with("Dial") || called.name.starts_with("Accept"))
}

/// Whether this is the function `main` of a program.
fn is_main_itself(scene: &Scene<'_, '_>) -> bool {
    scene.is_command() && scene.body.object.is_some_and(|object| scene.package.object_name(object) == "main")
}

fn is_connection(scene: &Scene<'_, '_>, ty: herd_golang::types::TypeId) -> bool {
    matches!(
        declared(&scene.package.unit, ty),
        Some(("net", "Conn" | "TCPConn" | "UDPConn" | "PacketConn") | ("crypto/tls", "Conn"))
    )
}

/// The connection that a call waits for: itself, or below a buffer or scanner.
fn read_from(scene: &Scene<'_, '_>, call: ExprId) -> Option<LocalId> {
    let Called { package, owner, name } = scene.callee(call)?;
    let source = match (package, owner, name) {
        ("net" | "crypto/tls", _, "Read" | "ReadFrom" | "ReadFromUDP") => scene.called_on(call)?,
        ("io", "", "ReadFull" | "ReadAll" | "ReadAtLeast") => *scene.args(call).first()?,
        (
            "bufio",
            "Reader",
            "Read" | "ReadByte" | "ReadBytes" | "ReadLine" | "ReadRune" | "ReadString" | "ReadSlice" | "Peek",
        )
        | ("bufio", "Scanner", "Scan") => {
            let on = scene.called_on(call)?;
            let made = scene.local(on).and_then(|local| scene.made_from(local)).unwrap_or(on);
            let wraps = scene.callee(made).is_some_and(|name| name.package == "bufio" && name.name.starts_with("New"));
            wraps.then(|| scene.args(made).first().copied())??
        }
        _ => return None,
    };
    let source = match *scene.file().checked.file.expr(source) {
        Expr::Paren { x } => x,
        _ => source,
    };
    scene
        .local(source)
        .filter(|local| scene.file().checked.locals.get(local.0 as usize).is_some_and(|local| is_connection(scene, local.ty)))
}

/// Whether nobody outside of the package has the connection: it was made here, or given by functions of the package alone.
fn is_ours(scene: &Scene<'_, '_>, conn: LocalId) -> bool {
    let Some(local) = scene.file().checked.locals.get(conn.0 as usize) else { return false };
    let given = local.kind == LocalKind::Param && scene.body.params.contains(&conn);
    let made = scene.made_from(conn).and_then(|made| scene.callee(made)).is_some_and(|called| makes_connection(&called));
    local.function == Some(scene.body.function) && (made || given && is_only_called(scene.package, scene.body))
}

/// Whether some function of the package sets a deadline, or closes the connection when something else ends.
fn is_bounded(scene: &Scene<'_, '_>, conn: LocalId) -> bool {
    let package = scene.package;
    (0..package.unit.bodies.len()).map(|index| package.scene(BodyId(index as u32))).any(|one| {
        one.body.acts.iter().any(|act| {
            let Some(call) = act.call else { return false };
            let Some(name) = one.callee(call) else { return false };
            let closes = name.name == "Close" && name.package == "net" && name.owner.ends_with("Conn");
            matches!(name.name, "SetDeadline" | "SetReadDeadline") || closes && is_closed_by_another(scene, &one, call, conn)
        })
    })
}

/// Whether what a call closes may be the connection that is read from, and another function does so: it keeps it in a field, or is a literal.
fn is_closed_by_another(scene: &Scene<'_, '_>, by: &Scene<'_, '_>, call: ExprId, conn: LocalId) -> bool {
    let local = by.called_on(call).and_then(|x| by.local(x));
    let same = by.body.file == scene.body.file && local == Some(conn);
    local.is_none() || same && by.id != scene.id
}
