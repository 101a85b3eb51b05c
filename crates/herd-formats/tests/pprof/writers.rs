//! What is written of a profile.

use std::collections::BTreeMap;

use herd_formats::write::profile::{folded, perfetto, proto as write_proto, speedscope};
use herd_formats::{Kind, pprof, recognise};

use crate::recorded::{KINDS, MINORS, bytes, proto, read, shown};

#[test]
fn what_is_written_reads_back_the_same() {
    for minor in MINORS {
        for kind in KINDS {
            let profile = proto(minor, kind);
            let written = write_proto(&profile);
            assert_eq!(recognise(&written), Kind::ProfileProto { gz: true });
            let back = read(&written);
            assert_eq!(shown(&back), shown(&profile), "go{minor} {kind}");
            assert_eq!(write_proto(&back), write_proto(&read(&write_proto(&back))), "go{minor} {kind}: writing settles");
        }
        for kind in ["heap", "mutex", "goroutine"] {
            let (profile, _) = pprof::read(&bytes(minor, &format!("{kind}.txt.zst"))).expect("a profile");
            assert_eq!(shown(&read(&write_proto(&profile))), shown(&profile), "text of go{minor} {kind}");
        }
    }
}

#[test]
fn folded_lines_add_up_to_the_total() {
    for kind in KINDS {
        let profile = proto("1.22", kind);
        for index in 0..profile.sample_types.len() {
            let text = folded(&profile, index);
            let values = text.lines().map(|line| line.rsplit_once(' ').expect("a value").1.parse::<i64>().expect("a number"));
            assert_eq!(values.sum::<i64>(), profile.total(index), "{kind}");
            let stacks: Vec<&str> = text.lines().map(|line| line.rsplit_once(' ').expect("a value").0).collect();
            let mut distinct = stacks.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), stacks.len(), "{kind}: no stack twice");
        }
    }
    let cpu = proto("1.22", "cpu");
    assert!(folded(&cpu, 1).contains("runtime.main;main.main;main.compute;"), "outermost first");
}

#[test]
fn speedscope_holds_every_type_with_its_unit() {
    for kind in ["cpu", "heap", "threadcreate"] {
        let profile = proto("1.26", kind);
        let file: serde_json::Value = serde_json::from_str(&speedscope(&profile, "a \"name\"")).expect("JSON");
        assert_eq!(
            (file["name"].as_str(), file["activeProfileIndex"].as_u64()),
            (Some("a \"name\""), Some(profile.default_index() as u64))
        );
        let frames = file["shared"]["frames"].as_array().expect("frames").len() as u64;
        for (index, sample_type) in profile.sample_types.iter().enumerate() {
            let written = &file["profiles"][index];
            assert_eq!(written["name"].as_str(), Some(&*sample_type.name));
            let weights = written["weights"].as_array().expect("weights");
            let sum: i64 = weights.iter().map(|weight| weight.as_i64().expect("a number")).sum();
            assert_eq!((Some(sum), sum), (written["endValue"].as_i64(), profile.total(index)), "{kind}");
            let samples = written["samples"].as_array().expect("samples");
            assert_eq!(samples.len(), weights.len());
            for sample in samples {
                let sample = sample.as_array().expect("a sample");
                assert!(!sample.is_empty() && sample.iter().all(|frame| frame.as_u64().is_some_and(|frame| frame < frames)));
            }
        }
    }
}

#[test]
fn perfetto_slices_nest_and_add_up() {
    let profile = proto("1.27", "heap");
    let trace: serde_json::Value = serde_json::from_str(&perfetto(&profile, "api")).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    for (index, track) in (1u64..=4).enumerate() {
        let of_track = |event: &&serde_json::Value| event["tid"] == track && event["ph"] == "X";
        // Nanoseconds: trace events count microseconds, with three digits behind the point.
        let ns = |event: &serde_json::Value, key: &str| (event[key].as_f64().expect("a number") * 1000.0).round() as i64;
        let mut slices: Vec<(i64, i64)> =
            events.iter().filter(of_track).map(|event| (ns(event, "ts"), ns(event, "dur"))).collect();
        slices.sort_by_key(|(start, len)| (*start, -len));
        let own: i64 = events.iter().filter(of_track).map(|event| event["args"]["self"].as_i64().expect("a number")).sum();
        assert_eq!(own, profile.total(index), "{:?}", profile.sample_types[index]);
        let mut open: Vec<i64> = Vec::new();
        let mut outermost: BTreeMap<i64, i64> = BTreeMap::new();
        for (start, len) in slices {
            while open.last().is_some_and(|end| *end <= start) {
                open.pop();
            }
            assert!(open.last().is_none_or(|end| start + len <= *end), "a slice ends inside the one it started in");
            if open.is_empty() {
                outermost.insert(start, len);
            }
            open.push(start + len);
        }
        assert_eq!(outermost.values().sum::<i64>(), profile.total(index));
    }
}
