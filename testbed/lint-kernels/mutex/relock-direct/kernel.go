// Package kernel keeps the prices of a shop and reloads them when they are old.
package kernel

import (
	"sync"
	"time"
)

type prices struct {
	mu       sync.Mutex
	cents    map[string]int
	loadedAt time.Time
	misses   int
}

func newPrices() *prices {
	return &prices{cents: map[string]int{}}
}

func (p *prices) lookup(sku string, now time.Time) (int, bool) {
	p.mu.Lock() // via
	if now.Sub(p.loadedAt) > time.Minute {
		p.cents, p.loadedAt = load(), now
	}
	cents, ok := p.cents[sku]
	if !ok {
		p.mu.Lock() // want DL001; stuck
		p.misses++
	}
	p.mu.Unlock()
	return cents, ok
}

func load() map[string]int {
	return map[string]int{"tea": 290, "milk": 119}
}
