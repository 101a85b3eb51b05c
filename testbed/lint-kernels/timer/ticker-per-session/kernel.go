// Package kernel refreshes a session from a ticker; closing the session does not end the loop.
package kernel

import (
	"sync/atomic"
	"time"
)

type session struct {
	interval time.Duration
	ticker   *time.Ticker
	renewed  atomic.Int64
}

func open(interval time.Duration) *session {
	s := &session{interval: interval, ticker: time.NewTicker(interval)}
	go s.refresh()
	return s
}

func (s *session) refresh() {
	for range s.ticker.C { // want LK007; stuck
		s.renewed.Add(1)
	}
}

func (s *session) close() {
	s.ticker.Stop() // via
}
