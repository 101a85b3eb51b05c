// The buffer with real goroutines, and the promises of the rule.

package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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

// clocked is a buffer whose time the test moves.
func clocked(workers, capacity int, onDrop func(context.Context, string)) (*Buffer[string], func(time.Duration)) {
	b := New(workers, capacity, onDrop)
	var mu sync.Mutex
	now := time.Now()
	b.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	return b, func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
}

func due(t *testing.T, b *Buffer[string], in time.Duration) context.Context {
	// The context's own timer must not fire: its deadline is only compared with the test's clock.
	ctx, cancel := context.WithDeadline(context.Background(), b.now().Add(in))
	t.Cleanup(cancel)
	return ctx
}

func TestAdmissionByRemainingTime(t *testing.T) {
	var dropped []string
	b, pass := clocked(1, 0, func(_ context.Context, s string) { dropped = append(dropped, s); panic("observer") })
	for range 5 {
		if err := b.Push(due(t, b, time.Hour), "learn"); err != nil {
			t.Fatal(err)
		}
		it, err := b.Pop(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		it.Done()
		it.Done()
	}
	if s := b.Stats(); s.MeanCost != time.Minute || s.Done != 5 || s.Running != 0 {
		t.Fatalf("after five items of a minute: %+v", s)
	}
	if err := b.Push(due(t, b, 59*time.Second), "short"); !errors.Is(err, ErrLate) {
		t.Fatalf("an item with less time than it costs: %v", err)
	}
	if err := b.Push(due(t, b, 90*time.Second), "enough"); err != nil {
		t.Fatalf("an item with time enough: %v", err)
	}
	if err := b.Push(due(t, b, 90*time.Second), "behind"); !errors.Is(err, ErrLate) {
		t.Fatalf("an item behind another: %v", err)
	}
	if err := b.Push(context.Background(), "without deadline"); err != nil {
		t.Fatal(err)
	}
	pass(31 * time.Second)
	it, err := b.Pop(context.Background())
	if err != nil || it.Value != "without deadline" {
		t.Fatalf("popped %v, error %v", it, err)
	}
	it.Done()
	if len(dropped) != 1 || dropped[0] != "enough" {
		t.Fatalf("dropped %v", dropped)
	}
	if s := b.Stats(); s.Late != 2 || s.Dropped != 1 || s.Waiting != 0 {
		t.Fatalf("%+v", s)
	}
}

func TestRefusals(t *testing.T) {
	b, _ := clocked(1, 1, nil)
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(gone)
	if err := b.Push(ctx, "ended"); !errors.Is(err, gone) {
		t.Errorf("an ended context: %v", err)
	}
	if err := b.Push(context.Background(), "one"); err != nil {
		t.Error(err)
	}
	if err := b.Push(context.Background(), "two"); !errors.Is(err, ErrFull) {
		t.Errorf("a full buffer: %v", err)
	}
	b.Close()
	if err := b.Push(context.Background(), "three"); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed buffer: %v", err)
	}
	if it, err := b.Pop(context.Background()); err != nil || it.Value != "one" {
		t.Errorf("what waits in a closed buffer: %v, %v", it, err)
	}
	if _, err := b.Pop(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("closed and empty: %v", err)
	}
}

// An estimate a hundred times too high refuses everything; probes must bring it down again, at the door and at the start.
func TestNeverLocksShut(t *testing.T) {
	r := NewRule(1)
	for range 200 {
		r.Done(10*time.Second, true)
	}
	open := 0
	for i := range 20_000 {
		if r.Admit(100*time.Millisecond, 0, 0) && r.Begin(100*time.Millisecond) {
			r.Done(10*time.Millisecond, false)
			open++
		} else if open > 1000 {
			t.Fatalf("arrival %d refused after the estimate had come down", i)
		}
	}
	if open < 10_000 {
		t.Fatalf("%d of 20000 admitted after the cost fell to a tenth of the time allowed; mean %v", open, r.Mean())
	}
}

