// Package fixed waits for a snapshot that may already be there.
package fixed

import "sync"

type snapshots struct {
	mu    sync.Mutex
	taken *sync.Cond
	last  []byte
}

func newSnapshots() *snapshots {
	s := new(snapshots)
	s.taken = sync.NewCond(&s.mu)
	return s
}

func (s *snapshots) take(body []byte) {
	s.mu.Lock()
	s.last = body
	s.mu.Unlock()
	s.taken.Broadcast()
}

func (s *snapshots) first() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.last == nil {
		s.taken.Wait()
	}
	return s.last
}
