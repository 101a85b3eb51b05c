// Package kernel looks for a coupon in a pipeline of stages and leaves at the first that fits.
package kernel

import "fmt"

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
	for c := range price(codes(customer)) {
		if c.percent >= 10 {
			return c, true
		}
	}
	return coupon{}, false
}

func codes(customer int) <-chan string {
	out := make(chan string)
	go func() { // from LK014
		defer close(out)
		for i := 0; i < 100; i++ {
			out <- fmt.Sprintf("SAVE-%d-%d", customer, i) // want LK014
		}
	}()
	return out
}

func price(in <-chan string) <-chan coupon {
	out := make(chan coupon)
	go func() { // from LK014
		defer close(out)
		percent := 0
		for code := range in {
			percent += 5
			out <- coupon{code: code, percent: percent} // want LK014
		}
	}()
	return out
}
