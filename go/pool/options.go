// Options of a pool, and their defaults.

package pool

import (
	"errors"
	"log/slog"
	"math/bits"
)

// Option changes a pool before it starts. A nil Option is ignored.
type Option func(*config)

type config struct {
	workers int
	backlog int
	forks   int64
	reraise bool
	onError func(error)
}

// DefaultBacklog is how many submitted tasks may wait unless WithBacklog says otherwise.
const DefaultBacklog = 4096

// DefaultForks is how many forked tasks may wait per worker unless WithForks says otherwise.
const DefaultForks = 4096

func defaults() config {
	return config{workers: defaultWorkers(), backlog: DefaultBacklog, forks: DefaultForks, onError: logPanic}
}

// logPanic is the observer of tasks nobody waits for: a panic must not vanish, an ordinary error is the task's own business.
func logPanic(err error) {
	var pe *PanicError
	if errors.As(err, &pe) {
		slog.Error("task panicked", "panic", pe.Value, "stack", string(pe.Stack))
	}
}

// WithWorkers sets the number of workers; values below 1 are ignored.
func WithWorkers(n int) Option {
	return func(c *config) {
		if n >= 1 {
			c.workers = n
		}
	}
}

// WithBacklog sets how many submitted tasks may wait in the queue; values below 1 are ignored. Workers fetch up to 64 tasks at a
// time, which then wait at the worker and are not counted here.
func WithBacklog(n int) Option {
	return func(c *config) {
		if n >= 1 {
			c.backlog = n
		}
	}
}

// WithForks sets how many forked tasks may wait per worker, rounded up to a power of two, from 128 to 2^30; smaller values mean
// 128, so that a batch fetched from the backlog always fits. Beyond it Worker.Go runs the task at once.
func WithForks(n int) Option {
	return func(c *config) {
		n = min(max(n, 2*batchMax), 1<<30)
		c.forks = 1 << bits.Len(uint(n-1))
	}
}

// WithReraise makes a panic of a task panic again, as a *PanicError, where the task is waited for: in Join, Call, Group.Wait or
// Run. When nobody waits for the task the process ends, as it does for a plain goroutine. The default is to return the panic as
// an error.
func WithReraise() Option { return func(c *config) { c.reraise = true } }

// WithOnError sets what happens to errors of tasks nobody waits for: the default logs panics with slog. It is called on the
// worker, so while it blocks the worker runs nothing else; its panics are dropped. Nil silences.
func WithOnError(f func(error)) Option {
	return func(c *config) {
		if f == nil {
			f = func(error) {}
		}
		c.onError = f
	}
}
