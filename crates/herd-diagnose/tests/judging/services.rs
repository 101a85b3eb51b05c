//! Recorded services: healthy ones give no finding, alone, as a series and as every prefix of it; leaking ones are found.

use std::collections::BTreeSet;

use crate::marks::{Marks, top};
use crate::recorded::{Recording, files, judge_first};
use herd_analysis::Point;
use herd_analysis::series_process::may_be_one_process;
use herd_diagnose::{Clock, Request, Rule, diagnose};
use herd_model::Candidate;
use herd_patterns::CATALOGUE;
use herd_sources::{CancelFlag, Options, Target};

/// The fewest healthy services the claim rests on.
const HEALTHY_MIN: usize = 10;

/// Leaks that have stopped growing, grow in bursts or move between places, which counts alone cannot tell from a healthy state: the
/// first candidate must be at the mark.
const NEED_IDS: &[&str] = &["burst-senders", "lock-in-handler", "lock-in-registry", "poll-loops", "slow-drip"];

fn services(kind: &str) -> Vec<(String, Vec<Recording>)> {
    let folder = top().join("fixtures").join(kind);
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap().to_owned();
            (name, files(&path).iter().map(|file| Recording::read(file)).collect())
        })
        .collect()
}

#[test]
fn healthy_services_give_no_finding_alone_and_as_a_series() {
    let services = services("healthy");
    let mut failures = Vec::new();
    let (mut judged, mut goroutines) = (0, 0);
    for (name, recordings) in &services {
        for recording in recordings {
            goroutines += recording.snapshots.last().map_or(0, |snapshot| snapshot.goroutines);
            for len in 1..=recording.snapshots.len() {
                judged += 1;
                for finding in judge_first(&recording.snapshots, len).findings {
                    failures.push(format!(
                        "{name}: {recording} first {len}: {} at {}:{} {:?}",
                        finding.id, finding.at.func, finding.at.line, finding.evidence
                    ));
                }
            }
            for snapshot in &recording.snapshots {
                judged += 1;
                for finding in judge_first(std::slice::from_ref(snapshot), 1).findings {
                    failures
                        .push(format!("{name}: {recording} alone: {} at {}:{}", finding.id, finding.at.func, finding.at.line));
                }
            }
        }
    }
    println!("{} healthy services, {judged} judgements, {goroutines} goroutines at the end of their recordings", services.len());
    assert!(services.len() >= HEALTHY_MIN, "only {} healthy services", services.len());
    assert!(failures.is_empty(), "{} false findings\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn leaking_services_are_found_where_their_source_is_marked() {
    let services = services("leaking");
    assert!(!services.is_empty());
    let mut failures = Vec::new();
    for (name, recordings) in &services {
        let source = top().join("testbed/leaking").join(name).join("main.go");
        let text = std::fs::read_to_string(&source).unwrap();
        let ids: BTreeSet<&str> =
            CATALOGUE.iter().map(|pattern| pattern.id).filter(|id| text.contains(&format!("// want {id}"))).collect();
        assert!(!ids.is_empty(), "{} marks no pattern", source.display());
        for recording in recordings.iter().filter(|recording| recording.is_series()) {
            let judgement = recording.judge();
            for finding in &judgement.findings {
                println!(
                    "{name}: {recording}: {} {} at {}:{} {:?}/s",
                    finding.id,
                    finding.certainty.as_str(),
                    finding.at.func,
                    finding.at.line,
                    finding.rate_per_s
                );
            }
            let marked = |at: &herd_model::Place| ids.iter().any(|id| Marks::read(&source, id).is_wanted(at));
            let found = judgement.findings.iter().any(|finding| marked(&finding.at));
            let first = judgement.candidates.iter().any(|candidate| candidate.rank == 1 && marked(&candidate.at));
            let counts_alone = !recording.tells_creators() && NEED_IDS.contains(&name.as_str());
            if !(found || counts_alone && first) {
                failures.push(format!(
                    "{name}: {recording}: nothing found at a marked line; candidates {:?}",
                    judgement
                        .candidates
                        .iter()
                        .map(|c| format!("{}#{} {}:{}", c.id, c.rank, c.at.func, c.at.line))
                        .collect::<Vec<_>>()
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What tells processes apart never cuts the series of one.
#[test]
fn every_recorded_series_is_of_one_process() {
    for kind in ["healthy", "leaking"] {
        for (name, recordings) in services(kind) {
            for recording in recordings.iter().filter(|recording| recording.is_series()) {
                let points: Vec<Point> = (0u32..)
                    .zip(&recording.snapshots)
                    .map(|(at, snapshot)| Point::new(Some(f64::from(at) * 10.0), snapshot.clone()))
                    .collect();
                let cut = points.windows(2).position(|pair| !may_be_one_process(&pair[0], &pair[1]));
                assert_eq!(cut, None, "{name}: {recording}");
                assert!(may_be_one_process(&points[0], &points[points.len() - 1]), "{name}: {recording}: first and last");
            }
        }
    }
}

/// S3 says nothing of guilt: it names stacks of healthy services, to those who ask for it, and changes no verdict.
#[test]
fn s3_gives_candidates_where_it_is_asked_for_and_nothing_else() {
    for service in ["http-ramp", "worker-pools"] {
        let path = top().join("fixtures/healthy").join(service).join("go1.27.series.txt.zst");
        let target = Target::parse(path.to_str().unwrap()).unwrap();
        let answer = |rules: BTreeSet<Rule>| {
            let targets = vec![target.clone()];
            let request = Request { targets, options: Options::default(), watch: None, trace: None, clock: Clock::WALL, rules };
            diagnose(&request, "doctor", &CancelFlag::new(), &mut |_| {}).unwrap().envelope
        };
        let (plain, asked) = (answer(BTreeSet::new()), answer(BTreeSet::from([Rule::S3])));
        let weakness = |note: &herd_model::Note| note.text.starts_with("S3: the rule alone flags every healthy server");
        assert_eq!((plain.notes.iter().any(weakness), asked.notes.iter().any(weakness)), (false, true), "{service}");
        let (named, others): (Vec<Candidate>, Vec<Candidate>) =
            asked.candidates.into_iter().partition(|candidate| candidate.id.0 == "S3");
        assert!(!named.is_empty(), "{service}");
        assert!(plain.candidates.iter().all(|candidate| candidate.id.0 != "S3"), "{service}");
        assert_eq!((plain.verdict, plain.findings, plain.candidates), (asked.verdict, asked.findings, others), "{service}");
        for candidate in named {
            let evidence = &candidate.evidence;
            assert!(candidate.count >= 50 && evidence[0].args["present"] == "10" && evidence[0].args["windows"] == "10");
            assert!(evidence[1].text.contains("alone flags every healthy server"), "{}", evidence[1].text);
        }
    }
}
