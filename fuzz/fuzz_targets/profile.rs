//! Any bytes are read as a goroutine profile without panic, and what is read is written and read again.
#![no_main]

use herd_formats::{profile, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((snapshot, _)) = profile::read(bytes) {
        let (again, _) = profile::read(&write::pprof(&snapshot)).expect("what is written is a profile");
        assert_eq!(again.goroutines, snapshot.goroutines);
        let _ = write::speedscope(&snapshot, "fuzz");
    }
});
