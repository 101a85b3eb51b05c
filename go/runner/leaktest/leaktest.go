// Package leaktest fails tests that leave goroutines behind, also among tests that run in parallel.
//
//	func TestServer(t *testing.T) {
//		t.Parallel()
//		leaktest.Check(t)
//		…
//	}
//
// Check labels the goroutine of the test; the goroutines that it starts inherit the label, and so do theirs. A
// second witness is the runtime's word on which goroutine created which: it finds what the test started directly
// where code replaced the labels, as package runner and pprof.Do do below a context that is not the test's. A
// test is accused of nothing else, so siblings that run in parallel do not disturb each other.
//
// Limits. What a test starts through goroutines that were there before, say a worker pool made in TestMain, is
// not attributed to it, nor what a time.AfterFunc starts. What is started two steps below code that replaced the
// labels is not either, once the goroutine between has ended: give the context that Check returns to what takes a
// context. [Main] looks at the end of all tests for whatever is left.
//
// A test that leaks nothing costs one goroutine profile and one text of all stacks, together a few milliseconds
// with 200 goroutines (BenchmarkCheck).
package leaktest

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goherd/goherd/go/internal/goid"
)

// Label is the key of the label that marks the goroutines of a test; its value is the test's name and a number.
const Label = "leaktest"

// DefaultLimit is how long goroutines may take to end after their test.
const DefaultLimit = 2 * time.Second

// Option changes a check.
type Option func(*check)

// WithLimit sets how long goroutines may take to end after their test. 0 or less looks once.
func WithLimit(d time.Duration) Option { return func(c *check) { c.limit = d } }

// Ignore lets goroutines be that have one of these functions in their stack, by names as in a traceback, such as
// "net/http.(*persistConn).readLoop".
func Ignore(functions ...string) Option {
	return func(c *check) { c.ignored = append(c.ignored, functions...) }
}

type check struct {
	limit   time.Duration
	ignored []string
	label   string
	self    int64 // id of the test's goroutine
}

var checks atomic.Int64

// Check makes the test fail if goroutines that it started still run when it and its cleanups are through: they
// are looked for again and again, at growing intervals, until the limit. Call it first in the test, as cleanups
// that are registered before it run behind it. The context is t.Context with the label, for what takes
// one. A test that is checked within another answers for its own goroutines.
func Check(t testing.TB, opts ...Option) context.Context {
	t.Helper()
	c := &check{limit: DefaultLimit, self: goid.Traced(), label: fmt.Sprint(t.Name(), "#", checks.Add(1))}
	for _, o := range opts {
		if o != nil {
			o(c)
		}
	}
	ctx := pprof.WithLabels(t.Context(), pprof.Labels(Label, c.label))
	pprof.SetGoroutineLabels(ctx)
	t.Cleanup(func() {
		t.Helper()
		leaks, err := c.wait(c.find)
		if err != nil {
			t.Errorf("leaktest: %v", err)
		}
		if len(leaks) > 0 {
			t.Errorf("%s left goroutines behind\n%s", t.Name(), text(leaks))
		}
	})
	return ctx
}

// Main runs the tests of a package and then looks for goroutines that any of them left behind, whoever started
// them. It returns the exit code for os.Exit: that of the tests, or 1 where goroutines are left and all tests
// passed.
func Main(m *testing.M, opts ...Option) int {
	code := m.Run()
	if code != 0 {
		return code
	}
	return after(os.Stderr, opts...)
}

func after(w io.Writer, opts ...Option) int {
	c := &check{limit: DefaultLimit, self: goid.Traced()}
	for _, o := range opts {
		if o != nil {
			o(c)
		}
	}
	leaks, err := c.wait(c.all)
	switch {
	case err != nil:
		fmt.Fprintf(w, "leaktest: %v\n", err)
	case len(leaks) > 0:
		fmt.Fprintf(w, "leaktest: the tests left goroutines behind\n%s", text(leaks))
	default:
		return 0
	}
	return 1
}

// wait looks until nothing is found or the limit is over.
func (c *check) wait(look func() ([]leak, error)) ([]leak, error) {
	end := time.Now().Add(c.limit)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		leaks, err := look()
		left := time.Until(end)
		if err != nil || len(leaks) == 0 || left <= 0 {
			return leaks, err
		}
		time.Sleep(min(pause, left))
	}
}

// runtimeRoots begin the names of functions at the root of goroutines that belong to the runtime, to the testing
// package and to parts of the standard library that start one for the rest of the program.
var runtimeRoots = []string{"testing.", "runtime.", "runtime/", "os/signal.", "internal/synctest."}

// mainRun is on the stack of the main goroutine of a test binary.
const mainRun = "testing.(*M).Run"

// ignore tells whether a goroutine, by its frames from the innermost, is none of a test's business.
func (c *check) ignore(functions []string) bool {
	if len(functions) == 0 {
		return true
	}
	root := functions[len(functions)-1]
	return slices.ContainsFunc(runtimeRoots, func(prefix string) bool { return strings.HasPrefix(root, prefix) }) ||
		slices.ContainsFunc(functions, func(f string) bool { return f == mainRun || slices.Contains(c.ignored, f) })
}
