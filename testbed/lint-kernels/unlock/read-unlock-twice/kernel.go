// Package kernel looks up a route and ends the read lock twice where there is none.
package kernel

import (
	"errors"
	"sync"
)

var errNoRoute = errors.New("no route")

type routes struct {
	mu     sync.RWMutex
	byPath map[string]string
	missed map[string]bool
}

func (r *routes) find(path string) (string, error) {
	r.mu.RLock()
	target, ok := r.byPath[path]
	if !ok {
		r.mu.RUnlock() // via
		r.miss(path)
	}
	r.mu.RUnlock() // want LO004; crash
	if !ok {
		return "", errNoRoute
	}
	return target, nil
}

func (r *routes) miss(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed[path] = true
}
