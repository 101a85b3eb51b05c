// Package fixed converts prices; all quotes share one table of rates, and its owner stops it.
package fixed

import (
	"sync"
	"sync/atomic"
	"time"
)

type rates struct {
	ticker  *time.Ticker
	stopped chan struct{}
	euro    atomic.Int64
}

// Run answers n quotes.
func Run(n int) {
	r := newRates(20 * time.Second)
	defer r.stop()
	var quotes sync.WaitGroup
	for cents := 0; cents < n; cents++ {
		quotes.Add(1)
		go func(cents int64) {
			defer quotes.Done()
			quote(r, cents)
		}(int64(cents))
	}
	quotes.Wait()
}

func quote(r *rates, cents int64) int64 {
	return cents * r.euro.Load() / 1000
}

func newRates(every time.Duration) *rates {
	r := &rates{ticker: time.NewTicker(every), stopped: make(chan struct{})}
	r.load()
	go r.refresh()
	return r
}

func (r *rates) refresh() {
	for {
		select {
		case <-r.stopped:
			return
		case <-r.ticker.C:
			r.load()
		}
	}
}

func (r *rates) stop() {
	r.ticker.Stop()
	close(r.stopped)
}

func (r *rates) load() {
	r.euro.Store(1080)
}
