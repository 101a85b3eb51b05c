//! Records every pattern's kernel and its cured twin on every Go minor, and refuses recordings that do not show what the marks say.

mod check;
mod kernel;
mod process;
mod provenance;
mod session;
mod text;
mod toolchain;

pub use toolchain::go_command;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use self::kernel::Kernel;
use self::session::Recording;
use self::toolchain::{RELEASES, Release};

/// Most bytes of one packed recording.
const RECORDING_BYTES_MAX: usize = 200 * 1024;

/// `fixtures [--only SLUG]… [--go 1.NN]…`.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let wanted = parse(args)?;
    let patterns = crate::docs::root().join("crates/herd-patterns/src/patterns");
    let kernels = kernel::read_all(&patterns, &wanted.only)?;
    let mut wrong = Vec::new();
    for release in wanted.releases {
        let recordings = session::record(release, &kernels)?;
        let complaints = check::check(release, &kernels, &recordings);
        let failed: Vec<&str> = complaints.iter().map(|complaint| complaint.slug.as_str()).collect();
        let mut bytes = 0;
        for recording in &recordings {
            let kernel = &kernels[recording.kernel];
            if !failed.contains(&kernel.slug.as_str()) {
                bytes += write(&patterns, kernel, release, recording)?;
            }
        }
        provenance::note(&patterns.join("PROVENANCE.md"), release, &wanted.only)?;
        anstream::eprintln!("go{}: {} recordings, {bytes} bytes packed", release.version, recordings.len());
        wrong.extend(complaints);
    }
    if wrong.is_empty() {
        return Ok(());
    }
    for complaint in &wrong {
        anstream::eprintln!("{complaint}");
    }
    bail!("{} recordings do not show what the marks say; theirs were not written", wrong.len())
}

struct Wanted {
    only: Vec<String>,
    releases: Vec<&'static Release>,
}

fn parse(args: &[String]) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted { only: Vec::new(), releases: Vec::new() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--only" => wanted.only.push(value()?.clone()),
            "--go" => wanted.releases.push(toolchain::release(value()?)?),
            other => bail!("unknown argument {other}"),
        }
    }
    if wanted.releases.is_empty() {
        wanted.releases = RELEASES.iter().collect();
    }
    Ok(wanted)
}

fn write(patterns: &Path, kernel: &Kernel, release: &Release, recording: &Recording) -> anyhow::Result<usize> {
    let path = recording_path(patterns, kernel, release, recording);
    let packed = zstd::bulk::compress(&recording.bytes, 19).context("compress")?;
    if packed.len() > RECORDING_BYTES_MAX {
        bail!("{} would be {} bytes, more than {RECORDING_BYTES_MAX}", path.display(), packed.len());
    }
    std::fs::create_dir_all(path.parent().expect("a recording lies in a folder"))?;
    std::fs::write(&path, &packed).with_context(|| format!("write {}", path.display()))?;
    Ok(packed.len())
}

fn recording_path(patterns: &Path, kernel: &Kernel, release: &Release, recording: &Recording) -> PathBuf {
    let variant = recording.variant.as_str();
    let ending = if recording.form.is_text() { "txt" } else { "pb" };
    let name = format!("{variant}.go{}.{}.{ending}.zst", release.minor, recording.form.as_str());
    patterns.join(&kernel.slug).join("fixtures").join(name)
}
