//! What a copy shows against what the program prints of itself.

use herd_live::Budget;

use crate::program::{Program, newest};

/// A machine that runs tests may be slow to stop threads.
pub const PATIENT: Budget = Budget { base_ns: 10_000_000_000, gb_ns: 0 };

#[test]
fn an_idle_program() {
    let toolchain = newest();
    let program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "3"]);
    let reading = herd_live::frozen(program.pid(), &PATIENT).expect("a reading");
    println!("stopped {:?} ns", reading.stopped_ns);
    assert!(reading.snapshot.goroutines > 60);
}
