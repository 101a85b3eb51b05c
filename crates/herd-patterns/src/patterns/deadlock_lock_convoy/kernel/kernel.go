// Package kernel looks up sessions in a store that saves itself, with its lock held, to a disk that does not come back.
package kernel

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

// Run serves n requests; the first call also starts the save they all wait for.
func Run(n int) {
	sessions.saving.Do(func() {
		locked := make(chan struct{})
		go sessions.save(locked)
		<-locked
	})
	for request := 0; request < n; request++ {
		go serve(request) // from DL007
	}
}

func (s *store) save(locked chan<- struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(locked)
	for s.write() != nil {
		time.Sleep(10 * time.Minute) // holds DL007
	}
}

func (s *store) write() error {
	return errors.New("stale file handle")
}

func serve(request int) string {
	return sessions.owner(request % 3)
}

func (s *store) owner(session int) string {
	s.mu.Lock() // want DL007
	defer s.mu.Unlock()
	return s.owners[session]
}
