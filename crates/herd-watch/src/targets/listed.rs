//! Lists of targets as Prometheus's `file_sd_configs` and `http_sd_configs` read them: JSON, groups of addresses with labels.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Labels, Told};

/// Bytes of one list: about 100,000 targets with labels.
const LIST_BYTES_MAX: u64 = 64 << 20;
/// Files that one pattern may stand for.
const FILES_MAX: usize = 10_000;

/// One target of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) address: String,
    pub(super) labels: Labels,
}

/// Why a list cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It is too large.
    #[error("it is larger than {LIST_BYTES_MAX} bytes")]
    TooLarge,
    /// It is YAML, which Prometheus reads as well.
    #[error("it is YAML; write the same list as JSON: [{{\"targets\": [\"host:port\"], \"labels\": {{}}}}]")]
    Yaml,
    /// It is no list of targets.
    #[error("it is no list of targets: {0}")]
    Malformed(String),
}

#[derive(Deserialize)]
struct Group {
    targets: Vec<String>,
    #[serde(default)]
    labels: Labels,
}

/// Reads one file.
pub(super) fn read(path: &Path) -> Result<Vec<Found>, ListError> {
    let unreadable = |error: std::io::Error| ListError::Unreadable(error.to_string());
    let mut text = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LIST_BYTES_MAX + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LIST_BYTES_MAX {
        return Err(ListError::TooLarge);
    }
    let yaml = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    parse(&text).map_err(|why| if yaml { ListError::Yaml } else { why })
}

/// Reads the text of a list.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Found>, ListError> {
    let groups: Vec<Group> = serde_json::from_slice(text).map_err(|error| ListError::Malformed(error.to_string()))?;
    let found = groups
        .into_iter()
        .flat_map(|Group { targets, labels }| targets.into_iter().map(move |address| Found { address, labels: labels.clone() }));
    Ok(found.collect())
}

/// The files that a path stands for, which may have a `*` in its last part; in the order of their names.
pub(super) fn paths(path: &Path, told: &mut Vec<Told>) -> Vec<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((before, after)) = name.split_once('*') else { return vec![path.to_owned()] };
    let folder = path.parent().unwrap_or(Path::new("."));
    let fits = |name: &str| name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            told.push(Told::List { place: folder.display().to_string(), why: ListError::Unreadable(error.to_string()) });
            return Vec::new();
        }
    };
    let files = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(fits)).take(FILES_MAX).collect();
    files.sort();
    files
}
