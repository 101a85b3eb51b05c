//! What a dump says, held against the source: the code at which goroutines stand, the reason why they cannot go on, who holds the lock
//! that others wait for. Two kinds of witness that agree confirm each other.

use std::path::Path;

use herd_golang::acts::LockKey;
use herd_golang::load::{Context, Tests};
use herd_model::{
    Candidate, Certainty, Cluster, Envelope, Evidence, EvidenceKind, Finding, Note, NoteKind, PatternId, Place, Repair, Snapshot,
    Spawn, SpawnReasonKind, StateClass,
};
use herd_patterns::source::Package;
use herd_patterns::source_points::{self, Lines};
use rustc_hash::FxHashMap;

use crate::lint::{Linted, Options, code, function_of, lint_and_stand, place};
use crate::lint_rules::Rules;

/// Holders that are shown of a lock.
const HOLDERS_SHOWN: usize = 3;
/// Minutes that a holder has to have waited for its lock to be lost. The runtime says nothing of less than one.
const HELD_MINUTES_MIN: u32 = 1;

/// A line at which goroutines stand, as the source has it.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// The path of its package, `main` for all commands.
    package: Box<str>,
    place: Place,
    code: String,
    acts: bool,
    asks: Vec<LockKey>,
    holds: Vec<(LockKey, String, Place, String)>,
}

/// The lines of a package that are asked about.
pub(crate) fn standing(package: &Package<'_>, folder: &Path, lines: Option<&FxHashMap<Box<str>, Lines>>) -> Vec<Standing> {
    let own = package.unit.types.program().package(package.unit.package);
    let Some((lines, own)) = lines.zip(own) else { return Vec::new() };
    let path: &str = if &*own.name == "main" { "main" } else { &own.path };
    let Some(lines) = lines.get(path) else { return Vec::new() };
    let points = source_points::points(package, lines).into_iter().map(|point| {
        let tree = package.unit.files.get(point.file as usize).map(|file| file.checked.file);
        let func = point.body.map(|body| function_of(package, body)).unwrap_or_default();
        let at = |pos| place(package, folder, point.file, pos, func.clone());
        let written = |pos| tree.map(|tree| code(tree, pos)).unwrap_or_default();
        let holds = point.holds.iter().map(|held| (held.key, held.name.clone(), at(held.at), written(held.at)));
        Standing {
            package: path.into(),
            place: Place { line: point.line, ..at(point.pos) },
            code: written(point.pos),
            acts: point.acts,
            asks: point.asks.clone(),
            holds: holds.collect(),
        }
    });
    points.collect()
}

/// What the source of a program has to say of a snapshot.
struct Testimony {
    points: Vec<Standing>,
    findings: Vec<Finding>,
    spawns: Vec<Spawn>,
}

