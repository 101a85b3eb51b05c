//! Which escape costs what: the compiler's places joined with the heap's by file and line.
//!
//! The compiler tells the outermost position of what it moves to the heap (`base.FmtPos`, Go 1.21 to 1.27), that is the line of the
//! function that was compiled, however much was inlined into it. A profile has that line, too: it is the outermost call of the
//! location where the runtime was asked for memory. So that call is looked up first, and the calls inlined into it after it.
//!
//! The same file is called differently on both sides (`./main.go`, `/src/app/main.go`, `example.com/app/main.go`): the one with the
//! longest common end is taken, and none where two are as long.

use std::collections::{BTreeMap, BTreeSet};

use herd_model::{Escape, EscapeFile, EscapeLog, EscapeReport, EscapeRow, EscapeShown, HeapFigures, NameId, Place, ProfileFrame};
use rustc_hash::FxHashMap;

use crate::heap::{Heap, hide};
use crate::names;

/// Joins. `seconds` is the time over which bytes were allocated: since `before`, or over which the profile was taken.
pub(crate) fn escapes(
    heap: &Heap<'_>,
    before: Option<&Heap<'_>>,
    seconds: Option<f64>,
    log: &EscapeLog,
    top: usize,
    hidden: &mut BTreeMap<String, u64>,
) -> EscapeReport {
    let joined = join(heap, log);
    let earlier = before.map(|before| join(before, log));
    let mut rows: Vec<EscapeRow> = Vec::with_capacity(joined.lines.len());
    for (key, line) in &joined.lines {
        let mut since = line.figures;
        if let Some(known) = earlier.as_ref().and_then(|earlier| earlier.lines.get(key)) {
            since.alloc_bytes -= known.figures.alloc_bytes;
            since.alloc_objects -= known.figures.alloc_objects;
        }
        let rate = |value: i64| seconds.filter(|seconds| *seconds > 0.0).map(|seconds| value as f64 / seconds);
        let shown = |number: &usize| {
            let Escape { column, what, why, .. } = &log.escapes[*number];
            EscapeShown { column: *column, what: what.to_string(), why: why.as_deref().map(str::to_owned) }
        };
        rows.push(EscapeRow {
            at: line.at.clone(),
            escapes: line.escapes.iter().map(shown).collect(),
            figures: line.figures,
            alloc_bytes_per_s: rate(since.alloc_bytes),
            alloc_objects_per_s: rate(since.alloc_objects),
            inlined_from: line.inlined_from.clone(),
        });
    }
    rows.sort_by(|a, b| b.figures.alloc_bytes.cmp(&a.figures.alloc_bytes).then_with(|| a.at.cmp(&b.at)));
    let seen: BTreeSet<usize> = joined.lines.values().flat_map(|line| line.escapes.iter().copied()).collect();
    let report = EscapeReport {
        escapes: log.escapes.len() as u64,
        seen: seen.len() as u64,
        joined_bytes: rows.iter().map(|row| row.figures.alloc_bytes).sum(),
        other_lines_bytes: joined.other_lines,
        other_files_bytes: joined.other_files,
        ambiguous_files: joined.ambiguous,
        rows: Vec::new(),
    };
    hide(hidden, "escapes_not_listed", rows.len(), top);
    rows.truncate(top);
    EscapeReport { rows, ..report }
}

/// Costs by line of the compiler's files.
struct Joined {
    lines: BTreeMap<(u32, u32), Line>,
    other_lines: i64,
    other_files: i64,
    ambiguous: u64,
}

struct Line {
    at: Place,
    figures: HeapFigures,
    escapes: BTreeSet<usize>,
    inlined_from: Option<Place>,
}

