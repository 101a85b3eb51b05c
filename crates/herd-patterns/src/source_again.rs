//! Locks that are asked for again by what a call comes to that only the whole program tells: the one type that has an interface's method.

use herd_golang::acts::{Acquired, LockKey, Root};

use crate::source_edges::{key_text, mode};
use crate::source_program::{CallUnderLock, Program, ProgramSpotted, Unresolved};
use crate::source_spotted::Stop;

/// Of the kinds, whether for reading, that are wanted.
pub fn taken_again(program: &Program<'_, '_>, wanted: impl Fn(bool, bool) -> bool) -> Vec<ProgramSpotted> {
    let mut found = Vec::new();
    for call in &program.facts.calls {
        // What fields hold is called with other parameters than its own.
        if !matches!(call.callee, Unresolved::Interface(..)) || !call.given.iter().any(|given| *given) {
            continue;
        }
        let Some(callee) = program.resolved(call.callee) else { continue };
        let Some(summary) = program.summaries.objects.get(&callee) else { continue };
        let again = |one: &&Acquired| one.certain && wanted(call.held.1, one.read) && is_same(call, one);
        let Some(asked) = summary.acquires.iter().find(again) else { continue };
        let name = key_text(program.types, call.held.0.key);
        let mut way = call.way.clone();
        let (function, pos) = call.at;
        let callee_name = program.types.names().text(program.types.name(callee));
        way.push(Stop::within(function, pos, format!("calls {callee_name}, which is all that can be called here")));
        let text = format!("asks for {name}{} while it is held", mode(asked.read));
        way.extend(Stop::along(program.types, callee, &asked.via, &text));
        found.push(ProgramSpotted { at: call.at, text: format!("{name} is asked for while it is held"), way });
    }
    found
}

/// Whether a lock that a callee asks for is the one that is held: of an argument that has it, or of what the receiver of a method, which a field of
/// the owner holds, points back to.
fn is_same(call: &CallUnderLock, asked: &Acquired) -> bool {
    let Root::Param(number) = asked.path.root else { return false };
    let given = call.given.get(usize::from(number)).copied().unwrap_or(false);
    match asked.path.fields.as_slice() {
        [lock] => number > 0 && given && LockKey::Field(*lock) == call.held.0.key,
        [_, lock] => number == 0 && call.on_field && LockKey::Field(*lock) == call.held.0.key,
        _ => false,
    }
}
