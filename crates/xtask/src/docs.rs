//! Writes what is generated from code: the JSON schemas of the envelope and of goherd.toml, and a page a pattern.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use herd_config::Config;
use herd_model::Envelope;
use herd_patterns::{CATALOGUE, Lang, Pattern};

/// `docs` writes, `docs --check` fails when something is stale.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let check = args.iter().any(|arg| arg == "--check");
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Envelope)).context("print schema")? + "\n";
    write_or_check(&root().join("docs/schema/goherd-1.schema.json"), &schema, check)?;
    let settings = serde_json::to_string_pretty(&schemars::schema_for!(Config)).context("print schema")? + "\n";
    write_or_check(&root().join("docs/schema/goherd-toml.schema.json"), &settings, check)?;
    let folder = root().join("docs/patterns");
    for pattern in CATALOGUE {
        write_or_check(&folder.join(format!("{}.md", pattern.id)), &pattern_page(pattern)?, check)?;
    }
    write_or_check(&folder.join("README.md"), &index(), check)
}

/// The checkout's top folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/xtask is two below the top").to_owned()
}

fn pattern_page(pattern: &Pattern) -> anyhow::Result<String> {
    let folder = root().join("crates/herd-patterns/src/patterns").join(pattern.slug);
    let read = |part: &str| std::fs::read_to_string(folder.join(part)).with_context(|| format!("read {}/{part}", pattern.slug));
    let mut page = format!(
        "<!-- Written by `cargo xtask docs` from crates/herd-patterns/src/patterns/{}; edit there. -->\n\n",
        pattern.slug
    );
    page.push_str(pattern.page(Lang::En).body.trim_end());
    for (heading, part) in
        [("The program that shows it", "kernel/kernel.go"), ("The same program, cured", "kernel/fixed/fixed.go")]
    {
        write!(page, "\n\n## {heading}\n\n```go\n{}\n```", read(part)?.trim_end())?;
    }
    page.push('\n');
    Ok(page)
}

fn index() -> String {
    let mut page = "<!-- Written by `cargo xtask docs`; edit the patterns' pages. -->\n\n# Patterns\n\n| id | what | severity |\n|---|---|---|\n".to_owned();
    for pattern in CATALOGUE {
        let title = pattern.page(Lang::En).title;
        writeln!(page, "| [{id}]({id}.md) | {title} | {} |", pattern.severity.as_str(), id = pattern.id)
            .expect("a String takes every write");
    }
    page
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