/// Reads the program below a folder and lets it testify on what was found in a snapshot: findings are confirmed, candidates become findings
/// where the source shows the same fault at the same line.
pub fn beside(envelope: &mut Envelope, snapshot: &Snapshot, folder: &Path, context: &Context) {
    let wanted = wanted(snapshot, envelope);
    let context = Context { tests: Tests::None, ..context.clone() };
    let (rules, version) = (Rules::every(), env!("CARGO_PKG_VERSION"));
    let options = Options { context: &context, rules: &rules, unused: false, spawns: true, deadlines: false, version };
    let Linted { envelope: read, points, .. } = lint_and_stand(folder, &["./..."], &options, Some(&wanted));
    let report = read.lint.unwrap_or_default();
    envelope.notes.extend(read.notes.into_iter().filter(|note| note.kind == NoteKind::Malformed));
    if points.is_empty() {
        let text = format!(
            "the source below {} has none of the lines at which goroutines stand: {} packages were read; give the folder of the program \
             that ran, at the version that ran",
            folder.display(),
            report.packages
        );
        envelope.notes.push(Note { kind: NoteKind::Skipped, offset: None, text });
        return;
    }
    let testimony = Testimony { points, findings: read.findings, spawns: report.spawns.unwrap_or_default() };
    let mut differs: Vec<String> = Vec::new();
    for finding in &mut envelope.findings {
        let (evidence, same) = testimony.on(&finding.id, &finding.at, finding.started_by.as_ref(), &mut differs);
        finding.repair = finding.repair.take().or_else(|| same?.repair.clone());
        let (holders, _) = holders(&testimony, snapshot, &finding.id, &finding.at);
        if finding.certainty == Certainty::Suspected && (same.is_some() || !holders.is_empty()) {
            finding.certainty = Certainty::Confirmed;
        }
        finding.evidence.extend(evidence);
        finding.evidence.extend(holders);
    }
    let mut confirmed: Vec<Finding> = Vec::new();
    for candidate in &mut envelope.candidates {
        let (evidence, same) = testimony.on(&candidate.id, &candidate.at, candidate.started_by.as_ref(), &mut differs);
        let (holders, stays) = holders(&testimony, snapshot, &candidate.id, &candidate.at);
        // Under load somebody holds what others wait for at any time: one that has stood there for long is another matter.
        let is_confirmed = same.is_some() || stays;
        candidate.evidence.extend(evidence);
        candidate.evidence.extend(holders);
        if is_confirmed && confirmed.iter().all(|finding| !is_of_one(finding, candidate)) {
            confirmed.extend(found(candidate, same.and_then(|same| same.repair.clone())));
        }
    }
    // What a family has is named; the other patterns that would fit it fall away.
    envelope.candidates.retain(|candidate| confirmed.iter().all(|finding| !is_of_one(finding, candidate)));
    envelope.findings.extend(confirmed);
    differs.sort_unstable();
    differs.dedup();
    for line in differs {
        let text =
            format!("nothing is done at {line} that a goroutine could stand in: the source is not of the version that ran");
        envelope.notes.push(Note { kind: NoteKind::Skipped, offset: None, text });
    }
    crate::judge::number(&mut envelope.candidates);
    crate::worst_first(&mut envelope.findings);
    envelope.verdict = crate::verdict(&envelope.findings, &envelope.candidates, envelope.open);
}

/// The lines of all frames, and of what is said of them.
fn wanted(snapshot: &Snapshot, envelope: &Envelope) -> FxHashMap<Box<str>, Lines> {
    let mut wanted: FxHashMap<Box<str>, Lines> = FxHashMap::default();
    let mut add = |func: &str, file: &str, line: u32| {
        if line > 0 && !file.is_empty() {
            let lines = wanted.entry(package_of(func).into()).or_default().entry(base(file).into()).or_default();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    };
    for frame in &snapshot.frames {
        add(snapshot.names.text(frame.func), snapshot.names.text(frame.file), frame.line);
    }
    let places = envelope.findings.iter().map(|one| (&one.at, &one.started_by));
    for (at, by) in places.chain(envelope.candidates.iter().map(|one| (&one.at, &one.started_by))) {
        for place in std::iter::once(at).chain(by) {
            add(&place.func, &place.file, place.line);
        }
    }
    wanted
}

impl Testimony {
    /// The line a goroutine stands at.
    fn point(&self, func: &str, file: &str, line: u32) -> Option<&Standing> {
        let package = package_of(func);
        let fits = self
            .points
            .iter()
            .filter(|point| *point.package == *package && point.place.line == line && base(&point.place.file) == base(file));
        // Of several commands the one whose path has most in common with the binary's.
        fits.max_by_key(|point| common_tail(&point.place.file, file))
    }

    /// What the source says of a fault that another witness names, and what it sees itself, if that is the same.
    fn on<'t>(
        &'t self,
        id: &PatternId,
        at: &Place,
        started_by: Option<&Place>,
        differs: &mut Vec<String>,
    ) -> (Vec<Evidence>, Option<&'t Finding>) {
        let mut told = Vec::new();
        let Some(point) = self.point(&at.func, &at.file, at.line) else { return (told, None) };
        if !point.acts {
            differs.push(format!("{}:{}", point.place.file, point.place.line));
            return (told, None);
        }
        told.push(evidence("the goroutines stand here", point.place.clone(), &point.code));
        let start = started_by.and_then(|by| self.point(&by.func, &by.file, by.line));
        if let Some(start) = start {
            told.push(evidence("this starts them", start.place.clone(), &start.code));
            let spawn = self.spawns.iter().find(|spawn| is_at(&spawn.at, &start.place));
            told.extend(spawn.into_iter().flat_map(reasons));
        }
        let shows = |finding: &&Finding, place: &Place| {
            is_at(&finding.at, place)
                || finding.evidence.iter().filter_map(|fact| fact.place.as_ref()).any(|one| is_at(one, place))
        };
        let same = self
            .findings
            .iter()
            .filter(|finding| finding.id == *id)
            .find(|finding| shows(finding, &point.place) || start.is_some_and(|start| shows(finding, &start.place)));
        if let Some(same) = same {
            told.extend(same.evidence.iter().cloned());
        }
        (told, same)
    }
}

