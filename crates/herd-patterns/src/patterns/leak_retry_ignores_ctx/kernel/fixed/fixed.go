// Package fixed delivers orders to a shop that is down, and ends with its caller.
package fixed

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
	go deliver(ctx, order)
	<-ctx.Done()
	return ctx.Err()
}

func deliver(ctx context.Context, order int) error {
	timer := time.NewTimer(backoff)
	defer timer.Stop()
	for post(ctx, "/orders", order) != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			timer.Reset(backoff)
		}
	}
	return nil
}

func post(ctx context.Context, _ string, _ int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.New("connection refused")
}
