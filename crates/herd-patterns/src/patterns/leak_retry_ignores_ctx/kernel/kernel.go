// Package kernel delivers orders to a shop that is down, and goes on when the caller has long given up.
package kernel

import (
	"context"
	"errors"
	"time"
)

const backoff = 2 * time.Second

// Run hands over n orders whose callers wait for 100 ms.
func Run(n int) {
	for order := 0; order < n; order++ {
		go handOver(order)
	}
}

func handOver(order int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if order%2 == 0 {
		go deliver(ctx, order) // from LK008
	} else {
		go confirm(ctx, order) // from LK008
	}
	<-ctx.Done()
	return ctx.Err()
}

func deliver(ctx context.Context, order int) {
	for post(ctx, "/orders", order) != nil {
		time.Sleep(backoff) // want LK008
	}
}

func confirm(ctx context.Context, order int) {
	for post(ctx, "/confirmations", order) != nil {
		<-time.After(backoff) // want LK008
	}
}

func post(ctx context.Context, _ string, _ int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.New("connection refused")
}
