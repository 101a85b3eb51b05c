//! One self-contained HTML file: the viewer with the answer inside.

use std::collections::BTreeMap;
use std::io::Write;

use herd_model::Envelope;
use serde_json::{Value, json};

use crate::{Lang, Look, SinkError, gate, packed::packed};

const VIEWER: &str = include_str!("../../../ui/dist/viewer.html");

const ENVELOPE: &str = r#"<script id="goherd-envelope" type="application/json">null</script>"#;
const FLAMES: &str = r#"<script id="goherd-flames" type="application/json">{}</script>"#;
const PAGES: &str = r#"<script id="goherd-pages" type="application/json">{}</script>"#;
const ANSWER: &str = r#"<script id="goherd-answer" type="application/json">null</script>"#;
const OPTIONS: &str = r#"<script id="goherd-options" type="application/json">{}</script>"#;

/// Writes the viewer with envelope, long call trees, answers that are figures, pattern pages and options in place of its empty ones.
pub fn html(envelope: &Envelope, look: &Look<'_>, out: &mut dyn Write) -> Result<(), SinkError> {
    let answer = gate::answer(envelope, look)?;
    let (envelope, flames) = match packed(envelope)? {
        Some(packed) => (serde_json::to_string(&packed.envelope)?, serde_json::to_string(&packed.columns)?),
        None => (serde_json::to_string(envelope)?, "{}".to_owned()),
    };
    let answer = answer.unwrap_or(Value::Null).to_string();
    let (pages, options) = (pages(look).to_string(), options(look).to_string());
    let parts = [(ENVELOPE, envelope), (FLAMES, flames), (ANSWER, answer), (PAGES, pages), (OPTIONS, options)];
    let mut places: Vec<(usize, &str, &str)> = Vec::new();
    for (marker, value) in &parts {
        let at = VIEWER.find(marker).ok_or(SinkError::NoMarker(marker))?;
        places.push((at, marker, value));
    }
    places.sort_by_key(|(at, _, _)| *at);
    let mut written = 0;
    for (at, marker, value) in places {
        let (open, _) = marker.split_at(marker.find('>').map_or(0, |end| end + 1));
        out.write_all(&VIEWER.as_bytes()[written..at])?;
        write!(out, "{open}{}</script>", inline(value))?;
        written = at + marker.len();
    }
    out.write_all(&VIEWER.as_bytes()[written..])?;
    Ok(())
}

/// JSON that cannot end its script element, and that old parsers read as script text, too.
fn inline(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Pattern pages by id and language, Markdown.
pub fn pages(look: &Look<'_>) -> Value {
    let patterns: BTreeMap<&str, BTreeMap<&str, &str>> = look
        .patterns
        .iter()
        .map(|pattern| (&*pattern.id.0, pattern.words.iter().map(|(lang, words)| (lang.tag(), words.page.as_str())).collect()))
        .collect();
    json!(patterns)
}

fn options(look: &Look<'_>) -> Value {
    let mut options = json!({});
    // English is what nobody asked for; the reader's browser knows better then.
    if look.lang != Lang::En {
        options["lang"] = json!(look.lang.tag());
    }
    if let Some(template) = look.source_url {
        options["source_url"] = json!(template);
    }
    options
}
