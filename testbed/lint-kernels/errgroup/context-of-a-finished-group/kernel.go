// Package kernel loads a cart's parts in a group and then stores the cart under the group's context, which has ended.
//
// Not run: nothing hangs, every cart fails to be stored.
package kernel

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

type shop interface {
	items(ctx context.Context, user int) ([]string, error)
	address(ctx context.Context, user int) (string, error)
	store(ctx context.Context, items []string, address string) error
}

func checkout(ctx context.Context, s shop, user int) error {
	group, ctx := errgroup.WithContext(ctx) // via
	var items []string
	var address string
	group.Go(func() (err error) {
		items, err = s.items(ctx, user)
		return err
	})
	group.Go(func() (err error) {
		address, err = s.address(ctx, user)
		return err
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("cart of %d: %w", user, err)
	}
	return s.store(ctx, items, address) // want CX003
}
