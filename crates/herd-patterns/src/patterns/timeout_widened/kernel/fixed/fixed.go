// Package fixed quotes prices within half a second, of which an airline gets most.
package fixed

import (
	"context"
	"fmt"
	"time"
)

type airline interface {
	price(ctx context.Context, flight string) (int, error)
}

type quotes struct {
	airline airline
}

// Run asks for n prices of an airline that does not answer.
func Run(n int) {
	q := &quotes{airline: silent{}}
	for flight := 0; flight < n; flight++ {
		go q.quote(context.Background(), "LH 400")
	}
}

func (q *quotes) quote(ctx context.Context, flight string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	return q.ask(ctx, flight)
}

func (q *quotes) ask(ctx context.Context, flight string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
	defer cancel()
	cents, err := q.airline.price(ctx, flight)
	if err != nil {
		return 0, fmt.Errorf("price of %s: %w", flight, err)
	}
	return cents, ctx.Err()
}

// silent is an airline that never answers.
type silent struct{}

func (silent) price(ctx context.Context, _ string) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}
