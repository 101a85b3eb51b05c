// Package fixed transcodes under a weight limit and gives the weight back on every way out.
package fixed

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"
)

type transcoder struct {
	limit *semaphore.Weighted
	probe func(film string) error
}

func (t *transcoder) run(ctx context.Context, film string) error {
	if err := t.limit.Acquire(ctx, 2); err != nil {
		return err
	}
	defer t.limit.Release(2)
	if err := t.probe(film); err != nil {
		return fmt.Errorf("probe %s: %w", film, err)
	}
	return nil
}
