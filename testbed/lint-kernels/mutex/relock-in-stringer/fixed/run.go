package fixed

import "errors"

// Run opens n breakers.
func Run(n int) {
	for range n {
		b := &breaker{name: "bank", errors: 3}
		go b.fail(errors.New("timeout"))
	}
}