/// Why what is started does not end, as far as its source shows.
fn reasons(spawn: &Spawn) -> Vec<Evidence> {
    let told = spawn.reasons.iter().filter_map(|reason| {
        let text = match reason.kind {
            SpawnReasonKind::NeverEnds => "nothing ends what is started: this has no way out".to_owned(),
            SpawnReasonKind::NobodyCloses => {
                format!("it goes on until {} is closed, which no function of the package does", reason.of)
            }
            SpawnReasonKind::WaitsToSend => format!("nothing cuts this send on {} short", reason.of),
            SpawnReasonKind::WaitsToReceive => format!("nothing cuts this receive from {} short", reason.of),
            SpawnReasonKind::WaitsInSelect => "no clause of this select is a way out".to_owned(),
            SpawnReasonKind::Unknown
            | SpawnReasonKind::WaitsForOthers
            | SpawnReasonKind::NoStop
            | SpawnReasonKind::ContextEndsFirst
            | SpawnReasonKind::InEndlessLoop
            | SpawnReasonKind::InLoop
            | SpawnReasonKind::PerRequest
            | SpawnReasonKind::NoRecover
            | SpawnReasonKind::Joined
            | SpawnReasonKind::WaitedFor
            | SpawnReasonKind::SendsHaveRoom
            | SpawnReasonKind::Owned => return None,
        };
        Some(Evidence::new(EvidenceKind::Source, text).at(reason.at.clone()?))
    });
    told.collect()
}

/// Goroutines that stand where the lock is held which others wait for, by the source. Says nothing where the waiters' lock is unknown.
/// Tells, too, whether all of some cluster has stood there for [`HELD_MINUTES_MIN`].
fn holders(testimony: &Testimony, snapshot: &Snapshot, id: &PatternId, at: &Place) -> (Vec<Evidence>, bool) {
    let (mut told, mut stays) = (Vec::new(), false);
    if !matches!(&*id.0, "DL003" | "DL007" | "DL001") {
        return (told, stays);
    }
    let Some(waiting) = testimony.point(&at.func, &at.file, at.line) else { return (told, stays) };
    for cluster in &snapshot.clusters {
        for key in &waiting.asks {
            let Some((held, point, asks)) = holder(testimony, snapshot, cluster, *key) else { continue };
            let class = cluster.state.class();
            let fits = match &*id.0 {
                // Whoever waits for the lock that it holds itself has locked itself out.
                "DL001" => asks,
                "DL003" => !asks && class.is_channel(),
                _ => !asks,
            };
            if !fits || told.len() >= 2 * HOLDERS_SHOWN {
                continue;
            }
            stays |= minutes(cluster) >= HELD_MINUTES_MIN;
            let (_, name, taken, code) = held;
            let text = format!(
                "{} goroutines stand here in `{}`, between where {name} is taken and where it is given back",
                cluster.count,
                cluster.state.as_str()
            );
            told.push(evidence(&text, point.place.clone(), &point.code));
            told.push(evidence(&format!("{name} is taken here"), taken.clone(), code));
        }
    }
    (told, stays)
}

/// Minutes that every goroutine of a cluster has waited; 0 where the witness does not say.
fn minutes(cluster: &Cluster) -> u32 {
    let least = cluster.waits.by_minute.keys().next().copied().unwrap_or(0);
    if cluster.waits.unaged > 0 { 0 } else { least }
}

