//! However an input is cut into pieces or parts, the answer is the same.

mod support;

use herd_formats::dump::{self, DumpReader, Parsed, PartReader, Wants};
use proptest::prelude::*;
use support::{all_recorded, recorded, render};

fn in_pieces(bytes: &[u8], sizes: &[usize]) -> Parsed {
    let mut reader = DumpReader::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).clamp(1, rest.len()));
        reader.push(piece);
        rest = after;
    }
    reader.finish()
}

fn in_parts(bytes: &[u8], parts: u64, piece: usize) -> Parsed {
    let len = bytes.len() as u64;
    let read = |range: std::ops::Range<u64>| {
        let from = usize::try_from(range.start).expect("fits");
        let mut reader = PartReader::new(range, len);
        for piece in bytes[from..].chunks(piece) {
            if reader.push(piece) == Wants::Nothing {
                break;
            }
        }
        reader.finish()
    };
    dump::join(dump::split_points(len, parts).into_iter().map(read).collect())
}

/// All recordings of a version one after another, some more than once: dumps, crashes, profiles, logs.
fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for minor in [21, 24, 26, 27] {
        let prefix = format!("go1.{minor}.");
        let texts: Vec<Vec<u8>> =
            all_recorded(".txt").iter().filter(|name| name.starts_with(&prefix)).map(|name| recorded(name)).collect();
        inputs.push(texts.join(&b"\n"[..]));
        let debug2 = recorded(&format!("go1.{minor}.debug2.txt"));
        inputs.push([debug2.as_slice(), &debug2, &debug2].join(&b"\n"[..]));
        inputs.push([b"2026-11-21T11:02:03Z\n".as_slice(), &debug2, b"\n2026-11-21T11:02:04Z\n", &debug2].concat());
        inputs.push(
            debug2
                .split(|byte| *byte == b'\n')
                .map(|line| [b"web-1 api[7]: ", line, b"\n"].concat())
                .collect::<Vec<_>>()
                .concat(),
        );
    }
    let debug2 = recorded("go1.26.debug2.txt");
    let spaced = debug2.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\n\n"[..]);
    inputs.push([spaced.as_slice(), b"\n\n", &spaced].concat());
    inputs.push(layouts(&debug2));
    inputs
}

/// Writers in turn, a paste without indentation and one without colons, each between dumps in clear.
fn layouts(debug2: &[u8]) -> Vec<u8> {
    let plain = String::from_utf8(debug2.to_vec()).expect("UTF-8");
    let in_turn: String =
        plain.lines().flat_map(|line| ["web-1  | ", line, "\nweb-2  | ", line, "\nweb-1  | tick\n\n"]).collect();
    let flat = plain.replace('\t', "");
    let bare = plain.replace("]:\n", "]\n");
    [&plain, &in_turn, &plain, &flat, &bare, &plain, &in_turn, &flat].map(String::as_str).join("\n").into_bytes()
}

#[test]
fn byte_by_byte() {
    for input in inputs() {
        assert_eq!(render(&in_pieces(&input, &[1])), render(&dump::parse(&input)));
    }
}

#[test]
fn two_to_nine_parts() {
    for input in inputs() {
        let whole = render(&dump::parse(&input));
        for parts in 2..10 {
            assert_eq!(render(&in_parts(&input, parts, 1000)), whole, "{parts} parts");
        }
    }
}

/// The id of an unreadable header behind a running goroutine says as much of where dumps divide as that of a readable one.
#[test]
fn parts_that_meet_at_an_unreadable_header() {
    let dump = String::from_utf8(recorded("go1.26.debug2.txt")).expect("UTF-8");
    let first_end = dump.find("\n\n").expect("several goroutines") + 2;
    let (first, others) = dump.split_at(first_end);
    let broken = others.replacen(" [", " s[", 1);
    for prefix in ["m", ""] {
        let input = format!("{others}\n{prefix}{first}{broken}");
        let whole = render(&dump::parse(input.as_bytes()));
        assert_eq!(render(&in_pieces(input.as_bytes(), &[7])), whole);
        for parts in 2..30 {
            assert_eq!(render(&in_parts(input.as_bytes(), parts, 100)), whole, "{parts} parts, prefix {prefix:?}");
        }
    }
}

/// What the fast way leaves out of a stack's hash must not change how the stack is read: each line here differs there only, and
/// some of them are other stacks.
#[test]
fn lines_that_look_alike_to_the_hash() {
    let block = |creator: &str, call: &str, file: &str| {
        format!("goroutine 9 [chan receive]:\n{call}\n{file}\ncreated by {creator}\n\tmain.go:5 +0x3\n\n")
    };
    let (call, file, creator) = ("main.work(0xc000012345)", "\tmain.go:17 +0x1b", "main.main in goroutine 1");
    let digits = "3".repeat(40);
    let mut input = block(creator, call, file).repeat(3);
    for creator in ["main.main in goroutine ", &format!("main.main in goroutine {digits}"), "main.main in goroutine 1x"] {
        input += &block(creator, call, file);
    }
    for call in ["main.work(", "main.work(*T).f", "main.work(0x1", "(main.work)", "(x)", "main.work(...)"] {
        input += &block(creator, call, file);
    }
    for file in [
        "\tmain.go:17 +0x1%b",
        "\tmain.go:17 +0x1b fp=0x1 sp=0x2 pc=0x3",
        "\tmain.go:17 +0x1b fp=0x1",
        "    /a (b)/main.go:17",
        "    /a (b)/main.go:18",
        "\tmain.go:17",
    ] {
        input += &block(creator, call, file);
    }
    input += &block(creator, call, file);
    let whole = render(&dump::parse(input.as_bytes()));
    assert_eq!(dump::parse(input.as_bytes()).snapshots[0].goroutines().count(), 19);
    for parts in 2..20 {
        assert_eq!(render(&in_parts(input.as_bytes(), parts, 50)), whole, "{parts} parts");
    }
}

/// That no goroutine has a creator is known of the whole input only.
#[test]
fn the_last_part_alone_cannot_tell_a_cut() {
    let dump = String::from_utf8(recorded("go1.26.debug2.txt")).expect("UTF-8");
    let cut = format!("{}\n\ngoroutine 99 [chan receive]:\nmain.work()\n\tmain.go:17 +0x1b\n", dump.trim_end());
    let whole = render(&dump::parse(cut.as_bytes()));
    assert!(dump::parse(cut.as_bytes()).snapshots[0].truncated.is_some());
    for parts in 2..20 {
        assert_eq!(render(&in_parts(cut.as_bytes(), parts, 1000)), whole, "{parts} parts");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_any_size(index in 0usize..18, sizes in prop::collection::vec(1usize..5000, 1..20)) {
        let inputs = inputs();
        let input = &inputs[index % inputs.len()];
        prop_assert_eq!(render(&in_pieces(input, &sizes)), render(&dump::parse(input)));
    }

    #[test]
    fn parts_of_a_cut_input(index in 0usize..18, parts in 1u64..12, piece in 1usize..3000, cut in 0.0f64..1.0) {
        let inputs = inputs();
        let input = &inputs[index % inputs.len()];
        let input = &input[..(input.len() as f64 * cut) as usize];
        prop_assert_eq!(render(&in_parts(input, parts, piece)), render(&dump::parse(input)));
    }
}
