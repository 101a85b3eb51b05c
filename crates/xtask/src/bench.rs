//! Measures goherd against its peers and writes bench/RESULTS.md: each bench a section of its own. Here are the readers of dumps, on the
//! same files, back to back.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::docs::root;
use crate::{
    bench_diff, bench_flame, bench_live, bench_live_proof, bench_profiles, bench_runlog, bench_store, bench_timeline,
    bench_traces,
};

/// Goroutines of the files; the last is the figure.
const GOROUTINES: [u64; 3] = [10_000, 1_000_000, 2_048_192];
/// Goroutines of the real dump the larger files repeat.
const REAL: u64 = 100_000;
/// Runs of which the median by CPU is taken.
const RUNS: usize = 5;

/// One run's cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// User and system.
    pub cpu_s: f64,
    /// Until it ended.
    pub clock_s: f64,
    /// Most memory it had.
    pub rss_kb: u64,
}

/// A program that reads a dump.
struct Reader {
    name: &'static str,
    command: Vec<String>,
    /// Largest file it is asked to read: beyond it runs take minutes or more memory than there is.
    up_to: u64,
}

/// `bench [parse]`, `bench profiles`, `bench diff [FOLDER]`, `bench flame`, `bench traces [FOLDER]`, `bench runlog`, `bench store`, `bench timeline TRACE`,
/// `bench live [GOROUTINES…]`, `bench proof [PART…]`, `bench same`.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let (title, table) = match args.split_first() {
        Some((first, rest)) if first == "live" => ("Processes", bench_live::measure(rest)?),
        Some((first, _)) if first == "profiles" => return bench_profiles::run(),
        Some((first, rest)) if first == "diff" => return bench_diff::run(rest),
        Some((first, _)) if first == "flame" => return bench_flame::run(),
        Some((first, rest)) if first == "traces" => return bench_traces::run(rest),
        Some((first, [trace])) if first == "timeline" => return bench_timeline::run(trace),
        Some((first, _)) if first == "runlog" => return bench_runlog::run(),
        Some((first, _)) if first == "store" => return bench_store::run(),
        Some((first, rest)) if first == "proof" => return bench_live_proof::run(rest),
        Some((first, _)) if first == "same" => ("Processes against their own dumps", bench_live::same()?),
        Some((first, _)) if first != "parse" => {
            bail!(
                "unknown bench `{first}`; there are parse, profiles, diff, flame, traces, timeline TRACE, runlog, store, live, proof and same"
            )
        }
        _ => ("Dumps", parse()?),
    };
    write_result(title, &table)
}

/// Runs a command to its end, which must be a good one.
pub fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if status.success() { Ok(()) } else { bail!("{command:?} ended with {status}") }
}

/// Puts a section into the results and prints it.
pub fn write_result(title: &str, text: &str) -> anyhow::Result<()> {
    anstream::print!("{text}");
    write_section("bench/RESULTS.md", "# Measured\n", title, text)
}

/// Puts a section into a page of the repository, whose other sections stay.
pub fn write_section(page: &str, head: &str, title: &str, text: &str) -> anyhow::Result<()> {
    let path = root().join(page);
    fs::create_dir_all(path.parent().context("the page's folder")?)?;
    let page = match fs::read_to_string(&path) {
        Ok(page) => page,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    fs::write(&path, with_section(&page, head, title, text)).with_context(|| format!("write {}", path.display()))
}

/// The page with one section put in place of the one of the same title, or at the end; the others stay.
fn with_section(page: &str, head: &str, title: &str, text: &str) -> String {
    let mut sections: Vec<(&str, &str)> =
        page.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, ""))).collect();
    match sections.iter_mut().find(|(known, _)| *known == title) {
        Some(section) => section.1 = text,
        None => sections.push((title, text)),
    }
    let sections = sections.iter().map(|(title, text)| format!("\n## {title}\n\n{}\n", text.trim()));
    format!("{head}{}", sections.collect::<String>())
}

fn parse() -> anyhow::Result<String> {
    let folder = tempfile::Builder::new().prefix("goherd-bench").tempdir().context("make a folder for big files")?;
    let readers = build(folder.path())?;
    measure(folder.path(), &readers)
}

