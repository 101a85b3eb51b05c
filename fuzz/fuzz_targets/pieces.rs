//! An input in pieces, and in parts side by side, is read as the whole is.
#![no_main]

use herd_formats::dump::{self, DumpReader, Parsed, PartReader, Wants};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, bytes)) = bytes.split_first() else { return };
    let piece = usize::from(piece).max(1);
    let whole = outline(&dump::parse(bytes));
    let mut reader = DumpReader::new();
    for piece in bytes.chunks(piece) {
        reader.push(piece);
    }
    assert_eq!(outline(&reader.finish()), whole);
    let len = bytes.len() as u64;
    let parts = dump::split_points(len, 1 + piece as u64 % 5).into_iter().map(|range| {
        let from = range.start as usize;
        let mut reader = PartReader::new(range, len);
        for piece in bytes[from..].chunks(piece) {
            if reader.push(piece) == Wants::Nothing {
                break;
            }
        }
        reader.finish()
    });
    assert_eq!(outline(&dump::join(parts.collect())).0, whole.0);
});

type Cluster = (u64, u64, u64, String, Vec<String>, Vec<herd_model::Goroutine>);

fn outline(parsed: &Parsed) -> (Vec<Vec<Cluster>>, usize) {
    let clusters = |snapshot: &herd_model::Snapshot| -> Vec<Cluster> {
        let one = |cluster: &herd_model::Cluster| {
            let frames = snapshot.stack(cluster).frames.iter().map(|id| snapshot.func(*id).to_owned()).collect();
            let log = cluster.log.iter().map(|goroutine| herd_model::Goroutine { labels: None, ..goroutine }).collect();
            (cluster.count, cluster.offset, cluster.line, cluster.state.as_str().to_owned(), frames, log)
        };
        snapshot.clusters.iter().map(one).collect()
    };
    (parsed.snapshots.iter().map(clusters).collect(), parsed.notes.len())
}
