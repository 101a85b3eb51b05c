//! profile.proto, gzipped, as `go tool pprof` reads it: one sample a cluster, its state and creator as labels.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use herd_model::{FrameId, NameId, Snapshot, WaitReason};
use rustc_hash::FxHashMap;

use crate::pb::{put_bytes, put_number, put_packed};

/// A goroutine profile of the snapshot.
///
/// # Panics
/// Never: memory takes every byte.
pub fn pprof(snapshot: &Snapshot) -> Vec<u8> {
    let mut strings = Strings::default();
    strings.id("");
    let mut proto = Vec::new();
    let mut sample_type = Vec::new();
    put_number(&mut sample_type, 1, strings.id("goroutine"));
    put_number(&mut sample_type, 2, strings.id("count"));
    put_bytes(&mut proto, 1, &sample_type);
    for cluster in &snapshot.clusters {
        let stack = snapshot.stack(cluster);
        let mut sample = Vec::new();
        put_packed(&mut sample, 1, stack.frames.iter().map(|id| location_id(*id)));
        put_packed(&mut sample, 2, [cluster.count]);
        if cluster.state != WaitReason::Unknown {
            put_label(&mut sample, strings.id("state"), strings.id(cluster.state.as_str()));
        }
        if let Some(creator) = stack.created_by {
            put_label(&mut sample, strings.id("created_by"), strings.id(snapshot.func(creator)));
        }
        put_bytes(&mut proto, 2, &sample);
    }
    put_frames(snapshot, &mut strings, &mut proto);
    for text in &strings.texts {
        put_bytes(&mut proto, 6, text.as_bytes());
    }
    if let Some(ns) = snapshot.taken_at_ns {
        put_number(&mut proto, 9, ns.cast_unsigned());
    }
    put_bytes(&mut proto, 11, &sample_type);
    put_number(&mut proto, 12, 1);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&proto).and_then(|()| gzip.finish()).expect("memory takes every byte")
}

/// A location a frame and a function a distinct name and file; numbers start at 1.
fn put_frames(snapshot: &Snapshot, strings: &mut Strings, proto: &mut Vec<u8>) {
    let mut functions: FxHashMap<(NameId, NameId), u64> = FxHashMap::default();
    for (index, frame) in (0u32..).zip(&snapshot.frames) {
        let next = functions.len() as u64 + 1;
        let function = *functions.entry((frame.func, frame.file)).or_insert(next);
        if function == next {
            let mut message = Vec::new();
            let name = strings.id(snapshot.names.text(frame.func));
            put_number(&mut message, 1, function);
            put_number(&mut message, 2, name);
            put_number(&mut message, 3, name);
            put_number(&mut message, 4, strings.id(snapshot.names.text(frame.file)));
            put_bytes(proto, 5, &message);
        }
        let mut line = Vec::new();
        put_number(&mut line, 1, function);
        put_number(&mut line, 2, u64::from(frame.line));
        let mut message = Vec::new();
        put_number(&mut message, 1, location_id(FrameId(index)));
        put_bytes(&mut message, 4, &line);
        put_bytes(proto, 4, &message);
    }
}

fn location_id(frame: FrameId) -> u64 {
    u64::from(frame.0) + 1
}

fn put_label(sample: &mut Vec<u8>, key: u64, value: u64) {
    let mut label = Vec::new();
    put_number(&mut label, 1, key);
    put_number(&mut label, 2, value);
    put_bytes(sample, 3, &label);
}

#[derive(Default)]
struct Strings {
    texts: Vec<String>,
    index: FxHashMap<String, u64>,
}

impl Strings {
    fn id(&mut self, text: &str) -> u64 {
        if let Some(id) = self.index.get(text) {
            return *id;
        }
        let id = self.texts.len() as u64;
        self.texts.push(text.to_owned());
        self.index.insert(text.to_owned(), id);
        id
    }
}
