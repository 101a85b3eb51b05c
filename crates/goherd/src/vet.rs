//! `go vet -vettool=goherd`: the protocol by which cmd/go asks a vet tool (golang.org/x/tools/go/analysis/unitchecker).
//!
//! cmd/go asks for `-V=full`, which is part of its cache's keys, for `-flags`, and then runs the tool once a package with a file that says
//! which Go files the package has. Nothing is known of other packages but what goherd reads of them itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use herd_config::Config;
use herd_diagnose::lint::{Options, lint_with};
use herd_diagnose::lint_rules::{Choice, Rules};
use herd_golang::load::{Context, Tests};
use herd_model::Finding;
use serde::Deserialize;
use serde_json::json;

use crate::exit::Exit;

/// What a vet tool exits with where it has something to report, as with any other failure cmd/go prints.
const REPORTED: Exit = Exit::Findings;

/// A package, as cmd/go describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Unit {
    #[serde(rename = "ID")]
    id: String,
    dir: PathBuf,
    go_files: Vec<PathBuf>,
    vetx_only: bool,
    vetx_output: PathBuf,
    stdout: PathBuf,
}

impl Default for Unit {
    fn default() -> Self {
        let none = PathBuf::new;
        Unit { id: String::new(), dir: none(), go_files: Vec::new(), vetx_only: false, vetx_output: none(), stdout: none() }
    }
}

/// Flags of the tool, which `go vet` passes on.
#[derive(Debug, Default)]
struct Flags {
    json: bool,
    select: Vec<String>,
    ignore: Vec<String>,
    preview: bool,
}

/// Answers cmd/go, if it is cmd/go that asks.
pub fn answer(arguments: &[String]) -> Option<Exit> {
    match arguments {
        [version] if version == "-V=full" => Some(print(&format!("goherd version {} buildID={}\n", version_word(), build_id()))),
        [flags] if flags == "-flags" => Some(print(&format!("{}\n", flag_list()))),
        [flags @ .., unit] if unit.ends_with(".cfg") && flags.iter().all(|flag| flag.starts_with('-')) => {
            Some(vet(flags, Path::new(unit)).unwrap_or_else(|why| {
                anstream::eprintln!("goherd: {why}");
                Exit::Failed
            }))
        }
        _ => None,
    }
}

fn print(text: &str) -> Exit {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Healthy,
        Err(_) => Exit::Failed,
    }
}

fn version_word() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// What tells this goherd and its configuration from others: a package is vetted again when it changes.
fn build_id() -> String {
    let own = std::env::current_exe().ok().and_then(|path| std::fs::metadata(path).ok());
    let mut hash = herd_analysis::census::Fnv::new();
    hash.text(version_word());
    if let Some(own) = own {
        hash.number(own.len());
        let changed = own.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        hash.number(changed.map_or(0, |time| time.as_nanos() as u64));
    }
    let config = std::env::current_dir().ok().and_then(|folder| herd_config::find(&folder));
    hash.text(&config.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default());
    herd_analysis::census::hex(hash.0)
}

fn flag_list() -> serde_json::Value {
    json!([
        {"Name": "json", "Bool": true, "Usage": "emit JSON output"},
        {"Name": "select", "Bool": false, "Usage": "only these rules: ids, or what ids start with, separated by commas"},
        {"Name": "ignore", "Bool": false, "Usage": "not these rules"},
        {"Name": "preview", "Bool": true, "Usage": "rules under trial, too"},
    ])
}

