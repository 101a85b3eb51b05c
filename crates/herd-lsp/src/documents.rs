//! The buffers of an editor, by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use herd_golang::load::Overlay;
use lsp_types::Uri;
use url::Url;

/// Open buffers. Cheap to copy.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    versions: Arc<BTreeMap<PathBuf, i32>>,
    /// Their texts.
    pub overlay: Overlay,
}

impl Documents {
    /// Takes a buffer's text.
    pub fn set(&mut self, file: PathBuf, version: i32, text: String) {
        self.overlay.set(file.clone(), text.into_bytes());
        Arc::make_mut(&mut self.versions).insert(file, version);
    }

    /// Forgets a buffer.
    pub fn remove(&mut self, file: &Path) {
        self.overlay.remove(file);
        Arc::make_mut(&mut self.versions).remove(file);
    }

    /// The version of a buffer; nothing of a file that is not open.
    pub fn version(&self, file: &Path) -> Option<i32> {
        self.versions.get(file).copied()
    }

    /// The files that are open.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.versions.keys()
    }

    /// A line of a file, from 1: of its buffer, else as it is on disk.
    pub fn line(&self, file: &Path, line: u32) -> String {
        let text = match self.overlay.text(file) {
            Some(text) => text.to_vec(),
            None => std::fs::read(file).unwrap_or_default(),
        };
        let line = text.split(|byte| *byte == b'\n').nth((line as usize).saturating_sub(1)).unwrap_or_default();
        String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()
    }
}

/// The file behind an address; nothing where it is none.
pub fn to_path(uri: &Uri) -> Option<PathBuf> {
    Url::parse(uri.as_str()).ok()?.to_file_path().ok()
}

/// The address of a file.
pub fn to_uri(file: &Path) -> Option<Uri> {
    Url::from_file_path(file).ok()?.as_str().parse().ok()
}
