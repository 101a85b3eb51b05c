//! What names of systems and architectures mean to the choice of files (internal/syslist and go/build of Go 1.26).

/// Past, present and future GOOS values: they count in file names.
const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

/// Systems the tag `unix` stands for.
const UNIX: &[&str] =
    &["aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "linux", "netbsd", "openbsd", "solaris"];

/// Past, present and future GOARCH values.
const ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// What build tags are compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// GOOS.
    pub goos: Box<str>,
    /// GOARCH.
    pub goarch: Box<str>,
    /// Whether cgo is on.
    pub cgo: bool,
    /// The N of the newest release tag `go1.N`.
    pub release: u32,
    /// Tags the user set, and those of the toolchain (`goexperiment.x`, `amd64.v1`), sorted.
    pub others: Vec<Box<str>>,
}

/// Whether a file's name lets it take part: `name_GOOS`, `name_GOARCH`, `name_GOOS_GOARCH`, each with `_test` behind (`goodOSArchFile`).
pub fn name_matches(file_name: &str, tags: &Tags) -> bool {
    let stem = file_name.split('.').next().unwrap_or_default();
    // A name without a prefix, such as linux.go, stands for no system.
    let Some((_, suffixes)) = stem.split_once('_') else { return true };
    let mut parts = suffixes.rsplit('_').skip(usize::from(suffixes == "test" || suffixes.ends_with("_test")));
    let Some(last) = parts.next() else { return true };
    let before = parts.next();
    if ARCHITECTURES.binary_search(&last).is_ok() {
        return holds(last, tags) && before.is_none_or(|system| SYSTEMS.binary_search(&system).is_err() || holds(system, tags));
    }
    SYSTEMS.binary_search(&last).is_err() || holds(last, tags)
}

/// Whether a tag holds (`matchTag`).
pub fn holds(tag: &str, tags: &Tags) -> bool {
    let goos = &*tags.goos;
    match tag {
        "cgo" if tags.cgo => return true,
        "gc" => return true,
        "linux" if goos == "android" => return true,
        "solaris" if goos == "illumos" => return true,
        "darwin" if goos == "ios" => return true,
        "unix" if UNIX.binary_search(&goos).is_ok() => return true,
        _ => {}
    }
    if tag == goos || tag == &*tags.goarch {
        return true;
    }
    if let Some(minor) = tag.strip_prefix("go1.")
        && is_plain_number(minor)
        && minor.parse::<u32>().is_ok_and(|minor| minor <= tags.release)
    {
        return true;
    }
    // The old name of the experiment.
    let tag = if tag == "boringcrypto" { "goexperiment.boringcrypto" } else { tag };
    tags.others.binary_search_by(|other| (**other).cmp(tag)).is_ok()
}

/// Release tags are `go1.1` and later, without leading zeros.
fn is_plain_number(text: &str) -> bool {
    !text.starts_with('0') && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
