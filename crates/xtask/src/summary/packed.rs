//! The form of the file, which `crates/herd-golang/src/load/summary.rs` reads: an index, and blocks of packages that are unpacked alone.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::Package;

/// Bytes of text in a block, before it is packed: larger ones would be a tenth smaller in sum, and slower to unpack for one package.
const BLOCK_BYTES: usize = 32 << 10;

/// Packs packages, which are sorted by path.
pub fn pack(version: &str, packages: &[Package]) -> anyhow::Result<Vec<u8>> {
    let mut index = format!("go {version}\n");
    let mut blocks: Vec<u8> = Vec::new();
    let mut text = String::new();
    let mut entries = String::new();
    for (number, package) in packages.iter().enumerate() {
        writeln!(entries, "package {} {} {}", package.path, package.name, text.len())?;
        for (at, file) in package.files.iter().enumerate() {
            writeln!(entries, "file {} {}", file.name, file.text.len())?;
            text.push_str(&file.text);
            for (path, line) in &file.imports {
                writeln!(entries, "import {path} {at} {line}")?;
            }
        }
        if text.len() >= BLOCK_BYTES || number + 1 == packages.len() {
            let packed = compress(text.as_bytes())?;
            writeln!(index, "block {} {} {}", blocks.len(), packed.len(), text.len())?;
            index.push_str(&entries);
            blocks.extend(packed);
            text.clear();
            entries.clear();
        }
    }
    let index = compress(index.as_bytes())?;
    let mut bytes = b"GOSTD01\n".to_vec();
    bytes.extend(u32::try_from(index.len()).context("the index is small")?.to_le_bytes());
    bytes.extend(index);
    bytes.extend(blocks);
    Ok(bytes)
}

fn compress(text: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(22).context("prepare to pack")?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::WindowLog(23)).context("prepare to pack")?;
    compressor.compress(text).context("pack")
}
