// Package kernel scrapes targets; the function that runs in the new goroutine counts itself.
//
// Not run: whether the wait comes too early is a matter of luck.
package kernel

import (
	"sync"
	"sync/atomic"
)

type scraper struct {
	running sync.WaitGroup
	scraped atomic.Int64
	get     func(target string) error
}

func (s *scraper) all(targets []string) int64 {
	for _, target := range targets {
		go s.scrape(target) // via
	}
	s.running.Wait() // via
	return s.scraped.Load()
}

func (s *scraper) scrape(target string) {
	s.running.Add(1) // want LO005
	defer s.running.Done()
	if err := s.get(target); err == nil {
		s.scraped.Add(1)
	}
}
