//! Writes what is generated from code: the JSON schema of the envelope.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use herd_model::Envelope;

/// `docs` writes, `docs --check` fails when something is stale.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let check = args.iter().any(|arg| arg == "--check");
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Envelope)).context("print schema")? + "\n";
    write_or_check(&root().join("docs/schema/goherd-1.schema.json"), &schema, check)
}

/// The checkout's top folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/xtask is two below the top").to_owned()
}

fn write_or_check(path: &Path, text: &str, check: bool) -> anyhow::Result<()> {
    if check {
        let found = std::fs::read_to_string(path).unwrap_or_else(|error| error.to_string());
        if found != text {
            bail!("{} is stale; run `cargo xtask docs`", path.display());
        }
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().expect("a file has a folder"))?;
    std::fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
