// Package fixed keeps values under a lock of any type; the change is made on the value it is given.
package fixed

import "sync"

type guarded[T any] struct {
	mu    sync.RWMutex
	value T
}

func (g *guarded[T]) get() T {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.value
}

func (g *guarded[T]) update(change func(old T) T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.value = change(g.value)
}

type limits struct{ requests, burst int }

type gateway struct {
	limits guarded[limits]
}

func (g *gateway) double() {
	g.limits.update(func(old limits) limits {
		return limits{requests: 2 * old.requests, burst: 2 * old.burst}
	})
}

func (g *gateway) burst() int {
	return g.limits.get().burst
}
