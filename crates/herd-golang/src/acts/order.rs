//! In which order the functions of a unit are summed up: callees before their callers, those that call each other together.

use super::{ActKind, BodyId, Known, Target, Unit};

/// The bodies of a unit in groups: each group after those that it calls into. A group of several is a cycle. Linear in bodies and calls.
pub(super) fn bottom_up(unit: &Unit<'_>) -> Vec<Vec<BodyId>> {
    let callees: Vec<Vec<u32>> = (0..).map(BodyId).zip(&unit.bodies).map(|(id, body)| called(unit, id, &body.acts)).collect();
    let count = callees.len();
    // As Tarjan has it, without recursion: a group is complete when its first body is left with nothing lower reached.
    let (mut groups, mut stack) = (Vec::new(), Vec::new());
    let (mut number, mut lowest) = (vec![0_u32; count], vec![0_u32; count]);
    let (mut on_stack, mut next) = (vec![false; count], 1_u32);
    for start in 0..count as u32 {
        if number[start as usize] != 0 {
            continue;
        }
        let mut open: Vec<(u32, usize)> = vec![(start, 0)];
        while let Some((at, edge)) = open.pop() {
            let here = at as usize;
            if edge == 0 {
                number[here] = next;
                lowest[here] = next;
                next += 1;
                stack.push(at);
                on_stack[here] = true;
            }
            if let Some(to) = callees[here].get(edge) {
                open.push((at, edge + 1));
                let there = *to as usize;
                if number[there] == 0 {
                    open.push((*to, 0));
                } else if on_stack[there] {
                    lowest[here] = lowest[here].min(number[there]);
                }
                continue;
            }
            if lowest[here] == number[here] {
                let from = stack.iter().rposition(|one| *one == at).unwrap_or(0);
                let group: Vec<u32> = stack.drain(from..).collect();
                for one in &group {
                    on_stack[*one as usize] = false;
                }
                groups.push(group.into_iter().map(BodyId).collect());
            }
            if let Some((above, _)) = open.last() {
                let above = *above as usize;
                lowest[above] = lowest[above].min(lowest[here]);
            }
        }
    }
    groups
}

/// The bodies of the unit that acts call or hand over.
fn called(unit: &Unit<'_>, by: BodyId, acts: &[super::Act]) -> Vec<u32> {
    let bodies = acts.iter().filter_map(|act| match act.kind {
        ActKind::Known(Known::OnceDo, _) => act.call.and_then(|call| unit.given(by, call, 1)).map(|given| given.body),
        ActKind::Call(Target::Object(object)) => unit.body_of(object),
        ActKind::Call(Target::Literal(body)) => Some(body),
        _ => None,
    });
    let mut found: Vec<u32> = bodies.map(|body| body.0).collect();
    found.sort_unstable();
    found.dedup();
    found
}
