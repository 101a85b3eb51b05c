// Package kernel reconnects with growing pauses; it waits for the timer alone.
package kernel

import (
	"context"
	"time"
)

type link struct {
	dial func(ctx context.Context) error
	up   bool
}

func (l *link) connect(ctx context.Context) {
	pause := time.Second
	for !l.up {
		if l.dial(ctx) == nil {
			l.up = true
			return
		}
		<-time.After(pause) // want LK008|CX006; stuck
		pause = min(2*pause, time.Minute)
	}
}
