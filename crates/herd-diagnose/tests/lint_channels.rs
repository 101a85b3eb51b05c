//! Source eyes of channels, wait groups, condition variables and timers: what they say of small programs, of the kernels by class, and beside
//! other linters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use herd_diagnose::lint::lint;
use herd_golang::load::Context;
use herd_model::{Envelope, Finding};

fn linted(folder: &Path, patterns: &[&str]) -> Envelope {
    lint(folder, patterns, &Context::from_env(), "0.0.0")
}

/// Holds what is found in one file against its marks: `// want ID` at the end of a line where a finding stands.
#[track_caller]
fn check(source: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module example.com/m\n\ngo 1.26\n").expect("written");
    std::fs::write(folder.path().join("m.go"), source).expect("written");
    let envelope = linted(folder.path(), &["./..."]);
    let report = envelope.lint.as_ref().expect("a report");
    assert_eq!((report.unknown, report.damaged), (0, 0), "the program is right");
    let found: BTreeSet<(u32, String)> =
        envelope.findings.iter().map(|finding| (finding.at.line, finding.id.0.to_string())).collect();
    let mut wanted = BTreeSet::new();
    for (number, line) in (1..).zip(source.lines()) {
        if let Some((_, ids)) = line.split_once("// want ") {
            wanted.extend(ids.split_whitespace().map(|id| (number, id.to_owned())));
        }
    }
    assert_eq!(found, wanted, "{:#?}", envelope.findings.iter().map(|finding| &finding.evidence).collect::<Vec<_>>());
}

#[test]
fn a_result_that_its_owner_leaves_is_named_through_named_functions_and_results() {
    check(
        r#"package m

import "time"

func owner(ask func() int) int {
	answer := make(chan int) // want LK013
	go sends(answer, ask)
	select {
	case n := <-answer:
		return n
	case <-time.After(time.Second):
		return 0
	}
}

func sends(to chan<- int, ask func() int) { deeper(to, ask()) }

func deeper(to chan<- int, n int) { to <- n }

// Twice as many are sent as received.
func both(a, b func() int) int {
	first := make(chan int) // want LK013
	go func() { first <- a() }()
	go func() { first <- b() }()
	return <-first
}

func started(ask func() int) <-chan int {
	c := make(chan int)
	go func() { c <- ask() }()
	return c
}

func gets(ask func() int) int {
	c := started(ask)
	select {
	case n := <-c:
		return n
	case <-time.After(time.Second):
		return 0 // want LK013
	}
}
"#,
    );
}

#[test]
fn a_result_with_room_another_receiver_or_another_way_on_is_left_alone() {
    check(
        r#"package m

import (
	"context"
	"time"
)

func room(ask func() int) int {
	answer := make(chan int, 1)
	go sends(answer, ask)
	select {
	case n := <-answer:
		return n
	case <-time.After(time.Second):
		return 0
	}
}

func sends(to chan<- int, ask func() int) { to <- ask() }

var kept chan int

func handedOn(ask func() int) int {
	answer := make(chan int)
	kept = answer
	go sends(answer, ask)
	select {
	case n := <-answer:
		return n
	case <-time.After(time.Second):
		return 0
	}
}

func drain() { <-kept }

func escapes(ask func() int, keep func(chan int)) int {
	answer := make(chan int)
	keep(answer)
	go sends(answer, ask)
	select {
	case n := <-answer:
		return n
	case <-time.After(time.Second):
		return 0
	}
}

func asks(ctx context.Context, ask func() int) int {
	answer := make(chan int)
	go func() {
		select {
		case answer <- ask():
		case <-ctx.Done():
		}
	}()
	select {
	case n := <-answer:
		return n
	case <-ctx.Done():
		return 0
	}
}

// The sender stops behind the value that the receiver stops at.
func untilError(next func() (int, error)) (sum int, err error) {
	type item struct {
		n   int
		err error
	}
	items := make(chan item)
	go func() {
		defer close(items)
		for {
			n, err := next()
			if err != nil {
				items <- item{err: err}
				return
			}
			items <- item{n: n}
		}
	}()
	for one := range items {
		if one.err != nil {
			return sum, one.err
		}
		sum += one.n
	}
	return sum, nil
}
"#,
    );
}

