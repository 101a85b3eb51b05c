// Package fixed converts prices; all quotes share one table of rates, which refreshes itself.
package fixed

import (
	"sync"
	"sync/atomic"
	"time"
)

type rates struct {
	ticker *time.Ticker
	euro   atomic.Int64
}

var shared struct {
	once  sync.Once
	rates *rates
}

// Run answers n quotes; the first call also makes the table, which then stays.
func Run(n int) {
	shared.once.Do(func() { shared.rates = newRates(20 * time.Second) })
	for cents := 0; cents < n; cents++ {
		go quote(shared.rates, int64(cents))
	}
}

func quote(r *rates, cents int64) int64 {
	return cents * r.euro.Load() / 1000
}

func newRates(every time.Duration) *rates {
	r := &rates{ticker: time.NewTicker(every)}
	r.load()
	go r.refresh()
	return r
}

func (r *rates) refresh() {
	for range r.ticker.C { // stays LK007
		r.load()
	}
}

func (r *rates) load() {
	r.euro.Store(1080)
}
