//! Any bytes are read as a runtime log without panic, in pieces as at once, and what was torn is either put together or lost.
#![no_main]

use herd_formats::runlog::{RunlogReader, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = parse(bytes);
    assert_eq!(whole.torn, whole.stitched + whole.lost);
    let piece = 1 + usize::from(bytes.first().copied().unwrap_or_default());
    let mut reader = RunlogReader::new();
    bytes.chunks(piece).for_each(|bytes| reader.push(bytes));
    assert_eq!(reader.finish(), whole);
});