fn build(folder: &Path) -> anyhow::Result<Vec<Reader>> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("release");
    checked(Command::new("cargo").args(["build", "--release", "--quiet", "-p", "goherd"]).current_dir(root()))?;
    checked(
        Command::new("cargo").args(["build", "--release", "--quiet", "-p", "herd-formats", "--examples"]).current_dir(root()),
    )?;
    let go = |package: &str, from: &str, out: &str| {
        let mut command = Command::new("go");
        command.args(["build", "-trimpath", "-o"]).arg(folder.join(out)).arg(package).current_dir(root().join(from));
        checked(&mut command)
    };
    go("./gen-dump", "testbed", "gen-dump")?;
    go("./gostackparse", "testbed/peers", "gostackparse")?;
    go("./panicparse", "testbed/peers", "panicparse")?;
    let text = |path: PathBuf| path.display().to_string();
    let example = text(target.join("examples/read_dump"));
    let reader = |name, command: Vec<String>, up_to| Reader { name, command, up_to };
    Ok(vec![
        reader("goherd snap", vec![text(target.join("goherd")), "snap".to_owned()], u64::MAX),
        reader("goherd's reader, 1 thread", vec![example.clone()], u64::MAX),
        reader("goherd's reader, 2 threads", vec![example, "{}".to_owned(), "2".to_owned()], u64::MAX),
        reader("DataDog/gostackparse 0.7.0 + map", vec![text(folder.join("gostackparse"))], 1_000_000),
        reader("maruel/panicparse 2.5.0", vec![text(folder.join("panicparse"))], 10_000),
    ])
}

fn measure(folder: &Path, readers: &[Reader]) -> anyhow::Result<String> {
    let real = folder.join("real.txt");
    let go_dump = |n: u64, path: &Path| {
        let mut command = Command::new(folder.join("gen-dump"));
        checked(command.args(["-mode", "stack", "-n", &(n - 1).to_string(), "-out"]).arg(path))
    };
    go_dump(REAL, &real)?;
    let mut out = String::from(HEAD);
    let mut ratios = String::new();
    for goroutines in GOROUTINES {
        let file = folder.join("dump.txt");
        if goroutines < REAL {
            go_dump(goroutines, &file)?;
        } else {
            repeat(&real, &file, goroutines)?;
        }
        let bytes = fs::metadata(&file)?.len();
        let mut first: Option<Cost> = None;
        let mut one_thread: Option<Cost> = None;
        for reader in readers.iter().filter(|reader| goroutines <= reader.up_to) {
            let cost = median(reader, &file, folder)?;
            let rate = bytes as f64 / cost.cpu_s.max(0.01) / 1e9;
            let rss = cost.rss_kb as f64 / 1024.0;
            writeln!(
                out,
                "| {goroutines} | {bytes} | {} | {:.2} | {:.2} | {rate:.2} | {rss:.1} |",
                reader.name, cost.cpu_s, cost.clock_s
            )?;
            match first {
                None => first = Some(cost),
                Some(own) if !reader.name.starts_with("goherd") => {
                    let (cpu, rss) = (cost.cpu_s / own.cpu_s.max(0.01), cost.rss_kb as f64 / own.rss_kb as f64);
                    let at_resolution =
                        if own.cpu_s < 0.1 { "; CPU figures this small are at the clock's resolution of 0.01 s" } else { "" };
                    writeln!(
                        ratios,
                        "- {goroutines} goroutines: {} takes {cpu:.1} × the CPU and {rss:.1} × the memory of `goherd snap`{at_resolution}.",
                        reader.name
                    )?;
                }
                Some(_) => {}
            }
            if reader.name.ends_with("1 thread") {
                one_thread = Some(cost);
            }
            if let (true, Some(one)) = (reader.name.ends_with("2 threads") && cost.clock_s > 0.1, one_thread) {
                let (faster, dearer) = (one.clock_s / cost.clock_s, cost.cpu_s / one.cpu_s);
                writeln!(
                    ratios,
                    "- {goroutines} goroutines: with two threads the clock time falls by {faster:.2} ×, the CPU time is {dearer:.2} × that of one."
                )?;
            }
        }
        fs::remove_file(&file)?;
    }
    Ok(format!("{out}\n{ratios}"))
}

