// Package fixed hands out tickets in turn; a caller that gives up unlocks as well.
package fixed

import (
	"context"
	"sync"
)

type counter struct {
	turn    sync.Mutex
	tickets chan int
}

func (c *counter) next(ctx context.Context) (int, error) {
	c.turn.Lock()
	select {
	case ticket := <-c.tickets:
		c.turn.Unlock()
		return ticket, nil
	case <-ctx.Done():
		c.turn.Unlock()
		return 0, ctx.Err()
	}
}

func (c *counter) issue(ticket int) {
	c.tickets <- ticket
}

func newCounter() *counter {
	return &counter{tickets: make(chan int, 8)}
}
