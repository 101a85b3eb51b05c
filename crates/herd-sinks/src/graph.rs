//! The wait graph as text: the biggest waits first, each object with what it holds, who waits on which side, and who may end the wait.

use herd_model::{
    Doubt, Envelope, GraphGroup, GraphObject, GraphWait, Holder, HolderReason, Inside, Place, WaitCycle, WaitGraph,
};

use crate::{
    Detail, Look,
    figure::{duration, thousands},
    layout::{Role, Sign, pad_left, paint, sign, wrap},
    messages::Messages,
    name::{clean, func_tail},
    text::{dot, input_lines},
};

/// Objects before the rest is counted.
const OBJECTS_SHOWN: usize = 15;
/// Groups of one object before the rest is counted.
const GROUPS_SHOWN: usize = 6;
const INDENT: usize = 10;

/// The lines between the targets and the notes.
pub fn body(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let Some(graph) = &envelope.graph else { return vec![say.say("graph-none")] };
    let mut lines = input_lines(envelope, look, say);
    let goroutines = say.count("goroutines", graph.waiting);
    let objects = say.count("graph-objects", graph.awaited);
    let title = say.say_with("graph-title", &[("goroutines", &goroutines), ("objects", &objects)]);
    lines.push(paint(Role::Strong, &title, look));
    if graph.unnamed > 0 {
        lines.push(paint(Role::Faint, &say.with_count("graph-unnamed", "goroutines", graph.unnamed), look));
    }
    if look.detail == Detail::Brief {
        return lines;
    }
    for cycle in &graph.cycles {
        lines.push(String::new());
        lines.extend(cycle_lines(cycle, look, say));
    }
    let shown = if look.detail == Detail::Full { graph.objects.len() } else { OBJECTS_SHOWN.min(graph.objects.len()) };
    for object in graph.objects.iter().take(shown) {
        lines.push(String::new());
        lines.extend(object_lines(graph, object, look, say));
    }
    let left = graph.objects.iter().skip(shown).fold((0, 0), |sum, object| (sum.0 + object.count, sum.1 + object.waiters));
    let hidden = |name: &str| envelope.hidden.get(name).copied().unwrap_or(0);
    let (objects, waits) = (left.0 + hidden("objects_not_listed"), left.1 + hidden("waits_not_listed"));
    if objects > 0 {
        let facts = [("objects", &*say.count("graph-objects", objects)), ("waits", &*say.count("graph-waits", waits))];
        lines.push(String::new());
        lines.push(paint(Role::Faint, &say.say_with("graph-more", &facts), look));
    }
    lines
}

fn object_lines(graph: &WaitGraph, object: &GraphObject, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let facts = facts(object, say).join(&dot(look));
    let head =
        format!("{}  {}", pad_left(&thousands(object.waiters), INDENT - 2), paint(Role::Strong, &title(object, say), look));
    let mut lines = vec![if facts.is_empty() { head } else { format!("{head}  {facts}") }];
    let waits: Vec<&GraphWait> = graph.waits.iter().filter(|wait| wait.object == object.id).collect();
    let shown = if look.detail == Detail::Full { waits.len() } else { GROUPS_SHOWN.min(waits.len()) };
    for wait in waits.iter().take(shown) {
        let group = graph.groups.iter().find(|group| group.id == wait.group);
        lines.extend(group.map(|group| format!("{}{}", " ".repeat(INDENT), wait_text(wait, group, say))));
    }
    if waits.len() > shown {
        let rest = waits[shown..].iter().map(|wait| wait.count).sum();
        lines.push(format!("{}{}", " ".repeat(INDENT), say.with_count("graph-groups-more", "goroutines", rest)));
    }
    for holder in &object.holders {
        let text = holder_text(holder, object, say);
        lines.extend(
            wrap(&text, look.width.saturating_sub(INDENT))
                .iter()
                .map(|line| format!("{}{}", " ".repeat(INDENT), paint(Role::Faint, line, look))),
        );
    }
    if object.holders_not_listed > 0 {
        let text = say.with_count("graph-holders-more", "goroutines", object.holders_not_listed);
        lines.push(format!("{}{}", " ".repeat(INDENT), paint(Role::Faint, &text, look)));
    }
    lines
}

