// Package fixed leads a group; whichever way it loses the lease, the followers are cancelled.
package fixed

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
		select {
		case <-changes:
		case <-ctx.Done():
			return
		}
	}
}

func (e *election) lead(parent context.Context, changes <-chan string) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	go follow(ctx, changes)
	for {
		if err := e.renew(); err != nil {
			return err
		}
		if e.moved {
			return errLease
		}
	}
}