#[test]
fn who_counts_what_has_come_or_receives_in_each_round_leaves_nothing() {
    check(
        r#"package m

import "errors"

func counted(jobs []func() error) (first error) {
	errs := make(chan error)
	for _, job := range jobs {
		go func() { errs <- job() }()
	}
	open := len(jobs)
	for {
		select {
		case err := <-errs:
			first = errors.Join(first, err)
			open--
			if open == 0 {
				return first
			}
		}
	}
}

func one(jobs []func() error) {
	done := make(chan error)
	for _, job := range jobs {
		go func() { done <- job() }()
		<-done
	}
}

func early(jobs []func() error) error {
	errs := make(chan error) // want LK013
	for _, job := range jobs {
		go func() { errs <- job() }()
	}
	for range jobs {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}
"#,
    );
}

#[test]
fn a_channel_that_is_not_closed_on_every_way_leaves_its_reader() {
    check(
        r#"package m

import "os"

func copies(names []string, use func([]byte)) error {
	files := make(chan []byte)
	go func() {
		for file := range files {
			use(file)
		}
	}()
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			return err // want LK002
		}
		files <- file
	}
	close(files)
	return nil
}

func deferred(names []string, use func([]byte)) error {
	files := make(chan []byte)
	defer close(files)
	go func() {
		for file := range files {
			use(file)
		}
	}()
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files <- file
	}
	return nil
}

// The reader has another way out.
func untilEmpty(names []string, use func([]byte)) error {
	files := make(chan []byte)
	go func() {
		for file := range files {
			if len(file) == 0 {
				return
			}
			use(file)
		}
	}()
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			files <- nil
			return err
		}
		files <- file
	}
	files <- nil
	return nil
}
"#,
    );
}

#[test]
fn a_struct_keeps_its_channels_apart_from_who_knows_whom() {
    check(
        r"package m

// Exported: whoever has a Server may close Quit.
type Server struct {
	Quit chan struct{}
	jobs chan int
}

func NewServer() *Server {
	s := &Server{Quit: make(chan struct{}), jobs: make(chan int)}
	go s.loop()
	return s
}

func (s *Server) loop() {
	for {
		select {
		case <-s.jobs:
		case <-s.Quit:
			return
		}
	}
}

func (s *Server) Do(job int) { s.jobs <- job }

type worker struct {
	quit chan struct{}
	jobs chan int
}

func start() *worker {
	w := &worker{quit: make(chan struct{}), jobs: make(chan int)}
	go w.loop()
	return w
}

func (w *worker) loop() {
	for {
		select {
		case <-w.jobs:
		case <-w.quit: // want LK004
			return
		}
	}
}

func (w *worker) do(job int) { w.jobs <- job }

func use() { start().do(1) }
",
    );
}

#[test]
fn a_group_is_followed_to_who_is_given_it() {
    check(
        r#"package m

import "sync"

func all(names []string, use func(string) bool) {
	var group sync.WaitGroup
	for _, name := range names {
		group.Add(1)
		go one(&group, name, use)
	}
	group.Wait()
}

func one(group *sync.WaitGroup, name string, use func(string) bool) {
	if !use(name) {
		return
	}
	group.Done() // want LK006
}

func some(names []string, wanted func(string) bool, use func(string)) {
	var group sync.WaitGroup
	for _, name := range names {
		group.Add(1) // want LK006
		if !wanted(name) {
			continue
		}
		go func() {
			defer group.Done()
			use(name)
		}()
	}
	group.Wait()
}

// Who is passed over is counted down.
func balanced(names []string, wanted func(string) bool, use func(string)) {
	var group sync.WaitGroup
	for _, name := range names {
		group.Add(1)
		if !wanted(name) {
			group.Done()
			continue
		}
		go func() {
			defer group.Done()
			use(name)
		}()
	}
	group.Wait()
}

// The callback counts down.
func called(names []string, start func(string, func())) {
	var group sync.WaitGroup
	group.Add(len(names))
	for _, name := range names {
		start(name, func() { group.Done() })
	}
	group.Wait()
}
"#,
    );
}

#[test]
fn a_pause_that_ignores_its_context_is_named_where_nothing_looks_at_one() {
    check(
        r#"package m

import (
	"context"
	"time"
)

func ignores(ctx context.Context, try func(context.Context) bool) {
	for !try(ctx) {
		time.Sleep(time.Second) // want LK008
	}
}

func looks(ctx context.Context, try func(context.Context) bool) {
	for ctx.Err() == nil && !try(ctx) {
		time.Sleep(time.Second)
	}
}

func short(ctx context.Context, try func(context.Context) bool) {
	for !try(ctx) {
		time.Sleep(time.Millisecond)
	}
}

func list(ctx context.Context, names []string, send func(context.Context, string)) {
	for _, name := range names {
		send(ctx, name)
		time.Sleep(time.Second)
	}
}
"#,
    );
}

