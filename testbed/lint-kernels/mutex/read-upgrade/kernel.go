// Package kernel counts visitors by country; a country seen for the first time gets a counter.
package kernel

import (
	"sync"
	"sync/atomic"
)

type visits struct {
	mu        sync.RWMutex
	byCountry map[string]*counter
}

type counter struct{ n atomic.Int64 }

func newVisits() *visits {
	return &visits{byCountry: map[string]*counter{}}
}

func (v *visits) add(country string) int64 {
	v.mu.RLock() // via
	defer v.mu.RUnlock()
	c, ok := v.byCountry[country]
	if !ok {
		v.mu.Lock() // want DL001|DL004; stuck
		c = &counter{}
		v.byCountry[country] = c
		v.mu.Unlock()
	}
	return c.n.Add(1)
}
