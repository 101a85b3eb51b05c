// Package fixed delivers a backlog; each delivery has its own time limit below the caller's.
package fixed

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
	for _, m := range backlog {
		if err := o.send(ctx, m); err != nil {
			return fmt.Errorf("deliver to %s: %w", m.to, err)
		}
	}
	return nil
}

func (o *outbox) send(ctx context.Context, m message) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return o.deliver(ctx, m)
}

func newOutbox() *outbox {
	return &outbox{deliver: func(ctx context.Context, _ message) error { return ctx.Err() }}
}
