// Package kernel lists the members of a group with an iterator that holds the lock while the caller's loop runs.
package kernel

import (
	"iter"
	"sync"
	"time"
)

type group struct {
	mu      sync.Mutex
	members map[string]time.Time
}

func (g *group) all() iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		g.mu.Lock() // via
		defer g.mu.Unlock()
		for name, joined := range g.members {
			if !yield(name, joined) { // stuck
				return
			}
		}
	}
}

func (g *group) remove(name string) {
	g.mu.Lock() // via; stuck
	defer g.mu.Unlock()
	delete(g.members, name)
}

func (g *group) expire(before time.Time) {
	for name, joined := range g.all() { // stuck
		if joined.Before(before) {
			g.remove(name) // want DL001; stuck
		}
	}
}
