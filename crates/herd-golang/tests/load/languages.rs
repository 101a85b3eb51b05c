//! The language of each file: its module's, raised or lowered by its own build line, as go/types has it.

use herd_golang::load::{Context, Language, program};
use serde_json::json;

use crate::oracle::ask;

#[test]
fn files_as_go_types_sees_them() {
    let lines = [
        "",
        "//go:build go1.22",
        "//go:build go1.18",
        "//go:build go1.25 && linux",
        "//go:build go1.24 || linux",
        "//go:build !go1.22 || go1.24",
        "//go:build go1 || go1.22",
        "// +build go1.23",
        "//go:build go1.26\n//go:generate x",
    ];
    let variable = |name: &str| match name {
        "GOOS" => Some("linux".to_owned()),
        "GOROOT" => Some(crate::go::goroot().display().to_string()),
        _ => None,
    };
    let context = Context::from_variables(&variable);
    for module in ["1.16", "1.20", "1.21", "1.22.3", "1.24rc1", "1.26.0"] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("go.mod"), format!("module m\n\ngo {module}\n")).expect("write");
        let mut questions = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let text = format!("// Text.\n\n{line}\n\npackage p\n");
            std::fs::write(folder.path().join(format!("f{at}.go")), &text).expect("write");
            questions.push(json!({"kind": "language", "name": format!("go{module}"), "text": text}));
        }
        let loaded = program(folder.path(), &["."], &context);
        for (at, answer) in ask(&questions, &[]).iter().enumerate() {
            let name = format!("f{at}.go");
            let file =
                loaded.packages[0].files.iter().find(|file| *file.name == *name).unwrap_or_else(|| panic!("{name} takes part"));
            let theirs = Language::parse(answer["go"].as_str().expect("a version"));
            assert_eq!(Some(file.language), theirs, "go {module}, {:?}", lines[at]);
        }
    }
}
