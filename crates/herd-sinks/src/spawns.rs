//! The goroutines that a program starts, in words and tables: a start a row, the riskiest first, and of each that has a risk the reasons.

use herd_model::{Envelope, Place, Spawn, SpawnJoin, SpawnReason, SpawnRisk};

use crate::{gate::Sheet, layout::Align, messages::Messages};

/// Characters of captured names that are shown of a start.
const CAPTURES_COLUMNS_MAX: usize = 20;
/// Characters that are shown of what is written in the source.
const WRITTEN_COLUMNS_MAX: usize = 40;

/// How many places start goroutines, and of what risk they are.
pub fn sentence(spawns: &[Spawn], say: &Messages) -> String {
    let of = |risk: SpawnRisk| spawns.iter().filter(|spawn| spawn.risk == risk).count().to_string();
    let (high, medium, low) = (of(SpawnRisk::High), of(SpawnRisk::Medium), of(SpawnRisk::Low));
    let all = say.count("starts", spawns.len() as u64);
    say.say_with("spawns-sentence", &[("starts", &all), ("high", &high), ("medium", &medium), ("low", &low)])
}

/// The same of an answer, where it lists starts.
pub fn sentence_of(envelope: &Envelope, say: &Messages) -> Option<String> {
    Some(sentence(envelope.lint.as_ref()?.spawns.as_ref()?, say))
}

/// A table a risk.
pub fn sheets(spawns: &[Spawn], say: &Messages) -> Vec<Sheet> {
    let risks = [SpawnRisk::High, SpawnRisk::Medium, SpawnRisk::Low];
    let of = |risk| spawns.iter().filter(move |spawn| spawn.risk == risk).collect::<Vec<_>>();
    let sheets = risks.into_iter().map(|risk| (risk, of(risk))).filter(|(_, rows)| !rows.is_empty());
    let mut sheets: Vec<Sheet> = sheets.map(|(risk, rows)| sheet(risk, &rows, say)).collect();
    if let Some(last) = sheets.last_mut() {
        last.remarks.push(say.say("spawns-legend"));
    }
    sheets
}

fn sheet(risk: SpawnRisk, rows: &[&Spawn], say: &Messages) -> Sheet {
    let keys = [
        ("points", Align::Right),
        ("where", Align::Tail),
        ("starts", Align::Tail),
        ("ends", Align::Tail),
        ("joined", Align::Tail),
        ("recovers", Align::Left),
        ("captures", Align::Left),
    ];
    let head = keys.iter().map(|(key, align)| (say.say(&format!("spawns-head-{key}")), *align)).collect();
    let cells = |spawn: &&Spawn| {
        vec![
            spawn.points.to_string(),
            place(&spawn.at),
            starts(spawn, say),
            ends(spawn, say),
            joined(spawn, say),
            recovers(spawn, say),
            captures(spawn),
        ]
    };
    let told = rows.iter().filter(|spawn| risk > SpawnRisk::Low && !spawn.reasons.is_empty());
    Sheet {
        title: say.say(&format!("spawns-title-{}", risk.as_str())),
        head,
        rows: rows.iter().map(cells).collect(),
        remarks: told.map(|spawn| told_of(spawn, say)).collect(),
        heat: Vec::new(),
    }
}

fn starts(spawn: &Spawn, say: &Messages) -> String {
    let runs = match spawn.runs.as_str() {
        "" => say.say("spawns-literal"),
        name => crate::name::func_tail(name).to_owned(),
    };
    say.say_with(&format!("spawns-by-{}", spawn.by.as_str()), &[("runs", &runs)])
}

fn ends(spawn: &Spawn, say: &Messages) -> String {
    let key = format!("spawns-end-{}", spawn.end.as_str());
    // A condition may be as long as its author liked.
    let of = shortened(&spawn.end_of);
    if of.is_empty() { say.say(&format!("{key}-bare")) } else { say.say_with(&key, &[("of", &of)]) }
}

fn joined(spawn: &Spawn, say: &Messages) -> String {
    let key = format!("spawns-joined-{}", spawn.joined.as_str());
    match (spawn.joined, spawn.joined_by.as_str()) {
        (SpawnJoin::Starter | SpawnJoin::Somebody, of) if !of.is_empty() => format!("{} ({of})", say.say(&key)),
        (SpawnJoin::Starter | SpawnJoin::Somebody | SpawnJoin::Nobody | SpawnJoin::Library, _) => say.say(&key),
    }
}

fn recovers(spawn: &Spawn, say: &Messages) -> String {
    say.say(match spawn.recovers {
        Some(true) => "spawns-recovers-yes",
        Some(false) => "spawns-recovers-no",
        None => "spawns-recovers-unknown",
    })
}

fn captures(spawn: &Spawn) -> String {
    let mut text = String::new();
    for (index, name) in spawn.captures.iter().enumerate() {
        if text.len() + name.len() > CAPTURES_COLUMNS_MAX {
            text.extend([" +", &(spawn.captures.len() - index).to_string()]);
            break;
        }
        if index > 0 {
            text.push(' ');
        }
        text += name;
    }
    text
}

/// A start with all that adds to its points.
pub fn told_of(spawn: &Spawn, say: &Messages) -> String {
    let reasons: Vec<String> = spawn.reasons.iter().map(|reason| reason_of(reason, spawn, say)).collect();
    format!("{}: {}", place(&spawn.at), reasons.join(&say.say("spawns-and")))
}

fn reason_of(reason: &SpawnReason, spawn: &Spawn, say: &Messages) -> String {
    let key = format!("spawns-reason-{}", reason.kind.as_str());
    let of = shortened(&reason.of);
    let text = if of.is_empty() { say.say(&key) } else { format!("{} ({of})", say.say(&key)) };
    let at = match &reason.at {
        Some(at) if at.file == spawn.at.file => format!(" :{}", at.line),
        Some(at) if !at.file.is_empty() => format!(" {}", place(at)),
        Some(_) | None => String::new(),
    };
    format!("{:+} {text}{at}", reason.points)
}

fn place(at: &Place) -> String {
    format!("{}:{}", at.file, at.line)
}

/// What is written in the source, on one line and short.
fn shortened(text: &str) -> String {
    let one: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one.chars().count() > WRITTEN_COLUMNS_MAX {
        let head: String = one.chars().take(WRITTEN_COLUMNS_MAX - 1).collect();
        return format!("{head}…");
    }
    one
}
