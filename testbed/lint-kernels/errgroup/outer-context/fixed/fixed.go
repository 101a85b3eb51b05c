// Package fixed runs a server's parts in a group; each ends with the group's context.
package fixed

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
	<-ctx.Done()
	return ctx.Err()
}

func serveAll(parent context.Context, parts []part) error {
	group, ctx := errgroup.WithContext(parent)
	for _, p := range parts {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return p.serve(ctx)
		})
	}
	return group.Wait()
}
