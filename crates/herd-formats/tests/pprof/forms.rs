//! Forms profile.proto allows beyond those Go writes, and what it must not be.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use herd_analysis::top;
use herd_formats::pprof::{self, Error};
use herd_model::Profile;

use crate::recorded::{bytes, proto, read, shown};

fn plain(minor: &str, kind: &str) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(&bytes(minor, &format!("{kind}.pb.gz"))[..]).read_to_end(&mut plain).expect("gzip");
    plain
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn message(field: u64, body: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(body.len() as u64), body.to_vec()].concat()
}

fn take_varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = rest[0];
        *rest = &rest[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a long number")
}

/// Fields of a message: number, value or bytes.
fn fields(mut rest: &[u8]) -> Vec<(u64, Result<u64, Vec<u8>>)> {
    let mut out = Vec::new();
    while !rest.is_empty() {
        let tag = take_varint(&mut rest);
        let value = take_varint(&mut rest);
        if tag.is_multiple_of(8) {
            out.push((tag >> 3, Ok(value)));
        } else {
            let (body, after) = rest.split_at(value as usize);
            out.push((tag >> 3, Err(body.to_vec())));
            rest = after;
        }
    }
    out
}

fn joined(fields: &[(u64, Result<u64, Vec<u8>>)]) -> Vec<u8> {
    let parts = fields.iter().map(|(field, value)| match value {
        Ok(value) => number(*field, *value),
        Err(body) => message(*field, body),
    });
    parts.collect::<Vec<_>>().concat()
}

#[test]
fn the_order_of_tables_does_not_matter() {
    for kind in ["cpu", "heap", "goroutine"] {
        let expect = shown(&proto("1.26", kind));
        let mut parts = fields(&plain("1.26", kind));
        parts.sort_by_key(|(field, _)| std::cmp::Reverse(*field));
        assert_eq!(shown(&read(&joined(&parts))), expect, "{kind}: strings first, types last");
        parts.sort_by_key(|(field, _)| (*field + 10) % 16);
        assert_eq!(shown(&read(&joined(&parts))), expect, "{kind}: strings first, then headers");
    }
}

#[test]
fn numbers_may_stand_one_by_one_or_packed() {
    let expect = shown(&proto("1.23", "heap"));
    for packed in [false, true] {
        let mut parts = fields(&plain("1.23", "heap"));
        for (field, value) in &mut parts {
            if let (2, Err(body)) = (*field, value) {
                *body = repacked(body, packed);
            }
        }
        assert_eq!(shown(&read(&joined(&parts))), expect, "packed: {packed}");
    }
}

/// A sample's message with its locations and values all packed, or none of them.
fn repacked(sample: &[u8], packed: bool) -> Vec<u8> {
    let mut lists = [Vec::new(), Vec::new()];
    let mut rest = Vec::new();
    for (field, value) in fields(sample) {
        match (field, value) {
            (1 | 2, Ok(value)) => lists[field as usize - 1].push(value),
            (1 | 2, Err(body)) => {
                let mut body = &body[..];
                while !body.is_empty() {
                    lists[field as usize - 1].push(take_varint(&mut body));
                }
            }
            (field, value) => rest.push((field, value)),
        }
    }
    let mut out = Vec::new();
    for (field, list) in (1..).zip(&lists) {
        if packed {
            out.extend(message(field, &list.iter().flat_map(|value| varint(*value)).collect::<Vec<u8>>()));
        } else {
            out.extend(list.iter().flat_map(|value| number(field, *value)));
        }
    }
    out.extend(joined(&rest));
    out
}

/// A profile of one sample type with these fields behind it. Strings: 1 "n", 2 "count", 3 "f", 4 "(".
fn made(more: &[Vec<u8>]) -> Vec<u8> {
    let mut out = message(1, &[number(1, 1), number(2, 2)].concat());
    for text in ["", "n", "count", "f", "("] {
        out.extend(message(6, text.as_bytes()));
    }
    out.extend(more.concat());
    out
}

fn sample(locations: &[u64], values: &[u64]) -> Vec<u8> {
    let all = |list: &[u64]| list.iter().flat_map(|value| varint(*value)).collect::<Vec<u8>>();
    message(2, &[message(1, &all(locations)), message(2, &all(values))].concat())
}

#[track_caller]
fn refused(input: &[u8], expect: &str) {
    assert_eq!(pprof::read(input).expect_err("no profile").to_string(), expect);
}

#[test]
fn what_is_no_profile_is_refused_with_its_place() {
    let function = |id| message(5, &[number(1, id), number(2, 3)].concat());
    let location = |id, function| message(4, &[number(1, id), message(4, &number(1, function))].concat());
    refused(b"", "read the profile: it is empty");
    refused(b"not a profile", "read profile.proto: no field at byte 0");
    refused(&number(12, 1), "read profile.proto: it has no sample type");
    refused(&made(&[sample(&[], &[1, 2])]), "read profile.proto: a sample with 2 values at byte 26, where 1 are counted");
    refused(&made(&[sample(&[9], &[1])]), "read profile.proto: location 9 is not in it, asked for at byte 26");
    refused(&made(&[location(1, 7), sample(&[1], &[1])]), "read profile.proto: function 7 is not in it, asked for at byte 30");
    refused(&made(&[function(1), function(1)]), "read profile.proto: function 1 at byte 32 has no number of its own");
    refused(&made(&[function(0)]), "read profile.proto: function 0 at byte 26 has no number of its own");
    refused(&made(&[number(9, 5), number(9, 5)]), "read profile.proto: a second profile follows the first, at byte 26");
    refused(&made(&[message(2, &message(1, &[0x80]))]), "read profile.proto: no field at byte 26");
    // A string of ten gigabytes, a number that does not end, a length that wraps around.
    refused(&made(&[[varint(6 << 3 | 2), varint(10 << 30)].concat()]), "read profile.proto: no field at byte 24");
    refused(&made(&[[varint(9 << 3), vec![0xff; 11]].concat()]), "read profile.proto: no field at byte 24");
    refused(&made(&[[varint(6 << 3 | 2), varint(u64::MAX)].concat()]), "read profile.proto: no field at byte 24");
}

