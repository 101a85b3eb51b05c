//! Recordings of kernels and services.

use std::fmt;
use std::path::{Path, PathBuf};

use herd_analysis::{Point, Series};
use herd_diagnose::{Judgement, Proofs, judge};
use herd_model::{Origin, Snapshot, Target, TargetKind};
use herd_patterns::Pattern;

use crate::marks::folder;

/// One recorded file.
pub struct Recording {
    pub path: PathBuf,
    pub cured: bool,
    pub snapshots: Vec<Snapshot>,
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.path.components().rev().filter_map(|part| part.as_os_str().to_str());
        let file = parts.next().unwrap_or_default();
        let folder = parts.find(|part| *part != "fixtures").unwrap_or_default();
        write!(f, "{folder}/{file}")
    }
}

impl Recording {
    pub fn read(path: &Path) -> Self {
        let bytes = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap().to_owned();
        let snapshots = if name.ends_with(".pb.zst") {
            vec![herd_formats::profile::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")).0]
        } else {
            herd_formats::dump::parse(&bytes).snapshots
        };
        assert!(!snapshots.is_empty(), "{} holds no snapshot", path.display());
        Recording { path: path.to_owned(), cured: name.starts_with("fixed."), snapshots }
    }

    pub fn is_series(&self) -> bool {
        self.snapshots.len() > 1
    }

    pub fn tells_creators(&self) -> bool {
        matches!(self.snapshots[0].origin, Origin::Stacks | Origin::Crash)
    }

    /// Text of `debug=1`, of all goroutines or of the leaked ones.
    pub fn is_text_profile(&self) -> bool {
        let text = !self.path.to_string_lossy().ends_with(".pb.zst");
        text && matches!(self.snapshots[0].origin, Origin::ProfileText | Origin::LeakProfile)
    }

    /// The runtime's list of leaked goroutines alone.
    pub fn is_leak_profile(&self) -> bool {
        self.snapshots[0].origin == Origin::LeakProfile
    }

    pub fn judge(&self) -> Judgement {
        judge_first(&self.snapshots, self.snapshots.len())
    }
}

/// Judges the first `len` snapshots of a series.
pub fn judge_first(snapshots: &[Snapshot], len: usize) -> Judgement {
    let snapshots = &snapshots[..len];
    let start = snapshots[0].taken_at_ns;
    let points = snapshots
        .iter()
        .map(|snapshot| {
            let at_s = snapshot.taken_at_ns.zip(start).map(|(ns, start)| (ns - start) as f64 / 1e9);
            Point::new(at_s, snapshot.clone())
        })
        .collect();
    let leaks: Vec<Snapshot> = snapshots.iter().filter(|snapshot| snapshot.origin == Origin::LeakProfile).cloned().collect();
    let target = Target {
        kind: TargetKind::File,
        name: "recorded".into(),
        go_version: None,
        witnesses: vec![],
        bytes: 0,
        looked_s: None,
        cost: None,
    };
    judge(&Series::new(points).unwrap(), &Proofs { leaks: &leaks, cross: None, trace: None }, &target, &mut Vec::new())
}

/// All recordings of a pattern's kernel and cured twin, by name.
pub fn recordings(pattern: &Pattern) -> Vec<Recording> {
    files(&folder(pattern).join("fixtures")).iter().map(|path| Recording::read(path)).collect()
}

/// The zstd files of a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "zst"))
        .collect();
    paths.sort();
    paths
}
