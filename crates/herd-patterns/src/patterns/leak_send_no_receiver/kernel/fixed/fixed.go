// Package fixed records orders in an audit log whose writer counts what it could not write and goes on.
package fixed

import (
	"errors"
	"sync"
)

type event struct{ order int }

type auditLog struct {
	events chan event
	write  func(event) error
	lost   int
}

// Run serves n+1 orders and closes the log behind the last of them.
func Run(n int) {
	log := &auditLog{
		events: make(chan event),
		write:  func(event) error { return errors.New("no space left on device") },
	}
	go log.drain()
	var orders sync.WaitGroup
	for order := 0; order <= n; order++ {
		orders.Add(1)
		go func(order int) {
			defer orders.Done()
			serveOrder(log, order)
		}(order)
	}
	orders.Wait()
	close(log.events)
}

func (l *auditLog) drain() {
	for e := range l.events {
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
