// Package fixed reserves stock; the deferred unlock is the only one.
package fixed

import (
	"errors"
	"sync"
)

var errSoldOut = errors.New("sold out")

type shelf struct {
	mu    sync.Mutex
	units int
	asked func(units int)
}

func (s *shelf) reserve(units int) error {
	if !s.take(units) {
		s.asked(units)
		return errSoldOut
	}
	return nil
}

func (s *shelf) take(units int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.units < units {
		return false
	}
	s.units -= units
	return true
}
