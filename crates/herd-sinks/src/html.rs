//! One self-contained HTML file: the viewer with the answer inside.

use std::collections::BTreeMap;
use std::io::Write;

use herd_model::Envelope;
use serde_json::{Value, json};

use crate::{Lang, Look, SinkError};

const VIEWER: &str = include_str!("../../../ui/dist/viewer.html");

const ENVELOPE: &str = r#"<script id="goherd-envelope" type="application/json">null</script>"#;
const PAGES: &str = r#"<script id="goherd-pages" type="application/json">{}</script>"#;
const OPTIONS: &str = r#"<script id="goherd-options" type="application/json">{}</script>"#;

/// Writes the viewer with envelope, pattern pages and options in place of its empty ones.
pub fn html(envelope: &Envelope, look: &Look<'_>, out: &mut dyn Write) -> Result<(), SinkError> {
    let parts = [(ENVELOPE, serde_json::to_value(envelope)?), (PAGES, pages(look)), (OPTIONS, options(look))];
    let mut places: Vec<(usize, &str, &Value)> = Vec::new();
    for (marker, value) in &parts {
        let at = VIEWER.find(marker).ok_or(SinkError::NoMarker(marker))?;
        places.push((at, marker, value));
    }
    places.sort_by_key(|(at, _, _)| *at);
    let mut written = 0;
    for (at, marker, value) in places {
        let (open, _) = marker.split_at(marker.find('>').map_or(0, |end| end + 1));
        out.write_all(&VIEWER.as_bytes()[written..at])?;
        write!(out, "{open}{}</script>", inline(value)?)?;
        written = at + marker.len();
    }
    out.write_all(&VIEWER.as_bytes()[written..])?;
    Ok(())
}

/// JSON that cannot end its script element, and that old parsers read as script text, too.
fn inline(value: &Value) -> Result<String, SinkError> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
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
