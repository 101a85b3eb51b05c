// Package kernel holds sessions by token and forgets the oldest when there are too many.
package kernel

import (
	"sync"
	"time"
)

type session struct {
	user string
	seen time.Time
}

type store struct {
	mu       sync.Mutex
	sessions map[string]session
	max      int
}

func newStore(max int) *store {
	return &store{sessions: map[string]session{}, max: max}
}

func (s *store) add(token, user string) {
	s.mu.Lock() // via
	defer s.mu.Unlock()
	for s.size() >= s.max { // want DL001; stuck
		s.dropOldest()
	}
	s.sessions[token] = session{user: user, seen: time.Now()}
}

func (s *store) size() int {
	s.mu.Lock() // via; stuck
	defer s.mu.Unlock()
	return len(s.sessions)
}

func (s *store) dropOldest() {
	oldest := ""
	for token, at := range s.sessions {
		if oldest == "" || at.seen.Before(s.sessions[oldest].seen) {
			oldest = token
		}
	}
	delete(s.sessions, oldest)
}
