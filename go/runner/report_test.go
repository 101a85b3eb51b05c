// Tests of WaitTimeout: who did not stop, since when and where.

package runner

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goherd/goherd/go/labels"
)

// stuck starts n tasks that wait on a channel and hear of nothing else.
func stuck(t *testing.T, r *Runner, name string, n int) {
	stop := make(chan struct{})
	var up, down sync.WaitGroup
	for range n {
		up.Add(1)
		down.Add(1)
		r.Go(name, func(context.Context) error {
			defer down.Done()
			up.Done()
			hang(stop)
			return nil
		})
	}
	up.Wait()
	t.Cleanup(func() {
		close(stop)
		down.Wait()
	})
}

//go:noinline
func hang(stop chan struct{}) { <-stop }

// settled asks for reports until all tasks have come to rest where the profile shows it, as they announce
// themselves just before.
func settled(t *testing.T, r *Runner) (Report, error) {
	for {
		report, err := r.WaitTimeout(0)
		if !strings.Contains(report.String(), "running") {
			return report, err
		}
	}
}

func TestReportNamesWhoDidNotStop(t *testing.T) {
	before := time.Now()
	r := New(context.Background(), "ingest")
	stuck(t, r, "read", 3)
	stuck(t, r, "write", 1)
	quick := make(chan struct{})
	r.Go("quick", func(context.Context) error { close(quick); return nil })
	<-quick
	r.Cancel(errDown)
	var report Report
	var err error
	for len(report.Stuck) != 2 { // until quick has left the list
		report, err = settled(t, r)
	}
	if !errors.Is(err, ErrStuck) || !strings.Contains(err.Error(), "ingest: 4 tasks did not stop") {
		t.Errorf("error = %v, want 4 stuck tasks", err)
	}
	for i, want := range []struct {
		task  string
		count int
	}{{"read", 3}, {"write", 1}} {
		s := report.Stuck[i]
		if s.Task != want.task || s.Count != want.count || s.Unseen != 0 || s.Shared || len(s.Stacks) != 1 {
			t.Fatalf("stuck = %+v, want %d of %s at one place", s, want.count, want.task)
		}
		if s.Oldest.Before(before) || s.Newest.After(time.Now()) || s.Newest.Before(s.Oldest) {
			t.Errorf("since %v to %v, not within the test", s.Oldest, s.Newest)
		}
		at := s.Stacks[0]
		if at.Count != want.count || at.Child || at.Waits != "chan receive" || !strings.HasSuffix(at.Frames[0].Func, "runner.hang") ||
			!strings.HasSuffix(at.Frames[0].File, "report_test.go") || strings.Contains(at.Frames[len(at.Frames)-1].Func, "(*Runner)") {
			t.Errorf("where = %+v, want a chan receive in hang", at)
		}
	}
	text := report.String()
	for _, part := range []string{"ingest: 4 tasks did not stop\n", "  read: 3, the oldest since ", "    3 in chan receive\n", "runner.hang "} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in the text:\n%s", part, text)
		}
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
}

func TestReportOfNone(t *testing.T) {
	r := New(context.Background(), "ingest")
	r.Go("fail", func(context.Context) error { return errDown })
	report, err := r.WaitTimeout(time.Hour)
	if !errors.Is(err, errDown) || errors.Is(err, ErrStuck) || len(report.Stuck) != 0 || report.String() != "ingest: all tasks stopped\n" {
		t.Errorf("%v, %v; want the error and an empty report", report, err)
	}
	if r.Go("late", func(context.Context) error { return nil }) {
		t.Error("a Runner that was waited for takes tasks")
	}
}

func TestReportKeepsTheFirstError(t *testing.T) {
	r := New(context.Background(), "ingest")
	stuck(t, r, "read", 1)
	r.Go("fail", func(context.Context) error { return errDown })
	<-r.Context().Done()
	_, err := r.WaitTimeout(time.Millisecond)
	if !errors.Is(err, errDown) || !errors.Is(err, ErrStuck) {
		t.Errorf("error = %v, want both that of the task and ErrStuck", err)
	}
}

