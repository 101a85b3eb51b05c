//! Measures how often `goherd diff` calls a program changed that is not, and finds a change that is: pairs of fresh recordings of
//! `testbed/regress`, judged by the release build.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::bench::{succeed, write_result};
use crate::docs::root;

/// Kinds of profiles a run writes.
pub const KINDS: [&str; 6] = ["cpu", "heap", "allocs", "block", "mutex", "goroutine"];
/// Pairs of the same behaviour; each gives a comparison a kind.
const SAME_PAIRS: usize = 42;
/// Recordings of each change.
const CHANGED_RUNS: usize = 8;
/// Recordings made at once: each takes most of a core.
const AT_ONCE: usize = 2;

/// Same code to a reader, other code to a profiler.
const SHAPES: [&str; 7] = ["plain", "lines", "closures", "names", "method", "generic", "wrapper"];

/// A kind that must fail, and functions of which one must be named.
type Expected = (&'static str, &'static [&'static str]);

/// A change, the kinds that must show it, and functions of which one must be named. Names of the renamed form stand beside the plain.
const WORSE: &[(&str, &str, &[Expected])] = &[
    ("hot", "plain", &[("cpu", &["main.audit"])]),
    ("slower", "plain", &[("cpu", PARSE)]),
    ("slower", "names", &[("cpu", PARSE)]),
    ("deeper", "plain", &[("cpu", &["main.walk"])]),
    ("held", "plain", &[("block", &["main.(*store).put"]), ("mutex", &["main.(*store).flush"])]),
    ("reply", "plain", &[("block", &["main.(*service).remote"])]),
    ("send", "plain", &[("block", &["main.(*service).emit"])]),
    ("leak", "plain", &[("goroutine", &["main.(*service).wait"])]),
    ("resident", "plain", &[("heap", &["main.(*sessions).add"]), ("allocs", &["main.(*sessions).add"])]),
    ("garbage", "plain", &[("allocs", &["main.scratch"])]),
];
const PARSE: &[&str] =
    &["main.parse", "main.digest", "main.each", "main.parse.func1", "main.decodeBody", "main.checksum", "main.decodeBody.func1"];
/// Changes for the better.
const BETTER: [&str; 3] = ["parse", "held", "resident"];

/// One recording to be made.
struct Run {
    folder: PathBuf,
    shape: &'static str,
    flags: Vec<String>,
}

/// Two recordings to be compared.
struct Pair {
    group: String,
    before: PathBuf,
    after: PathBuf,
    expected: &'static [Expected],
}

/// `bench diff [FOLDER]`: records into the folder what is not there yet, and judges all.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let temporary = tempfile::Builder::new().prefix("goherd-bench").tempdir().context("make a folder for recordings")?;
    let folder = args.first().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    succeed(Command::new("cargo").args(["build", "--release", "--quiet", "-p", "goherd"]).current_dir(root()))?;
    let (runs, pairs) = plan(&folder);
    record(&folder, runs)?;
    let table = judge(&target.join("release/goherd"), &pairs)?;
    write_result("Comparing profiles", &table)
}

/// What is recorded and compared. Loads and durations vary, by the number of the pair.
fn plan(folder: &Path) -> (Vec<Run>, Vec<Pair>) {
    let (mut runs, mut pairs) = (Vec::new(), Vec::new());
    let flags = |number: usize| {
        let (rate, seconds) = (90 + 15 * (number * 7 % 5), 6.0 + 0.5 * (number * 3 % 6) as f64);
        vec!["-rate".to_owned(), rate.to_string(), "-seconds".to_owned(), seconds.to_string()]
    };
    for number in 0..SAME_PAIRS {
        let (before, after) = (folder.join(format!("same-{number}-before")), folder.join(format!("same-{number}-after")));
        let shape = SHAPES[number % SHAPES.len()];
        runs.push(Run { folder: before.clone(), shape: "plain", flags: flags(2 * number) });
        runs.push(Run { folder: after.clone(), shape, flags: flags(2 * number + 1) });
        pairs.push(Pair { group: format!("same: {shape}"), before, after, expected: &[] });
    }
    let mut changed = |group: String, shape: &'static str, flag: [String; 2], expected| {
        for number in 0..CHANGED_RUNS {
            let after = folder.join(format!("{}-{number}", group.replace([':', ' ', ','], "-")));
            let flags = flags(number + 3).into_iter().chain(flag.clone()).collect();
            runs.push(Run { folder: after.clone(), shape, flags });
            let before = folder.join(format!("same-{}-before", same_load(number, group.len())));
            pairs.push(Pair { group: group.clone(), before, after, expected });
        }
    };
    for (how, shape, expected) in WORSE {
        let renamed = if *shape == "names" { ", renamed" } else { "" };
        changed(format!("worse: {how}{renamed}"), shape, ["-worse".to_owned(), (*how).to_owned()], expected);
    }
    for how in BETTER {
        changed(format!("better: {how}"), "plain", ["-better".to_owned(), how.to_owned()], &[]);
    }
    (runs, pairs)
}

