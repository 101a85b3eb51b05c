// Package kernel compacts a log when nobody else does; with nothing to do it goes away with the lock.
package kernel

import "sync"

type segments struct {
	compacting sync.Mutex
	mu         sync.Mutex
	sizes      []int
}

func (s *segments) compact(max int) bool {
	if !s.compacting.TryLock() { // via
		return false
	}
	small := s.below(max)
	if len(small) < 2 {
		return false // want DL006
	}
	s.merge(small)
	s.compacting.Unlock()
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
	s.compacting.Lock() // stuck
	defer s.compacting.Unlock()
	s.sizes = nil
}
