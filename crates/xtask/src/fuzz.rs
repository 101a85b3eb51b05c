//! Fuzzes each format with libFuzzer on the stable compiler, from the recordings as seeds, and fails on a panic, a hang or a leak
//! of memory.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::docs::root;

const TARGETS: [&str; 11] =
    ["dump", "escape", "exposition", "golang", "modules", "pieces", "pprof", "profile", "runlog", "saved", "trace"];

/// What cargo-fuzz asks of the compiler, less the sanitizer, which needs a nightly one.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// Input bytes a run may make; small ones find more.
const MAX_INPUT_BYTES: usize = 16 << 10;

/// `fuzz [--seconds N] [TARGET…]`: N seconds a target, 20 by default.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let mut seconds = 20;
    let mut targets = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--seconds" => {
                seconds = rest.next().context("--seconds needs a number")?.parse().context("--seconds needs a number")?;
            }
            target if TARGETS.contains(&target) => targets.push(target.to_owned()),
            other => bail!("unknown fuzz target `{other}`; there are {}", TARGETS.join(", ")),
        }
    }
    if targets.is_empty() {
        targets = all();
    }
    for_seconds(&targets, seconds)?;
    Ok(())
}

/// Every target, by name.
pub fn all() -> Vec<String> {
    TARGETS.map(str::to_owned).to_vec()
}

/// Fuzzes each target for so long, one a core; answers how many inputs each was given.
pub fn for_seconds(targets: &[String], seconds: u64) -> anyhow::Result<Vec<(String, u64)>> {
    let folder = root().join("fuzz");
    let binaries = build(&folder)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut figures = Vec::new();
    for targets in targets.chunks(cores) {
        let runs: Vec<anyhow::Result<u64>> = std::thread::scope(|scope| {
            let started: Vec<_> =
                targets.iter().map(|target| scope.spawn(|| fuzz(&folder, &binaries, target, seconds))).collect();
            started.into_iter().map(|run| run.join().unwrap_or_else(|_| bail!("the thread that fuzzes panicked"))).collect()
        });
        for (target, inputs) in targets.iter().zip(runs) {
            figures.push((target.clone(), inputs?));
        }
    }
    Ok(figures)
}

fn build(folder: &Path) -> anyhow::Result<PathBuf> {
    let out = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("fuzz");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Coverage must not reach build scripts, so the target is named although it is the host's.
    let host = host_triple()?;
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--target", &host, "--target-dir"])
        .arg(&out)
        .current_dir(folder)
        .env("RUSTFLAGS", COVERAGE)
        .status()
        .context("start cargo")?;
    if !status.success() {
        bail!("the fuzz targets do not build");
    }
    Ok(out.join(host).join("release"))
}

fn host_triple() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("ask rustc for its host")?;
    let text = String::from_utf8(output.stdout).context("read what rustc says")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).context("find the host in what rustc says")?;
    Ok(host.to_owned())
}

fn fuzz(folder: &Path, binaries: &Path, target: &str, seconds: u64) -> anyhow::Result<u64> {
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let seeds = seeds(&corpus, target)?;
    anstream::println!("fuzz {target}: {seconds} s from {seeds} seeds");
    let output = Command::new(binaries.join(target))
        .arg(&corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MAX_INPUT_BYTES}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-seed=7", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-use_value_profile=1"])
        .output()
        .with_context(|| format!("start the fuzz target {target}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let tail: Vec<&str> = log.lines().rev().take(40).collect();
        bail!("fuzz target {target} failed:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    let executed = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let runs = executed.context("libFuzzer says how many inputs it made")?.trim().parse()?;
    anstream::println!("fuzz {target}: {runs} inputs, none failed");
    Ok(runs)
}

/// Puts the readable part of each recording into the corpus; answers how many.
fn seeds(corpus: &Path, target: &str) -> anyhow::Result<usize> {
    if target == "pprof" {
        return profile_seeds(corpus);
    }
    if target == "escape" {
        return escape_seeds(corpus);
    }
    if target == "golang" {
        return source_seeds(corpus);
    }
    if target == "modules" {
        return module_seeds(corpus);
    }
    if target == "runlog" {
        return runlog_seeds(corpus);
    }
    if target == "trace" {
        return trace_seeds(corpus);
    }
    if target == "exposition" {
        return page_seeds(corpus);
    }
    let folder = root().join("crates/herd-formats/tests/recorded");
    let proto = target == "profile";
    let mut count = 0;
    for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.ends_with(".zst") || name.contains(".pb") != proto {
            continue;
        }
        let mut bytes = zstd::decode_all(fs::File::open(&path)?).with_context(|| format!("decompress {name}"))?;
        if target == "saved" {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).into_owned();
            bytes = serde_json::to_vec(&envelope_of(&text))?;
        }
        bytes.truncate(MAX_INPUT_BYTES);
        fs::write(corpus.join(format!("seed-{name}")), bytes)?;
        count += 1;
    }
    Ok(count)
}

/// Profiles of every kind in both forms, those in protobuf inflated: a changed byte of a gzip stream is noticed before it is read.
fn profile_seeds(corpus: &Path) -> anyhow::Result<usize> {
    let folder = root().join("fixtures/profiles/go1.27");
    let mut count = 0;
    for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut bytes = Vec::new();
        if name.ends_with(".gz") {
            flate2::read::GzDecoder::new(fs::File::open(&path)?).read_to_end(&mut bytes)?;
        } else if !name.starts_with("expected") {
            bytes = zstd::decode_all(fs::File::open(&path)?).with_context(|| format!("decompress {name}"))?;
        }
        bytes.truncate(MAX_INPUT_BYTES);
        fs::write(corpus.join(format!("seed-{name}")), bytes)?;
        count += 1;
    }
    Ok(count)
}

