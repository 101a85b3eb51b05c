//! A directory of dumps: each file read, sorted by time, then by name; what is no dump is counted.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use herd_model::{Note, NoteKind};

use crate::{CancelFlag, SourceError, Target, Testimony, date_series, file};

/// The most files of one directory that are looked at.
const MAX_FILES: usize = 10_000;
const NAMED_MAX: usize = 5;

/// Reads every file of a directory; its sub-directories are left alone and counted.
pub(crate) fn read(target: &Target, directory: &Path, cancel: &CancelFlag) -> Result<Vec<Testimony>, SourceError> {
    let (files, mut left_out) = list(directory)?;
    let looked_at = files.len() + left_out.len();
    let mut notes = Vec::new();
    let mut testimonies = Vec::new();
    for path in files.iter().take(MAX_FILES) {
        if cancel.is_cancelled() {
            return Err(SourceError::Interrupted);
        }
        match file::read_path(&target.name, path, cancel) {
            Ok(found) => testimonies.extend(found),
            Err(SourceError::Interrupted) => return Err(SourceError::Interrupted),
            Err(error) => left_out.push(format!("{} ({})", name_of(path), reason(&error))),
        }
    }
    if files.len() > MAX_FILES {
        let text = format!("{} of {} files were not looked at: the limit is {MAX_FILES}", files.len() - MAX_FILES, files.len());
        notes.push(Note { kind: NoteKind::Limit, offset: None, text });
    }
    if !left_out.is_empty() {
        notes.push(Note { kind: NoteKind::Skipped, offset: None, text: left_out_text(&left_out, looked_at) });
    }
    testimonies.sort_by(by_time_then_name);
    date_series(&mut testimonies);
    match testimonies.first_mut() {
        Some(first) => first.notes.append(&mut notes),
        None => return Err(SourceError::NoDumps { path: directory.display().to_string(), files: looked_at }),
    }
    Ok(testimonies)
}

fn list(directory: &Path) -> Result<(Vec<PathBuf>, Vec<String>), SourceError> {
    let unreadable = |source| SourceError::Unreadable { path: directory.display().to_string(), source };
    let mut files = Vec::new();
    let mut left_out = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // Opening a pipe or a device would wait for whoever writes it.
        if path.is_file() { files.push(path) } else { left_out.push(format!("{} (no regular file)", name_of(&path))) }
    }
    files.sort_by(|a, b| natural(&name_of(a), &name_of(b)));
    left_out.sort_unstable();
    Ok((files, left_out))
}

fn reason(error: &SourceError) -> String {
    if let SourceError::NotADump { what, .. } = error { what.clone() } else { error.to_string() }
}

fn left_out_text(left_out: &[String], looked_at: usize) -> String {
    let named = left_out.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = left_out.len().saturating_sub(NAMED_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} of {looked_at} entries hold no goroutine dump: {named}{rest}", left_out.len())
}

fn by_time_then_name(a: &Testimony, b: &Testimony) -> Ordering {
    let undated = a.taken_at_ns.is_none().cmp(&b.taken_at_ns.is_none());
    undated.then(a.taken_at_ns.cmp(&b.taken_at_ns)).then_with(|| natural(&a.witness, &b.witness))
}

/// Compares names so that `dump-2` comes before `dump-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    while let (Some(x), Some(y)) = (left.first(), right.first()) {
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (one, other) = (digits(&mut left), digits(&mut right));
            one.len().cmp(&other.len()).then(one.cmp(other))
        } else {
            left = &left[1..];
            right = &right[1..];
            x.cmp(y)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Takes a number off the front, without its leading zeros.
fn digits<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at(end);
    *text = rest;
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    &number[zeros..]
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["d-10.txt", "d-9.txt", "d-010.txt", "a", "d-9", ""];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["", "a", "d-9", "d-9.txt", "d-010.txt", "d-10.txt"]);
    }
}
