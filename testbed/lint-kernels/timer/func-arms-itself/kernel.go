// Package kernel polls a mailbox with a timer that sets itself anew; closing the mailbox stops one that has already fired.
//
// Not run: between two polls there is no goroutine that could be seen.
package kernel

import (
	"sync/atomic"
	"time"
)

type mailbox struct {
	every time.Duration
	timer *time.Timer
	polls atomic.Int64
}

func (m *mailbox) poll() {
	m.polls.Add(1)
	time.AfterFunc(m.every, m.poll) // want LK007
}

func open(every time.Duration) *mailbox {
	m := &mailbox{every: every}
	m.timer = time.AfterFunc(every, m.poll)
	return m
}

func (m *mailbox) close() {
	m.timer.Stop() // via
}
