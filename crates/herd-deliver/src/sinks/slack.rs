//! Slack, an incoming webhook: blocks, with a headline for notifications.

use herd_config::Language;
use serde_json::{Value, json};
use url::Url;

use crate::post::Call;
use crate::queue::Waiting;
use crate::sinks::chat::{Marks, chat};
use crate::sinks::{at_most, json};

/// Characters a header block may have; bytes are counted, which are no fewer.
const HEADER_MAX: usize = 150;
/// Characters a section's text may have.
const SECTION_MAX: usize = 3_000;

pub(super) fn call(url: &Url, message: &Waiting, lang: Language) -> Call {
    let marks = Marks { escape, bold: |text| format!("*{text}*"), link, newline: "\n" };
    let chat = chat(&message.notice, lang, &marks);
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": at_most(&chat.headline, HEADER_MAX), "emoji": false}}),
    ];
    blocks.extend(chat.entries.iter().map(|entry| section(entry)));
    blocks.extend(chat.more.iter().map(|more| json!({"type": "context", "elements": [{"type": "mrkdwn", "text": more}]})));
    json(url, &json!({"text": escape(&chat.headline), "blocks": blocks}))
}

fn section(entry: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": at_most(entry, SECTION_MAX)}})
}

/// The three characters Slack gives a meaning, so that no text mentions anybody.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn link(text: &str, url: &str) -> String {
    format!("<{}|{text}>", escape(url).replace('|', "%7C"))
}
