//! The recordings held against the programs they come from, without recording anything.

use std::path::Path;

use super::target::stated_total;
use super::{marks, readme, series};
use crate::docs::root;

const SNAPSHOTS: usize = 13;

fn unpacked(path: &Path) -> String {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8(zstd::decode_all(file).unwrap()).unwrap()
}

fn is_stamp(line: &str) -> bool {
    line.len() == "2026-11-21T11:02:03.123Z".len() && line.starts_with("20") && line.ends_with('Z') && line.contains('T')
}

fn snapshots(series: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in series.lines() {
        if is_stamp(line) {
            parts.push(String::new());
        } else {
            let part = parts.last_mut().expect("a series starts with a time");
            part.push_str(line);
            part.push('\n');
        }
    }
    parts
}

/// Every record of a debug=1 text starts with `COUNT @`.
fn counted(debug1: &str) -> u64 {
    debug1.lines().filter_map(|line| line.split_once(" @")).filter_map(|(count, _)| count.parse::<u64>().ok()).sum()
}

fn headers(debug2: &str) -> usize {
    debug2.lines().filter(|line| line.starts_with("goroutine ") && line.ends_with("]:")).count()
}

#[test]
fn every_service_is_recorded_whole_and_shows_its_marks() {
    for kind in ["healthy", "leaking"] {
        let names = series::services(kind).unwrap();
        assert!(names.len() >= 8, "{kind}: {names:?}");
        for name in names {
            let recordings = root().join("fixtures").join(kind).join(&name);
            let marks = marks::read(&root().join("testbed").join(kind).join(&name)).unwrap();
            assert_eq!(marks.is_empty(), kind == "healthy", "{name}");
            for minor in ["go1.26", "go1.27"] {
                let file = |what: &str| unpacked(&recordings.join(format!("{minor}.{what}.txt.zst")));
                let (debug2, debug1) = (snapshots(&file("series")), snapshots(&file("series1")));
                assert_eq!((debug2.len(), debug1.len()), (SNAPSHOTS, SNAPSHOTS), "{name} {minor}");
                assert!(recordings.join(format!("{minor}.debug0.pb.zst")).is_file(), "{name} {minor}");
                for snapshot in &debug1 {
                    assert_eq!(counted(snapshot), stated_total(snapshot.as_bytes()).unwrap(), "{name} {minor}");
                }
                marks::check(&name, &marks, debug2[SNAPSHOTS - 1].as_bytes()).unwrap();
            }
        }
    }
}

#[test]
fn only_leaking_services_are_in_the_leak_profile() {
    // The main goroutine that waits for ever is reported, too: with its stack in `Wait`, as an empty record in `select {}`.
    let is_leak = |record: &&str| record.contains("\n#\t") && !record.contains("main.main+0x") && !record.contains("#\t0x0");
    for (kind, leaking_services) in [("healthy", 0), ("leaking", 5)] {
        let profiles = series::services(kind).unwrap();
        let profiles = profiles.iter().map(|name| root().join("fixtures").join(kind).join(name).join("go1.27.leak1.txt.zst"));
        let found = profiles.filter(|path| unpacked(path).split("\n\n").any(|record| is_leak(&record))).count();
        assert_eq!(found, leaking_services, "{kind}");
    }
}

#[test]
fn the_tables_name_what_is_recorded() {
    for kind in ["healthy", "leaking"] {
        let page = std::fs::read_to_string(root().join("fixtures").join(kind).join("README.md")).unwrap();
        assert_eq!(page, readme::page(kind).unwrap(), "run `cargo xtask fixtures-services --{kind}`");
    }
}

#[test]
fn the_incident_holds_what_its_index_says() {
    let folder = root().join("fixtures/incident/orders-leak");
    let index: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(folder.join("index.json")).unwrap()).unwrap();
    let shots = index["snapshots"].as_array().unwrap();
    let marks = marks::read(&root().join("testbed/incident")).unwrap();
    assert_eq!(marks.len(), 4);
    for shot in shots {
        let text = |key: &str| unpacked(&folder.join(shot[key].as_str().unwrap()));
        let debug1 = text("debug1");
        assert_eq!(shot["goroutines"].as_u64(), Some(counted(&debug1)));
        assert!(headers(&text("debug2")) > 100);
        assert!(folder.join(shot["debug0"].as_str().unwrap()).is_file());
    }
    let last = unpacked(&folder.join(shots.last().unwrap()["debug2"].as_str().unwrap()));
    marks::check("orders", &marks, last.as_bytes()).unwrap();
    for truth in index["truth"].as_array().unwrap() {
        let place = |word: &str| {
            let of_id = |mark: &&marks::Mark| mark.word == word && Some(mark.id.as_str()) == truth["id"].as_str();
            marks.iter().find(of_id).map(|mark| mark.place.as_str())
        };
        assert_eq!(truth["at"].as_str(), place("want"));
        assert_eq!(truth["started_by"].as_str(), place("from"));
    }
}
