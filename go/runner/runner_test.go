// Tests of the Runner's rules: what starts, what ends it, and by which error.

package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goherd/goherd/go/labels"
)

var errDown = errors.New("down")

func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAllDone(t *testing.T) {
	r := New(context.Background(), "test")
	var ran atomic.Int64
	for range 100 {
		if !r.Go("count", func(context.Context) error { ran.Add(1); return nil }) {
			t.Error("a task was refused")
		}
	}
	if err := r.Wait(); err != nil || ran.Load() != 100 {
		t.Errorf("Wait = %v after %d tasks, want nil after 100", err, ran.Load())
	}
	if context.Cause(r.Context()) != ErrEnded {
		t.Errorf("cause of the context behind Wait = %v, want ErrEnded", context.Cause(r.Context()))
	}
	if err := r.Wait(); err != nil {
		t.Errorf("the second Wait = %v", err)
	}
}

func TestFirstErrorCancelsTheOthers(t *testing.T) {
	r := New(context.Background(), "test")
	causes := make(chan error, 3)
	for range 3 {
		r.Go("wait", func(ctx context.Context) error {
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return ctx.Err()
		})
	}
	r.Go("fail", func(context.Context) error { return errDown })
	err := r.Wait()
	var of *TaskError
	if !errors.Is(err, errDown) || !errors.As(err, &of) || of.Task != "fail" || of.Runner != "test" || err.Error() != "test/fail: down" {
		t.Errorf("Wait = %v, want test/fail: down", err)
	}
	for range 3 {
		if cause := <-causes; cause != err {
			t.Errorf("the cause that others see = %v, want the error of Wait", cause)
		}
	}
}

func TestKeepGoing(t *testing.T) {
	r := New(context.Background(), "test", WithKeepGoing())
	failed := make(chan struct{})
	r.Go("fail", func(context.Context) error { defer close(failed); return errDown })
	<-failed
	for range 3 {
		if !r.Go("after", func(ctx context.Context) error { return ctx.Err() }) {
			t.Error("a task was refused")
		}
	}
	if err := r.Wait(); !errors.Is(err, errDown) {
		t.Errorf("Wait = %v, want down", err)
	}
}

func TestCancelHasItsCause(t *testing.T) {
	shutdown := errors.New("shutdown")
	r := New(context.Background(), "test")
	r.Go("wait", untilDone)
	r.Go("wait", func(ctx context.Context) error { return fmt.Errorf("read: %w", untilDone(ctx)) })
	r.Cancel(shutdown)
	err := r.Wait()
	if !errors.Is(err, context.Canceled) || !errors.Is(err, shutdown) || !strings.HasSuffix(err.Error(), "context canceled: shutdown") {
		t.Errorf("Wait = %v, want context canceled and the cause shutdown", err)
	}
	if context.Cause(r.Context()) != shutdown {
		t.Errorf("cause = %v, want shutdown", context.Cause(r.Context()))
	}
	plain := New(context.Background(), "test")
	plain.Cancel(nil)
	if plain.Wait() != nil || context.Cause(plain.Context()) != context.Canceled {
		t.Error("Cancel(nil) without tasks must leave no error and the cause context.Canceled")
	}
}

func TestTimeout(t *testing.T) {
	r := New(context.Background(), "test", WithTimeout(time.Millisecond))
	r.Go("wait", untilDone)
	err := r.Wait()
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "after 1ms") {
		t.Errorf("Wait = %v, want the deadline and how long it was", err)
	}
	if cause := context.Cause(r.Context()); !errors.Is(cause, context.DeadlineExceeded) {
		t.Errorf("cause = %v, want one that wraps DeadlineExceeded", cause)
	}
}

func TestParentEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	r := New(ctx, "test")
	r.Go("wait", untilDone)
	cancel(errDown)
	if err := r.Wait(); !errors.Is(err, errDown) || !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want canceled and the parent's cause", err)
	}
}

type key struct{}

