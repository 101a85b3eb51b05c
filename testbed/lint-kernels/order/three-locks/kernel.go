// Package kernel schedules jobs under three locks, no two of which are taken in opposite order by two functions alone.
package kernel

import (
	"runtime"
	"sync"
	"time"
)

type scheduler struct {
	queueMu   sync.Mutex
	queue     []string
	workersMu sync.Mutex
	idle      int
	statsMu   sync.Mutex
	started   int
}

func (s *scheduler) assign() {
	s.queueMu.Lock() // via
	defer s.queueMu.Unlock()
	pause()
	s.workersMu.Lock() // via; stuck
	defer s.workersMu.Unlock()
	if len(s.queue) > 0 && s.idle > 0 {
		s.queue = s.queue[1:]
		s.idle--
	}
}

func (s *scheduler) finish() {
	s.workersMu.Lock() // via
	defer s.workersMu.Unlock()
	s.idle++
	pause()
	s.statsMu.Lock() // via; stuck
	defer s.statsMu.Unlock()
	s.started++
}

func (s *scheduler) report() (int, int) {
	s.statsMu.Lock() // via
	defer s.statsMu.Unlock()
	pause()
	s.queueMu.Lock() // want DL002; stuck
	defer s.queueMu.Unlock()
	return s.started, len(s.queue)
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