fn join(heap: &Heap<'_>, log: &EscapeLog) -> Joined {
    let mut at_line: FxHashMap<(u32, u32), Vec<usize>> = FxHashMap::default();
    for (number, escape) in log.escapes.iter().enumerate() {
        at_line.entry((escape.file, escape.line)).or_default().push(number);
    }
    let mut files = Files::of(log);
    let mut joined = Joined { lines: BTreeMap::new(), other_lines: 0, other_files: 0, ambiguous: 0 };
    for (stack, _, figures) in &heap.samples {
        let calls = calls(heap, *stack);
        let mut told = false;
        let found = calls.iter().rev().find_map(|call| {
            let file = files.matching(heap, *call)?;
            told = true;
            let key = (file, call.line.map_or(0, |line| line.line));
            Some((key, *call, at_line.get(&key)?))
        });
        let Some((key, call, escapes)) = found else {
            let into = if told { &mut joined.other_lines } else { &mut joined.other_files };
            *into = into.saturating_add(figures.alloc_bytes);
            continue;
        };
        let inner = calls.first().map(|frame| heap.profile.place(*frame));
        let line = joined.lines.entry(key).or_insert_with(|| Line {
            at: heap.profile.place(call),
            figures: HeapFigures::default(),
            escapes: BTreeSet::new(),
            inlined_from: None,
        });
        line.figures.add(figures);
        line.escapes.extend(narrowed(&calls, escapes, heap, log));
        if line.inlined_from.is_none() {
            line.inlined_from = inner.filter(|inner| *inner != line.at);
        }
    }
    joined.ambiguous = files.ambiguous();
    joined
}

/// The calls at the address that asked for memory, innermost first. Texts give each inlined call as a location of its own, with the
/// address of the others.
fn calls(heap: &Heap<'_>, stack: herd_model::StackId) -> Vec<ProfileFrame> {
    let Some(allocator) = heap.profile.allocator(stack) else { return Vec::new() };
    let address = |frame: &ProfileFrame| heap.profile.locations[frame.location.0 as usize].address;
    let same = |frame: &ProfileFrame| {
        frame.location == allocator.location || address(frame) != 0 && address(frame) == address(&allocator)
    };
    let frames = heap.profile.frames(stack).skip_while(|frame| *frame != allocator);
    frames.take_while(same).filter(|frame| frame.line.is_some()).collect()
}

/// Of the escapes at a line those that were inlined from where the stack says, where the compiler tells it of any.
fn narrowed(calls: &[ProfileFrame], escapes: &[usize], heap: &Heap<'_>, log: &EscapeLog) -> Vec<usize> {
    let inner: Vec<Place> = calls.iter().take(calls.len().saturating_sub(1)).map(|frame| heap.profile.place(*frame)).collect();
    let fits = |number: &&usize| match &log.escapes[**number].inlined_from {
        Some((file, line)) => inner.iter().any(|place| names::base(&place.file) == &**file && place.line == *line),
        None => inner.is_empty(),
    };
    let told = escapes.iter().any(|number| log.escapes[*number].inlined_from.is_some());
    let fitting: Vec<usize> = escapes.iter().filter(fits).copied().collect();
    if told && !fitting.is_empty() { fitting } else { escapes.to_vec() }
}

/// The compiler's files, and which of them those of the profile are.
struct Files<'a> {
    log: &'a EscapeLog,
    by_base: FxHashMap<&'a str, Vec<u32>>,
    known: FxHashMap<(NameId, bool), Match>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    None,
    Ambiguous,
    File(u32),
}

