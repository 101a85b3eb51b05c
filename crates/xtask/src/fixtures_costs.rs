//! Records `testbed/costs` on every Go minor: what the compiler says of its escapes (`-gcflags=-m`, `-m=2`, `-json=0,DIR`), and its heap,
//! mutex and block profiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use time::OffsetDateTime;

use crate::docs::root;
use crate::fixtures::{chosen_minors, go_command, with_string_replaced};

/// Most bytes all recordings may have together.
const BYTES_MAX: u64 = 2 << 20;
/// Where the sources stand in the recordings.
const SOURCES: &str = "/src/costs";
/// Where the standard library stands in the recordings.
const GO_ROOT: &str = "/usr/local/go";
/// Where the program stands in the recordings.
const PROGRAM: &str = "/srv/costs";
/// Bytes between two samples of the heap, and the profiles kept: each object, and as Go samples of itself.
const RUNS: &[(&str, &[(&str, &str)])] = &[
    ("1", &[("heap-1", "heap-1"), ("heap-2", "heap-2"), ("mutex", "mutex"), ("block", "block")]),
    ("524288", &[("heap-1", "sampled-1"), ("heap-2", "sampled-2"), ("heap-3", "sampled-3")]),
];

/// `fixtures-costs [--go 1.NN]…`; without a version all of them.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let folder = root().join("fixtures/costs");
    for minor in chosen_minors(args)? {
        let to = folder.join(format!("go{minor}"));
        if to.is_dir() {
            fs::remove_dir_all(&to).context("remove the old recordings")?;
        }
        record(&minor, &to)?;
        anstream::eprintln!("go{minor}: {} bytes", bytes_in(&to)?);
    }
    let all = bytes_in(&folder)?;
    if all > BYTES_MAX {
        bail!("the recordings have {all} bytes, more than {BYTES_MAX}");
    }
    write_readme(&folder)
}

fn bytes_in(path: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() { bytes_in(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}

fn record(minor: &str, to: &Path) -> anyhow::Result<()> {
    let scratch = tempfile::Builder::new().prefix("goherd-costs").tempdir().context("make a folder to record in")?;
    let module = scratch.path().join("module");
    for file in ["go.mod", "main.go", "store/store.go"] {
        let copy = module.join(file);
        fs::create_dir_all(copy.parent().context("a file has a folder")?)?;
        fs::copy(root().join("testbed/costs").join(file), &copy).with_context(|| format!("copy {file}"))?;
    }
    fs::create_dir_all(to)?;
    let go = go_command(minor)?;
    let go_root = go.parent().and_then(Path::parent).context("go stands in GOROOT/bin")?;
    let replaced = [(text(&module)?, SOURCES), (text(go_root)?, GO_ROOT)];
    for (name, flags) in [("m", "-m"), ("m2", "-m=2")] {
        let told = compile(&go, &module, flags, scratch.path())?;
        pack(&to.join(format!("escape.{name}.txt.zst")), &told, &replaced)?;
    }
    // The compiler writes these files only when it runs: a build from the cache leaves the folder empty.
    let json = scratch.path().join("json");
    compile(&go, &module, &format!("-json=0,{}", text(&json)?), scratch.path())?;
    let mut files = 0;
    for package in fs::read_dir(&json).context("read what the compiler wrote")? {
        let package = package?;
        for file in fs::read_dir(package.path())? {
            let file = file?;
            let folder = to.join("escape.json").join(package.file_name());
            fs::create_dir_all(&folder)?;
            let name = format!("{}.zst", file.file_name().to_string_lossy());
            pack(&folder.join(name), &fs::read(file.path())?, &replaced)?;
            files += 1;
        }
    }
    if files < 2 {
        bail!("the compiler wrote {files} JSON files");
    }
    profiles(&go, &module, scratch.path(), to)
}

/// What the compiler says; the cache is one of its own, so that it runs.
fn compile(go: &Path, module: &Path, flags: &str, scratch: &Path) -> anyhow::Result<Vec<u8>> {
    let mut build = Command::new(go);
    build.current_dir(module).args(["build", "-o"]).arg(scratch.join("unused/")).arg(format!("-gcflags={flags}")).arg("./...");
    let output = environment(&mut build).output().context("start go build")?;
    if !output.status.success() {
        bail!("{build:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stderr)
}

fn environment(command: &mut Command) -> &mut Command {
    command.env_remove("GOROOT").env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOWORK", "off").env("CGO_ENABLED", "0")
}

fn profiles(go: &Path, module: &Path, scratch: &Path, to: &Path) -> anyhow::Result<()> {
    let program = scratch.join("costs");
    let mut build = Command::new(go);
    build.current_dir(module).args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    succeed(environment(&mut build))?;
    for (rate, kept) in RUNS {
        let out = scratch.join(format!("out-{rate}"));
        fs::create_dir_all(&out)?;
        succeed(Command::new(&program).arg("-out").arg(&out).args(["-rate", rate]).env("GOMAXPROCS", "2"))?;
        for (from, name) in *kept {
            let proto = fs::read(out.join(format!("{from}.pb.gz"))).with_context(|| format!("read {from}"))?;
            fs::write(to.join(format!("{name}.pb.gz")), with_string_replaced(&proto, text(&program)?, PROGRAM)?)?;
        }
    }
    Ok(())
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the folder for recordings is no text")
}

fn pack(path: &PathBuf, bytes: &[u8], replaced: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut told = String::from_utf8(bytes.to_vec()).context("the compiler writes text")?;
    for (from, to) in replaced {
        told = told.replace(from, to);
    }
    fs::write(path, zstd::bulk::compress(told.as_bytes(), 19)?).with_context(|| format!("write {}", path.display()))
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if status.success() { Ok(()) } else { bail!("{command:?} ended with {status}") }
}

fn write_readme(folder: &Path) -> anyhow::Result<()> {
    let page = format!(
        "\
# Costs

Written by `cargo xtask fixtures-costs` on {}; not edited by hand. Each folder holds what one Go version (linux/amd64, no cgo) says of
`testbed/costs`, whose lines say what they cost:

| file | holds |
|---|---|
| `escape.m.txt.zst`, `escape.m2.txt.zst` | what `go build -gcflags=-m ./...` and `-gcflags=-m=2` print |
| `escape.json/` | what `-gcflags=-json=0,DIR` writes |
| `heap-1.pb.gz`, `heap-2.pb.gz` | the heap before and after its cache grew, every object profiled (`MemProfileRate` 1) |
| `sampled-1.pb.gz`, `sampled-2.pb.gz`, `sampled-3.pb.gz` | the same of another run, an object each 512 KiB, with a third after it grew further |
| `mutex.pb.gz`, `block.pb.gz` | all contentions of four goroutines at two locks and a channel |

Nothing was changed but paths: sources stand in `{SOURCES}`, Go in `{GO_ROOT}`, the program is `{PROGRAM}`.
",
        OffsetDateTime::now_utc().date(),
    );
    fs::write(folder.join("README.md"), page).context("write the page beside the recordings")
}