func TestReportShowsChildren(t *testing.T) {
	r := New(context.Background(), "parents")
	stop, up, down := make(chan struct{}), make(chan struct{}), make(chan struct{})
	r.Go("fan", func(context.Context) error {
		go func() {
			defer close(down)
			close(up)
			hang(stop)
		}()
		<-down
		return nil
	})
	<-up
	report, _ := settled(t, r)
	stacks := report.Stuck[0].Stacks
	if len(stacks) != 2 || stacks[0].Child || !stacks[1].Child || !strings.HasSuffix(stacks[1].Frames[0].Func, "runner.hang") {
		t.Errorf("stacks = %+v, want the task's own and its child in hang", stacks)
	}
	close(stop)
	if err := r.Wait(); err != nil {
		t.Error(err)
	}
}

func TestReportSaysWhenLabelsWereReplaced(t *testing.T) {
	r := New(context.Background(), "ingest")
	stop, up := make(chan struct{}), make(chan struct{})
	r.Go("bare", func(context.Context) error {
		pprof.SetGoroutineLabels(context.Background())
		close(up)
		<-stop
		return nil
	})
	<-up
	report, _ := r.WaitTimeout(0)
	if s := report.Stuck[0]; s.Count != 1 || s.Unseen != 1 || len(s.Stacks) != 0 {
		t.Errorf("stuck = %+v, want one that is not seen", s)
	}
	close(stop)
	_ = r.Wait()
}

func TestReportsOfOneName(t *testing.T) {
	a, b := New(context.Background(), "twin"), New(context.Background(), "twin")
	stuck(t, a, "read", 1)
	stuck(t, b, "read", 2)
	report, _ := settled(t, a)
	if s := report.Stuck[0]; s.Count != 1 || !s.Shared {
		t.Errorf("stuck = %+v, want one and a word about the twin", s)
	}
	c, d := New(context.Background(), "twin", WithInstance()), New(context.Background(), "twin", WithInstance())
	stuck(t, c, "read", 1)
	stuck(t, d, "read", 2)
	report, _ = settled(t, d)
	if s := report.Stuck[0]; s.Count != 2 || s.Shared || len(s.Stacks) != 1 || s.Stacks[0].Count != 2 {
		t.Errorf("stuck = %+v, want two and nothing shared", s)
	}
}

// TestRunnerInARequest has a Runner made by a handler: its tasks belong to the endpoint, and are counted where
// the middleware counts.
func TestRunnerInARequest(t *testing.T) {
	var table labels.Table
	var report Report
	worn := map[string]string{}
	s := httptest.NewServer(labels.HTTP(&table, "auth")(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		r := New(q.Context(), "fan")
		stop, up := make(chan struct{}), make(chan struct{})
		r.Go("part", func(ctx context.Context) error {
			pprof.ForLabels(ctx, func(k, v string) bool { worn[k] = v; return true })
			close(up)
			hang(stop)
			return nil
		})
		<-up
		report, _ = settled(t, r)
		close(stop)
		if err := r.Wait(); err != nil {
			t.Error(err)
		}
	})))
	defer s.Close()
	w, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	want := map[string]string{"service": "auth", "endpoint": labels.Unrouted, "runner": "fan", "task": "part"}
	if !maps.Equal(worn, want) {
		t.Errorf("a task wears %v, want %v", worn, want)
	}
	if len(report.Stuck) != 1 || len(report.Stuck[0].Stacks) != 1 {
		t.Errorf("report = %+v, want one task at one place", report)
	}
	if c := table.Task("fan", "part").Counts(); c != (labels.Counts{Started: 1, Ended: 1}) {
		t.Errorf("counts = %+v, want one in the table of the middleware", c)
	}
}

// TestWaitTimeoutAgainstTheEnd lets tasks end while they are waited for with hardly any time.
func TestWaitTimeoutAgainstTheEnd(t *testing.T) {
	for range 200 {
		r := New(context.Background(), "ingest")
		for range 3 {
			r.Go("short", func(context.Context) error { return nil })
		}
		for {
			report, err := r.WaitTimeout(time.Microsecond)
			if err == nil {
				break
			}
			if !errors.Is(err, ErrStuck) {
				t.Fatalf("%v with %v", err, report)
			}
		}
	}
}

func BenchmarkReport(b *testing.B) {
	r := New(context.Background(), "bench")
	for range 1000 {
		r.Go("wait", untilDone)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.report()
	}
	r.Cancel(nil)
	_ = r.Wait()
}
