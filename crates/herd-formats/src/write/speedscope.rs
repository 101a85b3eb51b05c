//! The file format of speedscope (<https://www.speedscope.app/file-format-schema.json>).

use herd_model::Snapshot;
use rustc_hash::FxHashMap;
use serde::Serialize;

#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    shared: Shared<'a>,
    profiles: [Profile<'a>; 1],
    name: &'a str,
    exporter: &'static str,
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    r#type: &'static str,
    name: &'a str,
    unit: &'static str,
    start_value: u64,
    end_value: u64,
    samples: Vec<Vec<usize>>,
    weights: Vec<u64>,
}

/// A sampled profile with one sample a cluster, weighed by its goroutines.
///
/// # Panics
/// Never: plain data prints as JSON.
pub fn speedscope(snapshot: &Snapshot, name: &str) -> String {
    let mut frames: Vec<Entry<'_>> = snapshot
        .frames
        .iter()
        .map(|frame| {
            let file = Some(snapshot.names.text(frame.file)).filter(|file| !file.is_empty());
            Entry { name: snapshot.names.text(frame.func).to_owned(), file, line: (frame.line > 0).then_some(frame.line) }
        })
        .collect();
    let mut states: FxHashMap<String, usize> = FxHashMap::default();
    let mut samples = Vec::with_capacity(snapshot.clusters.len());
    for cluster in &snapshot.clusters {
        let mut sample: Vec<usize> = super::outermost_first(snapshot, cluster).map(|id| id.0 as usize).collect();
        let state = super::state_entry(cluster).or_else(|| sample.is_empty().then(|| "[no stack]".to_owned()));
        if let Some(state) = state {
            sample.push(*states.entry(state).or_insert_with_key(|state| {
                frames.push(Entry { name: state.clone(), file: None, line: None });
                frames.len() - 1
            }));
        }
        samples.push(sample);
    }
    let weights: Vec<u64> = snapshot.clusters.iter().map(|cluster| cluster.count).collect();
    let profile =
        Profile { r#type: "sampled", name, unit: "none", start_value: 0, end_value: weights.iter().sum(), samples, weights };
    let file = File {
        schema: "https://www.speedscope.app/file-format-schema.json",
        shared: Shared { frames },
        profiles: [profile],
        name,
        exporter: "goherd",
    };
    serde_json::to_string(&file).expect("plain data prints as JSON")
}
