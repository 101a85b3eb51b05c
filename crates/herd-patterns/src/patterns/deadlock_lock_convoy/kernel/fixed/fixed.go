// Package fixed looks up sessions in a store that copies what it saves and lets the lock go before it writes.
package fixed

import (
	"errors"
	"sync"
	"time"
)

type store struct {
	mu     sync.Mutex
	owners map[int]string
	saving sync.Once
}

var sessions = &store{owners: map[int]string{1: "ada"}}

// Run serves n requests; the first call also starts the save, which they do not wait for.
func Run(n int) {
	sessions.saving.Do(func() {
		go sessions.save()
	})
	for request := 0; request < n; request++ {
		go serve(request)
	}
}

func (s *store) save() {
	copied := s.copy()
	for write(copied) != nil {
		time.Sleep(10 * time.Minute) // stays DL007
	}
}

func (s *store) copy() map[int]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	owners := make(map[int]string, len(s.owners))
	for session, owner := range s.owners {
		owners[session] = owner
	}
	return owners
}

func write(map[int]string) error {
	return errors.New("stale file handle")
}

func serve(request int) string {
	return sessions.owner(request % 3)
}

func (s *store) owner(session int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owners[session]
}
