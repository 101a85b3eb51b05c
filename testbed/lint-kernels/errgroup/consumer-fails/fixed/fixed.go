// Package fixed copies rows between tables; both sides of the channel look at the group's context.
package fixed

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

type row struct{ id int }

func copyRows(ctx context.Context, rows []row, insert func(row) error) error {
	group, ctx := errgroup.WithContext(ctx)
	moved := make(chan row)
	group.Go(func() error {
		defer close(moved)
		for _, r := range rows {
			select {
			case moved <- r:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return ctx.Err()
	})
	group.Go(func() error {
		for r := range moved {
			if err := insert(r); err != nil {
				return fmt.Errorf("row %d: %w", r.id, err)
			}
		}
		return nil
	})
	return group.Wait()
}
