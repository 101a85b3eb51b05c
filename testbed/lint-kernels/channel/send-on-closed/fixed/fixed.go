// Package fixed queues jobs until it is stopped; a job that comes too late is refused.
package fixed

import (
	"errors"
	"sync"
)

var errStopped = errors.New("runner is stopped")

type runner struct {
	mu      sync.Mutex
	stopped bool
	jobs    chan func()
	drained chan struct{}
}

func newRunner() *runner {
	r := &runner{jobs: make(chan func(), 8), drained: make(chan struct{})}
	go r.work()
	return r
}

func (r *runner) work() {
	defer close(r.drained)
	for job := range r.jobs {
		job()
	}
}

func (r *runner) submit(job func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return errStopped
	}
	select {
	case r.jobs <- job:
		return nil
	default:
		return errors.New("too many jobs")
	}
}

func (r *runner) stop() {
	r.mu.Lock()
	r.stopped = true
	close(r.jobs)
	r.mu.Unlock()
	<-r.drained
}
