// Package fixed counts visitors; it lets go of the read lock before it takes the lock to write.
package fixed

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
	v.mu.RLock()
	c, ok := v.byCountry[country]
	v.mu.RUnlock()
	if !ok {
		v.mu.Lock()
		if c, ok = v.byCountry[country]; !ok {
			c = &counter{}
			v.byCountry[country] = c
		}
		v.mu.Unlock()
	}
	return c.n.Add(1)
}
