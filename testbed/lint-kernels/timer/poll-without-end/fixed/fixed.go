// Package fixed waits for a deployment until it is ready, has failed, or nobody waits.
package fixed

import (
	"context"
	"errors"
	"time"
)

type deployment interface {
	ready() (bool, error)
}

func wait(ctx context.Context, d deployment, ready chan<- struct{}, every time.Duration) {
	for {
		ok, err := d.ready()
		if ok && err == nil {
			close(ready)
			return
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
	}
}

func rollOut(d deployment, every, limit time.Duration) error {
	ready := make(chan struct{})
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	go wait(ctx, d, ready, every)
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return errors.New("deployment is not ready")
	}
}

type failed struct{}

func (failed) ready() (bool, error) { return false, errors.New("image not found") }
