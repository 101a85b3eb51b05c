// Package kernel runs a server's parts in a group; the parts wait for the context the group was derived from.
package kernel

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

type part struct {
	name string
	run  func() error
}

func (p part) serve(ctx context.Context) error {
	if err := p.run(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	<-ctx.Done() // via; stuck
	return ctx.Err()
}

func serveAll(parent context.Context, parts []part) error {
	group, ctx := errgroup.WithContext(parent) // via
	for _, p := range parts {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return p.serve(parent) // want LK005|LK014; stuck
		})
	}
	return group.Wait() // via; stuck
}
