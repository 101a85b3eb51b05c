// Package fixed lists the members of a group; what is done with each is done on a copy, without the lock.
package fixed

import (
	"iter"
	"maps"
	"sync"
	"time"
)

type group struct {
	mu      sync.Mutex
	members map[string]time.Time
}

func (g *group) all() iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		g.mu.Lock()
		members := maps.Clone(g.members)
		g.mu.Unlock()
		for name, joined := range members {
			if !yield(name, joined) {
				return
			}
		}
	}
}

func (g *group) remove(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.members, name)
}

func (g *group) expire(before time.Time) {
	for name, joined := range g.all() {
		if joined.Before(before) {
			g.remove(name)
		}
	}
}