type Hold = (LockKey, String, Place, String);

/// Where a goroutine of a cluster holds a lock by one of its frames, and whether it asks for it, too.
fn holder<'t>(
    testimony: &'t Testimony,
    snapshot: &Snapshot,
    cluster: &Cluster,
    key: LockKey,
) -> Option<(&'t Hold, &'t Standing, bool)> {
    let frames = &snapshot.stack(cluster).frames;
    let points: Vec<&Standing> = frames
        .iter()
        .filter_map(|id| testimony.point(snapshot.func(*id), snapshot.file(*id), snapshot.frame(*id).line))
        .collect();
    let held = points.iter().find_map(|point| {
        let held = point.holds.iter().find(|(held, ..)| *held == key)?;
        Some((held, *point))
    })?;
    let asks = cluster.state.class() == StateClass::Lock && points.first().is_some_and(|point| point.asks.contains(&key));
    Some((held.0, held.1, asks))
}

fn evidence(text: &str, place: Place, code: &str) -> Evidence {
    Evidence { code: Some(code.to_owned()), ..Evidence::new(EvidenceKind::Source, text).at(place) }
}

/// Whether a finding and a candidate are of the same goroutines.
fn is_of_one(finding: &Finding, candidate: &Candidate) -> bool {
    finding.target == candidate.target && finding.family.is_some() && finding.family == candidate.family
}

/// A candidate that the source agrees with.
fn found(candidate: &Candidate, repair: Option<Repair>) -> Option<Finding> {
    let pattern = herd_patterns::by_id(&candidate.id.0)?;
    Some(Finding {
        id: candidate.id.clone(),
        target: candidate.target.clone(),
        title: candidate.title.clone(),
        severity: pattern.severity,
        certainty: Certainty::Confirmed,
        count: candidate.count,
        rate_per_s: candidate.rate_per_s,
        at: candidate.at.clone(),
        started_by: candidate.started_by.clone(),
        waits_on: candidate.waits_on.clone(),
        since_s: candidate.since_s,
        evidence: candidate.evidence.clone(),
        why: candidate.why.clone(),
        fix: candidate.fix.clone(),
        next: Vec::new(),
        steps: Vec::new(),
        fingerprint: candidate.fingerprint.clone(),
        also: Vec::new(),
        family: candidate.family.clone(),
        position: None,
        repair,
    })
}

fn is_at(one: &Place, other: &Place) -> bool {
    one.line == other.line && one.file == other.file
}

/// The package of a function as the runtime names it: up to the first dot behind the last slash, escapes undone (cmd/internal/objabi, path.go).
fn package_of(func: &str) -> String {
    let from = func.rfind('/').map_or(0, |at| at + 1);
    // A type argument may have slashes of its own.
    let from = func.find('[').filter(|at| *at < from).map_or(from, |at| func[..at].rfind('/').map_or(0, |at| at + 1));
    let end = func[from..].find('.').map_or(func.len(), |at| from + at);
    func[..end].replace("%2e", ".").replace("%22", "\"").replace("%25", "%")
}

fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// How many parts two paths have in common at their ends.
fn common_tail(one: &str, other: &str) -> usize {
    let parts = one.rsplit(['/', '\\']).zip(other.rsplit(['/', '\\']));
    parts.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_of_a_function_is_what_stands_before_the_first_dot_of_its_last_part() {
        for (func, package) in [
            ("main.main", "main"),
            ("example.com/shop/internal/queue.(*Q).drain.func1", "example.com/shop/internal/queue"),
            ("gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3"),
            ("example.com/a.Each[go.shape.struct { x/y.Z }]", "example.com/a"),
            ("example.com/a.Each[...].func2", "example.com/a"),
            ("", ""),
        ] {
            assert_eq!(package_of(func), package, "{func}");
        }
    }

    #[test]
    fn paths_are_compared_from_their_ends() {
        assert_eq!(common_tail("/src/shop/cmd/a/main.go", "/build/shop/cmd/a/main.go"), 4);
        assert_eq!(common_tail("cmd/b/main.go", "/build/shop/cmd/a/main.go"), 1);
    }
}
