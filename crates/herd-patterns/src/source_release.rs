//! What is taken and must be given back: whether a function may end without that, where nobody else could do it.

use std::collections::VecDeque;

use herd_golang::Token;
use herd_golang::acts::Steps;
use herd_golang::ast::{Expr, ExprId, Node};
use herd_golang::flow::{self, BlockId, Graph, Place, Step, StepId};
use herd_golang::types::{LocalId, Meaning};
use herd_golang::walk::{Descend, walk};

use crate::source::Scene;

/// Something that a step puts into a variable.
#[derive(Clone, Copy)]
pub struct Taken {
    /// The step.
    pub step: StepId,
    /// The variable.
    pub value: LocalId,
    /// The variable of the error beside it: where there is one, nothing was taken.
    pub error: Option<LocalId>,
}

/// What a step does with what was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is looked at, and still there.
    Looks,
    /// It is given back, or gone to somebody who may do that.
    Settles,
}

/// How a function ends without having settled what it took.
pub struct Unsettled {
    /// A shortest way: to the end, or to where it is taken again.
    pub way: Vec<Place>,
    /// All returns that can be come to so.
    pub returns: Vec<StepId>,
}

/// A way from where something is taken to the function's end, or to where it is taken again, on which nobody has settled it.
///
/// `of_mention` is asked what a step does that names the variable.
pub fn unsettled(
    scene: &Scene<'_, '_>,
    taken: Taken,
    of_mention: &dyn Fn(Step) -> Use,
    settles: &dyn Fn(&flow::Edge) -> bool,
) -> Option<Unsettled> {
    let graph = scene.graph();
    let uses = scene.file().uses.get(taken.value.0 as usize)?;
    if !graph.sound || uses.address_taken || uses.set_elsewhere {
        return None;
    }
    let mut barrier = Steps::default();
    for (index, step) in graph.steps.iter().enumerate() {
        let id = StepId(index as u32);
        if id != taken.step && mentions(scene, *step, taken.value) && of_mention(*step) == Use::Settles {
            barrier.insert(id);
        }
    }
    // Another value in the variable: what becomes of the first one is told by who set it, and hard to say.
    barrier.extend(scene.body.sets_of(taken.value).filter(|step| *step != taken.step));
    let Unsettled { way, returns } = search(scene, taken, &barrier, settles)?;
    let avoided = |place: Place| barrier.has(graph, place);
    let last = way.last().copied()?;
    // What contradicts itself elsewhere is no way.
    flow::path(graph, flow::Paths::Consistent, graph.place(taken.step), |place| place.block == last.block, avoided)
        .map(|_| Unsettled { way, returns })
}

/// Whether a step names a variable, a literal that it makes included.
pub fn mentions(scene: &Scene<'_, '_>, step: Step, local: LocalId) -> bool {
    let checked = &scene.file().checked;
    let is_it = |x: ExprId| matches!(checked.file.expr(x), Expr::Ident { .. }) && checked.meaning(x) == Meaning::Local(local);
    let mut found = false;
    if let Step::FuncLit(literal) = step {
        let captured = scene.file().uses.get(local.0 as usize).is_some_and(|uses| uses.captured);
        if captured {
            walk(checked.file, Node::Expr(literal), |node| {
                found |= matches!(node, Node::Expr(x) if is_it(x));
                if found { Descend::Over } else { Descend::Into }
            });
        }
        return found;
    }
    flow::own_exprs(checked.file, step, |x| found |= is_it(x));
    found
}

/// A block as it was come to: whether the error is still that of the taking, and from which visit.
struct Visit {
    block: BlockId,
    first: u32,
    is_own_error: bool,
    before: Option<usize>,
}

