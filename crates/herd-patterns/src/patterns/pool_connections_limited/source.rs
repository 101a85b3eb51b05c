//! The source eye of DL009: a query that needs a second connection while the rows of another one hold the first.
//!
//! On trial: it hangs only where the number of connections is limited, and under load.

use herd_golang::acts::{Act, ActKind, Target, When};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt};

use crate::source::{Scene, Spotted};
use crate::source_calls::{Library, declared};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    if scene.library().is_empty() || !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    let queries = scene.library().iter().filter(|(act, library)| {
        let name = act.call.and_then(|call| scene.callee(call)).map_or("", |name| name.name);
        matches!(library, Library::Sql | Library::SqlContext) && matches!(name, "Query" | "QueryContext") && act.when == When::Now
    });
    queries.filter_map(|(act, _)| inside(scene, act)).collect()
}

/// A query of the same database in the loop over the rows of another one.
fn inside(scene: &Scene<'_, '_>, query: &Act) -> Option<Spotted> {
    let file = scene.file().checked.file;
    let call = query.call?;
    let database = database(scene, call)?;
    let (_, targets) = scene.results_of(call)?;
    let rows = scene.local(*targets.first()?)?;
    let body = file.all_stmts().find_map(|(_, stmt)| match *stmt {
        Stmt::For { cond: Some(cond), body, .. } => {
            let is_next =
                scene.callee(file.unparen(cond)).is_some_and(|name| (name.package, name.name) == ("database/sql", "Next"));
            let on = scene.called_on(file.unparen(cond)).and_then(|x| scene.local(x));
            (is_next && on == Some(rows)).then_some(file.stmt_span(body))
        }
        _ => None,
    })?;
    let within = |pos: Pos| body.start <= pos && pos < body.end;
    let (second, place) = scene.body.acts.iter().filter(|act| within(act.pos) && act.when == When::Now).find_map(|act| {
        let again = asks(scene, act, &database)?;
        Some((act, again))
    })?;
    let name = scene.written(*targets.first()?);
    let way = vec![
        scene.stop(query.pos, format!("{name} hold a connection until they are closed or read to the end")),
        scene.stop(second.pos, "asks for a second connection meanwhile"),
        place,
    ];
    let text = format!(
        "a second connection is asked for while {name} hold the first: with a limit on connections all may wait for each other"
    );
    Some(Spotted::new(scene.body.file, second.pos, text, way))
}

/// What a query is made on, as it is written, where it is a database: transactions and connections have one connection for all they do.
fn database(scene: &Scene<'_, '_>, call: ExprId) -> Option<String> {
    let on = scene.called_on(call)?;
    let ty = scene.file().checked.type_of(on);
    (declared(&scene.package.unit, ty) == Some(("database/sql", "DB"))).then(|| scene.written(on))
}

/// Where a call asks the same database: by itself, or as a method of the same value that does.
fn asks(scene: &Scene<'_, '_>, act: &Act, of: &str) -> Option<crate::source::Stop> {
    let call = act.call?;
    let is_query = |scene: &Scene<'_, '_>, call: ExprId| {
        scene
            .library()
            .iter()
            .any(|(one, library)| one.call == Some(call) && matches!(library, Library::Sql | Library::SqlContext))
    };
    if is_query(scene, call) && database(scene, call).as_deref() == Some(of) {
        return Some(scene.stop(act.pos, "waits for a free connection"));
    }
    let ActKind::Call(Target::Object(object)) = act.kind else { return None };
    let (receiver, field) = of.split_once('.')?;
    let on = scene.called_on(call)?;
    if !matches!(*scene.file().checked.file.expr(on), Expr::Ident { .. }) || scene.written(on) != receiver {
        return None;
    }
    let callee = scene.package.scene(scene.package.unit.body_of(object)?);
    let own = callee.body.params.first().and_then(|one| callee.file().checked.locals.get(one.0 as usize))?;
    let own = scene.package.unit.types.names().text(own.name);
    callee.body.acts.iter().filter(|act| act.when == When::Now).find_map(|act| {
        let inner = act.call?;
        let same = is_query(&callee, inner) && database(&callee, inner) == Some(format!("{own}.{field}"));
        same.then(|| callee.stop(act.pos, "waits for a free connection"))
    })
}
