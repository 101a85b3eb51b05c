// Package fixed adds to a histogram and unlocks when it returns.
package fixed

import "sync"

type histogram struct {
	mu      sync.Mutex
	bounds  []float64
	buckets []int
}

func newHistogram(bounds ...float64) *histogram {
	return &histogram{bounds: bounds, buckets: make([]int, len(bounds)+1)}
}

func (h *histogram) observe(value float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for at, bound := range h.bounds {
		if value <= bound {
			h.buckets[at]++
			return
		}
	}
	h.buckets[len(h.bounds)]++
}
