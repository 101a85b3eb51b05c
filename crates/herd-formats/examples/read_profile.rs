//! Reads profiles, merges them when there are several, and says what they hold: `read_profile FILE… [--write OUT] [--type NAME]`.
//! With `--write` the merged profile is written as profile.proto.

use std::io::Write;
use std::path::PathBuf;

use herd_analysis::top;
use herd_formats::{pprof, write};

const ROWS: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (mut files, mut out, mut sample_type) = (Vec::new(), None, None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--write" => out = Some(PathBuf::from(args.next().ok_or("--write needs a file")?)),
            "--type" => sample_type = Some(args.next().ok_or("--type needs a name")?),
            _ => files.push(PathBuf::from(arg)),
        }
    }
    let mut notes = Vec::new();
    let bytes = |file: &PathBuf| std::fs::read(file).map_err(|error| format!("read {}: {error}", file.display()));
    let failed = |error: pprof::Error| format!("failed to {error}");
    let profile = if let [file] = &files[..] {
        let (profile, said) = pprof::read_from(std::fs::File::open(file)?, None)?.map_err(failed)?;
        notes.extend(said);
        profile
    } else {
        let mut merge = pprof::Merge::default();
        for file in &files {
            notes.extend(merge.add_bytes(&bytes(file)?).map_err(failed)?);
        }
        merge.finish().map_err(failed)?
    };
    if let Some(out) = out {
        std::fs::write(out, write::profile::proto(&profile))?;
        return Ok(());
    }
    let index = match sample_type {
        Some(name) => profile.sample_index(&name).ok_or("no such sample type")?,
        None => profile.default_index(),
    };
    let tops = top::by_function(&profile, &[index]);
    let top = tops.first().ok_or("no sum")?;
    let mut text = std::io::stdout().lock();
    let (samples, stacks) = (profile.samples.len(), profile.stacks.len());
    writeln!(text, "{}: {samples} samples, {stacks} stacks, total {}", profile.kind.as_str(), top.total)?;
    for row in top.rows.iter().take(ROWS) {
        writeln!(text, "{:>16} {:>16} {}", row.flat, row.cum, top::place_name(&profile, row.at))?;
    }
    for note in notes {
        writeln!(text, "note at {:?}: {}", note.offset, note.text)?;
    }
    Ok(())
}
