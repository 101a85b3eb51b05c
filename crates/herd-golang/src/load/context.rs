//! For which system and with which settings a program is loaded: what `go env` would say, read without `go`.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::listing;
use super::overlay::Overlay;

/// Settings of one load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// GOOS.
    pub goos: Box<str>,
    /// GOARCH.
    pub goarch: Box<str>,
    /// Whether files that import "C" take part.
    pub cgo: bool,
    /// Tags of `-tags`.
    pub tags: Vec<Box<str>>,
    /// GOEXPERIMENT: comma-separated, `no` before a name turns it off.
    pub experiments: Box<str>,
    /// What GOAMD64, GOARM64, GOARM, GO386… says of GOARCH's level; empty for the default.
    pub level: Box<str>,
    /// GOROOT, where one is set.
    pub goroot: Option<PathBuf>,
    /// Where the standard library is read from.
    pub standard: Standard,
    /// GOTOOLCHAIN, where one is set: `local`, `auto`, `go1.26.3`…
    pub toolchain: Option<Box<str>>,
    /// Folders of the PATH, where a `go` may be.
    pub path: Vec<PathBuf>,
    /// The user's home, below which toolchains are looked for.
    pub home: Option<PathBuf>,
    /// GOPATH.
    pub gopath: Vec<PathBuf>,
    /// GOMODCACHE.
    pub mod_cache: Option<PathBuf>,
    /// `-mod`.
    pub mode: ModuleMode,
    /// `-modfile`.
    pub mod_file: Option<PathBuf>,
    /// GOWORK.
    pub workspace: Workspace,
    /// Whose test files are read.
    pub tests: Tests,
    /// Whether the module graph is read where the packages do not need it.
    pub graph: Graph,
    /// What stands for Go files, whatever lies on disk.
    pub overlay: Overlay,
}

/// `-mod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleMode {
    /// The vendor folder where there is one and the `go` line is 1.14 or later, else the module cache.
    Auto,
    /// The module cache (`-mod=mod`, `-mod=readonly`: they differ in what `go` writes).
    Cache,
    /// The vendor folder.
    Vendor,
}

/// GOWORK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Workspace {
    /// The nearest `go.work` above.
    Auto,
    /// None.
    Off,
    /// This file.
    File(PathBuf),
}

/// Where the standard library is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// The toolchain that is found; what goherd carries of one where none is.
    Toolchain,
    /// What goherd carries, whatever toolchains there are.
    Carried,
}

/// Whose test files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tests {
    /// Nobody's.
    None,
    /// Those of the packages that the patterns name.
    Named,
}

/// Whether the module graph is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Graph {
    /// Where an import cannot be found without it, or the go.mod file is older than Go 1.17.
    WhenNeeded,
    /// Always, so that [`super::Program::modules`] is what `go list -m all` lists.
    Always,
}

impl Context {
    /// As the environment and the user's `go env -w` have it.
    pub fn from_env() -> Self {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// As the given variables have it, and the files they lead to (GOENV). Reads one small file and looks for a C compiler on the PATH.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let home = variable("HOME").or_else(|| variable("USERPROFILE")).filter(|home| !home.is_empty()).map(PathBuf::from);
        let saved = saved_settings(variable, home.as_deref());
        let setting = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .or_else(|| saved.get(name).cloned())
                .filter(|value| !value.is_empty())
        };
        let gopath: Vec<PathBuf> = match setting("GOPATH") {
            Some(list) => std::env::split_paths(&list).collect(),
            None => home.iter().map(|home| home.join("go")).collect(),
        };
        let goos = setting("GOOS").unwrap_or_else(|| host_system().to_owned());
        let goarch = setting("GOARCH").unwrap_or_else(|| host_architecture().to_owned());
        let path: Vec<PathBuf> = variable("PATH").map(|list| std::env::split_paths(&list).collect()).unwrap_or_default();
        let cgo = match setting("CGO_ENABLED").as_deref() {
            Some("1") => true,
            Some("0") => false,
            Some(_) | None => cgo_by_default(&goos, &goarch, setting("CC").is_some(), &path),
        };
        let mut context = Self {
            level: level_variable(&goarch).and_then(setting).unwrap_or_default().into(),
            cgo,
            tags: Vec::new(),
            experiments: setting("GOEXPERIMENT").unwrap_or_default().into(),
            goroot: setting("GOROOT").map(PathBuf::from),
            standard: Standard::Toolchain,
            toolchain: setting("GOTOOLCHAIN").map(String::into_boxed_str),
            mod_cache: setting("GOMODCACHE").map(PathBuf::from).or_else(|| gopath.first().map(|first| first.join("pkg/mod"))),
            mode: ModuleMode::Auto,
            mod_file: None,
            workspace: match setting("GOWORK").as_deref() {
                None => Workspace::Auto,
                Some("off") => Workspace::Off,
                Some(file) => Workspace::File(file.into()),
            },
            tests: Tests::None,
            graph: Graph::WhenNeeded,
            overlay: Overlay::default(),
            goos: goos.into(),
            goarch: goarch.into(),
            path,
            home,
            gopath,
        };
        take_flags(&mut context, &setting("GOFLAGS").unwrap_or_default());
        context
    }
}

