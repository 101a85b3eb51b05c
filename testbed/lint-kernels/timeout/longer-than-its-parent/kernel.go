// Package kernel gives a report's query more time than the report has: the longer limit never applies.
//
// Not run: nothing hangs; the limit of the query does not do what it says.
package kernel

import (
	"context"
	"fmt"
	"time"
)

type reports struct {
	query func(ctx context.Context, name string) (int, error)
}

func (r *reports) build(ctx context.Context, names []string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // via
	defer cancel()
	total := 0
	for _, name := range names {
		rows, err := r.count(ctx, name)
		if err != nil {
			return 0, fmt.Errorf("report %s: %w", name, err)
		}
		total += rows
	}
	return total, nil
}

func (r *reports) count(ctx context.Context, name string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // want TO002
	defer cancel()
	return r.query(ctx, name)
}
