// Package kernel waits for a snapshot without asking whether it is already there.
package kernel

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
	s.taken.Broadcast() // via
}

func (s *snapshots) first() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken.Wait() // want LK010; stuck
	return s.last
}
