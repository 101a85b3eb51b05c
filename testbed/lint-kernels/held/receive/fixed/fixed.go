// Package fixed stops a flusher and waits for it after the lock is released.
package fixed

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
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = nil
}

func (b *buffer) stop() {
	close(b.quit)
	<-b.stopped
}
