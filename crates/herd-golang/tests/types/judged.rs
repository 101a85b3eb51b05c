//! What Go's own type checker is tested with.

use crate::oracle::{Question, compare, go_roots, newest, write};

/// Texts of Go's own tests of its type checker, of which many are wrong on purpose: what stands on lines without a mistake is judged the
/// same, with these exceptions.
#[test]
fn what_the_go_type_checker_is_tested_with() {
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    let testdata = goroot.join("src/internal/types/testdata");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().canonicalize().expect("a folder");
    write(&path, "go.mod", &format!("module example.com/odd\n\ngo {}\n", newest()));
    let mut count = 0;
    for class in ["check", "examples", "fixedbugs", "spec"] {
        for entry in std::fs::read_dir(testdata.join(class)).expect("Go's test data") {
            let file = entry.expect("an entry").path();
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
            // Flags of the test on the first line would be a constraint on the file.
            write(&path, &format!("{class}_{stem}/x.go"), &text.replace("\n// -", "\n// "));
            count += 1;
        }
    }
    assert!(count > 300, "{count} files");
    let question =
        Question { folder: &path, patterns: &["./..."], tests: false, goroot: &goroot, hide_one_in: None, system: None };
    let mut answer = compare(&question);
    let excepted = [
        // The constant overflows only for a later name of its group.
        "check_constdecl",
        // Declared twice, which go/types drops.
        "check_decls0",
        "check_decls4",
        "check_stmt0",
        "fixedbugs_issue43087",
        // Fields that may not be embedded, which go/types drops.
        "check_decls3",
        "examples_types",
        // Unions too large for go/types.
        "check_unions",
        // A size that depends on itself.
        "fixedbugs_issue49276",
    ];
    answer.wrong.retain(|wrong| !excepted.iter().any(|name| wrong.contains(name)));
    answer.holds(12.0);
    assert!(answer.expressions > 15_000, "{}", answer.expressions);
}
