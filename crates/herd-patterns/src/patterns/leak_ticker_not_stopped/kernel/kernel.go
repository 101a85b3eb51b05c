// Package kernel converts prices; each quote makes its own table of rates, which refreshes itself for ever.
package kernel

import (
	"sync/atomic"
	"time"
)

type rates struct {
	ticker *time.Ticker
	euro   atomic.Int64
}

// Run answers n quotes.
func Run(n int) {
	for cents := 0; cents < n; cents++ {
		go quote(int64(cents))
	}
}

func quote(cents int64) int64 {
	r := newRates(20 * time.Second)
	return cents * r.euro.Load() / 1000
}

func newRates(every time.Duration) *rates {
	r := &rates{ticker: time.NewTicker(every)}
	r.load()
	go r.refresh() // from LK007
	return r
}

func (r *rates) refresh() {
	for range r.ticker.C { // want LK007
		r.load()
	}
}

func (r *rates) load() {
	r.euro.Store(1080)
}