/// A recording of the unchanged program at the load of a changed one's: queues can only be compared so.
fn same_load(number: usize, group: usize) -> usize {
    let rate = |flags: usize| flags * 7 % 5;
    let alike: Vec<usize> = (0..SAME_PAIRS).filter(|pair| rate(2 * pair) == rate(number + 3)).collect();
    alike[(number + group) % alike.len()]
}

fn record(folder: &Path, runs: Vec<Run>) -> anyhow::Result<()> {
    let missing: Vec<Run> = runs.into_iter().filter(|run| !run.folder.join("goroutine.pb.gz").exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut programs = BTreeMap::new();
    for shape in SHAPES {
        programs.insert(shape, build(folder, shape)?);
    }
    let count = missing.len();
    let waiting = Mutex::new(missing.into_iter().enumerate().collect::<Vec<_>>());
    let worker = || -> anyhow::Result<()> {
        loop {
            let Some((left, run)) = waiting.lock().ok().and_then(|mut waiting| waiting.pop()) else { return Ok(()) };
            anstream::eprintln!("bench diff: {} of {count}: {}", count - left, run.folder.display());
            fs::create_dir_all(&run.folder).context("make a folder for a recording")?;
            succeed(Command::new(&programs[run.shape]).args(&run.flags).arg("-out").arg(&run.folder))?;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a recorder ended"))?)
    })
}

/// The program in one shape.
pub fn build(folder: &Path, shape: &str) -> anyhow::Result<PathBuf> {
    let source = fs::read_to_string(root().join("testbed/regress/main.go")).context("read testbed/regress")?;
    let folder = folder.join(format!("program-{shape}"));
    fs::create_dir_all(&folder).context("make a folder for a program")?;
    fs::write(folder.join("main.go"), reshaped(&source, shape)?).context("write a program")?;
    fs::write(folder.join("go.mod"), "module regress\n\ngo 1.22\n").context("write a program")?;
    succeed(
        Command::new("go")
            .args(["build", "-trimpath", "-buildvcs=false", "-o", "regress", "."])
            .current_dir(&folder)
            .env("GOWORK", "off"),
    )?;
    Ok(folder.join("regress"))
}

/// The source in another shape: what it does stays the same.
fn reshaped(source: &str, shape: &str) -> anyhow::Result<String> {
    let edits: &[(&str, &str)] = match shape {
        "plain" => &[],
        "lines" => &[("func main() {", "// A comment that moves lines.\n//\n//\n//\n//\n//\n\nfunc main() {")],
        "closures" => &[("\tnoop(func() {}) // closures\n", "\tnoop(func() {})\n\tnoop(func() { noop(func() {}) })\n")],
        "names" => &[
            ("parse(", "decodeBody("),
            ("digest(", "checksum("),
            ("weigh(", "gauge("),
            ("flush(", "syncToDisk("),
            ("subscriber(", "listener("),
            ("*store)", "*shelf)"),
            ("*store\n", "*shelf\n"),
            ("&store{", "&shelf{"),
            ("type store ", "type shelf "),
        ],
        "method" => &[
            ("func score(", "func (scorer) score("),
            (" score(", " scorer{}.score("),
            ("func (scorer) scorer{}.score(", "func (scorer) score("),
            ("type call struct {", "type scorer struct{}\n\ntype call struct {"),
        ],
        "generic" => &[("func rank(items []int) int {", "func rank[T ~int](items []T) T {")],
        "wrapper" => &[("\thandle(s, r) // entry\n", "\ttraced(s, r)\n")],
        other => bail!("no shape is called {other}"),
    };
    let mut text = source.to_owned();
    for (from, to) in edits {
        if !text.contains(from) {
            bail!("testbed/regress: shape {shape} finds no `{from}`");
        }
        text = text.replace(from, to);
    }
    Ok(text)
}

/// What came of the comparisons of a group, of one kind.
#[derive(Default)]
struct Tally {
    pairs: usize,
    fail: usize,
    inconclusive: usize,
    named: usize,
}

fn judge(goherd: &Path, pairs: &[Pair]) -> anyhow::Result<String> {
    let mut tallies: BTreeMap<(String, &str), Tally> = BTreeMap::new();
    let mut wrong = String::new();
    for pair in pairs {
        for kind in KINDS {
            let file = |folder: &Path| folder.join(format!("{kind}.pb.gz"));
            let answer = compare(goherd, &file(&pair.before), &file(&pair.after))?;
            let verdict = answer["diff"]["verdict"].as_str().unwrap_or_default().to_owned();
            let culprits: Vec<&str> = answer["diff"]["rows"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|row| row["culprit"] == true)
                .flat_map(|row| std::iter::once(&row["function"]).chain(row["with"].as_array().into_iter().flatten()))
                .filter_map(Value::as_str)
                .collect();
            let expected = pair.expected.iter().find(|(expected, _)| *expected == kind);
            let named = expected.is_some_and(|(_, names)| culprits.iter().any(|culprit| names.contains(culprit)));
            let tally = tallies.entry((pair.group.clone(), kind)).or_default();
            tally.pairs += 1;
            tally.fail += usize::from(verdict == "fail");
            tally.inconclusive += usize::from(verdict == "inconclusive");
            tally.named += usize::from(verdict == "fail" && named);
            let same = !pair.group.starts_with("worse");
            if same && verdict == "fail" || expected.is_some() && !(verdict == "fail" && named) {
                let (before, after) = (pair.before.file_name().unwrap_or_default(), pair.after.file_name().unwrap_or_default());
                let (before, after) = (before.to_string_lossy(), after.to_string_lossy());
                writeln!(wrong, "- {}: {kind}, {before} against {after}: {verdict} {}", pair.group, culprits.join(", "))?;
            }
        }
    }
    report(&tallies, &wrong)
}

fn compare(goherd: &Path, before: &Path, after: &Path) -> anyhow::Result<Value> {
    let ran = Command::new(goherd).arg("diff").args([before, after]).args(["--format", "json"]).output().context("run goherd")?;
    if !matches!(ran.status.code(), Some(0 | 1 | 4)) {
        bail!("goherd diff {}: {}", before.display(), String::from_utf8_lossy(&ran.stderr));
    }
    serde_json::from_slice(&ran.stdout).context("read goherd's answer")
}

const HEAD: &str = "\
Written by `cargo xtask bench diff`: `testbed/regress` recorded afresh, two at once on this machine, with 90 to 150 requests a second for
6 to 8.5 s. \"same\" are pairs of one behaviour in which the second has other lines, closures, names, a method or a generic function for a
function, or a wrapper put in. A comparison is one kind of one pair.
";

fn report(tallies: &BTreeMap<(String, &str), Tally>, wrong: &str) -> anyhow::Result<String> {
    let sum = |prefix: &str, kind: Option<&str>| {
        let of = tallies.iter().filter(|((group, of), _)| group.starts_with(prefix) && kind.is_none_or(|kind| kind == *of));
        of.fold((0, 0, 0), |sum, (_, tally)| (sum.0 + tally.pairs, sum.1 + tally.fail, sum.2 + tally.inconclusive))
    };
    let mut text = String::from(HEAD);
    text.push_str("\n| behaviour | kind | comparisons | fail | inconclusive |\n|---|---|---|---|---|\n");
    for prefix in ["same", "better"] {
        for kind in KINDS {
            let (pairs, fail, inconclusive) = sum(prefix, Some(kind));
            writeln!(text, "| {prefix} | {kind} | {pairs} | {fail} | {inconclusive} |")?;
        }
        let (pairs, fail, inconclusive) = sum(prefix, None);
        writeln!(text, "| {prefix} | all | {pairs} | {fail} | {inconclusive} |")?;
    }
    text.push_str("\n| change | kind | comparisons | fail | and the function is named |\n|---|---|---|---|---|\n");
    let (mut all, mut found) = (0, 0);
    for (how, shape, expected) in WORSE {
        for (kind, _) in *expected {
            let renamed = if *shape == "names" { ", renamed" } else { "" };
            let Some(tally) = tallies.get(&(format!("worse: {how}{renamed}"), *kind)) else { continue };
            writeln!(text, "| {how}{renamed} | {kind} | {} | {} | {} |", tally.pairs, tally.fail, tally.named)?;
            all += tally.pairs;
            found += tally.named;
        }
    }
    writeln!(text, "| all | | {all} | | {found} |")?;
    if !wrong.is_empty() {
        write!(text, "\nWhat went wrong:\n\n{wrong}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_finds_what_it_changes() {
        let source = fs::read_to_string(root().join("testbed/regress/main.go")).unwrap();
        for shape in SHAPES {
            let text = reshaped(&source, shape).unwrap();
            assert_eq!(text == source, shape == "plain", "{shape}");
        }
    }
}
