//! Every kernel's recordings against every pattern: named where the witness suffices, a candidate where not, silent when cured.
//! The truth is read from the marks in the kernels' source.

use std::collections::{BTreeMap, BTreeSet};

use crate::marks::Marks;
use crate::recorded::{Recording, recordings};
use herd_model::{Candidate, Finding, Place};
use herd_patterns::{CATALOGUE, Pattern};

/// Off-diagonal findings that are right to be made, with the reason: (kernel, finding, why).
const REASONED: &[(&str, &str, &str)] = &[
    ("LK004", "LK005", "text does not show a select's cases; a loop that waits for its context looks the same"),
    ("LK005", "LK002", "`<-ctx.Done()` is a receive; text does not show of what"),
    ("LK007", "LK002", "`range ticker.C` is a receive; text does not show of what"),
    ("LK008", "LK002", "`<-time.After(…)` is a receive; text does not show of what"),
    ("LK012", "LK002", "a profile carries no ids or creators, so workers of one pool cannot be told from single receivers"),
    ("LK013", "LK001", "a profile carries no creators, so a result cannot be told from any other send"),
    ("LK014", "LK001", "a profile carries no creators, so stages of one pipeline cannot be told from single senders"),
    ("LK003", "LK001", "debug=1 text does not say that the channel is nil"),
    ("LK003", "LK002", "debug=1 text does not say that the channel is nil"),
    ("LK002", "LK001", "the leak profile as text does not say whether a goroutine sends or receives"),
    ("LK012", "LK001", "the leak profile as text does not say whether a goroutine sends or receives"),
    ("LK005", "LK001", "the leak profile as text does not say whether a goroutine sends or receives"),
    ("DL005", "LK001", "a profile carries no creators, so partners cannot be told from single senders"),
    ("DL002", "DL001", "a profile carries neither creators nor mutex addresses"),
    ("DL006", "DL001", "text shows neither who took the lock nor that he has left"),
    ("DL006", "DL007", "a profile carries no mutex addresses, and the waiters pile up"),
    ("DL002", "DL007", "a profile carries neither creators nor mutex addresses, and the waiters pile up"),
];

/// Leaks the runtime's leak profile cannot see: goroutines that a timer or the network can wake, or that wait for a global.
const BLIND: &[&str] = &["LK007", "LK008", "LK009", "LK011", "DL007"];

/// What `debug=1` text cannot show at all: that a channel is nil. Its goroutines are candidates for other patterns there.
const HIDDEN_IN_TEXT_PROFILES: &[&str] = &["LK003"];

/// A candidate counts when it is among the first three.
const RANK_MAX: u32 = 3;

