// Package fixed reconnects with growing pauses and stops with its context.
package fixed

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
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, time.Minute)
	}
}
