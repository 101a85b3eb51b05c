//! What source eyes of locks and defers propose to write instead, applied to the text.

use std::path::Path;

use herd_golang::Interner;
use herd_golang::acts::{self, BodyId, KnownNames, Summaries};
use herd_golang::load::{self, Context, PackageId};
use herd_golang::types::{Types, Unit};
use herd_patterns::CATALOGUE;
use herd_patterns::source::{Package, Safety};

/// The text with the first cure that a pattern proposes, and how far that may be trusted.
fn cured(id: &str, source: &str) -> Option<(String, Safety)> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "go.mod", "module example.com/m\n\ngo 1.26\n");
    write(folder.path(), "m.go", source);
    let program = load::program(folder.path(), &["."], &Context::from_env());
    let names = Interner::new();
    let types = Types::new(&program, &names);
    let summaries = Summaries::default();
    let unit = acts::unit(&types, PackageId(0), Unit::Package, &KnownNames::new(&names), &summaries);
    let package = Package::new(unit, &summaries);
    let eye = CATALOGUE.iter().find(|pattern| pattern.id == id).and_then(|pattern| pattern.source).expect("a source eye");
    let repair = (0..package.unit.bodies.len()).find_map(|index| {
        let found = eye(&package.scene(BodyId(index as u32)));
        found.into_iter().find_map(|spotted| spotted.repair)
    })?;
    let mut text = source.to_owned();
    for edit in repair.edits.iter().rev() {
        text.replace_range(edit.span.start.offset() as usize..edit.span.end.offset() as usize, &edit.text);
    }
    Some((text, repair.safety))
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

const HEAD: &str = "package m\n\nimport \"sync\"\n\ntype box struct {\n\tmu sync.Mutex\n\tn  int\n}\n\n";

#[test]
fn a_lock_that_is_kept_is_given_back_when_the_function_ends() {
    let source = format!(
        "{HEAD}func (b *box) take() bool {{\n\tb.mu.Lock()\n\tif b.n == 0 {{\n\t\treturn false\n\t}}\n\tb.n--\n\tb.mu.Unlock()\n\treturn true\n}}\n"
    );
    let expected = format!(
        "{HEAD}func (b *box) take() bool {{\n\tb.mu.Lock()\n\tdefer b.mu.Unlock()\n\tif b.n == 0 {{\n\t\treturn false\n\t}}\n\tb.n--\n\treturn true\n}}\n"
    );
    assert_eq!(cured("DL006", &source), Some((expected, Safety::Unsafe)));
}

#[test]
fn a_lock_in_a_loop_is_not_put_off() {
    let source = format!(
        "{HEAD}func all(boxes []*box) int {{\n\tn := 0\n\tfor _, b := range boxes {{\n\t\tb.mu.Lock()\n\t\tif b.n == 0 {{\n\t\t\tcontinue\n\t\t}}\n\t\tn += b.n\n\t\tb.mu.Unlock()\n\t}}\n\treturn n\n}}\n"
    );
    assert_eq!(cured("DL006", &source), None);
}

#[test]
fn a_section_that_is_empty_gets_its_defer() {
    let source = format!("{HEAD}func (b *box) add() {{\n\tb.mu.Lock()\n\tb.mu.Unlock()\n\tb.n++\n}}\n");
    let expected = source.replace("\tb.mu.Unlock()", "\tdefer b.mu.Unlock()");
    assert_eq!(cured("LO007", &source), Some((expected, Safety::Unsafe)));
}

#[test]
fn rounds_that_put_something_off_become_functions() {
    let source = format!(
        "{HEAD}func (b *box) follow(changes <-chan int) {{\n\tfor c := range changes {{\n\t\tb.mu.Lock()\n\t\tdefer b.mu.Unlock()\n\t\tb.n = c\n\t}}\n}}\n"
    );
    let expected = source.replace("range changes {", "range changes { func() {").replace("= c\n\t}", "= c\n\t}() }");
    assert_eq!(cured("LO002", &source), Some((expected, Safety::Unsafe)));
}

#[test]
fn a_parameter_by_value_becomes_a_pointer() {
    let source = format!("{HEAD}func look(b box) int {{\n\treturn b.n\n}}\n");
    let expected = source.replace("(b box)", "(b *box)");
    assert_eq!(cured("LO001", &source), Some((expected, Safety::DisplayOnly)));
}

#[test]
fn recover_is_called_by_a_function_that_is_deferred() {
    let source = "package m\n\nfunc f(g func()) {\n\tdefer recover()\n\tg()\n}\n";
    let expected = source.replace("defer recover()", "defer func() { _ = recover() }()");
    assert_eq!(cured("LO003", source), Some((expected, Safety::Unsafe)));
}
