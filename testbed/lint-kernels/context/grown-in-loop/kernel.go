// Package kernel delivers a backlog; each time limit is derived from the one before, so all share the first one's.
//
// Not run: what goes wrong is the time limit of the second message and later, after five seconds.
package kernel

import (
	"context"
	"fmt"
	"time"
)

type message struct{ to, text string }

type outbox struct {
	deliver func(ctx context.Context, m message) error
}

func (o *outbox) flush(ctx context.Context, backlog []message) error {
	var cancel context.CancelFunc
	for _, m := range backlog {
		ctx, cancel = context.WithTimeout(ctx, 5*time.Second) // want CX005|CX002
		if err := o.deliver(ctx, m); err != nil {
			cancel()
			return fmt.Errorf("deliver to %s: %w", m.to, err)
		}
	}
	if cancel != nil {
		cancel()
	}
	return nil
}

func newOutbox() *outbox {
	return &outbox{deliver: func(ctx context.Context, _ message) error { return ctx.Err() }}
}
