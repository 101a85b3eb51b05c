//! `goherd lint --fix` and `--diff`: repairs made in copies of the files, which are linted again until nothing is left to mend.
//!
//! A repair is made whole or not at all. A file is written once, at the end, and only if it reads as well as before.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use herd_golang::Interner;
use herd_golang::load::Context;
use herd_golang::parser::{Mode, parse};
use herd_model::{Edit, Envelope, Finding, Note, NoteKind, Repair, Safety};
use similar::TextDiff;

use crate::error::ExpectedError;

/// How often the result is linted again.
const ROUNDS_MAX: usize = 10;

/// What mending gives.
#[derive(Default)]
pub struct Mended {
    /// Files that differ, with their texts before and after.
    pub files: BTreeMap<PathBuf, (Vec<u8>, Vec<u8>)>,
    /// Repairs made.
    pub count: u64,
    /// Repairs that were left, as they would write over another one or break their file.
    pub left: u64,
    /// What could not be done.
    pub notes: Vec<Note>,
    /// What is found afterwards; nothing where nothing was mended.
    pub after: Option<Envelope>,
}

/// Makes the repairs that are trusted, round by round, in the context's overlay; no file is written.
pub fn mend(
    folder: &Path,
    context: &mut Context,
    found: &Envelope,
    trusted: Safety,
    lint: &mut dyn FnMut(&Context) -> Envelope,
) -> Mended {
    let mut mended = Mended::default();
    let mut broken: BTreeSet<PathBuf> = BTreeSet::new();
    // What other modules are is not the program's to change.
    let others: Vec<PathBuf> = context.mod_cache.iter().chain(&context.goroot).cloned().collect();
    for _ in 0..ROUNDS_MAX {
        let findings = &mended.after.as_ref().unwrap_or(found).findings;
        let plan =
            plan(folder, findings, trusted, &|path| broken.contains(path) || others.iter().any(|other| path.starts_with(other)));
        mended.left = plan.left;
        let mut changed = false;
        for (path, file) in plan.files {
            let before = match context.overlay.text(&path) {
                Some(text) => text.to_vec(),
                None => match std::fs::read(&path) {
                    Ok(text) => text,
                    Err(why) => {
                        mended.notes.push(note(format!("{} is not mended: {why}", shown(&path, folder))));
                        broken.insert(path);
                        continue;
                    }
                },
            };
            let after = applied(&before, &file.edits).filter(|after| mistakes(after) <= mistakes(&before));
            let Some(after) = after else {
                mended.notes.push(note(format!("{} is not mended: it could not be read afterwards", shown(&path, folder))));
                mended.left += file.repairs;
                broken.insert(path);
                continue;
            };
            context.overlay.set(path.clone(), after.clone());
            mended.files.entry(path).or_insert_with(|| (before, Vec::new())).1 = after;
            mended.count += file.repairs;
            changed = true;
        }
        if !changed {
            break;
        }
        mended.after = Some(lint(context));
    }
    mended.files.retain(|_, (before, after)| before != after);
    mended
}

impl Mended {
    /// What changes, as `patch` takes it.
    pub fn diff(&self, folder: &Path) -> String {
        let mut text = String::new();
        for (path, (before, after)) in &self.files {
            let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
            let name = shown(path, folder).trim_start_matches('/').to_owned();
            let diff = TextDiff::from_lines(&*before, &*after);
            text += &diff.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string();
        }
        text
    }

    /// One sentence on what would be mended.
    pub fn told(&self) -> String {
        let left = if self.left > 0 { format!("; {} repairs would be left", self.left) } else { String::new() };
        format!("{} repairs in {} files{left}", self.count, self.files.len())
    }

    /// Puts the texts into the files, each in one step and with the rights it has. A file that was changed meanwhile is left alone.
    pub fn write(&self) -> Result<(), ExpectedError> {
        for (path, (before, after)) in &self.files {
            replace(path, before, after).map_err(|why| ExpectedError::Output { path: path.clone(), why })?;
        }
        Ok(())
    }
}

