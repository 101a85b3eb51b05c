//! The Go toolchain on this machine: where its standard library lies and which build tags come with it. It is never run.

use std::path::{Path, PathBuf};

use super::context::{Context, Standard, settings_of};
use super::listing;
use super::platform::Tags;
use super::summary;
use super::version::{self, Language};

/// The newest Go whose rules goherd knows; release tags go up to it where no toolchain is found.
pub const NEWEST_KNOWN: Language = Language(27);

/// A GOROOT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// GOROOT, links resolved.
    pub root: PathBuf,
    /// `1.26.8`
    pub version: Box<str>,
}

/// What was found for a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The GOROOT whose standard library is read.
    pub toolchain: Option<Toolchain>,
    /// The Go release whose declarations goherd carries, where they are read because no toolchain was found.
    pub summary: Option<&'static str>,
    /// The version the program asks for, where what was found is older.
    pub wanted: Option<Box<str>>,
}

/// Finds the toolchain `go` would use for a program whose go.mod or go.work asks for at least `wanted`: GOROOT, the `go` on the PATH with
/// its links resolved, the usual places, and toolchains `go` itself unpacked into the module cache.
pub fn choose(context: &Context, wanted: Option<&str>) -> Choice {
    let carried = context.standard == Standard::Carried;
    let local = local(context).filter(|_| !carried);
    let setting = context.toolchain.clone().map(String::from).or_else(|| {
        let text = listing::read_text(&local.as_ref()?.root.join("go.env")).ok()?;
        settings_of(&text).remove("GOTOOLCHAIN")
    });
    // `local`, `auto`, `path`, `go1.26.3`, `go1.26.3+auto`…
    let setting = setting.unwrap_or_else(|| "auto".to_owned());
    let named = setting.split('+').next().and_then(|name| name.strip_prefix("go"));
    let may_switch =
        setting == "auto" || setting.ends_with("+auto") || setting == "path" || setting.ends_with("+path") || local.is_none();
    let mut least = named;
    if let Some(wanted) = wanted.filter(|_| may_switch)
        && least.is_none_or(|least| version::compare_go(wanted, least).is_gt())
    {
        least = Some(wanted);
    }
    let enough = |found: &Toolchain, least: &str| version::compare_go(&found.version, least).is_ge();
    let toolchain = match (local, least) {
        (Some(local), None) => Some(local),
        (Some(local), Some(least)) if enough(&local, least) => Some(local),
        _ if carried => None,
        (local, least) => downloaded(context, least.unwrap_or_default()).or(local),
    };
    let summary = toolchain.is_none().then(summary::version);
    let found = toolchain.as_ref().map(|found| &*found.version).or(summary);
    let too_old = |wanted: &&str| found.is_some_and(|found| version::compare_go(found, wanted).is_lt());
    let wanted = wanted.filter(too_old).map(Box::from);
    Choice { toolchain, summary, wanted }
}

/// The toolchain that is installed.
fn local(context: &Context) -> Option<Toolchain> {
    if let Some(found) = context.goroot.as_deref().and_then(at) {
        return Some(found);
    }
    let program = if cfg!(windows) { "go.exe" } else { "go" };
    let mut on_path = context.path.iter().map(|folder| folder.join(program)).filter_map(|file| file.canonicalize().ok());
    if let Some(found) = on_path.find_map(|file| at(file.parent()?.parent()?)) {
        return Some(found);
    }
    // A script in place of `go` (asdf, goenv, mise) says nothing: the newest of the usual places is taken.
    let usual = [
        "/usr/local/go",
        "/usr/lib/go",
        "/usr/lib/golang",
        "/opt/homebrew/opt/go/libexec",
        "/usr/local/opt/go/libexec",
        "/snap/go/current",
        "C:/Program Files/Go",
    ];
    let mut places: Vec<PathBuf> = usual.iter().map(PathBuf::from).collect();
    let mut shelves = vec![(PathBuf::from("/usr/lib"), "")];
    if let Some(home) = &context.home {
        places.push(home.join(".local/go"));
        shelves.extend([
            (home.join("sdk"), ""),
            (home.join(".goenv/versions"), ""),
            (home.join(".asdf/installs/golang"), "go"),
            (home.join(".local/share/mise/installs/go"), ""),
            (home.join(".gvm/gos"), ""),
        ]);
    }
    for (shelf, inside) in shelves {
        let Ok(entries) = std::fs::read_dir(&shelf) else { continue };
        let named = |name: &str| shelf != Path::new("/usr/lib") || name.starts_with("go-");
        places.extend(
            entries
                .flatten()
                .filter(|entry| entry.file_name().to_str().is_some_and(named))
                .map(|entry| entry.path().join(inside)),
        );
    }
    newest(places.iter().filter_map(|place| at(place)))
}

/// The oldest toolchain in the module cache that is new enough, as `go` unpacks them (golang.org/toolchain@v0.0.1-go1.26.3.linux-amd64).
fn downloaded(context: &Context, least: &str) -> Option<Toolchain> {
    let entries = std::fs::read_dir(context.mod_cache.as_ref()?.join("golang.org")).ok()?;
    let names = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with("toolchain@")));
    let found = names.filter_map(|entry| at(&entry.path())).filter(|found| version::compare_go(&found.version, least).is_ge());
    found.min_by(|a, b| version::compare_go(&a.version, &b.version))
}

fn newest(found: impl Iterator<Item = Toolchain>) -> Option<Toolchain> {
    found.max_by(|a, b| version::compare_go(&a.version, &b.version))
}

