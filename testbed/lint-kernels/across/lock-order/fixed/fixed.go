// Package fixed keeps a catalogue beside a stock of another package and asks it without its own lock.
package fixed

import (
	"runtime"
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/across/lock-order/fixed/stock"
)

type catalogue struct {
	mu      sync.Mutex
	stock   *stock.Stock
	soldOut map[string]bool
}

func newCatalogue(s *stock.Stock) *catalogue {
	c := &catalogue{stock: s, soldOut: map[string]bool{}}
	s.Empty = c.markSoldOut
	return c
}

func (c *catalogue) markSoldOut(item string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.soldOut[item] = true
}

func (c *catalogue) available(item string) bool {
	c.mu.Lock()
	soldOut := c.soldOut[item]
	c.mu.Unlock()
	pause()
	return !soldOut && c.stock.Units(item) > 0
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
