//! What lies in a folder, as far as Go packages care: one reading of the folder answers all that is asked of it.

use std::io;
use std::path::{Path, PathBuf};

/// A folder's entries, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Regular files that end in `.go`, links followed.
    pub go_files: Vec<Box<str>>,
    /// What ends in `.go` and is no file that can be read: folders do not count, pipes, sockets and dangling links do.
    pub not_files: Vec<Box<str>>,
    /// Folders, links not followed.
    pub folders: Vec<Box<str>>,
    /// A `go.mod` file is here.
    pub has_go_mod: bool,
}

/// Reads a folder. Names that are no UTF-8 are skipped: no import path can name them.
pub fn list(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for entry in std::fs::read_dir(folder)? {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            listing.folders.push(name.into());
        } else if name.ends_with(".go") {
            // Only links cost a look at what they lead to.
            let target = kind.is_symlink().then(|| std::fs::metadata(entry.path()).ok());
            match target {
                Some(Some(target)) if target.is_dir() => {}
                Some(Some(target)) if target.is_file() => listing.go_files.push(name.into()),
                None if kind.is_file() => listing.go_files.push(name.into()),
                Some(_) | None => listing.not_files.push(name.into()),
            }
        } else if name == "go.mod" {
            listing.has_go_mod = true;
        }
    }
    listing.go_files.sort_unstable();
    listing.not_files.sort_unstable();
    listing.folders.sort_unstable();
    Ok(listing)
}

/// A module file larger than this is not read; the largest known have some hundred kilobytes.
pub const TEXT_BYTES_MAX: u64 = 16 << 20;

/// Reads a regular file of at most [`TEXT_BYTES_MAX`]; what is no UTF-8 in it becomes U+FFFD.
pub fn read_text(file: &Path) -> io::Result<String> {
    let metadata = std::fs::metadata(file)?;
    // A pipe would let nobody go on.
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if metadata.len() > TEXT_BYTES_MAX {
        let text = format!("it has {} bytes, more than the {TEXT_BYTES_MAX} that are read", metadata.len());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    std::fs::read(file)
        .map(|bytes| String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// A path without `.` and `..`, made absolute; links stay as they are, as `go` leaves them.
pub fn clean(base: &Path, path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                cleaned.pop();
            }
            std::path::Component::Prefix(_) | std::path::Component::RootDir | std::path::Component::Normal(_) => {
                cleaned.push(part);
            }
        }
    }
    cleaned
}

/// The slash-separated path of a folder below another; empty for the folder itself.
pub fn below(root: &Path, folder: &Path) -> Option<String> {
    let rest = folder.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = rest.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// A path with slashes on every system, as patterns have it.
pub fn with_slashes(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}
