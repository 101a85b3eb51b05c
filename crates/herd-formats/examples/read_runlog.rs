//! Reads a runtime log and prints what was in it: what `cargo xtask bench runlog` measures.

use std::io::{Read, Write};

use herd_formats::runlog::RunlogReader;

fn main() -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for path in std::env::args().skip(1) {
        let mut file = std::fs::File::open(&path)?;
        let mut reader = RunlogReader::new();
        let mut piece = vec![0; 256 << 10];
        loop {
            match file.read(&mut piece)? {
                0 => break,
                len => reader.push(&piece[..len]),
            }
        }
        let logs = reader.finish();
        let (processes, torn, lost) = (logs.processes.len(), logs.torn, logs.lost);
        writeln!(stdout, "{} records of {processes} processes, {torn} torn, {lost} lost", logs.records)?;
    }
    Ok(())
}
