// Package kernel copies rows between tables in a group; when the writing side fails, the reading side goes on sending.
package kernel

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
			moved <- r // want LK014|LK001; stuck
		}
		return ctx.Err()
	})
	group.Go(func() error {
		for r := range moved {
			if err := insert(r); err != nil {
				return fmt.Errorf("row %d: %w", r.id, err) // via
			}
		}
		return nil
	})
	return group.Wait() // via; stuck
}
