package fixed

import "github.com/goherd/goherd/testbed/lint-kernels/across/relock/fixed/store"

// Run prints the shares of n stores.
func Run(n int) {
	for range n {
		go shares(store.New(map[string]int{"tea": 3, "milk": 1}))
	}
}
