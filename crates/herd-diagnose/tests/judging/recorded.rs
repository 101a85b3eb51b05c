//! Recordings of kernels and services, and the truth marked in their source.

use std::fmt;
use std::path::{Path, PathBuf};

use herd_analysis::{Point, Series};
use herd_diagnose::{Judgement, Proofs, judge};
use herd_model::{Origin, Place, Snapshot, Target, TargetKind};
use herd_patterns::Pattern;

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
    judge(&Series::new(points).unwrap(), &Proofs { leaks: &leaks, cross: None }, &target, &mut Vec::new())
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

pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn folder(pattern: &Pattern) -> PathBuf {
    top().join("crates/herd-patterns/src/patterns").join(pattern.slug)
}

/// Lines of a Go source marked `// want ID` and `// from ID`; `want ID in FUNC` marks a frame outside the source.
#[derive(Default)]
pub struct Marks {
    want: Vec<u32>,
    want_funcs: Vec<String>,
    from: Vec<u32>,
    from_funcs: Vec<String>,
}

impl Marks {
    pub fn of(pattern: &Pattern) -> Self {
        Marks::read(&folder(pattern).join("kernel/kernel.go"), pattern.id)
    }

    pub fn read(source: &Path, id: &str) -> Self {
        let mut marks = Marks::default();
        for (line, text) in (1u32..).zip(std::fs::read_to_string(source).unwrap().lines()) {
            if let Some((_, rest)) = text.split_once(&format!("// want {id}")) {
                match rest.trim().strip_prefix("in ") {
                    Some(func) => marks.want_funcs.push(func.to_owned()),
                    None => marks.want.push(line),
                }
            }
            if let Some((_, rest)) = text.split_once(&format!("// from {id}")) {
                match rest.trim().strip_prefix("in ") {
                    Some(func) => marks.from_funcs.push(func.to_owned()),
                    None => marks.from.push(line),
                }
            }
        }
        assert!(!marks.want.is_empty() || !marks.want_funcs.is_empty(), "{} marks no line", source.display());
        marks
    }

    pub fn is_wanted(&self, at: &Place) -> bool {
        self.want.contains(&at.line) || self.want_funcs.contains(&at.func)
    }

    pub fn is_start(&self, started_by: Option<&Place>) -> bool {
        let unmarked = self.from.is_empty() && self.from_funcs.is_empty();
        unmarked || started_by.is_some_and(|place| self.from.contains(&place.line) || self.from_funcs.contains(&place.func))
    }
}
