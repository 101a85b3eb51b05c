// Package kernel records orders in an audit log whose writer gives up at its first error.
package kernel

import "errors"

type event struct{ order int }

type auditLog struct {
	events chan event
	write  func(event) error
}

// Run serves n+1 orders: the first event ends the writer, the other n wait to be recorded.
func Run(n int) {
	log := &auditLog{
		events: make(chan event),
		write:  func(event) error { return errors.New("no space left on device") },
	}
	go log.drain()
	for order := 0; order <= n; order++ {
		go serveOrder(log, order) // from LK001
	}
}

func (l *auditLog) drain() {
	for e := range l.events {
		if err := l.write(e); err != nil {
			return
		}
	}
}

func serveOrder(log *auditLog, order int) {
	log.record(event{order: order})
}

func (l *auditLog) record(e event) {
	l.events <- e // want LK001
}