/// In breadth, from the taking on, not along edges that say there was an error or nothing was taken.
fn search(scene: &Scene<'_, '_>, taken: Taken, barrier: &Steps, settles: &dyn Fn(&flow::Edge) -> bool) -> Option<Unsettled> {
    let graph = scene.graph();
    let (mut found, mut returns) = (None, Vec::new());
    let at = graph.place(taken.step);
    let error_sets: Steps = taken.error.map(|error| scene.body.sets_of(error).collect()).unwrap_or_default();
    let mut visits = vec![Visit { block: at.block, first: at.step.0 + 1, is_own_error: taken.error.is_some(), before: None }];
    let mut seen = vec![[false; 2]; graph.blocks.len()];
    let mut open = VecDeque::from([0_usize]);
    while let Some(number) = open.pop_front() {
        let &Visit { block, first, mut is_own_error, .. } = visits.get(number)?;
        if block == graph.exit {
            found = found.or_else(|| Some(way(graph, &visits, number, graph.start(block))));
            continue;
        }
        let mut ended = false;
        for step in (first..graph.block(block).steps.end).map(StepId) {
            if step == taken.step {
                found = found.or_else(|| Some(way(graph, &visits, number, Place { block, step })));
                ended = true;
                break;
            }
            if matches!(graph.steps.get(step.index()), Some(Step::Return(_))) && !barrier.contains(step) {
                returns.push(step);
            }
            if barrier.contains(step) {
                ended = true;
                break;
            }
            is_own_error &= !error_sets.contains(step);
        }
        for edge in graph.edges(block).iter().filter(|_| !ended) {
            if settles(edge) || says_nothing_taken(scene, edge, taken, is_own_error) {
                continue;
            }
            let known = seen.get_mut(edge.to.index()).and_then(|known| known.get_mut(usize::from(is_own_error)));
            if known.is_some_and(|known| !std::mem::replace(known, true)) {
                open.push_back(visits.len());
                let first = graph.block(edge.to).steps.start;
                visits.push(Visit { block: edge.to, first, is_own_error, before: Some(number) });
            }
        }
    }
    returns.sort_unstable();
    returns.dedup();
    Some(Unsettled { way: found?, returns })
}

fn way(graph: &Graph, visits: &[Visit], last: usize, end: Place) -> Vec<Place> {
    let mut places = vec![end];
    let mut at = Some(last);
    while let Some(visit) = at.and_then(|number| visits.get(number)) {
        let start = Place { block: visit.block, step: StepId(visit.first) };
        if graph.block(visit.block).steps.start < graph.block(visit.block).steps.end && start != end {
            places.push(start);
        }
        at = visit.before;
    }
    places.reverse();
    places
}

/// Whether an edge is taken where there was an error, or the value is nil.
fn says_nothing_taken(scene: &Scene<'_, '_>, edge: &flow::Edge, taken: Taken, is_own_error: bool) -> bool {
    let checked = &scene.file().checked;
    let Some((condition, holds)) = edge.kind.condition() else { return false };
    let local_of = |x: ExprId| match checked.meaning(checked.file.unparen(x)) {
        Meaning::Local(local) => Some(local),
        _ => None,
    };
    match *checked.file.expr(checked.file.unparen(condition)) {
        Expr::Binary { op: op @ (Token::Equal | Token::NotEqual), x, y, .. } => {
            let (nil, other) = (checked.meaning(checked.file.unparen(y)) == Meaning::Nil, local_of(x));
            let is_nil = (op == Token::Equal) == holds;
            // An error that is compared with another one is there where they are equal.
            let is_error = is_own_error && other.is_some() && other == taken.error;
            nil && (is_error && !is_nil || other == Some(taken.value) && is_nil) || !nil && is_error && is_nil
        }
        // `errors.Is(err, …)`, `os.IsTimeout(err)`
        Expr::Call { args, .. } => {
            is_own_error && holds && checked.file.list(args).iter().any(|x| local_of(*x).is_some() && local_of(*x) == taken.error)
        }
        _ => false,
    }
}

/// Whether a step of the function is passed again once it was.
pub fn is_repeated(scene: &Scene<'_, '_>, step: StepId) -> bool {
    let graph = scene.graph();
    flow::path(graph, flow::Paths::All, graph.place(step), |place| scene.is_at(place, step), |_| false).is_some()
}
