//! What a Go function name and file say: package, standard library or not, and the form that is equal across builds.

use std::borrow::Cow;

/// First path elements of the standard library's packages (Go 1.18 to 1.27, `go list std`).
const STD_ROOTS: &[&str] = &[
    "archive",
    "arena",
    "bufio",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "simd",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
    "unsafe",
    "vendor",
    "weak",
];

/// The package path of a function: `net/http.(*conn).serve` → `net/http`. Type arguments may hold slashes and dots, so the name is
/// cut at the first bracket or parenthesis before the last slash is looked for.
pub fn package(func: &str) -> &str {
    let plain = &func[..func.find(['[', '(']).unwrap_or(func.len())];
    let last_element = plain.rfind('/').map_or(0, |slash| slash + 1);
    match plain[last_element..].find('.') {
        Some(dot) => &plain[..last_element + dot],
        None => plain,
    }
}

/// The function without its package path: `net/http.(*conn).serve` → `(*conn).serve`.
pub fn local(func: &str) -> &str {
    func.get(package(func).len() + 1..).unwrap_or(func)
}

/// The function with the last element of its package path only: `net/http.(*conn).serve` → `http.(*conn).serve`.
pub fn short(func: &str) -> &str {
    let package = package(func);
    &func[package.rfind('/').map_or(0, |slash| slash + 1)..]
}

/// Package and receiver of a method: `net/http.(*conn)` of `net/http.(*conn).serve`; nothing of a function, nor of a method of a value.
pub fn receiver(func: &str) -> Option<&str> {
    func.rfind(").").map(|end| &func[..=end])
}

/// Whether the function belongs to the standard library. A user's module may share a first element with it (`log`, `index`), so a
/// known file must lie in a standard package's folder of a GOROOT, or be the trimmed form `net/http/server.go`. Linknamed functions
/// (`sync.runtime_Semacquire`) stand in another standard package's folder.
pub fn is_std(func: &str, file: &str) -> bool {
    let package = package(func);
    let root = package.split('/').next().unwrap_or(package);
    if !is_std_root(root) {
        return false;
    }
    if file.is_empty() || file.starts_with(['<', '_']) || root == "runtime" {
        return true;
    }
    let file = file.replace('\\', "/");
    let below = file.rfind("/src/").map_or(file.as_str(), |at| &file[at + 5..]);
    is_std_root(below.split('/').next().unwrap_or(below))
}

fn is_std_root(element: &str) -> bool {
    STD_ROOTS.binary_search(&element).is_ok()
}

/// Whether a dump of level 1 (`debug=2`) leaves the frame out: unexported functions of package runtime
/// (`runtime/traceback.go`, `showfuncinfo`). Dumps of higher level print them, so identity must not depend on them.
pub fn is_hidden_runtime(func: &str) -> bool {
    match func.strip_prefix("runtime.") {
        Some(rest) => !rest.starts_with(|first: char| first.is_ascii_uppercase()),
        None => func == "runtime/internal/atomic" || func.starts_with("internal/runtime/") || func.is_empty(),
    }
}

/// Whether the frame is machinery below the operation a reader thinks of: `sync`, `internal/…`, `syscall`, `time.Sleep`,
/// `golang.org/x/sync`, linknamed hooks such as `sync.runtime_SemacquireMutex`, the locks and the Runner of goherd's own Go module.
pub fn is_machinery(func: &str) -> bool {
    let package = package(func);
    matches!(
        package,
        "runtime"
            | "sync"
            | "syscall"
            | "sync/atomic"
            | "internal"
            | "golang.org/x/sync/semaphore"
            | "golang.org/x/sync/errgroup"
            | "github.com/goherd/goherd/go/fuse"
            | "github.com/goherd/goherd/go/runner"
    ) || package.starts_with("internal/")
        || package.starts_with("runtime/")
        || func == "time.Sleep"
}

/// The form of a function name that is equal across processes and compilers of the same code: type arguments become `[...]`, and
/// any tail of closure parts (`.func1.2`, `.gowrap3`, `·dwrap·1`, `-fm`, `-range1`) becomes `.func`.
pub fn normal(func: &str) -> Cow<'_, str> {
    let generic = strip_type_arguments(func);
    let stem = closure_stem(&generic);
    if stem.len() == generic.len() {
        return generic;
    }
    Cow::Owned(format!("{stem}.func"))
}

