// Package kernel reports the state of a breaker; printing it calls its String, which takes the lock.
package kernel

import (
	"fmt"
	"sync"
)

type breaker struct {
	mu     sync.Mutex
	name   string
	open   bool
	errors int
	lines  []string
}

func (b *breaker) String() string {
	b.mu.Lock() // via; stuck
	defer b.mu.Unlock()
	return b.text()
}

func (b *breaker) text() string {
	return fmt.Sprintf("%s open=%t errors=%d", b.name, b.open, b.errors)
}

func (b *breaker) fail(err error) {
	b.mu.Lock() // via
	defer b.mu.Unlock()
	b.errors++
	if b.errors > 3 && !b.open {
		b.open = true
		b.lines = append(b.lines, fmt.Sprintf("%v: %v", b, err)) // want DL001; stuck
	}
}
