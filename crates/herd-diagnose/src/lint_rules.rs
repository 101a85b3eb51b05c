//! Which rules of the linter are asked, what of their findings is told, and how grave it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use herd_config::{Config, LintPaths, nearest};
use herd_model::{Finding, Severity};
use herd_patterns::{CATALOGUE, Pattern, Status};

use crate::lint_globs::matches;

/// What somebody wants told. The default wants all settled rules.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Ids, or what ids start with, that are told; all where it is empty.
    pub select: Vec<String>,
    /// Those that are not.
    pub ignore: Vec<String>,
    /// Whether rules under trial are told.
    pub preview: bool,
    /// Other severities, by id.
    pub severity: BTreeMap<String, Severity>,
    /// Files and folders of which nothing is told.
    pub exclude: Vec<String>,
    /// Rules that are not told of some files: what matches, and ids.
    pub paths: Vec<(String, Vec<String>)>,
    /// The folder such paths are seen from.
    pub root: PathBuf,
}

/// The same, rule by rule.
#[derive(Clone, Debug)]
pub struct Rules {
    /// By place in the catalogue.
    asked: Vec<Asked>,
    severity: Vec<Option<Severity>>,
    exclude: Vec<String>,
    /// What matches, and whom it silences.
    paths: Vec<(String, Vec<bool>)>,
    root: PathBuf,
}

/// What becomes of a rule's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The rule is not asked.
    No,
    /// They are counted.
    Quietly,
    /// They are told.
    Yes,
}

/// A name that is no rule's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchRule {
    /// As it was given.
    pub name: String,
    /// The pattern of that id, where there is one that other witnesses show.
    pub seen_elsewhere: Option<&'static str>,
    /// What comes nearest.
    pub nearest: Option<&'static str>,
}

/// Why a finding is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Its file is excluded.
    Excluded,
    /// Its rule is not told of its file.
    ByPath,
}

impl Choice {
    /// What a goherd.toml wants.
    pub fn of(config: &Config) -> Self {
        let lint = &config.lint;
        let path = |paths: &LintPaths| paths.matched.list().map(|one| (one.to_owned(), paths.ignore.clone())).collect::<Vec<_>>();
        Choice {
            select: lint.select.clone(),
            ignore: lint.ignore.clone(),
            preview: lint.preview.unwrap_or(false),
            severity: lint.severity.clone(),
            exclude: lint.exclude.clone(),
            paths: lint.paths.iter().flat_map(path).collect(),
            root: config.root.clone(),
        }
    }
}

impl Rules {
    /// Every rule that looks at source, those under trial included.
    pub fn every() -> Self {
        Rules {
            asked: vec![Asked::Yes; CATALOGUE.len()],
            severity: vec![None; CATALOGUE.len()],
            exclude: Vec::new(),
            paths: Vec::new(),
            root: PathBuf::new(),
        }
    }

    /// As somebody wants it. A rule under trial is told where its full id is selected, or trials are wanted.
    pub fn of(choice: &Choice) -> Result<Self, NoSuchRule> {
        let select = choice.select.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
        let ignore = union(&choice.ignore)?;
        let mut rules = Rules { exclude: choice.exclude.clone(), root: choice.root.clone(), ..Rules::every() };
        for (at, pattern) in CATALOGUE.iter().enumerate() {
            let is_at = |list: &[bool]| list.get(at).copied().unwrap_or(false);
            let selected = select.is_empty() || select.iter().any(|list| is_at(list));
            let by_id = choice.select.iter().any(|name| name.eq_ignore_ascii_case(pattern.id));
            rules.asked[at] = match pattern.source_status {
                _ if !selected || is_at(&ignore) => Asked::No,
                Status::Stable | Status::Deprecated => Asked::Yes,
                Status::Preview if choice.preview || by_id => Asked::Yes,
                Status::Preview => Asked::Quietly,
            };
        }
        for (name, severity) in &choice.severity {
            let list = named(name)?;
            rules.severity.iter_mut().zip(list).filter(|(_, is)| *is).for_each(|(own, _)| *own = Some(*severity));
        }
        for (pattern, ids) in &choice.paths {
            rules.paths.push((pattern.clone(), union(ids)?));
        }
        Ok(rules)
    }

    /// What becomes of what a pattern of the catalogue finds.
    pub fn asked(&self, at: usize) -> Asked {
        self.asked.get(at).copied().unwrap_or(Asked::No)
    }

