// Package kernel reserves stock; sold out, it unlocks by hand although an unlock is deferred.
package kernel

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
	s.mu.Lock()
	defer s.mu.Unlock() // via
	if s.units < units {
		s.mu.Unlock() // want LO004
		s.asked(units)
		return errSoldOut // crash
	}
	s.units -= units
	return nil
}