/// The toolchain at a GOROOT, if one is there.
fn at(root: &Path) -> Option<Toolchain> {
    let root = root.canonicalize().ok()?;
    if !root.join("src/runtime").is_dir() {
        return None;
    }
    let text = listing::read_text(&root.join("VERSION")).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    // Go built from a repository has no VERSION file, or one that says `devel`.
    let version = first.strip_prefix("go").map(|rest| rest.split([' ', '-']).next().unwrap_or(rest));
    let version =
        version.filter(|version| Language::parse(version).is_some()).map(Box::from).or_else(|| development_version(&root))?;
    Some(Toolchain { root, version })
}

/// The version a development tree says it works towards (internal/goversion).
fn development_version(root: &Path) -> Option<Box<str>> {
    let text = listing::read_text(&root.join("src/internal/goversion/goversion.go")).ok()?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("const Version ="))?;
    Some(format!("1.{}", line.trim()).into())
}

/// The tags that hold when this toolchain builds with these settings.
pub fn tags(context: &Context, toolchain: Option<&Toolchain>) -> Tags {
    let release = toolchain.and_then(|found| Language::parse(&found.version)).unwrap_or(NEWEST_KNOWN);
    let mut others: Vec<Box<str>> = context.tags.clone();
    others.extend(experiments(context, toolchain));
    others.extend(level_tags(&context.goarch, &context.level).into_iter().map(String::into_boxed_str));
    others.sort_unstable();
    others.dedup();
    Tags { goos: context.goos.clone(), goarch: context.goarch.clone(), cgo: context.cgo, release: release.0, others }
}

/// Tags of the experiments that are on: those the toolchain has on by default (internal/buildcfg/exp.go, `baseline`), changed by GOEXPERIMENT.
fn experiments(context: &Context, toolchain: Option<&Toolchain>) -> Vec<Box<str>> {
    let source = toolchain.and_then(|found| listing::read_text(&found.root.join("src/internal/buildcfg/exp.go")).ok());
    let mut on = baseline(source.as_deref().unwrap_or_default(), &context.goos, &context.goarch);
    for word in context.experiments.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word.strip_prefix("no") {
            Some("ne") => on.clear(),
            Some(name) => on.retain(|other| other != name),
            None => on.push(word.to_owned()),
        }
    }
    on.into_iter().map(|name| format!("goexperiment.{name}").into_boxed_str()).collect()
}

/// The experiments the source text turns on. Values that depend on the platform are the ones Go 1.21 to 1.27 have.
fn baseline(source: &str, goos: &str, goarch: &str) -> Vec<String> {
    let fields = source
        .split_once("baseline := goexperiment.Flags{")
        .and_then(|(_, rest)| rest.split_once('}'))
        .map_or("", |(fields, _)| fields);
    let on = |value: &str| match value {
        "regabiSupported" | "regabiAlwaysOn" => {
            matches!(goarch, "amd64" | "arm64" | "loong64" | "ppc64le" | "ppc64" | "riscv64")
                || goarch == "s390x" && source.contains("\"s390x\"")
        }
        "dwarf5Supported" => !matches!(goos, "darwin" | "ios" | "aix"),
        "haveXchg8" => matches!(goarch, "386" | "amd64" | "arm" | "arm64" | "ppc64le" | "ppc64"),
        "false" => false,
        _ => true,
    };
    let pairs = fields.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once(':'));
    pairs.filter(|(_, value)| on(value.trim())).map(|(name, _)| name.trim().to_ascii_lowercase()).collect()
}

/// Tags of the architecture's level (internal/buildcfg/cfg.go, `gogoarchTags`, Go 1.26).
fn level_tags(goarch: &str, level: &str) -> Vec<String> {
    let or = |default: &'static str| {
        if level.is_empty() { default.to_owned() } else { level.split(',').next().unwrap_or_default().to_owned() }
    };
    let numbers = |prefix: &str, from: u32, to: u32| (from..=to.min(99)).map(|n| format!("{goarch}.{prefix}{n}")).collect();
    match goarch {
        "386" => vec![format!("386.{}", or("sse2"))],
        "amd64" => numbers("v", 1, or("v1").trim_start_matches('v').parse().unwrap_or(1)),
        "arm" => numbers("", 5, or("7").parse().unwrap_or(7)),
        "arm64" => arm64_levels(&or("v8.0")),
        "mips" | "mipsle" | "mips64" | "mips64le" => vec![format!("{goarch}.{}", or("hardfloat"))],
        "ppc64" | "ppc64le" => numbers("power", 8, or("power8").trim_start_matches("power").parse().unwrap_or(8)),
        "riscv64" => {
            let profiles = ["rva20u64", "rva22u64", "rva23u64"];
            let last = profiles.iter().position(|profile| *profile == or("rva20u64")).unwrap_or(0);
            profiles.iter().take(last + 1).map(|profile| format!("riscv64.{profile}")).collect()
        }
        "wasm" => vec!["wasm.satconv".to_owned(), "wasm.signext".to_owned()],
        _ => Vec::new(),
    }
}

/// `v9.1` stands for v9.0, v9.1 and v8.0 to v8.6.
fn arm64_levels(level: &str) -> Vec<String> {
    let mut parts = level.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(8), parts.next().unwrap_or(0).min(9));
    let mut tags: Vec<String> = (0..=minor).map(|n| format!("arm64.v{major}.{n}")).collect();
    if major == 9 {
        tags.extend((0..=(minor + 5).min(9)).map(|n| format!("arm64.v8.{n}")));
    }
    tags
}
