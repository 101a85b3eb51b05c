// Package kernel queues jobs; one that comes after the stop is sent on a closed channel.
package kernel

type runner struct {
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

func (r *runner) submit(job func()) {
	r.jobs <- job // want LK013; crash
}

func (r *runner) stop() {
	close(r.jobs) // via
	<-r.drained
}