fn replace(path: &Path, before: &[u8], after: &[u8]) -> std::io::Result<()> {
    // A link stays a link.
    let file = std::fs::canonicalize(path)?;
    if std::fs::read(&file)? != before {
        return Err(std::io::Error::other("it was changed while it was linted"));
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    part.write_all(after)?;
    part.as_file().set_permissions(std::fs::metadata(&file)?.permissions())?;
    part.as_file().sync_all()?;
    part.persist(&file).map_err(|error| error.error)?;
    Ok(())
}

/// The edits of one round.
#[derive(Default)]
struct Plan {
    files: BTreeMap<PathBuf, FilePlan>,
    left: u64,
}

#[derive(Default)]
struct FilePlan {
    edits: Vec<Edit>,
    repairs: u64,
}

/// Trusted repairs that leave each other alone, the first of each place first.
fn plan(folder: &Path, findings: &[Finding], trusted: Safety, is_closed: &dyn Fn(&Path) -> bool) -> Plan {
    let mut plan = Plan::default();
    let repairs = findings.iter().filter_map(|finding| finding.repair.as_ref());
    for repair in repairs.filter(|repair| repair.safety <= trusted && !repair.edits.is_empty()) {
        let path = |edit: &Edit| folder.join(&edit.file);
        let chosen = |edit: &Edit| plan.files.get(&path(edit)).map(|file| &*file.edits).unwrap_or_default();
        if repair.edits.iter().all(|edit| chosen(edit).contains(edit)) {
            // Another finding has the same cure.
            continue;
        }
        let meets = |edit: &Edit| chosen(edit).iter().any(|other| touch(edit, other));
        if is_torn(repair) || repair.edits.iter().any(|edit| is_closed(&path(edit)) || meets(edit)) {
            plan.left += 1;
            continue;
        }
        for (at, edit) in repair.edits.iter().enumerate() {
            let file = plan.files.entry(path(edit)).or_default();
            file.edits.push(edit.clone());
            file.repairs += u64::from(at == 0);
        }
    }
    plan
}

/// Whether the edits of one repair write over each other.
fn is_torn(repair: &Repair) -> bool {
    let mut edits: Vec<&Edit> = repair.edits.iter().collect();
    edits.sort_by(|a, b| (&a.file, a.start, a.end).cmp(&(&b.file, b.start, b.end)));
    edits.iter().any(|edit| edit.start.offset > edit.end.offset)
        || edits.windows(2).any(|two| matches!(two, [a, b] if a.file == b.file && b.start.offset < a.end.offset))
}

/// Edits of one line are of one thought: what comes second is thought of again once the first is made.
fn touch(a: &Edit, b: &Edit) -> bool {
    a.start.line <= b.end.line && b.start.line <= a.end.line
}

/// The text with edits made, the last one first; nothing where one lies outside of it. Line ends are those of the text.
fn applied(text: &[u8], edits: &[Edit]) -> Option<Vec<u8>> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    // What is put in at one place stays in the order it is given.
    edits.sort_by_key(|edit| (edit.start.offset, edit.end.offset));
    let returns = text.windows(2).any(|two| two == b"\r\n");
    let mut after = Vec::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.start.offset as usize, edit.end.offset as usize);
        after.extend(text.get(at..start)?);
        let new = if returns { edit.text.replace("\r\n", "\n").replace('\n', "\r\n") } else { edit.text.clone() };
        after.extend(new.as_bytes());
        at = end.max(start);
    }
    after.extend(text.get(at..)?);
    Some(after)
}

/// Mistakes of syntax.
fn mistakes(text: &[u8]) -> usize {
    parse(text.to_vec(), &Interner::new(), Mode::Full).errors.len()
}

fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}

fn note(text: String) -> Note {
    Note { kind: NoteKind::Skipped, offset: None, text }
}

#[cfg(test)]
mod tests {
    use herd_model::{Certainty, Evidence, EvidenceKind, PatternId, Place, Severity, TextPosition};

    use super::*;

    fn at(text: &str, offset: usize) -> TextPosition {
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = (offset - start) as u32 + 1;
        TextPosition { offset: offset as u32, line: before.matches('\n').count() as u32 + 1, column, column_utf16: column }
    }

    fn finding(file: &str, safety: Safety, edits: Vec<Edit>) -> Finding {
        Finding {
            id: PatternId::new("DL006"),
            target: String::new(),
            title: String::new(),
            severity: Severity::Critical,
            certainty: Certainty::Suspected,
            count: 0,
            rate_per_s: None,
            at: Place { func: String::new(), file: file.to_owned(), line: 1 },
            started_by: None,
            waits_on: String::new(),
            since_s: None,
            evidence: vec![Evidence::new(EvidenceKind::Source, "")],
            why: String::new(),
            fix: String::new(),
            next: Vec::new(),
            steps: Vec::new(),
            fingerprint: String::new(),
            also: Vec::new(),
            family: None,
            position: None,
            repair: Some(Repair { safety, text: String::new(), edits }),
        }
    }

    /// Puts one text for another wherever it stands in the files of a folder, as findings with repairs.
    fn proposing(folder: &Path, context: &Context, rows: &[(&str, &str, Safety)]) -> Envelope {
        let mut envelope = Envelope::new("lint", "0.0.0");
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        for name in names {
            let path = folder.join(&name);
            let text = context.overlay.text(&path).map_or_else(|| std::fs::read(&path).unwrap(), |text| text.to_vec());
            let text = String::from_utf8(text).unwrap();
            for (from, to, safety) in rows {
                for (offset, _) in text.match_indices(from) {
                    let (start, end) = (at(&text, offset), at(&text, offset + from.len()));
                    let edit = Edit { file: name.clone(), start, end, text: (*to).to_owned() };
                    envelope.findings.push(finding(&name, *safety, vec![edit]));
                }
            }
        }
        envelope
    }