fn strip_type_arguments(func: &str) -> Cow<'_, str> {
    if !func.contains('[') || func.contains("[...]") && func.matches('[').count() == func.matches("[...]").count() {
        return Cow::Borrowed(func);
    }
    let mut out = String::with_capacity(func.len());
    let mut depth = 0u32;
    for c in func.chars() {
        match c {
            '[' => {
                if depth == 0 {
                    out.push_str("[...]");
                }
                depth += 1;
            }
            ']' => depth = depth.saturating_sub(1),
            other if depth == 0 => out.push(other),
            _ => {}
        }
    }
    Cow::Owned(out)
}

/// The name without its trailing closure parts.
fn closure_stem(func: &str) -> &str {
    let floor = package(func).len() + 1;
    let mut stem = func.strip_suffix("-fm").unwrap_or(func);
    loop {
        let Some(cut) = stem.rfind(['.', '·', '-']) else { return stem };
        if cut < floor || !is_closure_part(&stem[cut..]) {
            return stem;
        }
        stem = &stem[..cut];
    }
}

fn is_closure_part(part: &str) -> bool {
    let text = part.trim_start_matches(['.', '·', '-']);
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    digits(text)
        || ["func", "gowrap", "deferwrap", "range"].iter().any(|word| text.strip_prefix(word).is_some_and(digits))
        || text == "dwrap"
}

/// The last path element of a file, either slash.
pub fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_short_names() {
        for (func, pkg, brief) in [
            ("main.main", "main", "main.main"),
            ("net/http.(*conn).serve", "net/http", "http.(*conn).serve"),
            ("github.com/nats-io/nats.go.(*Conn).flusher", "github.com/nats-io/nats", "nats.go.(*Conn).flusher"),
            ("a.com/x/y.F[go.shape.struct { a.com/z.T }]", "a.com/x/y", "y.F[go.shape.struct { a.com/z.T }]"),
            ("a.com/x/y.(*T[...]).m.func1", "a.com/x/y", "y.(*T[...]).m.func1"),
        ] {
            assert_eq!(package(func), pkg, "{func}");
            assert_eq!(short(func), brief, "{func}");
        }
    }

    #[test]
    fn the_roots_are_sorted_for_the_search() {
        assert!(STD_ROOTS.is_sorted());
    }

    #[test]
    fn standard_library_is_told_by_name_and_folder() {
        for (func, file, expect) in [
            ("net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go", true),
            ("net/http.(*conn).serve", "net/http/server.go", true),
            ("net/http.(*conn).serve", r"C:\Go\src\net\http\server.go", true),
            ("log.(*Store).flush", "/home/ann/log/store.go", false),
            ("main.main", "main.go", false),
            ("golang.org/x/sync/errgroup.(*Group).Go.func1", "golang.org/x/sync@v0.9.0/errgroup/errgroup.go", false),
            ("internal/poll.(*FD).Read", "/usr/local/go/src/internal/poll/fd_unix.go", true),
            ("runtime.goexit", "/usr/local/go/src/runtime/asm_amd64.s", true),
        ] {
            assert_eq!(is_std(func, file), expect, "{func} {file}");
        }
    }

    #[test]
    fn closures_and_shapes_are_equal_across_compilers() {
        for (func, expect) in [
            ("main.run.func1", "main.run.func"),
            ("main.run.func2.1", "main.run.func"),
            ("main.run.gowrap1", "main.run.func"),
            ("main.run·dwrap·3", "main.run.func"),
            ("main.(*T).Serve-fm", "main.(*T).Serve.func"),
            ("main.(*T).Serve", "main.(*T).Serve"),
            ("main.Map[go.shape.int,go.shape.string]", "main.Map[...]"),
            ("main.Map[...].func1", "main.Map[...].func"),
            ("main.func1", "main.func1"),
            ("main.seq-range1", "main.seq.func"),
        ] {
            assert_eq!(normal(func), expect, "{func}");
        }
    }
}