func TestValuesPass(t *testing.T) {
	r := New(context.WithValue(context.Background(), key{}, "v"), "test", WithTimeout(time.Hour), WithLabels("a", "b", "odd"))
	r.Go("value", func(ctx context.Context) error {
		if ctx.Value(key{}) != "v" {
			return errors.New("the value is lost")
		}
		return nil
	})
	if err := r.Wait(); err != nil {
		t.Error(err)
	}
}

func TestPanicIsAnError(t *testing.T) {
	r := New(context.Background(), "test")
	r.Go("boom", func(context.Context) error { return explode() })
	err := r.Wait()
	var p *PanicError
	if !errors.As(err, &p) || !errors.Is(err, io.ErrUnexpectedEOF) || p.Value != io.ErrUnexpectedEOF {
		t.Fatalf("Wait = %v, want a PanicError of unexpected EOF", err)
	}
	if !strings.Contains(string(p.Stack), "runner.explode") || !strings.Contains(err.Error(), "runner.explode") {
		t.Errorf("the stack does not show where it panicked:\n%s", p.Stack)
	}
	r = New(context.Background(), "test")
	r.Go("nil", func(context.Context) error { panic(nil) })
	if err := r.Wait(); !errors.As(err, &p) {
		t.Errorf("Wait after panic(nil) = %v, want a PanicError", err)
	}
}

func explode() error { panic(io.ErrUnexpectedEOF) }

func TestGoexitIsAnError(t *testing.T) {
	r := New(context.Background(), "test", WithLimit(1))
	r.Go("exit", func(context.Context) error { runtime.Goexit(); return nil })
	if err := r.Wait(); !errors.Is(err, ErrGoexit) {
		t.Errorf("Wait = %v, want ErrGoexit", err)
	}
	if len(r.slots) != 0 {
		t.Error("the slot of a task that exited is lost")
	}
}

func TestLimit(t *testing.T) {
	const limit = 3
	r := New(context.Background(), "test", WithLimit(limit))
	var now, peak atomic.Int64
	release := make(chan struct{})
	work := func(context.Context) error {
		n := now.Add(1)
		defer now.Add(-1)
		for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
		}
		<-release
		return nil
	}
	for range limit {
		r.Go("work", work)
	}
	if r.TryGo("work", work) {
		t.Error("TryGo started one above the limit")
	}
	started := make(chan bool)
	go func() { started <- r.Go("work", work) }()
	select {
	case <-started:
		t.Error("Go did not wait for room")
	default:
	}
	close(release)
	if !<-started {
		t.Error("Go was refused instead of waiting")
	}
	for range 100 {
		r.Go("work", work)
	}
	if err := r.Wait(); err != nil || peak.Load() > limit {
		t.Errorf("%v, and %d at a time, want %d", err, peak.Load(), limit)
	}
}

func TestGoWaitsNoLongerThanTheContext(t *testing.T) {
	r := New(context.Background(), "test", WithLimit(1))
	release := make(chan struct{})
	r.Go("hold", func(context.Context) error { <-release; return nil })
	started := make(chan bool)
	go func() { started <- r.Go("late", func(context.Context) error { t.Error("it ran"); return nil }) }()
	r.Cancel(errDown)
	if <-started {
		t.Error("a task was started after Cancel")
	}
	close(release)
	if err := r.Wait(); !errors.Is(err, errDown) || !strings.HasPrefix(err.Error(), "test/late: not started") {
		t.Errorf("Wait = %v, want that late was not started, and why", err)
	}
}

func TestGoAfterTheEnd(t *testing.T) {
	never := func(context.Context) error { t.Error("it ran"); return nil }
	cancelled := New(context.Background(), "test")
	cancelled.Cancel(errDown)
	waited := New(context.Background(), "test", WithLimit(1))
	_ = waited.Wait()
	for _, r := range []*Runner{cancelled, waited} {
		if r.Go("late", never) || r.TryGo("late", never) {
			t.Error("a task was started after the end")
		}
	}
	err := cancelled.Wait()
	if !errors.Is(err, errDown) || !errors.Is(err, context.Canceled) || err.Error() != "test/late: not started: context canceled: down" {
		t.Errorf("Wait = %v, want that a task was not started, and why", err)
	}
	if err := waited.Wait(); err != nil {
		t.Errorf("Wait = %v, want nil as before", err)
	}
	//lint:ignore SA1012 a nil context must not panic
	r := New(nil, "test")
	if r.Go("nil", nil) || r.Wait() == nil {
		t.Error("a nil function was started, or was no error")
	}
}

