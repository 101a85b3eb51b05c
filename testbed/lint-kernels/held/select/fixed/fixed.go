// Package fixed hands jobs to whichever lane is free and holds no lock while it waits.
package fixed

import "sync"

type job struct{ id int }

type dispatcher struct {
	mu       sync.Mutex
	fast     chan job
	slow     chan job
	finished int
}

func newDispatcher() *dispatcher {
	d := &dispatcher{fast: make(chan job), slow: make(chan job)}
	go d.lane(d.fast)
	go d.lane(d.slow)
	return d
}

func (d *dispatcher) lane(jobs <-chan job) {
	for range jobs {
		d.finish()
	}
}

func (d *dispatcher) finish() {
	d.mu.Lock()
	d.finished++
	d.mu.Unlock()
}

func (d *dispatcher) dispatch(jobs ...job) {
	for _, j := range jobs {
		select {
		case d.fast <- j:
		case d.slow <- j:
		}
	}
	close(d.fast)
	close(d.slow)
}
