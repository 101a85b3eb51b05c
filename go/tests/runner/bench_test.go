// What a task of a Runner costs beside errgroup and beside plain goroutines. Each function runs b.N tasks that
// do nothing, or that work for about 10 µs, in batches as a service would, and waits for them.

package runner

import (
	"context"
	"sync"
	"testing"

	"github.com/goherd/goherd/go/runner"
	"golang.org/x/sync/errgroup"
)

const batch = 64

var sink [64]struct {
	n uint64
	_ [56]byte
}

// work is a task; turns of 0 does nothing.
func work(i, turns int) {
	n := uint64(i)
	for range turns {
		n = n*6364136223846793005 + 1442695040888963407
	}
	if turns > 0 {
		sink[i%len(sink)].n = n
	}
}

func benchmark(b *testing.B, run func(tasks, turns int)) {
	for _, c := range []struct {
		name  string
		turns int
	}{{"nothing", 0}, {"10us", 10_000}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for left := b.N; left > 0; left -= batch {
				run(min(left, batch), c.turns)
			}
		})
	}
}

func BenchmarkGoroutine(b *testing.B) {
	benchmark(b, func(tasks, turns int) {
		var wg sync.WaitGroup
		wg.Add(tasks)
		for i := range tasks {
			go func() {
				defer wg.Done()
				work(i, turns)
			}()
		}
		wg.Wait()
	})
}

func BenchmarkErrgroup(b *testing.B)      { benchmarkErrgroup(b, -1) }
func BenchmarkErrgroupLimit(b *testing.B) { benchmarkErrgroup(b, 8) }

func benchmarkErrgroup(b *testing.B, limit int) {
	benchmark(b, func(tasks, turns int) {
		g, _ := errgroup.WithContext(context.Background())
		g.SetLimit(limit)
		for i := range tasks {
			g.Go(func() error {
				work(i, turns)
				return nil
			})
		}
		_ = g.Wait()
	})
}

func BenchmarkRunner(b *testing.B)      { benchmarkRunner(b) }
func BenchmarkRunnerLimit(b *testing.B) { benchmarkRunner(b, runner.WithLimit(8)) }

func benchmarkRunner(b *testing.B, opts ...runner.Option) {
	benchmark(b, func(tasks, turns int) {
		r := runner.New(context.Background(), "bench", opts...)
		for i := range tasks {
			r.Go("work", func(context.Context) error {
				work(i, turns)
				return nil
			})
		}
		_ = r.Wait()
	})
}
