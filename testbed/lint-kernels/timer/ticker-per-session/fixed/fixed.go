// Package fixed refreshes a session until it is closed.
package fixed

import (
	"sync/atomic"
	"time"
)

type session struct {
	interval time.Duration
	ticker   *time.Ticker
	renewed  atomic.Int64
	closed   chan struct{}
}

func open(interval time.Duration) *session {
	s := &session{interval: interval, ticker: time.NewTicker(interval), closed: make(chan struct{})}
	go s.refresh()
	return s
}

func (s *session) refresh() {
	for {
		select {
		case <-s.ticker.C:
			s.renewed.Add(1)
		case <-s.closed:
			return
		}
	}
}

func (s *session) close() {
	s.ticker.Stop()
	close(s.closed)
}