/// `channel 0xc00001`, `20 channels`.
pub(crate) fn title(object: &GraphObject, say: &Messages) -> String {
    let kind = say.count(&format!("graph-what-{}", object.kind.as_str()), object.count);
    let own = [object.address.as_deref(), object.inside.endpoint.as_deref()];
    own.into_iter().flatten().fold(kind, |text, part| format!("{text} {}", clean(part)))
}

/// What an object looks like inside, a few words each.
pub(crate) fn facts(object: &GraphObject, say: &Messages) -> Vec<String> {
    let inside = &object.inside;
    let mut facts = channel_facts(inside, say);
    facts.extend(inside.locked.map(|locked| say.say(if locked { "graph-locked" } else { "graph-unlocked" })));
    facts.extend(inside.starving.filter(|starving| *starving).map(|_| say.say("graph-starving")));
    facts.extend(inside.readers.map(|readers| number(say, "graph-readers", readers)));
    facts.extend(inside.readers_left.filter(|left| *left > 0).map(|left| number(say, "graph-readers-left", left)));
    facts.extend(inside.counter.map(|counter| number(say, "graph-counter", counter)));
    facts.extend(inside.fd.map(|fd| say.say_with("graph-fd", &[("n", &fd.to_string())])));
    facts.extend(inside.fires_in_ms.map(|ms| match u64::try_from(ms) {
        Ok(ms) => say.say_with("graph-fires", &[("time", &duration(ms as f64 / 1000.0))]),
        Err(_) => say.say("graph-due"),
    }));
    facts.extend(object.for_ever.then(|| say.say("graph-for-ever")));
    facts
}

fn channel_facts(inside: &Inside, say: &Messages) -> Vec<String> {
    let mut facts = Vec::new();
    match (inside.buffered, inside.capacity) {
        (Some(_), Some(0)) => facts.push(say.say("graph-unbuffered")),
        (Some(buffered), Some(capacity)) => {
            facts.push(say.say_with("graph-buffer", &[("n", &thousands(buffered)), ("m", &thousands(capacity))]));
        }
        _ => {}
    }
    facts.extend(inside.closed.filter(|closed| *closed).map(|_| say.say("graph-closed")));
    if let (Some(senders), Some(receivers)) = (inside.senders, inside.receivers) {
        let counts = [("senders", &*thousands(senders)), ("receivers", &*thousands(receivers))];
        facts.push(say.say_with("graph-queues", &counts));
    }
    facts
}

fn number(say: &Messages, key: &str, number: i64) -> String {
    say.say_with(key, &[("n", &number.to_string())])
}

/// `400 send  main.produce:31  [chan send], started by main.main:20`.
fn wait_text(wait: &GraphWait, group: &GraphGroup, say: &Messages) -> String {
    let side = say.say(&format!("graph-side-{}", wait.side.as_str()));
    let (count, state, at) = (thousands(wait.count), clean(&group.state), place(&group.at));
    let facts = [("count", &*count), ("side", &*side), ("at", &*at), ("state", &*state)];
    let text = say.say_with("graph-wait", &facts);
    let text = match &group.created_by {
        Some(by) => say.say_with("graph-wait-started", &[("wait", &text), ("by", &place(by))]),
        None => text,
    };
    match leaked(group, say) {
        Some(leaked) => say.say_with("graph-wait-leaked", &[("wait", &text), ("leaked", &leaked)]),
        None => text,
    }
}

/// How many of a group nothing can wake.
pub(crate) fn leaked(group: &GraphGroup, say: &Messages) -> Option<String> {
    let counts = [("n", &*thousands(group.leaked)), ("m", &*thousands(group.count))];
    match group.leaked {
        0 => None,
        all if all == group.count => Some(say.say("graph-leaked")),
        _ => Some(say.say_with("graph-leaked-of", &counts)),
    }
}

pub(crate) fn place(place: &Place) -> String {
    if place.func.is_empty() {
        return "?".to_owned();
    }
    let func = clean(func_tail(&place.func)).into_owned();
    if place.line == 0 { func } else { format!("{func}:{}", place.line) }
}

