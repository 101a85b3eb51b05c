// Package kernel tails a log with or without a limit; the branch with a limit declares a cancel of its own.
package kernel

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
		select { // via; stuck
		case <-t.lines:
		case <-ctx.Done():
			return
		}
	}
}

func (t *tail) follow(parent context.Context, wait func()) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel() // via
	if t.limit > 0 {
		ctx, cancel := context.WithTimeout(parent, t.limit) // want CX002|LK005
		_ = cancel
		go t.read(ctx)
	} else {
		go t.read(ctx)
	}
	wait()
}