/// What `go env -w` wrote: lines of `NAME=VALUE` in the file GOENV names (cmd/go/internal/cfg, `EnvFile`).
fn saved_settings(variable: &dyn Fn(&str) -> Option<String>, home: Option<&Path>) -> FxHashMap<String, String> {
    let file = match variable("GOENV").filter(|file| !file.is_empty()) {
        Some(file) if file == "off" => None,
        Some(file) => Some(PathBuf::from(file)),
        None => config_folder(variable, home).map(|folder| folder.join("go/env")),
    };
    let text = file.and_then(|file| listing::read_text(&file).ok()).unwrap_or_default();
    settings_of(&text)
}

/// Lines of `NAME=VALUE`; the last of a name counts.
pub(super) fn settings_of(text: &str) -> FxHashMap<String, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Where the system keeps a user's settings (`os.UserConfigDir`).
fn config_folder(variable: &dyn Fn(&str) -> Option<String>, home: Option<&Path>) -> Option<PathBuf> {
    match std::env::consts::OS {
        "windows" => variable("AppData").map(PathBuf::from),
        "macos" | "ios" => home.map(|home| home.join("Library/Application Support")),
        _ => variable("XDG_CONFIG_HOME")
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from)
            .or_else(|| home.map(|home| home.join(".config"))),
    }
}

/// The GOOS of this machine.
fn host_system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// The GOARCH of this machine.
fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        "powerpc64" => "ppc64",
        "loongarch64" => "loong64",
        "mips" if cfg!(target_endian = "little") => "mipsle",
        "mips64" if cfg!(target_endian = "little") => "mips64le",
        other => other,
    }
}

/// On where nothing is cross-compiled and a C compiler is found, as `go` has it since 1.20 (cmd/go/internal/cfg, `defaultContext`).
fn cgo_by_default(goos: &str, goarch: &str, has_cc: bool, path: &[PathBuf]) -> bool {
    let compiler = if matches!(goos, "darwin" | "freebsd" | "openbsd" | "ios") { "clang" } else { "gcc" };
    let on_path =
        || path.iter().any(|folder| folder.join(compiler).is_file() || folder.join(format!("{compiler}.exe")).is_file());
    goos == host_system() && goarch == host_architecture() && (has_cc || on_path())
}

fn level_variable(goarch: &str) -> Option<&'static str> {
    Some(match goarch {
        "386" => "GO386",
        "amd64" => "GOAMD64",
        "arm" => "GOARM",
        "arm64" => "GOARM64",
        "mips" | "mipsle" => "GOMIPS",
        "mips64" | "mips64le" => "GOMIPS64",
        "ppc64" | "ppc64le" => "GOPPC64",
        "riscv64" => "GORISCV64",
        _ => return None,
    })
}

/// Takes in what GOFLAGS says of `-tags`, `-mod` and `-modfile`; its other flags do not change which files make up a program.
fn take_flags(context: &mut Context, flags: &str) {
    for flag in split_flags(flags) {
        let Some((name, value)) = flag.trim_start_matches('-').split_once('=') else { continue };
        match name {
            "tags" => context.tags = split_tags(value),
            "mod" => context.mode = if value == "vendor" { ModuleMode::Vendor } else { ModuleMode::Cache },
            "modfile" => context.mod_file = Some(PathBuf::from(value)),
            _ => {}
        }
    }
}

/// Flags are separated by spaces; one with a space in it stands in quotes as a whole (cmd/internal/quoted).
fn split_flags(text: &str) -> Vec<&str> {
    let mut flags = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quoted = rest.strip_prefix(first).filter(|_| matches!(first, '\'' | '"')).and_then(|inner| inner.split_once(first));
        let (flag, behind) = quoted.unwrap_or_else(|| rest.split_once(char::is_whitespace).unwrap_or((rest, "")));
        flags.push(flag);
        rest = behind.trim_start();
    }
    flags
}

/// Tags of a `-tags` flag: separated by commas, in old scripts by spaces.
pub fn split_tags(text: &str) -> Vec<Box<str>> {
    text.split([',', ' ']).filter(|tag| !tag.is_empty()).map(Box::from).collect()
}
