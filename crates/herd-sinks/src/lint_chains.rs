//! Deadline chains as trees: the entry, each call with what becomes of the time, the call that leaves the process last.

use std::fmt::Write as _;

use herd_model::{Deadline, DeadlineChain, DeadlineHop, Entry, Sink};

use crate::{
    Charset, Look,
    figure::duration,
    layout::{Role, columns, pad, paint},
    messages::Messages,
    name::{clean, full_place, func_tail},
};

/// Each chain as a head line and a line a call.
pub fn lines(chains: &[DeadlineChain], look: &Look<'_>, say: &Messages) -> Vec<String> {
    let mut lines = Vec::new();
    for chain in chains {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let head = format!("{} {}", entry(chain.entry, say), clean(func_tail(&chain.at.func)));
        let place = clean(&full_place(&chain.at, look)).into_owned();
        lines.push(format!("{}   {}", paint(Role::Strong, &head, look), paint(Role::Faint, &place, look)));
        let calls: Vec<String> =
            chain.hops.iter().map(|hop| call(hop, chain.hops.last() == Some(hop), chain.sink, say)).collect();
        let places: Vec<String> = chain.hops.iter().map(|hop| clean(&full_place(&hop.at, look)).into_owned()).collect();
        let width = |texts: &[String]| texts.iter().map(|text| columns(text)).max().unwrap_or(0);
        let (wide, far) = (width(&calls), width(&places));
        for (index, hop) in chain.hops.iter().enumerate() {
            let branch = match (look.charset, index + 1 == chain.hops.len()) {
                (Charset::Unicode, false) => "├─",
                (Charset::Unicode, true) => "└─",
                (Charset::Ascii, false) => "|-",
                (Charset::Ascii, true) => "`-",
            };
            let (call, place) = (calls.get(index).map_or("", String::as_str), places.get(index).map_or("", String::as_str));
            let became = paint(role(hop.deadline), &became(hop, look, say), look);
            lines.push(format!("  {branch} {}  {}  {became}", pad(call, wide), paint(Role::Faint, &pad(place, far), look)));
        }
    }
    lines
}

/// A chain in one line, by the place of its last call.
pub fn line(chain: &DeadlineChain, look: &Look<'_>, say: &Messages) -> Option<String> {
    let last = chain.hops.last()?;
    let ways: Vec<String> = chain.hops.iter().map(|hop| format!("{} ({})", clean(&hop.calls), became(hop, look, say))).collect();
    let head = format!("{} {}", entry(chain.entry, say), clean(func_tail(&chain.at.func)));
    Some(format!("{}: {} {head} -> {}", clean(&full_place(&last.at, look)), sink(chain.sink, say), ways.join(" -> ")))
}

fn call(hop: &DeadlineHop, is_last: bool, of: Sink, say: &Messages) -> String {
    let mut text = if is_last { format!("{}: {}", sink(of, say), clean(&hop.calls)) } else { clean(&hop.calls).into_owned() };
    if hop.spawned {
        text = format!("go {text}");
    }
    text
}

/// What becomes of the deadline, with its time and where that was decided.
fn became(hop: &DeadlineHop, look: &Look<'_>, say: &Messages) -> String {
    let mut text = say.say(match hop.deadline {
        Deadline::Inherited => "chain-inherited",
        Deadline::Bounded => "chain-bounded",
        Deadline::Fresh => "chain-fresh",
        Deadline::Widened => "chain-widened",
        Deadline::Detached => "chain-detached",
        Deadline::Lost => "chain-lost",
        Deadline::Unknown => "chain-unknown",
    });
    if let Some(ms) = hop.limit_ms {
        let _ = if ms < 1000 { write!(text, " {ms}ms") } else { write!(text, " {}", duration(ms as f64 / 1000.0)) };
    }
    if let Some(since) = &hop.since {
        let _ = write!(text, " ({})", clean(&full_place(since, look)));
    }
    text
}

fn role(deadline: Deadline) -> Role {
    match deadline {
        Deadline::Inherited | Deadline::Bounded => Role::Faint,
        Deadline::Fresh | Deadline::Detached | Deadline::Unknown => Role::Info,
        Deadline::Widened | Deadline::Lost => Role::Warning,
    }
}

fn entry(entry: Entry, say: &Messages) -> String {
    say.say(match entry {
        Entry::Http => "chain-http",
        Entry::Grpc => "chain-grpc",
        Entry::Queue => "chain-queue",
        Entry::Goroutine => "chain-goroutine",
    })
}

fn sink(sink: Sink, say: &Messages) -> String {
    say.say(match sink {
        Sink::Http => "chain-to-http",
        Sink::Grpc => "chain-to-grpc",
        Sink::Sql => "chain-to-sql",
        Sink::Redis => "chain-to-redis",
        Sink::Dial => "chain-to-dial",
        Sink::Command => "chain-to-command",
    })
}
