// Package fixed reads a catalogue with one read lock for the whole listing.
package fixed

import (
	"runtime"
	"sync"
	"time"
)

type catalogue struct {
	mu     sync.RWMutex
	prices map[string]int
}

func newCatalogue() *catalogue {
	return &catalogue{prices: map[string]int{"tea": 290, "milk": 119}}
}

func (c *catalogue) price(sku string) int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.prices[sku]
}

func (c *catalogue) total(skus []string) int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	total := 0
	for _, sku := range skus {
		pause()
		total += c.prices[sku]
	}
	return total
}

func (c *catalogue) change(sku string, cents int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prices[sku] = cents
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
