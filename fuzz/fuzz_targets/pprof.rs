//! Any bytes are read as a weighted profile without panic, in protobuf or text; what is read is written and read again, and added to
//! itself.
#![no_main]

use herd_formats::{pprof, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = pprof::text_form(bytes);
    let Ok((profile, _)) = pprof::read(bytes) else { return };
    let (again, _) = pprof::read_proto(&write::profile::proto(&profile)).expect("what is written is a profile");
    assert_eq!(again.sample_types, profile.sample_types);
    let mut merge = pprof::Merge::default();
    merge.add(&profile).expect("alike");
    merge.add(&again).expect("alike");
    let sum = merge.finish().expect("two");
    let mut bytewise = pprof::Merge::default();
    let written = write::profile::proto(&profile);
    bytewise.add_bytes(bytes).expect("a profile");
    bytewise.add_bytes(&written).expect("alike");
    let bytewise = bytewise.finish().expect("two");
    assert_eq!((bytewise.samples.len(), bytewise.total(0)), (sum.samples.len(), sum.total(0)));
    let _ = write::profile::folded(&profile, profile.default_index());
    let _ = write::profile::speedscope(&profile, "fuzz");
    let _ = write::profile::perfetto(&profile, "fuzz");
});
