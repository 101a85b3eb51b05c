//! What would cure a lock that is kept on some way: giving it back when the function ends.

use herd_golang::acts::{LockAct, LockWhat, When};
use herd_golang::ast::{Expr, ExprId, Pos, Span};
use herd_golang::flow::Step;

use crate::source::{Edit, Repair, Safety, Scene};

/// `defer x.Unlock()` right behind the lock, and none of the other unlocks: to be read first, for what comes behind those is then done with the lock
/// held. Nothing where one of them is not a line by itself.
pub fn deferred_unlock(scene: &Scene<'_, '_>, held: &LockAct) -> Option<Repair> {
    let [(None, _)] = held.via.as_slice() else { return None };
    let file = scene.file().checked.file;
    let lock = call_of(scene, held)?;
    let Expr::Call { fun, .. } = *file.expr(lock) else { return None };
    let Expr::Selector { x, .. } = *file.expr(file.unparen(fun)) else { return None };
    let mut edits = Vec::new();
    for act in scene.locks.iter().filter(|act| act.path == held.path && act.step != held.step) {
        // More than one lock of it, or an unlock that somebody else makes.
        if act.what != LockWhat::Gives || act.when != When::Now || act.via.len() != 1 || act.read != held.read {
            return None;
        }
        edits.push(Edit { span: line(scene, call_of(scene, act)?)?, text: String::new() });
    }
    let own = line(scene, lock)?;
    let indent = indent(scene, own)?;
    let unlock = if held.read { "RUnlock" } else { "Unlock" };
    let text = format!("{indent}defer {}.{unlock}()\n", file.text(file.expr_span(x)));
    edits.push(Edit { span: Span { start: own.end, end: own.end }, text });
    edits.sort_by_key(|edit| edit.span.start);
    Some(Repair { safety: Safety::Unsafe, text: "give it back when the function ends".to_owned(), edits })
}

fn call_of(scene: &Scene<'_, '_>, act: &LockAct) -> Option<ExprId> {
    match *scene.graph().steps.get(act.step.index())? {
        Step::Call(call) => Some(call),
        _ => None,
    }
}

/// The line of an expression with its end, where nothing else stands on it.
fn line(scene: &Scene<'_, '_>, x: ExprId) -> Option<Span> {
    let file = scene.file().checked.file;
    let span = file.expr_span(x);
    let number = file.line(span.start) as usize;
    let start = *file.lines.get(number.checked_sub(1)?)?;
    let end = *file.lines.get(number)?;
    let before = file.source.get(start as usize..span.start.offset() as usize)?;
    let after = file.source.get(span.end.offset() as usize..end as usize)?;
    let blank = |text: &[u8]| text.iter().all(u8::is_ascii_whitespace);
    (blank(before) && blank(after)).then(|| Span { start: Pos::at(start), end: Pos::at(end) })
}

fn indent(scene: &Scene<'_, '_>, line: Span) -> Option<String> {
    let source = &scene.file().checked.file.source;
    let text = source.get(line.start.offset() as usize..line.end.offset() as usize)?;
    let width = text.iter().take_while(|byte| matches!(byte, b'\t' | b' ')).count();
    Some(String::from_utf8_lossy(text.get(..width)?).into_owned())
}
