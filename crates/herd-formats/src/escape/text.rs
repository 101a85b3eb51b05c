//! What the compiler prints with `-m` and `-m=2` (`cmd/compile/internal/escape`, `escape.go`, `solve.go` and `graph.go`, Go 1.21 to 1.27):
//! `file:line:column: text`, packages apart by lines `# import/path`.
//!
//! The verdicts are `moved to heap: b` and `make([]byte, n) escapes to heap`. With `-m=2` an explanation stands before them:
//!
//! ```text
//! ./main.go:14:2: b escapes to heap in mk:
//! ./main.go:14:2:   flow: ~r0 ← &b:
//! ./main.go:14:2:     from return &b (return) at ./main.go:15:2
//! ./main.go:14:2: moved to heap: b
//! ```
//!
//! Until Go 1.24 the head ends at `heap:`. What an inlined function moves to the heap is told at the line of the call (`base.FmtPos` is
//! the outermost position), and by the allocation profile, too, at the outermost call of its location.

use super::gather::{Gather, Spot};
use super::{LeftOut, MAX_LINE_BYTES, lines};

const ESCAPES: &str = " escapes to heap";

/// An explanation of which not all steps were read.
struct Explanation {
    spot: Spot,
    what: String,
    why: String,
}

/// Reads a text; lines about anything else are passed over.
pub(super) fn read(text: &[u8], into: &mut Gather) -> LeftOut {
    let mut left_out = LeftOut::default();
    let mut package = String::new();
    let mut open: Option<Explanation> = None;
    for (offset, line) in lines(text) {
        if line.len() > MAX_LINE_BYTES {
            left_out.at(offset);
            continue;
        }
        let line = String::from_utf8_lossy(line);
        if let Some(name) = line.strip_prefix("# ") {
            // `go vet` and tests print `# pkg [pkg.test]`.
            name.split(' ').next().unwrap_or(name).clone_into(&mut package);
            continue;
        }
        let Some((path, number, column, told)) = place(&line) else { continue };
        if let Some(step) = told.strip_prefix("  ") {
            if let Some(known) = open.as_mut().filter(|known| (known.spot.line, known.spot.column) == (number, column)) {
                add_step(known, step);
            }
            continue;
        }
        close(&mut open, into);
        let told = told.trim_end();
        if told.ends_with(" does not escape") {
            into.log.stay += 1;
            continue;
        }
        let (verdict, head) = (value_of_verdict(told), value_of_head(told));
        let Some(what) = verdict.or(head) else { continue };
        let Some(file) = into.file(path, &package) else { continue };
        let spot = Spot { file, line: number, column };
        if head.is_some() {
            open = Some(Explanation { spot, what: what.to_owned(), why: String::new() });
        } else {
            into.verdict(spot, what, None);
        }
    }
    close(&mut open, into);
    left_out
}

fn close(open: &mut Option<Explanation>, into: &mut Gather) {
    if let Some(known) = open.take() {
        into.explained(known.spot, &known.what, &known.why, None);
    }
}

/// `file:line:column: text`; without a column after `-C`.
fn place(line: &str) -> Option<(&str, u32, u32, &str)> {
    let end = line.find(".go:")? + 3;
    let (number, rest) = figure(&line[end + 1..])?;
    let (column, rest) = figure(rest).unwrap_or((0, rest));
    let path = &line[..end];
    (number > 0).then_some((path, number, column, rest.strip_prefix(' ')?))
}

/// A number up to a colon, and what follows it.
fn figure(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_once(':')?;
    Some((digits.parse().ok()?, rest))
}

fn value_of_verdict(told: &str) -> Option<&str> {
    told.strip_prefix("moved to heap: ").or_else(|| told.strip_suffix(ESCAPES))
}

fn value_of_head(told: &str) -> Option<&str> {
    let head = told.strip_suffix(':')?;
    let at = head.rfind(ESCAPES)?;
    let function = &head[at + ESCAPES.len()..];
    (function.is_empty() || function.starts_with(" in ")).then_some(&head[..at])
}

/// Keeps the last step; that a value is spilled to the heap says no more than that it escapes.
fn add_step(known: &mut Explanation, step: &str) {
    let Some(step) = step.trim_start().strip_prefix("from ") else { return };
    if known.why.is_empty() || !step.contains(" (spill) at ") {
        step.trim_end().clone_into(&mut known.why);
    }
}
