// Package fixed schedules jobs; the locks are taken in the order queue, workers, stats everywhere.
package fixed

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
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	pause()
	s.workersMu.Lock()
	defer s.workersMu.Unlock()
	if len(s.queue) > 0 && s.idle > 0 {
		s.queue = s.queue[1:]
		s.idle--
	}
}

func (s *scheduler) finish() {
	s.workersMu.Lock()
	defer s.workersMu.Unlock()
	s.idle++
	pause()
	s.statsMu.Lock()
	defer s.statsMu.Unlock()
	s.started++
}

func (s *scheduler) report() (int, int) {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	pause()
	s.statsMu.Lock()
	defer s.statsMu.Unlock()
	return s.started, len(s.queue)
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
