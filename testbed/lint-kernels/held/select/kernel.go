// Package kernel hands jobs to whichever lane is free; the wait for a lane is under the lock that a lane needs to finish.
package kernel

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
		d.finish() // stuck
	}
}

func (d *dispatcher) finish() {
	d.mu.Lock() // via; stuck
	d.finished++
	d.mu.Unlock()
}

func (d *dispatcher) dispatch(jobs ...job) {
	d.mu.Lock() // via
	for _, j := range jobs {
		select { // want DL003; stuck
		case d.fast <- j:
		case d.slow <- j:
		}
	}
	d.mu.Unlock()
	close(d.fast)
	close(d.slow)
}
