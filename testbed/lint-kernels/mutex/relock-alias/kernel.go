// Package kernel rotates a log; it takes the lock over a local name and calls a method that takes it over the field.
package kernel

import "sync"

type rotated struct {
	mu    sync.Mutex
	lines []string
	old   [][]string
}

func (r *rotated) rotate(max int) {
	mu := &r.mu
	mu.Lock() // via
	defer mu.Unlock()
	r.old = append(r.old, r.lines)
	r.lines = nil
	if len(r.old) > max {
		r.drop(1) // want DL001; stuck
	}
}

func (r *rotated) drop(n int) {
	r.mu.Lock() // via; stuck
	defer r.mu.Unlock()
	r.old = r.old[n:]
}
