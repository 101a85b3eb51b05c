// Package kernel adds to a histogram and, by a slip of the pen, locks it once more when it returns.
package kernel

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
	h.mu.Lock()       // via
	defer h.mu.Lock() // want DL001|DL006
	for at, bound := range h.bounds {
		if value <= bound {
			h.buckets[at]++
			return // stuck
		}
	}
	h.buckets[len(h.bounds)]++
}
