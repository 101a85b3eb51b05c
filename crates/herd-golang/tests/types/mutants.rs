//! Real packages with random mistakes in them: names exchanged, words taken out and put in. Nothing panics and all else stays known.

use std::path::Path;

use herd_golang::Interner;
use herd_golang::load::{Context, PackageId, program};
use herd_golang::types::{Types, Unit, check};

use crate::oracle::go_roots;

const PACKAGES: &[&str] =
    &["slices", "context", "sync", "encoding/json", "text/template", "go/constant", "iter", "net/url", "maps"];
/// Of each package.
const MUTANTS: u64 = 60;

#[test]
fn mistakes_at_random() {
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    for package in PACKAGES {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("go.mod"), "module example.com/mutant\n\ngo 1.27\n").expect("a file");
        let mut texts = Vec::new();
        for entry in std::fs::read_dir(goroot.join("src").join(package)).expect("a package") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            if name.ends_with(".go") && !name.ends_with("_test.go") {
                let text = std::fs::read_to_string(&path).expect("a file");
                std::fs::write(folder.path().join(&name), &text).expect("a file");
                texts.push((name, text));
            }
        }
        texts.sort();
        let mut context = Context::from_env();
        (context.cgo, context.goroot) = (false, Some(goroot.clone()));
        let loaded = program(folder.path(), &["./..."], &context);
        let (expressions, _) = counts(&loaded);
        for seed in 0..MUTANTS {
            let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
            let (name, text) = &texts[random.below(texts.len())];
            write(folder.path(), name, &mutant(text, &mut random));
            let (left, unknown) = counts(&loaded);
            write(folder.path(), name, text);
            assert!(left > 0 && unknown <= left && left < expressions * 2, "{package} {name} {seed}: {left}, {unknown}");
        }
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a file");
}

/// Expressions and unknown ones, found out on a small stack.
fn counts(loaded: &herd_golang::load::Program) -> (u32, u32) {
    let work = || {
        let names = Interner::new();
        let types = Types::new(loaded, &names);
        let checked = check(&types, PackageId(0), Unit::Package);
        checked.files.iter().fold((0, 0), |sum, file| (sum.0 + file.coverage.expressions, sum.1 + file.coverage.unknown))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn_scoped(scope, work).expect("a thread");
        thread.join().expect("no panic")
    })
}

/// A few words behind the imports exchanged, doubled or dropped.
fn mutant(text: &str, random: &mut Random) -> String {
    let head = text.rfind("\nimport ").or_else(|| text.find("\npackage ")).unwrap_or(0);
    let head = text[head..].find("\n\n").map_or(head, |at| head + at);
    let (head, body) = text.split_at(head);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        let len = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, behind) = rest.split_at(len);
        words.push(word);
        rest = behind;
    }
    for _ in 0..=random.below(8) {
        let (a, b) = (random.below(words.len()), random.below(words.len()));
        match random.below(4) {
            0 => words.swap(a, b),
            1 => words[a] = words[b],
            2 => words.insert(a, words[b]),
            _ => {
                words.remove(a);
            }
        }
    }
    format!("{head}{}", words.concat())
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).expect("below the bound")
    }
}
