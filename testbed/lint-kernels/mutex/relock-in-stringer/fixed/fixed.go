// Package fixed reports the state of a breaker; what is printed under the lock are its fields.
package fixed

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
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text()
}

func (b *breaker) text() string {
	return fmt.Sprintf("%s open=%t errors=%d", b.name, b.open, b.errors)
}

func (b *breaker) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors++
	if b.errors > 3 && !b.open {
		b.open = true
		b.lines = append(b.lines, fmt.Sprintf("%s: %v", b.text(), err))
	}
}
