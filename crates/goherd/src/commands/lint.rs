//! `goherd lint`: concurrency faults in Go source.

use std::path::{Path, PathBuf};

use herd_config::{Config, LintSpawns};
use herd_diagnose::lint::{self, Options};
use herd_diagnose::lint_kept::{Keep, lint_kept};
use herd_diagnose::lint_rules::{Choice, NoSuchRule, Rules};
use herd_golang::load::{Context, Tests};
use herd_model::{Envelope, LintReport, Note, NoteKind, Safety, SpawnRisk};
use herd_sinks::Format;
use time::OffsetDateTime;

use crate::args::GlobalArgs;
use crate::args_lint::{LintArgs, RuleArgs};
use crate::changed::Changed;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::mend::{self, Mended};
use crate::{output, suppress};

/// Goes through the packages, mends what is to be mended, and prints what was found.
pub fn run(args: &LintArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let folder = folder_of(&args.dir, "--dir")?;
    let config = config(args, &folder)?;
    let rules = rules(&args.rules, &config)?;
    let fail_on = global.fail_on.or(config.lint.fail_on.map(Into::into));
    let global = &GlobalArgs { fail_on, ..global.clone() };
    let today = OffsetDateTime::now_utc().date();
    let baseline = args.known.baseline.as_deref().map(suppress::read).transpose()?;
    let existing = args.known.write_baseline.as_deref().map(suppress::read_existing).transpose()?;
    let changed = args.known.new_from.as_deref().map(|rev| Changed::since(&folder, rev)).transpose()?;

    let all = ["./...".to_owned()];
    let packages = if args.packages.is_empty() { &all[..] } else { &args.packages };
    let patterns: Vec<&str> = packages.iter().map(String::as_str).collect();
    let (kept, build) = (kept_in(args.no_cache), build());
    let look = |context: &Context| {
        let options = Options {
            context,
            rules: &rules,
            unused: args.known.report_unused,
            spawns: args.list.spawns,
            deadlines: args.list.deadlines,
            version: env!("CARGO_PKG_VERSION"),
        };
        let mut envelope = match &kept {
            Some(kept) => lint_kept(&folder, &patterns, &options, Keep { folder: kept, build: &build }),
            None => lint::lint_with(&folder, &patterns, &options),
        };
        grade(&mut envelope, config.lint.spawns);
        if let Some(changed) = &changed {
            changed.keep(&mut envelope, &folder);
        }
        envelope
    };
    let mut context = context(args, &config);
    let mut envelope = look(&context);
    if let Some((path, existing)) = args.known.write_baseline.as_deref().zip(existing.as_ref()) {
        // Before any finding is left out: a baseline lists those, too.
        let text = suppress::baseline(&envelope.findings, existing, baseline.as_ref(), today);
        output::write_file(path, &mut |out| Ok(out.write_all(text.as_bytes())?))?;
    }
    let known = |envelope: &mut Envelope| {
        if let Some(file) = &baseline {
            let unused = suppress::unused(&envelope.findings, file);
            suppress::apply(envelope, file, today, suppress::Noted::Expired);
            if args.known.report_unused && unused > 0 {
                let text = format!("entries of the baseline that match nothing that was found: {unused}");
                envelope.notes.push(Note { kind: NoteKind::Advice, offset: None, text });
            }
        }
    };
    known(&mut envelope);
    let trusted = if args.fix.unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
    let mut again = |context: &Context| {
        let mut envelope = look(context);
        known(&mut envelope);
        envelope
    };
    if args.fix.diff {
        let mended = mend::mend(&folder, &mut context, &envelope, trusted, &mut again);
        output::print_text(&mended.diff(&folder), Some(global))?;
        let say = herd_sinks::messages(output::lang(global));
        anstream::eprintln!("goherd: {}", say.sentence(&mended.told()));
        return Ok(exit(&envelope, global));
    }
    if args.fix.fix || args.fix.unsafe_fixes {
        let mended = mend::mend(&folder, &mut context, &envelope, trusted, &mut again);
        mended.write()?;
        envelope = tell(mended, envelope);
    }
    // A list is no judgement.
    let found = exit(&envelope, global);
    let exit = if args.list.spawns && found == Exit::Findings { Exit::Healthy } else { found };
    if matches!(output::format(global, Format::Text), Format::Github | Format::Sarif | Format::Gitlab) {
        name_from_checkout(&mut envelope, &folder);
    }
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}