/// Who may end a wait, and why it may be this one.
pub(crate) fn holder_text(holder: &Holder, object: &GraphObject, say: &Messages) -> String {
    let reason = say.say(match holder.reason {
        HolderReason::Recorded => return recorded(holder, "graph-held", say),
        HolderReason::RecordedAndEnded => return recorded(holder, "graph-held-ended", say),
        HolderReason::AddressAndFunction => "graph-reason-address-and-function",
        HolderReason::Address => "graph-reason-address",
        HolderReason::Function => "graph-reason-function",
    });
    let key = if object.kind.is_lock() { "graph-holder" } else { "graph-server" };
    let id = holder.goroutine.to_string();
    let (state, at) = (clean(&holder.state), place(&holder.at));
    say.say_with(key, &[("id", &id), ("state", &state), ("at", &at), ("reason", &reason)])
}

/// A holder the lock itself names.
fn recorded(holder: &Holder, key: &str, say: &Messages) -> String {
    let id = holder.goroutine.to_string();
    let (state, at) = (clean(&holder.state), place(&holder.at));
    say.say_with(key, &[("id", &id), ("state", &state), ("at", &at)])
}

fn cycle_lines(cycle: &WaitCycle, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let (mark, role) = if cycle.proven { (Sign::Cross, Role::Critical) } else { (Sign::Question, Role::Warning) };
    let mut head = cycle_head(cycle, say);
    if cycle.alike > 0 {
        head = say.say_with("graph-cycle-alike", &[("cycle", &head), ("n", &thousands(cycle.alike))]);
    }
    let mut lines = vec![format!("{} {}", paint(role, sign(mark, look.charset), look), paint(Role::Strong, &head, look))];
    lines.extend(cycle_steps(cycle, say).iter().flat_map(|step| wrap(step, look.width - 4)).map(|line| format!("    {line}")));
    let doubts = doubts(cycle, say).into_iter().reduce(|one, two| say.say_with("graph-and", &[("one", &one), ("two", &two)]));
    let known = cycle.steps.iter().all(|step| step.holder_known);
    let key = if known { "graph-not-proven" } else { "graph-only-candidate" };
    let doubts = doubts.map(|doubts| say.say_with(key, &[("doubts", &doubts)]));
    let doubts = doubts.iter().flat_map(|text| wrap(text, look.width - 4));
    lines.extend(doubts.map(|line| format!("    {}", paint(Role::Faint, &line, look))));
    lines
}

/// What a ring is called: what can be woken is no deadlock.
pub(crate) fn cycle_head(cycle: &WaitCycle, say: &Messages) -> String {
    let key = match (cycle.proven, cycle.open.contains(&Doubt::StillReachable)) {
        (true, _) => "graph-cycle-proven",
        (false, true) => "graph-cycle-reachable",
        (false, false) if cycle.steps.iter().all(|step| step.holder_known) => "graph-cycle-recorded",
        (false, false) => "graph-cycle",
    };
    say.say_with(key, &[("goroutines", &say.count("goroutines", cycle.steps.len() as u64))])
}

pub(crate) fn cycle_steps(cycle: &WaitCycle, say: &Messages) -> Vec<String> {
    let step = |step: &herd_model::CycleStep| {
        let what = say.count(&format!("graph-what-{}", step.kind.as_str()), 1);
        let what = step.address.as_ref().map_or_else(|| what.clone(), |address| format!("{what} {address}"));
        let side = say.say(&format!("graph-side-{}", step.side.as_str()));
        let (id, next) = (step.goroutine.to_string(), step.next.to_string());
        let facts = [("id", &*id), ("at", &*place(&step.at)), ("side", &*side), ("what", &*what), ("next", &*next)];
        say.say_with(if step.holder_known { "graph-step-held" } else { "graph-step" }, &facts)
    };
    cycle.steps.iter().map(step).collect()
}

pub(crate) fn doubts(cycle: &WaitCycle, say: &Messages) -> Vec<String> {
    let key = |doubt: &Doubt| match doubt {
        Doubt::NoHolderRecorded => "graph-doubt-holder",
        Doubt::OthersHoldAddress => "graph-doubt-others",
        Doubt::HeapNotSearched => "graph-doubt-heap",
        Doubt::AnotherMayUnlock => "graph-doubt-unlock",
        Doubt::NotOneInstant => "graph-doubt-instant",
        Doubt::StillReachable => "graph-doubt-reachable",
    };
    cycle.open.iter().map(|doubt| say.say(key(doubt))).collect()
}