impl<'a> Files<'a> {
    fn of(log: &'a EscapeLog) -> Files<'a> {
        let mut by_base: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
        for (number, file) in log.files.iter().enumerate() {
            by_base.entry(names::base(&file.path)).or_default().push(number as u32);
        }
        Files { log, by_base, known: FxHashMap::default() }
    }

    fn ambiguous(&self) -> u64 {
        self.known.values().filter(|known| **known == Match::Ambiguous).count() as u64
    }

    fn matching(&mut self, heap: &Heap<'_>, frame: ProfileFrame) -> Option<u32> {
        let function = heap.profile.functions[frame.line?.function.0 as usize];
        let func = heap.profile.function_name(frame.line?.function);
        // A file holds one package, but the file of a linknamed function is another's.
        let key = (function.file, names::is_std(func, heap.profile.names.text(function.file)));
        let known = self.known.get(&key).copied().unwrap_or_else(|| {
            let found = self.find(heap.profile.names.text(function.file), func);
            self.known.insert(key, found);
            found
        });
        match known {
            Match::File(file) => Some(file),
            Match::None | Match::Ambiguous => None,
        }
    }

    fn find(&self, path: &str, func: &str) -> Match {
        let package = names::package(func);
        let mut best: (usize, Match) = (0, Match::None);
        for number in self.by_base.get(names::base(path)).into_iter().flatten() {
            let file = &self.log.files[*number as usize];
            let score = score(file, path, package);
            if score > best.0 {
                best = (score, Match::File(*number));
            } else if score == best.0 && score > 0 {
                best.1 = Match::Ambiguous;
            }
        }
        best.1
    }
}

/// How many elements the two names of a file have in common at their ends; 0 where they cannot be the same.
fn score(file: &EscapeFile, path: &str, package: &str) -> usize {
    let elements = |path: &str| -> Vec<String> {
        let path = path.replace('\\', "/");
        path.split('/').filter(|element| !matches!(*element, "" | "." | "..")).map(str::to_owned).collect()
    };
    let (told, profiled) = (elements(&file.path), elements(path));
    let folder = &told[..told.len().saturating_sub(1)];
    let compiled = elements(&file.package);
    let relative = !file.path.starts_with(['/', '\\']) && !file.path.contains(":\\");
    // Generic code of other packages is named when a package that uses it is compiled.
    let own = !compiled.is_empty() && if relative { compiled.ends_with(folder) } else { compiled.last() == folder.last() };
    if own && package != "main" && elements(package) != compiled {
        return 0;
    }
    let common = |one: &[String], other: &[String]| one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let of_package = |package: &[String], base: &[String]| package.iter().chain(base).cloned().collect::<Vec<_>>();
    let base = &told[folder.len()..];
    let mut told_as = vec![told.clone()];
    if own {
        told_as.push(of_package(&compiled, base));
    } else if relative && !compiled.is_empty() {
        told_as.push(of_package(&compiled, &told));
    }
    let mut profiled_as = vec![profiled];
    if package != "main" {
        profiled_as.push(of_package(&elements(package), base));
    }
    let best = told_as.iter().flat_map(|a| profiled_as.iter().map(move |b| common(a, b))).max().unwrap_or(0);
    // The name of the file alone is enough only where nothing else can be compared: `./main.go` of a command built in `/app`.
    if best > 1 || package == "main" || own { best } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(told: &str, compiled: &str, path: &str, func: &str, expect: usize) {
        let file = EscapeFile { path: told.into(), package: compiled.into() };
        assert_eq!(score(&file, path, names::package(func)), expect, "{told} {path}");
    }

    #[test]
    fn the_same_file_by_its_longest_end() {
        check("main.go", "example.com/esc", "/app/main.go", "main.run", 1);
        check("main.go", "example.com/esc", "example.com/esc/main.go", "main.run", 3);
        check("cmd/a/main.go", "example.com/cmd/a", "/src/cmd/a/main.go", "main.run", 3);
        check("cmd/b/main.go", "example.com/cmd/b", "/src/cmd/a/main.go", "main.run", 1);
        check("client.go", "example.com/svc", "/usr/local/go/src/net/http/client.go", "net/http.(*Client).do", 0);
        check("client.go", "example.com/svc", "/build/client.go", "example.com/svc.(*Client).do", 3);
        check("store/store.go", "example.com/svc/store", "github.com/other/store/store.go", "github.com/other/store.New", 0);
        check("store/store.go", "example.com/svc", "example.com/svc/store/store.go", "example.com/svc/store.New[...]", 4);
        check(
            "/home/ann/svc/store/store.go",
            "example.com/svc/store",
            "/build/svc/store/store.go",
            "example.com/svc/store.New",
            4,
        );
        check("/usr/local/go/src/sync/atomic/type.go", "example.com/svc", "/other/type.go", "a.com/b.f", 0);
        check(r"C:\svc\main.go", "", r"D:\build\svc\main.go", "main.main", 2);
    }
}
