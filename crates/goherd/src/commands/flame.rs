//! `goherd flame`: the call tree of all goroutines.

use herd_sinks::Format;

use crate::args::{FlameArgs, GlobalArgs};
use crate::exit::Exit;
use crate::{collect, output};

/// Collects and draws; a table unless a format or a file's ending asks for a drawing.
pub fn run(args: &FlameArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let targets = [args.target.clone()];
    let mut diagnosis = collect::diagnose("flame", &targets, &args.collect, None, global)?;
    let mut global = global.clone();
    if args.top {
        global.format = Some(crate::args::FormatArg(Format::Text));
    }
    output::print(&mut diagnosis.envelope, Some(&diagnosis.snapshot), Format::Text, Exit::Healthy, true, &global)?;
    Ok(Exit::Healthy)
}
