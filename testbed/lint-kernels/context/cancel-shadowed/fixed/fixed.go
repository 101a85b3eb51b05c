// Package fixed tails a log with or without a limit; both contexts are cancelled.
package fixed

import (
	"context"
	"time"
)

type tail struct {
	lines chan string
	limit time.Duration
}

func (t *tail) read(ctx context.Context) {
	for {
		select {
		case <-t.lines:
		case <-ctx.Done():
			return
		}
	}
}

func (t *tail) follow(parent context.Context, wait func()) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	if t.limit > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, t.limit)
		defer stop()
	}
	go t.read(ctx)
	wait()
}
