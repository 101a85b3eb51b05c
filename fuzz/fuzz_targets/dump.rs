//! Any bytes are read as a dump without panic, and what is counted adds up.
#![no_main]

use herd_formats::{dump, recognise, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = recognise(bytes).describe();
    for snapshot in dump::parse(bytes).snapshots {
        let counted: u64 = snapshot.clusters.iter().map(|cluster| cluster.count).sum();
        assert_eq!(counted, snapshot.goroutines);
        for cluster in &snapshot.clusters {
            assert!(cluster.log.iter().count() as u64 <= cluster.count);
            let stack = snapshot.stack(cluster);
            for frame in stack.frames.iter().chain(&stack.created_by) {
                let _ = (snapshot.func(*frame), snapshot.file(*frame));
            }
        }
        let _ = write::folded(&snapshot);
    }
});
