//! A pattern's Markdown page in a terminal: headings strong, code apart, prose wrapped.

use crate::{
    Look,
    layout::{Role, columns, paint, wrap},
    name::clean,
};

/// The page as text, each line ended.
pub fn page(markdown: &str, look: &Look<'_>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            flush(&mut paragraph, &mut lines, look);
            in_code = !in_code;
            continue;
        }
        match line {
            _ if in_code && line.trim().is_empty() => lines.push(String::new()),
            _ if in_code => lines.push(paint(Role::Command, &format!("    {}", clean(&line.replace('\t', "    "))), look)),
            "" => {
                flush(&mut paragraph, &mut lines, look);
                lines.push(String::new());
            }
            _ if line.starts_with('#') => {
                flush(&mut paragraph, &mut lines, look);
                lines.push(paint(Role::Strong, &clean(line.trim_start_matches('#').trim_start()), look));
            }
            _ if line.starts_with('|') => {
                flush(&mut paragraph, &mut lines, look);
                lines.push(clean(line).into_owned());
            }
            _ => {
                if starts_item(line) {
                    flush(&mut paragraph, &mut lines, look);
                }
                join(&mut paragraph, line);
            }
        }
    }
    flush(&mut paragraph, &mut lines, look);
    lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
    lines.join("\n").trim_matches('\n').to_owned() + "\n"
}

fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("- ")
        || line.split_once(". ").is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Joins a source line to its paragraph; Chinese text takes no space between its lines.
fn join(paragraph: &mut String, line: &str) {
    let line = if paragraph.is_empty() { line.trim_end() } else { line.trim() };
    let wide = |c: Option<char>| c.is_some_and(|c| !c.is_ascii());
    let joined = wide(paragraph.chars().last()) && wide(line.chars().next());
    if !paragraph.is_empty() && !joined {
        paragraph.push(' ');
    }
    paragraph.push_str(line);
}

fn flush(paragraph: &mut String, lines: &mut Vec<String>, look: &Look<'_>) {
    if paragraph.is_empty() {
        return;
    }
    let text = std::mem::take(paragraph);
    let body = text.trim_start();
    let indent = columns(&text) - columns(body);
    let hang = indent + if starts_item(body) { body.find(' ').map_or(0, |space| space + 1) } else { 0 };
    let plain = clean(body).replace("**", "").replace('`', "");
    for (index, line) in wrap(&plain, look.width.saturating_sub(hang)).iter().enumerate() {
        // The first line carries the bullet, which takes the hanging part's room.
        lines.push(format!("{}{line}", " ".repeat(if index == 0 { indent } else { hang })));
    }
}
