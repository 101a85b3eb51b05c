// Package fixed scrapes targets; the function that starts a scrape counts it.
package fixed

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
		s.running.Add(1)
		go s.scrape(target)
	}
	s.running.Wait()
	return s.scraped.Load()
}

func (s *scraper) scrape(target string) {
	defer s.running.Done()
	if err := s.get(target); err == nil {
		s.scraped.Add(1)
	}
}