#[test]
fn a_ticker_that_is_left_is_named_where_it_is_not_collected() {
    check(
        r#"//go:build go1.21

package m

import "time"

func old(done chan bool, tick func()) {
	ticks := time.NewTicker(time.Second) // want LK007
	for {
		select {
		case <-ticks.C:
			tick()
		case <-done:
			return
		}
	}
}

func stopped(done chan bool, tick func()) {
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			tick()
		case <-done:
			return
		}
	}
}
"#,
    );
    check(
        r#"package m

import "time"

func collected(done chan bool, tick func()) {
	ticks := time.NewTicker(time.Second)
	for {
		select {
		case <-ticks.C:
			tick()
		case <-done:
			return
		}
	}
}
"#,
    );
}

fn kernels() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/lint-kernels").canonicalize().expect("the lint kernels")
}

/// Lines a finding stands on or shows.
fn places(finding: &Finding) -> BTreeSet<(String, u32)> {
    let shown = finding.evidence.iter().filter_map(|fact| fact.place.as_ref());
    shown.chain([&finding.at]).map(|place| (place.file.clone(), place.line)).collect()
}

#[test]
fn most_kernels_of_channels_and_waits_are_named() {
    let root = kernels();
    let floors: BTreeMap<&str, usize> =
        [("channel", 29), ("cond", 4), ("errgroup", 4), ("semaphore", 2), ("timer", 6), ("waitgroup", 12)].into();
    for (class, floor) in floors {
        let envelope = linted(&root, &[&format!("./{class}/...")]);
        let mut named = 0;
        for kernel in std::fs::read_dir(root.join(class)).expect("a class") {
            let path = kernel.expect("a kernel").path().join("kernel.go");
            let file = path.strip_prefix(&root).expect("below").display().to_string();
            let text = std::fs::read_to_string(&path).expect("a kernel");
            let mark = (1..).zip(text.lines()).find_map(|(line, text)| {
                let ids = text.split_once("// want ").map(|(_, ids)| ids.split(';').next().unwrap_or_default());
                ids.map(|ids| (line, ids.split('|').map(|id| id.trim().to_owned()).collect::<Vec<_>>()))
            });
            let (line, ids) = mark.expect("a mark a kernel");
            let of = |finding: &&Finding| ids.iter().any(|id| *finding.id.0 == **id);
            named +=
                usize::from(envelope.findings.iter().filter(of).any(|finding| places(finding).contains(&(file.clone(), line))));
        }
        assert!(named >= floor, "{class}: {named} named, {floor} before");
    }
}

#[test]
fn what_go_vets_waitgroup_and_sa2000_report_is_named_but_for_a_member_of_the_group() {
    let root = kernels();
    let envelope = linted(&root, &["./peers/waitgroup"]);
    let text = std::fs::read_to_string(root.join("peers/waitgroup/adds.go")).expect("the cases");
    let function = |line: u32| {
        let before = text.lines().take(line as usize).filter_map(|line| line.strip_prefix("func "));
        let name = before.last().unwrap_or_default();
        let name = name.split_once(") ").filter(|_| name.starts_with('(')).map_or(name, |(_, name)| name);
        name.split('(').next().unwrap_or_default().to_owned()
    };
    let marked: BTreeSet<String> =
        (1..).zip(text.lines()).filter(|(_, line)| line.contains("// want SA2000")).map(|(line, _)| function(line)).collect();
    let found: BTreeSet<String> =
        envelope.findings.iter().filter(|finding| &*finding.id.0 == "LO005").map(|finding| function(finding.at.line)).collect();
    // A goroutine that is itself counted may count others: the group cannot reach nought before it is done.
    let missed: Vec<&String> = marked.difference(&found).collect();
    assert_eq!(missed, ["countedAlready"]);
    // They look at the first statement of a literal alone; the same Add later, or in a function with a name, comes as late.
    let more: Vec<&String> = found.difference(&marked).collect();
    assert_eq!(more, ["inBlock", "inVariable", "one", "secondStatement"]);
}
