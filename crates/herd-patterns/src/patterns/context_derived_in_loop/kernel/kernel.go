// Package kernel rings up to three times; the second try is made under what is left of the first.
package kernel

import (
	"context"
	"errors"
	"time"
)

var errNobodyHome = errors.New("nobody home")

type courier struct {
	ring func(ctx context.Context, door string) error
}

// Run delivers n parcels to people who open at the second ring.
func Run(n int) {
	for parcel := 0; parcel < n; parcel++ {
		rings := 0
		c := courier{ring: func(ctx context.Context, _ string) error {
			rings++
			if rings == 1 {
				return errNobodyHome
			}
			return ctx.Err()
		}}
		c.deliver(context.Background(), "12b")
	}
}

func (c courier) deliver(ctx context.Context, door string) error {
	err := errNobodyHome
	for try := 0; try < 3 && err != nil; try++ {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second) // want CX005
		err = c.ring(ctx, door)
		cancel()
	}
	return err
}
