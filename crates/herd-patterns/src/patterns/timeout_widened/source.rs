//! The source eye of TO002: a time limit that is longer than the one the context has already, and never applies; or that is given to a context
//! which was cut off from a shorter one.
//!
//! Silent where not every caller is known, or one of them gives more time.

use herd_golang::acts::{Act, ActKind, Known, When};

use crate::source::{Scene, Spotted, Stop};
use crate::source_begun::{callers, is_only_called};
use crate::source_flows::{Base, Limit, context_argument, flow_of, nanoseconds};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let limits =
        |act: &&Act| matches!(act.kind, ActKind::Known(Known::WithTimeout | Known::WithDeadline, _)) && act.when == When::Now;
    let acts: Vec<&Act> = scene.body.acts.iter().filter(limits).collect();
    if acts.is_empty() || !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    acts.into_iter().filter_map(|act| longer(scene, act)).collect()
}

fn longer(scene: &Scene<'_, '_>, act: &Act) -> Option<Spotted> {
    let call = act.call?;
    let own = nanoseconds(scene, *scene.args(call).get(1)?)?;
    let parent = flow_of(scene, act.step, context_argument(scene, call)?);
    let at = scene.file().checked.file.expr_span(call).start;
    let (first, is_cut_off) = match (parent.base, parent.limit) {
        (_, Some(limit)) => (tighter(scene, limit, own)?, false),
        (Base::Given, None) => (given_by_all(scene, own)?, false),
        (Base::Detached(_), None) => (given_by_all(scene, own)?, true),
        (Base::Begun(_) | Base::Elsewhere, None) => return None,
    };
    let what = if is_cut_off {
        format!("{} are given anew, and the shorter limit is cut off", seconds(own))
    } else {
        format!("{} never apply: the context ends before", seconds(own))
    };
    let text = if is_cut_off {
        format!("a context of a shorter limit is cut off and given {}", seconds(own))
    } else {
        format!("the limit of {} is longer than that of the context it is derived from", seconds(own))
    };
    let way = vec![first, scene.stop(at, what)];
    Some(Spotted::new(scene.body.file, at, text, way))
}

/// Where a context got a limit in the function that is shorter.
fn tighter(scene: &Scene<'_, '_>, limit: Limit, own: i64) -> Option<Stop> {
    let ns = limit.ns.filter(|ns| *ns < own)?;
    Some(scene.stop(limit.at, format!("the context has {}", seconds(ns))))
}

/// Where a caller gives a shorter limit, if all callers do and wait.
fn given_by_all(scene: &Scene<'_, '_>, own: i64) -> Option<Stop> {
    if scene.body.outer.is_some() || !is_only_called(scene.package, scene.body) {
        return None;
    }
    let mut first = None;
    for (by, act) in callers(scene.package, scene.body) {
        let caller = scene.package.scene(by);
        if caller.is_test() {
            continue;
        }
        let given = flow_of(&caller, act.step, context_argument(&caller, act.call?)?);
        let limit = given.limit?;
        let ns = limit.ns.filter(|ns| *ns < own && act.when == When::Now)?;
        first.get_or_insert_with(|| caller.stop(limit.at, format!("the caller gives the context {}", seconds(ns))));
    }
    first
}

/// A duration as Go writes it.
fn seconds(ns: i64) -> String {
    let (seconds, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
    match (seconds, rest) {
        (0, rest) if rest % 1_000_000 == 0 => format!("{}ms", rest / 1_000_000),
        (0, rest) => format!("{rest}ns"),
        (seconds, 0) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, 0) => format!("{seconds}s"),
        (seconds, rest) => format!("{seconds}.{:03}s", rest / 1_000_000),
    }
}
