//! `--new-from REV`: the lines that changed since a branch left a revision, as git has them; files git does not know are new.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use herd_model::{Envelope, Finding, Place};

use crate::error::ExpectedError;

/// Changed lines.
pub struct Changed {
    /// The top of the working copy.
    top: PathBuf,
    /// First and last lines by file, seen from the top; a new file has all lines.
    lines: BTreeMap<String, Vec<(u32, u32)>>,
}

impl Changed {
    /// Asks git what the working copy of a folder has that the revision had not when the branch left it.
    pub fn since(folder: &Path, rev: &str) -> Result<Self, ExpectedError> {
        let top = git(folder, &["rev-parse", "--show-toplevel"]).map_err(|why| failed(why, "Run it in a git working copy."))?;
        let top = PathBuf::from(String::from_utf8_lossy(&top).trim_end_matches(['\n', '\r']));
        let commit = ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{rev}^{{commit}}")].map(str::to_owned);
        let commit = git(folder, &commit.each_ref().map(String::as_str)).map_err(|why| match why {
            Why::NotRun(_) => failed(why, "Put git on the PATH."),
            Why::Said(_) => failed(
                Why::Said(format!("git knows no revision `{rev}` here")),
                "Name a branch, tag or commit; in CI fetch it first, such as with `fetch-depth: 0`.",
            ),
        })?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        // Without a common ancestor, as in a shallow clone, the revision itself is what there is to compare with.
        let base = git(folder, &["merge-base", &commit, "HEAD"]).map(|base| String::from_utf8_lossy(&base).trim().to_owned());
        let base = base.ok().filter(|base| !base.is_empty()).unwrap_or(commit);
        let next = "`git diff` in the folder says more.";
        let diff = ["-c", "core.quotePath=false", "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames"];
        let diff =
            diff.into_iter().chain(["--unified=0", "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules", &base, "--"]);
        let diff = git(&top, &diff.chain(["*.go"]).collect::<Vec<_>>()).map_err(|why| failed(why, next))?;
        let new =
            git(&top, &["ls-files", "--others", "--exclude-standard", "-z", "--", "*.go"]).map_err(|why| failed(why, next))?;
        let mut lines = changed_lines(&String::from_utf8_lossy(&diff));
        for name in new.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            lines.insert(String::from_utf8_lossy(name).into_owned(), vec![(0, u32::MAX)]);
        }
        Ok(Changed { top, lines })
    }

    /// Takes out findings that neither stand on changed lines nor show them, and counts them under `hidden.findings_not_new`.
    pub fn keep(&self, envelope: &mut Envelope, folder: &Path) {
        let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let is_new = |place: &Place| self.has(&folder.join(&place.file), place.line);
        let tells =
            |finding: &Finding| is_new(&finding.at) || finding.evidence.iter().filter_map(|fact| fact.place.as_ref()).any(is_new);
        let before = envelope.findings.len();
        envelope.findings.retain(tells);
        let gone = (before - envelope.findings.len()) as u64;
        if gone > 0 {
            *envelope.hidden.entry("findings_not_new".to_owned()).or_default() += gone;
            envelope.verdict = herd_diagnose::verdict(&envelope.findings, &envelope.candidates, envelope.open);
        }
    }

    fn has(&self, file: &Path, line: u32) -> bool {
        let Ok(name) = file.strip_prefix(&self.top) else { return false };
        let lines = self.lines.get(&*name.to_string_lossy().replace('\\', "/"));
        lines.into_iter().flatten().any(|(first, last)| *first <= line && line <= *last)
    }
}

/// Why git has no answer.
enum Why {
    NotRun(std::io::Error),
    Said(String),
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Why> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    let output = command.output().map_err(Why::NotRun)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().map(|line| line.trim_start_matches("fatal: ")).find(|line| !line.is_empty());
    Err(Why::Said(format!("git says: {}", first.unwrap_or("nothing"))))
}

fn failed(why: Why, next: &str) -> ExpectedError {
    let why = match why {
        Why::NotRun(error) => format!("git cannot be run: {error}"),
        Why::Said(said) => said,
    };
    ExpectedError::Option { option: "--new-from", why, next: next.to_owned() }
}

/// The lines that a diff without context adds or changes; where lines went, those on both sides.
fn changed_lines(diff: &str) -> BTreeMap<String, Vec<(u32, u32)>> {
    let mut changed: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
    let mut file: Option<String> = None;
    // Lines of a hunk are passed over by their number, as they may look like anything.
    let mut skip = 0;
    for line in diff.split('\n') {
        if skip > 0 && !line.starts_with('\\') {
            skip -= 1;
        } else if line.starts_with("diff --git ") {
            file = None;
        } else if let Some(name) = line.strip_prefix("+++ ") {
            file = unquoted(name.trim_end_matches(['\t', '\r'])).strip_prefix("b/").map(str::to_owned);
        } else if let Some((old, new)) = line.strip_prefix("@@ -").and_then(hunk) {
            skip = old.1.saturating_add(new.1);
            if let Some(file) = &file {
                let range = if new.1 == 0 { (new.0, new.0.saturating_add(1)) } else { (new.0, new.0.saturating_add(new.1 - 1)) };
                changed.entry(file.clone()).or_default().push(range);
            }
        }
    }
    changed
}

/// `12,3 +14,2 @@`: first line and number of lines, before and after.
fn hunk(text: &str) -> Option<((u32, u32), (u32, u32))> {
    let (old, rest) = text.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let range = |text: &str| match text.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    Some((range(old)?, range(new)?))
}

/// A name as git quotes it where it has quotes, tabs or line ends: as a string of C.
fn unquoted(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else { return name.to_owned() };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(first @ b'0'..=b'3') => {
                let digits = [first, rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                bytes.push(digits.iter().fold(0_u8, |value, digit| value.wrapping_mul(8).wrapping_add(digit.wrapping_sub(b'0'))));
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_give_lines_and_their_content_is_passed_over() {
        let diff = "diff --git a/x.go b/x.go\nindex 1..2 100644\n--- a/x.go\n+++ b/x.go\n@@ -3 +3,2 @@ func f() {\n-a\n+++ b/y.go\n+@@ -1 +1 @@\n\
                    @@ -9,2 +10,0 @@\n-b\n-c\ndiff --git a/old.go b/new name.go\nsimilarity index 90%\nrename from old.go\nrename to new name.go\n\
                    --- a/old.go\n+++ b/new name.go\t\n@@ -5 +5 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n\
                    diff --git a/gone.go b/gone.go\ndeleted file mode 100644\n--- a/gone.go\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-y\n";
        let lines = changed_lines(diff);
        let shown: Vec<(&str, &[(u32, u32)])> = lines.iter().map(|(file, lines)| (&**file, &**lines)).collect();
        assert_eq!(shown, [("new name.go", &[(5, 5)][..]), ("x.go", &[(3, 4), (10, 11)][..])]);
    }

    #[test]
    fn quoted_names_are_read() {
        assert_eq!(unquoted(r#""b/a\tb\"c\303\244.go""#), "b/a\tb\"cä.go");
        assert_eq!(unquoted("b/日志.go"), "b/日志.go");
    }
}
