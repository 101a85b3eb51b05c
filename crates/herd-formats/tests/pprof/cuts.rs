//! Every recording that is small, cut at every byte.

use std::io::Read;

use flate2::read::GzDecoder;
use herd_formats::pprof;
use herd_model::NoteKind;

use crate::recorded::bytes;

#[test]
fn a_cut_profile_proto_is_an_error_that_says_where() {
    for kind in ["custom", "threadcreate", "goroutine", "block"] {
        let packed = bytes("1.27", &format!("{kind}.pb.gz"));
        let mut plain = Vec::new();
        GzDecoder::new(&packed[..]).read_to_end(&mut plain).expect("gzip");
        for len in 0..plain.len() {
            assert!(pprof::read(&plain[..len]).is_err(), "{kind} cut at {len} of {}", plain.len());
        }
        for len in 0..packed.len() {
            let error = pprof::read(&packed[..len]).err().unwrap_or_else(|| panic!("{kind} cut at {len} of {}", packed.len()));
            if let pprof::Error::Gzip { offset, .. } = error {
                assert!(offset <= len, "{kind}: at {offset} of {len}");
            }
        }
    }
}

#[test]
fn a_cut_text_is_an_error_or_noted() {
    for kind in ["custom", "threadcreate", "goroutine", "block", "mutex"] {
        let text = bytes("1.27", &format!("{kind}.txt.zst"));
        let whole = pprof::read(&text).expect("a profile").0;
        let mut unnoted = 0;
        for len in 0..text.len() {
            match pprof::read(&text[..len]) {
                Err(_) => {}
                Ok((_, notes)) if notes.iter().any(|note| matches!(note.kind, NoteKind::Truncated | NoteKind::Malformed)) => {}
                // Between two records, a form that promises no total looks whole.
                Ok((profile, _)) => {
                    assert!(text[..len].trim_ascii_end().len() < len || len < 60, "{kind} cut at {len}");
                    assert!(profile.total(0) <= whole.total(0));
                    unnoted += 1;
                }
            }
        }
        let between = text.windows(2).filter(|two| two == b"\n\n").count() * 2 + 60;
        assert!(unnoted <= between, "{kind}: {unnoted} of {} cuts were not noted", text.len());
    }
}

#[test]
fn a_heap_text_that_lacks_records_is_noted() {
    let text = bytes("1.25", "heap.txt.zst");
    let records: Vec<usize> = text.windows(2).enumerate().filter(|(_, two)| *two == b"\n\n").map(|(at, _)| at + 2).collect();
    // What follows the last record are figures of the whole process.
    for at in &records[..records.len() - 2] {
        let (_, notes) = pprof::read(&text[..*at]).expect("a part");
        assert!(notes.iter().any(|note| note.kind == NoteKind::Truncated && note.text.contains("promises")), "cut at {at}");
    }
}

#[test]
fn a_changed_byte_is_no_panic() {
    let packed = bytes("1.21", "block.pb.gz");
    let mut plain = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut plain).expect("gzip");
    let text = bytes("1.21", "mutex.txt.zst");
    for (input, steps) in [(plain, 3), (text, 5), (packed, 1)] {
        for at in (0..input.len()).step_by(steps) {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = input.clone();
                changed[at] ^= change;
                if let Ok((profile, _)) = pprof::read(&changed) {
                    assert_eq!(profile.samples.values.len(), profile.sample_types.len());
                }
            }
        }
    }
}
