// Package fixed compacts a log when nobody else does and unlocks when there is nothing to do.
package fixed

import "sync"

type segments struct {
	compacting sync.Mutex
	mu         sync.Mutex
	sizes      []int
}

func (s *segments) compact(max int) bool {
	if !s.compacting.TryLock() {
		return false
	}
	defer s.compacting.Unlock()
	small := s.below(max)
	if len(small) < 2 {
		return false
	}
	s.merge(small)
	return true
}

func (s *segments) below(max int) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var small []int
	for at, size := range s.sizes {
		if size < max {
			small = append(small, at)
		}
	}
	return small
}

func (s *segments) merge(small []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	for _, at := range small {
		total += s.sizes[at]
		s.sizes[at] = 0
	}
	s.sizes = append(s.sizes, total)
}

// close waits for a compaction that is under way.
func (s *segments) close() {
	s.compacting.Lock()
	defer s.compacting.Unlock()
	s.sizes = nil
}
