//! Which goherd.toml speaks for a folder.

use std::path::{Path, PathBuf};

/// Its name.
pub const FILE_NAME: &str = "goherd.toml";

/// What stands at the top of a working copy.
const WORKING_COPIES: [&str; 4] = [".git", ".hg", ".jj", ".svn"];
/// What stands at the top of a Go program.
const PROGRAMS: [&str; 2] = ["go.work", "go.mod"];

/// The nearest file at or above a folder, up to the top of its working copy; where it is in none, of its Go module.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    let has = |above: &Path, names: &[&str]| names.iter().any(|name| above.join(name).exists());
    let top = |names: &[&str]| folder.ancestors().find(|above| has(above, names));
    let top = top(&WORKING_COPIES).or_else(|| top(&PROGRAMS)).unwrap_or(&folder);
    let below = folder.ancestors().take_while(|above| above.starts_with(top));
    below.map(|above| above.join(FILE_NAME)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_within_the_working_copy_speaks() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("repo/.git")).expect("made");
        std::fs::create_dir_all(at("repo/module/a/b")).expect("made");
        std::fs::write(at("repo/module/go.mod"), "module m\n").expect("written");
        std::fs::write(at(FILE_NAME), "").expect("written");
        assert_eq!(find(&at("repo/module/a/b")), None, "one above the working copy is somebody else's");
        std::fs::write(at("repo/goherd.toml"), "").expect("written");
        assert_eq!(find(&at("repo/module/a/b")), Some(at("repo/goherd.toml")));
        std::fs::write(at("repo/module/a/goherd.toml"), "").expect("written");
        assert_eq!(find(&at("repo/module/a/b")), Some(at("repo/module/a/goherd.toml")));
        std::fs::create_dir_all(at("lone/a")).expect("made");
        std::fs::write(at("lone/go.mod"), "module m\n").expect("written");
        assert_eq!(find(&at("lone/a")), None);
        std::fs::write(at("lone/goherd.toml"), "").expect("written");
        assert_eq!(find(&at("lone/a")), Some(at("lone/goherd.toml")));
    }
}
