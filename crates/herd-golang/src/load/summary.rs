//! The standard library that goherd carries: its declarations, for machines without a Go toolchain. `cargo xtask std` writes them.
//!
//! The file is `GOSTD01\n`, the length of the index (32 bits, little-endian), the index, blocks; index and blocks are zstd frames. The index is
//! lines of words: `go VERSION`; `block OFFSET LENGTH BYTES` (offset from the first block on, length as packed and as text) before the packages in
//! it; `package PATH NAME OFFSET` (in the block), by path; below each `file NAME BYTES` and `import PATH FILE LINE`, the file by its number.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::files::{Chosen, RawImport, Role, SourceFile};
use super::listing::{self, Listing};
use super::version::Language;

/// The folder that its packages are said to lie in; there is none of that name.
pub const ROOT: &str = "goherd:std";

static DATA: &[u8] = include_bytes!("../../data/std.zst");
const MAGIC: &[u8] = b"GOSTD01\n";
/// No part of the file is larger than this when it is unpacked.
const PART_BYTES_MAX: usize = 16 << 20;

/// What the index says.
#[derive(Default)]
struct Index {
    version: Box<str>,
    blocks: Vec<Block>,
    /// By path.
    packages: Vec<Entry>,
}

struct Block {
    packed: &'static [u8],
    text_len: usize,
    text: OnceLock<Vec<u8>>,
}

struct Entry {
    path: Box<str>,
    name: Box<str>,
    block: usize,
    start: usize,
    files: Vec<(Box<str>, usize)>,
    imports: Vec<RawImport>,
}

/// The Go release whose declarations these are.
pub fn version() -> &'static str {
    &index().version
}

/// Its language.
pub fn language() -> Option<Language> {
    Language::parse(version())
}

/// Whether there is a package of that path.
pub fn has(path: &str) -> bool {
    entry(path).is_some()
}

/// Paths of all packages, in order.
pub fn paths() -> impl Iterator<Item = &'static str> {
    index().packages.iter().map(|entry| &*entry.path)
}

/// The folder a package is said to lie in, and what is there.
pub fn folder(path: &str) -> Option<(PathBuf, Listing)> {
    let entry = entry(path)?;
    let go_files = entry.files.iter().map(|(name, _)| name.clone()).collect();
    Some((Path::new(ROOT).join(path), Listing { go_files, ..Listing::default() }))
}

/// The files of a package that is said to lie in a folder, as [`super::files::choose`] chooses them: all, whatever the system is.
pub fn choose(folder: &Path) -> Option<Chosen> {
    let entry = entry_of(folder)?;
    let file = |(name, _): &(Box<str>, usize)| SourceFile {
        name: name.clone(),
        role: Role::Package,
        language: Language::default(),
        fault: None,
    };
    let mut imports: BTreeMap<&str, &RawImport> = BTreeMap::new();
    for import in &entry.imports {
        imports.entry(&import.path).or_insert(import);
    }
    Some(Chosen {
        name: entry.name.clone(),
        files: entry.files.iter().map(file).collect(),
        imports: [imports.into_values().cloned().collect(), Vec::new(), Vec::new()],
        build_lines: vec![None; entry.files.len()],
        ..Chosen::default()
    })
}

/// The text of a file of a package that is said to lie in a folder; nothing where there is none. Unpacks some ten kilobytes once, and keeps them.
pub fn read(folder: &Path, file: &str) -> Option<&'static [u8]> {
    let entry = entry_of(folder)?;
    let block = index().blocks.get(entry.block)?;
    let mut start = entry.start;
    for (name, len) in &entry.files {
        if **name == *file {
            let text = block.text.get_or_init(|| zstd::bulk::decompress(block.packed, block.text_len).unwrap_or_default());
            return text.get(start..start + len);
        }
        start += len;
    }
    None
}

fn entry_of(folder: &Path) -> Option<&'static Entry> {
    entry(&listing::with_slashes(folder.strip_prefix(ROOT).ok()?))
}

fn entry(path: &str) -> Option<&'static Entry> {
    let packages = &index().packages;
    packages.get(packages.binary_search_by(|entry| (*entry.path).cmp(path)).ok()?)
}

/// The index, unpacked on first use: about a millisecond.
fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| parse(DATA).unwrap_or_default())
}

/// Nothing where the file is not what `cargo xtask std` writes.
fn parse(data: &'static [u8]) -> Option<Index> {
    let rest = data.strip_prefix(MAGIC)?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let (packed, blocks) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    let text = String::from_utf8(zstd::bulk::decompress(packed, PART_BYTES_MAX).ok()?).ok()?;
    let mut index = Index::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match *words {
            ["go", version] => index.version = version.into(),
            ["block", start, len, text_len] => {
                let start: usize = start.parse().ok()?;
                let packed = blocks.get(start..start.checked_add(len.parse().ok()?)?)?;
                let text_len = text_len.parse().ok().filter(|len| *len <= PART_BYTES_MAX)?;
                index.blocks.push(Block { packed, text_len, text: OnceLock::new() });
            }
            ["package", path, name, start] => {
                let (block, start) = (index.blocks.len().checked_sub(1)?, start.parse().ok()?);
                let (files, imports) = (Vec::new(), Vec::new());
                index.packages.push(Entry { path: path.into(), name: name.into(), block, start, files, imports });
            }
            ["file", name, len] => index.packages.last_mut()?.files.push((name.into(), len.parse().ok()?)),
            ["import", path, file, line] => {
                let import = RawImport { path: path.into(), file: file.parse().ok()?, line: line.parse().ok()? };
                index.packages.last_mut()?.imports.push(import);
            }
            _ => return None,
        }
    }
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::{DATA, MAGIC, index, parse, paths, version};

    #[test]
    fn what_goherd_carries_is_whole() {
        assert!(parse(DATA).is_some() && version().starts_with("1."));
        assert!(paths().is_sorted() && paths().count() > 180);
        for entry in &index().packages {
            let folder = std::path::Path::new(super::ROOT).join(&*entry.path);
            for (name, len) in &entry.files {
                let text = super::read(&folder, name).expect("a text");
                assert_eq!(text.len(), *len);
                assert!(text.starts_with(format!("package {}\n", entry.name).as_bytes()), "{}/{name}", entry.path);
            }
        }
        assert_eq!(super::read(std::path::Path::new("goherd:std/net/http"), "none.go"), None);
        assert_eq!(super::read(std::path::Path::new("/net/http"), "http.go"), None);
    }

    #[test]
    fn damage_is_no_panic() {
        assert!(parse(b"").is_none() && parse(MAGIC).is_none());
        for cut in (0..DATA.len().min(4000)).step_by(7) {
            assert!(parse(&DATA[..cut]).is_none());
        }
    }
}