#[test]
fn more_than_memory_should_hold_is_refused() {
    let too_deep = vec![1; pprof::MAX_DEPTH + 1];
    let location = message(4, &number(1, 1));
    refused(&made(&[location, sample(&too_deep, &[1])]), "read the profile: more than 65536 locations of a stack, at byte 32");
    let types = vec![message(1, &number(1, 1)); pprof::MAX_SAMPLE_TYPES];
    refused(&made(&types), "read the profile: more than 64 sample types, at byte 276");
    let mappings: Vec<Vec<u8>> = (1..=pprof::MAX_MAPPINGS as u64 + 1).map(|id| message(3, &number(1, id))).collect();
    assert!(matches!(pprof::read(&made(&mappings)), Err(Error::Limit { what: "mapping", .. })));
}

#[test]
fn calls_inlined_into_themselves_count_once_and_cannot_multiply() {
    let function = message(5, &[number(1, 1), number(2, 3)].concat());
    let into_itself = |lines: usize| [number(1, 1), message(4, &number(1, 1)).repeat(lines)].concat();
    let made =
        |lines: usize, deep: usize| made(&[function.clone(), message(4, &into_itself(lines)), sample(&vec![1; deep], &[5])]);
    let (profile, _) = pprof::read(&made(300, 200)).expect("a profile");
    let top = &top::by_function(&profile, &[0])[0];
    assert_eq!(top.rows.iter().map(|row| (row.flat, row.cum)).collect::<Vec<_>>(), [(5, 5)]);
    assert_eq!(profile.frames(profile.samples.stacks[0]).count(), 60_000);
    // Half a megabyte that would be four thousand million calls.
    refused(&made(65_000, 65_000), "read the profile: more than 65536 calls of a stack, at byte 260040");
}

#[test]
fn a_stream_that_inflates_without_end_is_refused() {
    let mut part = GzEncoder::new(Vec::new(), Compression::default());
    part.write_all(&vec![0; 1 << 20]).expect("memory");
    let bomb = part.finish().expect("memory").repeat((pprof::MAX_INFLATED_BYTES >> 20) as usize + 1);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    assert_eq!(pprof::read(&bomb).err(), Some(Error::TooLarge));
}

#[test]
fn broken_gzip_is_told_with_its_place() {
    let packed = bytes("1.26", "block.pb.gz");
    let mut claims_much = packed.clone();
    let len = claims_much.len();
    claims_much[len - 4..].fill(0xff);
    assert!(matches!(pprof::read(&claims_much), Err(Error::Gzip { offset, .. }) if offset <= len));
    let mut damaged = packed.clone();
    damaged[len / 2] ^= 0x55;
    assert!(pprof::read(&damaged).is_err());
    let mut followed = packed.clone();
    followed.extend(b"more");
    assert!(matches!(pprof::read(&followed), Err(Error::Gzip { offset, .. }) if offset >= len));
    // Two whole profiles in one file are not one.
    assert!(matches!(pprof::read(&[packed.clone(), packed].concat()), Err(Error::Concatenated(_) | Error::Duplicate { .. })));
    let mut empty = GzEncoder::new(Vec::new(), Compression::default());
    empty.write_all(b"").expect("memory");
    assert_eq!(pprof::read(&empty.finish().expect("memory")).err(), Some(Error::Empty));
}

#[test]
fn odd_parts_are_read_and_noted() {
    let functions = message(5, &[number(1, 1), number(2, 3), number(5, u64::MAX)].concat());
    let inlined = [number(1, 1), number(3, 77), message(4, &number(1, 1)), message(4, &[number(1, 1), number(2, 9)].concat())];
    let label = message(3, &[number(1, 1), number(3, u64::MAX)].concat());
    let labelled = message(2, &[message(1, &[1, 2]), message(2, &varint(u64::MAX)), label].concat());
    let bare = message(4, &[number(1, 2), number(3, 78)].concat());
    let (profile, notes) =
        pprof::read(&made(&[functions, message(4, &inlined.concat()), bare, labelled, number(7, 4), number(13, 3)]))
            .expect("a profile");
    let told: Vec<&str> = notes.iter().map(|note| &*note.text).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("failed to read drop_frames: ") && told[0].ends_with("; no frame is dropped"), "{told:?}");
    assert_eq!(told[1], "1 line or column numbers are none and read as unknown");
    assert_eq!(frames(&profile), ["f inlined", "f:9", "0x4e"]);
    assert_eq!((profile.total(0), &*profile.comments[0]), (-1, "f"));
}

fn frames(profile: &Profile) -> Vec<String> {
    let frames = profile.frames(profile.samples.stacks[0]);
    let shown = frames.map(|frame| {
        let line = frame.line.map_or(0, |line| line.line);
        let line = if line > 0 { format!(":{line}") } else { String::new() };
        format!("{}{line}{}", profile.frame_name(frame), if frame.inlined { " inlined" } else { "" })
    });
    shown.collect()
}