/// Pages of metrics, a piece of each a seed.
fn page_seeds(corpus: &Path) -> anyhow::Result<usize> {
    let mut count = 0;
    for name in ["page.txt.zst", "page.openmetrics.txt.zst"] {
        let path = root().join("fixtures/pages").join(name);
        let page = zstd::decode_all(fs::File::open(&path)?).with_context(|| format!("decompress {name}"))?;
        for piece in page.chunks(MAX_INPUT_BYTES / 4) {
            fs::write(corpus.join(format!("seed-{count}")), piece)?;
            count += 1;
        }
    }
    Ok(count)
}

/// The kernels of the patterns and their cured twins.
fn source_seeds(corpus: &Path) -> anyhow::Result<usize> {
    let folder = root().join("crates/herd-patterns/src/patterns");
    let mut count = 0;
    for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let pattern = entry?.path();
        for kernel in ["kernel/kernel.go", "kernel/fixed/fixed.go"].map(|kernel| pattern.join(kernel)) {
            if kernel.is_file() {
                let mut bytes = fs::read(&kernel).with_context(|| format!("read {}", kernel.display()))?;
                bytes.truncate(MAX_INPUT_BYTES);
                fs::write(corpus.join(format!("seed-{count}")), bytes)?;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// The module files of the repository, and Go files with build constraints.
fn module_seeds(corpus: &Path) -> anyhow::Result<usize> {
    let constrained = |path: &Path| path.extension().is_some_and(|extension| extension == "go");
    let files = crate::tidy::tracked()?;
    let mut count = 0;
    for path in files.iter().filter(|path| path.ends_with("go.mod") || constrained(path)) {
        let mut bytes = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        if constrained(path) && !bytes.starts_with(b"//go:build") {
            continue;
        }
        bytes.truncate(MAX_INPUT_BYTES);
        fs::write(corpus.join(format!("seed-{count}")), bytes)?;
        count += 1;
    }
    Ok(count)
}

/// Logs in the forms of four releases.
fn runlog_seeds(corpus: &Path) -> anyhow::Result<usize> {
    let folder = root().join("fixtures/runlog/forms");
    let mut count = 0;
    for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let mut bytes = zstd::decode_all(fs::File::open(&path)?).with_context(|| format!("decompress {}", path.display()))?;
        bytes.truncate(MAX_INPUT_BYTES);
        fs::write(corpus.join(format!("seed-{count}")), bytes)?;
        count += 1;
    }
    Ok(count)
}

/// What the compiler says in all three forms.
fn escape_seeds(corpus: &Path) -> anyhow::Result<usize> {
    let folder = root().join("fixtures/costs/go1.27");
    let texts = ["escape.m.txt.zst", "escape.m2.txt.zst", "escape.json/main/main.json.zst"];
    for (number, text) in texts.iter().enumerate() {
        let mut bytes = zstd::decode_all(fs::File::open(folder.join(text))?).with_context(|| format!("decompress {text}"))?;
        bytes.truncate(MAX_INPUT_BYTES);
        fs::write(corpus.join(format!("seed-{number}")), bytes)?;
    }
    Ok(texts.len())
}

/// The beginning of the smallest trace of each version, and its end behind a header: tables stand at the end of a generation.
fn trace_seeds(corpus: &Path) -> anyhow::Result<usize> {
    const HEADER_BYTES: usize = 16;
    let folder = root().join("fixtures/traces");
    let mut count = 0;
    for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes =
            zstd::decode_all(fs::File::open(path.join("tiny.trace.zst"))?).with_context(|| format!("decompress {name}"))?;
        let half = MAX_INPUT_BYTES.min(bytes.len()) - HEADER_BYTES;
        let end = [&bytes[..HEADER_BYTES], &bytes[bytes.len() - half..]].concat();
        fs::write(corpus.join(format!("seed-{name}-begin")), &bytes[..half])?;
        fs::write(corpus.join(format!("seed-{name}-end")), end)?;
        count += 2;
    }
    Ok(count)
}

/// An envelope whose one cluster quotes a recording.
fn envelope_of(sample: &str) -> serde_json::Value {
    let place = serde_json::json!({"func": "main.f", "file": "main.go", "line": 3});
    serde_json::json!({
        "schema": herd_model::SCHEMA, "command": "snap",
        "snapshot": {
            "goroutines": 3, "truncated": false, "origin": "stacks", "taken_at": "2026-11-21T11:02:03Z", "states": {"select": 2},
            "families": [], "blocking_points": [], "module_entropy": 0.0, "mean_depth": 1.0, "distinct_stacks": 1,
            "clusters": [{
                "id": "0", "count": 2, "state": "select", "wait_s": null, "wait_minutes": {"0": 1, "7": 1}, "depth": 1,
                "frames": [place], "created_by": place, "objects": [["0xc000", 2]], "goroutine_ids": [4], "line": 1, "offset": 0,
                "labels": [{"key": "k", "value": "v", "count": 1}], "sample": sample,
            }],
        },
    })
}
