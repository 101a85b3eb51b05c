// Package kernel leads a group until it loses the lease; on one way out nobody cancels the followers' context.
package kernel

import (
	"context"
	"errors"
)

var errLease = errors.New("lease is lost")

type election struct {
	renew func() error
	moved bool
}

func follow(ctx context.Context, changes <-chan string) {
	for {
		select { // via; stuck
		case <-changes:
		case <-ctx.Done():
			return
		}
	}
}

func (e *election) lead(parent context.Context, changes <-chan string) error {
	ctx, cancel := context.WithCancel(parent) // via
	go follow(ctx, changes)
	for {
		if err := e.renew(); err != nil {
			cancel()
			return err
		}
		if e.moved {
			return errLease // want CX002|LK005
		}
	}
}
