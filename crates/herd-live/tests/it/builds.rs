//! Builds without symbols, at any address, with C, and of several modules.

use crate::program::{Program, outermost, toolchains};
use crate::same::assert_same;

#[test]
fn stripped_and_position_independent() {
    let builds: [(&str, &[&str]); 4] = [
        ("stripped", &["-ldflags=-s -w"]),
        ("pie", &["-buildmode=pie"]),
        ("pie-stripped", &["-buildmode=pie", "-ldflags=-s -w"]),
        ("trimmed", &["-trimpath", "-ldflags=-w"]),
    ];
    for toolchain in toolchains() {
        for (name, args) in builds {
            let mut program = Program::start(&toolchain.build("parked", name, args, false), &["-n", "3"]);
            let reading =
                herd_live::process(program.pid()).unwrap_or_else(|error| panic!("Go {} {name}: {error}", toolchain.minor));
            assert_same(&reading.snapshot, &program.stacks(), toolchain.number() >= 26);
        }
    }
}

/// Calls into C, back from C, and from a thread C has started.
#[test]
fn with_c() {
    for toolchain in outermost() {
        let mut program = Program::start(&toolchain.build("withc", "cgo", &[], true), &[]);
        let reading = herd_live::process(program.pid()).expect("a reading");
        assert_same(&reading.snapshot, &program.stacks(), toolchain.number() >= 26);
        let called = reading
            .snapshot
            .stacks
            .iter()
            .filter(|stack| stack.frames.iter().any(|frame| reading.snapshot.func(*frame) == "main.goCall"));
        assert!(called.count() >= 2, "a goroutine C calls and one of a thread of C");
    }
}

/// A plugin's functions are in a module of their own.
#[test]
fn with_a_plugin() {
    let toolchain = crate::program::newest();
    let plugin = toolchain.build("plugin", "so", &["-buildmode=plugin"], true);
    let host = toolchain.build("host", "cgo", &[], true);
    let mut program = Program::start(&host, &[plugin.to_str().expect("a path")]);
    let reading = herd_live::process(program.pid()).expect("a reading");
    assert_same(&reading.snapshot, &program.stacks(), toolchain.number() >= 26);
    let held = reading
        .snapshot
        .stacks
        .iter()
        .any(|stack| stack.frames.iter().any(|frame| reading.snapshot.file(*frame).ends_with("plugin/plugin.go")));
    assert!(held, "a goroutine waits in the plugin");
}
