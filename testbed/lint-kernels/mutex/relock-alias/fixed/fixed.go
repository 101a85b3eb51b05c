// Package fixed rotates a log; what is reached over a local name is the same lock, taken once.
package fixed

import "sync"

type rotated struct {
	mu    sync.Mutex
	lines []string
	old   [][]string
}

func (r *rotated) rotate(max int) {
	mu := &r.mu
	mu.Lock()
	defer mu.Unlock()
	r.old = append(r.old, r.lines)
	r.lines = nil
	if len(r.old) > max {
		r.old = r.old[1:]
	}
}

func (r *rotated) drop(n int) {
	// For callers who do not hold the lock.
	r.mu.Lock()
	defer r.mu.Unlock()
	r.old = r.old[n:]
}
