//! Any bytes are read as a Go file without panic, as much of it as is asked for, and every node stands somewhere in it.
#![no_main]

use herd_golang::ast::Node;
use herd_golang::{Descend, Interner, Mode, parse, walk};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let names = Interner::new();
    for mode in [Mode::Full, Mode::Declarations, Mode::Imports] {
        let file = parse(bytes.to_vec(), &names, mode);
        assert!(file.errors.iter().all(|error| error.offset as usize <= bytes.len()));
        walk(&file, Node::File, |node| {
            if let Some(span) = file.span(node) {
                assert!(span.start <= span.end, "{node:?} {span:?}");
                assert!(span.end.offset() as usize <= bytes.len() + 1, "{node:?} {span:?}");
                assert!(file.position(span.start).column > 0);
            }
            Descend::Into
        });
        assert_eq!(file.directives().count(), file.comments.iter().filter(|comment| file.directive(**comment).is_some()).count());
    }
});
