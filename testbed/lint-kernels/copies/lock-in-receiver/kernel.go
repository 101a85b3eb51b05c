// Package kernel counts requests by status with a method on the value: each call locks a lock of its own.
//
// Not run: nothing hangs; counts get lost, or the map breaks.
package kernel

import "sync"

type statuses struct {
	mu     sync.Mutex
	counts map[int]int
}

func (s statuses) add(status int) { // want LO001
	s.mu.Lock() // via
	defer s.mu.Unlock()
	s.counts[status]++
}

func (s *statuses) get(status int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[status]
}