func TestProbesAreRare(t *testing.T) {
	r := NewRule(1)
	for range 200 {
		r.Done(10*time.Second, true)
	}
	begun := 0
	for range 1700 {
		if r.Admit(100*time.Millisecond, 0, 0) && r.Begin(100*time.Millisecond) {
			r.Done(10*time.Second, true)
			begun++
		}
	}
	if begun != 100 {
		t.Fatalf("%d of 1700 hopeless items begun, want one in 17", begun)
	}
	if r.Admit(0, 0, 0) || r.Begin(-1) {
		t.Fatal("an item without time left was let through")
	}
}

func TestServeEndsEachItemOnce(t *testing.T) {
	const workers, items = 4, 5000
	b := New[int](workers, items, nil)
	served := make([]atomic.Int32, items)
	ended := make(chan error, 1)
	go func() {
		ended <- b.Serve(context.Background(), func(_ context.Context, i int) { served[i].Add(1) })
	}()
	for i := range items {
		if err := b.Push(context.Background(), i); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	within(t, "Serve after Close", func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for i := range served {
		if n := served[i].Load(); n != 1 {
			t.Fatalf("item %d served %d times", i, n)
		}
	}
	if s := b.Stats(); s.Done != items || s.Running != 0 {
		t.Fatalf("%+v", s)
	}
}

func TestPopEndsWithItsContext(t *testing.T) {
	b := New[int](2, 0, nil)
	ctx, cancel := context.WithCancelCause(context.Background())
	gone := errors.New("gone")
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, func(context.Context, int) {}) }()
	for waiting := 0; waiting < 2; runtime.Gosched() {
		b.mu.Lock()
		waiting = len(b.takers)
		b.mu.Unlock()
	}
	cancel(gone)
	within(t, "Serve after its context", func() {
		if err := <-ended; !errors.Is(err, gone) {
			t.Errorf("Serve: %v", err)
		}
	})
	if len(b.takers) != 0 {
		t.Errorf("%d takers stay listed", len(b.takers))
	}
}

func ExampleBuffer() {
	b := New[string](2, 100, func(_ context.Context, name string) { /* answer "too late" */ })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := b.Push(ctx, "report"); err != nil {
		fmt.Println("refused:", err)
	}
	b.Close()
	_ = b.Serve(context.Background(), func(_ context.Context, name string) { fmt.Println("made", name) })
	// Output: made report
}

func BenchmarkBuffer(bench *testing.B) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	bench.Run("buffer", func(bench *testing.B) {
		b := New[int](1, 0, nil)
		bench.ReportAllocs()
		for bench.Loop() {
			if err := b.Push(ctx, 1); err != nil {
				bench.Fatal(err)
			}
			it, _ := b.Pop(ctx)
			it.Done()
		}
	})
	bench.Run("channel", func(bench *testing.B) {
		c := make(chan int, DefaultCapacity)
		for bench.Loop() {
			select {
			case c <- 1:
			default:
			}
			<-c
		}
	})
}

// BenchmarkPooledContext shows that keeping the holder of a context in a pool saves neither time nor allocations.
func BenchmarkPooledContext(b *testing.B) {
	type holder struct {
		ctx    context.Context
		cancel context.CancelFunc
	}
	parent, stop := context.WithCancel(context.Background())
	defer stop()
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ctx, cancel := context.WithCancel(parent)
			_ = ctx.Err()
			cancel()
		}
	})
	b.Run("pooled", func(b *testing.B) {
		pool := sync.Pool{New: func() any { return new(holder) }}
		b.ReportAllocs()
		for b.Loop() {
			h := pool.Get().(*holder)
			h.ctx, h.cancel = context.WithCancel(parent)
			_ = h.ctx.Err()
			h.cancel()
			pool.Put(h)
		}
	})
}
