//! What a finding in source is known by in the next run, where exactly it stands, and what would cure it.

use herd_analysis::census::{Fnv, hex};
use herd_analysis::names;
use herd_golang::ast::{File, Pos};
use herd_model::{Edit, Finding, Place, Repair, Safety, TextPosition};
use herd_patterns::source;
use rustc_hash::FxHashMap;

/// Identity across runs: pattern, function, and the words of the line; neither lines nor blanks, which move with every edit.
pub(crate) fn fingerprint(id: &str, at: &Place, code: &str) -> String {
    let mut hash = Fnv::new();
    hash.text(id);
    hash.text(&names::normal(&at.func));
    if at.func.is_empty() {
        hash.text(names::base(&at.file));
    }
    code.split_whitespace().for_each(|word| hash.text(word));
    hex(hash.0)
}

/// Tells findings with the same fingerprint apart by their order. They are sorted by place.
pub(crate) fn number(findings: &mut [Finding]) {
    let mut seen: FxHashMap<String, u64> = FxHashMap::default();
    for finding in findings {
        let count = seen.entry(finding.fingerprint.clone()).or_default();
        if *count > 0 {
            let mut hash = Fnv::new();
            hash.text(&finding.fingerprint);
            hash.number(*count);
            finding.fingerprint = hex(hash.0);
        }
        *count += 1;
    }
}

/// A place in a file. Linear in its line.
pub(crate) fn position(file: &File, pos: Pos) -> TextPosition {
    let (offset, line) = (pos.offset(), file.line(pos));
    let start = file.lines.get((line as usize).saturating_sub(1)).copied().unwrap_or_default();
    let before = file.source.get(start as usize..offset as usize).unwrap_or_default();
    let column_utf16 = String::from_utf8_lossy(before).encode_utf16().count() as u32 + 1;
    TextPosition { offset, line, column: offset.saturating_sub(start) + 1, column_utf16 }
}

/// What an eye proposes, with its places told.
pub(crate) fn repair(file: &File, name: &str, repair: &source::Repair) -> Repair {
    let edit = |edit: &source::Edit| Edit {
        file: name.to_owned(),
        start: position(file, edit.span.start),
        end: position(file, edit.span.end),
        text: edit.text.clone(),
    };
    let safety = match repair.safety {
        source::Safety::Safe => Safety::Safe,
        source::Safety::Unsafe => Safety::Unsafe,
        source::Safety::DisplayOnly => Safety::DisplayOnly,
    };
    Repair { safety, text: repair.text.clone(), edits: repair.edits.iter().map(edit).collect() }
}
