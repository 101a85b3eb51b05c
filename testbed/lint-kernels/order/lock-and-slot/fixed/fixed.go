// Package fixed renders with few slots; a slot is always taken before the lock.
package fixed

import (
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
	time.Sleep(50 * time.Millisecond)
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
