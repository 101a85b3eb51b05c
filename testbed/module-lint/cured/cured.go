// Package cured does the same work as package bad, right.
package cured

import (
	"context"
	"errors"
	"log"
	"net/http"
	"testing"
	"time"

	"github.com/goherd/goherd/go/canceltrace"
	"github.com/goherd/goherd/go/deadline"
	"github.com/goherd/goherd/go/fuse"
	"github.com/goherd/goherd/go/labels"
	"github.com/goherd/goherd/go/pool"
	"github.com/goherd/goherd/go/runner"
	"github.com/goherd/goherd/go/stream"
)

type account struct {
	mu      fuse.Mutex
	balance int
}

func (a *account) Twice() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.add()
}

// add must be called with mu held.
func (a *account) add() { a.balance++ }

type bank struct {
	first, second fuse.Mutex
	n             int
}

func (b *bank) One() {
	b.first.Lock()
	defer b.first.Unlock()
	b.second.Lock()
	defer b.second.Unlock()
	b.n++
}

func (b *bank) Other() {
	b.first.Lock()
	defer b.first.Unlock()
	b.second.Lock()
	defer b.second.Unlock()
	b.n--
}

func (a *account) Across(n int) {
	results := make(chan int, 1)
	go func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.balance += <-results
	}()
	results <- n
}

type table struct {
	mu   fuse.RWMutex
	rows map[string]int
}

func (t *table) Sum() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows["x"]
}

func (t *table) Put(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[key]++
}

var errPoor = errors.New("poor")

func (a *account) Withdraw(n int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.balance < n {
		return errPoor
	}
	a.balance -= n
	return nil
}

func Same(a *account) int {
	b := a
	return b.balance
}

func Counted(jobs []int, do func(int) error) {
	var wg fuse.WaitGroup
	for _, job := range jobs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := do(job); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}()
	}
	wg.Wait()
}

func Fails(t *testing.T) {
	r := runner.New(context.Background(), "fails")
	r.Go("task", func(context.Context) error { return errPoor })
	if err := r.Wait(); err != nil {
		t.Fatal(err)
	}
}

type gate struct {
	mu     fuse.Mutex
	opened *fuse.Cond
	open   bool
}

func newGate() *gate {
	g := new(gate)
	g.opened = fuse.NewCond(&g.mu)
	return g
}

func (g *gate) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.open {
		g.opened.Wait()
	}
}

func (g *gate) release() {
	g.mu.Lock()
	g.open = true
	g.mu.Unlock()
	g.opened.Broadcast()
}

// Offers ends what it has started.
func Offers(ctx context.Context) error {
	r := runner.New(ctx, "offers")
	offers := make(chan string)
	r.Go("watch", func(ctx context.Context) error { // start: low
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case offer := <-offers:
				log.Print(offer)
			}
		}
	})
	r.Cancel(nil)
	report, err := r.WaitTimeout(time.Second)
	if errors.Is(err, runner.ErrStuck) {
		log.Print(report)
	}
	return err
}

// Forks joins what it forks: a task that returns is joined by the pool.
func Forks(ctx context.Context, p *pool.Pool, sums []int) error {
	if err := p.Submit(ctx, func(w *pool.Worker) error { // start: low
		for i := range sums {
			w.Go(func(*pool.Worker) error { // start: low
				sums[i]++
				return nil
			})
		}
		return w.Join()
	}); err != nil {
		return err
	}
	return p.Shutdown(ctx)
}

// Serve puts a handler behind the module's middlewares; a client sends on what is left of the deadline.
func Serve(chain *deadline.Chain, tracer *canceltrace.Tracer, table *labels.Table) http.Handler {
	client := &http.Client{Transport: chain.Transport(nil)}
	mux := http.NewServeMux()
	mux.Handle("/prices", chain.Middleware(tracer.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // start: low
		request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://prices", nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer, err := client.Do(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
	}))))
	return labels.HTTP(table, "shop")(mux)
}

// Stream hands values on as long as they can be in time.
func Stream(ctx context.Context, values []int, serve func(context.Context, int)) error {
	buffer := stream.New[int](2, 16, nil)
	r := runner.New(ctx, "stream")
	r.Go("serve", func(ctx context.Context) error { return buffer.Serve(ctx, serve) }) // start: low
	for _, value := range values {
		if err := buffer.Push(ctx, value); err != nil {
			break
		}
	}
	buffer.Close()
	return r.Wait()
}
