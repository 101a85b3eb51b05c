// Package fixed loads a cart's parts in a group and stores the cart under the caller's context.
package fixed

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
	group, loading := errgroup.WithContext(ctx)
	var items []string
	var address string
	group.Go(func() (err error) {
		items, err = s.items(loading, user)
		return err
	})
	group.Go(func() (err error) {
		address, err = s.address(loading, user)
		return err
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("cart of %d: %w", user, err)
	}
	return s.store(ctx, items, address)
}
