// Package fixed looks up a route and ends the read lock once.
package fixed

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
	r.mu.RUnlock()
	if !ok {
		r.miss(path)
		return "", errNoRoute
	}
	return target, nil
}

func (r *routes) miss(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed[path] = true
}
