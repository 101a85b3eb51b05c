//! `drop_frames` and `keep_frames`: what of a stack the writer of a profile calls uninteresting.
//!
//! The rules are those of google/pprof `profile/prune.go`, `Prune`: a function that matches is left out with all it calls, unless no
//! frame outside of it would remain.

use regex_lite::{Regex, RegexBuilder};

/// Bytes an expression may have; those google/pprof puts in itself have 1,300.
const MAX_EXPRESSION_BYTES: usize = 16 << 10;
/// Bytes an expression may compile to, so that `((a{99}){99}){99}` is refused.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// What to leave out.
pub struct Prune {
    drop: Regex,
    keep: Option<Regex>,
}

/// What becomes of a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It stays.
    No,
    /// It stays without its inner lines, but what it calls goes.
    Beneath,
    /// It goes with all it calls.
    Whole,
}

impl Prune {
    /// The rules of these two expressions; `None` when there is nothing to drop, an error that fits after "failed to" when one cannot
    /// be read.
    pub fn new(drop: &str, keep: &str) -> Result<Option<Self>, String> {
        if drop.is_empty() {
            return Ok(None);
        }
        let keep = if keep.is_empty() { None } else { Some(compiled("keep_frames", keep)?) };
        Ok(Some(Prune { drop: compiled("drop_frames", drop)?, keep }))
    }

    /// Whether a function of this name goes.
    pub fn drops(&self, function: &str) -> bool {
        let name = simple(function);
        self.drop.is_match(name) && !self.keep.as_ref().is_some_and(|keep| keep.is_match(name))
    }
}

fn compiled(field: &str, expression: &str) -> Result<Regex, String> {
    if expression.len() > MAX_EXPRESSION_BYTES {
        return Err(format!("read {field}: more than {MAX_EXPRESSION_BYTES} bytes"));
    }
    let mut builder = RegexBuilder::new(&format!("^({expression})$"));
    builder.size_limit(MAX_COMPILED_BYTES).build().map_err(|error| format!("read {field}: {error}"))
}

/// A C++ or Go name up to its first parenthesis, those of the two reserved names aside.
fn simple(function: &str) -> &str {
    let name = function.strip_prefix('.').unwrap_or(function);
    let mut from = 0;
    while let Some(open) = name[from..].find(['(', 'o']).map(|at| from + at) {
        let rest = &name[open..];
        let reserved = ["(anonymous namespace)", "operator()"].iter().find(|reserved| rest.starts_with(**reserved));
        match reserved {
            Some(reserved) => from = open + reserved.len(),
            None if rest.starts_with('(') => return &name[..open],
            None => from = open + 1,
        }
    }
    name
}

/// How many of the innermost locations of a stack go. Nothing goes that stands outside of all that stays.
pub fn pruned_len(stack: &[Cut]) -> usize {
    let mut found_user = false;
    for (at, cut) in stack.iter().enumerate().rev() {
        match cut {
            Cut::No => found_user = true,
            Cut::Beneath if found_user => return at,
            Cut::Whole if found_user => return at + 1,
            Cut::Beneath | Cut::Whole => {}
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_at_their_arguments() {
        for (name, expect) in [
            ("runtime.mallocgc", "runtime.mallocgc"),
            (".foo(int)", "foo"),
            ("(anonymous namespace)::f(int)", "(anonymous namespace)::f"),
            ("operator()(x)", "operator()"),
            ("main.(*T).f", "main."),
        ] {
            assert_eq!(simple(name), expect);
        }
    }

    #[test]
    fn what_is_no_expression_is_said() {
        assert!(Prune::new("(", "").is_err_and(|text| text.starts_with("read drop_frames: ")));
        assert!(Prune::new("((((a{99}){99}){99}){99}){99}", "").is_err());
        assert!(Prune::new("", "(").expect("nothing to drop").is_none());
    }

    #[test]
    fn a_stack_of_dropped_frames_only_stays() {
        assert_eq!(pruned_len(&[Cut::Whole, Cut::Whole]), 0);
        assert_eq!(pruned_len(&[Cut::No, Cut::Whole, Cut::No]), 2);
        assert_eq!(pruned_len(&[Cut::Whole, Cut::Beneath, Cut::No]), 1);
        assert_eq!(pruned_len(&[Cut::Whole, Cut::No, Cut::Whole]), 1);
    }
}
