// Package fixed counts requests by status with a method on the pointer.
package fixed

import "sync"

type statuses struct {
	mu     sync.Mutex
	counts map[int]int
}

func (s *statuses) add(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[status]++
}

func (s *statuses) get(status int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[status]
}
