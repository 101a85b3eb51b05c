//! Source eyes for contexts and deadlines against go vet's lostcancel, and the fixes that they write.

use std::collections::BTreeSet;
use std::path::Path;

use herd_diagnose::lint::lint;
use herd_golang::load::Context;

/// Lines of the peers' cases that goherd reports and lostcancel does not, with what goherd sees there.
const BEYOND_VET: &[(&str, u32, &str)] = &[
    ("peers/lostcancel/uses.go", 18, "`_ = cancel` is no call"),
    ("peers/lostcancel/uses.go", 64, "the field is read by nothing in the package"),
    ("peers/lostcancel/uses.go", 77, "the variable gets another cancel before this one was called"),
    ("peers/lostcancel/uses.go", 92, "each round overwrites the cancel of the round before"),
];

#[test]
fn lostcancel_agrees_but_for_what_it_does_not_follow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/lint-kernels").canonicalize().expect("the lint kernels");
    let envelope = lint(&root, &["./peers/lostcancel"], &Context::from_env(), "0.0.0");
    let mut marked = BTreeSet::new();
    for entry in std::fs::read_dir(root.join("peers/lostcancel")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let file = path.strip_prefix(&root).expect("below").display().to_string();
        let text = std::fs::read_to_string(&path).expect("a file");
        let lines = (1..).zip(text.lines()).filter(|(_, line)| line.contains("// want lostcancel"));
        marked.extend(lines.map(|(line, _)| (file.clone(), line)));
    }
    let findings: Vec<_> = envelope.findings.iter().filter(|finding| finding.id.0 == "CX002").collect();
    let shown: BTreeSet<(String, u32)> = findings
        .iter()
        .flat_map(|finding| finding.evidence.iter().filter_map(|fact| fact.place.as_ref()).chain([&finding.at]))
        .map(|place| (place.file.clone(), place.line))
        .collect();
    let missed: Vec<_> = marked.difference(&shown).collect();
    assert!(missed.len() * 20 <= marked.len(), "{missed:?} of {}", marked.len());
    let beyond: BTreeSet<(String, u32)> = findings
        .iter()
        .map(|finding| (finding.at.file.clone(), finding.at.line))
        .filter(|place| !marked.contains(place))
        .collect();
    let explained: BTreeSet<(String, u32)> = BEYOND_VET.iter().map(|(file, line, _)| ((*file).to_owned(), *line)).collect();
    assert_eq!(beyond, explained);
}

/// What is right although it looks like what is wrong: each was a false alarm on a real module once.
const RIGHT: &str = r#"package m

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

type conn interface {
	Close(ctx context.Context) error
	Watch(ctx context.Context) (stream, error)
}

type stream interface{ Recv() (string, error) }

// A failure is cleaned up, as well as can be.
func cleanUp(ctx context.Context, c conn, key string) error {
	if key == "" {
		_ = c.Close(context.Background())
		return errors.New("no key")
	}
	return ctx.Err()
}

// A stream outlives the call that opens it.
func watch(ctx context.Context, c conn) (stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.Watch(context.Background())
}

// Whoever keeps the cancel owns the context.
func owned(ctx context.Context, c conn, later func(func())) error {
	own, cancel := context.WithCancel(context.Background())
	later(func() { cancel() })
	return errors.Join(c.Close(own), ctx.Err())
}

// A cancel that a literal calls is not lost by what quietens a linter.
func quietened(parent context.Context, limit time.Duration, run func(func())) {
	ctx, cancel := parent, func() {}
	if limit > 0 {
		ctx, cancel = context.WithTimeout(parent, limit)
		_ = cancel
	}
	for range 3 {
		run(func() { cancel() })
	}
	<-ctx.Done()
}

// The request has the context in the way of old.
func old(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Cancel = ctx.Done()
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

var readers sync.Pool

// Where the pool was empty nothing is put back.
func reader(r io.Reader) (*gzip.Reader, error) {
	z, ok := readers.Get().(*gzip.Reader)
	if !ok {
		return gzip.NewReader(r)
	}
	if err := z.Reset(r); err != nil {
		readers.Put(z)
		return nil, err
	}
	return z, nil
}

type loop struct{ failed chan error }

// The goroutine that is started here ends with the context, and says so.
func (l *loop) run(ctx context.Context, serve func(context.Context) error) error {
	go func() { l.failed <- serve(ctx) }()
	for {
		if err := <-l.failed; err != nil {
			return err
		}
	}
}
"#;

#[test]
fn what_only_looks_like_a_fault_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module example.com/m\n\ngo 1.26\n").expect("written");
    std::fs::write(folder.path().join("m.go"), RIGHT).expect("written");
    let envelope = lint(folder.path(), &["./..."], &Context::from_env(), "0.0.0");
    let report = envelope.lint.as_ref().expect("a report");
    assert_eq!((report.unknown, report.damaged, report.functions > 10), (0, 0, true), "all of it can be read");
    let told: Vec<_> = envelope.findings.iter().map(|finding| (finding.id.0.as_ref(), finding.at.line)).collect();
    assert_eq!(told, []);
}
