//! Records every pattern's kernel and its cured twin on every Go minor, and refuses recordings that do not show what the marks say.

mod check;
mod kernel;
mod process;
mod protobuf;
mod provenance;
mod session;
mod text;
mod toolchain;

pub use protobuf::with_string_replaced;
pub use toolchain::{chosen_minors, go_command, minors};

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use self::check::Complaint;
use self::kernel::{Kernel, Variant};
use self::session::{Form, Recording};
use self::toolchain::{RELEASES, Release};

/// Most bytes of one packed recording.
const RECORDING_BYTES_MAX: usize = 200 * 1024;

/// `fixtures [--check] [--only SLUG]… [--go 1.NN]…`; `--check` holds the recordings that are there against the marks.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let wanted = parse(args)?;
    let patterns = crate::docs::root().join("crates/herd-patterns/src/patterns");
    let kernels = kernel::read_all(&patterns, &wanted.only)?;
    if wanted.check {
        return check_recorded(&patterns, &kernels, &wanted.releases);
    }
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
    report(&wrong, "their patterns were not written")
}

fn check_recorded(patterns: &Path, kernels: &[Kernel], releases: &[&'static Release]) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for release in releases {
        let mut recordings = Vec::new();
        for (index, kernel) in kernels.iter().enumerate() {
            for variant in Variant::ALL {
                for form in session::forms(release, variant) {
                    let bytes = read(&recording_path(patterns, kernel, release, variant, form))?;
                    recordings.push(Recording { kernel: index, variant, form, bytes });
                }
            }
        }
        wrong.extend(check::check(release, kernels, &recordings));
    }
    report(&wrong, "record them again")
}

fn report(wrong: &[Complaint], consequence: &str) -> anyhow::Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = wrong.iter().map(Complaint::to_string).collect();
    bail!("{} recordings do not show what the marks say; {consequence}:\n  {}", wrong.len(), list.join("\n  "))
}

struct Wanted {
    check: bool,
    only: Vec<String>,
    releases: Vec<&'static Release>,
}

fn parse(args: &[String]) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted { check: false, only: Vec::new(), releases: Vec::new() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--check" => wanted.check = true,
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
    let path = recording_path(patterns, kernel, release, recording.variant, recording.form);
    let packed = zstd::bulk::compress(&recording.bytes, 19).context("compress")?;
    if packed.len() > RECORDING_BYTES_MAX {
        bail!("{} would be {} bytes, more than {RECORDING_BYTES_MAX}", path.display(), packed.len());
    }
    std::fs::create_dir_all(path.parent().expect("a recording lies in a folder"))?;
    std::fs::write(&path, &packed).with_context(|| format!("write {}", path.display()))?;
    Ok(packed.len())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let packed = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    zstd::stream::decode_all(packed.as_slice()).with_context(|| format!("unpack {}", path.display()))
}

fn recording_path(patterns: &Path, kernel: &Kernel, release: &Release, variant: Variant, form: Form) -> PathBuf {
    let ending = if form.is_text() { "txt" } else { "pb" };
    let name = format!("{}.go{}.{}.{ending}.zst", variant.as_str(), release.minor, form.as_str());
    patterns.join(&kernel.slug).join("fixtures").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recordings_show_what_the_marks_say() {
        run(&["--check".to_owned()]).expect("every recording is there and agrees with the marks");
    }

    #[test]
    fn a_cured_recording_does_not_pass_for_a_bad_one() {
        let patterns = crate::docs::root().join("crates/herd-patterns/src/patterns");
        let kernels = kernel::read_all(&patterns, &[]).expect("kernels");
        let release = toolchain::release("1.26").expect("a recorded release");
        for (index, kernel) in kernels.iter().enumerate() {
            for (recorded, taken_for) in [(Variant::Fixed, Variant::Bad), (Variant::Bad, Variant::Fixed)] {
                let bytes = read(&recording_path(&patterns, kernel, release, recorded, Form::Series)).expect("a recording");
                // Swapped sources stand for a kernel that stopped showing its fault, and a twin that started to.
                let text = String::from_utf8(bytes).expect("text");
                let (from, to) = (kernel.recorded_source(recorded), kernel.recorded_source(taken_for));
                let swapped =
                    Recording { kernel: index, variant: taken_for, form: Form::Series, bytes: text.replace(&from, &to).into() };
                assert!(!check::check(release, &kernels, &[swapped]).is_empty(), "{}: {recorded:?} passes", kernel.slug);
            }
        }
    }
}
