//! Texts that stand for files, whatever lies on disk: buffers of an editor, changes that are tried.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Texts by absolute path, `.` and `..` taken out. Cheap to copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    texts: Arc<BTreeMap<PathBuf, Arc<[u8]>>>,
}

impl Overlay {
    /// What stands for a file.
    pub fn text(&self, file: &Path) -> Option<&Arc<[u8]>> {
        if self.texts.is_empty() { None } else { self.texts.get(file) }
    }

    /// Lets a text stand for a file.
    pub fn set(&mut self, file: PathBuf, text: impl Into<Arc<[u8]>>) {
        Arc::make_mut(&mut self.texts).insert(file, text.into());
    }

    /// Lets the file on disk stand for itself.
    pub fn remove(&mut self, file: &Path) {
        Arc::make_mut(&mut self.texts).remove(file);
    }

    /// All of them, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Arc<[u8]>)> {
        self.texts.iter().map(|(path, text)| (&**path, text))
    }

    /// Names of Go files that are to stand in a folder.
    pub(super) fn go_files<'o>(&'o self, folder: &'o Path) -> impl Iterator<Item = &'o str> {
        let here = self.texts.range(folder.to_owned()..).map(|(path, _)| path).take_while(move |path| path.starts_with(folder));
        let here = here.filter(move |path| path.parent() == Some(folder));
        here.filter_map(|path| path.file_name()?.to_str()).filter(|name| name.ends_with(".go"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_for_files_of_their_own_folder() {
        let mut overlay = Overlay::default();
        for file in ["/m/a.go", "/m/b/c.go", "/m/b.txt", "/m/d.go", "/m2/e.go"] {
            overlay.set(PathBuf::from(file), file.as_bytes());
        }
        let before = overlay.clone();
        overlay.remove(Path::new("/m/d.go"));
        assert_eq!(overlay.go_files(Path::new("/m")).collect::<Vec<_>>(), ["a.go"]);
        assert_eq!(before.go_files(Path::new("/m")).collect::<Vec<_>>(), ["a.go", "d.go"], "a copy stays as it was");
        assert_eq!(overlay.text(Path::new("/m/b/c.go")).map(|text| &**text), Some(&b"/m/b/c.go"[..]));
        assert_eq!((overlay.text(Path::new("/m/d.go")), overlay.iter().count()), (None, 4));
    }
}
