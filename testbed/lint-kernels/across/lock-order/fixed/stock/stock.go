// Package stock counts units and tells somebody when they run out.
package stock

import (
	"runtime"
	"sync"
	"time"
)

// Stock is safe for use by many goroutines.
type Stock struct {
	mu    sync.Mutex
	units map[string]int
	// Empty is called with the stock locked.
	Empty func(item string)
}

// New makes a stock of one item.
func New(item string, units int) *Stock {
	return &Stock{units: map[string]int{item: units}}
}

// Take takes one unit.
func (s *Stock) Take(item string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units[item]--
	if s.units[item] == 0 {
		pause()
		s.Empty(item)
	}
}

// Units says how many units there are.
func (s *Stock) Units(item string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.units[item]
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
