//! The demo's incident: both leaks are named at the lines its index gives, from full stacks and from the cheap profile alike.

use herd_model::{Place, Snapshot};

use crate::marks::top;
use crate::recorded::{Recording, judge_first};

fn is_at(place: Option<&Place>, truth: &serde_json::Value) -> bool {
    let truth = truth.as_str().unwrap();
    place.is_some_and(|place| format!("{}:{}", place.file, place.line).ends_with(truth))
}

#[test]
fn the_incident_is_named_from_every_form_it_was_recorded_in() {
    let folder = top().join("fixtures/incident/orders-leak");
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    for form in ["debug2", "debug1", "debug0"] {
        let shots = index["snapshots"].as_array().unwrap();
        let snapshots: Vec<Snapshot> = shots
            .iter()
            .map(|shot| {
                let recording = Recording::read(&folder.join(shot[form].as_str().unwrap()));
                let mut snapshot = recording.snapshots.into_iter().next().unwrap();
                snapshot.taken_at_ns = Some((shot["offset_s"].as_f64().unwrap() * 1e9) as i64);
                // The three forms were fetched one after another; the total is the middle one's.
                if form == "debug1" {
                    assert_eq!(snapshot.goroutines, shot["goroutines"].as_u64().unwrap(), "{form} of {shot}");
                }
                snapshot
            })
            .collect();
        let judgement = judge_first(&snapshots, snapshots.len());
        let found: Vec<String> = judgement.findings.iter().map(|f| format!("{} {}:{}", f.id, f.at.file, f.at.line)).collect();
        for truth in index["truth"].as_array().unwrap() {
            let named = judgement.findings.iter().any(|finding| {
                finding.id.0 == truth["id"].as_str().unwrap()
                    && is_at(Some(&finding.at), &truth["at"])
                    && (form != "debug2" || is_at(finding.started_by.as_ref(), &truth["started_by"]))
            });
            assert!(named, "{form}: {truth} is not among {found:?}");
        }
        assert_eq!(judgement.findings.len(), index["truth"].as_array().unwrap().len(), "{form}: {found:?}");
        let healthy = snapshots.iter().take_while(|snapshot| snapshot.taken_at_ns < Some(12_000_000_000)).count();
        assert!(judge_first(&snapshots, healthy).findings.is_empty(), "{form}: found before the release");
    }
}
