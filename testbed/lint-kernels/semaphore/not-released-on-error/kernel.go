// Package kernel transcodes under a weight limit; a film that cannot be probed keeps its weight.
package kernel

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
	if err := t.limit.Acquire(ctx, 2); err != nil { // via; stuck
		return err
	}
	if err := t.probe(film); err != nil {
		return fmt.Errorf("probe %s: %w", film, err) // want DL006|LK001
	}
	t.limit.Release(2)
	return nil
}
