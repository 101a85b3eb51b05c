// Package kernel hands out tickets in turn; a caller that gives up keeps the turn.
package kernel

import (
	"context"
	"sync"
)

type counter struct {
	turn    sync.Mutex
	tickets chan int
}

func (c *counter) next(ctx context.Context) (int, error) {
	c.turn.Lock() // via; stuck
	select {
	case ticket := <-c.tickets:
		c.turn.Unlock()
		return ticket, nil
	case <-ctx.Done():
		return 0, ctx.Err() // want DL006
	}
}

func (c *counter) issue(ticket int) {
	c.tickets <- ticket
}

func newCounter() *counter {
	return &counter{tickets: make(chan int, 8)}
}
