// Package kernel routes requests over two tables; the readers lock them in one order and the updater in the other.
package kernel

import (
	"runtime"
	"sync"
	"time"
)

type router struct {
	routesMu   sync.RWMutex
	routes     map[string]string
	backendsMu sync.RWMutex
	backends   map[string]int
}

func newRouter() *router {
	return &router{routes: map[string]string{"/": "web"}, backends: map[string]int{"web": 1}}
}

func (r *router) pick(path string) int {
	r.routesMu.RLock() // via
	defer r.routesMu.RUnlock()
	name := r.routes[path]
	pause()
	r.backendsMu.RLock() // via; stuck
	defer r.backendsMu.RUnlock()
	return r.backends[name]
}

func (r *router) drop(backend string) {
	r.backendsMu.Lock() // via
	defer r.backendsMu.Unlock()
	delete(r.backends, backend)
	pause()
	r.routesMu.Lock() // want DL002; stuck
	defer r.routesMu.Unlock()
	for path, name := range r.routes {
		if name == backend {
			delete(r.routes, path)
		}
	}
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
