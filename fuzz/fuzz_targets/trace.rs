//! Any bytes are read and measured as an execution trace without panic; read byte by byte and with Go's times, they hold the same events.
#![no_main]

use std::io::Read;

use herd_formats::trace::{self, Times};
use herd_model::{TraceEvent, TraceGeneration, TraceTables, TraceVisitor};
use libfuzzer_sys::fuzz_target;

/// Gives a few bytes at a time.
struct Dripping<'a>(&'a [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let len = to.len().min(7);
        self.0.read(&mut to[..len])
    }
}

#[derive(Default)]
struct Seen {
    events: u64,
    last_ns: u64,
    rising: bool,
}

impl TraceVisitor for Seen {
    fn generation(&mut self, _: &TraceTables, _: &TraceGeneration) {}

    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        self.rising &= self.events == 0 || event.at_ns >= self.last_ns;
        self.events += 1;
        self.last_ns = event.at_ns;
        let _ = tables;
    }

    fn another_trace(&mut self, _: &TraceTables) {
        // Another trace has a clock of its own.
        self.last_ns = 0;
    }
}

fuzz_target!(|bytes: &[u8]| {
    let read = |times| {
        let mut seen = Seen { rising: true, ..Seen::default() };
        trace::read(bytes, times, &mut TraceTables::new(), &mut seen).map(|summary| (summary, seen))
    };
    let Ok((summary, seen)) = read(Times::Recorded) else { return };
    let (again, go) = read(Times::Go).expect("the same bytes");
    assert_eq!((summary.events, &summary.losses, seen.events), (again.events, &again.losses, go.events));
    assert!(go.rising, "an event of Go's times is earlier than the one before");
    let mut drip = Seen::default();
    let dripped = trace::read(Dripping(bytes), Times::Recorded, &mut TraceTables::new(), &mut drip).expect("the same bytes");
    assert_eq!((summary.losses, seen.events, seen.last_ns), (dripped.losses, drip.events, drip.last_ns));
});