#[test]
fn each_kernel_is_named_on_every_go_version_and_its_twin_is_silent() {
    let mut failures: Vec<String> = Vec::new();
    let mut matrix: BTreeMap<(&str, String), u32> = BTreeMap::new();
    let (mut bad, mut cured, mut blind) = (0, 0, 0);
    for pattern in seen_in_dumps() {
        let marks = Marks::of(pattern);
        for recording in recordings(pattern) {
            let judgement = recording.judge();
            if recording.cured {
                cured += 1;
                for finding in &judgement.findings {
                    failures.push(format!("{recording}: cured, yet {} at {}", finding.id, shown(&finding.at)));
                }
                continue;
            }
            if recording.is_leak_profile() && BLIND.contains(&pattern.id) {
                blind += 1;
                if !judgement.findings.is_empty() {
                    failures
                        .push(format!("{recording}: the leak profile is blind to {}, yet it was read to show it", pattern.id));
                }
                continue;
            }
            bad += 1;
            for finding in &judgement.findings {
                *matrix.entry((pattern.id, finding.id.to_string())).or_default() += 1;
                let reasoned = REASONED.iter().any(|(kernel, other, _)| *kernel == pattern.id && finding.id.0 == *other);
                if finding.id.0 != pattern.id && !reasoned {
                    failures.push(format!("{recording}: finding {} at {} is off the diagonal", finding.id, shown(&finding.at)));
                }
            }
            let hidden = HIDDEN_IN_TEXT_PROFILES.contains(&pattern.id) && recording.is_text_profile();
            if let Err(why) = named(pattern, &marks, &recording, &judgement.findings, &judgement.candidates) {
                if !hidden {
                    failures.push(format!("{recording}: {why}"));
                }
            } else if hidden {
                failures.push(format!("{recording}: debug=1 text was said to hide {}, and does not", pattern.id));
            }
        }
    }
    print_matrix(&matrix);
    println!("{bad} recordings of kernels, {cured} of cured twins, {blind} leak profiles that cannot see their kernel");
    assert!(bad > 0 && cured > 0, "no recordings found");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// The pattern is a finding, among the patterns a finding says fit as well, or a candidate among the first three; at a marked line
/// and started by a marked line.
fn named(
    pattern: &Pattern,
    marks: &Marks,
    recording: &Recording,
    findings: &[Finding],
    candidates: &[Candidate],
) -> Result<(), String> {
    let places = findings
        .iter()
        .filter(|finding| finding.id.0 == pattern.id || finding.also.iter().any(|also| also.0 == pattern.id))
        .map(|finding| (&finding.at, finding.started_by.as_ref()))
        .chain(candidates.iter().filter(|c| c.id.0 == pattern.id && c.rank <= RANK_MAX).map(|c| (&c.at, c.started_by.as_ref())));
    let mut seen = Vec::new();
    for (at, started_by) in places {
        if marks.is_wanted(at) && (!recording.tells_creators() || marks.is_start(started_by)) {
            return Ok(());
        }
        seen.push(format!("{} from {}", shown(at), started_by.map_or(String::new(), shown)));
    }
    let ranks: Vec<String> = candidates.iter().map(|c| format!("{}#{} {}", c.id, c.rank, shown(&c.at))).collect();
    let found: BTreeSet<String> = findings.iter().map(|finding| finding.id.to_string()).collect();
    Err(format!("{} is not named at a marked line; seen {seen:?}, findings {found:?}, candidates {ranks:?}", pattern.id))
}

/// A series of a leak over a minute is not left at candidates.
#[test]
fn each_series_of_a_leak_is_a_finding() {
    let mut failures = Vec::new();
    for pattern in seen_in_dumps().filter(|pattern| !ONLY_CANDIDATES_IN_SERIES.iter().any(|(id, _)| *id == pattern.id)) {
        for recording in recordings(pattern).into_iter().filter(|recording| recording.is_series() && !recording.cured) {
            let judgement = recording.judge();
            if judgement.findings.is_empty() {
                failures.push(format!(
                    "{recording}: no finding; candidates {:?}",
                    judgement.candidates.iter().map(|c| c.id.to_string()).collect::<Vec<_>>()
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Patterns whose growth in text alone cannot be told from load, with the reason.
const ONLY_CANDIDATES_IN_SERIES: &[(&str, &str)] =
    &[("LK011", "silent peers and slow peers look alike until the waits show an age; the kernel's connections are younger")];

/// Patterns with an eye for goroutines; the others show in logs and profiles.
fn seen_in_dumps() -> impl Iterator<Item = &'static Pattern> {
    CATALOGUE.iter().filter(|pattern| pattern.dump.is_some())
}

fn shown(place: &Place) -> String {
    format!("{} {}:{}", place.func, place.file.rsplit('/').next().unwrap_or_default(), place.line)
}

fn print_matrix(matrix: &BTreeMap<(&str, String), u32>) {
    let ids: Vec<&str> = seen_in_dumps().map(|pattern| pattern.id).collect();
    println!("findings by kernel (row) and pattern (column)\n        {}", ids.join(" "));
    for kernel in &ids {
        let cells: Vec<String> =
            ids.iter().map(|id| matrix.get(&(*kernel, (*id).to_owned())).map_or("    .".into(), |n| format!("{n:5}"))).collect();
        println!("{kernel}   {}", cells.join(" "));
    }
}
