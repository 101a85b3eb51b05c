package fixed

import "time"

// Run closes the idle connections of n pools.
func Run(n int) {
	for range n {
		go newPool(3).closeIdle(time.Minute)
	}
}
