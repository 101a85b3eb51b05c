//! Records the testbed's services: healthy and leaking ones as series, and the demo's incident.

mod incident;
mod marks;
mod readme;
#[cfg(test)]
mod recorded;
mod series;
mod target;

use std::path::Path;

use anyhow::{Context, bail};
use time::OffsetDateTime;
use time::macros::format_description;

/// `fixtures-services [--incident] [--healthy] [--leaking] [--only NAME]… [--go 1.NN] [--snapshots N]`.
/// Without a kind it records all three, and without a version with the `go` that is installed.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let wanted = parse(args)?;
    if wanted.incident {
        incident::record(&wanted.go)?;
    }
    if wanted.healthy || wanted.leaking {
        series::record(&wanted)?;
    }
    Ok(())
}

/// What one run records.
struct Wanted {
    incident: bool,
    healthy: bool,
    leaking: bool,
    only: Vec<String>,
    go: String,
    snapshots: u32,
}

fn parse(args: &[String]) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted { incident: false, healthy: false, leaking: false, only: vec![], go: "go".to_owned(), snapshots: 13 };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--incident" => wanted.incident = true,
            "--healthy" => wanted.healthy = true,
            "--leaking" => wanted.leaking = true,
            "--only" => wanted.only.push(value()?.clone()),
            "--go" => wanted.go = go_of(value()?)?,
            "--snapshots" => wanted.snapshots = value()?.parse().context("--snapshots")?,
            other => bail!("unknown argument {other}"),
        }
    }
    if !(wanted.incident || wanted.healthy || wanted.leaking) {
        (wanted.incident, wanted.healthy, wanted.leaking) = (true, true, true);
    }
    Ok(wanted)
}

/// The `go` command of a minor.
fn go_of(minor: &str) -> anyhow::Result<String> {
    let command = crate::fixtures::go_command(minor)?;
    command.into_os_string().into_string().ok().context("the folder of the toolchains is not readable text")
}

/// The time of a snapshot, as it stands before it in a series.
fn stamp() -> anyhow::Result<String> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    Ok(OffsetDateTime::now_utc().format(&format)?)
}

/// Compresses as recordings are kept; refuses what is too big or names a folder of this machine.
fn write_recording(path: &Path, bytes: &[u8], most: usize) -> anyhow::Result<usize> {
    if let Some(line) = machine_path(bytes) {
        bail!("{} would hold a path of this machine: {line}", path.display());
    }
    let packed = zstd::bulk::compress(bytes, 19).context("compress")?;
    if packed.len() > most {
        bail!("{} would be {} bytes, more than {most}", path.display(), packed.len());
    }
    std::fs::create_dir_all(path.parent().expect("a recording lies in a folder"))?;
    std::fs::write(path, &packed).with_context(|| format!("write {}", path.display()))?;
    Ok(packed.len())
}

/// A build with -trimpath has no absolute file in any stack. A packed profile comes from the same process as a text.
fn machine_path(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()?.lines().find(|line| line.contains("\t/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_may_not_name_a_folder_of_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/a.zst");
        let clean = b"goroutine 1 [select]:\nmain.main()\n\tmain/main.go:3 +0x1\n";
        assert!(write_recording(&path, clean, 20).is_err(), "bigger than allowed");
        write_recording(&path, clean, 1000).unwrap();
        assert_eq!(zstd::decode_all(&std::fs::read(&path).unwrap()[..]).unwrap(), clean);
        assert!(write_recording(&path, b"main.main()\n\t/home/me/main.go:3 +0x1\n", 1000).is_err());
    }
}
