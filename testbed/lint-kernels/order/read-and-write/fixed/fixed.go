// Package fixed routes requests; the table of routes is always locked before the table of backends.
package fixed

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
	r.routesMu.RLock()
	defer r.routesMu.RUnlock()
	name := r.routes[path]
	pause()
	r.backendsMu.RLock()
	defer r.backendsMu.RUnlock()
	return r.backends[name]
}

func (r *router) drop(backend string) {
	r.routesMu.Lock()
	defer r.routesMu.Unlock()
	r.backendsMu.Lock()
	defer r.backendsMu.Unlock()
	delete(r.backends, backend)
	pause()
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
