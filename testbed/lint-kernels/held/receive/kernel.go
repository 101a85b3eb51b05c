// Package kernel stops a flusher and waits for its end under the lock that the flusher takes.
package kernel

import "sync"

type buffer struct {
	mu      sync.Mutex
	lines   []string
	quit    chan struct{}
	stopped chan struct{}
}

func newBuffer() *buffer {
	b := &buffer{quit: make(chan struct{}), stopped: make(chan struct{})}
	go b.flushAtEnd()
	return b
}

func (b *buffer) flushAtEnd() {
	defer close(b.stopped)
	<-b.quit
	b.mu.Lock() // via; stuck
	defer b.mu.Unlock()
	b.lines = nil
}

func (b *buffer) stop() {
	b.mu.Lock() // via
	defer b.mu.Unlock()
	close(b.quit)
	<-b.stopped // want DL003; stuck
}
