//! The source eye of DL002 on one function: goroutines that it starts take two of its values' locks in opposite orders.

use herd_golang::acts::{ActKind, BodyId, LockAct, LockWhat, PathId, Step, Target, When};

use crate::source::{Scene, Spotted};
use crate::source_held::{held, reached_with};

/// Orders that are compared.
const ORDERS_MAX: usize = 256;

/// A lock is taken while another one is held, by a goroutine.
struct Order {
    by: BodyId,
    held: LockAct,
    taken: LockAct,
    gates: Vec<PathId>,
}

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let started: Vec<BodyId> = scene.body.acts.iter().filter_map(|act| started(act.kind, act.when)).collect();
    if started.is_empty() || !started.iter().any(|id| scene.package.scene(*id).locks.len() > 1) {
        return Vec::new();
    }
    let orders: Vec<Order> = started.iter().flat_map(|id| orders(scene, *id)).take(ORDERS_MAX).collect();
    let mut found: Vec<Spotted> = Vec::new();
    for (index, one) in orders.iter().enumerate() {
        for other in orders.iter().skip(index + 1) {
            let opposite = one.by != other.by && one.held.path == other.taken.path && one.taken.path == other.held.path;
            let readers = one.taken.read && other.held.read || other.taken.read && one.held.read;
            if !opposite || readers || one.gates.iter().any(|gate| other.gates.contains(gate)) {
                continue;
            }
            let (first, second) = (scene.package.text(one.held.path), scene.package.text(one.taken.path));
            let (a, b) = (scene.package.scene(one.by), scene.package.scene(other.by));
            let mut way = a.stops(&one.held, &format!("one goroutine takes {first}"));
            way.extend(a.stops(&one.taken, &format!("and asks for {second}")));
            way.extend(b.stops(&other.held, &format!("another takes {second}")));
            way.extend(b.stops(&other.taken, &format!("and asks for {first}")));
            let Some((_, at)) = other.taken.via.first() else { continue };
            let text = format!("{first} is asked for while {second} is held, and the other way round");
            found.push(Spotted::new(b.body.file, *at, text, way));
        }
    }
    found
}

fn started(kind: ActKind, when: When) -> Option<BodyId> {
    match (kind, when) {
        (ActKind::Call(Target::Literal(literal)), When::Spawned) => Some(literal),
        _ => None,
    }
}

/// The orders in which a goroutine takes locks of variables around it.
fn orders(outer: &Scene<'_, '_>, id: BodyId) -> Vec<Order> {
    let scene = outer.package.scene(id);
    let is_outer = |path: PathId| {
        let paths = &outer.package.unit.paths;
        let Step::Local(file, local) = paths.root(path) else { return false };
        let declared = outer.package.unit.files[file as usize].checked.locals.get(local.0 as usize);
        scene.is_steady(path) && declared.is_some_and(|local| local.function == Some(outer.body.function))
    };
    let mut found = Vec::new();
    if !scene.graph().sound {
        return found;
    }
    let surely = held(&scene);
    let takes = |act: &&LockAct| act.what == LockWhat::Takes && act.when == When::Now && is_outer(act.path);
    for first in scene.locks.iter().filter(takes) {
        let reached = reached_with(&scene, first);
        for second in scene.locks.iter().filter(takes).filter(|act| act.path != first.path && reached.contains(act.step)) {
            // Locks of different kinds are told of the whole program.
            if outer.package.key(first.path) != outer.package.key(second.path) {
                continue;
            }
            if found.len() >= ORDERS_MAX {
                return found;
            }
            let gates = surely.at(second.step).filter(|path| *path != first.path).collect();
            found.push(Order { by: id, held: first.clone(), taken: second.clone(), gates });
        }
    }
    found
}
