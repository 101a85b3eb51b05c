// Package fixed charges a card, trying again after a pause that nobody else has to wait for.
package fixed

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errDown = errors.New("card network is down")

type till struct {
	mu      sync.Mutex
	charged map[string]int
	network func(card string, cents int) error
}

func (t *till) charge(ctx context.Context, card string, cents int) error {
	for t.network(card, cents) != nil {
		select {
		case <-time.After(30 * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.charged[card] += cents
	return nil
}
