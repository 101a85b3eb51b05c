//! Any text is read as go.mod, go.work and vendor/modules.txt, and any bytes as a file's build constraints, without panic.
#![no_main]

use herd_golang::load::constraint::{expression, of_header};
use herd_golang::load::{modfile, vendored};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let tag = |name: &str| name.len() % 2 == 0;
    let constraint = of_header(bytes, &tag);
    assert!(constraint.fault.is_none() || !constraint.holds);
    let text = String::from_utf8_lossy(bytes);
    if let Err(mistake) = expression(&text, &tag) {
        assert!(mistake.offset <= text.len());
    }
    let lines = text.split('\n').count();
    let file = modfile::parse(&text);
    assert!(file.faults.iter().all(|fault| (1..=lines).contains(&(fault.line as usize))));
    let vendored = vendored::parse(&text);
    assert!(vendored.packages.values().all(|at| *at < vendored.modules.len()));
});