    /// Why a finding is not told, if so; `folder` is where its file is seen from.
    pub fn left(&self, finding: &Finding, folder: &Path) -> Option<Left> {
        if self.exclude.is_empty() && self.paths.is_empty() {
            return None;
        }
        let file = folder.join(&finding.at.file);
        let path = file.strip_prefix(&self.root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        if self.exclude.iter().any(|pattern| matches(pattern, &path)) {
            return Some(Left::Excluded);
        }
        let at = CATALOGUE.iter().position(|pattern| pattern.id == finding.id.0)?;
        let silenced = |(pattern, ids): &(String, Vec<bool>)| ids.get(at) == Some(&true) && matches(pattern, &path);
        self.paths.iter().any(silenced).then_some(Left::ByPath)
    }

    /// The severity a finding is told with.
    pub fn severity(&self, at: usize, pattern: &Pattern) -> Severity {
        self.severity.get(at).copied().flatten().unwrap_or(pattern.severity)
    }
}

/// Whether a pattern has an eye for functions or for whole programs.
fn reads_source(pattern: &Pattern) -> bool {
    pattern.source.is_some() || pattern.program.is_some()
}

fn union(names: &[String]) -> Result<Vec<bool>, NoSuchRule> {
    let mut all = vec![false; CATALOGUE.len()];
    for name in names {
        all.iter_mut().zip(named(name)?).for_each(|(all, one)| *all |= one);
    }
    Ok(all)
}

/// The patterns with an eye for source that a name stands for: an id, the start of ids, or `ALL`.
fn named(name: &str) -> Result<Vec<bool>, NoSuchRule> {
    let wanted = name.trim().to_ascii_uppercase();
    let stands = |pattern: &Pattern| wanted == "ALL" || !wanted.is_empty() && pattern.id.starts_with(&*wanted);
    let list: Vec<bool> = CATALOGUE.iter().map(|pattern| reads_source(pattern) && stands(pattern)).collect();
    if list.contains(&true) {
        return Ok(list);
    }
    let ids = CATALOGUE.iter().filter(|pattern| reads_source(pattern)).map(|pattern| pattern.id);
    let elsewhere = CATALOGUE.iter().find(|pattern| stands(pattern)).map(|pattern| pattern.id);
    Err(NoSuchRule { name: name.trim().to_owned(), seen_elsewhere: elsewhere, nearest: nearest(&wanted, ids) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(select: &[&str], ignore: &[&str], preview: bool) -> Result<Vec<(&'static str, Asked)>, NoSuchRule> {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let rules = Rules::of(&Choice { select: own(select), ignore: own(ignore), preview, ..Choice::default() })?;
        let with_eye = CATALOGUE.iter().enumerate().filter(|(_, pattern)| reads_source(pattern));
        Ok(with_eye.map(|(at, pattern)| (pattern.id, rules.asked(at))).collect())
    }

    #[test]
    fn ids_and_their_starts_choose_and_trials_wait_to_be_asked_for() {
        let settled = |id: &str| herd_patterns::by_id(id).is_some_and(|pattern| pattern.source_status == Status::Stable);
        for (id, asked) in rules(&[], &[], false).expect("names") {
            assert_eq!(asked, if settled(id) { Asked::Yes } else { Asked::Quietly }, "{id}");
        }
        assert!(rules(&[], &[], true).expect("names").iter().all(|(_, asked)| *asked == Asked::Yes));
        for (id, asked) in rules(&["DL", "cx002"], &["DL004"], true).expect("names") {
            let wanted = id.starts_with("DL") && id != "DL004" || id == "CX002";
            assert_eq!(asked, if wanted { Asked::Yes } else { Asked::No }, "{id}");
        }
    }

    #[test]
    fn a_name_that_is_no_rules_is_told_with_the_nearest() {
        let unknown = |name: &str| rules(&[name], &[], false).expect_err("no rule");
        assert_eq!(unknown("DL0001").nearest, Some("DL001"));
        assert_eq!((unknown("zebra").nearest, unknown("zebra").seen_elsewhere), (None, None));
        assert_eq!(unknown("SC001").seen_elsewhere, Some("SC001"));
        assert_eq!(rules(&["ALL"], &[""], false).expect_err("no name").name, "");
    }
}
