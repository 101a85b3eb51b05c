//! Versions: of modules (semantic versions with Go's additions) and of Go itself.

use std::cmp::Ordering;

/// A Go language version, the N of Go 1.N. Features and rules depend on it file by file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(pub u32);

/// What a go.mod file without a `go` line stands for (cmd/go/internal/gover, `DefaultGoModVersion`, Go 1.21 and later).
pub const LANGUAGE_WITHOUT_LINE: Language = Language(16);

/// From here on a go.mod file lists all that its packages need, so that what lies behind is not read (`ExplicitIndirectVersion`).
pub const PRUNING_SINCE: Language = Language(17);

/// From here on a vendor folder is used without being asked for (cmd/go/internal/modload/init.go, `setDefaultBuildMod`).
pub const VENDORING_SINCE: Language = Language(14);

/// From here on a package in a vendor folder must stand in its modules.txt (`ExplicitModulesTxtImportVersion`).
pub const VENDOR_LISTED_SINCE: Language = Language(23);

/// The least version a `//go:build` line can set for a file (cmd/compile/internal/types2/check.go, `initFiles`).
pub const FILE_LANGUAGE_MIN: Language = Language(21);

impl Language {
    /// Reads `1.26`, `1.26.3`, `1.27rc1`, with or without `go` before it; `None` where it is no Go version.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = go_parts(text.strip_prefix("go").unwrap_or(text))?;
        let minor: u32 = parts.minor.parse().ok()?;
        // A Go 2 would be newer than every Go 1.
        Some(Self(if parts.major == "1" { minor } else { u32::MAX }))
    }
}

/// Compares two Go versions: `1.21` < `1.21rc1` < `1.21.0`; before 1.21, `1.20` is `1.20.0` (internal/gover, Go 1.26). What is no
/// version comes first.
pub fn compare_go(a: &str, b: &str) -> Ordering {
    go_parts(a).cmp(&go_parts(b))
}

/// The parts in the order they are compared in.
#[derive(PartialEq, Eq)]
struct GoParts<'a> {
    major: &'a str,
    minor: &'a str,
    patch: &'a str,
    kind: &'a str,
    pre: &'a str,
}

impl Ord for GoParts<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_decimals(self.major, other.major)
            .then_with(|| compare_decimals(self.minor, other.minor))
            .then_with(|| compare_decimals(self.patch, other.patch))
            .then_with(|| self.kind.cmp(other.kind))
            .then_with(|| compare_decimals(self.pre, other.pre))
    }
}

impl PartialOrd for GoParts<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn go_parts(text: &str) -> Option<GoParts<'_>> {
    let (major, rest) = decimal(text)?;
    let mut parts = GoParts { major, minor: "0", patch: "0", kind: "", pre: "" };
    if rest.is_empty() {
        return Some(parts);
    }
    let (minor, rest) = decimal(rest.strip_prefix('.')?)?;
    parts.minor = minor;
    if rest.is_empty() {
        if compare_decimals(minor, "21").is_ge() {
            parts.patch = "";
        }
        return Some(parts);
    }
    if let Some(patch) = rest.strip_prefix('.') {
        let (patch, rest) = decimal(patch)?;
        parts.patch = patch;
        return rest.is_empty().then_some(parts);
    }
    parts.patch = "";
    let kind_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
    let (kind, pre) = rest.split_at_checked(kind_end)?;
    if kind.is_empty() || !kind.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    parts.kind = kind;
    if !pre.is_empty() {
        let (pre, rest) = decimal(pre)?;
        parts.pre = pre;
        return rest.is_empty().then_some(parts);
    }
    Some(parts)
}

/// A decimal number without leading zeros, and what follows it.
fn decimal(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end)?;
    (!number.is_empty() && (number == "0" || !number.starts_with('0'))).then_some((number, rest))
}

/// Numbers of any length, without leading zeros.
fn compare_decimals(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Compares two module versions by semantic versioning 2.0.0: pre-releases (pseudo-versions among them) before releases, build metadata
/// without effect. What is no version comes first (golang.org/x/mod/semver).
pub fn compare(a: &str, b: &str) -> Ordering {
    match (semver(a), semver(b)) {
        (Some(a), Some(b)) => compare_decimals(a.major, b.major)
            .then_with(|| compare_decimals(a.minor, b.minor))
            .then_with(|| compare_decimals(a.patch, b.patch))
            .then_with(|| compare_prereleases(a.prerelease, b.prerelease)),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// The form a version has everywhere but in go.mod: `v1` becomes `v1.0.0`, build metadata other than `+incompatible` goes
/// (`module.CanonicalVersion`). `None` where it is no version, such as a branch's name.
pub fn canonical(version: &str) -> Option<String> {
    let parts = semver(version)?;
    let incompatible = if parts.build == "+incompatible" { parts.build } else { "" };
    Some(format!("v{}.{}.{}{}{incompatible}", parts.major, parts.minor, parts.patch, parts.prerelease))
}

struct Semver<'a> {
    major: &'a str,
    minor: &'a str,
    patch: &'a str,
    /// With its `-`.
    prerelease: &'a str,
    /// With its `+`.
    build: &'a str,
}

fn semver(version: &str) -> Option<Semver<'_>> {
    let (major, rest) = decimal(version.strip_prefix('v')?)?;
    let mut parts = Semver { major, minor: "0", patch: "0", prerelease: "", build: "" };
    if rest.is_empty() {
        return Some(parts);
    }
    let (minor, rest) = decimal(rest.strip_prefix('.')?)?;
    parts.minor = minor;
    if rest.is_empty() {
        return Some(parts);
    }
    let (patch, mut rest) = decimal(rest.strip_prefix('.')?)?;
    parts.patch = patch;
    if rest.starts_with('-') {
        let end = rest.find('+').unwrap_or(rest.len());
        let (prerelease, build) = rest.split_at_checked(end)?;
        if !prerelease
            .get(1..)?
            .split('.')
            .all(|part| is_identifier(part) && !(is_number(part) && part.len() > 1 && part.starts_with('0')))
        {
            return None;
        }
        parts.prerelease = prerelease;
        rest = build;
    }
    if rest.starts_with('+') {
        if !rest.get(1..)?.split('.').all(is_identifier) {
            return None;
        }
        parts.build = rest;
        rest = "";
    }
    rest.is_empty().then_some(parts)
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_number(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

fn compare_prereleases(a: &str, b: &str) -> Ordering {
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => {
            let (mut a, mut b) = (a.split('.'), b.split('.'));
            loop {
                let order = match (a.next(), b.next()) {
                    (None, None) => return Ordering::Equal,
                    (a, b) if a.is_none() || b.is_none() => return a.is_some().cmp(&b.is_some()),
                    (a, b) => compare_identifiers(a.unwrap_or_default(), b.unwrap_or_default()),
                };
                if order.is_ne() {
                    return order;
                }
            }
        }
    }
}

/// Numbers before words, numbers by value, words by their bytes.
fn compare_identifiers(a: &str, b: &str) -> Ordering {
    match (is_number(a), is_number(b)) {
        (true, true) => compare_decimals(a, b),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}
