// Package fixed polls a mailbox; closing it stops the timer that polls.
package fixed

import (
	"sync"
	"sync/atomic"
	"time"
)

type mailbox struct {
	every  time.Duration
	mu     sync.Mutex
	timer  *time.Timer
	closed bool
	polls  atomic.Int64
}

func (m *mailbox) poll() {
	m.polls.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.timer.Reset(m.every)
	}
}

func open(every time.Duration) *mailbox {
	m := &mailbox{every: every}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.timer = time.AfterFunc(every, m.poll)
	return m
}

func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.timer.Stop()
}
