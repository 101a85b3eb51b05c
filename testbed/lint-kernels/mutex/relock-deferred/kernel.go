// Package kernel collects events and flushes them when a batch is complete.
package kernel

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
	b.mu.Lock() // via
	defer b.mu.Unlock()
	b.events = append(b.events, event)
	if len(b.events) >= b.size {
		defer b.flush() // want DL001
	}
}

func (b *batch) flush() {
	b.mu.Lock() // via; stuck
	full := b.events
	b.events = nil
	b.mu.Unlock()
	b.sink(full)
}
