// Package kernel waits for a slot in a queue and looks at everything but the caller's context.
package kernel

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
	select { // want CX006|LK001|LK004; stuck
	case q.slots <- struct{}{}:
		return nil
	case <-q.closed:
		return errClosed
	}
}

func (q *queue) leave() { <-q.slots }
