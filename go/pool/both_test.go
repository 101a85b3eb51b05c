// Both: what it returns, whoever ran the halves, and that no panic leaves anything behind.

package pool

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
)

func TestBothDividesDown(t *testing.T) {
	for _, options := range [][]Option{{WithWorkers(1)}, {WithWorkers(4)}, {WithWorkers(3), WithForks(1)}} {
		p := New(options...)
		for range 20 {
			err := p.Run(context.Background(), func(w *Worker) error {
				if got := fibPool(w, 16, 1); got != fibSeq(16) {
					t.Errorf("fib(16) = %d", got)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		p.Close()
	}
}

// eitherSide runs check with a pool whose other worker takes the first half, and with one that has no other.
func eitherSide(t *testing.T, check func(t *testing.T, p *Pool, stolen func(w *Worker))) {
	t.Run("stolen", func(t *testing.T) {
		p := New(WithWorkers(2))
		defer p.Close()
		check(t, p, func(w *Worker) {
			for w.deque.size() > 0 { // until the other one has taken it
				runtime.Gosched()
			}
		})
	})
	t.Run("taken back", func(t *testing.T) {
		p := New(WithWorkers(1))
		defer p.Close()
		check(t, p, func(*Worker) {})
	})
}

func TestBothReturnsErrors(t *testing.T) {
	one, two, three := errors.New("one"), errors.New("two"), errors.New("three")
	eitherSide(t, func(t *testing.T, p *Pool, stolen func(*Worker)) {
		for _, c := range []struct{ first, second, forked, want error }{
			{nil, nil, nil, nil}, {one, nil, nil, one}, {nil, two, nil, two}, {one, two, three, two}, {nil, nil, three, three},
		} {
			var after bool
			err := p.Run(context.Background(), func(w *Worker) error {
				var forked atomic.Bool
				err := w.Both(func(w *Worker) error {
					w.Go(func(*Worker) error { forked.Store(true); return c.forked })
					return c.first
				}, func(w *Worker) error { stolen(w); return c.second })
				after = forked.Load()
				return err
			})
			if err != c.want || !after {
				t.Errorf("%+v: returned %v, what it forked had ended: %t", c, err, after)
			}
		}
	})
}

func TestBothPanics(t *testing.T) {
	eitherSide(t, func(t *testing.T, p *Pool, stolen func(*Worker)) {
		for range 50 {
			for _, which := range []string{"first", "second", "both"} {
				var pe *PanicError
				err := p.Run(context.Background(), func(w *Worker) error {
					err := w.Both(func(*Worker) error {
						if which != "second" {
							panic("first")
						}
						return nil
					}, func(w *Worker) error {
						stolen(w)
						if which != "first" {
							panic("second")
						}
						return nil
					})
					t.Errorf("%s: Both returned %v", which, err)
					return nil
				})
				if !errors.As(err, &pe) || which != "both" && pe.Value != which {
					t.Errorf("%s: %v", which, err)
				}
			}
			// The worker is as good as before.
			if err := p.Run(context.Background(), func(w *Worker) error { fibPool(w, 10, 1); return nil }); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestBothGoexit(t *testing.T) {
	eitherSide(t, func(t *testing.T, p *Pool, stolen func(*Worker)) {
		err := p.Run(context.Background(), func(w *Worker) error {
			return w.Both(func(*Worker) error { runtime.Goexit(); return nil }, func(w *Worker) error { stolen(w); return nil })
		})
		if err != ErrGoexit {
			t.Errorf("got %v", err)
		}
		if err := p.Run(context.Background(), func(w *Worker) error { fibPool(w, 10, 1); return nil }); err != nil {
			t.Error(err)
		}
	})
}

// TestBothAmongOtherForks mixes it with Go and Join, which may run what Both has forked.
func TestBothAmongOtherForks(t *testing.T) {
	p := New(WithWorkers(3))
	defer p.Close()
	var sum atomic.Int64
	add := func(*Worker) error { sum.Add(1); return nil }
	var tree func(depth int) Task
	tree = func(depth int) Task {
		return func(w *Worker) error {
			if depth == 0 {
				return add(w)
			}
			w.Go(add)
			return w.Both(tree(depth-1), func(w *Worker) error {
				w.Go(add)
				if depth%2 == 0 {
					if err := w.Join(); err != nil {
						return err
					}
				}
				return w.Call(tree(depth - 1))
			})
		}
	}
	for range 20 {
		sum.Store(0)
		if err := p.Run(context.Background(), tree(10)); err != nil {
			t.Fatal(err)
		}
		// A tree of depth n has 2^n leaves and 2^n - 1 inner nodes with two more each.
		if got := sum.Load(); got != 3*1024-2 {
			t.Fatalf("%d of %d", got, 3*1024-2)
		}
	}
}

func TestBothAllocatesNothing(t *testing.T) {
	p := New(WithWorkers(1))
	defer p.Close()
	nothing := func(*Worker) error { return nil }
	_ = p.Run(context.Background(), func(w *Worker) error {
		if n := testing.AllocsPerRun(1000, func() { _ = w.Both(nothing, nothing) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		return nil
	})
}
