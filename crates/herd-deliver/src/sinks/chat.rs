//! A message as people in a chat read it: a headline, an entry an alert, and how many there are besides. Each chat has its own marks.

use herd_config::Language;

use crate::alert::Alert;
use crate::notice::Notice;
use crate::sinks::words::{Words, words};

/// Alerts a chat shows; the rest is counted.
const SHOWN_MAX: usize = 10;

/// A message in parts.
pub(super) struct Chat {
    /// One line, without marks.
    pub(super) headline: String,
    /// An entry an alert, in the marks of the chat.
    pub(super) entries: Vec<String>,
    /// What is not shown.
    pub(super) more: Option<String>,
    /// Whether anything fires.
    pub(super) firing: bool,
}

/// How a chat marks text.
pub(super) struct Marks {
    /// Text as it is to be read.
    pub(super) escape: fn(&str) -> String,
    /// Bold text, already escaped.
    pub(super) bold: fn(&str) -> String,
    /// A link: text, already escaped, and address.
    pub(super) link: fn(&str, &str) -> String,
    /// What parts two lines.
    pub(super) newline: &'static str,
}

pub(super) fn chat(notice: &Notice, lang: Language, marks: &Marks) -> Chat {
    let words = words(lang);
    let shown = notice.alerts.iter().take(SHOWN_MAX);
    let beyond = notice.alerts.len().saturating_sub(SHOWN_MAX) as u64 + notice.not_listed;
    Chat {
        headline: headline(notice, words),
        entries: shown.map(|alert| entry(alert, words, marks)).collect(),
        more: (beyond > 0).then(|| (marks.escape)(&words.more(beyond))),
        firing: notice.is_firing(),
    }
}

fn headline(notice: &Notice, words: &Words) -> String {
    let firing = notice.firing();
    let resolved = notice.alerts.len() - firing;
    let counts = [(firing, words.firing), (resolved, words.resolved)];
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{word} {count}")).collect();
    let about: Vec<&str> = ["alertname", "service", "env", "instance"]
        .iter()
        .filter_map(|name| notice.group.get(*name))
        .map(String::as_str)
        .collect();
    let first = notice.alerts.first();
    let about = if about.is_empty() { first.map_or("", |alert| alert.label("alertname")).to_owned() } else { about.join(" · ") };
    let reason = words.reason(notice.reason).map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("[{}] {}{reason}{}{about}", notice.priority(), counts.join(", "), words.colon)
}

fn entry(alert: &Alert, words: &Words, marks: &Marks) -> String {
    let escape = marks.escape;
    let state = if alert.is_firing() { words.firing } else { words.resolved };
    let title = format!("{} {}", state, [alert.label("alertname"), alert.annotation("summary")].join(" "));
    let whose: Vec<&str> = ["service", "instance", "env", "team", "sla_tier"]
        .iter()
        .map(|name| alert.label(name))
        .filter(|value| !value.is_empty())
        .collect();
    let mut lines = vec![(marks.bold)(&escape(title.trim())), escape(&whose.join(" · "))];
    let since = alert.starts_at.rfc3339();
    for (word, text) in
        [(words.since, since.as_str()), (words.started_by, alert.annotation("started_by")), (words.fix, alert.annotation("fix"))]
    {
        if !text.is_empty() {
            lines.push(format!("{}{}{}", escape(word), words.colon, escape(text)));
        }
    }
    for effect in &alert.attached {
        lines.push(format!(
            "{}{}{}",
            escape(words.causes),
            words.colon,
            escape(&format!("{} {}", effect.alertname, effect.summary))
        ));
    }
    let more_there: Vec<String> = [(words.runbook, "runbook_url"), (words.evidence, "evidence_url")]
        .iter()
        .map(|(word, name)| (word, alert.annotation(name)))
        .filter(|(_, url)| !url.is_empty())
        .map(|(word, url)| (marks.link)(&escape(word), url))
        .collect();
    if !more_there.is_empty() {
        lines.push(more_there.join(" · "));
    }
    lines.retain(|line| !line.is_empty());
    lines.join(marks.newline)
}

/// Text inside the Markdown of chats that know no escape: what could be a mark, a tag or a mention is written with a look-alike or a space.
/// A single `*`, as in `(*Client).watch`, marks nothing between a bracket and a letter.
pub(super) fn markdown_plain(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '<' => '＜',
            '>' => '＞',
            '`' => '\'',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    plain.replace("**", "* *").replace("](", "] (")
}

/// An address inside a Markdown link.
pub(super) fn markdown_link(text: &str, url: &str) -> String {
    format!("[{text}]({})", url.replace('(', "%28").replace(')', "%29").replace(' ', "%20"))
}
