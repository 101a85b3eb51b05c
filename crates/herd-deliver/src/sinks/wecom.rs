//! WeCom, a group robot: Markdown of at most 4096 bytes.

use herd_config::Language;
use serde_json::json;
use url::Url;

use crate::post::Call;
use crate::queue::Waiting;
use crate::sinks::chat::{Marks, chat, markdown_link, markdown_plain};
use crate::sinks::{at_most, chat_said_no, json};

const CONTENT_MAX: usize = 4_096;

/// Codes of a kind of message there is not, of fields that are wrong, of no text, and of too much.
const NEVER: [i64; 4] = [40_008, 40_058, 44_004, 45_002];

pub(super) fn call(url: &Url, message: &Waiting, lang: Language) -> Call {
    let marks = Marks { escape: markdown_plain, bold: |text| format!("**{text}**"), link: markdown_link, newline: "\n" };
    let chat = chat(&message.notice, lang, &marks);
    let colour = if chat.firing { "warning" } else { "info" };
    let headline = format!("<font color=\"{colour}\">{}</font>", markdown_plain(&chat.headline));
    // What is not shown is told even where an entry is cut.
    let more = chat.more.map(|more| format!("\n\n{more}")).unwrap_or_default();
    let text = [vec![headline], chat.entries].concat().join("\n\n");
    let content = format!("{}{more}", at_most(&text, CONTENT_MAX - more.len()));
    json(url, &json!({"msgtype": "markdown", "markdown": {"content": content}}))
}

pub(super) fn said_no(body: &[u8]) -> Option<(String, bool)> {
    chat_said_no(body, "errcode", "errmsg", &NEVER)
}
