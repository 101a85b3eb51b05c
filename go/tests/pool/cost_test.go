// What a task costs on this pool, on others, and without any: the rows of the table in docs/module/pool.
//
// The cheap way to compare is `go test -bench . -count 10 ./pool`; BenchmarkRatios does it in a second or two, turn by turn in one
// run with the best of several rounds, so that other load on the machine meets all of them.
package pool_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/panjf2000/ants/v2"
	"golang.org/x/sync/errgroup"

	"github.com/goherd/goherd/go/pool"
)

var background = context.Background()

// spin works for about a hundred nanoseconds per 60 rounds.
func spin(rounds int) (n uint64) {
	n = 1
	for range rounds {
		n = n*6364136223846793005 + 1442695040888963407
	}
	if n == 0 {
		panic("unreachable")
	}
	return n
}

var size = runtime.GOMAXPROCS(0)

// flat runs n independent tasks and returns when all have ended.
var flat = map[string]func(n int, task func()){
	"go": func(n int, task func()) {
		var wg sync.WaitGroup
		for range n {
			wg.Add(1)
			go func() { task(); wg.Done() }()
		}
		wg.Wait()
	},
	"channel": func(n int, task func()) {
		var wg sync.WaitGroup
		queue := make(chan func(), pool.DefaultBacklog)
		for range size {
			go func() {
				for f := range queue {
					f()
				}
			}()
		}
		each := func() { task(); wg.Done() }
		for range n {
			wg.Add(1)
			queue <- each
		}
		wg.Wait()
		close(queue)
	},
	"errgroup": func(n int, task func()) {
		var g errgroup.Group
		g.SetLimit(size)
		for range n {
			g.Go(func() error { task(); return nil })
		}
		_ = g.Wait()
	},
	"ants": func(n int, task func()) {
		p, err := ants.NewPool(size)
		if err != nil {
			panic(err)
		}
		defer p.Release()
		var wg sync.WaitGroup
		each := func() { task(); wg.Done() }
		for range n {
			wg.Add(1)
			_ = p.Submit(each)
		}
		wg.Wait()
	},
	"pool": func(n int, task func()) {
		p := pool.New()
		defer p.Close()
		var wg sync.WaitGroup
		each := func(*pool.Worker) error { task(); wg.Done(); return nil }
		for range n {
			wg.Add(1)
			_ = p.Submit(background, each)
		}
		wg.Wait()
	},
	"pool batch 64": func(n int, task func()) {
		p := pool.New()
		defer p.Close()
		var wg sync.WaitGroup
		tasks := slices.Repeat([]pool.Task{func(*pool.Worker) error { task(); wg.Done(); return nil }}, 64)
		for ; n > 0; n -= 64 {
			wg.Add(min(n, 64))
			_, _ = p.SubmitBatch(background, tasks[:min(n, 64)])
		}
		wg.Wait()
	},
}

var flatOrder = []string{"go", "channel", "errgroup", "ants", "pool", "pool batch 64"}

var flatTasks = []struct {
	name string
	task func()
}{
	{"100ns", func() { spin(60) }},
	{"10us", func() { spin(6000) }},
	{"sleep1ms", func() { time.Sleep(time.Millisecond) }},
}

func BenchmarkFlat(b *testing.B) {
	for _, t := range flatTasks {
		for _, name := range flatOrder {
			b.Run("task="+t.name+"/way="+name, func(b *testing.B) {
				b.ReportAllocs()
				flat[name](b.N, t.task)
			})
		}
	}
}

func fibSeq(n int) int {
	if n < 2 {
		return n
	}
	return fibSeq(n-1) + fibSeq(n-2)
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

func fibErrgroup(n, cut int) int {
	if n <= cut {
		return fibSeq(n)
	}
	var left, right int
	var g errgroup.Group
	g.Go(func() error { left = fibErrgroup(n-1, cut); return nil })
	right = fibErrgroup(n-2, cut)
	_ = g.Wait()
	return left + right
}

// fibTask is one node, as a careful caller writes it: what may be stolen is allocated, the rest stays on the stack.
type fibTask struct {
	n, cut, sum int
}

func (t *fibTask) run(w *pool.Worker) error {
	if t.n <= t.cut {
		t.sum = fibSeq(t.n)
		return nil
	}
	first, second := &fibTask{n: t.n - 1, cut: t.cut}, fibTask{n: t.n - 2, cut: t.cut}
	err := w.Both(first.run, second.run)
	t.sum = first.sum + second.sum
	return err
}

func fibPool(p *pool.Pool, n, cut int) int {
	t := fibTask{n: n, cut: cut}
	_ = p.Run(background, t.run)
	return t.sum
}

var sum int

func BenchmarkFib24(b *testing.B) {
	p := pool.New()
	defer p.Close()
	for _, cut := range []struct {
		name string
		cut  int
	}{{"2", 2}, {"10", 10}, {"20", 20}} {
		for _, way := range []struct {
			name string
			fib  func(n, cut int) int
		}{
			{"sequential", func(n, _ int) int { return fibSeq(n) }},
			{"go", fibGo},
			{"errgroup", fibErrgroup},
			{"pool", func(n, cut int) int { return fibPool(p, n, cut) }},
		} {
			b.Run("cut="+cut.name+"/way="+way.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					sum = way.fib(24, cut.cut)
				}
			})
		}
	}
}

// best runs the ways in turn and returns the shortest time of each.
func best(rounds int, ways ...func()) []time.Duration {
	times := make([]time.Duration, len(ways))
	for range rounds {
		for i, way := range ways {
			start := time.Now()
			way()
			if d := time.Since(start); times[i] == 0 || d < times[i] {
				times[i] = d
			}
		}
	}
	return times
}

// BenchmarkRatios reports the ratios the documentation gives, each time measured turn by turn.
func BenchmarkRatios(b *testing.B) {
	const n = 100_000
	tiny := func() { spin(60) }
	p := pool.New()
	defer p.Close()
	for b.Loop() {
		times := best(8, func() { flat["pool"](n, tiny) }, func() { flat["pool batch 64"](n, tiny) },
			func() { flat["channel"](n, tiny) }, func() { flat["ants"](n, tiny) })
		submit, batch, channel, antsTime := times[0], times[1], times[2], times[3]
		b.Logf("tiny flat tasks, ns: submit %d, batch %d, channel %d, ants %d", submit/n, batch/n, channel/n, antsTime/n)
		b.ReportMetric(ratio(submit, channel), "submit/channel")
		b.ReportMetric(ratio(batch, channel), "batch/channel")
		b.ReportMetric(ratio(submit, antsTime), "submit/ants")
		b.ReportMetric(ratio(batch, antsTime), "batch/ants")
		times = best(200, func() { sum = fibPool(p, 24, 10) }, func() { sum = fibGo(24, 10) }, func() { sum = fibSeq(24) })
		b.Logf("fib(24) cut 10: pool %v, go %v, sequential %v", times[0], times[1], times[2])
		b.ReportMetric(ratio(times[1], times[0]), "go/pool")
	}
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
