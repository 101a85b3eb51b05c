// Package fixed wakes a flusher; a wake-up that comes while it works is kept.
package fixed

import "sync"

type flusher struct {
	mu      sync.Mutex
	pending []string
	wake    chan struct{}
	flush   func([]string)
}

func newFlusher(flush func([]string)) *flusher {
	return &flusher{wake: make(chan struct{}, 1), flush: flush}
}

func (f *flusher) add(line string) {
	f.mu.Lock()
	f.pending = append(f.pending, line)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *flusher) run(lines int) {
	for flushed := 0; flushed < lines; {
		<-f.wake
		f.mu.Lock()
		batch := f.pending
		f.pending = nil
		f.mu.Unlock()
		f.flush(batch)
		flushed += len(batch)
	}
}
