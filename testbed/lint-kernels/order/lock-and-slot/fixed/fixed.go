// Package fixed renders with few slots; a slot is always taken before the lock.
package fixed

import (
	"runtime"
	"sync"
	"time"
)

type renderer struct {
	slots chan struct{}
	mu    sync.Mutex
	cache map[string]string
}

func newRenderer() *renderer {
	return &renderer{slots: make(chan struct{}, 1), cache: map[string]string{}}
}

func (r *renderer) render(page string) string {
	r.slots <- struct{}{}
	defer func() { <-r.slots }()
	pause()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cache[page] = "<p>" + page
	return r.cache[page]
}

func (r *renderer) renderAll(pages []string) {
	for _, page := range pages {
		r.render(page)
	}
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
