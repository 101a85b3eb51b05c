// The promises of the package documentation, one test each.

package pool

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var background = context.Background()

// within guards against a hang; the limit is far above what a busy machine needs.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(60 * time.Second):
		buf := make([]byte, 1<<20)
		t.Fatalf("%s hangs\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

func TestNestedJoinNeverHangs(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		p := New(WithWorkers(workers))
		within(t, "nested join", func() {
			for range 20 {
				var got int
				if err := p.Run(background, func(w *Worker) error { got = fibPool(w, 16, 1); return nil }); err != nil {
					t.Error(err)
				}
				if got != fibSeq(16) {
					t.Errorf("%d workers: fib(16) = %d, want %d", workers, got, fibSeq(16))
				}
			}
		})
		p.Close()
	}
}

func TestForkOrderIsLastInFirstOut(t *testing.T) {
	p := New(WithWorkers(1))
	defer p.Close()
	var order []int
	err := p.Run(background, func(w *Worker) error {
		for i := range 5 {
			w.Go(func(*Worker) error { order = append(order, i); return nil })
		}
		return w.Join()
	})
	if err != nil || !slices.Equal(order, []int{4, 3, 2, 1, 0}) {
		t.Fatalf("order %v, error %v", order, err)
	}
}

func TestSubmittedOrderIsFirstInFirstOut(t *testing.T) {
	p := New(WithWorkers(1))
	defer p.Close()
	hold := make(chan struct{})
	g := p.Group()
	_ = g.Submit(background, func(*Worker) error { <-hold; return nil })
	var order []int
	var want []int
	for i := range 300 {
		want = append(want, i)
		_ = g.Submit(background, func(*Worker) error { order = append(order, i); return nil })
	}
	close(hold)
	if err := g.Wait(background); err != nil || !slices.Equal(order, want) {
		t.Fatalf("order %v, error %v", order, err)
	}
}

func TestThiefTakesTheOldest(t *testing.T) {
	p := New(WithWorkers(2))
	defer p.Close()
	var first atomic.Int64
	first.Store(-1)
	within(t, "theft", func() {
		_ = p.Run(background, func(w *Worker) error {
			taken := make(chan struct{})
			for i := range 4 {
				w.Go(func(thief *Worker) error {
					if thief.Index() != w.Index() && first.CompareAndSwap(-1, int64(i)) {
						close(taken)
					}
					return nil
				})
			}
			<-taken
			return w.Join()
		})
	})
	if first.Load() != 0 || p.Stats().Stolen == 0 {
		t.Fatalf("the first task stolen was %d (stolen %d), want 0", first.Load(), p.Stats().Stolen)
	}
}

func TestForkedTasksAreJoinedAtTheEnd(t *testing.T) {
	p := New()
	defer p.Close()
	var n atomic.Int64
	want := errors.New("deep")
	err := p.Run(background, func(w *Worker) error {
		for range 100 {
			w.Go(func(w *Worker) error {
				w.Go(func(*Worker) error { n.Add(1); return nil })
				return nil
			})
		}
		w.Go(func(w *Worker) error { w.Go(func(*Worker) error { return want }); return nil })
		return nil
	})
	if n.Load() != 100 || !errors.Is(err, want) {
		t.Fatalf("%d of 100 had ended, error %v", n.Load(), err)
	}
}

func TestJoinTakesTheErrorOnce(t *testing.T) {
	p := New()
	defer p.Close()
	want := errors.New("no")
	err := p.Run(background, func(w *Worker) error {
		w.Go(func(*Worker) error { return want })
		if err := w.Join(); !errors.Is(err, want) {
			t.Errorf("first join: %v", err)
		}
		w.Go(func(*Worker) error { return nil })
		return w.Join()
	})
	if err != nil {
		t.Fatalf("after the error was handled: %v", err)
	}
}

