//! Any bytes are read as what the compiler says of escapes without panic.
#![no_main]

use herd_formats::escape::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::default();
    reader.add("once", bytes);
    let (log, _) = reader.finish();
    for escape in &log.escapes {
        assert!((escape.file as usize) < log.files.len());
    }
    let mut reader = Reader::default();
    let new = reader.add("once", bytes);
    assert_eq!(new, log.escapes.len());
    reader.add("again", bytes);
    assert!(reader.finish().0.escapes.len() <= 2 * new);
});
