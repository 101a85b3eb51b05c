//! Checkstyle's XML, which many build servers and review bots read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use herd_model::{Envelope, Finding, Severity};

use crate::{
    Look,
    messages::messages,
    name::{clean, rooted_file},
};

/// The findings that stand in a file, file by file.
pub fn checkstyle(envelope: &Envelope, look: &Look<'_>) -> String {
    let say = messages(look.lang);
    let mut files: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in envelope.findings.iter().filter(|finding| !finding.at.file.is_empty()) {
        files.entry(rooted_file(&finding.at, look)).or_default().push(finding);
    }
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"5.0\">\n".to_owned();
    for (file, findings) in files {
        let _ = writeln!(text, "  <file name=\"{}\">", attribute(file));
        for finding in findings {
            let words = look.finding(finding, &say);
            let fact = finding.evidence.first().map(|fact| format!(": {}", say.evidence(&finding.id, fact))).unwrap_or_default();
            let column = finding.position.map(|position| format!(" column=\"{}\"", position.column)).unwrap_or_default();
            let _ = writeln!(
                text,
                "    <error line=\"{}\"{column} severity=\"{}\" message=\"{}\" source=\"goherd.{}\"/>",
                finding.at.line,
                match finding.severity {
                    Severity::Critical => "error",
                    Severity::Warning => "warning",
                    Severity::Info => "info",
                },
                attribute(&format!("{}{fact}", words.title)),
                attribute(&finding.id.0),
            );
        }
        text += "  </file>\n";
    }
    text + "</checkstyle>\n"
}

/// A value between quotes; what XML cannot carry is taken out.
fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
