package locks

import (
	"sync"
	"time"
)

type rebuild struct {
	mu      sync.Mutex
	builds  int
	pending chan func()
}

// start hands the lock to the goroutine that does the work.
func (r *rebuild) start(work func()) {
	r.mu.Lock()
	go func() {
		defer r.mu.Unlock()
		work()
		r.builds++
	}()
}

// startNamed hands it to a method that ends with the unlock.
func (r *rebuild) startNamed(work func()) {
	r.mu.Lock()
	go r.finish(work)
}

func (r *rebuild) finish(work func()) {
	defer r.mu.Unlock()
	work()
	r.builds++
}

// later hands the unlock on as a function value over a channel.
func (r *rebuild) later() {
	r.mu.Lock()
	r.pending <- r.mu.Unlock
}

func (r *rebuild) settle() {
	for release := range r.pending {
		release()
	}
}

// afterwards unlocks when a timer fires.
func (r *rebuild) afterwards(pause time.Duration) {
	r.mu.Lock()
	time.AfterFunc(pause, r.mu.Unlock)
}

// ticket is a lock that travels in a struct.
type ticket struct {
	release func()
}

func (r *rebuild) ticket() ticket {
	r.mu.Lock()
	return ticket{release: r.mu.Unlock}
}

func (t ticket) close() {
	t.release()
}

// iterate holds the lock while the caller ranges over it.
func (r *rebuild) iterate(yield func(int) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for at := range r.builds {
		if !yield(at) {
			return
		}
	}
}
