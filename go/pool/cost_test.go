// What the package documentation says about cost.

package pool

import (
	"context"
	"sync"
	"testing"
)

var sink uint64

// tiny is about a hundred nanoseconds of work.
func tiny(n uint64) uint64 {
	for range 60 {
		n = n*6364136223846793005 + 1442695040888963407
	}
	return n
}

// BenchmarkFlat compares a tiny independent task on this pool, submitted one by one and 64 at a time, with as many goroutines
// reading a buffered channel.
func BenchmarkFlat(b *testing.B) {
	b.Run("submit", func(b *testing.B) {
		p := New()
		defer p.Close()
		var wg sync.WaitGroup
		task := func(*Worker) error { tinyDone(&wg); return nil }
		b.ReportAllocs()
		for b.Loop() {
			wg.Add(1)
			_ = p.Submit(context.Background(), task)
		}
		wg.Wait()
	})
	b.Run("batch", func(b *testing.B) {
		p := New()
		defer p.Close()
		var wg sync.WaitGroup
		tasks := make([]Task, 64)
		for i := range tasks {
			tasks[i] = func(*Worker) error { tinyDone(&wg); return nil }
		}
		b.ReportAllocs()
		for i := 0; i < b.N; i += len(tasks) {
			wg.Add(len(tasks))
			_, _ = p.SubmitBatch(context.Background(), tasks)
		}
		wg.Wait()
	})
	b.Run("channel", func(b *testing.B) {
		queue := make(chan func(), DefaultBacklog)
		for range defaultWorkers() {
			go func() {
				for f := range queue {
					f()
				}
			}()
		}
		defer close(queue)
		var wg sync.WaitGroup
		task := func() { tinyDone(&wg) }
		b.ReportAllocs()
		for b.Loop() {
			wg.Add(1)
			queue <- task
		}
		wg.Wait()
	})
}

func tinyDone(wg *sync.WaitGroup) {
	if tiny(uint64(1)) == 0 {
		panic("unreachable")
	}
	wg.Done()
}

func fibSeq(n int) int {
	if n < 2 {
		return n
	}
	return fibSeq(n-1) + fibSeq(n-2)
}

func fibPool(w *Worker, n, cut int) int {
	if n <= cut {
		return fibSeq(n)
	}
	var left, right int
	_ = w.Both(
		func(w *Worker) error { left = fibPool(w, n-1, cut); return nil },
		func(w *Worker) error { right = fibPool(w, n-2, cut); return nil })
	return left + right
}

func fibJoin(w *Worker, n, cut int) int {
	if n <= cut {
		return fibSeq(n)
	}
	var left, right int
	w.Go(func(w *Worker) error { left = fibJoin(w, n-1, cut); return nil })
	_ = w.Call(func(w *Worker) error { right = fibJoin(w, n-2, cut); return nil })
	_ = w.Join()
	return left + right
}

func fibGo(n, cut int) int {
	if n <= cut {
		return fibSeq(n)
	}
	var left, right int
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { left = fibGo(n-1, cut); wg.Done() }()
	right = fibGo(n-2, cut)
	wg.Wait()
	return left + right
}

// BenchmarkFib is fork-join at a small grain: fib(24) forked down to 10.
func BenchmarkFib(b *testing.B) {
	const n, cut = 24, 10
	b.Run("sequential", func(b *testing.B) {
		for b.Loop() {
			sink = uint64(fibSeq(n))
		}
	})
	b.Run("go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink = uint64(fibGo(n, cut))
		}
	})
	for name, fib := range map[string]func(*Worker, int, int) int{"both": fibPool, "go+call+join": fibJoin} {
		b.Run(name, func(b *testing.B) {
			p := New()
			defer p.Close()
			b.ReportAllocs()
			for b.Loop() {
				_ = p.Run(context.Background(), func(w *Worker) error { sink = uint64(fib(w, n, cut)); return nil })
			}
		})
	}
}

// BenchmarkFork is one fork and its join with nothing to do and one worker: the cost of the machinery alone.
func BenchmarkFork(b *testing.B) {
	p := New(WithWorkers(1))
	defer p.Close()
	nothing := func(*Worker) error { return nil }
	b.ReportAllocs()
	_ = p.Run(context.Background(), func(w *Worker) error {
		for b.Loop() {
			w.Go(nothing)
			_ = w.Join()
		}
		return nil
	})
}
