// Package fixed records orders in an audit log whose writer counts what it could not write and goes on.
package fixed

import (
	"errors"
	"sync"
)

type event struct{ order int }

type auditLog struct {
	opened sync.Once
	events chan event
	write  func(event) error
	lost   int
}

var audit = &auditLog{
	events: make(chan event),
	write:  func(event) error { return errors.New("no space left on device") },
}

// Run serves n+1 orders; the first call also opens the log, which then stays open.
func Run(n int) {
	audit.opened.Do(func() { go audit.drain() })
	for order := 0; order <= n; order++ {
		go serveOrder(audit, order)
	}
}

func (l *auditLog) drain() {
	for e := range l.events { // stays LK001
		if err := l.write(e); err != nil {
			l.lost++
		}
	}
}

func serveOrder(log *auditLog, order int) {
	log.record(event{order: order})
}

func (l *auditLog) record(e event) {
	l.events <- e
}
