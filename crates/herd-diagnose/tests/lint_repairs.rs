//! What source eyes offer to write: the changed kernels build, and the fault is gone.

use std::path::Path;
use std::process::Command;

use herd_golang::Interner;
use herd_golang::acts::{self, BodyId, KnownNames, Summaries};
use herd_golang::load::{self, Context, PackageId};
use herd_golang::types::{Types, Unit};
use herd_patterns::CATALOGUE;
use herd_patterns::source::{Edit, Package, Safety};

/// A module of one file.
fn module(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module example.com/m\n\ngo 1.26\n").expect("written");
    std::fs::write(folder.path().join("m.go"), text).expect("written");
    folder
}

/// What eyes of a pattern see in the module's only file: how safe the change is, and the edits.
fn offered(folder: &Path, id: &str) -> Vec<Option<(Safety, Vec<Edit>)>> {
    let program = load::program(folder, &["./..."], &Context::from_env());
    let names = Interner::new();
    let types = Types::new(&program, &names);
    let (known, summaries) = (KnownNames::new(&names), Summaries::default());
    let package = Package::new(acts::unit(&types, PackageId(0), Unit::Package, &known, &summaries), &summaries);
    let eye = CATALOGUE.iter().find(|pattern| pattern.id == id).and_then(|pattern| pattern.source).expect("a source eye");
    let ids = (0..package.unit.bodies.len()).map(|index| BodyId(index as u32));
    let spotted = ids.flat_map(|id| eye(&package.scene(id)));
    spotted.map(|one| one.repair.map(|repair| (repair.safety, repair.edits))).collect()
}

fn changed(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.span.start.offset() as usize..edit.span.end.offset() as usize, &edit.text);
    }
    text
}

/// The one change that an eye offers of a text: it is as safe as it should be, builds, is formatted, and leaves nothing to see.
#[track_caller]
fn check(text: &str, id: &str, safety: Safety, holds: &str) {
    let folder = module(text);
    let mut offered = offered(folder.path(), id);
    let (Some(Some((as_safe, edits))), true) = (offered.pop(), offered.is_empty()) else { panic!("one change is offered") };
    assert_eq!(as_safe, safety);
    let cured = changed(text, edits);
    assert!(cured.contains(holds), "{cured}");
    let folder = module(&cured);
    assert_eq!(self::offered(folder.path(), id).len(), 0, "{cured}");
    let vet = Command::new("go").args(["vet", "./..."]).current_dir(folder.path()).output().expect("go runs");
    assert!(vet.status.success(), "{}\n{cured}", String::from_utf8_lossy(&vet.stderr));
    let gofmt = Command::new("gofmt").args(["-l", "."]).current_dir(folder.path()).output().expect("gofmt runs");
    assert_eq!(String::from_utf8_lossy(&gofmt.stdout), "", "{cured}");
}

fn kernel(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/lint-kernels");
    std::fs::read_to_string(root.join(path).join("kernel.go")).expect("a kernel")
}

#[test]
fn a_query_gets_the_context() {
    check(&kernel("context/query-without"), "CX004", Safety::Safe, "o.db.QueryContext(ctx, \"slow");
}

#[test]
fn a_command_gets_the_context() {
    check(&kernel("context/command-without"), "CX004", Safety::Unsafe, "exec.CommandContext(ctx, c.program, append");
}

#[test]
fn a_request_gets_the_context() {
    check(&kernel("context/request-without"), "CX004", Safety::Safe, "http.NewRequestWithContext(ctx, http.MethodGet");
}

#[test]
fn a_transaction_gets_the_context_of_a_handler() {
    let text = "package m\n\nimport (\n\t\"database/sql\"\n\t\"net/http\"\n)\n\ntype shop struct{ db *sql.DB }\n\nfunc (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {\n\ttx, err := s.db.Begin()\n\tif err != nil {\n\t\thttp.Error(w, err.Error(), http.StatusBadGateway)\n\t\treturn\n\t}\n\tdefer tx.Rollback()\n}\n";
    check(text, "CX004", Safety::Safe, "s.db.BeginTx(r.Context(), nil)");
}

#[test]
fn a_context_is_passed_on_instead_of_one_begun_anew() {
    check(&kernel("context/background-in-handler"), "CX001", Safety::Unsafe, "s.units(r.Context(), r.FormValue");
}

#[test]
fn a_body_is_closed_behind_the_check() {
    let text = kernel("http/body-not-closed");
    check(&text, "LK009", Safety::Safe, "return false, err\n\t}\n\tdefer resp.Body.Close()\n\treturn resp.StatusCode");
}

#[test]
fn a_cancel_that_was_thrown_away_is_called_at_the_end() {
    let start = "package m\n\nimport (\n\t\"context\"\n\t\"database/sql\"\n)\n\n";
    let text = "func visit(parent context.Context, db *sql.DB) error {\n\tctx, _ := context.WithCancel(parent)\n\t_, err := db.ExecContext(ctx, \"insert into visits values (1)\")\n\treturn err\n}\n";
    check(&format!("{start}{text}"), "CX002", Safety::Safe, "ctx, cancel := context.WithCancel(parent)\n\tdefer cancel()\n");
}

#[test]
fn a_cancel_whose_context_may_go_on_is_to_be_read_first() {
    let start = "package m\n\nimport (\n\t\"context\"\n\t\"database/sql\"\n)\n\n";
    let text = "func begin(parent context.Context, db *sql.DB) (*sql.Tx, error) {\n\tctx, _ := context.WithCancel(parent)\n\treturn db.BeginTx(ctx, nil)\n}\n";
    check(&format!("{start}{text}"), "CX002", Safety::Unsafe, "defer cancel()\n");
}
