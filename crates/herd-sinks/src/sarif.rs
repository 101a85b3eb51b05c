//! SARIF 2.1.0, which code hosts and editors read: a rule a pattern, a result a finding, its way as a code flow, its repair as a fix.

use herd_model::{Edit, Envelope, Evidence, Finding, PatternId, Place, Severity, TextPosition};
use serde_json::{Value, json};

use crate::{
    Look,
    look::Localised,
    messages::{Messages, messages},
    name::{clean, func_tail, percent_encode, rooted_file},
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME: &str = "https://github.com/goherd/goherd";
/// What relative file names are seen from, as code hosts call it.
const ROOT: &str = "%SRCROOT%";

/// The findings as a log of one run.
pub fn sarif(envelope: &Envelope, look: &Look<'_>) -> Value {
    let say = messages(look.lang);
    let mut ids: Vec<&PatternId> = Vec::new();
    for finding in &envelope.findings {
        if !ids.contains(&&finding.id) {
            ids.push(&finding.id);
        }
    }
    ids.sort();
    let rules: Vec<Value> = ids.iter().filter_map(|id| rule(id, envelope, look, &say)).collect();
    let results: Vec<Value> = envelope.findings.iter().map(|finding| result(finding, &ids, look, &say)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "goherd",
                "semanticVersion": envelope.goherd,
                "informationUri": HOME,
                "rules": rules,
            }},
            "columnKind": "utf16CodeUnits",
            "invocations": [{"executionSuccessful": true}],
            "results": results,
        }],
    })
}

fn rule(id: &PatternId, envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Option<Value> {
    let finding = envelope.findings.iter().find(|finding| &finding.id == id)?;
    let words = look.finding(finding, say);
    let page = page(id, look).map(|words| words.page.as_str()).unwrap_or_default();
    // The front matter says what the other fields say.
    let markdown = page.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(page, |(_, body)| body).trim();
    let mut rule = json!({
        "id": id.0,
        "shortDescription": {"text": clean(&words.title)},
        "fullDescription": {"text": clean(&words.why)},
        "help": {"text": clean(&words.fix)},
        "helpUri": format!("{HOME}/blob/main/docs/patterns/{id}.md"),
        "defaultConfiguration": {"level": level(finding.severity)},
    });
    if !markdown.is_empty() {
        rule["help"]["markdown"] = json!(markdown);
    }
    Some(rule)
}

fn page<'l>(id: &PatternId, look: &'l Look<'_>) -> Option<&'l Localised> {
    let pattern = look.patterns.iter().find(|pattern| &pattern.id == id)?;
    pattern.words.iter().find(|(lang, _)| *lang == look.lang).map(|(_, words)| words)
}

fn result(finding: &Finding, ids: &[&PatternId], look: &Look<'_>, say: &Messages) -> Value {
    let title = look.finding(finding, say).title;
    let fact = finding.evidence.first().map(|fact| say.evidence(&finding.id, fact));
    let message = fact.map_or_else(|| title.clone(), |fact| format!("{title}: {fact}"));
    let mut result = json!({
        "ruleId": finding.id.0,
        "ruleIndex": ids.iter().position(|id| *id == &finding.id),
        "level": level(finding.severity),
        "message": {"text": clean(&message)},
        "locations": [location(&finding.at, finding.position, None, look)],
        "partialFingerprints": {"goherd/v1": finding.fingerprint},
        "properties": {"certainty": finding.certainty.as_str(), "severity": finding.severity.as_str()},
    });
    // The first fact is the fault itself; what follows is the way to it.
    let way: Vec<&Evidence> = finding.evidence.iter().skip(1).filter(|fact| fact.place.is_some()).collect();
    if !way.is_empty() {
        let stops = way.iter().filter_map(|fact| {
            let text = say.evidence(&finding.id, fact);
            Some(json!({"location": location(fact.place.as_ref()?, None, Some(&text), look)}))
        });
        let stops: Vec<Value> = stops.collect();
        result["codeFlows"] = json!([{"threadFlows": [{"locations": stops}]}]);
    }
    if let Some(repair) = finding.repair.as_ref().filter(|repair| !repair.edits.is_empty()) {
        let mut files: Vec<&str> = repair.edits.iter().map(|edit| edit.file.as_str()).collect();
        files.dedup();
        let changes = files.iter().map(|file| {
            let edits = repair.edits.iter().filter(|edit| edit.file == *file);
            json!({"artifactLocation": artifact(file, look), "replacements": edits.map(replacement).collect::<Vec<_>>()})
        });
        let changes: Vec<Value> = changes.collect();
        result["fixes"] = json!([{"description": {"text": clean(&say.sentence(&repair.text))}, "artifactChanges": changes}]);
    }
    result
}

fn replacement(edit: &Edit) -> Value {
    json!({
        "deletedRegion": {
            "startLine": edit.start.line,
            "startColumn": edit.start.column_utf16,
            "endLine": edit.end.line,
            "endColumn": edit.end.column_utf16,
        },
        "insertedContent": {"text": edit.text},
    })
}

fn location(place: &Place, position: Option<TextPosition>, text: Option<&str>, look: &Look<'_>) -> Value {
    let mut location = json!({});
    if !place.file.is_empty() {
        location["physicalLocation"] = json!({"artifactLocation": artifact(rooted_file(place, look), look)});
        if place.line > 0 {
            location["physicalLocation"]["region"] = match position {
                Some(position) => json!({"startLine": place.line, "startColumn": position.column_utf16}),
                None => json!({"startLine": place.line}),
            };
        }
    }
    if !place.func.is_empty() {
        location["logicalLocations"] =
            json!([{"name": clean(func_tail(&place.func)), "fullyQualifiedName": clean(&place.func), "kind": "function"}]);
    }
    if let Some(text) = text {
        location["message"] = json!({"text": clean(text)});
    }
    location
}

/// A file by its name below the checkout, else by its address.
fn artifact(file: &str, look: &Look<'_>) -> Value {
    let place = Place { file: file.to_owned(), ..Place::default() };
    let name = rooted_file(&place, look).replace('\\', "/");
    let encoded = percent_encode(&name);
    if name.starts_with('/') { json!({"uri": format!("file://{encoded}")}) } else { json!({"uri": encoded, "uriBaseId": ROOT}) }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
