// Package kernel wakes a flusher over a channel without room: a wake-up that comes while it works is dropped.
package kernel

import "sync"

type flusher struct {
	mu      sync.Mutex
	pending []string
	wake    chan struct{}
	flush   func([]string)
}

func newFlusher(flush func([]string)) *flusher {
	return &flusher{wake: make(chan struct{}), flush: flush} // want LK002|LK010
}

func (f *flusher) add(line string) {
	f.mu.Lock()
	f.pending = append(f.pending, line)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default: // via
	}
}

func (f *flusher) run(lines int) {
	for flushed := 0; flushed < lines; {
		<-f.wake // via; stuck
		f.mu.Lock()
		batch := f.pending
		f.pending = nil
		f.mu.Unlock()
		f.flush(batch)
		flushed += len(batch)
	}
}
