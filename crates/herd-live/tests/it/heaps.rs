//! The memory profile read from memory against the one the program writes itself.

use std::collections::BTreeMap;

use herd_formats::pprof;
use herd_live::LiveError;
use herd_model::{LabelValue, NameId, Profile};

use crate::cores::core_of;
use crate::program::{Program, Toolchain, newest, outermost, toolchains};

/// A call: function, linker's name, file, line, line the function starts at, whether it is inlined into the next.
type Call = (String, String, String, u32, u32, bool);

/// Values of each stack and size, by the calls.
type Rows = BTreeMap<(Vec<Call>, i64), Vec<i64>>;

/// What a profile says, without the numbers it gives to things.
fn rows(profile: &Profile) -> Rows {
    let mut rows = Rows::new();
    let text = |name: NameId| profile.names.text(name).to_owned();
    for row in 0..profile.samples.len() {
        let frames = profile.frames(profile.samples.stacks[row]).map(|frame| {
            let line = frame.line.expect("a call");
            let function = profile.functions[line.function.0 as usize];
            let (name, system) = (text(function.name), text(function.system_name));
            (name, system, text(function.file), line.line, function.start_line, frame.inlined)
        });
        let labels = &profile.label_sets[profile.samples.labels[row].0 as usize];
        let size = labels.iter().find(|label| profile.names.text(label.key) == "bytes").map(|label| label.value);
        let size = if let Some(LabelValue::Number(size, _)) = size { size } else { 0 };
        let sums = rows.entry((frames.collect(), size)).or_insert_with(|| vec![0; profile.sample_types.len()]);
        for (sum, column) in sums.iter_mut().zip(&profile.samples.values) {
            *sum += column[row];
        }
    }
    rows
}

#[track_caller]
fn assert_same(read: &Profile, own: &Profile, what: &str) {
    assert_eq!(read.sample_types, own.sample_types, "{what}");
    assert_eq!((read.kind, read.period, &read.period_type), (own.kind, own.period, &own.period_type), "{what}");
    assert_eq!(read.default_sample_type, own.default_sample_type, "{what}");
    let (read, own) = (rows(read), rows(own));
    for (key, values) in &own {
        assert_eq!(read.get(key), Some(values), "{what}: {key:#?}");
    }
    let more: Vec<_> = read.keys().filter(|key| !own.contains_key(*key)).collect();
    assert!(more.is_empty(), "{what}: {more:#?}");
    assert!(!own.is_empty(), "{what}");
}

fn own(program: &mut Program) -> Profile {
    let path = program.folder().join("heap");
    program.tell(&format!("heap {}", path.display()));
    pprof::read(&std::fs::read(&path).expect("its own profile")).expect("a profile").0
}

fn start(toolchain: &Toolchain, args: &[&str]) -> Program {
    Program::start(&toolchain.build("retain", "plain", &[], false), args)
}

#[test]
fn the_same_as_its_own() {
    for toolchain in toolchains() {
        // The runtime's own distance, one at which small objects are scaled, and all of them.
        for rate in ["524288", "4096", "1"] {
            let mut program = start(&toolchain, &["-rate", rate]);
            let read = herd_live::heap::process(program.pid()).expect("a reading");
            assert!(!read.torn);
            assert_same(&read.profile, &own(&mut program), &format!("Go {} at {rate}", toolchain.minor));
        }
    }
}

#[test]
fn before_the_first_collection() {
    for toolchain in outermost() {
        let mut command = std::process::Command::new(toolchain.build("retain", "plain", &[], false));
        let mut program = Program::launch({
            command.args(["-collect=false"]).env("GOGC", "off");
            command
        });
        let read = herd_live::heap::process(program.pid()).expect("a reading").profile;
        // What the profile's own writing allocates counts at once there, and nothing it freed is known.
        let own = own(&mut program);
        let blocks = |profile: &Profile| -> Vec<i64> {
            let large = rows(profile).into_iter().filter(|((_, size), _)| *size >= 8 << 20);
            large.flat_map(|(_, values)| values).collect()
        };
        assert_eq!(blocks(&read), blocks(&own));
        assert!(!blocks(&read).is_empty());
    }
}

#[test]
fn of_a_core_file() {
    for toolchain in outermost() {
        for (name, args) in [("plain", &[][..]), ("pie", &["-buildmode=pie"][..])] {
            let mut program = Program::start(&toolchain.build("retain", name, args, false), &["-rate", "4096"]);
            let core = core_of(&program);
            let read = herd_live::heap::core(&core, None, None).expect("a reading");
            assert_same(&read.profile, &own(&mut program), &format!("core of Go {}", toolchain.minor));
        }
    }
}

#[test]
fn what_tells_nothing() {
    let toolchain = newest();
    let program = Program::start(&toolchain.build("retain", "stripped", &["-ldflags=-s -w"], false), &[]);
    let stripped = herd_live::heap::process(program.pid()).expect_err("no symbol names it");
    assert!(matches!(stripped, LiveError::NoProfile(_)), "{stripped}");
    let program = start(&toolchain, &["-rate", "0"]);
    let never = herd_live::heap::process(program.pid()).map(|read| read.profile.total(0));
    // What was allocated before the program said so is in it.
    assert!(matches!(never, Ok(_) | Err(LiveError::NotSampled(_))), "{never:?}");
}
