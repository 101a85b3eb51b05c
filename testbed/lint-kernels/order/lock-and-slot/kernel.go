// Package kernel renders with few slots, a channel, and a lock on the cache; one function takes the slot first, the other the lock.
package kernel

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
	r.slots <- struct{}{} // via
	defer func() { <-r.slots }()
	pause()
	r.mu.Lock() // via; stuck
	defer r.mu.Unlock()
	r.cache[page] = "<p>" + page
	return r.cache[page]
}

func (r *renderer) renderAll(pages []string) {
	r.mu.Lock() // via
	defer r.mu.Unlock()
	pause()
	for _, page := range pages {
		r.slots <- struct{}{} // want DL003|DL002; stuck
		r.cache[page] = "<p>" + page
		<-r.slots
	}
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
