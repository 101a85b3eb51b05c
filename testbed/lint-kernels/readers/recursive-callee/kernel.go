// Package kernel lists a catalogue; the listing asks for each price with a read lock of its own.
package kernel

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
	c.mu.RLock() // via; stuck
	defer c.mu.RUnlock()
	return c.prices[sku]
}

func (c *catalogue) total(skus []string) int {
	c.mu.RLock() // via
	defer c.mu.RUnlock()
	total := 0
	for _, sku := range skus {
		pause()
		total += c.price(sku) // want DL004; stuck
	}
	return total
}

func (c *catalogue) change(sku string, cents int) {
	c.mu.Lock() // via; stuck
	defer c.mu.Unlock()
	c.prices[sku] = cents
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