func TestCallHasAScopeOfItsOwn(t *testing.T) {
	p := New(WithWorkers(1))
	defer p.Close()
	outer := false
	_ = p.Run(background, func(w *Worker) error {
		_ = w.Call(func(w *Worker) error { return nil })
		w.Go(func(*Worker) error { outer = true; return nil })
		err := w.Call(func(w *Worker) error {
			if err := w.Join(); err != nil {
				t.Error(err)
			}
			if outer {
				t.Error("a join inside Call waited for the caller's fork")
			}
			w.Go(func(*Worker) error { return errors.New("inner") })
			return nil
		})
		if err == nil || err.Error() != "inner" {
			t.Errorf("Call returned %v", err)
		}
		return w.Join()
	})
}

func TestForkLimitRunsAtOnce(t *testing.T) {
	p := New(WithWorkers(1), WithForks(1))
	defer p.Close()
	var ran, queued int
	_ = p.Run(background, func(w *Worker) error {
		for range 100_000 {
			w.Go(func(*Worker) error { ran++; return nil })
			queued = max(queued, p.Stats().Queued)
		}
		return w.Join()
	})
	if ran != 100_000 || queued != 2*batchMax {
		t.Fatalf("ran %d, at most %d queued, want 100000 and %d", ran, queued, 2*batchMax)
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	p := New(WithWorkers(2))
	defer p.Close()
	cause := errors.New("cause")
	check := func(where string, err error) {
		t.Helper()
		var pe *PanicError
		if !errors.As(err, &pe) || !errors.Is(err, cause) || !strings.Contains(string(pe.Stack), "pool_test.go") {
			t.Errorf("%s: %v", where, err)
		}
	}
	forked := 0
	check("run", p.Run(background, func(w *Worker) error {
		w.Go(func(*Worker) error { panic(cause) })
		check("join", w.Join())
		check("call", w.Call(func(*Worker) error { panic(cause) }))
		w.Go(func(*Worker) error { forked++; return nil })
		panic(cause)
	}))
	if forked != 1 {
		t.Error("what a panicking task forked was not waited for")
	}
	if n := p.Stats().Panics; n != 3 {
		t.Errorf("%d panics counted, want 3", n)
	}
}

func TestReraise(t *testing.T) {
	p := New(WithReraise())
	defer p.Close()
	caught := func(f func()) (v any) {
		defer func() { v = recover() }()
		f()
		return nil
	}
	v := caught(func() {
		_ = p.Run(background, func(w *Worker) error {
			w.Go(func(*Worker) error { panic("deep") })
			return w.Join()
		})
	})
	if pe, ok := v.(*PanicError); !ok || pe.Value != "deep" {
		t.Fatalf("Run raised %v", v)
	}
}

func TestGoexitCostsNoWorker(t *testing.T) {
	p := New(WithWorkers(1))
	defer p.Close()
	within(t, "after Goexit", func() {
		for range 10 {
			forked := false
			err := p.Run(background, func(w *Worker) error {
				w.Go(func(*Worker) error { forked = true; return nil })
				_ = w.Call(func(w *Worker) error {
					w.Go(func(*Worker) error { runtime.Goexit(); return nil })
					return w.Join()
				})
				return nil
			})
			if !errors.Is(err, ErrGoexit) || !forked {
				t.Errorf("error %v, forked task ran: %v", err, forked)
			}
		}
		if err := p.Run(background, func(*Worker) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}

func TestObserverOfUnownedErrors(t *testing.T) {
	seen := make(chan error, 4)
	p := New(nil, WithOnError(func(err error) { seen <- err; panic("observer") }))
	defer p.Close()
	want := errors.New("lost")
	for range 2 {
		if err := p.Submit(background, func(*Worker) error { return want }); err != nil {
			t.Fatal(err)
		}
	}
	within(t, "observer", func() {
		for range 2 {
			if err := <-seen; !errors.Is(err, want) {
				t.Errorf("observer saw %v", err)
			}
		}
	})
	if n := p.Stats().Failed; n != 2 {
		t.Errorf("%d failures counted, want 2", n)
	}
}

// blocked returns a pool of one worker that is in a task until the function is called, with an empty backlog.
func blocked(t *testing.T, opts ...Option) (*Pool, func()) {
	p := New(append(opts, WithWorkers(1))...)
	hold, begun := make(chan struct{}), make(chan struct{})
	if err := p.Submit(background, func(*Worker) error { close(begun); <-hold; return nil }); err != nil {
		t.Fatal(err)
	}
	<-begun
	return p, sync.OnceFunc(func() { close(hold) })
}

func TestBacklogIsBounded(t *testing.T) {
	p, release := blocked(t, WithBacklog(3))
	defer p.Close()
	defer release()
	var n atomic.Int64
	count := func(*Worker) error { n.Add(1); return nil }
	for range 3 {
		if err := p.TrySubmit(count); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.TrySubmit(count); !errors.Is(err, ErrFull) {
		t.Fatalf("TrySubmit on a full backlog: %v", err)
	}
	ctx, cancel := context.WithCancelCause(background)
	gone := errors.New("gone")
	cancel(gone)
	if err := p.Submit(ctx, count); !errors.Is(err, gone) {
		t.Fatalf("Submit with an ended context: %v", err)
	}
	g := p.Group()
	within(t, "blocked submit", func() {
		done := make(chan error)
		go func() {
			taken, err := g.SubmitBatch(background, []Task{count, count, count, count, count})
			if taken != 5 {
				t.Errorf("%d of 5 taken", taken)
			}
			done <- err
		}()
		release()
		if err := errors.Join(<-done, g.Wait(background)); err != nil {
			t.Error(err)
		}
	})
	s := p.Stats()
	if n.Load() != 8 || s.BacklogHigh != 3 || s.Refused != 1 {
		t.Fatalf("ran %d, stats %+v", n.Load(), s)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	p, release := blocked(t)
	defer p.Close()
	defer release()
	ctx, cancel := context.WithCancel(background)
	cancel()
	if err := p.Run(ctx, func(*Worker) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Fatalf("Run: %v", err)
	}
}

func TestShutdownRunsWhatItHas(t *testing.T) {
	p, release := blocked(t)
	var n atomic.Int64
	for range 500 {
		_ = p.Submit(background, func(w *Worker) error {
			w.Go(func(*Worker) error { n.Add(1); return nil })
			return nil
		})
	}
	release()
	within(t, "Shutdown", func() {
		if err := errors.Join(p.Shutdown(background), p.Shutdown(background)); err != nil {
			t.Error(err)
		}
	})
	if n.Load() != 500 {
		t.Errorf("%d of 500 ran", n.Load())
	}
	if err := errors.Join(p.TrySubmit(nil), p.Submit(background, nil)); !errors.Is(err, ErrClosed) {
		t.Errorf("submit after Shutdown: %v", err)
	}
}

func TestShutdownGivesUpWithItsContext(t *testing.T) {
	p, release := blocked(t)
	g := p.Group()
	ran := false
	_ = g.Submit(background, func(*Worker) error { ran = true; return nil })
	ctx, cancel := context.WithCancel(background)
	cancel()
	if err := p.Shutdown(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 workers") {
		t.Fatalf("Shutdown: %v", err)
	}
	if err := g.Wait(background); !errors.Is(err, ErrClosed) || ran {
		t.Fatalf("a dropped task: error %v, ran %v", err, ran)
	}
	release()
	within(t, "Close", p.Close)
}

func TestCloseFreesBlockedProducers(t *testing.T) {
	p, release := blocked(t, WithBacklog(1))
	_ = p.TrySubmit(func(*Worker) error { return nil })
	got := make(chan error)
	go func() { got <- p.Submit(background, func(*Worker) error { return nil }) }()
	for waiting := false; !waiting; runtime.Gosched() {
		p.inject.mu.Lock()
		waiting = p.inject.room != nil
		p.inject.mu.Unlock()
	}
	closed := make(chan struct{})
	go func() { p.Close(); close(closed) }()
	within(t, "producer", func() {
		if err := <-got; !errors.Is(err, ErrClosed) {
			t.Errorf("Submit: %v", err)
		}
	})
	release()
	within(t, "Close", func() { <-closed })
}

// A task that forks for ever must not keep submitted tasks waiting, with one worker that would otherwise only run its own.
func TestForkingTasksDoNotStarveTheBacklog(t *testing.T) {
	p := New(WithWorkers(1))
	defer p.Close()
	var stop atomic.Bool
	var chain Task
	chain = func(w *Worker) error {
		if !stop.Load() {
			return p.TrySubmit(chain)
		}
		return nil
	}
	for range 8 {
		_ = p.Submit(background, chain)
	}
	within(t, "a task behind chains", func() {
		if err := p.Run(background, func(*Worker) error { stop.Store(true); return nil }); err != nil {
			t.Error(err)
		}
	})
}

func TestEveryTaskRunsOnce(t *testing.T) {
	p := New(WithWorkers(4), WithBacklog(64), WithForks(1))
	defer p.Close()
	const producers, each = 4, 2000
	ran := make([]atomic.Int32, producers*each*3)
	g := p.Group()
	within(t, "stress", func() {
		var wg sync.WaitGroup
		for producer := range producers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range each {
					at := 3 * (producer*each + i)
					err := g.Submit(background, func(w *Worker) error {
						ran[at].Add(1)
						w.Go(func(*Worker) error { ran[at+1].Add(1); return nil })
						w.Go(func(*Worker) error { ran[at+2].Add(1); return nil })
						if i%3 == 0 {
							return w.Join()
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			}()
		}
		wg.Wait()
		if err := g.Wait(background); err != nil {
			t.Error(err)
		}
	})
	for i := range ran {
		if n := ran[i].Load(); n != 1 {
			t.Fatalf("task %d ran %d times", i, n)
		}
	}
}

// Bursts with pauses in between drive the workers through sleeping and waking; a lost wake-up would hang the burst.
func TestNoWakeUpIsLost(t *testing.T) {
	p := New(WithWorkers(4))
	defer p.Close()
	within(t, "burst", func() {
		for i := range 5000 {
			err := p.Run(background, func(w *Worker) error {
				for range i % 5 {
					w.Go(func(w *Worker) error {
						w.Go(func(*Worker) error { runtime.Gosched(); return nil })
						return nil
					})
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// Two tasks that wait for each other through a channel need both workers: a fork must wake one that sleeps in a join as well.
func TestForkWakesAWorkerThatJoins(t *testing.T) {
	p := New(WithWorkers(2))
	defer p.Close()
	within(t, "fork under a join", func() {
		for range 300 {
			_ = p.Run(background, func(w *Worker) error {
				stolen := make(chan struct{})
				w.Go(func(w *Worker) error {
					close(stolen)
					meet := make(chan struct{})
					w.Go(func(*Worker) error { close(meet); return nil })
					<-meet
					return nil
				})
				<-stolen
				return w.Join()
			})
		}
	})
}

func TestIdleWorkersSleep(t *testing.T) {
	p := New(WithWorkers(3))
	defer p.Close()
	_ = p.Run(background, func(w *Worker) error { return nil })
	within(t, "going idle", func() {
		for p.Stats().Running != 0 {
			runtime.Gosched()
		}
	})
	if s := p.Stats(); s.Workers != 3 || s.Queued != 0 || s.Done != 1 {
		t.Fatalf("idle pool: %+v", s)
	}
}

func TestNoGoroutineStays(t *testing.T) {
	before := runtime.NumGoroutine()
	p := New(WithWorkers(16))
	_ = p.Run(background, func(w *Worker) error { _ = fibPool(w, 12, 1); return nil })
	p.Close()
	within(t, "end of the workers", func() {
		for runtime.NumGoroutine() > before+1 { // this one
			runtime.Gosched()
		}
	})
}

func TestForkAllocations(t *testing.T) {
	p := New(WithWorkers(1))
	defer p.Close()
	nothing := func(*Worker) error { return nil }
	_ = p.Run(background, func(w *Worker) error {
		n := testing.AllocsPerRun(1000, func() {
			for range 8 {
				w.Go(nothing)
			}
			_ = w.Join()
			_ = w.Call(nothing)
		})
		if n != 0 {
			t.Errorf("%v allocations for eight forks, a join and a call, want 0", n)
		}
		return nil
	})
}
