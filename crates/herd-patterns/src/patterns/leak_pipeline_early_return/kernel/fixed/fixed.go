// Package fixed looks for a coupon in a pipeline of stages and tells them when it leaves.
package fixed

import (
	"context"
	"fmt"
)

type coupon struct {
	code    string
	percent int
}

// Run looks for a coupon for n customers.
func Run(n int) {
	for customer := 0; customer < n; customer++ {
		go bestCoupon(customer)
	}
}

func bestCoupon(customer int) (coupon, bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for c := range price(ctx, codes(ctx, customer)) {
		if c.percent >= 10 {
			return c, true
		}
	}
	return coupon{}, false
}

func codes(ctx context.Context, customer int) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for i := 0; i < 100; i++ {
			select {
			case out <- fmt.Sprintf("SAVE-%d-%d", customer, i):
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func price(ctx context.Context, in <-chan string) <-chan coupon {
	out := make(chan coupon)
	go func() {
		defer close(out)
		percent := 0
		for code := range in {
			percent += 5
			select {
			case out <- coupon{code: code, percent: percent}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
