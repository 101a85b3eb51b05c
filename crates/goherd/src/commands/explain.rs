//! `goherd explain`: a pattern's page, or the list of all.

use herd_patterns::{CATALOGUE, Pattern, Status, by_id};
use herd_sinks::{Format, Lang, Messages, pad};

use crate::args::{ExplainArgs, FormatArg, GlobalArgs};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::output;

/// Prints one page, or all ids with their titles.
pub fn run(args: &ExplainArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let shown = output::lang(global);
    let lang = match shown {
        Lang::En => herd_patterns::Lang::En,
        Lang::ZhCn => herd_patterns::Lang::Zh,
    };
    let text = match &args.id {
        None => list(lang, &herd_sinks::messages(shown)),
        Some(id) => page(by_id(id).ok_or_else(|| ExpectedError::UnknownPattern(id.clone()))?, lang, global)?,
    };
    output::print_text(&text, Some(global))?;
    Ok(Exit::Healthy)
}

fn list(lang: herd_patterns::Lang, say: &Messages) -> String {
    let line = |pattern: &Pattern| {
        let status = match pattern.status {
            Status::Stable => "status-stable",
            Status::Preview => "status-preview",
            Status::Deprecated => "status-deprecated",
        };
        let columns = [pad(&say.say(pattern.severity.as_str()), 8), pad(&say.say(status), 10)];
        format!("{}  {}  {}\n", pattern.id, columns.join("  "), pattern.page(lang).title)
    };
    CATALOGUE.iter().map(line).collect()
}

fn page(pattern: &Pattern, lang: herd_patterns::Lang, global: &GlobalArgs) -> Result<String, ExpectedError> {
    let page = pattern.page(lang);
    match global.format {
        None | Some(FormatArg(Format::Text)) => Ok(herd_sinks::page(page.body, &output::look(global))),
        Some(FormatArg(Format::Markdown)) => Ok(page.body.trim_start().to_owned()),
        Some(FormatArg(other)) => Err(ExpectedError::Option {
            option: "--format",
            why: format!("a pattern's page has no form {}", other.row().name),
            next: "Use text or markdown.".into(),
        }),
    }
}
