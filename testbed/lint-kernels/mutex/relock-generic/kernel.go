// Package kernel keeps values under a lock of any type; a change reads the value through the lock it is made under.
package kernel

import "sync"

type guarded[T any] struct {
	mu    sync.RWMutex
	value T
}

func (g *guarded[T]) get() T {
	g.mu.RLock() // via; stuck
	defer g.mu.RUnlock()
	return g.value
}

func (g *guarded[T]) update(change func(old T) T) {
	g.mu.Lock() // via
	defer g.mu.Unlock()
	g.value = change(g.value) // via; stuck
}

type limits struct{ requests, burst int }

type gateway struct {
	limits guarded[limits]
}

func (g *gateway) double() {
	g.limits.update(func(old limits) limits {
		return limits{requests: 2 * old.requests, burst: 2 * g.burst()} // want DL001|DL004; stuck
	})
}

func (g *gateway) burst() int {
	return g.limits.get().burst // via; stuck
}