func TestTasksStartTasksDuringWait(t *testing.T) {
	r := New(context.Background(), "test")
	var ran atomic.Int64
	var grow func(depth int) func(context.Context) error
	grow = func(depth int) func(context.Context) error {
		return func(context.Context) error {
			ran.Add(1)
			if depth > 0 {
				r.Go("grow", grow(depth-1))
				r.Go("grow", grow(depth-1))
			}
			return nil
		}
	}
	r.Go("grow", grow(9))
	if err := r.Wait(); err != nil || ran.Load() != 1<<10-1 {
		t.Errorf("%d tasks ran before Wait returned %v, want 1023", ran.Load(), err)
	}
}

// TestStartAgainstWait races Go against Wait: whatever was started is waited for, whatever was refused never
// runs.
func TestStartAgainstWait(t *testing.T) {
	for range 300 {
		r := New(context.Background(), "test")
		var started, ended atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Add(2)
			go func() {
				defer wg.Done()
				for range 5 {
					if r.Go("race", func(context.Context) error { ended.Add(1); return nil }) {
						started.Add(1)
					}
				}
			}()
			go func() {
				defer wg.Done()
				if err := r.Wait(); err != nil {
					t.Error(err)
				}
				if r.Go("late", func(context.Context) error { return nil }) {
					t.Error("a task was started behind Wait")
				}
			}()
		}
		wg.Wait()
		if started.Load() != ended.Load() {
			t.Fatalf("%d started, %d ended", started.Load(), ended.Load())
		}
	}
}

func TestTasksAreCounted(t *testing.T) {
	var table labels.Table
	r := New(labels.WithTable(context.Background(), &table), "test", WithKeepGoing())
	r.Go("ok", func(context.Context) error { return nil })
	r.Go("bad", func(context.Context) error { return errDown })
	r.Go("boom", func(context.Context) error { panic("x") })
	r.Go("exit", func(context.Context) error { runtime.Goexit(); return nil })
	r.Go("stop", untilDone)
	r.Cancel(nil)
	_ = r.Wait()
	for task, want := range map[string]labels.Counts{
		"ok": {Started: 1, Ended: 1}, "bad": {Started: 1, Ended: 1, Failed: 1}, "boom": {Started: 1, Ended: 1, Panicked: 1},
		"exit": {Started: 1, Ended: 1, Panicked: 1}, "stop": {Started: 1, Ended: 1, Cancelled: 1},
	} {
		if got := table.Task("test", task).Counts(); got != want {
			t.Errorf("task %s: %+v, want %+v", task, got, want)
		}
	}
}

func TestGoAllocations(t *testing.T) {
	r := New(context.Background(), "test")
	done := make(chan struct{})
	task := func(context.Context) error { done <- struct{}{}; return nil }
	if n := testing.AllocsPerRun(1000, func() { r.Go("task", task); <-done }); n > 2 {
		t.Errorf("a task allocates %v times, want 2: its record and its goroutine's arguments", n)
	}
	_ = r.Wait()
}

func BenchmarkGo(b *testing.B) {
	nothing := func(context.Context) error { return nil }
	r := New(context.Background(), "bench")
	b.ReportAllocs()
	for b.Loop() {
		r.Go("nothing", nothing)
	}
	_ = r.Wait()
}

func BenchmarkGoLimit(b *testing.B) {
	nothing := func(context.Context) error { return nil }
	r := New(context.Background(), "bench", WithLimit(8))
	b.ReportAllocs()
	for b.Loop() {
		r.Go("nothing", nothing)
	}
	_ = r.Wait()
}

func BenchmarkNewGoWait(b *testing.B) {
	nothing := func(context.Context) error { return nil }
	b.ReportAllocs()
	for b.Loop() {
		r := New(context.Background(), "bench")
		for range 4 {
			r.Go("nothing", nothing)
		}
		_ = r.Wait()
	}
}
