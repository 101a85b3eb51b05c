//! Findings in the words of the protocol: diagnostics, code actions, hovers.

use std::path::Path;

use herd_model::{Edit, Finding, Place, Safety, Severity};
use herd_patterns::Lang;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeDescription, Diagnostic, DiagnosticRelatedInformation,
    DiagnosticSeverity, DocumentChanges, Hover, HoverContents, Location, MarkupContent, MarkupKind, NumberOrString, OneOf,
    OptionalVersionedTextDocumentIdentifier, Position, Range, TextDocumentEdit, TextEdit, WorkspaceEdit,
};

use crate::documents::to_uri;
use crate::worker::Linted;

/// Where pages of patterns are read.
const PAGES: &str = "https://github.com/goherd/goherd/blob/main/docs/patterns";

/// What was found in a file.
pub fn diagnostics(linted: &Linted, file: &Path, lang: Lang) -> Vec<Diagnostic> {
    of_file(linted, file).map(|finding| diagnostic(linted, finding, lang)).collect()
}

/// The page of what was found at a position.
pub fn hover(linted: &Linted, file: &Path, at: Position, lang: Lang) -> Option<Hover> {
    let found = of_file(linted, file).map(|finding| (finding, range(linted, finding)));
    let (finding, range) = found.into_iter().find(|(_, range)| range.start <= at && at <= range.end)?;
    let body = herd_patterns::by_id(&finding.id.0)?.page(lang).body;
    let fact = finding.evidence.first().map_or("", |fact| &fact.text);
    let value = format!("**{}**: {fact}\n\n{body}", finding.id);
    Some(Hover { contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }), range: Some(range) })
}

/// What can be done about what was found in a range: its repair, or a comment that keeps it back.
pub fn actions(linted: &Linted, file: &Path, wanted: Range, with_versions: bool) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    for finding in of_file(linted, file) {
        let range = range(linted, finding);
        if range.end < wanted.start || wanted.end < range.start {
            continue;
        }
        let action = |title: String, edits: &[Edit], is_preferred: bool| {
            Some(CodeActionOrCommand::CodeAction(CodeAction {
                title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostic(linted, finding, Lang::En)]),
                edit: Some(change(linted, edits, with_versions)?),
                is_preferred: Some(is_preferred),
                ..CodeAction::default()
            }))
        };
        if let Some(repair) = finding.repair.as_ref().filter(|repair| repair.safety != Safety::DisplayOnly) {
            let title = match repair.safety {
                Safety::Safe | Safety::DisplayOnly => repair.text.clone(),
                Safety::Unsafe => format!("{} (may change more than the fault)", repair.text),
            };
            actions.extend(action(title, &repair.edits, repair.safety == Safety::Safe));
        }
        let comment = kept_back(linted, finding);
        actions.extend(action(format!("Keep {} back here with a comment", finding.id), &[comment], false));
    }
    actions
}

fn of_file<'l>(linted: &'l Linted, file: &'l Path) -> impl Iterator<Item = &'l Finding> {
    linted.findings.iter().filter(move |finding| linted.folder.join(&finding.at.file) == file)
}

fn diagnostic(linted: &Linted, finding: &Finding, lang: Lang) -> Diagnostic {
    let title = herd_patterns::by_id(&finding.id.0).map_or(finding.title.as_str(), |pattern| pattern.page(lang).title);
    let fact = finding.evidence.first().map(|fact| format!(": {}", fact.text)).unwrap_or_default();
    let related = finding.evidence.iter().skip(1).filter_map(|fact| {
        let place = fact.place.as_ref().filter(|place| !place.file.is_empty())?;
        let location = Location { uri: to_uri(&linted.folder.join(&place.file))?, range: line_of(linted, place) };
        Some(DiagnosticRelatedInformation { location, message: fact.text.clone() })
    });
    let related: Vec<DiagnosticRelatedInformation> = related.collect();
    Diagnostic {
        range: range(linted, finding),
        severity: Some(match finding.severity {
            Severity::Critical => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Info => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(finding.id.to_string())),
        code_description: format!("{PAGES}/{}.md", finding.id).parse().ok().map(|href| CodeDescription { href }),
        source: Some("goherd".to_owned()),
        message: format!("{title}{fact}"),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}

/// The name it stands in, with what it is selected from.
fn range(linted: &Linted, finding: &Finding) -> Range {
    let line = linted.buffers.line(&linted.folder.join(&finding.at.file), finding.at.line);
    let units: Vec<u16> = line.encode_utf16().collect();
    let at = finding.position.map_or(0, |position| position.column_utf16.saturating_sub(1) as usize).min(units.len());
    let (before, after) = units.split_at(at);
    let (before, after) = (String::from_utf16_lossy(before), String::from_utf16_lossy(after));
    let in_name = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let width = |chars: &mut dyn Iterator<Item = char>| chars.map(char::len_utf16).sum::<usize>();
    let left = width(&mut before.chars().rev().take_while(in_name));
    let right = width(&mut after.chars().take_while(in_name));
    let (left, right) = if right == 0 { (0, width(&mut after.chars().take(1))) } else { (left, right) };
    let line = finding.at.line.saturating_sub(1);
    Range::new(Position::new(line, (at - left) as u32), Position::new(line, (at + right) as u32))
}

/// A line without what indents it.
fn line_of(linted: &Linted, place: &Place) -> Range {
    let line = linted.buffers.line(&linted.folder.join(&place.file), place.line);
    let width = |text: &str| text.encode_utf16().count() as u32;
    let start = width(&line) - width(line.trim_start());
    let at = place.line.saturating_sub(1);
    Range::new(Position::new(at, start), Position::new(at, width(line.trim_end()).max(start)))
}

/// A comment above the line of a finding.
fn kept_back(linted: &Linted, finding: &Finding) -> Edit {
    let line = linted.buffers.line(&linted.folder.join(&finding.at.file), finding.at.line);
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    let start = herd_model::TextPosition { line: finding.at.line, column: 1, column_utf16: 1, offset: 0 };
    let text = format!("{indent}//goherd:ignore {} REASON\n", finding.id);
    Edit { file: finding.at.file.clone(), start, end: start, text }
}

#[allow(clippy::mutable_key_type, reason = "the protocol's table of changes is by address; nothing in one changes")]
fn change(linted: &Linted, edits: &[Edit], with_versions: bool) -> Option<WorkspaceEdit> {
    let mut files: Vec<&str> = edits.iter().map(|edit| edit.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    let mut by_file = Vec::new();
    for file in files {
        let path = linted.folder.join(file);
        let own = edits.iter().filter(|edit| edit.file == file).map(text_edit);
        by_file.push((to_uri(&path)?, linted.buffers.version(&path), own.collect::<Vec<_>>()));
    }
    if !with_versions {
        let changes = by_file.into_iter().map(|(uri, _, edits)| (uri, edits)).collect();
        return Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() });
    }
    let changes = by_file.into_iter().map(|(uri, version, edits)| TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
        edits: edits.into_iter().map(OneOf::Left).collect(),
    });
    Some(WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(changes.collect())), ..WorkspaceEdit::default() })
}

fn text_edit(edit: &Edit) -> TextEdit {
    let position = |at: herd_model::TextPosition| Position::new(at.line.saturating_sub(1), at.column_utf16.saturating_sub(1));
    TextEdit { range: Range::new(position(edit.start), position(edit.end)), new_text: edit.text.clone() }
}
