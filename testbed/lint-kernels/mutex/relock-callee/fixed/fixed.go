// Package fixed holds sessions by token; what runs under the lock calls only functions that expect it held.
package fixed

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
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.sessions) >= s.max {
		s.dropOldest()
	}
	s.sessions[token] = session{user: user, seen: time.Now()}
}

func (s *store) size() int {
	s.mu.Lock()
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
