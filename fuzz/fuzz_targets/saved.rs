//! Any bytes are read as a saved envelope without panic.
#![no_main]

use herd_formats::saved;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((snapshot, _)) = saved::read(bytes) {
        assert_eq!(snapshot.clusters.iter().map(|cluster| cluster.count).sum::<u64>(), snapshot.goroutines);
    }
});
