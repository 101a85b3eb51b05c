// Waiting from outside the pool, and what a panic looks like as an error.

package pool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Group counts tasks handed in together so that a goroutine outside the pool can wait for them. It may be used again after Wait.
type Group struct {
	pool    *Pool
	pending atomic.Int64
	mu      sync.Mutex
	err     error
	zero    chan struct{}
}

// Submit is Pool.Submit for a task of the group.
func (g *Group) Submit(ctx context.Context, task Task) error {
	g.pending.Add(1)
	err := g.pool.submit(ctx, rootTask{fn: task, group: g})
	if err != nil {
		g.done(nil)
	}
	return err
}

// TrySubmit is Pool.TrySubmit for a task of the group.
func (g *Group) TrySubmit(task Task) error {
	g.pending.Add(1)
	err := g.pool.trySubmit(rootTask{fn: task, group: g})
	if err != nil {
		g.done(nil)
	}
	return err
}

// SubmitBatch is Pool.SubmitBatch for tasks of the group.
func (g *Group) SubmitBatch(ctx context.Context, tasks []Task) (int, error) {
	g.pending.Add(int64(len(tasks)))
	n, err := g.pool.submitBatch(ctx, tasks, g)
	for range len(tasks) - n {
		g.done(nil)
	}
	return n, err
}

// Wait blocks until every task of the group has ended, with all that it forked, and returns the first error among them; or until
// ctx ends, with its error. Never call it from a task of the same pool.
func (g *Group) Wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		if g.pending.Load() == 0 {
			err := g.err
			g.err = nil
			g.mu.Unlock()
			return g.pool.raise(err)
		}
		if g.zero == nil {
			g.zero = make(chan struct{})
		}
		zero := g.zero
		g.mu.Unlock()
		select {
		case <-zero:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (g *Group) done(err error) {
	if err != nil {
		g.mu.Lock()
		if g.err == nil {
			g.err = err
		}
		g.mu.Unlock()
	}
	if g.pending.Add(-1) > 0 {
		return
	}
	g.mu.Lock()
	if g.zero != nil {
		close(g.zero)
		g.zero = nil
	}
	g.mu.Unlock()
}

// PanicError is a panic of a task, turned into an error.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // of the goroutine that panicked, as debug.Stack prints it
}

func (e *PanicError) Error() string { return fmt.Sprintf("task panicked: %v", e.Value) }

// Unwrap returns the panic's value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// raise applies the panic policy where somebody waits.
func (p *Pool) raise(err error) error {
	if err == nil || !p.conf.reraise {
		return err
	}
	var pe *PanicError
	if errors.As(err, &pe) {
		panic(pe)
	}
	return err
}