/// Code hosts look for files from the top of what they have checked out, wherever the linter runs.
fn name_from_checkout(envelope: &mut Envelope, folder: &Path) {
    let mut tops = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].iter().filter_map(std::env::var_os).map(PathBuf::from);
    let Some(below) = tops.find_map(|top| Some(folder.strip_prefix(&top).ok()?.to_owned())) else { return };
    if below.as_os_str().is_empty() {
        return;
    }
    let rename = |file: &mut String| {
        if !file.is_empty() {
            *file = below.join(&*file).display().to_string();
        }
    };
    for finding in &mut envelope.findings {
        rename(&mut finding.at.file);
        finding.evidence.iter_mut().filter_map(|fact| fact.place.as_mut()).for_each(|place| rename(&mut place.file));
        finding.repair.iter_mut().flat_map(|repair| &mut repair.edits).for_each(|edit| rename(&mut edit.file));
    }
}

/// A folder that is there, from the root on.
pub fn folder_of(folder: &Path, option: &'static str) -> Result<PathBuf, ExpectedError> {
    std::path::absolute(folder).ok().filter(|folder| folder.is_dir()).ok_or_else(|| ExpectedError::Option {
        option,
        why: format!("{} is no folder", folder.display()),
        next: "Give a folder of a Go module.".into(),
    })
}

/// The folder of answers of before; none where nobody says where such things are kept.
fn kept_in(off: bool) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("GOHERD_CACHE_DIR")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("goherd")))
        .or_else(|| Some(set("HOME")?.join(".cache/goherd")));
    folder.filter(|_| !off).map(|folder| folder.join("lint"))
}

/// What tells this build from others: answers of another one may be others.
fn build() -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let told = file.and_then(|file| Ok((file.len(), file.modified()?)));
    format!("{} {told:?}", env!("CARGO_PKG_VERSION"))
}

fn config(args: &LintArgs, folder: &Path) -> Result<Config, ExpectedError> {
    if args.rules.no_config {
        return Ok(Config::default());
    }
    let file: Option<PathBuf> = args.rules.config.clone().or_else(|| herd_config::find(folder));
    Ok(file.as_deref().map(herd_config::read).transpose()?.unwrap_or_default())
}

/// What the flags want before what the configuration wants; what either leaves out is left out.
fn rules(args: &RuleArgs, config: &Config) -> Result<Rules, ExpectedError> {
    let only = |select: &[String]| Rules::of(&Choice { select: select.to_vec(), ..Choice::default() });
    only(&args.select).map_err(|unknown| no_such_rule("--select", &unknown))?;
    only(&args.ignore).map_err(|unknown| no_such_rule("--ignore", &unknown))?;
    let mut choice = Choice::of(config);
    if !args.select.is_empty() {
        choice.select.clone_from(&args.select);
    }
    choice.ignore.extend(args.ignore.iter().cloned());
    choice.preview |= args.preview;
    Rules::of(&choice).map_err(|unknown| no_such_rule("[lint] of goherd.toml", &unknown))
}

fn no_such_rule(option: &'static str, unknown: &NoSuchRule) -> ExpectedError {
    let name = &unknown.name;
    let why = match (unknown.seen_elsewhere, unknown.nearest) {
        (Some(_), _) => format!("source does not show {name}: other witnesses do"),
        (None, Some(nearest)) => format!("no rule is called `{name}`; did you mean {nearest}?"),
        (None, None) => format!("no rule is called `{name}`"),
    };
    let next = "`goherd explain` lists all patterns; a rule is named by its id, or by what ids start with, such as LK.";
    ExpectedError::Option { option, why, next: next.into() }
}

fn context(args: &LintArgs, config: &Config) -> Context {
    let mut context = Context::from_env();
    let tests = !args.no_tests && config.lint.tests.unwrap_or(true);
    context.tests = if tests { Tests::Named } else { Tests::None };
    context.tags.extend(config.lint.tags.iter().chain(&args.tags).map(|tag| tag.as_str().into()));
    context
}

/// Starts have the risks that the configuration draws the lines of.
fn grade(envelope: &mut Envelope, lines: LintSpawns) {
    let spawns = envelope.lint.iter_mut().flat_map(|report| &mut report.spawns).flatten();
    for spawn in spawns {
        spawn.risk = match spawn.points {
            points if points >= lines.high => SpawnRisk::High,
            points if points >= lines.medium => SpawnRisk::Medium,
            _ => SpawnRisk::Low,
        };
    }
}

/// The answer after mending.
fn tell(mended: Mended, before: Envelope) -> Envelope {
    let (count, files, left) = (mended.count, mended.files.len() as u64, mended.left);
    let mut envelope = mended.after.unwrap_or(before);
    envelope.notes.extend(mended.notes);
    if let Some(report) = &mut envelope.lint {
        *report = LintReport { mended: count, files_mended: files, not_mended: left, ..report.clone() };
    }
    envelope
}

fn exit(envelope: &Envelope, global: &GlobalArgs) -> Exit {
    if envelope.lint.as_ref().is_none_or(|report| report.packages == 0) {
        Exit::Target
    } else if envelope.findings.iter().any(|finding| global.fails(finding.severity)) {
        Exit::Findings
    } else {
        Exit::Healthy
    }
}