    /// What a file of that text becomes, how many repairs were made and how many were left.
    #[track_caller]
    fn check(text: &str, rows: &[(&str, &str, Safety)], trusted: Safety, expected: &str, made: u64, left: u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.go");
        std::fs::write(&path, text).unwrap();
        let mut context = Context::from_variables(&|_| None);
        let found = proposing(folder.path(), &context, rows);
        let mut lint = |context: &Context| proposing(folder.path(), context, rows);
        let mended = mend(folder.path(), &mut context, &found, trusted, &mut lint);
        assert_eq!((mended.count, mended.left), (made, left));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "nothing is written yet");
        mended.write().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn repairs_are_made_until_none_is_left() {
        let safe = Safety::Safe;
        check("package p\n\nvar a = 1\nvar b = 1\n", &[("= 1", "= 2", safe)], safe, "package p\n\nvar a = 2\nvar b = 2\n", 2, 0);
        // The second of one line is made in the next round, and what a repair brings with it, too.
        check(
            "package p\n\nvar a, b = 1, 1\n",
            &[("1", "2", safe), ("2", "3", safe)],
            safe,
            "package p\n\nvar a, b = 3, 3\n",
            4,
            0,
        );
        check(
            "package p\r\n\r\nvar a = 1\r\n",
            &[("= 1", "= 2\nvar b int", safe)],
            safe,
            "package p\r\n\r\nvar a = 2\r\nvar b int\r\n",
            1,
            0,
        );
    }

    #[test]
    fn what_is_not_trusted_or_breaks_its_file_is_left() {
        let text = "package p\n\nvar a = 1\n";
        check(text, &[("= 1", "= 2", Safety::Unsafe)], Safety::Safe, text, 0, 0);
        check(text, &[("= 1", "= 2", Safety::Unsafe)], Safety::Unsafe, "package p\n\nvar a = 2\n", 1, 0);
        check(text, &[("= 1", "= 2", Safety::DisplayOnly)], Safety::Unsafe, text, 0, 0);
        check(text, &[("= 1", "= = 2", Safety::Safe)], Safety::Safe, text, 0, 1);
        // A file that was broken may be mended all the same.
        check(
            "package p\n\nfunc (\n\nvar a = 1\n",
            &[("= 1", "= 2", Safety::Safe)],
            Safety::Safe,
            "package p\n\nfunc (\n\nvar a = 2\n",
            1,
            0,
        );
        // What comes again and again ends.
        check(text, &[("1", "2", Safety::Safe), ("2", "1", Safety::Safe)], Safety::Safe, text, 10, 0);
    }

    #[test]
    fn a_repair_whose_edits_cross_is_not_made() {
        let text = "package p\n\nvar a = 1\n";
        let edit =
            |start: usize, end: usize| Edit { file: "a.go".into(), start: at(text, start), end: at(text, end), text: "x".into() };
        for edits in [vec![edit(11, 16), edit(15, 17)], vec![edit(16, 12)]] {
            let plan = plan(Path::new("/m"), &[finding("a.go", Safety::Safe, edits)], Safety::Safe, &|_| false);
            assert_eq!((plan.files.len(), plan.left), (0, 1));
        }
        let twice = [finding("a.go", Safety::Safe, vec![edit(15, 16)]), finding("a.go", Safety::Safe, vec![edit(15, 16)])];
        let plan = plan(Path::new("/m"), &twice, Safety::Safe, &|_| false);
        assert_eq!(
            plan.files.values().map(|file| (file.edits.len(), file.repairs)).collect::<Vec<_>>(),
            [(1, 1)],
            "one cure of two"
        );
        assert_eq!(plan.left, 0);
        let plan = super::plan(Path::new("/m"), &twice, Safety::Safe, &|path| path == Path::new("/m/a.go"));
        assert_eq!((plan.files.len(), plan.left), (0, 2), "a file that is not to be touched");
        assert_eq!(applied(text.as_bytes(), &[Edit { end: TextPosition { offset: 999, ..at(text, 3) }, ..edit(3, 3) }]), None);
    }

    #[test]
    fn a_diff_says_what_would_change_and_rights_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.go");
        std::fs::write(&path, "package p\n\nvar a = 1\n").unwrap();
        let files =
            BTreeMap::from([(path.clone(), (b"package p\n\nvar a = 1\n".to_vec(), b"package p\n\nvar a = 2\n".to_vec()))]);
        let mended = Mended { files, count: 1, ..Mended::default() };
        let diff = "--- a/a.go\n+++ b/a.go\n@@ -1,3 +1,3 @@\n package p\n \n-var a = 1\n+var a = 2\n";
        assert_eq!(mended.diff(folder.path()), diff);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            mended.write().unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        }
        std::fs::write(&path, "package p\n\nvar somebody = 1\n").unwrap();
        mended.write().expect_err("it was changed meanwhile");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "package p\n\nvar somebody = 1\n");
    }
}