const HEAD: &str = "\
Written by `cargo xtask bench parse`. Linux x86_64, hot page cache, median of five runs by CPU (user + system) through `/usr/bin/time`.
The file of 10,000 goroutines is `testbed/gen-dump -mode stack`; the larger ones repeat the blocks of one of 100,000 with new ids.
`goherd snap FILE` reads, clusters and prints; \"goherd's reader\" is `crates/herd-formats/examples/read_dump.rs`; the peers are
`testbed/peers`, one small main each.

| goroutines | bytes | reader | CPU s | clock s | GB per CPU-second | peak RSS MB |
|---|---|---|---|---|---|---|
";

/// Writes a dump of `goroutines` goroutines: the blocks of `from` over and over, each with an id of its own.
fn repeat(from: &Path, to: &Path, goroutines: u64) -> anyhow::Result<()> {
    let text = fs::read_to_string(from).context("read the real dump")?;
    let (first, rest) = text.trim_end().split_once("\n\n").context("the dump holds several goroutines")?;
    let blocks: Vec<&str> = rest.split("\n\n").filter_map(|block| block.find(" [").map(|at| &block[at..])).collect();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(to)?);
    writeln!(out, "{first}")?;
    for (id, block) in (1_000..).zip(blocks.iter().cycle()).take(usize::try_from(goroutines - 1)?) {
        write!(out, "\ngoroutine {id}{block}\n")?;
    }
    out.flush().context("write the repeated dump")
}

fn median(reader: &Reader, file: &Path, folder: &Path) -> anyhow::Result<Cost> {
    let mut costs = (0..RUNS).map(|_| once(reader, file, folder)).collect::<anyhow::Result<Vec<Cost>>>()?;
    costs.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    Ok(costs[RUNS / 2])
}

fn once(reader: &Reader, file: &Path, folder: &Path) -> anyhow::Result<Cost> {
    let (program, args) = reader.command.split_first().context("a reader is a command")?;
    let path = file.display().to_string();
    let mut command = Command::new(program);
    let mut named = false;
    for part in args {
        named |= part == "{}";
        command.arg(if part == "{}" { &path } else { part });
    }
    if !named {
        command.arg(&path);
    }
    Ok(timed(&command, Stdio::null(), folder, &[0])?.0)
}

/// Runs a command, which may end with these codes; answers what it cost and what it printed.
pub fn timed(command: &Command, input: Stdio, folder: &Path, codes: &[i32]) -> anyhow::Result<(Cost, Vec<u8>)> {
    let report = folder.join("time.txt");
    let mut time = Command::new("/usr/bin/time");
    time.args(["-q", "-f", "%U %S %e %M", "-o"]).arg(&report).arg(command.get_program()).args(command.get_args());
    let output = time.stdin(input).output().context("start /usr/bin/time (Debian: package time)")?;
    if !output.status.code().is_some_and(|code| codes.contains(&code)) {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = fs::read_to_string(&report).context("read what time says")?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [user, system, clock, rss] = numbers[..] else { bail!("cannot read what time says: {text}") };
    Ok((Cost { cpu_s: user + system, clock_s: clock, rss_kb: rss as u64 }, output.stdout))
}

fn checked(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if status.success() { Ok(()) } else { bail!("{command:?} failed") }
}

#[cfg(test)]
mod tests {
    use super::with_section;

    #[test]
    fn each_bench_keeps_the_others_sections() {
        let first = with_section("", "# Measured\n", "Dumps", "old\n");
        assert_eq!(first, "# Measured\n\n## Dumps\n\nold\n");
        let both = with_section(&first, "# Measured\n", "Processes", "| a |\n");
        let again = with_section(&both, "# Measured\n", "Dumps", "new");
        assert_eq!(again, "# Measured\n\n## Dumps\n\nnew\n\n## Processes\n\n| a |\n");
    }
}
