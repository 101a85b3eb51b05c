// The pool as its users see it: making one, handing tasks in, waiting, stopping.

// Package pool runs tasks on a fixed number of goroutines that steal work from each other.
//
// # What it is for
//
// Tasks that fork smaller tasks and wait for them (divide and conquer, tree walks) with a small grain, and a bounded place for
// many short independent tasks. A task receives its *Worker; Worker.Both divides work in two, Worker.Go forks, Worker.Join runs
// other tasks while it waits, so nested fork-join cannot deadlock, not even with one worker.
//
// # What it costs
//
// A flat task costs about what a worker reading a buffered channel costs (BenchmarkFlat), a forked task tens of nanoseconds more
// than its closure (BenchmarkFib, BenchmarkFork). Frames are used again: a fork allocates nothing beyond the closure the caller
// makes (TestForkAllocations). An idle pool uses no CPU: workers park.
//
// # Limits
//
// For independent tasks of ten microseconds and more a plain channel or errgroup is as fast and simpler. Tasks that block
// (network, disk, sleep) hold a worker each: start goroutines for those. A task must not wait for another task of the same pool
// by a channel, a lock or Pool.Run: only Join gives the worker back. Do not call Join while holding a lock, because it runs other
// tasks. Each pool must be stopped with Shutdown or Close, or its goroutines stay.
package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// ErrClosed is returned for tasks handed to a pool that stops, and is the error of tasks dropped by Close.
var ErrClosed = errors.New("pool is closed")

// ErrFull is returned by TrySubmit when the backlog has reached its limit.
var ErrFull = errors.New("pool backlog is full")

// ErrGoexit is the error of a task that ended its goroutine with runtime.Goexit. The pool starts another one in its place.
var ErrGoexit = errors.New("task called runtime.Goexit")

// Task is a unit of work. The worker is valid until the task returns, and only on the goroutine that called the task.
type Task func(*Worker) error

// Pool is a set of workers. Make one with New.
type Pool struct {
	conf    config
	workers []*Worker
	inject  injection
	state   atomic.Int32
	parked  parkedWorkers
	live    sync.WaitGroup
	alive   atomic.Int64
	stopped chan struct{}
	stop    sync.Once

	panics  atomic.Int64
	failed  atomic.Int64
	refused atomic.Int64
}

const (
	open     int32 = iota
	draining       // accepts nothing, runs what it has
	dropping       // accepts nothing, runs no further root task
)

// New starts the workers: as many as GOMAXPROCS unless an option says otherwise.
func New(opts ...Option) *Pool {
	p := &Pool{conf: defaults(), stopped: make(chan struct{})}
	for _, o := range opts {
		if o != nil {
			o(&p.conf)
		}
	}
	p.inject.limit = p.conf.backlog
	p.workers = make([]*Worker, p.conf.workers)
	for i := range p.workers {
		w := &Worker{pool: p, index: i, wake: make(chan struct{}, 1), seed: uint32(i)*2654435761 + 1}
		w.deque.start(dequeStart, p.conf.forks)
		p.workers[i] = w
	}
	p.live.Add(len(p.workers))
	p.alive.Store(int64(len(p.workers)))
	for _, w := range p.workers {
		go w.loop()
	}
	return p
}

// Submit hands in a task nobody waits for; while the backlog is full it blocks until there is room, ctx ends or the pool closes.
// An error or panic of the task goes to the function given by WithOnError.
func (p *Pool) Submit(ctx context.Context, task Task) error {
	return p.submit(ctx, rootTask{fn: task})
}

// TrySubmit is Submit that never blocks: ErrFull when the backlog is full.
func (p *Pool) TrySubmit(task Task) error { return p.trySubmit(rootTask{fn: task}) }

// SubmitBatch hands in many tasks under one lock, blocking while there is no room. It returns how many were taken: all of them
// unless err is not nil.
func (p *Pool) SubmitBatch(ctx context.Context, tasks []Task) (int, error) {
	return p.submitBatch(ctx, tasks, nil)
}

// Run hands in a task and waits for it and all that it forked; it returns the task's error. When ctx ends first Run returns its
// error, and the task goes on or, if it has not begun, still will. Never call Run from a task of the same pool: use Worker.Call.
func (p *Pool) Run(ctx context.Context, task Task) error {
	g := Group{pool: p}
	if err := g.Submit(ctx, task); err != nil {
		return err
	}
	return g.Wait(ctx)
}

// Group returns a new group of tasks that can be waited for.
func (p *Pool) Group() *Group { return &Group{pool: p} }

// Shutdown refuses new tasks, runs those it has, and waits for the workers to end. When ctx ends first, tasks not yet begun are
// dropped with ErrClosed and an error is returned that says how many workers are still in a task; running tasks are not
// interrupted. It may be called more than once.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.halt(draining)
	select {
	case <-p.stopped:
		return nil
	default:
	}
	select {
	case <-p.stopped:
		return nil
	case <-ctx.Done():
		p.halt(dropping)
		return fmt.Errorf("pool stops with %d workers in a task: %w", p.Stats().Running, context.Cause(ctx))
	}
}

// Close refuses new tasks, drops those not yet begun with ErrClosed, and waits for the running ones. From inside a task of the
// pool it would wait for itself.
func (p *Pool) Close() {
	p.halt(dropping)
	<-p.stopped
}

func (p *Pool) halt(state int32) {
	for old := p.state.Load(); old < state; old = p.state.Load() {
		if p.state.CompareAndSwap(old, state) {
			break
		}
	}
	dropped := p.inject.close(state == dropping)
	p.stop.Do(func() {
		go func() {
			p.live.Wait()
			close(p.stopped)
		}()
	})
	for _, t := range dropped {
		p.settle(t.group, ErrClosed)
	}
	p.parked.wakeIdle()
}

// settle ends a root task: its error goes to its group, or to the observer.
func (p *Pool) settle(g *Group, err error) {
	if err != nil && !errors.Is(err, ErrClosed) {
		p.failed.Add(1)
	}
	if g != nil {
		g.done(err)
		return
	}
	if err == nil {
		return
	}
	var pe *PanicError
	if p.conf.reraise && errors.As(err, &pe) {
		// On a goroutine of its own: on the worker a task that joins would recover it.
		go func() { panic(pe) }()
		return
	}
	p.observe(err)
}

// observe shields the worker from a panic of the observer.
func (p *Pool) observe(err error) {
	defer func() { _ = recover() }()
	p.conf.onError(err)
}

// defaultWorkers is GOMAXPROCS: more workers than processors only add deques to search.
func defaultWorkers() int { return runtime.GOMAXPROCS(0) }
