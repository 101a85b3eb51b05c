//! Reads an execution trace and says what it holds, one line a kind of event: `read_trace FILE`. What reading alone costs, without
//! analysis.

use std::io::Write;

use herd_formats::trace::{self, Times};
use herd_model::{TraceEvent, TraceGeneration, TraceTables, TraceVisitor};

/// Sees all events and keeps what it must, so that no work is left out.
#[derive(Default)]
struct Last {
    events: u64,
    last_ns: u64,
}

impl TraceVisitor for Last {
    fn generation(&mut self, _: &TraceTables, _: &TraceGeneration) {}

    fn event(&mut self, _: &TraceTables, event: &TraceEvent) {
        self.events += 1;
        self.last_ns = self.last_ns.max(event.at_ns);
    }

    fn another_trace(&mut self, _: &TraceTables) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: read_trace FILE")?;
    let file = std::fs::File::open(&path).map_err(|error| format!("open {path}: {error}"))?;
    let mut last = Last::default();
    let mut tables = TraceTables::new();
    let summary = trace::read(file, Times::Recorded, &mut tables, &mut last)?;
    let mut text = std::io::stdout().lock();
    writeln!(
        text,
        "format {}, {} generations, {} bytes, last at {} ns",
        summary.format, summary.generations, summary.bytes, last.last_ns
    )?;
    for (kind, count) in (0_u8..).zip(summary.events.iter()).filter(|(_, count)| **count > 0) {
        writeln!(text, "{count:>12} {}", trace::kind_name(kind))?;
    }
    for loss in &summary.losses.kept {
        writeln!(text, "lost at byte {}: {:?}, {} bytes", loss.offset, loss.lost, loss.bytes)?;
    }
    writeln!(text, "{} shown, {} out of order", last.events, summary.losses.out_of_order)?;
    Ok(())
}