/// Lints the package a file describes.
fn vet(flags: &[String], file: &Path) -> anyhow::Result<Exit> {
    let flags = read_flags(flags)?;
    let unit: Unit = serde_json::from_slice(&std::fs::read(file)?)?;
    // cmd/go fails where the file is missing, whatever is in it.
    if !unit.vetx_output.as_os_str().is_empty() {
        std::fs::write(&unit.vetx_output, b"")?;
    }
    if !unit.stdout.as_os_str().is_empty() {
        std::fs::write(&unit.stdout, b"")?;
    }
    if unit.vetx_only {
        return Ok(Exit::Healthy);
    }
    let config = herd_config::find(&unit.dir).as_deref().map(herd_config::read).transpose()?.unwrap_or_default();
    let findings = findings(&unit, &flags, &config)?;
    if flags.json {
        let text = format!("{}\n", as_json(&unit, &findings));
        if unit.stdout.as_os_str().is_empty() {
            return Ok(print(&text));
        }
        std::fs::write(&unit.stdout, text)?;
        return Ok(Exit::Healthy);
    }
    let mut lines = String::new();
    for finding in &findings {
        let _ = writeln!(lines, "{}: {}", position(finding), message(finding));
    }
    std::io::stderr().write_all(lines.as_bytes())?;
    Ok(if findings.is_empty() { Exit::Healthy } else { REPORTED })
}

fn read_flags(flags: &[String]) -> anyhow::Result<Flags> {
    let mut read = Flags::default();
    for flag in flags {
        let flag = flag.trim_start_matches('-');
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        let list = || value.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        match name {
            "json" => read.json = value == "true",
            "preview" => read.preview = value == "true",
            "select" => read.select = list(),
            "ignore" => read.ignore = list(),
            other => anyhow::bail!("the vet tool has no flag -{other}"),
        }
    }
    Ok(read)
}

fn findings(unit: &Unit, flags: &Flags, config: &Config) -> anyhow::Result<Vec<Finding>> {
    let mut choice = Choice::of(config);
    if !flags.select.is_empty() {
        choice.select.clone_from(&flags.select);
    }
    choice.ignore.extend(flags.ignore.iter().cloned());
    choice.preview |= flags.preview;
    let rules = Rules::of(&choice).map_err(|unknown| anyhow::anyhow!("no rule is called `{}`", unknown.name))?;
    let mut context = Context::from_env();
    let is_test = |file: &Path| file.to_string_lossy().ends_with("_test.go");
    context.tests = if unit.go_files.iter().any(|file| is_test(file)) { Tests::Named } else { Tests::None };
    context.tags.extend(config.lint.tags.iter().map(|tag| tag.as_str().into()));
    let options =
        Options { context: &context, rules: &rules, unused: false, spawns: false, deadlines: false, version: version_word() };
    let mut findings = lint_with(&unit.dir, &["."], &options).findings;
    // Of a file with C, cmd/go names what cgo makes of it.
    let with_c = unit.go_files.iter().any(|file| file.to_string_lossy().ends_with(".cgo1.go"));
    findings.retain(|finding| {
        let file = unit.dir.join(&finding.at.file);
        unit.go_files.contains(&file) || with_c && !is_test(&file)
    });
    for finding in &mut findings {
        finding.at.file = unit.dir.join(&finding.at.file).display().to_string();
    }
    findings.sort_by(|a, b| (&a.at.file, a.at.line).cmp(&(&b.at.file, b.at.line)));
    Ok(findings)
}

fn position(finding: &Finding) -> String {
    let column = finding.position.map(|position| format!(":{}", position.column)).unwrap_or_default();
    format!("{}:{}{column}", finding.at.file, finding.at.line)
}

fn message(finding: &Finding) -> String {
    let fact = finding.evidence.first().map(|fact| format!(": {}", fact.text)).unwrap_or_default();
    format!("{} {}{fact}", finding.id, finding.title).replace('\n', " ")
}

/// As unitchecker prints it: by package, then by analyzer.
fn as_json(unit: &Unit, findings: &[Finding]) -> serde_json::Value {
    let mut by_rule: BTreeMap<&str, Vec<serde_json::Value>> = BTreeMap::new();
    for finding in findings {
        let entry = json!({"posn": position(finding), "message": message(finding)});
        by_rule.entry(&finding.id.0).or_default().push(entry);
    }
    if by_rule.is_empty() { json!({}) } else { json!({ &*unit.id: by_rule }) }
}
