// Package fixed flushes a batch after its lock is released: what is deferred first runs last.
package fixed

import "sync"

type batch struct {
	mu     sync.Mutex
	events []string
	size   int
	sink   func([]string)
}

func newBatch(size int) *batch {
	return &batch{size: size, sink: func([]string) {}}
}

func (b *batch) add(event string) {
	b.mu.Lock()
	b.events = append(b.events, event)
	full := len(b.events) >= b.size
	b.mu.Unlock()
	if full {
		b.flush()
	}
}

func (b *batch) flush() {
	b.mu.Lock()
	full := b.events
	b.events = nil
	b.mu.Unlock()
	b.sink(full)
}
