//! An answer is given again while nothing has changed, and no longer.

use std::path::Path;
use std::time::{Duration, SystemTime};

use herd_diagnose::lint::Options;
use herd_diagnose::lint_kept::{Keep, lint_kept};
use herd_diagnose::lint_rules::Rules;
use herd_golang::load::Context;
use herd_model::Envelope;

const TWICE: &str = "package m\n\nimport \"sync\"\n\nvar mu sync.Mutex\n\nfunc twice() {\n\tmu.Lock()\n\tmu.Lock()\n}\n";
const ONCE: &str = "package m\n\nimport \"sync\"\n\nvar mu sync.Mutex\n\nfunc once() {\n\tmu.Lock()\n\tmu.Unlock()\n}\n";

/// Writes a file as of an hour ago: what is new may change while it is read, and is not relied on.
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    let file = std::fs::File::options().write(true).open(path).expect("open");
    file.set_modified(SystemTime::now() - Duration::from_hours(1)).expect("dated");
    let folder = std::fs::File::open(path.parent().expect("a folder")).expect("open");
    folder.set_modified(SystemTime::now() - Duration::from_hours(1)).expect("dated");
}

fn asked(folder: &Path, keep: &Path, context: &Context, rules: &Rules) -> Envelope {
    let options = Options { context, rules, unused: false, spawns: false, deadlines: false, version: "0.0.0" };
    lint_kept(folder, &["./..."], &options, Keep { folder: keep, build: "one" })
}

/// Puts a mark into the kept answer, so that an answer that is given again shows it.
fn mark(keep: &Path) {
    let mut marked = 0;
    for entry in std::fs::read_dir(keep).expect("answers") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("read");
        std::fs::write(&path, text.replace("\"0.0.0\"", "\"kept\"")).expect("written");
        marked += 1;
    }
    assert!(marked > 0, "nothing was kept");
}

fn is_kept(envelope: &Envelope) -> bool {
    serde_json::to_string(envelope).expect("JSON").contains("\"kept\"")
}

type Change<'a> = (&'a str, Box<dyn Fn() + 'a>);

#[test]
fn nothing_but_a_change_makes_an_answer_anew() {
    let (source, keep) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (source, keep) = (source.path(), keep.path());
    write(&source.join("go.mod"), "module example.com/m\n\ngo 1.26\n");
    write(&source.join("m.go"), TWICE);
    let (context, rules) = (Context::from_env(), Rules::every());
    let first = asked(source, keep, &context, &rules);
    assert_eq!(first.findings.len(), 1);
    mark(keep);
    let second = asked(source, keep, &context, &rules);
    assert!(is_kept(&second));
    assert_eq!(second.findings, first.findings);
    // Each of these is a change.
    let changes: [Change<'_>; 5] = [
        ("a file", Box::new(|| write(&source.join("m.go"), ONCE))),
        ("a file of the same length and time", Box::new(|| write(&source.join("m.go"), &ONCE.replace("once", "ecno")))),
        ("a new file", Box::new(|| write(&source.join("n.go"), "package m\n"))),
        ("a file that goes", Box::new(|| std::fs::remove_file(source.join("n.go")).expect("gone"))),
        ("go.mod", Box::new(|| write(&source.join("go.mod"), "module example.com/m\n\ngo 1.25\n"))),
    ];
    for (name, change) in changes {
        change();
        // As long ago as all else.
        write(&source.join("go.sum"), "");
        assert!(!is_kept(&asked(source, keep, &context, &rules)), "{name}");
        mark(keep);
        assert!(is_kept(&asked(source, keep, &context, &rules)), "{name}, and then nothing");
    }
    let tagged = Context { tags: vec!["special".into()], ..context.clone() };
    assert!(!is_kept(&asked(source, keep, &tagged, &rules)), "another question");
    for entry in std::fs::read_dir(keep).expect("answers") {
        std::fs::write(entry.expect("an entry").path(), "{").expect("written");
    }
    assert!(!is_kept(&asked(source, keep, &context, &rules)), "a broken answer");
}

#[test]
fn what_changes_while_it_is_read_is_not_kept() {
    let (source, keep) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (source, keep) = (source.path(), keep.path());
    write(&source.join("go.mod"), "module example.com/m\n\ngo 1.26\n");
    write(&source.join("m.go"), TWICE);
    let ahead = std::fs::File::options().write(true).open(source.join("m.go")).expect("open");
    ahead.set_modified(SystemTime::now() + Duration::from_hours(1)).expect("dated");
    asked(source, keep, &Context::from_env(), &Rules::every());
    assert!(!keep.exists() || std::fs::read_dir(keep).expect("a folder").next().is_none());
}
