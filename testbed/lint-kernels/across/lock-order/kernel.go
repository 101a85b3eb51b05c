// Package kernel keeps a catalogue beside a stock of another package; each calls the other with its own lock held.
package kernel

import (
	"runtime"
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/across/lock-order/stock"
)

type catalogue struct {
	mu      sync.Mutex
	stock   *stock.Stock
	soldOut map[string]bool
}

func newCatalogue(s *stock.Stock) *catalogue {
	c := &catalogue{stock: s, soldOut: map[string]bool{}}
	s.Empty = c.markSoldOut // via
	return c
}

func (c *catalogue) markSoldOut(item string) {
	c.mu.Lock() // via; stuck
	defer c.mu.Unlock()
	c.soldOut[item] = true
}

func (c *catalogue) available(item string) bool {
	c.mu.Lock() // via
	defer c.mu.Unlock()
	pause()
	return !c.soldOut[item] && c.stock.Units(item) > 0 // want DL002; stuck
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
