// Package fixed waits for a slot in a queue as long as the caller's context lasts.
package fixed

import (
	"context"
	"errors"
)

type queue struct {
	slots  chan struct{}
	closed chan struct{}
}

var errClosed = errors.New("queue is closed")

func newQueue(slots int) *queue {
	return &queue{slots: make(chan struct{}, slots), closed: make(chan struct{})}
}

func (q *queue) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case q.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-q.closed:
		return errClosed
	}
}

func (q *queue) leave() { <-q.slots }
